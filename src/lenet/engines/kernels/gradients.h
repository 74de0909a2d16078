// The gradient of a batch, summed in an order that the batch alone decides: the same bits on any number of threads.
//
// A batch is taken in rounds of at most 64 groups of LANES images. The groups of a round are divided into parts, each of
// which one thread computes from its first group to its last. Gradients of convolutions are summed within a part, and the
// sums of the parts in their order. Dense layers have many more weights, whose gradients would be slow to sum in as many
// copies as there are parts: of them a part keeps what the gradient is made of, the input and the gradient of the output of
// every group, and after the round each thread computes some rows of the gradient over all groups.
#pragma once
#include "clip.h"
#include "normalizations.h"
#include "optimizer.h"

namespace {

constexpr int MAX_GROUPS = 64, MAX_PARTS = 32;
constexpr int64_t MAX_ROUND_BYTES = 1 << 26;  // of DenseRound, below: layers of a hundred thousand inputs have shorter rounds

// Up to eight groups each is a part; of more, a part has at least two, because each part has its own sums to clear and add up.
int num_parts(int64_t groups) {
  return groups <= 8 ? (int)groups : groups <= 16 ? 8 : groups < 2 * MAX_PARTS ? (int)(groups / 2) : MAX_PARTS;
}

// The sums of a part: of each convolution the gradients of the weight, as PyTorch lays it out, and of the bias; that of a block
// is [channel][V], summed over the lanes only at the end.
struct PartialSums {
  struct {
    float *weight, *bias;
  } stages[MAX_STAGES];
  float *all;
  int64_t count;  // of floats in `all`
  double *loss;
  int64_t *num_correct;

  PartialSums() = default;
  PartialSums(const Network &net, Workspace &space) {
    space.fenced = false;  // the arrays follow each other, so that one memset clears them
    all = space.take<float>(0);
    const int64_t before = space.used;
    for (int i = 0; i < net.num_stages; ++i) {
      const Stage &stage = net.stages[i];
      stages[i] = {};
      if (stage.kind == BLOCK) {
        stages[i].weight = space.take<float>((int64_t)stage.block.channels * stage.block.taps());
        stages[i].bias = space.take<float>(stage.block.channels * V);
      } else if (stage.kind == CONVOLUTION) {
        stages[i].weight = space.take<float>((int64_t)stage.out.channels * stage.convolution.taps());
        stages[i].bias = space.take<float>(stage.out.channels);
      }
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
  float *inputs[MAX_STAGES], *gradients[MAX_STAGES];

  DenseRound(const Network &net, Workspace &space, int64_t groups) {
    for (int i = 0; i < net.num_stages; ++i) {
      if (net.stages[i].kind != DENSE) continue;
      inputs[i] = space.take<float>(groups * input_size(net.stages[i].dense));
      gradients[i] = space.take<float>(groups * gradient_size(net.stages[i].dense));
    }
  }

  static int64_t input_size(const Dense &d) { return (int64_t)d.pitch() * LANES; }
  static int64_t gradient_size(const Dense &d) { return (int64_t)d.outputs * LANES; }
  float *input(const Network &net, int stage, int64_t group) const {
    return inputs[stage] + group * input_size(net.stages[stage].dense);
  }
  float *gradient(const Network &net, int stage, int64_t group) const {
    return gradients[stage] + group * gradient_size(net.stages[stage].dense);
  }
};

// The groups of a round of a batch that has as many left: all of them if a normalization takes statistics of the whole batch.
int64_t groups_in_round(const Network &net, int64_t left) {
  if (net.num_normalized) return left;
  int64_t bytes = 0;
  for (int i = 0; i < net.num_stages; ++i)
    if (const Stage &stage = net.stages[i]; stage.kind == DENSE)
      bytes += (DenseRound::input_size(stage.dense) + DenseRound::gradient_size(stage.dense)) * (int64_t)sizeof(float);
  const int64_t most = bytes * MAX_GROUPS > MAX_ROUND_BYTES ? MAX_ROUND_BYTES / bytes : MAX_GROUPS;
  return left < most ? left : most > 1 ? most : 1;
}

// All that a training computes in.
struct TrainingSpace {
  Packed packed;
  PartialSums parts[MAX_PARTS];
  DenseRound dense;
  Normalizations normalizations;
  int64_t num_activations;
  Activations *activations;  // of each thread, or of each group of the batch
  Scratch *scratch;          // of each thread

  TrainingSpace(const Network &net, Workspace &space, int64_t groups, int num_threads)
      : packed(net, space, true), dense(net, space, groups_in_round(net, groups)), normalizations(net, space, groups, true),
        num_activations(net.num_normalized ? groups : num_threads),
        activations(take_many<Activations>(net, space, num_activations, true)),
        scratch(take_many<Scratch>(net, space, num_threads, true)) {
    for (int part = 0; part < num_parts(groups_in_round(net, groups)); ++part) parts[part] = PartialSums(net, space);
  }
};

// A range of the weight vector whose gradient and update one thread computes: of a stage, or of some rows of a dense layer.
struct WeightRange {
  int stage;
  Tile rows;

  WeightRange(const Network &net, int index) : stage(0), rows{0, 0} {
    while (index >= count(net.stages[stage])) index -= count(net.stages[stage++]);
    if (net.stages[stage].kind == DENSE) rows = tile_of(net.stages[stage].dense.outputs, GRADIENT_ROWS, index);
  }

  static int count(const Stage &stage) {
    if (stage.kind == DENSE) return num_tiles(stage.dense.outputs, GRADIENT_ROWS);
    return stage.kind == BLOCK || stage.kind == CONVOLUTION || stage.is_normalized();
  }

  static int count(const Network &net) {
    int ranges = 0;
    for (int i = 0; i < net.num_stages; ++i) ranges += count(net.stages[i]);
    return ranges;
  }
};

// The gradient of a convolution: the sums of the parts, in their order.
void convolution_gradient(const Stage &stage, const PartialSums *parts, int num_parts, int index, float *gradient) {
  const bool is_block = stage.kind == BLOCK;
  const int channels = stage.out.channels;
  const int64_t size = (int64_t)channels * (is_block ? stage.block.taps() : stage.convolution.taps());
  float *weight = gradient + stage.weights, *bias = weight + size;
  for (int part = 0; part < num_parts; ++part) {
    const float *of_part = parts[part].stages[index].weight, *bias_of_part = parts[part].stages[index].bias;
    for (int64_t i = 0; i < size; ++i) weight[i] = (part ? weight[i] : 0.f) + of_part[i];
    for (int i = 0; i < channels; ++i)
      bias[i] = (part ? bias[i] : 0.f) + (is_block ? sum(bias_of_part + (int64_t)i * V) : bias_of_part[i]);
  }
}

// Some rows of the gradient of a dense layer over the groups of a round, and their biases; added to what is there if `add`.
void dense_gradient(const Network &net, int stage, Tile rows, const DenseRound &round, int64_t groups, bool add,
                    float *tile, float *gradient) {
  const Dense &d = net.stages[stage].dense;
  const int pitch = d.pitch();
  const float *of_output = round.gradient(net, stage, 0) + rows.first * LANES;
  backward_weights(d, rows.length, (int)groups, of_output, DenseRound::gradient_size(d), round.input(net, stage, 0),
                   DenseRound::input_size(d), tile);
  float *weight = gradient + net.stages[stage].weights + (int64_t)rows.first * d.inputs;
  float *bias = gradient + net.stages[stage].weights + (int64_t)d.outputs * d.inputs + rows.first;
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

// Updates the weights of a range, with its gradient scaled by the coefficient, and the running statistics of a normalization.
void update_weights(const Network &net, const WeightRange &range, const TrainingSpace &space, const lenet_optimizer &optimizer,
                    int64_t step, float coefficient = 1.f) {
  const Stage &stage = net.stages[range.stage];
  const auto update_range = [&](int64_t first, int64_t count) {
    scale_gradient(optimizer, coefficient, first, first + count);
    update(optimizer, step, first, first + count);
  };
  if (stage.kind == DENSE) {
    const Dense &d = stage.dense;
    update_range(stage.weights + (int64_t)range.rows.first * d.inputs, (int64_t)range.rows.length * d.inputs);
    update_range(stage.weights + (int64_t)d.outputs * d.inputs + range.rows.first, range.rows.length);
  } else if (stage.is_normalized()) {
    const int64_t count = 2 * stage.in.channels;
    update_range(stage.weights, count);
    update_running(stage.nonlinearity, space.normalizations.of[range.stage], optimizer.weights + stage.running);
    if (optimizer.average) take_average(optimizer, step, stage.running, stage.running + count);
  } else {
    const int taps = stage.kind == BLOCK ? stage.block.taps() : stage.convolution.taps();
    update_range(stage.weights, (int64_t)stage.out.channels * (taps + 1));
    space.packed.pack(net, optimizer.weights, range.stage);
  }
}

}  // namespace
