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
