// A dense layer, forward and backward, of LANES images at once. Activations are [feature][LANES].
#pragma once
#include "activation.h"
#include "tiling.h"

struct Dense {
  int inputs, outputs;

  // Floats from one row of the weight gradient to the next: whole vectors.
  int pitch() const { return (inputs + LANES - 1) / LANES * LANES; }
};

// Outputs whose sums are in registers together, each for all lanes.
constexpr int MAX_OUTPUTS = REGISTERS == 32 ? 24 / (H > 2 ? 4 : 2) : 12 / (H > 2 ? 4 : 2);

// Terms summed before their sum is added to the total: one sum of a thousand terms would lose accuracy that PyTorch keeps.
constexpr int TERMS = 128;

// out[n] = start[n] + Σ_k weight[n · across + k · along] · x[k], for N rows of LANES
template <int N>
static void product(int count, const float *x, const float *weight, int64_t across, int64_t along, const float *start,
                    float *out) {
  for (int first = 0; first < count; first += TERMS) {
    vec sum[N][H];
    UNROLL
    for (int n = 0; n < N; ++n) {
      UNROLL
      for (int h = 0; h < H; ++h) sum[n][h] = splat(0.f);
    }
    const int last = at_most(first + TERMS, count);
    for (int k = first; k < last; ++k, x += LANES, weight += along) {
      vec in[H];
      UNROLL
      for (int h = 0; h < H; ++h) in[h] = load(x + h * V);
      UNROLL
      for (int n = 0; n < N; ++n) {
        vec w = splat(weight[n * across]);
        UNROLL
        for (int h = 0; h < H; ++h) sum[n][h] += w * in[h];
      }
    }
    UNROLL
    for (int n = 0; n < N; ++n) {
      UNROLL
      for (int h = 0; h < H; ++h) {
        float *o = out + n * LANES + h * V;
        store(o, sum[n][h] + (first ? load(o) : splat(start ? start[n] : 0.f)));
      }
    }
  }
}

static void products(int rows, int count, const float *x, const float *weight, int64_t across, int64_t along,
                     const float *start, float *out) {
  for (int index = 0; index < num_tiles(rows, MAX_OUTPUTS); ++index) {
    Tile tile = tile_of(rows, MAX_OUTPUTS, index);
#define ROWS(N)                                                                                                \
  product<at_most(N, MAX_OUTPUTS)>(count, x, weight + tile.first * across, across, along, \
                                   start ? start + tile.first : nullptr, out + tile.first * LANES)
    WITH_CONSTANT(tile.length, ROWS)
#undef ROWS
  }
}

// weight [outputs][inputs] as PyTorch has it
static void forward(const Dense &d, const float *x, const float *weight, const float *bias, float *out) {
  products(d.outputs, d.inputs, x, weight, d.inputs, 1, bias, out);
}

static void backward_input(const Dense &d, const float *gradient, const float *weight, float *out) {
  products(d.inputs, d.outputs, gradient, weight, 1, d.inputs, nullptr, out);
}

// [count][LANES] → [LANES][pitch]
static void transpose(int count, const float *x, float *out, int pitch) {
  for (int first = 0; first < count; first += LANES) {
    int length = at_most(LANES, count - first);
    for (int lane = 0; lane < LANES; ++lane)
      for (int i = 0; i < length; ++i) out[lane * pitch + first + i] = x[(first + i) * LANES + lane];
  }
}

// Rows of the weight gradient that are computed together.
constexpr int GRADIENT_ROWS = 6;

// N outputs by S vectors of inputs of the weight gradient: the sum over groups and lanes of gradient times input.
template <int N, int S>
static void outer_products(int pitch, int num_groups, const float *gradient, int64_t to_next_gradient,
                           const float *transposed, int64_t to_next_input, float *out) {
  vec sum[N][S];
  UNROLL
  for (int n = 0; n < N; ++n) {
    UNROLL
    for (int s = 0; s < S; ++s) sum[n][s] = splat(0.f);
  }
  for (int group = 0; group < num_groups; ++group, gradient += to_next_gradient, transposed += to_next_input)
    for (int lane = 0; lane < LANES; ++lane) {
      vec in[S];
      UNROLL
      for (int s = 0; s < S; ++s) in[s] = load(transposed + lane * pitch + s * V);
      UNROLL
      for (int n = 0; n < N; ++n) {
        vec g = splat(gradient[n * LANES + lane]);
        UNROLL
        for (int s = 0; s < S; ++s) sum[n][s] += g * in[s];
      }
    }
  UNROLL
  for (int n = 0; n < N; ++n) {
    UNROLL
    for (int s = 0; s < S; ++s) store(out + n * pitch + s * V, sum[n][s]);
  }
}

// Up to GRADIENT_ROWS rows of the weight gradient over several groups, into out, [rows][pitch]. Of each group: gradient, of
// the rows' outputs, [rows][LANES], and transposed, the layer's input, [LANES][pitch].
static void backward_weights(const Dense &d, int rows, int num_groups, const float *gradient, int64_t to_next_gradient,
                             const float *transposed, int64_t to_next_input, float *out) {
  constexpr int MOST = REGISTERS == 32 ? 4 : 2;
  const int pitch = d.pitch();
  int i = 0;
#define ROWS(N, S)                                                                                                \
  outer_products<at_most(N, GRADIENT_ROWS), S>(pitch, num_groups, gradient, to_next_gradient, transposed + i, \
                                               to_next_input, out + i)
#define MANY(N) ROWS(N, MOST)
#define ONE(N) ROWS(N, 1)
  for (; i + MOST * V <= pitch; i += MOST * V) {
    WITH_CONSTANT(rows, MANY)
  }
  for (; i < pitch; i += V) {
    WITH_CONSTANT(rows, ONE)
  }
#undef ONE
#undef MANY
#undef ROWS
}
