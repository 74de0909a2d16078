// What the two forms of Winograd's algorithm share: six points, and the products at one of them.
#pragma once
#include "tiling.h"
#include "vector.h"

constexpr int POINTS = 6;  // 0, 1, -1, 1/2, -2 and infinity, see winograd5.h

// Channels and neighbouring vectors of products that are in registers together.
constexpr int PRODUCT_CHANNELS = REGISTERS == 32 ? 6 : 3, PRODUCT_VECTORS = 4;

// N channels, S neighbouring vectors of one row: Σ weight[channel][ky][N] · x, over `channels` and kernel rows ky0 … ky1 - 1
template <int N, int S, int TAPS>
static void product(int channels, int ky0, int ky1, const float *x, int plane, int stride, const float *weight, float *out,
                    int out_plane) {
  vec sum[N][S];
  UNROLL
  for (int c = 0; c < N; ++c) {
    UNROLL
    for (int s = 0; s < S; ++s) sum[c][s] = splat(0.f);
  }
  for (int channel = 0; channel < channels; ++channel) {
    const float *in = x + channel * plane + ky0 * stride;
    const float *w = weight + (channel * TAPS + ky0) * N;
    for (int ky = ky0; ky < ky1; ++ky, in += stride, w += N) {
      vec value[S];
      UNROLL
      for (int s = 0; s < S; ++s) value[s] = load(in + s * V);
      UNROLL
      for (int c = 0; c < N; ++c) {
        vec tap = splat(w[c]);
        UNROLL
        for (int s = 0; s < S; ++s) sum[c][s] += tap * value[s];
      }
    }
  }
  UNROLL
  for (int c = 0; c < N; ++c) {
    UNROLL
    for (int s = 0; s < S; ++s) store(out + c * out_plane + s * V, sum[c][s]);
  }
}

// A whole row of N channels, at one point. stride: from one kernel row's x to the next's.
template <int N, int TAPS>
static void row_of_products(int vectors, int channels, int ky0, int ky1, const float *x, int plane, int stride,
                            const float *weight, float *out, int out_plane) {
  for (int index = 0; index < num_tiles(vectors, PRODUCT_VECTORS); ++index) {
    Tile tile = tile_of(vectors, PRODUCT_VECTORS, index);
    const int i = tile.first * V;
#define VECTORS(S) \
  product<N, at_most(S, PRODUCT_VECTORS), TAPS>(channels, ky0, ky1, x + i, plane, stride, weight, out + i, out_plane)
    WITH_CONSTANT(tile.length, VECTORS)
#undef VECTORS
  }
}

template <int TAPS>
static void row_of_products(int num, int vectors, int channels, int ky0, int ky1, const float *x, int plane, int stride,
                            const float *weight, float *out, int out_plane) {
#define CHANNELS(N) \
  row_of_products<at_most(N, PRODUCT_CHANNELS), TAPS>(vectors, channels, ky0, ky1, x, plane, stride, weight, out, out_plane)
  WITH_CONSTANT(num, CHANNELS)
#undef CHANNELS
}

// ---- the gradient of the weights ----

// Output and input channels whose sums are in registers together.
constexpr int GRADIENT_OUTPUTS = REGISTERS == 32 ? 4 : 3, GRADIENT_INPUTS = REGISTERS == 32 ? 6 : 4;

// C output by I input channels of the weight gradient at one point and kernel row, over `length` floats of both; added to what is
// there if `add`.
template <int C, int I, int TAPS>
static void gradient_products(bool add, int length, const float *dy, int dy_plane, const float *x, int x_plane, float *out,
                              int out_plane) {
  vec sum[C][I];
  UNROLL
  for (int c = 0; c < C; ++c) {
    UNROLL
    for (int i = 0; i < I; ++i) sum[c][i] = splat(0.f);
  }
  for (int k = 0; k < length; k += V) {
    vec d[C];
    UNROLL
    for (int c = 0; c < C; ++c) d[c] = load(dy + c * dy_plane + k);
    UNROLL
    for (int i = 0; i < I; ++i) {
      vec value = load(x + i * x_plane + k);
      UNROLL
      for (int c = 0; c < C; ++c) sum[c][i] += d[c] * value;
    }
  }
  UNROLL
  for (int c = 0; c < C; ++c) {
    UNROLL
    for (int i = 0; i < I; ++i) {
      float *o = out + c * out_plane + i * TAPS * V;
      store(o, add ? load(o) + sum[c][i] : sum[c][i]);
    }
  }
}

// The same of all input channels and kernel rows, [C][in_channel][kernel row][V]. x_row: from one kernel row's x to the next's.
template <int C, int TAPS>
static void gradient_products(bool add, int in_channels, int length, const float *dy, int dy_plane, const float *x, int x_plane,
                              int x_row, float *out) {
  for (int index = 0; index < num_tiles(in_channels, GRADIENT_INPUTS); ++index) {
    const Tile tile = tile_of(in_channels, GRADIENT_INPUTS, index);
    for (int ky = 0; ky < TAPS; ++ky) {
      const float *from = x + tile.first * x_plane + ky * x_row;
      float *to = out + (tile.first * TAPS + ky) * V;
#define INPUTS(I) \
  gradient_products<C, at_most(I, GRADIENT_INPUTS), TAPS>(add, length, dy, dy_plane, from, x_plane, to, in_channels * TAPS * V)
      WITH_CONSTANT(tile.length, INPUTS)
#undef INPUTS
    }
  }
}
