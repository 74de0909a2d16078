// The sum of the threads' gradients.
#pragma once
#include "scratch.h"

namespace {

// A part of the weight vector: rows × length floats. Its gradients are rows of `pitch` floats, or V floats for each weight if
// is_per_lane.
struct Segment {
  int64_t begin, rows, length, pitch;
  int64_t offset;  // of its gradients in Scratch::gradients
  bool is_per_lane;
};

int segments_of(const Network &net, const Scratch &scratch, Segment *segments) {
  int count = 0;
  for (int i = 0; i < net.num_blocks; ++i) {
    const int64_t size = (int64_t)net.blocks[i].channels * net.blocks[i].taps();
    segments[count++] = {net.block_weights[i], 1, size, 0, scratch.blocks[i].weight_gradient - scratch.gradients,
                       !uses_winograd(net.blocks[i])};
    segments[count++] = {net.block_weights[i] + size, 1, net.blocks[i].channels, 0,
                       scratch.blocks[i].bias_gradient - scratch.gradients, true};
  }
  for (int i = 0; i < net.num_dense; ++i) {
    const Dense &d = net.dense[i];
    segments[count++] = {net.dense_weights[i], d.outputs, d.inputs, d.pitch(),
                       scratch.dense[i].weight_gradient - scratch.gradients, false};
    segments[count++] = {net.dense_weights[i] + (int64_t)d.outputs * d.inputs, 1, d.outputs, 0,
                       scratch.dense[i].bias_gradient - scratch.gradients, true};
  }
  return count;
}

// The gradients of weights first … last - 1: sums over threads, in their order, and over lanes.
void reduce(const Segment *segments, int num_segments, float *const *gradients, int num_threads, int64_t first, int64_t last,
            float *out) {
  for (const Segment *segment = segments; segment < segments + num_segments; ++segment) {
    for (int64_t row = 0; row < segment->rows; ++row) {
      const int64_t begin = segment->begin + row * segment->length;
      const int64_t from = begin > first ? begin : first;
      const int64_t to = begin + segment->length < last ? begin + segment->length : last;
      if (from >= to) continue;
      for (int thread = 0; thread < num_threads; ++thread) {
        const float *of_row = gradients[thread] + segment->offset + row * segment->pitch;
        if (segment->is_per_lane)
          for (int64_t i = from; i < to; ++i) out[i] = (thread ? out[i] : 0.f) + sum(of_row + (i - begin) * V);
        else
          for (int64_t i = from; i < to; ++i) out[i] = (thread ? out[i] : 0.f) + of_row[i - begin];
      }
    }
  }
}

}  // namespace
