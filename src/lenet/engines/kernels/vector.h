// The processor's vectors of floats, through the vector extensions of GCC and Clang: few intrinsics.
#pragma once
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__wasm__)
#include <wasm_simd128.h>
#endif

#define INLINE static INLINE_MEMBER
#define INLINE_MEMBER inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

// LANES images are computed together: they are the innermost index of every activation. V of them fit into one vector, H
// vectors make up the lanes, and the kernels keep their sums in REGISTERS registers.
constexpr int LANES = 16;
#if defined(__AVX512F__)
constexpr int V = 16, REGISTERS = 32;
#elif defined(__AVX2__)
constexpr int V = 8, REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int V = 4, REGISTERS = 32;
#else
constexpr int V = 4, REGISTERS = 16;
#endif
constexpr int H = LANES / V;

// Whether multiply-add rounds once.
#if defined(__FMA__) || defined(__aarch64__)
constexpr bool IS_FUSED = true;
#else
constexpr bool IS_FUSED = false;
#endif

typedef float vec __attribute__((vector_size(4 * V), may_alias));
typedef int32_t ivec __attribute__((vector_size(4 * V), may_alias));

INLINE vec splat(float x) { return x - vec{}; }
INLINE ivec splat(int32_t x) { return x - ivec{}; }
INLINE vec load(const float *p) { return *(const vec *)p; }
INLINE void store(float *p, vec x) { *(vec *)p = x; }
// a < b ? a : b and a > b ? a : b, so b if either is not a number; compilers turn these into a comparison and a blend, so intrinsics.
#if defined(__AVX512F__)
INLINE vec smaller(vec a, vec b) { return (vec)_mm512_min_ps((__m512)a, (__m512)b); }
INLINE vec larger(vec a, vec b) { return (vec)_mm512_max_ps((__m512)a, (__m512)b); }
#elif defined(__AVX2__)
INLINE vec smaller(vec a, vec b) { return (vec)_mm256_min_ps((__m256)a, (__m256)b); }
INLINE vec larger(vec a, vec b) { return (vec)_mm256_max_ps((__m256)a, (__m256)b); }
#elif defined(__SSE4_2__)
INLINE vec smaller(vec a, vec b) { return (vec)_mm_min_ps((__m128)a, (__m128)b); }
INLINE vec larger(vec a, vec b) { return (vec)_mm_max_ps((__m128)a, (__m128)b); }
#elif defined(__wasm__)
INLINE vec smaller(vec a, vec b) { return (vec)wasm_f32x4_pmin((v128_t)b, (v128_t)a); }
INLINE vec larger(vec a, vec b) { return (vec)wasm_f32x4_pmax((v128_t)b, (v128_t)a); }
#else
INLINE vec smaller(vec a, vec b) { return a < b ? a : b; }
INLINE vec larger(vec a, vec b) { return a > b ? a : b; }
#endif
INLINE ivec bits(vec x) { return (ivec)x; }
INLINE vec from_bits(ivec x) { return (vec)x; }

// 1 / x to about one unit in the last place, for x in 1 … 2^127: an estimate and Newton's steps instead of a division.
INLINE vec reciprocal(vec x) {
#if defined(__AVX512F__)
  vec y = (vec)_mm512_rcp14_ps((__m512)x);
  return y + y * (1.f - x * y);
#elif defined(__AVX2__)
  vec y = (vec)_mm256_rcp_ps((__m256)x);
  return y + y * (1.f - x * y);
#else
  return 1.f / x;
#endif
}

// The sum over the lanes of a vector, in a fixed order.
INLINE float sum(const float *lanes) {
  float part[4] = {lanes[0], lanes[1], lanes[2], lanes[3]};
  UNROLL
  for (int i = 4; i < V; ++i) part[i % 4] += lanes[i];
  return (part[0] + part[1]) + (part[2] + part[3]);
}
