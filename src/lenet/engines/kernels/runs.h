// Cutting a number of channels into runs short enough for the registers.
#pragma once
#include <stdint.h>

struct Run {
  int first, length;
};

// As few runs of at most `most` as cover `count`, all nearly as long: how many, and the run-th of them.
constexpr int num_runs(int count, int most) { return (count + most - 1) / most; }
constexpr Run run_of(int count, int most, int run) {
  const int64_t runs = num_runs(count, most), first = count * (int64_t)run / runs;
  return {(int)first, (int)(count * (run + (int64_t)1) / runs - first)};
}

// The run that item number `item` is in.
constexpr Run run_with(int count, int most, int item) {
  int run = 0;
  while (run_of(count, most, run).first + run_of(count, most, run).length <= item) ++run;
  return run_of(count, most, run);
}

constexpr int at_most(int n, int most) { return n < most ? n : most; }

// CALL(n) with the value that `length`, 1 to 12, has at run time, as a constant for the compiler to unroll by.
#define WITH_CONSTANT(length, CALL) \
  switch (length) {                 \
    case 1: CALL(1); break;         \
    case 2: CALL(2); break;         \
    case 3: CALL(3); break;         \
    case 4: CALL(4); break;         \
    case 5: CALL(5); break;         \
    case 6: CALL(6); break;         \
    case 7: CALL(7); break;         \
    case 8: CALL(8); break;         \
    case 9: CALL(9); break;         \
    case 10: CALL(10); break;       \
    case 11: CALL(11); break;       \
    default: CALL(12);              \
  }
