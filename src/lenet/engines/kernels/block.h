// A block: convolution, activation, 2 × 2 pooling, forward and backward, of LANES images at once.
//
// Activations are [channel][row][column][LANES]. The input carries its padding, a frame of zeros. Pooling drops an odd last
// row or column, so those outputs of the convolution are never computed: it is 2 · rows by 2 · columns.
// Inner blocks with 5 × 5 kernels use Winograd's algorithm instead, see winograd5.h.
#pragma once
#include "convolution.h"

// Output channels whose sums are in registers together, with four pixels each. With 16 registers three would have to be stored and
// loaded again for every tap: beside 12 sums there are four pixels and a weight.
constexpr int MAX_CHANNELS = REGISTERS == 32 ? 6 : 2;

struct Block {
  int in_channels, in_rows, in_columns;  // padding included
  int channels, kernel, padding;
  int rows, columns;  // after pooling
  int activation, pooling;

  int taps() const { return in_channels * kernel * kernel; }
  // Without the rows and columns that the pooling drops.
  Convolution convolution() const {
    return {{in_channels, in_rows - 2 * padding, in_columns - 2 * padding, padding}, {channels, 2 * rows, 2 * columns, 0}, kernel};
  }
  int pooled() const { return rows * columns; }
};

// ---- forward ----

// weight [channels][taps] → packed, for each tile of channels [taps][length]
static void pack_forward(const Block &b, const float *weight, float *packed) {
  for (int index = 0; index < num_tiles(b.channels, MAX_CHANNELS); ++index) {
    Tile tile = tile_of(b.channels, MAX_CHANNELS, index);
    for (int tap = 0; tap < b.taps(); ++tap)
      for (int c = 0; c < tile.length; ++c) *packed++ = weight[(tile.first + c) * b.taps() + tap];
  }
}

// Output of the pooling windows of one row of one channel: `pooled` points to the row; active and argmax, which may be NULL,
// to the channel.
struct Window {
  const Block &b;
  int row;
  float *active;
  int32_t *argmax;
  float *pooled;

  // Activates and pools the four outputs of the convolution that are pooled pixel `column` of lanes h … h + V - 1.
  INLINE_MEMBER void put(int column, int h, vec z0, vec z1, vec z2, vec z3) const {
    float *p = pooled + column * LANES + h;
    if (b.pooling == LENET_AVERAGE_POOLING) {
      vec y0 = activated(z0, b.activation), y1 = activated(z1, b.activation);
      vec y2 = activated(z2, b.activation), y3 = activated(z3, b.activation);
      store(p, ((y0 + y1) + (y2 + y3)) * 0.25f);
      if (active) {
        const int pitch = 2 * b.columns * LANES;
        float *y = active + 2 * row * pitch + 2 * column * LANES + h;
        store(y, y0), store(y + LANES, y1), store(y + pitch, y2), store(y + pitch + LANES, y3);
      }
    } else {  // activations are monotonic, so the largest sum gives the largest activation
      vec largest = larger(larger(z0, z1), larger(z2, z3));
      store(p, activated(largest, b.activation));
      if (argmax) {
        ivec which = z2 == largest ? splat(2) : splat(3);
        which = z1 == largest ? splat(1) : which;
        which = z0 == largest ? splat(0) : which;
        *(ivec *)(argmax + (row * b.columns + column) * LANES + h) = which;
      }
    }
  }
};

// One vector of lanes of one row of pooled pixels, N channels. Four outputs of the convolution, a window of the pooling, are
// summed up in registers, activated and pooled there. `active` and `argmax` may be NULL: then nothing is kept for backward.
template <int N>
static void forward_row(const Block &b, int row, const float *x, const float *w, const float *bias, float *active,
                        int32_t *argmax, float *pooled, int pooled_pitch, int pooled_plane) {
  const int in_pitch = b.in_columns * LANES, in_plane = b.in_rows * in_pitch, pitch = 2 * b.columns * LANES,
            plane = 2 * b.rows * pitch, argmax_plane = b.pooled() * LANES;
  for (int column = 0; column < b.columns; ++column)
    for (int h = 0; h < LANES; h += V) {
      vec sum[N][4];
      UNROLL
      for (int c = 0; c < N; ++c) sum[c][0] = sum[c][1] = sum[c][2] = sum[c][3] = splat(bias[c]);
      const float *tap = w;
      for (int channel = 0; channel < b.in_channels; ++channel)
        for (int ky = 0; ky < b.kernel; ++ky) {
          const float *above = x + channel * in_plane + (2 * row + ky) * in_pitch + 2 * column * LANES + h;
          const float *below = above + in_pitch;
          vec x0 = load(above), x2 = load(below);
          for (int kx = 0; kx < b.kernel; ++kx, tap += N) {
            vec x1 = load(above += LANES), x3 = load(below += LANES);
            UNROLL
            for (int c = 0; c < N; ++c) {
              vec weight = splat(tap[c]);
              sum[c][0] += weight * x0;
              sum[c][1] += weight * x1;
              sum[c][2] += weight * x2;
              sum[c][3] += weight * x3;
            }
            x0 = x1;
            x2 = x3;
          }
        }
      UNROLL
      for (int c = 0; c < N; ++c) {
        const Window window = {b, row, active ? active + c * plane : nullptr, argmax ? argmax + c * argmax_plane : nullptr,
                               pooled + c * pooled_plane + row * pooled_pitch};
        window.put(column, h, sum[c][0], sum[c][1], sum[c][2], sum[c][3]);
      }
    }
}

// pooled: with rows `pitch` and channels `plane` floats apart, as the next layer reads them
static void forward(const Block &b, const float *x, const float *packed, const float *bias, float *active,
                    int32_t *argmax, float *pooled, int pitch, int plane) {
  for (int index = 0; index < num_tiles(b.channels, MAX_CHANNELS); ++index) {
    Tile tile = tile_of(b.channels, MAX_CHANNELS, index);
    const float *w = packed + tile.first * b.taps();
    float *y = active ? active + (int64_t)tile.first * 4 * b.pooled() * LANES : nullptr;
    int32_t *k = argmax ? argmax + (int64_t)tile.first * b.pooled() * LANES : nullptr;
    for (int row = 0; row < b.rows; ++row) {
#define ROW(N) forward_row<at_most(N, MAX_CHANNELS)>(b, row, x, w, bias + tile.first, y, k, pooled + tile.first * plane, pitch, plane)
      WITH_CONSTANT(tile.length, ROW)
#undef ROW
    }
  }
}

// ---- backward ----

// The gradient before the activation of pooled rows first … last - 1 of one channel, and its sum for the bias, [V].
// `pooled_gradient`, `argmax` and `pooled` [rows][columns][LANES]; dense `pooled` has its own pitch.
static void unpool(const Block &b, int first, int last, const float *pooled_gradient, const float *active,
                   const int32_t *argmax, const float *pooled, int pooled_pitch, float *out, float *bias_gradient) {
  const int pitch = 2 * b.columns * LANES;
  vec total = splat(0.f);
  for (int row = first; row < last; ++row) {
    const float *g = pooled_gradient + row * b.columns * LANES;
    float *above = out + 2 * (row - first) * pitch, *below = above + pitch;
    if (b.pooling == LENET_AVERAGE_POOLING) {
      const float *y = active + 2 * row * pitch, *y_below = y + pitch;
      for (int column = 0; column < b.columns; ++column, g += LANES)
        for (int h = 0; h < LANES; h += V) {
          vec share = load(g + h) * 0.25f;
          UNROLL
          for (int side = 0; side < 2; ++side) {
            int i = (2 * column + side) * LANES + h;
            vec upper = share * slope(load(y + i), b.activation), lower = share * slope(load(y_below + i), b.activation);
            store(above + i, upper);
            store(below + i, lower);
            total += upper + lower;
          }
        }
    } else {
      const int32_t *k = argmax + row * b.columns * LANES;
      const float *p = pooled + row * pooled_pitch;
      for (int column = 0; column < b.columns; ++column, g += LANES, k += LANES, p += LANES)
        for (int h = 0; h < LANES; h += V) {
          vec whole = load(g + h) * slope(load(p + h), b.activation);
          ivec which = *(const ivec *)(k + h);
          int i = 2 * column * LANES + h;
          store(above + i, which == splat(0) ? whole : splat(0.f));
          store(above + i + LANES, which == splat(1) ? whole : splat(0.f));
          store(below + i, which == splat(2) ? whole : splat(0.f));
          store(below + i + LANES, which == splat(3) ? whole : splat(0.f));
          total += whole;
        }
    }
  }
  store(bias_gradient, load(bias_gradient) + total);
}

// Rows of pooled pixels whose gradient is computed and used while it is in the first-level cache.
INLINE int rows_at_once(const Block &b) {
  int rows = 16384 / (GRADIENT_CHANNELS * 4 * b.columns * LANES * (int)sizeof(float));
  return rows < 1 ? 1 : rows < b.rows ? rows : b.rows;
}

// Adds to the gradients of weight, as PyTorch lays it out, and bias, [channel][V]. The gradient before the activation is stored
// in dz, [channel][2 · rows][2 · columns][LANES], if `whole`; else dz holds GRADIENT_CHANNELS channels of rows_at_once(b) pooled
// rows at a time. lane_sums: room for the sums of a tile of channels.
static void backward_weights(const Block &b, const float *x, const float *pooled_gradient, const float *active,
                             const int32_t *argmax, const float *pooled, int pooled_pitch, int pooled_plane, float *dz,
                             bool whole, float *lane_sums, float *weight_out, float *bias_out) {
  const Convolution c = b.convolution();
  const int width = 2 * b.columns * LANES, at_once = rows_at_once(b);
  const int dz_plane = 2 * (whole ? b.rows : at_once) * width;
  for (int index = 0; index < num_tiles(b.channels, GRADIENT_CHANNELS); ++index) {
    Tile tile = tile_of(b.channels, GRADIENT_CHANNELS, index);
    for (int row = 0; row < b.rows; row += at_once) {
      int last = row + at_once < b.rows ? row + at_once : b.rows;
      float *rows = whole ? dz + tile.first * dz_plane + 2 * row * width : dz;
      for (int i = 0; i < tile.length; ++i) {
        int64_t plane = (int64_t)(tile.first + i) * b.pooled() * LANES;
        unpool(b, row, last, pooled_gradient + plane, active ? active + 4 * plane : nullptr,
               argmax ? argmax + plane : nullptr, pooled + (tile.first + i) * pooled_plane, pooled_pitch,
               rows + i * dz_plane, bias_out + (tile.first + i) * V);
      }
      const float *at = x + 2 * row * c.in.pitch();
#define CHANNELS(C) \
  weight_gradients<at_most(C, GRADIENT_CHANNELS)>(c, row > 0, 2 * (last - row), rows, width, dz_plane, at, lane_sums)
      WITH_CONSTANT(tile.length, CHANNELS)
#undef CHANNELS
    }
    add_lane_sums(tile.length * c.taps(), lane_sums, weight_out + (int64_t)tile.first * c.taps());
  }
}

// Channels of the input, and vectors of neighbouring pixels, whose sums are in registers together.
constexpr int INPUT_CHANNELS = 6, INPUT_VECTORS = REGISTERS == 32 ? 4 : 2;

// weight [channels][in_channels][ky][kx] → packed, for each tile of input channels [channels][ky][kx][length]
static void pack_backward(const Block &b, const float *weight, float *packed) {
  const int area = b.kernel * b.kernel;
  for (int index = 0; index < num_tiles(b.in_channels, INPUT_CHANNELS); ++index) {
    Tile tile = tile_of(b.in_channels, INPUT_CHANNELS, index);
    for (int channel = 0; channel < b.channels; ++channel)
      for (int k = 0; k < area; ++k)
        for (int c = 0; c < tile.length; ++c)
          *packed++ = weight[(channel * b.in_channels + tile.first + c) * area + k];
  }
}

// N input channels, S neighbouring vectors of one row; taps ky and kx in the given ranges, all of which fall on dz.
template <int N, int S>
static void input_gradient(const Block &b, const float *dz, int row, int at, int ky0, int ky1, int kx0, int kx1,
                           const float *w, float *out, int out_plane) {
  const int width = 2 * b.columns * LANES, plane = 2 * b.rows * width;
  vec sum[N][S];
  UNROLL
  for (int c = 0; c < N; ++c) {
    UNROLL
    for (int s = 0; s < S; ++s) sum[c][s] = splat(0.f);
  }
  for (int channel = 0; channel < b.channels; ++channel)
    for (int ky = ky0; ky < ky1; ++ky) {
      const float *d = dz + channel * plane + (row - ky) * width + at - kx0 * LANES;
      const float *tap = w + ((channel * b.kernel + ky) * b.kernel + kx0) * N;
      for (int kx = kx0; kx < kx1; ++kx, d -= LANES, tap += N) {
        vec gradient[S];
        UNROLL
        for (int s = 0; s < S; ++s) gradient[s] = load(d + s * V);
        UNROLL
        for (int c = 0; c < N; ++c) {
          vec weight = splat(tap[c]);
          UNROLL
          for (int s = 0; s < S; ++s) sum[c][s] += weight * gradient[s];
        }
      }
    }
  UNROLL
  for (int c = 0; c < N; ++c) {
    UNROLL
    for (int s = 0; s < S; ++s) store(out + c * out_plane + s * V, sum[c][s]);
  }
}

template <int N>
static void input_gradients(const Block &b, const float *dz, const float *w, float *out) {
  const int rows = b.in_rows - 2 * b.padding, columns = b.in_columns - 2 * b.padding, out_plane = rows * columns * LANES;
  const int height = 2 * b.rows, width = 2 * b.columns, k = b.kernel;
  const int last_inner = width < columns + b.padding ? width : columns + b.padding;
  for (int y = 0; y < rows; ++y) {
    int row = y + b.padding;  // counted with the padding, as dz is
    int ky0 = row - height + 1 > 0 ? row - height + 1 : 0, ky1 = row + 1 < k ? row + 1 : k;
    for (int i = 0; i < columns * LANES;) {  // vectors, from left to right
      int column = i / LANES + b.padding;
      int kx0 = column - width + 1 > 0 ? column - width + 1 : 0, kx1 = column + 1 < k ? column + 1 : k;
      int at = b.padding * LANES + i;
      float *o = out + y * columns * LANES + i;
      // Where every tap falls on dz, several pixels together; elsewhere one by one, each with its own taps.
      int inner = kx0 == 0 && kx1 == k ? last_inner * LANES - at : LANES - i % LANES;
      if (inner >= INPUT_VECTORS * V) {
        input_gradient<N, INPUT_VECTORS>(b, dz, row, at, ky0, ky1, kx0, kx1, w, o, out_plane);
        i += INPUT_VECTORS * V;
      } else if (inner >= 2 * V) {
        input_gradient<N, 2>(b, dz, row, at, ky0, ky1, kx0, kx1, w, o, out_plane);
        i += 2 * V;
      } else {
        input_gradient<N, 1>(b, dz, row, at, ky0, ky1, kx0, kx1, w, o, out_plane);
        i += V;
      }
    }
  }
}

// The gradient with respect to the input without its padding, [in_channels][rows][columns][LANES], from the whole dz.
static void backward_input(const Block &b, const float *dz, const float *packed, float *out) {
  const int plane = (b.in_rows - 2 * b.padding) * (b.in_columns - 2 * b.padding) * LANES;
  for (int index = 0; index < num_tiles(b.in_channels, INPUT_CHANNELS); ++index) {
    Tile tile = tile_of(b.in_channels, INPUT_CHANNELS, index);
    const float *w = packed + tile.first * b.channels * b.kernel * b.kernel;
#define CHANNELS(N) input_gradients<at_most(N, INPUT_CHANNELS)>(b, dz, w, out + tile.first * plane)
    WITH_CONSTANT(tile.length, CHANNELS)
#undef CHANNELS
  }
}
