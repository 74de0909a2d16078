// The arrays that the kernels compute in.
#pragma once
#include "network.h"
#include "winograd3.h"
#include "winograd5.h"
#include "workspace.h"

namespace {

// The weights of convolutions in the order in which the kernels read them, for all threads.
struct Packed {
  struct {
    float *forward, *backward;  // backward: NULL for the first stage, whose input needs no gradient
  } stages[MAX_STAGES];

  Packed(const Network &net, Workspace &space, bool training) {
    for (int i = 0; i < net.num_stages; ++i) {
      const Stage &stage = net.stages[i];
      stages[i] = {};
      int64_t count;
      if (stage.kind == BLOCK)
        count = (int64_t)stage.block.channels * stage.block.taps() * (uses_winograd(stage.block) ? POINTS : TAPS) / TAPS;
      else if (stage.kind == CONVOLUTION)
        count = (int64_t)stage.out.channels * stage.convolution.taps() * (uses_winograd(stage.convolution) ? POINTS : 3) / 3;
      else
        continue;
      stages[i].forward = space.take<float>(count);
      stages[i].backward = training && net.needs_input_gradient(i) ? space.take<float>(count) : nullptr;
    }
  }

  void pack(const Network &net, const float *weights, int index) const {
    const Stage &stage = net.stages[index];
    const float *of_stage = weights + stage.weights;
    float *forward = stages[index].forward, *backward = stages[index].backward;
    if (stage.kind == CONVOLUTION && uses_winograd(stage.convolution)) {
      pack_winograd(stage.convolution, of_stage, false, forward);
      if (backward) pack_winograd(stage.convolution, of_stage, true, backward);
    } else if (stage.kind == CONVOLUTION) {
      pack_forward(stage.convolution, of_stage, forward);
      if (backward) pack_backward(stage.convolution, of_stage, backward);
    } else if (stage.kind == BLOCK && uses_winograd(stage.block)) {
      pack_winograd(stage.block, of_stage, forward, backward);
    } else if (stage.kind == BLOCK) {
      pack_forward(stage.block, of_stage, forward);
      if (backward) pack_backward(stage.block, of_stage, backward);
    }
  }

  void pack_all(const Network &net, const float *weights) const {
    for (int i = 0; i < net.num_stages; ++i) pack(net, weights, i);
  }
};

// What a group of LANES images keeps from the forward for the backward pass. A network without batch normalization has
// one for each thread, which its groups use in turn; else every group of the batch has its own.
struct Activations {
  float *input;
  uint32_t *dropout_keys;  // of the lanes' images
  struct {
    float *out;
    float *gradient;  // of `out`, if it is used in another phase than that in which it is computed
    float *active;    // of a block with average pooling
    int32_t *argmax;  // of a block with max pooling
    float *transformed;  // of a block with Winograd's algorithm
  } stages[MAX_STAGES];

  Activations(const Network &net, Workspace &space, bool training) {
    input = space.take<float>(net.input.size());
    dropout_keys = space.take<uint32_t>(LANES);
    for (int i = 0; i < net.num_stages; ++i) {
      const Stage &stage = net.stages[i];
      auto &at = stages[i];
      at = {};
      at.out = space.take<float>(stage.out.size());
      if (training && stage.is_normalized()) at.gradient = space.take<float>(stage.gradient().size());
      if (stage.kind != BLOCK) continue;
      const Block &b = stage.block;
      if (uses_winograd(b)) at.transformed = space.take<float>((int64_t)POINTS * b.in_channels * input_plane(b));
      if (!training) continue;
      const int64_t pooled = (int64_t)b.channels * b.pooled() * LANES;
      if (b.pooling == LENET_AVERAGE_POOLING)
        at.active = space.take<float>(4 * pooled);
      else
        at.argmax = space.take<int32_t>(pooled);
    }
    space.take<char>(2 * ALIGNMENT);  // no two threads share a pair of cache lines, which a processor may fetch together
  }

  // Sets the frames of zeros, which nothing writes later.
  void clear(const Network &net) {
    memset(input, 0, net.input.size() * sizeof(float));
    for (int i = 0; i < net.num_stages; ++i)
      if (const Map &out = net.stages[i].out; out.frame) memset(stages[i].out, 0, out.size() * sizeof(float));
  }
};

// What a thread needs for one group at a time.
struct Scratch {
  uint8_t *shifted;   // copies of the images that are flipped or shifted
  uint16_t *corners;  // of V images that are augmented
  struct {
    float *gradient;  // of the stage's `out`, unless Activations keep it
    float *dz;        // of a block: the gradient before the activation
    float *products, *transformed_gradient, *transformed_sums;  // of a block with Winograd's algorithm
  } stages[MAX_STAGES];
  float *transformed, *products, *transformed_gradient, *transformed_sums;  // of a convolution with Winograd's algorithm
  float *lane_sums;  // of the gradient of some channels of a convolution
  float *rows;       // of the gradient of a dense layer, GRADIENT_ROWS of them

  Scratch(const Network &net, Workspace &space, bool training) {
    shifted = space.take<uint8_t>(LANES * net.input.count());
    corners = training ? space.take<uint16_t>(V * net.num_corners()) : nullptr;
    int64_t longest = 0, most_sums = 0, most_transformed = 0, most_products = 0, most_gradients = 0, most_points = 0;
    for (int i = 0; i < net.num_stages; ++i) {
      const Stage &stage = net.stages[i];
      auto &at = stages[i];
      at = {};
      if (stage.kind == BLOCK) add_block(net, space, i, training);
      if (stage.kind == CONVOLUTION && uses_winograd(stage.convolution)) {
        const Map in = framed(stage.in, 0), gradient = framed(stage.out, stage.frame);
        most_transformed = largest(most_transformed, transformed_size(stage.in, stage.out));
        most_products = largest(most_products, products_size(stage.out));
        if (training && net.needs_input_gradient(i)) {
          most_transformed = largest(most_transformed, transformed_size(gradient, in));
          most_products = largest(most_products, products_size(in));
        }
      }
      if (!training) continue;
      if (!stage.is_normalized()) at.gradient = space.take<float>(stage.gradient().size());
      if (stage.kind == DENSE) longest = largest(longest, stage.dense.pitch());
      if (stage.kind == CONVOLUTION && uses_winograd(stage.convolution)) {
        most_gradients = largest(most_gradients, transformed_gradient_size(stage.convolution));
        most_points = largest(most_points, transformed_sums_size(stage.convolution));
        most_sums = largest(most_sums, lane_sums_of_tile(stage.convolution));
      } else if (stage.kind == CONVOLUTION) {
        most_sums = largest(most_sums, lane_sums_size(stage.convolution));
      }
      if (stage.kind == BLOCK && !uses_winograd(stage.block))
        most_sums = largest(most_sums, lane_sums_size(stage.block.convolution()));
    }
    transformed = space.take<float>(most_transformed);
    products = space.take<float>(most_products);
    transformed_gradient = space.take<float>(most_gradients);
    transformed_sums = space.take<float>(most_points);
    lane_sums = space.take<float>(most_sums);
    rows = training ? space.take<float>(GRADIENT_ROWS * longest) : nullptr;
    space.take<char>(2 * ALIGNMENT);
  }

  void clear(const Network &net) {
    for (int i = 0; i < net.num_stages; ++i)
      if (stages[i].gradient && net.stages[i].frame)
        memset(stages[i].gradient, 0, net.stages[i].gradient().size() * sizeof(float));
  }

 private:
  static int64_t largest(int64_t a, int64_t b) { return a > b ? a : b; }

  void add_block(const Network &net, Workspace &space, int index, bool training) {
    const Block &b = net.stages[index].block;
    auto &at = stages[index];
    const bool is_inner = net.needs_input_gradient(index), winograd = uses_winograd(b);
    if (winograd) at.products = space.take<float>(products_size(b, training && is_inner));
    if (!training) return;
    if (winograd) {
      at.transformed_gradient = space.take<float>((int64_t)POINTS * b.channels * output_plane(b));
      at.transformed_sums = space.take<float>(transformed_size(b));
      at.dz = space.take<float>(2 * output_plane(b));
    } else if (is_inner) {  // with average pooling the activations are overwritten
      if (b.pooling == LENET_MAX_POOLING) at.dz = space.take<float>((int64_t)b.channels * 4 * b.pooled() * LANES);
    } else {  // its input needs no gradient, so dz holds a few rows at a time
      at.dz = space.take<float>(GRADIENT_CHANNELS * rows_at_once(b) * 4 * b.columns * LANES);
    }
  }
};

// `count` of them, one after the other, made in the workspace.
template <typename T>
T *take_many(const Network &net, Workspace &space, int64_t count, bool training) {
  T *all = space.take<T>(count);
  for (int64_t i = 0; i < count; ++i) {
    const T one(net, space, training);
    if (all) memcpy((void *)(all + i), &one, sizeof(T));
  }
  return all;
}

// No more threads than there are groups of images: the others would only wait.
int threads_for(int64_t num_images, int num_threads) {
  const int64_t groups = num_groups(num_images);
  return groups < num_threads ? (groups < 1 ? 1 : (int)groups) : num_threads;
}

}  // namespace
