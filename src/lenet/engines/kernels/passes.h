// The forward and the backward pass of a network, for LANES images.
#pragma once
#include "gradients.h"

namespace {

// Stages first … last - 1 of the forward pass.
void forward_pass(const Network &net, const float *weights, const Packed &packed, const Normalizations &normalizations,
                  const Activations &kept, const Scratch &scratch, int first, int last) {
  for (int i = first; i < last; ++i) {
    const Stage &stage = net.stages[i];
    const auto &at = kept.stages[i];
    const float *x = i ? kept.stages[i - 1].out : kept.input, *of_stage = weights + stage.weights;
    switch (stage.kind) {
      case BLOCK: {
        const Block &b = stage.block;
        const float *bias = of_stage + (int64_t)b.channels * b.taps();
        float *out = at.out + stage.out.origin();
        if (uses_winograd(b))
          forward_winograd(b, x, packed.stages[i].forward, bias, at.transformed, scratch.stages[i].products, at.active, at.argmax,
                          out, stage.out.pitch(), stage.out.plane());
        else
          forward(b, x, packed.stages[i].forward, bias, at.active, at.argmax, out, stage.out.pitch(), stage.out.plane());
        break;
      }
      case CONVOLUTION: {
        const Convolution &c = stage.convolution;
        const float *bias = of_stage + (int64_t)stage.out.channels * c.taps();
        if (uses_winograd(c))
          convolve_winograd(c.in, c.out, x, packed.stages[i].forward, bias, stage.activation, scratch.transformed,
                            scratch.products, at.out);
        else
          convolve_all(c.in, c.out, c.kernel, x, packed.stages[i].forward, bias, stage.activation, at.out);
        break;
      }
      case NONLINEARITY: forward(stage.nonlinearity, x, normalizations.of[i], kept.dropout_keys, at.out); break;
      case GLOBAL_POOLING: forward_global(stage.in, stage.out, x, at.out); break;
      case DENSE: {
        const Dense &d = stage.dense;
        forward(d, x, of_stage, of_stage + (int64_t)d.outputs * d.inputs, at.out);
        if (stage.activation != LENET_NO_ACTIVATION)
          for (int k = 0; k < d.outputs * LANES; k += V) store(at.out + k, activated(load(at.out + k), stage.activation));
      }
    }
  }
}

// The backward pass of a group in one part of a batch.
struct BackwardPass {
  const Network &net;
  const float *weights;
  const TrainingSpace &space;
  const Activations &kept;
  const Scratch &scratch;
  const PartialSums &sums;
  int64_t group;
  int num;  // images

  // Of the output of a stage. That of the logits is where they were.
  float *gradient(int stage) const {
    if (stage == net.num_stages - 1) return kept.stages[stage].out;
    return kept.stages[stage].gradient ? kept.stages[stage].gradient : scratch.stages[stage].gradient;
  }

  // Stages last … first of the backward pass: adds the gradients of convolutions to the sums of the part, those with Winograd's
  // algorithm still transformed, and keeps what those of dense layers are made of.
  void run(int last, int first) const {
    for (int i = last; i >= first; --i) {
      float *before = net.needs_input_gradient(i) ? gradient(i - 1) : nullptr;
      switch (net.stages[i].kind) {
        case BLOCK: block(i, before); break;
        case CONVOLUTION: convolution(i, before); break;
        case NONLINEARITY:
          if (before)
            backward(net.stages[i].nonlinearity, input(i), space.normalizations.of[i], kept.dropout_keys, gradient(i), num,
                     net.input_gradient(i), before);
          break;
        case GLOBAL_POOLING:
          if (before) backward_global(net.stages[i].in, gradient(i), net.input_gradient(i), before);
          break;
        case DENSE: dense(i, before);
      }
    }
  }

  void sum_gradients(int stage) const {
    const Nonlinearity &f = net.stages[stage].nonlinearity;
    gradient_sums(f, input(stage), space.normalizations.of[stage], kept.dropout_keys, gradient(stage),
                  space.normalizations.sums[stage] + group * f.in.channels);
  }

 private:
  const float *input(int stage) const { return stage ? kept.stages[stage - 1].out : kept.input; }

  void block(int i, float *before) const {
    const Stage &stage = net.stages[i];
    const Block &b = stage.block;
    const auto &at = kept.stages[i];
    const auto &own = scratch.stages[i];
    const float *pooled = at.out + stage.out.origin();
    if (uses_winograd(b)) {
      backward_weights_winograd(b, at.transformed, gradient(i), at.active, at.argmax, pooled, stage.out.pitch(), stage.out.plane(),
                               own.dz, own.transformed_gradient, own.transformed_sums, sums.stages[i].bias);
      if (before)
        backward_input_winograd(b, own.transformed_gradient, space.packed.stages[i].backward, own.products, before);
      return;
    }
    float *dz = own.dz ? own.dz : at.active;
    backward_weights(b, input(i), gradient(i), at.active, at.argmax, pooled, stage.out.pitch(), stage.out.plane(), dz,
                     before != nullptr, scratch.lane_sums, sums.stages[i].weight, sums.stages[i].bias);
    if (before) backward_input(b, dz, space.packed.stages[i].backward, before);
  }

  void convolution(int i, float *before) const {
    const Stage &stage = net.stages[i];
    const Convolution &c = stage.convolution;
    float *weight = sums.stages[i].weight;
    if (uses_winograd(c))
      backward_weights_winograd(c, input(i), gradient(i), stage.frame, scratch.transformed, scratch.transformed_gradient,
                                scratch.transformed_sums, scratch.lane_sums, weight);
    else
      backward_weights(c, input(i), gradient(i), stage.frame, scratch.lane_sums, weight);
    if (stage.bias_is_trained) backward_bias(c, gradient(i), stage.frame, sums.stages[i].bias);
    if (!before) return;
    const Map from = stage.gradient(), to = net.input_gradient(i);
    const float *packed = space.packed.stages[i].backward;
    if (uses_winograd(c))
      convolve_winograd(from, to, gradient(i), packed, nullptr, LENET_NO_ACTIVATION, scratch.transformed, scratch.products, before);
    else
      convolve_all(from, to, c.kernel, gradient(i), packed, nullptr, LENET_NO_ACTIVATION, before);
  }

  void dense(int i, float *before) const {
    const Stage &stage = net.stages[i];
    const Dense &d = stage.dense;
    float *of_output = gradient(i);
    if (stage.activation != LENET_NO_ACTIVATION)
      for (int k = 0; k < d.outputs * LANES; k += V)
        store(of_output + k, load(of_output + k) * slope(load(kept.stages[i].out + k), stage.activation));
    transpose(d.inputs, input(i), space.dense.input(net, i, group), d.pitch());
    memcpy(space.dense.gradient(net, i, group), of_output, DenseRound::gradient_size(d) * sizeof(float));
    if (before) backward_input(d, of_output, weights + stage.weights, before);
  }
};

// Winograd's algorithm sums transformed gradients: cleared before the groups of a part, added to its sums after them.
void begin_sums(const Network &net, const Scratch &scratch, int first, int last) {
  for (int i = first; i < last; ++i)
    if (const Stage &stage = net.stages[i]; stage.kind == BLOCK && uses_winograd(stage.block))
      memset(scratch.stages[i].transformed_sums, 0, transformed_size(stage.block) * sizeof(float));
}

void end_sums(const Network &net, const Scratch &scratch, const PartialSums &sums, int first, int last) {
  for (int i = first; i < last; ++i)
    if (const Stage &stage = net.stages[i]; stage.kind == BLOCK && uses_winograd(stage.block))
      finish_weights_winograd(stage.block, scratch.stages[i].transformed_sums, sums.stages[i].weight);
}

}  // namespace
