// Clipping of the gradient by its norm, as torch.nn.utils.clip_grad_norm_ does it.
#pragma once
#include <math.h>

#include "interface.h"

// min(1, clip_norm / (norm + 1e-6)), with the norm over all weights. Every thread computes it from the whole gradient in one
// order, so it does not depend on the number of threads. NaN if the norm is NaN.
static float clip_coefficient(const lenet_optimizer &o, int64_t num_weights) {
  constexpr int SUMS = 16;  // independent of each other, so that they fill vectors and hide their latency
  double squares[SUMS] = {};
  int64_t i = 0;
  for (; i + SUMS <= num_weights; i += SUMS)
    for (int k = 0; k < SUMS; ++k) squares[k] += (double)o.gradient[i + k] * (double)o.gradient[i + k];
  for (; i < num_weights; ++i) squares[0] += (double)o.gradient[i] * (double)o.gradient[i];
  double total = 0.;
  for (int k = 0; k < SUMS; ++k) total += squares[k];
  const double coefficient = (double)o.clip_norm / (sqrt(total) + 1e-6);
  return coefficient > 1. ? 1.f : (float)coefficient;
}

static void scale_gradient(const lenet_optimizer &o, float coefficient, int64_t first, int64_t last) {
  if (coefficient == 1.f) return;
  for (int64_t i = first; i < last; ++i) o.gradient[i] *= coefficient;
}
