// The loss of LANES images at once and its gradient: softmax cross-entropy, perhaps with a teacher's soft targets.
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

// The number that a half holds, if it is finite.
INLINE float from_half(uint16_t half) {
  const uint32_t bits = (uint32_t)(half & 0x7fff) << 13;
  float size;
  memcpy(&size, &bits, sizeof size);
  size *= 0x1p112f;  // the exponent of a half has the bias 15, that of a float 127
  return half & 0x8000 ? -size : size;
}

// Copies the targets of the images at positions first … first + num - 1 of the plan into out, [classes][LANES]. Lanes from
// `num` on repeat the first image's.
static void gather_targets(int classes, const lenet_images &images, const lenet_plan &plan, int64_t first, int num,
                           float *out) {
  for (int lane = 0; lane < LANES; ++lane) {
    const int64_t position = lane < num ? first + lane : first;
    const bool is_mirrored = images.target_views == 2 && plan.flips && plan.flips[position];
    const int64_t row = (plan.order[position] * images.target_views + is_mirrored) * classes;
    for (int k = 0; k < classes; ++k)
      out[k * LANES + lane] = images.targets_are_half ? from_half(((const uint16_t *)images.targets)[row + k])
                                                      : ((const float *)images.targets)[row + k];
  }
}

// targets [classes][LANES], a teacher's logits, become the gradient of factors[lane] · T² · KL(p, q), where
// p = softmax(targets / T), q = softmax(logits / T): factors[lane] · T · (q - p). divergences[lane]: KL(p, q).
//
// Hinton, Vinyals and Dean (2015), arXiv 1503.02531. T² keeps the gradient's size where T is large. The cross-entropy of p
// and q is larger than KL(p, q) by the entropy of p, a constant: it has the same gradient, but is not 0 if q = p.
static void distill(int classes, const float *logits, float *targets, const float *factors, float temperature,
                    double *divergences) {
  const float inverse = 1.f / temperature;
  alignas(64) float products[LANES], student[LANES], teacher[LANES];
  for (int h = 0; h < LANES; h += V) {
    vec most = load(logits + h), most_taught = load(targets + h);
    for (int k = 1; k < classes; ++k) {
      most = larger(most, load(logits + k * LANES + h));
      most_taught = larger(most_taught, load(targets + k * LANES + h));
    }
    vec sum = splat(0.f), sum_taught = sum, product = sum;
    for (int k = 0; k < classes; ++k) {
      const vec z = (load(logits + k * LANES + h) - most) * inverse;
      const vec t = (load(targets + k * LANES + h) - most_taught) * inverse;
      const vec p = exponential(larger(splat(-87.f), t));
      sum += exponential(larger(splat(-87.f), z));
      sum_taught += p;
      product += p * (t - z);
      store(targets + k * LANES + h, p);
    }
    const vec factor = load(factors + h) * temperature, of_student = 1.f / sum, of_teacher = 1.f / sum_taught;
    for (int k = 0; k < classes; ++k) {
      const vec e = exponential(larger(splat(-87.f), (load(logits + k * LANES + h) - most) * inverse));
      store(targets + k * LANES + h, (e * of_student - load(targets + k * LANES + h) * of_teacher) * factor);
    }
    store(products + h, product);
    store(student + h, sum);
    store(teacher + h, sum_taught);
  }
  for (int lane = 0; lane < LANES; ++lane) {
    const double total = (double)teacher[lane];
    divergences[lane] = (double)products[lane] / total + log((double)student[lane] / total);
  }
}

// As loss_and_gradient, with soft targets. Not inline, for its large array.
__attribute__((noinline)) static void loss_with_targets(int classes, float *logits, const int64_t *labels,
                                                        const lenet_images &images, const lenet_plan &plan,
                                                        const lenet_optimizer &optimizer, int64_t first, int num,
                                                        float scale, double *loss, int64_t *num_correct) {
  const float share = optimizer.teacher_weight, T = optimizer.temperature;
  alignas(64) float gradient[LENET_MAX_CLASSES * LANES], factors[LANES];
  double divergences[LANES], of_labels = 0.;
  const float *weights = optimizer.class_weights;
  for (int lane = 0; lane < LANES; ++lane)
    factors[lane] = lane < num ? scale * share * (weights ? weights[labels[lane]] : 1.f) : 0.f;
  gather_targets(classes, images, plan, first, num, gradient);
  distill(classes, logits, gradient, factors, T, divergences);
  cross_entropy(classes, logits, labels, num, scale * (1.f - share), optimizer.label_smoothing, weights, &of_labels,
                num_correct);
  for (int i = 0; i < classes * LANES; i += V) store(logits + i, load(logits + i) + load(gradient + i));
  *loss += (1. - (double)share) * of_labels;
  for (int lane = 0; lane < num; ++lane)
    *loss += (double)share * (double)T * (double)T * (weights ? (double)weights[labels[lane]] : 1.) * divergences[lane];
}

// The logits [classes][LANES] of the images at positions first … first + num - 1 of the plan become the gradient of these
// images' part of the batch's mean loss, and the sum of their losses is added to `loss`. weight: of the batch.
//
// With soft targets and W = teacher_weight, the loss of an image is (1 - W) · cross-entropy + W · T² · KL(p, q), where the
// weight of its class multiplies the divergence.
static void loss_and_gradient(int classes, float *logits, const lenet_images &images, const lenet_plan &plan,
                              const lenet_optimizer &optimizer, int64_t first, int num, double weight, double *loss,
                              int64_t *num_correct) {
  const float scale = 1.f / (float)weight;
  int64_t labels[LANES];
  for (int lane = 0; lane < num; ++lane) labels[lane] = images.labels[plan.order[first + lane]];
  if (images.targets)
    loss_with_targets(classes, logits, labels, images, plan, optimizer, first, num, scale, loss, num_correct);
  else
    cross_entropy(classes, logits, labels, num, scale, optimizer.label_smoothing, optimizer.class_weights, loss,
                  num_correct);
}
