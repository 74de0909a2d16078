// One processor's kernels: this file is compiled once for each variant, with VARIANT its name and the compiler's flags its
// instructions. Everything in it is static but the table at its end.
#include "variant.h"

#include "convolution.h"
#include "dense.h"
#include "loss.h"
#include "optimizer.h"
#include "threads.h"
#include "winograd.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace {

constexpr int ALIGNMENT = 64;

// Under the address sanitizer, nobody may step on the lines between two pieces of a workspace.
#if defined(__SANITIZE_ADDRESS__)
constexpr int FENCE = 4 * ALIGNMENT;
void forbid(char *memory, int64_t size) { ASAN_POISON_MEMORY_REGION(memory, size); }
void allow(char *memory, int64_t size) { ASAN_UNPOISON_MEMORY_REGION(memory, size); }
#else
constexpr int FENCE = 0;
void forbid(char *, int64_t) {}
void allow(char *, int64_t) {}
#endif

// Cuts a workspace into pieces, each on a line of the cache; with no memory behind it, only counts.
struct Workspace {
  char *memory;
  int64_t used = 0;
  bool fenced = true;

  template <typename T>
  T *take(int64_t count) {
    T *piece = memory ? (T *)(memory + used) : nullptr;
    used += (count * (int64_t)sizeof(T) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (FENCE && fenced) {
      if (memory) forbid(memory + used, FENCE);
      used += FENCE;
    }
    return piece;
  }
};

struct Network {
  int num_blocks, num_dense, classes, activation;
  int in_channels, height, width;
  Block blocks[LENET_MAX_BLOCKS];
  Dense dense[LENET_MAX_DENSE];
  int64_t block_weights[LENET_MAX_BLOCKS], dense_weights[LENET_MAX_DENSE], num_weights;  // where they begin
  int first_padding;

  explicit Network(const lenet_network &n)
      : num_blocks(n.num_blocks), num_dense(n.num_dense), classes(n.widths[n.num_dense - 1]), activation(n.activation),
        in_channels(n.in_channels), height(n.height), width(n.width), num_weights(0) {
    int channels = n.in_channels, rows = n.height, columns = n.width;
    for (int i = 0; i < num_blocks; ++i) {
      const lenet_block &given = n.blocks[i];
      Block &b = blocks[i];
      b.in_channels = channels;
      b.in_rows = rows + 2 * given.padding;
      b.in_columns = columns + 2 * given.padding;
      b.channels = given.channels;
      b.kernel = given.kernel_size;
      b.padding = given.padding;
      b.rows = (b.in_rows - b.kernel + 1) / 2;
      b.columns = (b.in_columns - b.kernel + 1) / 2;
      b.activation = n.activation;
      b.pooling = n.pooling;
      channels = b.channels, rows = b.rows, columns = b.columns;
      block_weights[i] = num_weights;
      num_weights += (int64_t)b.channels * (b.taps() + 1);
    }
    int features = channels * rows * columns;
    for (int i = 0; i < num_dense; ++i) {
      dense[i] = {features, n.widths[i]};
      dense_weights[i] = num_weights;
      features = n.widths[i];
      num_weights += (int64_t)dense[i].outputs * (dense[i].inputs + 1);
    }
    first_padding = num_blocks ? blocks[0].padding : 0;
  }

  // Zeros around the picture, or around what a block hands to the next.
  int padding_after(int block) const { return block + 1 < num_blocks ? blocks[block + 1].padding : 0; }
  int pooled_pitch(int block) const { return (blocks[block].columns + 2 * padding_after(block)) * LANES; }
  int pooled_plane(int block) const {
    return (blocks[block].rows + 2 * padding_after(block)) * pooled_pitch(block);
  }
  int picture_size() const {
    return in_channels * (height + 2 * first_padding) * (width + 2 * first_padding) * LANES;
  }
};

// What one thread computes in, for LANES pictures at a time.
struct Desk {
  float *picture;
  uint8_t *moved;  // pictures that are not seen as they are
  struct {
    float *packed, *packed_backward, *active, *pooled, *pooled_gradient, *dz;
    int32_t *winner;
    float *weight_gradient, *bias_gradient;
    float *transformed, *products, *transformed_gradient, *transformed_sums;  // of a minimal block
  } blocks[LENET_MAX_BLOCKS];
  struct {
    float *out, *gradient, *weight_gradient, *bias_gradient;
  } dense[LENET_MAX_DENSE];
  float *transposed;
  float *gradients;  // of all weights: the first of them, and how many floats there are
  int64_t num_gradients;
  double *loss;
  int64_t *num_correct;

  Desk(const Network &net, Workspace &space, bool training) {
    picture = space.take<float>(net.picture_size());
    moved = space.take<uint8_t>((int64_t)LANES * net.in_channels * net.height * net.width);
    for (int i = 0; i < net.num_blocks; ++i) {
      const Block &b = net.blocks[i];
      auto &at = blocks[i];
      at = {};
      const bool minimal = is_minimal(b);
      const int64_t num_packed = (int64_t)b.channels * b.taps() * (minimal ? POINTS : TAPS) / TAPS;
      at.packed = space.take<float>(num_packed);
      at.pooled = space.take<float>(b.channels * net.pooled_plane(i));
      if (minimal) {
        at.transformed = space.take<float>((int64_t)POINTS * b.in_channels * input_plane(b));
        at.products = space.take<float>(products_size(b, training && i > 0));
      }
      if (!training) continue;
      if (i) at.packed_backward = space.take<float>(num_packed);
      if (minimal) at.transformed_gradient = space.take<float>((int64_t)POINTS * b.channels * output_plane(b));
      const int64_t pooled = (int64_t)b.channels * b.pooled() * LANES;
      at.pooled_gradient = space.take<float>(pooled);
      if (b.pooling == LENET_AVERAGE_POOLING)
        at.active = space.take<float>(4 * pooled);
      else
        at.winner = space.take<int32_t>(pooled);
      if (minimal)
        at.dz = space.take<float>(2 * output_plane(b));
      else if (i == 0)  // its input needs no gradient, so dz is never whole
        at.dz = space.take<float>(GRADIENT_CHANNELS * rows_at_once(b) * 4 * b.columns * LANES);
      else
        at.dz = b.pooling == LENET_AVERAGE_POOLING ? at.active : space.take<float>(4 * pooled);
    }
    int longest = 0;
    for (int i = 0; i < net.num_dense; ++i) {
      dense[i] = {};
      dense[i].out = space.take<float>(net.dense[i].outputs * LANES);
      if (training) dense[i].gradient = space.take<float>(net.dense[i].outputs * LANES);
      longest = longest > net.dense[i].pitch() ? longest : net.dense[i].pitch();
    }
    transposed = nullptr, gradients = nullptr, num_gradients = 0;
    if (training) {
      transposed = space.take<float>((int64_t)longest * LANES);
      space.fenced = false;  // one piece, all in all
      gradients = space.take<float>(0);
      const int64_t before = space.used;
      for (int i = 0; i < net.num_blocks; ++i) {
        const int64_t size = (int64_t)net.blocks[i].channels * net.blocks[i].taps();
        const bool minimal = is_minimal(net.blocks[i]);
        blocks[i].weight_gradient = space.take<float>(minimal ? size : size * V);
        if (minimal) blocks[i].transformed_sums = space.take<float>(size / TAPS * POINTS * V);
        blocks[i].bias_gradient = space.take<float>(net.blocks[i].channels * V);
      }
      for (int i = 0; i < net.num_dense; ++i) {
        dense[i].weight_gradient = space.take<float>((int64_t)net.dense[i].outputs * net.dense[i].pitch());
        dense[i].bias_gradient = space.take<float>(net.dense[i].outputs * V);
      }
      num_gradients = (space.used - before) / (int64_t)sizeof(float);
      space.fenced = true;
    }
    loss = space.take<double>(1);
    num_correct = space.take<int64_t>(1);
    space.take<char>(2 * ALIGNMENT);  // two threads' desks do not share a line, nor the pair a processor fetches
  }

  // Frames of zeros, which stay; and numbers, if not used, in what fills up the last vector of a transposed row.
  void clear(const Network &net) {
    memset(picture, 0, net.picture_size() * sizeof(float));
    for (int i = 0; i < net.num_blocks; ++i)
      memset(blocks[i].pooled, 0, net.blocks[i].channels * net.pooled_plane(i) * sizeof(float));
    if (transposed) memset(transposed, 0, net.dense[0].pitch() * LANES * sizeof(float));
  }

  void pack(const Network &net, const float *weights) {
    for (int i = 0; i < net.num_blocks; ++i) {
      if (is_minimal(net.blocks[i])) {
        pack_minimal(net.blocks[i], weights + net.block_weights[i], blocks[i].packed, blocks[i].packed_backward);
        continue;
      }
      pack_forward(net.blocks[i], weights + net.block_weights[i], blocks[i].packed);
      if (blocks[i].packed_backward)
        pack_backward(net.blocks[i], weights + net.block_weights[i], blocks[i].packed_backward);
    }
  }

  const float *features(const Network &net) const {
    return net.num_blocks ? blocks[net.num_blocks - 1].pooled : picture;
  }

  // Pictures at positions first … first + num - 1 into `picture`, [channel][row][column][LANES] in its frame. Lanes without
  // a picture of their own show the first one's.
  void gather(const Network &net, const lenet_pictures &pictures, const lenet_plan *plan, int64_t first, int num) {
    const int64_t size = (int64_t)net.in_channels * net.height * net.width;
    const uint8_t *from[LANES];
    for (int lane = 0; lane < LANES; ++lane) {
      const int64_t position = lane < num ? first + lane : first;
      const uint8_t *image = pictures.images + (plan ? plan->order[position] : position) * size;
      const bool flip = plan && plan->flips && plan->flips[position];
      const int64_t *shift = plan && plan->shifts ? plan->shifts + 2 * position : nullptr;
      if (flip || (shift && (shift[0] || shift[1])) || net.in_channels > 1) {
        uint8_t *copy = moved + lane * size;
        move(net, image, flip, shift ? (int)shift[0] : 0, shift ? (int)shift[1] : 0, copy);
        image = copy;
      }
      from[lane] = image;
    }
    const int columns = net.width, pitch = (columns + 2 * net.first_padding) * LANES;
    int64_t pixel = 0;
    for (int channel = 0; channel < net.in_channels; ++channel)
      for (int row = 0; row < net.height; ++row) {
        const int above = channel * (net.height + 2 * net.first_padding) + net.first_padding + row;
        float *to = picture + (int64_t)above * pitch + net.first_padding * LANES;
        for (int x = 0; x < columns;) {  // four bytes of every lane at once, as long as there are four
          const int some = at_most(columns - x, 4);
          for (int h = 0; h < LANES; h += V) {
            ivec four;
            for (int i = 0; i < V; ++i) {
              int32_t bytes = 0;
              some == 4 ? memcpy(&bytes, from[h + i] + pixel, 4) : memcpy(&bytes, from[h + i] + pixel, some);
              four[i] = bytes;
            }
            for (int k = 0; k < some; ++k, four >>= 8) store(to + (x + k) * LANES + h, seen(four & splat(255), pictures));
          }
          x += some;
          pixel += some;
        }
      }
  }

  // What the network sees of bytes: to the bit what PyTorch makes of them.
  static vec seen(ivec bytes, const lenet_pictures &pictures) {
    vec whole = __builtin_convertvector(bytes, vec);
    vec grey = whole * (1.f / 255.f);
    if (IS_FUSED)
      grey += (whole - grey * 255.f) * (1.f / 255.f);  // exact for all 256, and shorter than a division
    else
      grey = whole / 255.f;
    return pictures.is_plain ? grey : (grey - pictures.mean) / pictures.deviation;
  }

  // A picture [row][column][channel], mirrored and moved, as [channel][row][column]; what comes in is 0.
  static void move(const Network &net, const uint8_t *image, bool flip, int down, int right, uint8_t *out) {
    const int rows = net.height, columns = net.width, channels = net.in_channels;
    for (int channel = 0; channel < channels; ++channel)
      for (int y = 0; y < rows; ++y)
        for (int x = 0; x < columns; ++x) {
          const int row = y - down, column = flip ? columns - 1 - (x - right) : x - right;
          const bool within = row >= 0 && row < rows && column >= 0 && column < columns;
          *out++ = within ? image[((int64_t)row * columns + column) * channels + channel] : 0;
        }
  }

  void forward_pass(const Network &net, const float *weights) {
    const float *x = picture;
    for (int i = 0; i < net.num_blocks; ++i) {
      const Block &b = net.blocks[i];
      const auto &at = blocks[i];
      const int frame = net.padding_after(i) * (net.pooled_pitch(i) + LANES);
      const float *bias = weights + net.block_weights[i] + b.channels * b.taps();
      if (is_minimal(b))
        forward_minimal(b, x, at.packed, bias, at.transformed, at.products, at.active, at.winner, at.pooled + frame,
                        net.pooled_pitch(i), net.pooled_plane(i));
      else
        forward(b, x, at.packed, bias, at.active, at.winner, at.pooled + frame, net.pooled_pitch(i),
                net.pooled_plane(i));
      x = at.pooled;
    }
    for (int i = 0; i < net.num_dense; ++i) {
      const Dense &d = net.dense[i];
      const float *weight = weights + net.dense_weights[i];
      forward(d, x, weight, weight + (int64_t)d.outputs * d.inputs, dense[i].out);
      if (i + 1 < net.num_dense)
        for (int k = 0; k < d.outputs * LANES; k += V)
          store(dense[i].out + k, activated(load(dense[i].out + k), net.activation));
      x = dense[i].out;
    }
  }

  // From the gradient of the logits, in the last `out`, to those of all weights.
  void backward_pass(const Network &net, const float *weights) {
    float *gradient = dense[net.num_dense - 1].out;
    for (int i = net.num_dense - 1; i >= 0; --i) {
      const Dense &d = net.dense[i];
      const float *in = i ? dense[i - 1].out : features(net);
      transpose(d.inputs, in, transposed, d.pitch());
      backward_weights(d, gradient, transposed, dense[i].weight_gradient, dense[i].bias_gradient);
      if (i) {
        float *before = dense[i - 1].gradient;
        backward_input(d, gradient, weights + net.dense_weights[i], before);
        for (int k = 0; k < d.inputs * LANES; k += V)
          store(before + k, load(before + k) * slope(load(in + k), net.activation));
        gradient = before;
      } else if (net.num_blocks) {
        backward_input(d, gradient, weights + net.dense_weights[0], blocks[net.num_blocks - 1].pooled_gradient);
      }
    }
    for (int i = net.num_blocks - 1; i >= 0; --i) {
      const Block &b = net.blocks[i];
      const auto &at = blocks[i];
      const int frame = net.padding_after(i) * (net.pooled_pitch(i) + LANES);
      if (is_minimal(b)) {
        backward_weights_minimal(b, at.transformed, at.pooled_gradient, at.active, at.winner, at.pooled + frame,
                                 net.pooled_pitch(i), net.pooled_plane(i), at.dz, at.transformed_gradient,
                                 at.transformed_sums, at.bias_gradient);
        if (i)
          backward_input_minimal(b, at.transformed_gradient, at.packed_backward, at.products,
                                 blocks[i - 1].pooled_gradient);
        continue;
      }
      backward_weights(b, i ? blocks[i - 1].pooled : picture, at.pooled_gradient, at.active, at.winner,
                       at.pooled + frame, net.pooled_pitch(i), net.pooled_plane(i), at.dz, i > 0, at.weight_gradient,
                       at.bias_gradient);
      if (i) backward_input(b, at.dz, at.packed_backward, blocks[i - 1].pooled_gradient);
    }
  }

  // What is left once all pictures of a step are through.
  void finish(const Network &net) {
    for (int i = 0; i < net.num_blocks; ++i)
      if (is_minimal(net.blocks[i]))
        finish_weights_minimal(net.blocks[i], blocks[i].transformed_sums, blocks[i].weight_gradient);
  }
};

struct Piece {  // of the weight vector: rows × length floats, whose gradients are rows of `pitch` floats or of vectors
  int64_t begin, rows, length, pitch;
  int64_t offset;  // of its gradients from Desk::gradients
  bool lanes;
};

int pieces_of(const Network &net, const Desk &desk, Piece *pieces) {
  int count = 0;
  for (int i = 0; i < net.num_blocks; ++i) {
    const int64_t size = (int64_t)net.blocks[i].channels * net.blocks[i].taps();
    pieces[count++] = {net.block_weights[i], 1, size, 0, desk.blocks[i].weight_gradient - desk.gradients,
                       !is_minimal(net.blocks[i])};
    pieces[count++] = {net.block_weights[i] + size, 1, net.blocks[i].channels, 0,
                       desk.blocks[i].bias_gradient - desk.gradients, true};
  }
  for (int i = 0; i < net.num_dense; ++i) {
    const Dense &d = net.dense[i];
    pieces[count++] = {net.dense_weights[i], d.outputs, d.inputs, d.pitch(),
                       desk.dense[i].weight_gradient - desk.gradients, false};
    pieces[count++] = {net.dense_weights[i] + (int64_t)d.outputs * d.inputs, 1, d.outputs, 0,
                       desk.dense[i].bias_gradient - desk.gradients, true};
  }
  return count;
}

// The gradients of weights first … last - 1: the sum over threads, in their order, and over lanes.
void reduce(const Piece *pieces, int num_pieces, float *const *gradients, int num_threads, int64_t first, int64_t last,
            float *out) {
  for (const Piece *piece = pieces; piece < pieces + num_pieces; ++piece) {
    for (int64_t row = 0; row < piece->rows; ++row) {
      const int64_t begin = piece->begin + row * piece->length;
      const int64_t from = begin > first ? begin : first;
      const int64_t to = begin + piece->length < last ? begin + piece->length : last;
      if (from >= to) continue;
      for (int thread = 0; thread < num_threads; ++thread) {
        const float *of_row = gradients[thread] + piece->offset + row * piece->pitch;
        if (piece->lanes)
          for (int64_t i = from; i < to; ++i) out[i] = (thread ? out[i] : 0.f) + sum(of_row + (i - begin) * V);
        else
          for (int64_t i = from; i < to; ++i) out[i] = (thread ? out[i] : 0.f) + of_row[i - begin];
      }
    }
  }
}

struct Training {
  const Network &net;
  const lenet_pictures &pictures;
  const lenet_plan &plan;
  const lenet_optimizer &optimizer;
  int64_t start, stop;
  double *losses;
  int64_t *num_correct;
  Desk **desks;
  int num_threads;
  Barrier barrier;
  int64_t done = 0;
};

void train_member(void *context, int thread) {
  Training &job = *(Training *)context;
  const Network &net = job.net;
  Desk &desk = *job.desks[thread];
  desk.clear(net);
  Piece pieces[2 * (LENET_MAX_BLOCKS + LENET_MAX_DENSE)];
  const int num_pieces = pieces_of(net, desk, pieces);
  float *gradients[LENET_MAX_THREADS];
  for (int i = 0; i < job.num_threads; ++i) gradients[i] = job.desks[i]->gradients;
  const int64_t lines = (net.num_weights + LANES - 1) / LANES;
  const int64_t first_weight = lines * thread / job.num_threads * LANES;
  const int64_t end = lines * (thread + 1) / job.num_threads * LANES;
  const int64_t last_weight = end < net.num_weights ? end : net.num_weights;

  for (int64_t step = job.start; step < job.stop; ++step) {
    const int64_t begin = step * job.plan.batch_size;
    const int64_t left = job.plan.num_positions - begin;
    const int64_t batch = left < job.plan.batch_size ? left : job.plan.batch_size;
    const int64_t groups = (batch + LANES - 1) / LANES;
    // Always the same groups in the same thread, and their sums added in the same order: the same bits, run after run.
    const int64_t first = groups * thread / job.num_threads, last = groups * (thread + 1) / job.num_threads;
    *desk.loss = 0.;
    *desk.num_correct = 0;
    memset(desk.gradients, 0, desk.num_gradients * sizeof(float));
    desk.pack(net, job.optimizer.weights);
    for (int64_t group = first; group < last; ++group) {
      const int64_t at = begin + group * LANES;
      const int num = (int)(begin + batch - at < LANES ? begin + batch - at : LANES);
      int64_t labels[LANES];
      for (int lane = 0; lane < num; ++lane) labels[lane] = job.pictures.labels[job.plan.order[at + lane]];
      desk.gather(net, job.pictures, &job.plan, at, num);
      desk.forward_pass(net, job.optimizer.weights);
      cross_entropy(net.classes, desk.dense[net.num_dense - 1].out, labels, num, 1.f / (float)batch,
                    job.optimizer.label_smoothing, desk.loss, desk.num_correct);
      desk.backward_pass(net, job.optimizer.weights);
    }
    desk.finish(net);
    job.barrier.wait();
    double loss = 0.;
    for (int i = 0; i < job.num_threads; ++i) loss += *job.desks[i]->loss;
    loss /= (double)batch;
    const bool finite = loss - loss == 0.;
    if (thread == 0) {
      job.losses[step - job.start] = loss;
      for (int i = 0; i < job.num_threads; ++i) *job.num_correct += *job.desks[i]->num_correct;
      job.done = step + 1 - job.start;
    }
    if (!finite) break;
    reduce(pieces, num_pieces, gradients, job.num_threads, first_weight, last_weight, job.optimizer.gradient);
    update(job.optimizer, step - job.start, first_weight, last_weight);
    job.barrier.wait();
  }
}

struct Inference {
  const Network &net;
  const lenet_pictures &pictures;
  int64_t num;
  const float *weights;
  float *logits;
  Desk **desks;
  int64_t next_group = 0;
};

void logits_member(void *context, int thread) {
  Inference &job = *(Inference *)context;
  const Network &net = job.net;
  Desk &desk = *job.desks[thread];
  desk.clear(net);
  desk.pack(net, job.weights);
  const int64_t groups = (job.num + LANES - 1) / LANES;
  // Each thread takes the next group as soon as it is free: one that the system starts late leaves more to the others.
  for (int64_t group; (group = __atomic_fetch_add(&job.next_group, 1, __ATOMIC_RELAXED)) < groups;) {
    const int num = (int)(job.num - group * LANES < LANES ? job.num - group * LANES : LANES);
    desk.gather(net, job.pictures, nullptr, group * LANES, num);
    desk.forward_pass(net, job.weights);
    const float *out = desk.dense[net.num_dense - 1].out;
    for (int lane = 0; lane < num; ++lane)
      for (int k = 0; k < net.classes; ++k) job.logits[(group * LANES + lane) * net.classes + k] = out[k * LANES + lane];
  }
}

int64_t workspace_size(const Network &net, int num_threads, bool training) {
  Workspace space{nullptr};
  for (int i = 0; i < num_threads; ++i) Desk desk(net, space, training);
  return space.used;
}

// A Desk per thread, cut from the workspace, without a constructor's allocation.
struct Desks {
  alignas(Desk) char storage[LENET_MAX_THREADS][sizeof(Desk)];
  Desk *pointers[LENET_MAX_THREADS];

  Desks(const Network &net, Workspace space, int num_threads, bool training) {
    allow(space.memory, workspace_size(net, num_threads, training));
    for (int i = 0; i < num_threads; ++i) {
      Desk desk(net, space, training);
      memcpy(storage[i], &desk, sizeof(Desk));
      pointers[i] = (Desk *)storage[i];
    }
  }
};

int64_t workspace_size(const lenet_network &network, int num_threads, bool training) {
  return workspace_size(Network(network), num_threads, training);
}

// No more threads than there are groups of pictures: the others would only wait.
int threads_for(int64_t num_pictures, int num_threads) {
  const int64_t groups = (num_pictures + LANES - 1) / LANES;
  return groups < num_threads ? (groups < 1 ? 1 : (int)groups) : num_threads;
}

int64_t train(const lenet_network &network, const lenet_pictures &pictures, const lenet_plan &plan,
              const lenet_optimizer &optimizer, int64_t start, int64_t stop, double *losses, int64_t *num_correct,
              void *workspace, int num_threads) {
  Network net(network);
  num_threads = threads_for(plan.batch_size < plan.num_positions ? plan.batch_size : plan.num_positions, num_threads);
  Desks desks(net, Workspace{(char *)workspace}, num_threads, true);
  *num_correct = 0;
  Training job{net,    pictures,    plan,           optimizer,   start, stop, losses, num_correct,
               desks.pointers, num_threads, Barrier(num_threads)};
  return run_team(num_threads, train_member, &job) ? job.done : -1;
}

int64_t logits(const lenet_network &network, const lenet_pictures &pictures, int64_t num, const float *weights,
               float *out, void *workspace, int num_threads) {
  Network net(network);
  num_threads = threads_for(num, num_threads);
  Desks desks(net, Workspace{(char *)workspace}, num_threads, false);
  Inference job{net, pictures, num, weights, out, desks.pointers};
  return run_team(num_threads, logits_member, &job) ? num : -1;
}

}  // namespace

#define JOIN(a, b) a##b
#define NAME_OF(variant) JOIN(variant_, variant)
#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)
extern const Variant NAME_OF(VARIANT);
const Variant NAME_OF(VARIANT) = {TEXT_OF(VARIANT), workspace_size, train, logits};
