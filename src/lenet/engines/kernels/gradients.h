// The gradient of a batch, summed in an order that the batch alone decides: the same bits on any number of threads.
//
// A batch is taken in rounds of at most 64 groups of LANES images. The groups of a round are divided into parts, each of
// which one thread computes from its first group to its last. Gradients of convolutions are summed within a part, and the
// sums of the parts in their order. Dense layers have many more weights, whose gradients would be slow to sum in as many
// copies as there are parts: of them a part keeps what the gradient is made of, the input and the gradient of the output of
// every group, and after the round each thread computes some rows of the gradient over all groups.
#pragma once
#include "clip.h"
#include "optimizer.h"
#include "scratch.h"

namespace {

constexpr int MAX_GROUPS = 64, MAX_PARTS = 32;
constexpr int64_t MAX_ROUND_BYTES = 1 << 26;  // of DenseRound, below: layers of a hundred thousand inputs have shorter rounds

// Up to eight groups each is a part; of more, a part has at least two, because each part has its own sums to clear and add up.
int num_parts(int64_t groups) {
  return groups <= 8 ? (int)groups : groups <= 16 ? 8 : groups < 2 * MAX_PARTS ? (int)(groups / 2) : MAX_PARTS;
}

// The sums of a part: for each block the gradients of weight and bias. They are [channel][tap][V] and [channel][V], summed
// over the lanes only at the end; with Winograd's algorithm the weight's is [channel][tap].
struct PartialSums {
  struct {
    float *weight, *bias;
  } blocks[LENET_MAX_BLOCKS];
  float *all;
  int64_t count;  // of floats in `all`
  double *loss;
  int64_t *num_correct;

  PartialSums() = default;
  PartialSums(const Network &net, Workspace &space) {
    space.fenced = false;  // the arrays follow each other, so that one memset clears them
    all = space.take<float>(0);
    const int64_t before = space.used;
    for (int i = 0; i < net.num_blocks; ++i) {
      const Block &b = net.blocks[i];
      blocks[i].weight = space.take<float>((int64_t)b.channels * b.taps() * (uses_winograd(b) ? 1 : V));
      blocks[i].bias = space.take<float>(b.channels * V);
    }
    count = (space.used - before) / (int64_t)sizeof(float);
    space.fenced = true;
    loss = space.take<double>(1);
    num_correct = space.take<int64_t>(1);
    space.take<char>(2 * ALIGNMENT);  // no two threads share a pair of cache lines, which a processor may fetch together
  }

  void clear() {
    memset(all, 0, count * sizeof(float));
    *loss = 0.;
    *num_correct = 0;
  }
};

// What the gradients of a dense layer are made of, of every group of a round: its input, transposed, [LANES][pitch], and the
// gradient of its output, [outputs][LANES].
struct DenseRound {
  float *inputs[LENET_MAX_DENSE], *gradients[LENET_MAX_DENSE];

  DenseRound(const Network &net, Workspace &space, int64_t groups) {
    for (int i = 0; i < net.num_dense; ++i) {
      inputs[i] = space.take<float>(groups * input_size(net.dense[i]));
      gradients[i] = space.take<float>(groups * gradient_size(net.dense[i]));
    }
  }

  static int64_t input_size(const Dense &d) { return (int64_t)d.pitch() * LANES; }
  static int64_t gradient_size(const Dense &d) { return (int64_t)d.outputs * LANES; }
  float *input(const Network &net, int layer, int64_t group) const { return inputs[layer] + group * input_size(net.dense[layer]); }
  float *gradient(const Network &net, int layer, int64_t group) const {
    return gradients[layer] + group * gradient_size(net.dense[layer]);
  }
};

// The groups of a round of a batch that has as many left.
int64_t groups_in_round(const Network &net, int64_t left) {
  int64_t bytes = 0;
  for (int i = 0; i < net.num_dense; ++i)
    bytes += (DenseRound::input_size(net.dense[i]) + DenseRound::gradient_size(net.dense[i])) * (int64_t)sizeof(float);
  const int64_t most = bytes * MAX_GROUPS > MAX_ROUND_BYTES ? MAX_ROUND_BYTES / bytes : MAX_GROUPS;
  return left < most ? left : most > 1 ? most : 1;
}

// All that a training computes in.
struct TrainingSpace {
  Packed packed;
  PartialSums parts[MAX_PARTS];
  DenseRound dense;
  ScratchPerThread scratch;

  TrainingSpace(const Network &net, Workspace &space, int64_t groups, int num_threads)
      : packed(net, space, true), dense(net, space, groups_in_round(net, groups)),
        scratch(net, space, packed, num_threads, true) {
    for (int part = 0; part < num_parts(groups_in_round(net, groups)); ++part) parts[part] = PartialSums(net, space);
  }
};

// A range of the weight vector whose gradient and update one thread computes: a block, or some rows of a dense layer.
struct WeightRange {
  int block, layer;  // one of them is -1
  Tile rows;

  WeightRange(const Network &net, int index) : block(-1), layer(-1), rows{0, 0} {
    if (index < net.num_blocks) {
      block = index;
      return;
    }
    index -= net.num_blocks;
    for (layer = 0; index >= num_tiles(net.dense[layer].outputs, GRADIENT_ROWS); ++layer)
      index -= num_tiles(net.dense[layer].outputs, GRADIENT_ROWS);
    rows = tile_of(net.dense[layer].outputs, GRADIENT_ROWS, index);
  }

  static int count(const Network &net) {
    int ranges = net.num_blocks;
    for (int i = 0; i < net.num_dense; ++i) ranges += num_tiles(net.dense[i].outputs, GRADIENT_ROWS);
    return ranges;
  }
};

// The gradient of a block: the sums of the parts, in their order.
void block_gradient(const Network &net, int block, const PartialSums *parts, int num_parts, float *gradient) {
  const Block &b = net.blocks[block];
  const int64_t size = (int64_t)b.channels * b.taps();
  float *weight = gradient + net.block_weights[block], *bias = weight + size;
  const bool is_per_lane = !uses_winograd(b);
  for (int part = 0; part < num_parts; ++part) {
    const float *of_part = parts[part].blocks[block].weight;
    for (int64_t i = 0; i < size; ++i)
      weight[i] = (part ? weight[i] : 0.f) + (is_per_lane ? sum(of_part + i * V) : of_part[i]);
    for (int i = 0; i < b.channels; ++i)
      bias[i] = (part ? bias[i] : 0.f) + sum(parts[part].blocks[block].bias + (int64_t)i * V);
  }
}

// Some rows of the gradient of a dense layer over the groups of a round, and their biases; added to what is there if `add`.
void dense_gradient(const Network &net, int layer, Tile rows, const DenseRound &round, int64_t groups, bool add,
                    float *tile, float *gradient) {
  const Dense &d = net.dense[layer];
  const int pitch = d.pitch();
  const float *of_output = round.gradient(net, layer, 0) + rows.first * LANES;
  backward_weights(d, rows.length, (int)groups, of_output, DenseRound::gradient_size(d), round.input(net, layer, 0),
                   DenseRound::input_size(d), tile);
  float *weight = gradient + net.dense_weights[layer] + (int64_t)rows.first * d.inputs;
  float *bias = gradient + net.dense_weights[layer] + (int64_t)d.outputs * d.inputs + rows.first;
  for (int n = 0; n < rows.length; ++n, weight += d.inputs) {
    for (int i = 0; i < d.inputs; ++i) weight[i] = (add ? weight[i] : 0.f) + tile[n * pitch + i];
    vec total = splat(0.f);
    for (int64_t group = 0; group < groups; ++group)
      for (int h = 0; h < LANES; h += V)
        total += load(of_output + group * DenseRound::gradient_size(d) + n * LANES + h);
    alignas(64) float lanes[V];
    store(lanes, total);
    bias[n] = (add ? bias[n] : 0.f) + sum(lanes);
  }
}

// Updates the weights of a range, with its gradient scaled by the coefficient.
void update_weights(const Network &net, const WeightRange &range, const Packed &packed, const lenet_optimizer &optimizer,
                    int64_t step, float coefficient = 1.f) {
  const auto update_range = [&](int64_t first, int64_t count) {
    scale_gradient(optimizer, coefficient, first, first + count);
    update(optimizer, step, first, first + count);
  };
  if (range.block >= 0) {
    const Block &b = net.blocks[range.block];
    update_range(net.block_weights[range.block], (int64_t)b.channels * (b.taps() + 1));
    packed.pack(net, optimizer.weights, range.block);
    return;
  }
  const Dense &d = net.dense[range.layer];
  const int64_t weights = net.dense_weights[range.layer];
  update_range(weights + (int64_t)range.rows.first * d.inputs, (int64_t)range.rows.length * d.inputs);
  update_range(weights + (int64_t)d.outputs * d.inputs + range.rows.first, range.rows.length);
}

}  // namespace
