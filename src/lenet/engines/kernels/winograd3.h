// A 3 × 3 convolution with six multiplications for four outputs of a row, where the sums of a row's taps have twelve: Winograd's
// minimal algorithm F(4, 3), along the rows, with the points and the notation of winograd5.h.
//
// The gradient of the input is a convolution too (convolution.h). That of the weights is Gᵀ [(A dy) ∘ (Bᵀ x)], summed over the
// map before Gᵀ is taken, and over the lanes after it.
#pragma once
#include "convolution.h"
#include "winograd.h"

// Six points for three taps: Bᵀ is that of F(2, 5), which has as many inputs.
constexpr double G3[POINTS][3] = {
    {1., 0., 0.},
    {1. / 3, 1. / 3, 1. / 3},
    {-1. / 3, 1. / 3, -1. / 3},
    {-16. / 15, -8. / 15, -4. / 15},
    {1. / 15, -2. / 15, 4. / 15},
    {0., 0., 1.},
};

// Where it is faster: with few channels the transforms cost what the products save. And where multiply-add rounds once, as
// for 5 × 5 kernels.
static bool uses_winograd(const Convolution &c) {
  return IS_FUSED && c.kernel == 3 && c.in.channels >= 8 && c.out.channels >= 8 && c.out.columns >= 3;
}

// Quadruples of pixels in a row; the last one may be partly beyond its end.
INLINE int quadruples(const Map &to) { return (to.columns + 3) / 4; }
INLINE int quadruple_pitch(const Map &to) { return quadruples(to) * LANES; }

// Floats of the transformed input of a convolution to `to`, and of the products of one row.
static int64_t transformed_size(const Map &from, const Map &to) {
  return (int64_t)POINTS * from.channels * (to.rows + 2) * quadruple_pitch(to);
}
static int64_t products_size(const Map &to) { return (int64_t)POINTS * to.channels * quadruple_pitch(to); }

// weight [channels][in_channels][3][3] → G w: at each point for each tile of channels [in_channel][kernel row][length]. With
// `is_backward` the kernels are turned by half a circle, and input and output channels change places.
static void pack_winograd(const Convolution &c, const float *weight, bool is_backward, float *packed) {
  const int outputs = is_backward ? c.in.channels : c.out.channels, inputs = is_backward ? c.out.channels : c.in.channels;
  for (int e = 0; e < POINTS; ++e)
    for (int index = 0; index < num_tiles(outputs, PRODUCT_CHANNELS); ++index) {
      const Tile tile = tile_of(outputs, PRODUCT_CHANNELS, index);
      for (int in = 0; in < inputs; ++in)
        for (int ky = 0; ky < 3; ++ky)
          for (int i = 0; i < tile.length; ++i) {
            const int out = tile.first + i;
            const float *row = is_backward ? weight + ((int64_t)in * outputs + out) * 9 + 3 * (2 - ky)
                                           : weight + ((int64_t)out * inputs + in) * 9 + 3 * ky;
            float u = 0.f;
            for (int kx = 0; kx < 3; ++kx) u += (float)G3[e][kx] * row[is_backward ? 2 - kx : kx];
            *packed++ = u;
          }
    }
}

// Bᵀ x, [point][channel][row][quadruple][LANES], of the rows that the kernel reads.
static void transform_input(const Map &from, const Map &to, const float *x, float *out) {
  const int pitch = quadruple_pitch(to), in_columns = from.columns + 2 * from.frame;
  const int num_whole = at_most((in_columns - 2) / 4, quadruples(to));  // quadruples that read no column beyond the last
  const int64_t point = (int64_t)from.channels * (to.rows + 2) * pitch;
  for (int channel = 0; channel < from.channels; ++channel)
    for (int row = 0; row < to.rows + 2; ++row, out += pitch) {
      const float *in = x + (int64_t)channel * from.plane() + row * from.pitch();
      for (int h = 0; h < LANES; h += V) {
        const auto column = [&](int index) { return index < in_columns ? load(in + index * LANES + h) : splat(0.f); };
        vec d0 = column(0), d1 = column(1);
        const auto transform = [&](int quadruple, vec d2, vec d3, vec d4, vec d5) {
          const vec even = d4 - d2, odd = d3 - d1;
          float *o = out + quadruple * LANES + h;
          store(o, (d0 - d2) + even + 1.5f * odd);
          store(o + point, d4 + 2.5f * d3 + (0.5f * d2 - d1));
          store(o + 2 * point, d4 + 0.5f * d3 - (2.5f * d2 - d1));
          store(o + 3 * point, even + 2.f * odd);
          store(o + 4 * point, even - 0.5f * odd);
          store(o + 5 * point, (d5 - d3) - odd + 1.5f * even);
          d0 = d4, d1 = d5;
        };
        for (int quadruple = 0; quadruple < num_whole; ++quadruple) {
          const float *at = in + (4 * quadruple + 2) * LANES + h;
          transform(quadruple, load(at), load(at + LANES), load(at + 2 * LANES), load(at + 3 * LANES));
        }
        for (int quadruple = num_whole; quadruple < quadruples(to); ++quadruple) {
          const int at = 4 * quadruple + 2;
          transform(quadruple, column(at), column(at + 1), column(at + 2), column(at + 3));
        }
      }
    }
}

// Aᵀ of the products of one row of one channel, and the bias.
static void transform_output(const Map &to, int64_t point, const float *products, float bias, float *out) {
  const vec start = splat(bias);
  for (int column = 0; column < to.columns; column += 4, products += LANES)
    for (int h = 0; h < LANES; h += V) {
      const float *m = products + h;
      const vec m1 = load(m + point), m2 = load(m + 2 * point), m3 = load(m + 3 * point), m4 = load(m + 4 * point);
      const vec sum = m1 + m2, difference = m1 - m2;
      const vec y[4] = {
          start + ((load(m) + sum) + (m3 + m4)),
          start + (difference + (0.5f * m3 - 2.f * m4)),
          start + (sum + (0.25f * m3 + 4.f * m4)),
          start + ((difference + load(m + 5 * point)) + (0.125f * m3 - 8.f * m4)),
      };
      UNROLL
      for (int k = 0; k < 4; ++k)
        if (column + k < to.columns) store(out + (column + k) * LANES + h, y[k]);
    }
}

// As convolve_all: all of `to` from `from`. transformed, products: room for what transformed_size and products_size say.
static void convolve_winograd(const Map &from, const Map &to, const float *x, const float *packed, const float *bias,
                              int activation, float *transformed, float *products, float *out) {
  transform_input(from, to, x, transformed);
  const int pitch = quadruple_pitch(to), plane = (to.rows + 2) * pitch;
  const int64_t of_input = (int64_t)from.channels * plane, of_output = (int64_t)to.channels * pitch;
  for (int row = 0; row < to.rows; ++row) {
    const int above = from.frame - row, below = from.frame + from.rows - row;
    const int ky0 = above > 0 ? above : 0, ky1 = at_most(3, below);
    const float *weight = packed;
    for (int e = 0; e < POINTS; ++e)
      for (int index = 0; index < num_tiles(to.channels, PRODUCT_CHANNELS); ++index) {
        const Tile tile = tile_of(to.channels, PRODUCT_CHANNELS, index);
        row_of_products<3>(tile.length, quadruples(to) * H, from.channels, ky0, ky1, transformed + e * of_input + row * pitch,
                           plane, pitch, weight, products + e * of_output + tile.first * pitch, pitch);
        weight += (int64_t)tile.length * from.channels * 3;
      }
    float *of_row = out + to.origin() + row * to.pitch();
    for (int channel = 0; channel < to.channels; ++channel)
      transform_output(to, of_output, products + channel * pitch, bias ? bias[channel] : 0.f,
                       of_row + (int64_t)channel * to.plane());
    activate_row(to, to.channels, activation, of_row);
  }
}

// ---- the gradient of the weights ----

// Floats of a tile of output channels: of A dy, [point][channel][row][quadruple][LANES], and of the sums at the points.
static int64_t transformed_gradient_size(const Convolution &c) {
  return (int64_t)POINTS * GRADIENT_OUTPUTS * c.out.rows * quadruple_pitch(c.out);
}
static int64_t transformed_sums_size(const Convolution &c) { return (int64_t)POINTS * GRADIENT_OUTPUTS * c.in.channels * 3 * V; }
static int64_t lane_sums_of_tile(const Convolution &c) { return (int64_t)GRADIENT_OUTPUTS * c.taps() * V; }

// A dy of a tile of channels. gradient: of the output, laid out as `of`.
static void transform_gradient(const Map &of, Tile channels, const float *gradient, float *out) {
  const int pitch = quadruple_pitch(of);
  const int64_t point = (int64_t)channels.length * of.rows * pitch;
  for (int channel = channels.first; channel < channels.first + channels.length; ++channel)
    for (int row = 0; row < of.rows; ++row, out += pitch) {
      const float *in = gradient + (int64_t)channel * of.plane() + of.origin() + row * of.pitch();
      for (int column = 0; column < of.columns; column += 4)
        for (int h = 0; h < LANES; h += V) {
          vec d[4];
          UNROLL
          for (int k = 0; k < 4; ++k) d[k] = column + k < of.columns ? load(in + (column + k) * LANES + h) : splat(0.f);
          const vec even = d[0] + d[2], odd = d[1] + d[3];
          float *o = out + column / 4 * LANES + h;
          store(o, d[0]);
          store(o + point, even + odd);
          store(o + 2 * point, even - odd);
          store(o + 3 * point, (d[0] + 0.25f * d[2]) + 0.5f * (d[1] + 0.25f * d[3]));
          store(o + 4 * point, (d[0] + 4.f * d[2]) - 2.f * (d[1] + 4.f * d[3]));
          store(o + 5 * point, d[3]);
        }
    }
}

// Gᵀ of the sums of some kernel rows, [point][row][V] → [row][3][V].
static void three_taps(int rows, const float *sums, float *out) {
  const int64_t point = (int64_t)rows * V;
  for (int row = 0; row < rows; ++row, sums += V, out += 3 * V) {
    const vec m1 = load(sums + point), m2 = load(sums + 2 * point), m3 = load(sums + 3 * point), m4 = load(sums + 4 * point);
    const vec sum = (m1 + m2) * (float)G3[1][0], difference = (m1 - m2) * (float)G3[1][0];
    store(out, load(sums) + difference + ((float)G3[3][0] * m3 + (float)G3[4][0] * m4));
    store(out + V, sum + ((float)G3[3][1] * m3 + (float)G3[4][1] * m4));
    store(out + 2 * V, load(sums + 5 * point) + difference + ((float)G3[3][2] * m3 + (float)G3[4][2] * m4));
  }
}

// As backward_weights in convolution.h, without the bias. transformed, transformed_gradient, sums: room for Bᵀ x, A dy and the sums
// of a tile of channels, lane_sums for Gᵀ of these.
static void backward_weights_winograd(const Convolution &c, const float *x, const float *gradient, int frame, float *transformed,
                                      float *transformed_gradient, float *sums, float *lane_sums,
                                      float *weight_out) {
  transform_input(c.in, c.out, x, transformed);
  const int pitch = quadruple_pitch(c.out), x_plane = (c.out.rows + 2) * pitch, plane = c.out.rows * pitch;
  const int rows_of_taps = c.in.channels * 3;
  for (int index = 0; index < num_tiles(c.out.channels, GRADIENT_OUTPUTS); ++index) {
    const Tile tile = tile_of(c.out.channels, GRADIENT_OUTPUTS, index);
    const int64_t point = (int64_t)tile.length * rows_of_taps * V;
    transform_gradient(framed(c.out, frame), tile, gradient, transformed_gradient);
    for (int e = 0; e < POINTS; ++e) {
      const float *dy = transformed_gradient + (int64_t)e * tile.length * plane;
      const float *at = transformed + (int64_t)e * c.in.channels * x_plane;
#define CHANNELS(C) \
  gradient_products<at_most(C, GRADIENT_OUTPUTS), 3>(false, c.in.channels, plane, dy, plane, at, x_plane, pitch, sums + e * point)
      WITH_CONSTANT(tile.length, CHANNELS)
#undef CHANNELS
    }
    three_taps(tile.length * rows_of_taps, sums, lane_sums);
    add_lane_sums(tile.length * c.taps(), lane_sums, weight_out + (int64_t)tile.first * c.taps());
  }
}
