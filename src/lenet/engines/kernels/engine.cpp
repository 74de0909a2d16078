// The exported functions: each calls the variant that its caller asks for.
#include "interface.h"
#include "variant.h"

#ifndef LENET_BUILD
#define LENET_BUILD "unknown"
#endif

#if defined(__x86_64__)
#include <cpuid.h>

extern const Variant variant_avx512, variant_avx2, variant_sse4;

// The registers that the operating system saves when it changes threads (XCR0): vectors it does not save cannot be used.
static uint64_t saved_registers() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}

struct Features {
  bool sse4 = false, avx2 = false, avx512 = false;

  Features() {
    uint32_t a, b, c, d, b7 = 0, c7 = 0, d7 = 0, c_extended = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return;
    sse4 = (c & bit_SSE4_2) && (c & bit_POPCNT) && (c & bit_SSSE3);
    const bool vectors_saved = (c & bit_OSXSAVE) && (saved_registers() & 6) == 6;
    if (!vectors_saved) return;
    const bool v2 = c & bit_FMA && c & bit_F16C && c & bit_MOVBE && c & bit_AVX;
    __get_cpuid_count(7, 0, &a, &b7, &c7, &d7);
    __get_cpuid(0x80000001, &a, &b, &c_extended, &d);
    avx2 = v2 && (b7 & bit_AVX2) && (b7 & bit_BMI) && (b7 & bit_BMI2) && (c_extended & bit_LZCNT);
    const uint32_t needed = bit_AVX512F | bit_AVX512CD | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    avx512 = avx2 && (b7 & needed) == needed && (saved_registers() & 0xe6) == 0xe6;
  }
};

static const Variant *const VARIANTS[] = {&variant_avx512, &variant_avx2, &variant_sse4};

static bool runs_here(int variant) {
  const Features features;
  const bool here[] = {features.avx512, features.avx2, features.sse4};
  return here[variant];
}
#elif defined(__aarch64__)
extern const Variant variant_neon;
static const Variant *const VARIANTS[] = {&variant_neon};
static bool runs_here(int) { return true; }  // every ARM64 processor has it
#elif defined(__wasm__)
extern const Variant variant_simd128;
static const Variant *const VARIANTS[] = {&variant_simd128};
static bool runs_here(int) { return true; }  // a module that is loaded has been checked
#else
#error "no kernels for this processor"
#endif

int32_t lenet_num_variants(void) { return (int32_t)(sizeof VARIANTS / sizeof VARIANTS[0]); }
const char *lenet_variant_name(int32_t variant) { return VARIANTS[variant]->name; }
int32_t lenet_variant_runs_here(int32_t variant) { return runs_here(variant); }
const char *lenet_build(void) { return LENET_BUILD; }

void lenet_sizes(int32_t sizes[4]) {
  sizes[0] = sizeof(lenet_network), sizes[1] = sizeof(lenet_images);
  sizes[2] = sizeof(lenet_plan), sizes[3] = sizeof(lenet_optimizer);
}

int64_t lenet_workspace_size(int32_t variant, const lenet_network *network, int64_t num_images, int32_t num_threads,
                             int32_t training) {
  return VARIANTS[variant]->workspace_size(*network, num_images, num_threads, training);
}

int64_t lenet_train(int32_t variant, const lenet_network *network, const lenet_images *images,
                    const lenet_plan *plan, const lenet_optimizer *optimizer, int64_t start, int64_t stop,
                    double *losses, int64_t *num_correct, void *workspace, int32_t num_threads) {
  return VARIANTS[variant]->train(*network, *images, *plan, *optimizer, start, stop, losses, num_correct, workspace,
                                  num_threads);
}

int64_t lenet_logits(int32_t variant, const lenet_network *network, const lenet_images *images, int64_t num,
                     const float *weights, float *logits, void *workspace, int32_t num_threads) {
  return VARIANTS[variant]->logits(*network, *images, num, weights, logits, workspace, num_threads);
}
