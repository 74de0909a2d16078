// Softmax cross-entropy of LANES images at once.
#pragma once
#include <math.h>

#include "activation.h"

// logits [classes][LANES] become their gradient: (softmax · (sum of targets) - target) · scale. Lanes from `num` on hold no image.
//
// The target of an image of class y with smoothing s is w[y] (1 - s) for its class, plus w[k] s / C for each class k, where w
// are the weights of the C classes; without weights its sum is 1. Its loss is the sum of -target · log softmax. Loss and
// gradient are those of torch.nn.CrossEntropyLoss if `scale` is 1 / (sum of w[y] over the batch).
template <bool IS_WEIGHTED>
static void cross_entropy(int classes, float *logits, const int64_t *labels, int num, float scale, float smoothing,
                          const float *weights, double *loss, int64_t *num_correct) {
  alignas(64) int32_t label[LANES], best[LANES];
  alignas(64) float scales[LANES], own[LANES], largest[LANES], total[LANES], label_logit[LANES], logit_sum[LANES];
  for (int lane = 0; lane < LANES; ++lane) {
    label[lane] = lane < num ? (int32_t)labels[lane] : 0;
    scales[lane] = lane < num ? scale : 0.f;
    if (IS_WEIGHTED) own[lane] = (1.f - smoothing) * weights[label[lane]];
  }
  const float even = smoothing / (float)classes;  // of the target, for every class
  float shared = 0.f;                             // of the sum of targets
  for (int k = 0; IS_WEIGHTED && k < classes; ++k) shared += even * weights[k];
  for (int h = 0; h < LANES; h += V) {
    vec most = load(logits + h), all = IS_WEIGHTED ? most * weights[0] : most;
    ivec which = splat(0);
    const ivec wanted = *(const ivec *)(label + h);
    vec at_label = most;
    for (int k = 1; k < classes; ++k) {
      vec z = load(logits + k * LANES + h);
      which = z > most ? splat(k) : which;
      at_label = wanted == splat(k) ? z : at_label;
      most = larger(most, z);
      all += IS_WEIGHTED ? z * weights[k] : z;
    }
    vec sum = splat(0.f);
    for (int k = 0; k < classes; ++k) {
      float *z = logits + k * LANES + h;
      vec e = exponential(larger(splat(-87.f), load(z) - most));
      store(z, e);
      sum += e;
    }
    const vec factor = load(scales + h), inverse = 1.f / sum;
    for (int k = 0; k < classes; ++k) {
      float *z = logits + k * LANES + h;
      if (IS_WEIGHTED) {
        const vec mine = load(own + h), base = splat(even * weights[k]);
        vec target = wanted == splat(k) ? mine + base : base;
        store(z, (load(z) * inverse * (mine + shared) - target) * factor);
      } else {
        vec target = wanted == splat(k) ? splat(1.f - smoothing + even) : splat(even);
        store(z, (load(z) * inverse - target) * factor);
      }
    }
    *(ivec *)(best + h) = which;
    store(largest + h, most);
    store(total + h, sum);
    store(label_logit + h, at_label);
    store(logit_sum + h, all);
  }
  for (int lane = 0; lane < num; ++lane) {
    double normaliser = log((double)total[lane]) + (double)largest[lane];
    if (IS_WEIGHTED)
      *loss += ((double)own[lane] + (double)shared) * normaliser - (double)own[lane] * (double)label_logit[lane];
    else
      *loss += normaliser - (1. - (double)smoothing) * (double)label_logit[lane];
    if (smoothing) *loss -= (double)even * (double)logit_sum[lane];  // without smoothing, infinite sums must not matter
    *num_correct += best[lane] == label[lane];
  }
}

// weights: of the classes, or NULL.
static void cross_entropy(int classes, float *logits, const int64_t *labels, int num, float scale, float smoothing,
                          const float *weights, double *loss, int64_t *num_correct) {
  if (weights)
    cross_entropy<true>(classes, logits, labels, num, scale, smoothing, weights, loss, num_correct);
  else
    cross_entropy<false>(classes, logits, labels, num, scale, smoothing, weights, loss, num_correct);
}
