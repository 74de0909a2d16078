// A network as the stages that the kernels compute, from the list of layers that Python passes.
#pragma once
#include "block.h"
#include "dense.h"
#include "global_pooling.h"
#include "nonlinearity.h"
#include "winograd3.h"

namespace {

// Groups of LANES images, the last one perhaps not full.
int64_t num_groups(int64_t num_images) { return (num_images + LANES - 1) / LANES; }

enum Kind {
  BLOCK,           // a convolution with its activation and pooling, fused
  CONVOLUTION,     // a convolution, in evaluation with its activation
  NONLINEARITY,    // batch normalization, activation, pooling and dropout
  GLOBAL_POOLING,
  DENSE,           // a dense layer with its activation
};

constexpr int MAX_STAGES = 2 * LENET_MAX_LAYERS;  // in training a convolution without pooling is two, see add_convolution

struct Stage {
  Kind kind;
  Map in, out;
  Block block;
  Convolution convolution;
  Nonlinearity nonlinearity;
  Dense dense;
  int activation;        // of CONVOLUTION and DENSE
  int64_t weights;       // index of the first weight
  int64_t running;       // of NONLINEARITY: index of the first running mean
  bool bias_is_trained;  // not that of a convolution before a normalization, which subtracts it again
  int frame;             // of the gradient of `out`

  bool is_normalized() const { return kind == NONLINEARITY && nonlinearity.is_normalized; }
  Map gradient() const { return framed(out, frame); }
};

// A batch normalization whose effect a convolution takes over in evaluation. Indices of values.
struct Folding {
  int64_t convolution, normalization, running;
  int channels, taps;
};

struct Network {
  int num_stages = 0, num_foldings = 0, num_normalized = 0, classes = 0;
  Map input;  // within the padding of the first stage
  Stage stages[MAX_STAGES];
  Folding foldings[LENET_MAX_LAYERS];
  int64_t num_weights = 0, num_values = 0;  // learned, and with the running statistics

  // Normalizations use the batch's statistics in training; else the running ones, folded into the convolutions before them.
  Network(const lenet_network &n, bool training) : layers_(n.layers), num_layers_(n.num_layers), training_(training) {
    find_weights(n);
    input = shape_ = {n.in_channels, n.height, n.width, 0};
    for (int i = 0; i < num_layers_;) i = add(i);
    join();
    classes = stages[num_stages - 1].out.channels;
  }

  // Of one channel of an image, between its pixels and in a frame around it; and two numbers, as four bytes are read at once.
  int num_corners() const { return (input.rows + 2) * (input.columns + 2) + 2; }
  // How a stage lays out the gradient of its input: as it reads the input, which may have been flattened.
  Map input_gradient(int stage) const { return framed(stages[stage].in, stages[stage - 1].frame); }
  bool needs_input_gradient(int stage) const { return stage > 0; }

 private:
  const lenet_layer *layers_;
  int num_layers_;
  bool training_;
  Map shape_;  // of the values after the layers so far
  int64_t weights_[LENET_MAX_LAYERS], running_[LENET_MAX_LAYERS];  // index of a layer's first value

  void find_weights(const lenet_network &n) {
    int channels = n.in_channels, rows = n.height, columns = n.width, of_norm[LENET_MAX_LAYERS];
    for (int i = 0; i < num_layers_; ++i) {
      const lenet_layer &l = layers_[i];
      weights_[i] = num_weights;
      of_norm[i] = 0;
      if (l.kind == LENET_CONVOLUTION) {
        num_weights += (int64_t)l.outputs * (channels * l.kernel_size * l.kernel_size + 1);
        channels = l.outputs;
        rows += 2 * l.padding - l.kernel_size + 1, columns += 2 * l.padding - l.kernel_size + 1;
      } else if (l.kind == LENET_BATCH_NORM) {
        num_weights += 2 * channels;
        of_norm[i] = channels;
      } else if (l.kind == LENET_POOLING) {
        rows /= 2, columns /= 2;
      } else if (l.kind == LENET_GLOBAL_POOLING) {
        rows = columns = 1;
      } else if (l.kind == LENET_FLATTEN) {
        channels *= rows * columns, rows = columns = 1;
      } else if (l.kind == LENET_DENSE) {
        num_weights += (int64_t)l.outputs * (channels + 1);
        channels = l.outputs;
      }
    }
    num_values = num_weights;
    for (int i = 0; i < num_layers_; ++i) {
      running_[i] = num_values;
      num_values += 2 * of_norm[i];
    }
  }

  bool is(int layer, int kind) const { return layer < num_layers_ && layers_[layer].kind == kind; }

  Stage &new_stage(Kind kind, int layer) {
    Stage &stage = stages[num_stages++];
    stage = {};
    stage.kind = kind;
    stage.in = shape_;
    stage.activation = LENET_NO_ACTIVATION;
    stage.weights = layer < num_layers_ ? weights_[layer] : 0;
    return stage;
  }

  // Adds the stage, or the stages, that begin with a layer; returns the number of the next layer.
  int add(int layer) {
    const lenet_layer &l = layers_[layer];
    switch (l.kind) {
      case LENET_CONVOLUTION: return add_convolution(layer);
      case LENET_DENSE: return add_dense(layer);
      case LENET_FLATTEN:
        shape_ = {(int)shape_.count(), 1, 1, 0};
        return layer + 1;
      case LENET_GLOBAL_POOLING:
        return add_global_pooling(layer);
      default: return add_nonlinearity(layer);
    }
  }

  int add_convolution(int layer) {
    const lenet_layer &l = layers_[layer];
    int next = layer + 1;
    const bool is_normalized = is(next, LENET_BATCH_NORM);
    if (is_normalized && !training_) {
      foldings[num_foldings++] = {weights_[layer], weights_[next], running_[next], l.outputs,
                                  shape_.channels * l.kernel_size * l.kernel_size};
      ++next;
    }
    const bool is_folded = is_normalized && !training_;
    const Map in = framed(shape_, l.padding);
    const Map out = {l.outputs, in.rows + 2 * l.padding - l.kernel_size + 1, in.columns + 2 * l.padding - l.kernel_size + 1, 0};
    const int activation = is(next, LENET_ACTIVATION) ? layers_[next].function : LENET_NO_ACTIVATION;
    const int after = is(next, LENET_ACTIVATION) ? next + 1 : next;
    const Convolution convolution = {in, out, l.kernel_size};
    const bool is_block = is(after, LENET_POOLING) && (is_folded || !is_normalized) && !uses_winograd(convolution);
    Stage &stage = new_stage(is_block ? BLOCK : CONVOLUTION, layer);
    stage.bias_is_trained = !is_normalized;
    stage.in = in;
    if (is_block) {
      Block &b = stage.block;
      b = {in.channels, in.rows + 2 * l.padding, in.columns + 2 * l.padding, l.outputs, l.kernel_size, l.padding,
           out.rows / 2, out.columns / 2, activation, layers_[after].function};
      stage.out = shape_ = {out.channels, b.rows, b.columns, 0};
      return after + 1;
    }
    stage.convolution = convolution;
    stage.out = shape_ = out;
    if (training_) return add_nonlinearity(next);  // even an identity: it lays out the gradient as backward_input reads it
    stage.activation = activation;
    return after;
  }

  int add_dense(int layer) {
    Stage &stage = new_stage(DENSE, layer);
    stage.dense = {shape_.channels, layers_[layer].outputs};
    stage.out = shape_ = {stage.dense.outputs, 1, 1, 0};
    if (!is(layer + 1, LENET_ACTIVATION)) return layer + 1;
    stage.activation = layers_[layer + 1].function;
    return layer + 2;
  }

  int add_global_pooling(int layer) {
    Stage &stage = new_stage(GLOBAL_POOLING, layer);
    stage.out = shape_ = {shape_.channels, 1, 1, 0};
    return layer + 1;
  }

  // As many of normalization, activation, pooling and dropout as follow each other in this order.
  int add_nonlinearity(int layer) {
    int next = layer;
    Nonlinearity f = {shape_, shape_, false, LENET_NO_ACTIVATION, NO_POOLING, 0, 0, 0.f};
    f.is_normalized = is(next, LENET_BATCH_NORM);
    next += f.is_normalized;
    if (is(next, LENET_ACTIVATION)) f.activation = layers_[next++].function;
    if (is(next, LENET_POOLING)) {
      f.pooling = layers_[next++].function;
      f.out = {shape_.channels, shape_.rows / 2, shape_.columns / 2, 0};
    }
    if (is(next, LENET_DROPOUT)) {
      f.threshold = layers_[next].threshold, f.layer = (uint32_t)next, f.kept = layers_[next].kept;
      if (!training_) f.kept = 0.f;
      ++next;
    }
    const bool is_identity = !f.is_normalized && f.activation == LENET_NO_ACTIVATION && f.pooling == NO_POOLING && !f.kept;
    if (is_identity && !training_) return next;  // dropout in evaluation
    Stage &stage = new_stage(NONLINEARITY, layer);
    stage.nonlinearity = f;
    stage.out = shape_ = f.out;
    stage.running = f.is_normalized ? running_[layer] : 0;
    num_normalized += f.is_normalized;
    return next;
  }

  // Sets the frames: the padding that the next stage reads, and around gradients what the convolution's own gradient needs.
  void join() {
    for (int i = 0; i < num_stages; ++i) {
      Stage &stage = stages[i];
      if (stage.kind == BLOCK || stage.kind == CONVOLUTION) (i ? stages[i - 1].out : input).frame = stage.in.frame;
      if (stage.kind == CONVOLUTION && training_ && i) stage.frame = stage.convolution.gradient_frame();
      stage.nonlinearity.in = stage.in;
    }
    for (int i = 0; i < num_stages; ++i) {
      Stage &stage = stages[i];
      stage.nonlinearity.out = stage.convolution.out = stage.out;
    }
  }
};

}  // namespace
