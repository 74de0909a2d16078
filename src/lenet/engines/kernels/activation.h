// The activations and their derivatives, on vectors.
#pragma once
#include "interface.h"
#include "vector.h"

// e^x for x in -87 … 88, relative error about 1e-7: x = n ln 2 + r, and a polynomial for e^r, |r| <= ln 2 / 2
// (Moshier, Cephes, expf).
INLINE vec exponential(vec x) {
  constexpr float MAGIC = 12582912.f;  // 1.5 × 2^23: adding it rounds to the nearest whole number
  vec shifted = x * 1.44269504088896341f + MAGIC;
  vec n = shifted - MAGIC;
  vec r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.f;
  return from_bits(bits(p) + (bits(shifted) << 23));  // the low bits of `shifted` hold n
}

// 2^(x · factor) for a product in -126 … 127, relative error 1e-7 and that of the product: a polynomial of degree 5 (the best
// one, in the greatest error) for the fractional part. Short chains of dependence, because many are computed at once.
INLINE vec power_of_two(vec x, float factor) {
  constexpr float MAGIC = 12582912.f;
  vec shifted = x * factor + MAGIC;
  vec r = x * factor - (shifted - MAGIC);
  vec square = r * r;
  vec p = r * 9.675540961325169e-3f + 5.550713092088699e-2f;
  p = square * 1.3276472454890609e-3f + p;
  p = square * p + (r * 0.24022120237350464f + 0.6931469440460205f);
  p = p * r + 1.f;
  return from_bits(bits(p) + (bits(shifted) << 23));
}

// 1 / (1 + e^-x). The rounding of x / ln 2 is harmless: e^-x has an error of |x| units in the last place, but where |x| is
// large, either 1 dominates it or the slope is small. smaller and larger return their second argument if it is NaN, so that
// NaN reaches the loss.
constexpr float LOG2_E = 1.44269504088896341f;

INLINE vec sigmoid(vec x) {
  return reciprocal(1.f + power_of_two(larger(splat(-83.f), smaller(splat(83.f), x)), -LOG2_E));
}

// 1 - 2 / (1 + e^2x), which would cancel for small x; there an odd polynomial (Cephes, tanhf).
INLINE vec tanh_(vec x) {
  vec size = from_bits(bits(x) & splat(0x7fffffff));
  vec s = x * x;
  vec p = s * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  vec small = p * s * x + x;
  vec large = 1.f - 2.f * reciprocal(1.f + power_of_two(smaller(splat(42.f), size), 2.f * LOG2_E));
  return size < splat(0.625f) ? small : from_bits(bits(large) | (bits(x) & splat(INT32_MIN)));
}

INLINE vec relu(vec x) { return larger(splat(0.f), x); }

// 1.7159 · tanh(2x/3) (LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998).
constexpr float TANH_HEIGHT = 1.7159f, TANH_WIDTH = 2.f / 3.f;
constexpr float LEAK = 0.01f;  // the slope of leaky ReLU below zero

constexpr int LENET_NO_ACTIVATION = -1;

INLINE vec activated(vec x, int activation) {
  switch (activation) {
    case LENET_NO_ACTIVATION: return x;
    case LENET_SIGMOID: return sigmoid(x);
    case LENET_TANH: return tanh_(x);
    case LENET_SCALED_TANH: return TANH_HEIGHT * tanh_(TANH_WIDTH * x);
    case LENET_LEAKY_RELU: return larger(LEAK * x, x);
    default: return relu(x);
  }
}

// The derivative, from the activated value.
INLINE vec slope(vec y, int activation) {
  switch (activation) {
    case LENET_SIGMOID: return y - y * y;
    case LENET_TANH: return 1.f - y * y;
    case LENET_NO_ACTIVATION: return splat(1.f);
    case LENET_SCALED_TANH: return TANH_HEIGHT * TANH_WIDTH - (TANH_WIDTH / TANH_HEIGHT) * (y * y);
    case LENET_LEAKY_RELU: return y > splat(0.f) ? splat(1.f) : splat(LEAK);
    default: return y > splat(0.f) ? splat(1.f) : splat(0.f);
  }
}
