// A convolution alone, forward and backward, of LANES images at once. block.h fuses it with activation and pooling.
#pragma once
#include "activation.h"
#include "map.h"
#include "tiling.h"

struct Convolution {
  Map in, out;  // in: its frame is the padding
  int kernel;

  int taps() const { return in.channels * kernel * kernel; }
  // Around the gradient of the output, so that every pixel of the input finds all taps.
  int gradient_frame() const { return kernel - 1 - in.frame; }
};

// Channels and vectors of a row whose sums are in registers together.
constexpr int SUM_CHANNELS = REGISTERS == 32 ? 6 : 2, SUM_VECTORS = 4;

// weight [channels][in_channels][ky][kx] → packed, for each tile of channels [in_channels][ky][kx][length]
static void pack_forward(const Convolution &c, const float *weight, float *packed) {
  for (int index = 0; index < num_tiles(c.out.channels, SUM_CHANNELS); ++index) {
    const Tile tile = tile_of(c.out.channels, SUM_CHANNELS, index);
    for (int tap = 0; tap < c.taps(); ++tap)
      for (int i = 0; i < tile.length; ++i) *packed++ = weight[(int64_t)(tile.first + i) * c.taps() + tap];
  }
}

// The same for the input's gradient, a convolution of the output's with the kernels turned by half a circle: for each tile of
// input channels [channels][ky][kx][length].
static void pack_backward(const Convolution &c, const float *weight, float *packed) {
  const int area = c.kernel * c.kernel;
  for (int index = 0; index < num_tiles(c.in.channels, SUM_CHANNELS); ++index) {
    const Tile tile = tile_of(c.in.channels, SUM_CHANNELS, index);
    for (int channel = 0; channel < c.out.channels; ++channel)
      for (int tap = area - 1; tap >= 0; --tap)
        for (int i = 0; i < tile.length; ++i)
          *packed++ = weight[((int64_t)channel * c.in.channels + tile.first + i) * area + tap];
  }
}

// N channels of S neighbouring vectors of a row, over kernel rows ky0 … ky1 - 1; bias may be NULL.
template <int N, int S>
static void convolve(int in_channels, int kernel, int ky0, int ky1, const float *x, int in_pitch, int in_plane,
                     const float *weight, const float *bias, float *out, int out_plane) {
  vec sum[N][S];
  UNROLL
  for (int n = 0; n < N; ++n) {
    const vec start = splat(bias ? bias[n] : 0.f);
    UNROLL
    for (int s = 0; s < S; ++s) sum[n][s] = start;
  }
  for (int channel = 0; channel < in_channels; ++channel, x += in_plane, weight += kernel * kernel * N)
    for (int ky = ky0; ky < ky1; ++ky) {
      const float *row = x + ky * in_pitch, *w = weight + ky * kernel * N;
      for (int kx = 0; kx < kernel; ++kx, row += LANES, w += N) {
        vec value[S];
        UNROLL
        for (int s = 0; s < S; ++s) value[s] = load(row + s * V);
        UNROLL
        for (int n = 0; n < N; ++n) {
          const vec tap = splat(w[n]);
          UNROLL
          for (int s = 0; s < S; ++s) sum[n][s] += tap * value[s];
        }
      }
    }
  UNROLL
  for (int n = 0; n < N; ++n) {
    UNROLL
    for (int s = 0; s < S; ++s) store(out + n * out_plane + s * V, sum[n][s]);
  }
}

// Activates a row of some channels in place, while it is in the first-level cache.
static void activate_row(const Map &map, int channels, int activation, float *row) {
  if (activation == LENET_NO_ACTIVATION) return;
  for (int channel = 0; channel < channels; ++channel, row += map.plane())
    for (int i = 0; i < map.columns * LANES; i += V) store(row + i, activated(load(row + i), activation));
}

// All of `to`, for N channels, from `from`, whose frame is wide enough for the kernel; rows of the frame are left out, being zero.
template <int N>
static void convolve_rows(const Map &from, const Map &to, int kernel, const float *x, const float *weight,
                          const float *bias, int activation, float *out) {
  const int vectors = to.columns * H;
  for (int row = 0; row < to.rows; ++row, out += to.pitch()) {
    const int above = from.frame - row, below = from.frame + from.rows - row;
    const int ky0 = above > 0 ? above : 0, ky1 = at_most(kernel, below);
    for (int index = 0; index < num_tiles(vectors, SUM_VECTORS); ++index) {
      const Tile tile = tile_of(vectors, SUM_VECTORS, index);
      const float *at = x + row * from.pitch() + tile.first * V;
#define VECTORS(S)                                                                                                       \
  convolve<N, at_most(S, SUM_VECTORS)>(from.channels, kernel, ky0, ky1, at, from.pitch(), from.plane(), weight, bias, \
                                       out + tile.first * V, to.plane())
      WITH_CONSTANT(tile.length, VECTORS)
#undef VECTORS
    }
    activate_row(to, N, activation, out);
  }
}

// The forward pass from a stage's input to its output, and the gradient of the input from that of the output, whose frame is
// c.gradient_frame(); bias may be NULL.
static void convolve_all(const Map &from, const Map &to, int kernel, const float *x, const float *packed,
                         const float *bias, int activation, float *out) {
  for (int index = 0; index < num_tiles(to.channels, SUM_CHANNELS); ++index) {
    const Tile tile = tile_of(to.channels, SUM_CHANNELS, index);
    const float *w = packed + (int64_t)tile.first * from.channels * kernel * kernel;
    const float *b = bias ? bias + tile.first : nullptr;
    float *o = out + (int64_t)tile.first * to.plane() + to.origin();
#define CHANNELS(N) convolve_rows<at_most(N, SUM_CHANNELS)>(from, to, kernel, x, w, b, activation, o)
    WITH_CONSTANT(tile.length, CHANNELS)
#undef CHANNELS
  }
}

// ---- the gradient of the weights ----

// Weight gradients are summed lane by lane, [channel][tap][V], and over the lanes only at the end.
constexpr int GRADIENT_CHANNELS = REGISTERS == 32 ? 4 : 2, GRADIENT_TAPS = REGISTERS == 32 ? 6 : 5;

// C channels by P input channels by T neighbouring taps of the weight gradient, over `rows` rows of `width` floats; added to what
// is there if `add`. dz, x: at the first. Input channels are in_plane apart, their sums out_in.
template <int C, int P, int T>
static void weight_gradient(bool add, int rows, int width, const float *dz, int dz_pitch, int dz_plane, const float *x, int in_pitch,
                            int in_plane, float *out, int out_plane, int out_in) {
  vec sum[C][P][T];
  UNROLL
  for (int c = 0; c < C; ++c) {
    UNROLL
    for (int p = 0; p < P; ++p) {
      UNROLL
      for (int t = 0; t < T; ++t) sum[c][p][t] = add ? load(out + c * out_plane + p * out_in + t * V) : splat(0.f);
    }
  }
  for (int row = 0; row < rows; ++row, dz += dz_pitch, x += in_pitch)
    for (int i = 0; i < width; i += V) {
      vec d[C];
      UNROLL
      for (int c = 0; c < C; ++c) d[c] = load(dz + c * dz_plane + i);
      UNROLL
      for (int p = 0; p < P; ++p) {
        UNROLL
        for (int t = 0; t < T; ++t) {
          vec pixel = load(x + p * in_plane + i + t * LANES);
          UNROLL
          for (int c = 0; c < C; ++c) sum[c][p][t] += d[c] * pixel;
        }
      }
    }
  UNROLL
  for (int c = 0; c < C; ++c) {
    UNROLL
    for (int p = 0; p < P; ++p) {
      UNROLL
      for (int t = 0; t < T; ++t) store(out + c * out_plane + p * out_in + t * V, sum[c][p][t]);
    }
  }
}

// One row of taps of channels first … first + C - 1 and of P input channels, over some rows of dz.
template <int C, int P>
static void row_of_taps(bool add, int kernel, int rows, int width, const float *dz, int dz_pitch, int dz_plane, const float *x,
                        int in_pitch, int in_plane, float *out, int out_plane) {
  constexpr int MOST = GRADIENT_TAPS / P;
  for (int index = 0; index < num_tiles(kernel, MOST); ++index) {
    const Tile tile = tile_of(kernel, MOST, index);
#define TAPS(T)                                                                                                           \
  weight_gradient<C, P, at_most(T, MOST)>(add, rows, width, dz, dz_pitch, dz_plane, x + tile.first * LANES, in_pitch, in_plane, \
                                          out + tile.first * V, out_plane, kernel *kernel *V)
    WITH_CONSTANT(tile.length, TAPS)
#undef TAPS
  }
}

// All taps of C channels over some rows: sums [C][taps][V].
template <int C>
static void weight_gradients(const Convolution &c, bool add, int rows, const float *dz, int dz_pitch, int dz_plane, const float *x,
                             float *sums) {
  const int width = c.out.columns * LANES, kernel = c.kernel, pitch = c.in.pitch(), plane = c.in.plane();
  const int together = kernel <= GRADIENT_TAPS / 6 ? 6 : kernel <= GRADIENT_TAPS / 2 ? 2 : 1;
  for (int channel = 0; channel < c.in.channels;) {
    const int left = c.in.channels - channel, planes = left >= together ? together : 1;
    for (int ky = 0; ky < kernel; ++ky) {
      const float *at = x + channel * plane + ky * pitch;
      float *to = sums + (int64_t)(channel * kernel + ky) * kernel * V;
      if (planes == 6)
        row_of_taps<C, at_most(6, GRADIENT_TAPS)>(add, kernel, rows, width, dz, dz_pitch, dz_plane, at, pitch, plane, to, c.taps() * V);
      else if (planes == 2)
        row_of_taps<C, 2>(add, kernel, rows, width, dz, dz_pitch, dz_plane, at, pitch, plane, to, c.taps() * V);
      else
        row_of_taps<C, 1>(add, kernel, rows, width, dz, dz_pitch, dz_plane, at, pitch, plane, to, c.taps() * V);
    }
    channel += planes;
  }
}

// Floats of the lane sums that `backward_weights` needs.
static int64_t lane_sums_size(const Convolution &c) { return (int64_t)GRADIENT_CHANNELS * c.taps() * V; }

static void add_lane_sums(int count, const float *lane_sums, float *out) {
  for (int i = 0; i < count; ++i) out[i] += sum(lane_sums + (int64_t)i * V);
}

// Adds to the gradient of the weight, as PyTorch lays it out. gradient: of the output, within a frame of `frame`; lane_sums: room
// for the sums of a tile of channels.
static void backward_weights(const Convolution &c, const float *x, const float *gradient, int frame, float *lane_sums,
                             float *weight_out) {
  const Map of_output = framed(c.out, frame);
  const int pitch = of_output.pitch(), plane = of_output.plane();
  const int bytes = GRADIENT_CHANNELS * pitch * (int)sizeof(float), fitting = 24576 / bytes;  // in the first-level cache
  const int at_once = fitting < 1 ? 1 : at_most(fitting, c.out.rows);
  for (int index = 0; index < num_tiles(c.out.channels, GRADIENT_CHANNELS); ++index) {
    const Tile tile = tile_of(c.out.channels, GRADIENT_CHANNELS, index);
    const float *of_tile = gradient + (int64_t)tile.first * plane + of_output.origin();
    for (int row = 0; row < c.out.rows; row += at_once) {
      const int rows = at_most(at_once, c.out.rows - row);
#define CHANNELS(C)                                                                                                   \
  weight_gradients<at_most(C, GRADIENT_CHANNELS)>(c, row > 0, rows, of_tile + row * pitch, pitch, plane, x + row * c.in.pitch(), \
                                                  lane_sums)
      WITH_CONSTANT(tile.length, CHANNELS)
#undef CHANNELS
    }
    add_lane_sums(tile.length * c.taps(), lane_sums, weight_out + (int64_t)tile.first * c.taps());
  }
}

// Adds to the gradient of the bias, that of the output within a frame of `frame`.
static void backward_bias(const Convolution &c, const float *gradient, int frame, float *bias_out) {
  const Map of_output = framed(c.out, frame);
  for (int channel = 0; channel < c.out.channels; ++channel) {
    const float *plane = gradient + (int64_t)channel * of_output.plane() + of_output.origin();
    vec total = splat(0.f);
    for (int row = 0; row < c.out.rows; ++row)
      for (int i = 0; i < c.out.columns * LANES; i += V) total += load(plane + row * of_output.pitch() + i);
    alignas(64) float lanes[V];
    store(lanes, total);
    bias_out[channel] += sum(lanes);
  }
}
