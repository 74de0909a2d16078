// The arrays in which a thread computes.
#pragma once
#include "network.h"
#include "winograd.h"
#include "workspace.h"

namespace {

// The arrays that one thread computes in, for LANES images at a time.
struct Scratch {
  float *input;
  uint8_t *shifted;  // copies of the images that are flipped or shifted
  struct {
    float *packed, *packed_backward, *active, *pooled, *pooled_gradient, *dz;
    int32_t *argmax;
    float *weight_gradient, *bias_gradient;
    float *transformed, *products, *transformed_gradient, *transformed_sums;  // with Winograd's algorithm
  } blocks[LENET_MAX_BLOCKS];
  struct {
    float *out, *gradient, *weight_gradient, *bias_gradient;
  } dense[LENET_MAX_DENSE];
  float *transposed;
  float *gradients;  // of all weights, num_gradients floats in one array
  int64_t num_gradients;
  double *loss;
  int64_t *num_correct;

  Scratch(const Network &net, Workspace &space, bool training) {
    input = space.take<float>(net.input_size());
    shifted = space.take<uint8_t>((int64_t)LANES * net.in_channels * net.height * net.width);
    for (int i = 0; i < net.num_blocks; ++i) {
      const Block &b = net.blocks[i];
      auto &at = blocks[i];
      at = {};
      const bool winograd = uses_winograd(b);
      const int64_t num_packed = (int64_t)b.channels * b.taps() * (winograd ? POINTS : TAPS) / TAPS;
      at.packed = space.take<float>(num_packed);
      at.pooled = space.take<float>(b.channels * net.pooled_plane(i));
      if (winograd) {
        at.transformed = space.take<float>((int64_t)POINTS * b.in_channels * input_plane(b));
        at.products = space.take<float>(products_size(b, training && i > 0));
      }
      if (!training) continue;
      if (i) at.packed_backward = space.take<float>(num_packed);
      if (winograd) at.transformed_gradient = space.take<float>((int64_t)POINTS * b.channels * output_plane(b));
      const int64_t pooled = (int64_t)b.channels * b.pooled() * LANES;
      at.pooled_gradient = space.take<float>(pooled);
      if (b.pooling == LENET_AVERAGE_POOLING)
        at.active = space.take<float>(4 * pooled);
      else
        at.argmax = space.take<int32_t>(pooled);
      if (winograd)
        at.dz = space.take<float>(2 * output_plane(b));
      else if (i == 0)  // its input needs no gradient, so dz holds a few rows at a time
        at.dz = space.take<float>(GRADIENT_CHANNELS * rows_at_once(b) * 4 * b.columns * LANES);
      else
        at.dz = b.pooling == LENET_AVERAGE_POOLING ? at.active : space.take<float>(4 * pooled);
    }
    int longest = 0;
    for (int i = 0; i < net.num_dense; ++i) {
      dense[i] = {};
      dense[i].out = space.take<float>(net.dense[i].outputs * LANES);
      if (training) dense[i].gradient = space.take<float>(net.dense[i].outputs * LANES);
      longest = longest > net.dense[i].pitch() ? longest : net.dense[i].pitch();
    }
    transposed = nullptr, gradients = nullptr, num_gradients = 0;
    if (training) {
      transposed = space.take<float>((int64_t)longest * LANES);
      space.fenced = false;  // the arrays of gradients follow each other, so that one memset clears them
      gradients = space.take<float>(0);
      const int64_t before = space.used;
      for (int i = 0; i < net.num_blocks; ++i) {
        const int64_t size = (int64_t)net.blocks[i].channels * net.blocks[i].taps();
        const bool winograd = uses_winograd(net.blocks[i]);
        blocks[i].weight_gradient = space.take<float>(winograd ? size : size * V);
        if (winograd) blocks[i].transformed_sums = space.take<float>(size / TAPS * POINTS * V);
        blocks[i].bias_gradient = space.take<float>(net.blocks[i].channels * V);
      }
      for (int i = 0; i < net.num_dense; ++i) {
        dense[i].weight_gradient = space.take<float>((int64_t)net.dense[i].outputs * net.dense[i].pitch());
        dense[i].bias_gradient = space.take<float>(net.dense[i].outputs * V);
      }
      num_gradients = (space.used - before) / (int64_t)sizeof(float);
      space.fenced = true;
    }
    loss = space.take<double>(1);
    num_correct = space.take<int64_t>(1);
    space.take<char>(2 * ALIGNMENT);  // no two threads share a pair of cache lines, which a processor may fetch together
  }

  // Sets the frames of zeros, which no later step writes, and the unused end of each transposed row.
  void clear(const Network &net) {
    memset(input, 0, net.input_size() * sizeof(float));
    for (int i = 0; i < net.num_blocks; ++i)
      memset(blocks[i].pooled, 0, net.blocks[i].channels * net.pooled_plane(i) * sizeof(float));
    if (transposed) memset(transposed, 0, net.dense[0].pitch() * LANES * sizeof(float));
  }

  void pack(const Network &net, const float *weights) {
    for (int i = 0; i < net.num_blocks; ++i) {
      if (uses_winograd(net.blocks[i])) {
        pack_winograd(net.blocks[i], weights + net.block_weights[i], blocks[i].packed, blocks[i].packed_backward);
        continue;
      }
      pack_forward(net.blocks[i], weights + net.block_weights[i], blocks[i].packed);
      if (blocks[i].packed_backward)
        pack_backward(net.blocks[i], weights + net.block_weights[i], blocks[i].packed_backward);
    }
  }

  const float *features(const Network &net) const {
    return net.num_blocks ? blocks[net.num_blocks - 1].pooled : input;
  }
};

int64_t workspace_size(const Network &net, int num_threads, bool training) {
  Workspace space{nullptr};
  for (int i = 0; i < num_threads; ++i) Scratch scratch(net, space, training);
  return space.used;
}

// One Scratch for each thread, all in one workspace. Built in place: the C++ library's allocator is not linked.
struct ScratchPerThread {
  alignas(Scratch) char storage[LENET_MAX_THREADS][sizeof(Scratch)];
  Scratch *of[LENET_MAX_THREADS];

  ScratchPerThread(const Network &net, Workspace space, int num_threads, bool training) {
    allow(space.memory, workspace_size(net, num_threads, training));
    for (int i = 0; i < num_threads; ++i) {
      Scratch scratch(net, space, training);
      memcpy(storage[i], &scratch, sizeof(Scratch));
      of[i] = (Scratch *)storage[i];
    }
  }
};

// No more threads than there are groups of images: the others would only wait.
int threads_for(int64_t num_images, int num_threads) {
  const int64_t groups = (num_images + LANES - 1) / LANES;
  return groups < num_threads ? (groups < 1 ? 1 : (int)groups) : num_threads;
}

}  // namespace
