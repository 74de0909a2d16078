// Steps and logits of the kernels in a program of their own, to run it under an emulator of another processor (emulate.py) or
// with the thread sanitizer (sanitize.py).
// Reads structures and arrays from stdin, in the order below, and writes losses, weights, their average if there is one, and
// logits to stdout.
#include <stdio.h>
#include <stdlib.h>

#include "interface.h"

template <typename T>
static T *read(int64_t count) {
  const size_t size = count * sizeof(T);
  T *memory = (T *)aligned_alloc(64, (size + 127) / 64 * 64);
  if (!memory || fread(memory, 1, size, stdin) != size) exit(2);
  return memory;
}

template <typename T>
static T *read_if(const T *there, int64_t count) {
  return there ? read<T>(count) : nullptr;
}

int main() {
  const lenet_network *network = read<lenet_network>(1);
  lenet_images *images = read<lenet_images>(1);
  lenet_plan *plan = read<lenet_plan>(1);
  lenet_optimizer *optimizer = read<lenet_optimizer>(1);
  const int64_t *sizes = read<int64_t>(5);
  const int64_t num_bytes = sizes[0], num_images = sizes[1], num_weights = sizes[2], num_steps = sizes[3];
  const int num_threads = (int)sizes[4];
  images->pixels = read<uint8_t>(num_bytes);
  images->labels = read<int64_t>(num_images);
  const int64_t num_classes = network->layers[network->num_layers - 1].outputs;
  images->targets = read_if((const uint8_t *)images->targets,
                            num_images * images->target_views * num_classes * (images->targets_are_half ? 2 : 4));
  plan->order = read<int64_t>(plan->num_positions);
  plan->flips = read_if(plan->flips, plan->num_positions);
  plan->shifts = read_if(plan->shifts, 2 * plan->num_positions);
  plan->maps = read_if(plan->maps, 4 * plan->num_positions);
  plan->tones = read_if(plan->tones, 2 * plan->num_positions);
  plan->erased = read_if(plan->erased, 4 * plan->num_positions);
  plan->dropout_keys = read_if(plan->dropout_keys, plan->num_positions);
  optimizer->weights = read<float>(num_weights);
  optimizer->gradient = read<float>(num_weights);
  optimizer->first = read_if(optimizer->first, num_weights);
  optimizer->second = read_if(optimizer->second, num_weights);
  optimizer->rates = read<double>(num_steps);
  optimizer->first_corrections = read_if(optimizer->first_corrections, num_steps);
  optimizer->second_corrections = read_if(optimizer->second_corrections, num_steps);
  optimizer->average = read_if(optimizer->average, num_weights);
  optimizer->average_shares = read_if(optimizer->average_shares, num_steps);
  optimizer->class_weights = read_if(optimizer->class_weights, num_classes);

  int32_t variant = 0;  // the fastest that this processor runs
  while (variant < lenet_num_variants() && !lenet_variant_runs_here(variant)) ++variant;
  if (variant == lenet_num_variants()) return 3;
  const int64_t for_steps = lenet_workspace_size(variant, network, plan->batch_size, num_threads, 1);
  const int64_t for_logits = lenet_workspace_size(variant, network, num_images, num_threads, 0);
  const int64_t size = for_steps > for_logits ? for_steps : for_logits;
  void *workspace = aligned_alloc(64, (size + 127) / 64 * 64);
  double *losses = (double *)calloc(num_steps, sizeof(double));
  int64_t num_correct;
  if (lenet_train(variant, network, images, plan, optimizer, 0, num_steps, losses, &num_correct, workspace,
                  num_threads) != num_steps)
    return 4;
  const int64_t num_logits = num_images * num_classes;
  float *logits = (float *)malloc(num_logits * sizeof(float));
  const float *evaluated = optimizer->average ? optimizer->average : optimizer->weights;
  if (lenet_logits(variant, network, images, num_images, evaluated, logits, workspace, num_threads) != num_images)
    return 5;
  fwrite(losses, sizeof(double), num_steps, stdout);
  fwrite(optimizer->weights, sizeof(float), num_weights, stdout);
  if (optimizer->average) fwrite(optimizer->average, sizeof(float), num_weights, stdout);
  fwrite(logits, sizeof(float), num_logits, stdout);
  return 0;
}
