// The arrays in which a thread computes.
#pragma once
#include "network.h"
#include "winograd.h"
#include "workspace.h"

namespace {

// The weights of the blocks in the order in which the kernels read them, for all threads.
struct Packed {
  struct {
    float *forward, *backward;  // backward: NULL for the first block, whose input needs no gradient
  } blocks[LENET_MAX_BLOCKS];

  Packed(const Network &net, Workspace &space, bool training) {
    for (int i = 0; i < net.num_blocks; ++i) {
      const Block &b = net.blocks[i];
      const int64_t count = (int64_t)b.channels * b.taps() * (uses_winograd(b) ? POINTS : TAPS) / TAPS;
      blocks[i].forward = space.take<float>(count);
      blocks[i].backward = training && i ? space.take<float>(count) : nullptr;
    }
  }

  void pack(const Network &net, const float *weights, int block) const {
    const Block &b = net.blocks[block];
    const float *of_block = weights + net.block_weights[block];
    if (uses_winograd(b)) {
      pack_winograd(b, of_block, blocks[block].forward, blocks[block].backward);
      return;
    }
    pack_forward(b, of_block, blocks[block].forward);
    if (blocks[block].backward) pack_backward(b, of_block, blocks[block].backward);
  }
};

// The arrays that one thread computes in, for LANES images at a time.
struct Scratch {
  float *input;
  uint8_t *shifted;  // copies of the images that are flipped or shifted
  uint16_t *corners;  // of V images that are augmented
  struct {
    const float *packed, *packed_backward;
    float *active, *pooled, *pooled_gradient, *dz;
    int32_t *argmax;
    float *transformed, *products, *transformed_gradient, *transformed_sums;  // with Winograd's algorithm
  } blocks[LENET_MAX_BLOCKS];
  struct {
    float *out, *gradient;
  } dense[LENET_MAX_DENSE];
  float *rows;  // of the gradient of a dense layer, GRADIENT_ROWS of them

  Scratch(const Network &net, Workspace &space, const Packed &packed, bool training) {
    input = space.take<float>(net.input_size());
    shifted = space.take<uint8_t>((int64_t)LANES * net.in_channels * net.height * net.width);
    if (training) corners = space.take<uint16_t>(V * net.num_corners());
    for (int i = 0; i < net.num_blocks; ++i) {
      const Block &b = net.blocks[i];
      auto &at = blocks[i];
      at = {};
      const bool winograd = uses_winograd(b);
      at.packed = packed.blocks[i].forward;
      at.packed_backward = packed.blocks[i].backward;
      at.pooled = space.take<float>(b.channels * net.pooled_plane(i));
      if (winograd) {
        at.transformed = space.take<float>((int64_t)POINTS * b.in_channels * input_plane(b));
        at.products = space.take<float>(products_size(b, training && i > 0));
      }
      if (!training) continue;
      if (winograd) {
        at.transformed_gradient = space.take<float>((int64_t)POINTS * b.channels * output_plane(b));
        at.transformed_sums = space.take<float>(transformed_size(b));
      }
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
    rows = training ? space.take<float>((int64_t)GRADIENT_ROWS * longest) : nullptr;
    space.take<char>(2 * ALIGNMENT);  // no two threads share a pair of cache lines, which a processor may fetch together
  }

  // Sets the frames of zeros, which nothing writes later.
  void clear(const Network &net) {
    memset(input, 0, net.input_size() * sizeof(float));
    for (int i = 0; i < net.num_blocks; ++i)
      memset(blocks[i].pooled, 0, net.blocks[i].channels * net.pooled_plane(i) * sizeof(float));
  }

  const float *features(const Network &net) const {
    return net.num_blocks ? blocks[net.num_blocks - 1].pooled : input;
  }
};

// One Scratch for each thread, all in one workspace. Built in place: the C++ library's allocator is not linked.
struct ScratchPerThread {
  alignas(Scratch) char storage[LENET_MAX_THREADS][sizeof(Scratch)];
  Scratch *of[LENET_MAX_THREADS];

  ScratchPerThread(const Network &net, Workspace &space, const Packed &packed, int num_threads, bool training) {
    for (int i = 0; i < num_threads; ++i) {
      Scratch scratch(net, space, packed, training);
      memcpy(storage[i], &scratch, sizeof(Scratch));
      of[i] = (Scratch *)storage[i];
    }
  }
};

// No more threads than there are groups of images: the others would only wait.
int threads_for(int64_t num_images, int num_threads) {
  const int64_t groups = num_groups(num_images);
  return groups < num_threads ? (groups < 1 ? 1 : (int)groups) : num_threads;
}

}  // namespace
