// SGD, Adam and AdamW on a part of the weight vector, with the formulas of pytorch/optimizer.py, and the average of the weights.
#pragma once
#include <math.h>

#include "interface.h"

static void take_step(const lenet_optimizer &o, int64_t step, int64_t first, int64_t last) {
  float *__restrict w = o.weights, *__restrict g = o.gradient, *__restrict m = o.first, *__restrict s = o.second;
  const float rate = (float)o.rates[step];
  if (o.kind == LENET_SGD) {
    // Two loops: of one loop with a condition, Clang makes masked loads from NULL, which take a hundred cycles.
    if (!m)
      for (int64_t i = first; i < last; ++i) w[i] -= rate * (g[i] + o.weight_decay * w[i]);
    else
      for (int64_t i = first; i < last; ++i) {
        const float d = g[i] + o.weight_decay * w[i];
        m[i] = o.momentum * m[i] + d;
        w[i] -= rate * (o.nesterov ? d + o.momentum * m[i] : m[i]);
      }
    return;
  }
  const float rate_now = (float)(o.rates[step] / o.first_corrections[step]);
  const float inverse = (float)(1. / sqrt(o.second_corrections[step]));
  const float decay = o.kind == LENET_ADAMW ? 0.f : o.weight_decay;
  const float kept = o.kind == LENET_ADAMW ? (float)(1. - o.rates[step] * (double)o.weight_decay) : 1.f;
  const float new1 = (float)(1. - o.beta1), beta2 = (float)o.beta2, new2 = (float)(1. - o.beta2);
  for (int64_t i = first; i < last; ++i) {
    float weight = w[i] * kept, d = g[i] + decay * weight;
    m[i] += (d - m[i]) * new1;
    s[i] = s[i] * beta2 + d * d * new2;
    w[i] = weight - rate_now * m[i] / (sqrtf(s[i]) * inverse + o.epsilon);
  }
}

// The exponential moving average: a + (w - a) · share, as torch.lerp rounds it, so that a share of 1 copies the weights.
static void take_average(const lenet_optimizer &o, int64_t step, int64_t first, int64_t last) {
  const float *__restrict w = o.weights;
  float *__restrict a = o.average;
  const float share = (float)o.average_shares[step], rest = (float)(1. - o.average_shares[step]);
  if (share < .5f)
    for (int64_t i = first; i < last; ++i) a[i] += (w[i] - a[i]) * share;
  else
    for (int64_t i = first; i < last; ++i) a[i] = w[i] - (w[i] - a[i]) * rest;
}

static void update(const lenet_optimizer &o, int64_t step, int64_t first, int64_t last) {
  take_step(o, step, first, last);
  if (o.average) take_average(o, step, first, last);
}
