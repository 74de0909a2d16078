// Arrays in the memory that the caller gives: the kernels allocate nothing.
#pragma once
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace {

constexpr int ALIGNMENT = 64;

// Under the address sanitizer, the gaps between two arrays of a workspace must not be touched.
#if defined(__SANITIZE_ADDRESS__)
constexpr int FENCE = 4 * ALIGNMENT;
void forbid(char *memory, int64_t size) { ASAN_POISON_MEMORY_REGION(memory, size); }
void allow(char *memory, int64_t size) { ASAN_UNPOISON_MEMORY_REGION(memory, size); }
#else
constexpr int FENCE = 0;
void forbid(char *, int64_t) {}
void allow(char *, int64_t) {}
#endif

// Divides the caller's memory into arrays, each aligned to a cache line. Without memory, it only counts the bytes needed.
struct Workspace {
  char *memory;
  int64_t used = 0;
  bool fenced = true;

  template <typename T>
  T *take(int64_t count) {
    T *array = memory ? (T *)(memory + used) : nullptr;
    used += (count * (int64_t)sizeof(T) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (FENCE && fenced) {
      if (memory) forbid(memory + used, FENCE);
      used += FENCE;
    }
    return array;
  }
};

}  // namespace
