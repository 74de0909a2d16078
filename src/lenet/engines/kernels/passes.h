// The forward and the backward pass of a network, for LANES images.
#pragma once
#include "gradients.h"

namespace {

void forward_pass(const Network &net, const float *weights, Scratch &scratch) {
  const float *x = scratch.input;
  for (int i = 0; i < net.num_blocks; ++i) {
    const Block &b = net.blocks[i];
    const auto &at = scratch.blocks[i];
    const int frame = net.padding_after(i) * (net.pooled_pitch(i) + LANES);
    const float *bias = weights + net.block_weights[i] + b.channels * b.taps();
    if (uses_winograd(b))
      forward_winograd(b, x, at.packed, bias, at.transformed, at.products, at.active, at.argmax, at.pooled + frame,
                      net.pooled_pitch(i), net.pooled_plane(i));
    else
      forward(b, x, at.packed, bias, at.active, at.argmax, at.pooled + frame, net.pooled_pitch(i),
              net.pooled_plane(i));
    x = at.pooled;
  }
  for (int i = 0; i < net.num_dense; ++i) {
    const Dense &d = net.dense[i];
    const float *weight = weights + net.dense_weights[i];
    forward(d, x, weight, weight + (int64_t)d.outputs * d.inputs, scratch.dense[i].out);
    if (i + 1 < net.num_dense)
      for (int k = 0; k < d.outputs * LANES; k += V)
        store(scratch.dense[i].out + k, activated(load(scratch.dense[i].out + k), net.activation));
    x = scratch.dense[i].out;
  }
}

// Given the gradient of the logits in the `out` of the last dense layer, adds the gradients of the blocks to the sums of the
// part, those with Winograd's algorithm still transformed, and keeps what those of the dense layers are made of.
void backward_pass(const Network &net, const float *weights, Scratch &scratch, const PartialSums &sums,
                   const DenseRound &round, int64_t group) {
  float *gradient = scratch.dense[net.num_dense - 1].out;
  for (int i = net.num_dense - 1; i >= 0; --i) {
    const Dense &d = net.dense[i];
    const float *in = i ? scratch.dense[i - 1].out : scratch.features(net);
    transpose(d.inputs, in, round.input(net, i, group), d.pitch());
    memcpy(round.gradient(net, i, group), gradient, DenseRound::gradient_size(d) * sizeof(float));
    if (i) {
      float *before = scratch.dense[i - 1].gradient;
      backward_input(d, gradient, weights + net.dense_weights[i], before);
      for (int k = 0; k < d.inputs * LANES; k += V)
        store(before + k, load(before + k) * slope(load(in + k), net.activation));
      gradient = before;
    } else if (net.num_blocks) {
      backward_input(d, gradient, weights + net.dense_weights[0], scratch.blocks[net.num_blocks - 1].pooled_gradient);
    }
  }
  for (int i = net.num_blocks - 1; i >= 0; --i) {
    const Block &b = net.blocks[i];
    const auto &at = scratch.blocks[i];
    const int frame = net.padding_after(i) * (net.pooled_pitch(i) + LANES);
    if (uses_winograd(b)) {
      backward_weights_winograd(b, at.transformed, at.pooled_gradient, at.active, at.argmax, at.pooled + frame,
                               net.pooled_pitch(i), net.pooled_plane(i), at.dz, at.transformed_gradient,
                               at.transformed_sums, sums.blocks[i].bias);
      if (i)
        backward_input_winograd(b, at.transformed_gradient, at.packed_backward, at.products,
                               scratch.blocks[i - 1].pooled_gradient);
      continue;
    }
    backward_weights(b, i ? scratch.blocks[i - 1].pooled : scratch.input, at.pooled_gradient, at.active, at.argmax,
                     at.pooled + frame, net.pooled_pitch(i), net.pooled_plane(i), at.dz, i > 0, sums.blocks[i].weight,
                     sums.blocks[i].bias);
    if (i) backward_input(b, at.dz, at.packed_backward, scratch.blocks[i - 1].pooled_gradient);
  }
}

// Winograd's algorithm sums transformed gradients: cleared at the beginning of a part, added to its sums at the end.
void begin_part(const Network &net, Scratch &scratch) {
  for (int i = 0; i < net.num_blocks; ++i)
    if (uses_winograd(net.blocks[i]))
      memset(scratch.blocks[i].transformed_sums, 0, transformed_size(net.blocks[i]) * sizeof(float));
}

void end_part(const Network &net, const Scratch &scratch, const PartialSums &sums) {
  for (int i = 0; i < net.num_blocks; ++i)
    if (uses_winograd(net.blocks[i]))
      finish_weights_winograd(net.blocks[i], scratch.blocks[i].transformed_sums, sums.blocks[i].weight);
}

}  // namespace
