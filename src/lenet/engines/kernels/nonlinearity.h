// Batch normalization, activation, 2 × 2 pooling and dropout, each of which may be missing, of LANES images at once.
//
// u = x · scale + shift is the normalized input, y the activation of u, pooled, with some values dropped. Backward computes u and y
// again: that is faster than keeping them. Normalization needs the whole batch (Ioffe and Szegedy, 2015), so it is done
// in two parts with a phase of all threads between them: `statistics` and `forward`; and `gradient_sums` and `backward`.
#pragma once
#include <math.h>

#include "activation.h"
#include "map.h"

struct Nonlinearity {
  Map in, out;
  bool is_normalized;
  int activation, pooling;  // LENET_NO_ACTIVATION, NO_POOLING
  uint32_t threshold, layer;  // of dropout, see lenet_layer, and the dropout layer's number in the network
  float kept;                 // 0: no dropout
};

constexpr int NO_POOLING = -1;
constexpr double EPSILON = 1e-5, MOMENTUM = .1;  // of nn.BatchNorm2d

// Of each channel: what `forward` and `backward` multiply and add. The rest is only there in training.
struct Normalization {
  float *scale, *shift, *mean, *inverse;  // inverse: 1 / sqrt(variance + epsilon)
  float *of_gradient, *of_input, *constant;
  double *batch_mean, *batch_variance;  // the variance that the running one takes, with n - 1 as divisor
};

// Of a group's images, for a channel: the mean and the sum of squared differences from it; or the sums of the gradient and of
// its product with the normalized input.
struct GroupSums {
  double first, second;
};

// ---- dropout ----

typedef uint32_t uvec __attribute__((vector_size(4 * V), may_alias));

// Wellons' mix "lowbias32" of the image's key, the layer and the unit: data/dropout.py is the specification.
INLINE uvec dropout_bits(uvec key, uint32_t unit, uint32_t layer) {
  uvec x = key + (unit * 0x9E3779B9u + layer * 0x85EBCA6Bu);
  x ^= x >> 16;
  x *= 0x7FEB352Du;
  x ^= x >> 15;
  x *= 0x846CA68Bu;
  return x ^ x >> 16;
}

// What a value is multiplied by: `kept`, or 0 if it is dropped.
INLINE vec dropout_factor(const Nonlinearity &f, const uint32_t *keys, int h, int unit) {
  const uvec random = dropout_bits(*(const uvec *)(keys + h), (uint32_t)unit, f.layer);
  return (ivec)(random >= f.threshold - uvec{}) ? splat(f.kept) : splat(0.f);
}

// ---- forward ----

// Of each channel: the mean over the group's `num` images, and the sum of squared differences from it.
static void statistics(const Nonlinearity &f, const float *x, int num, GroupSums *out) {
  alignas(64) float lanes[V], is_image[LANES];
  for (int lane = 0; lane < LANES; ++lane) is_image[lane] = lane < num ? 1.f : 0.f;
  const Map &in = f.in;
  const double count = (double)num * in.pixels();
  for (int channel = 0; channel < in.channels; ++channel) {
    const float *plane = x + (int64_t)channel * in.plane() + in.origin();
    double total = 0., squares = 0.;
    for (int row = 0; row < in.rows; ++row)
      for (int h = 0; h < LANES; h += V) {
        vec part = splat(0.f);
        for (int column = 0; column < in.columns; ++column) part += load(plane + row * in.pitch() + column * LANES + h);
        store(lanes, part * load(is_image + h));
        total += (double)sum(lanes);
      }
    const double mean = total / count;
    const vec middle = splat((float)mean);
    for (int row = 0; row < in.rows; ++row)
      for (int h = 0; h < LANES; h += V) {
        vec part = splat(0.f);
        for (int column = 0; column < in.columns; ++column) {
          const vec difference = load(plane + row * in.pitch() + column * LANES + h) - middle;
          part += difference * difference;
        }
        store(lanes, part * load(is_image + h));
        squares += (double)sum(lanes);
      }
    const double rounded = mean - (double)(float)mean;  // the differences were taken from the rounded mean
    squares -= count * rounded * rounded;
    out[channel] = {mean, squares < 0. ? 0. : squares};  // rounding may make it negative; NaN stays NaN
  }
}

// A pooling window: its four input pixels x, their normalized values u, and the largest u.
struct Window4 {
  vec x[4], u[4], largest;

  INLINE_MEMBER Window4(const float *at, int pitch, vec scale, vec shift, bool is_normalized) {
    x[0] = load(at), x[1] = load(at + LANES), x[2] = load(at + pitch), x[3] = load(at + pitch + LANES);
    UNROLL
    for (int k = 0; k < 4; ++k) u[k] = is_normalized ? x[k] * scale + shift : x[k];
    largest = larger(larger(u[0], u[1]), larger(u[2], u[3]));
  }

  // The first pixel with the largest u, of each lane.
  INLINE_MEMBER ivec winner() const {
    ivec which = u[2] == largest ? splat(2) : splat(3);
    which = u[1] == largest ? splat(1) : which;
    return u[0] == largest ? splat(0) : which;
  }
  INLINE_MEMBER vec chosen(ivec which) const {
    const vec lower = which == splat(2) ? x[2] : x[3], upper = which == splat(1) ? x[1] : lower;
    return which == splat(0) ? x[0] : upper;
  }
};

template <int POOLING, bool IS_RELU>
static void forward(const Nonlinearity &f, const float *x, const Normalization &n, const uint32_t *keys, float *out) {
  constexpr int STEP = POOLING == NO_POOLING ? 1 : 2;
  const int activation = IS_RELU ? LENET_RELU : f.activation, in_pitch = f.in.pitch();
  for (int channel = 0; channel < f.out.channels; ++channel) {
    const vec scale = splat(f.is_normalized ? n.scale[channel] : 1.f);
    const vec shift = splat(f.is_normalized ? n.shift[channel] : 0.f);
    for (int row = 0; row < f.out.rows; ++row) {
      const float *in = x + (int64_t)channel * f.in.plane() + f.in.origin() + STEP * row * in_pitch;
      float *o = out + (int64_t)channel * f.out.plane() + f.out.origin() + row * f.out.pitch();
      const int first_unit = (channel * f.out.rows + row) * f.out.columns;
      for (int column = 0; column < f.out.columns; ++column, in += STEP * LANES, o += LANES)
        for (int h = 0; h < LANES; h += V) {
          vec y;
          if (POOLING == NO_POOLING) {
            const vec u = load(in + h);
            y = activated(f.is_normalized ? u * scale + shift : u, activation);
          } else {
            const Window4 w(in + h, in_pitch, scale, shift, f.is_normalized);
            if (POOLING == LENET_MAX_POOLING)  // activations are monotonic
              y = activated(w.largest, activation);
            else
              y = ((activated(w.u[0], activation) + activated(w.u[1], activation)) +
                   (activated(w.u[2], activation) + activated(w.u[3], activation))) *
                  0.25f;
          }
          if (f.kept) y *= dropout_factor(f, keys, h, first_unit + column);
          store(o + h, y);
        }
    }
  }
}

// ---- backward ----

// With max pooling: calls put(row, offset of the window's first pixel, window, winner, gradient of the winner's u) for every window
// of a channel.
template <bool IS_RELU, typename Put>
INLINE void visit_windows(const Nonlinearity &f, int channel, const float *x, const Normalization &n, const uint32_t *keys,
                          const float *gradient, const Put &put) {
  const int activation = IS_RELU ? LENET_RELU : f.activation, in_pitch = f.in.pitch();
  const vec scale = splat(f.is_normalized ? n.scale[channel] : 1.f), shift = splat(f.is_normalized ? n.shift[channel] : 0.f);
  const float *plane = x + (int64_t)channel * f.in.plane() + f.in.origin();
  for (int row = 0; row < f.out.rows; ++row) {
    const int first_unit = (channel * f.out.rows + row) * f.out.columns;
    for (int column = 0; column < f.out.columns; ++column)
      for (int h = 0; h < LANES; h += V) {
        vec g = load(gradient + (first_unit + column) * LANES + h);
        if (f.kept) g *= dropout_factor(f, keys, h, first_unit + column);
        const int at = 2 * (row * in_pitch + column * LANES) + h;
        const Window4 w(plane + at, in_pitch, scale, shift, f.is_normalized);
        put(row, at, w, w.winner(), g * slope(activated(w.largest, activation), activation));
      }
  }
}

// Calls put(row, input pixel's offset, x, gradient of u) for every vector of a channel of the input, those that pooling drops
// included. gradient: of the output, [channels][rows][columns][LANES].
template <int POOLING, bool IS_RELU, typename Put>
INLINE void visit_gradients(const Nonlinearity &f, int channel, const float *x, const Normalization &n, const uint32_t *keys,
                            const float *gradient, const Put &put) {
  const int activation = IS_RELU ? LENET_RELU : f.activation, in_pitch = f.in.pitch();
  const vec scale = splat(f.is_normalized ? n.scale[channel] : 1.f), shift = splat(f.is_normalized ? n.shift[channel] : 0.f);
  const float *plane = x + (int64_t)channel * f.in.plane() + f.in.origin();
  const int corners[4] = {0, LANES, in_pitch, in_pitch + LANES};
  if (POOLING == LENET_MAX_POOLING)
    visit_windows<IS_RELU>(f, channel, x, n, keys, gradient, [&](int row, int at, const Window4 &w, ivec which, vec whole) {
      UNROLL
      for (int k = 0; k < 4; ++k) put(2 * row + k / 2, at + corners[k], w.x[k], which == splat(k) ? whole : splat(0.f));
    });
  else
    for (int row = 0; row < f.out.rows; ++row) {
      const int first_unit = (channel * f.out.rows + row) * f.out.columns;
      for (int column = 0; column < f.out.columns; ++column)
        for (int h = 0; h < LANES; h += V) {
          vec g = load(gradient + (first_unit + column) * LANES + h);
          if (f.kept) g *= dropout_factor(f, keys, h, first_unit + column);
          if (POOLING == NO_POOLING) {
            const int at = row * in_pitch + column * LANES + h;
            const vec in = load(plane + at), y = activated(f.is_normalized ? in * scale + shift : in, activation);
            put(row, at, in, g * slope(y, activation));
          } else {
            const int at = 2 * (row * in_pitch + column * LANES) + h;
            const Window4 w(plane + at, in_pitch, scale, shift, f.is_normalized);
            UNROLL
            for (int k = 0; k < 4; ++k)
              put(2 * row + k / 2, at + corners[k], w.x[k], 0.25f * g * slope(activated(w.u[k], activation), activation));
          }
        }
    }
  // An odd last row or column is in no window.
  for (int row = 0; POOLING != NO_POOLING && row < f.in.rows; ++row)
    for (int column = row < 2 * f.out.rows ? 2 * f.out.columns : 0; column < f.in.columns; ++column)
      for (int h = 0; h < LANES; h += V) {
        const int at = row * in_pitch + column * LANES + h;
        put(row, at, load(plane + at), splat(0.f));
      }
}

// Of each channel: the sums over the group of the gradient of u and of its product with the normalized input.
template <int POOLING, bool IS_RELU>
static void gradient_sums(const Nonlinearity &f, const float *x, const Normalization &n, const uint32_t *keys,
                          const float *gradient, GroupSums *out) {
  alignas(64) float lanes[V];
  for (int channel = 0; channel < f.in.channels; ++channel) {
    const vec mean = splat(n.mean[channel]), inverse = splat(n.inverse[channel]);
    vec first = splat(0.f), second = splat(0.f);
    double total_first = 0., total_second = 0.;
    int row_before = 0;
    const auto flush = [&] {
      store(lanes, first), total_first += (double)sum(lanes), first = splat(0.f);
      store(lanes, second), total_second += (double)sum(lanes), second = splat(0.f);
    };
    const auto add = [&](int row, vec in, vec g) {
      if (row / 8 != row_before / 8) flush(), row_before = row;  // short sums in float
      first += g;
      second += g * ((in - mean) * inverse);
    };
    if (POOLING == LENET_MAX_POOLING)
      visit_windows<IS_RELU>(f, channel, x, n, keys, gradient, [&](int row, int, const Window4 &w, ivec which, vec whole) {
        add(row, w.chosen(which), whole);
      });
    else
      visit_gradients<POOLING, IS_RELU>(f, channel, x, n, keys, gradient, [&](int row, int, vec in, vec g) { add(row, in, g); });
    flush();
    out[channel] = {total_first, total_second};
  }
}

// The gradient of the input, laid out as `to`. Only the first `num` lanes hold images: the gradient of the others must stay 0, to
// which a normalization would add its constant.
template <int POOLING, bool IS_RELU>
static void backward(const Nonlinearity &f, const float *x, const Normalization &n, const uint32_t *keys, const float *gradient,
                     int num, const Map &to, float *out) {
  alignas(64) float is_image[LANES];
  for (int lane = 0; lane < LANES; ++lane) is_image[lane] = lane < num ? 1.f : 0.f;
  const int in_pitch = f.in.pitch(), out_pitch = to.pitch();
  for (int channel = 0; channel < f.in.channels; ++channel) {
    float *plane = out + (int64_t)channel * to.plane() + to.origin();
    if (f.is_normalized) {
      const vec of_gradient = splat(n.of_gradient[channel]), of_input = splat(n.of_input[channel]);
      const vec constant = splat(n.constant[channel]), mean = splat(n.mean[channel]);
      const bool is_full = num == LANES;
      visit_gradients<POOLING, IS_RELU>(f, channel, x, n, keys, gradient, [&](int row, int at, vec in, vec g) {
        const vec whole = of_gradient * g + ((in - mean) * of_input + constant);
        store(plane + at + row * (out_pitch - in_pitch), is_full ? whole : whole * load(is_image + at % LANES));
      });
    } else {
      visit_gradients<POOLING, IS_RELU>(f, channel, x, n, keys, gradient, [&](int row, int at, vec, vec g) {
        store(plane + at + row * (out_pitch - in_pitch), g);
      });
    }
  }
}

// CALL(POOLING, IS_RELU) with both as constants: ReLU is common, and cheap enough that a choice in the inner loop would show.
#define WITH_POOLING(CALL, IS_RELU)                \
  if (f.pooling == NO_POOLING)                     \
    CALL(NO_POOLING, IS_RELU);                     \
  else if (f.pooling == LENET_MAX_POOLING)         \
    CALL(LENET_MAX_POOLING, IS_RELU);              \
  else                                             \
    CALL(LENET_AVERAGE_POOLING, IS_RELU)
#define WITH_POOLING_AND_ACTIVATION(CALL) \
  if (f.activation == LENET_RELU) {       \
    WITH_POOLING(CALL, true);             \
  } else {                                \
    WITH_POOLING(CALL, false);            \
  }

// keys: of the lanes' images, for dropout; NULL without.
static void forward(const Nonlinearity &f, const float *x, const Normalization &n, const uint32_t *keys, float *out) {
#define FORWARD(POOLING, IS_RELU) forward<POOLING, IS_RELU>(f, x, n, keys, out)
  WITH_POOLING_AND_ACTIVATION(FORWARD)
#undef FORWARD
}

static void gradient_sums(const Nonlinearity &f, const float *x, const Normalization &n, const uint32_t *keys,
                          const float *gradient, GroupSums *out) {
#define SUMS(POOLING, IS_RELU) gradient_sums<POOLING, IS_RELU>(f, x, n, keys, gradient, out)
  WITH_POOLING_AND_ACTIVATION(SUMS)
#undef SUMS
}

static void backward(const Nonlinearity &f, const float *x, const Normalization &n, const uint32_t *keys, const float *gradient,
                     int num, const Map &to, float *out) {
#define BACKWARD(POOLING, IS_RELU) backward<POOLING, IS_RELU>(f, x, n, keys, gradient, num, to, out)
  WITH_POOLING_AND_ACTIVATION(BACKWARD)
#undef BACKWARD
}

// ---- over the groups ----

// Sets mean, variance and what `forward` needs, from the sums of all groups of a batch, in their order (Chan, Golub and LeVeque,
// "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979). weights: gain, then bias, of each channel.
static void normalize(const Nonlinearity &f, const GroupSums *groups, int64_t num_groups, int64_t batch, const float *weights,
                      const Normalization &n) {
  const int channels = f.in.channels;
  for (int channel = 0; channel < channels; ++channel) {
    double count = 0., mean = 0., squares = 0.;
    for (int64_t group = 0; group < num_groups; ++group) {
      const GroupSums &of_group = groups[group * channels + channel];
      const int64_t left = batch - group * LANES;
      const double more = (double)(left < LANES ? left : LANES) * f.in.pixels(), difference = of_group.first - mean;
      squares += of_group.second + difference * difference * count * more / (count + more);
      mean += difference * more / (count + more);
      count += more;
    }
    const double inverse = 1. / sqrt(squares / count + EPSILON), scale = (double)weights[channel] * inverse;
    n.batch_mean[channel] = mean;
    n.batch_variance[channel] = squares / (count - 1.);
    n.mean[channel] = (float)mean;
    n.inverse[channel] = (float)inverse;
    n.scale[channel] = (float)scale;
    n.shift[channel] = (float)((double)weights[channels + channel] - mean * scale);
  }
}

// The gradients of gain and bias, and what `backward` needs, from the sums of all groups.
static void normalize_gradient(const Nonlinearity &f, const GroupSums *groups, int64_t num_groups, int64_t batch,
                               const float *weights, const Normalization &n, float *gradient) {
  const int channels = f.in.channels;
  const double count = (double)batch * f.in.pixels();
  for (int channel = 0; channel < channels; ++channel) {
    double of_bias = 0., of_gain = 0.;
    for (int64_t group = 0; group < num_groups; ++group) {
      of_bias += groups[group * channels + channel].first;
      of_gain += groups[group * channels + channel].second;
    }
    gradient[channel] = (float)of_gain;
    gradient[channels + channel] = (float)of_bias;
    const double scale = (double)weights[channel] * (double)n.inverse[channel];
    n.of_gradient[channel] = (float)scale;
    n.of_input[channel] = (float)(-scale * (double)n.inverse[channel] * of_gain / count);
    n.constant[channel] = (float)(-scale * of_bias / count);
  }
}

// running: the running means, then the running variances.
static void update_running(const Nonlinearity &f, const Normalization &n, float *running) {
  const int channels = f.in.channels;
  for (int channel = 0; channel < channels; ++channel) {
    float &mean = running[channel], &variance = running[channels + channel];
    mean = (float)((1. - MOMENTUM) * (double)mean + MOMENTUM * n.batch_mean[channel]);
    variance = (float)((1. - MOMENTUM) * (double)variance + MOMENTUM * n.batch_variance[channel]);
  }
}

// What `forward` needs in evaluation: the running statistics, as nn.BatchNorm2d uses them.
static void normalize_by_running(int channels, const float *weights, const float *running, float *scale, float *shift) {
  for (int channel = 0; channel < channels; ++channel) {
    const double of_channel = (double)weights[channel] / sqrt((double)running[channels + channel] + EPSILON);
    scale[channel] = (float)of_channel;
    shift[channel] = (float)((double)weights[channels + channel] - (double)running[channel] * of_channel);
  }
}
