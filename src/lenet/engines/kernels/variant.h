// The functions that each variant of the kernels provides to engine.cpp.
#pragma once
#include "interface.h"

struct Variant {
  const char *name;
  int64_t (*workspace_size)(const lenet_network &, int64_t num_images, int num_threads, bool training);
  int64_t (*train)(const lenet_network &, const lenet_images &, const lenet_plan &, const lenet_optimizer &,
                   int64_t start, int64_t stop, double *losses, int64_t *num_correct, void *workspace,
                   int num_threads);
  int64_t (*logits)(const lenet_network &, const lenet_images &, int64_t num, const float *weights, float *logits,
                    void *workspace, int num_threads);
};
