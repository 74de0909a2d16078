// A block of 5 × 5 kernels with six multiplications where the sum over a row's taps has ten: Winograd's minimal algorithm
// F(2, 5), along the rows (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, section 4.1).
//
// Two neighbouring outputs y of six neighbouring inputs x and five taps w are y = Aᵀ [(G w) ∘ (Bᵀ x)]. What is between
// the brackets is summed over input channels and kernel rows before Aᵀ is taken. Backward, by the same matrices transposed:
// the gradient of w is Gᵀ [(A dy) ∘ (Bᵀ x)], summed over everything before Gᵀ is taken, and that of x is
// B [(G w) ∘ (A dy)]. Two outputs are one side of a pooling window, so there are always whole pairs.
//
// The matrices come from interpolation (Toom and Cook) at the points 0, 1, -1, 1/2, -2 and infinity, whose rounding errors
// are the smallest for six (Barabasz and others, "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep
// Neural Networks", 2020).
#pragma once
#include "block.h"
#include "winograd.h"

constexpr int TAPS = 5;

constexpr double G[POINTS][TAPS] = {
    {1., 0., 0., 0., 0.},
    {1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3},
    {-1. / 3, 1. / 3, -1. / 3, 1. / 3, -1. / 3},
    {-16. / 15, -8. / 15, -4. / 15, -2. / 15, -1. / 15},
    {1. / 15, -2. / 15, 4. / 15, -8. / 15, 16. / 15},
    {0., 0., 0., 0., 1.},
};

// x, the input of a block, at the points: [point][in_channels][2 · rows + 4][columns][LANES]. Gradients at the points, and
// products, have the same rows of `columns` pairs.
INLINE int pair_pitch(const Block &b) { return b.columns * LANES; }
INLINE int input_plane(const Block &b) { return (2 * b.rows + TAPS - 1) * pair_pitch(b); }
INLINE int output_plane(const Block &b) { return 2 * b.rows * pair_pitch(b); }

// Which blocks use it. With few input channels the transforms cost what the products save; and without fused multiply-add, the
// error of the logits may be three times PyTorch's.
static bool uses_winograd(const Block &b) { return IS_FUSED && b.kernel == TAPS && b.in_channels >= 4; }

// Floats that the products of one tile of channels take: forward for two rows, backward for all of the input's.
INLINE int products_size(const Block &b, bool backward) {
  return PRODUCT_CHANNELS * POINTS * (backward ? b.in_rows : 2) * pair_pitch(b);
}

// G w, [point][channel][kernel row][length] for each tile of output channels; and if `backward` is not NULL, there
// [point][output channel][kernel row][length] for each tile of input channels.
static void pack_winograd(const Block &b, const float *weight, float *forward, float *backward) {
  for (int channel = 0; channel < b.channels; ++channel) {
    const Tile tile = tile_with(b.channels, PRODUCT_CHANNELS, channel);
    for (int in = 0; in < b.in_channels; ++in) {
      const Tile in_tile = tile_with(b.in_channels, PRODUCT_CHANNELS, in);
      for (int ky = 0; ky < TAPS; ++ky, weight += TAPS)
        for (int e = 0; e < POINTS; ++e) {
          float u = 0.f;
          for (int kx = 0; kx < TAPS; ++kx) u += (float)G[e][kx] * weight[kx];
          forward[((tile.first * POINTS + e * tile.length) * b.in_channels + in * tile.length) * TAPS + ky * tile.length +
                  channel - tile.first] = u;
          if (backward)
            backward[((in_tile.first * POINTS + e * in_tile.length) * b.channels + channel * in_tile.length) * TAPS +
                     ky * in_tile.length + in - in_tile.first] = u;
        }
    }
  }
}

// Bᵀ x
static void transform_input(const Block &b, const float *x, float *out) {
  const int pitch = pair_pitch(b), in_pitch = b.in_columns * LANES, rows = 2 * b.rows + TAPS - 1;
  const int64_t point = (int64_t)b.in_channels * input_plane(b);
  for (int channel = 0; channel < b.in_channels; ++channel)
    for (int row = 0; row < rows; ++row) {
      const float *in = x + (channel * b.in_rows + row) * in_pitch;
      float *o = out + channel * input_plane(b) + row * pitch;
      for (int h = 0; h < LANES; h += V) {
        vec d0 = load(in + h), d1 = load(in + LANES + h), d2 = load(in + 2 * LANES + h), d3 = load(in + 3 * LANES + h);
        for (int column = 0; column < b.columns; ++column) {
          const int i = column * LANES + h;
          vec d4 = load(in + 2 * i - h + 4 * LANES), d5 = load(in + 2 * i - h + 5 * LANES);
          vec even = d4 - d2, odd = d3 - d1;
          store(o + i, (d0 - d2) + even + 1.5f * odd);
          store(o + point + i, d4 + 2.5f * d3 + (0.5f * d2 - d1));
          store(o + 2 * point + i, d4 + 0.5f * d3 - (2.5f * d2 - d1));
          store(o + 3 * point + i, even + 2.f * odd);
          store(o + 4 * point + i, even - 0.5f * odd);
          store(o + 5 * point + i, (d5 - d3) - odd + 1.5f * even);
          d0 = d2, d1 = d3, d2 = d4, d3 = d5;
        }
      }
    }
}

// The forward pass of a block: see `forward` for what it has in common with it. transformed: for Bᵀ x, kept for backward.
static void forward_winograd(const Block &b, const float *x, const float *packed, const float *bias, float *transformed,
                            float *products, float *active, int32_t *argmax, float *pooled, int pooled_pitch,
                            int pooled_plane) {
  transform_input(b, x, transformed);
  const int pitch = pair_pitch(b), in_plane = input_plane(b), plane = POINTS * 2 * pitch;
  for (int index = 0; index < num_tiles(b.channels, PRODUCT_CHANNELS); ++index) {
    const Tile tile = tile_of(b.channels, PRODUCT_CHANNELS, index);
    for (int row = 0; row < b.rows; ++row) {
      for (int e = 0; e < POINTS; ++e) {
        const float *w = packed + (tile.first * POINTS + e * tile.length) * b.in_channels * TAPS;
        const float *in = transformed + (int64_t)e * b.in_channels * in_plane + 2 * row * pitch;
        for (int side = 0; side < 2; ++side)
          row_of_products<TAPS>(tile.length, b.columns * H, b.in_channels, 0, TAPS, in + side * pitch, in_plane, pitch, w,
                          products + (2 * e + side) * pitch, plane);
      }
      for (int c = 0; c < tile.length; ++c) {
        const int64_t channel = tile.first + c;
        const Window window = {b, row, active ? active + channel * 4 * b.pooled() * LANES : nullptr,
                               argmax ? argmax + channel * b.pooled() * LANES : nullptr,
                               pooled + channel * pooled_plane + row * pooled_pitch};
        const vec start = splat(bias[channel]);
        for (int i = 0; i < pitch; i += V) {
          const float *m = products + c * plane + i;
          vec y[4];
          UNROLL
          for (int side = 0; side < 2; ++side, m += pitch) {
            vec m1 = load(m + 2 * pitch), m2 = load(m + 4 * pitch), m3 = load(m + 6 * pitch), m4 = load(m + 8 * pitch);
            y[2 * side] = start + ((load(m) + (m1 + m2)) + (m3 + m4));
            y[2 * side + 1] = start + ((load(m + 10 * pitch) + (m1 - m2)) + (0.5f * m3 - 2.f * m4));
          }
          window.put(i / LANES, i % LANES, y[0], y[1], y[2], y[3]);
        }
      }
    }
  }
}

// A dy into `gradient`, [point][channels][2 · rows][columns][LANES]; adds to the gradients of G w, [point][channel][in
// channel][kernel row][V], and of the bias, [channel][V]. dz: for one channel's gradient before the activation.
static void backward_weights_winograd(const Block &b, const float *transformed, const float *pooled_gradient,
                                     const float *active, const int32_t *argmax, const float *pooled, int pooled_pitch,
                                     int pooled_plane, float *dz, float *gradient, float *sums, float *bias_out) {
  const int plane = output_plane(b);
  const int64_t point = (int64_t)b.channels * plane;
  for (int channel = 0; channel < b.channels; ++channel) {
    const int64_t at = (int64_t)channel * b.pooled() * LANES;
    unpool(b, 0, b.rows, pooled_gradient + at, active ? active + 4 * at : nullptr, argmax ? argmax + at : nullptr,
           pooled + channel * pooled_plane, pooled_pitch, dz, bias_out + channel * V);
    float *out = gradient + channel * plane;
    for (int i = 0; i < plane; i += V) {
      const float *pair = dz + 2 * i - i % LANES;
      vec left = load(pair), right = load(pair + LANES);
      store(out + i, left);
      store(out + point + i, left + right);
      store(out + 2 * point + i, left - right);
      store(out + 3 * point + i, left + 0.5f * right);
      store(out + 4 * point + i, left - 2.f * right);
      store(out + 5 * point + i, right);
    }
  }
  for (int e = 0; e < POINTS; ++e) {
    const float *x = transformed + (int64_t)e * b.in_channels * input_plane(b);
    for (int index = 0; index < num_tiles(b.channels, GRADIENT_OUTPUTS); ++index) {
      Tile tile = tile_of(b.channels, GRADIENT_OUTPUTS, index);
      const float *dy = gradient + e * point + tile.first * plane;
      float *out = sums + (int64_t)(e * b.channels + tile.first) * b.in_channels * TAPS * V;
#define CHANNELS(C)                                                                                                     \
  gradient_products<at_most(C, GRADIENT_OUTPUTS), TAPS>(true, b.in_channels, plane, dy, plane, x, input_plane(b), pair_pitch(b), \
                                                        out)
      WITH_CONSTANT(tile.length, CHANNELS)
#undef CHANNELS
    }
  }
}

// Floats of the transformed sums, [POINTS][channels][in_channels][ky][V].
static int64_t transformed_size(const Block &b) { return (int64_t)POINTS * b.channels * b.in_channels * TAPS * V; }

// Adds Gᵀ of the sums over images and lanes to the gradient of the weights, in PyTorch's layout.
static void finish_weights_winograd(const Block &b, const float *sums, float *weight_out) {
  const int rows = b.channels * b.in_channels * TAPS;
  for (int row = 0; row < rows; ++row) {
    float at[POINTS];
    for (int e = 0; e < POINTS; ++e) at[e] = sum(sums + ((int64_t)e * rows + row) * V);
    for (int kx = 0; kx < TAPS; ++kx) {
      float total = 0.f;
      for (int e = 0; e < POINTS; ++e) total += (float)G[e][kx] * at[e];
      weight_out[row * TAPS + kx] += total;
    }
  }
}

// B of the products of G w and A dy: the gradient with respect to the input without its padding.
static void backward_input_winograd(const Block &b, const float *gradient, const float *packed, float *products,
                                   float *out) {
  const int rows = b.in_rows - 2 * b.padding, columns = b.in_columns - 2 * b.padding;
  const int height = 2 * b.rows, pitch = pair_pitch(b), plane = output_plane(b);
  const int point = rows * pitch, products_plane = POINTS * point;
  for (int index = 0; index < num_tiles(b.in_channels, PRODUCT_CHANNELS); ++index) {
    const Tile tile = tile_of(b.in_channels, PRODUCT_CHANNELS, index);
    for (int e = 0; e < POINTS; ++e)
      for (int y = 0; y < rows; ++y) {
        const int row = y + b.padding;  // counted with the padding, as the gradient is
        const int ky0 = row - height + 1 > 0 ? row - height + 1 : 0, ky1 = row + 1 < TAPS ? row + 1 : TAPS;
        row_of_products<TAPS>(tile.length, b.columns * H, b.channels, ky0, ky1, gradient + (int64_t)e * b.channels * plane + row * pitch,
                        plane, -pitch, packed + (tile.first * POINTS + e * tile.length) * b.channels * TAPS,
                        products + e * point + y * pitch, products_plane);
      }
    for (int c = 0; c < tile.length; ++c)
      for (int y = 0; y < rows; ++y)
        for (int h = 0; h < LANES; h += V) {
          const float *m = products + c * products_plane + y * pitch + h;
          float *o = out + ((tile.first + c) * rows + y) * columns * LANES + h;
          const auto put = [&](int column, vec value) {
            column -= b.padding;
            if (column >= 0 && column < columns) store(o + column * LANES, value);
          };
          // Six columns for each pair; the last four also receive terms of the next pairs.
          vec w0 = splat(0.f), w1 = w0, w2 = w0, w3 = w0;
          int column = 0;
          for (int pair = 0; pair < b.columns; ++pair, m += LANES, column += 2) {
            vec m0 = load(m), m1 = load(m + point), m2 = load(m + 2 * point), m3 = load(m + 3 * point),
                m4 = load(m + 4 * point), m5 = load(m + 5 * point);
            vec x1 = m2 - m1 - 1.5f * m0 - 2.f * m3 + 0.5f * m4 + m5;
            vec x2 = 0.5f * m1 - 2.5f * m2 - 2.f * m0 - (m3 + m4) - 1.5f * m5;
            vec x3 = 2.5f * m1 + 0.5f * m2 + 1.5f * m0 + 2.f * m3 - 0.5f * m4 - 2.f * m5;
            put(column, w0 + m0);
            put(column + 1, w1 + x1);
            w0 = w2 + x2;
            w1 = w3 + x3;
            w2 = (m0 + (m1 + m2)) + (m3 + m4) + 1.5f * m5;
            w3 = m5;
          }
          put(column, w0), put(column + 1, w1), put(column + 2, w2), put(column + 3, w3);
          for (column += 4; column < b.in_columns; ++column) put(column, splat(0.f));
        }
  }
}
