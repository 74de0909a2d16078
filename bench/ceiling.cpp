// The peak of the processor's multiply-add units: a loop of them on registers, in several threads at once.
#include "threads.h"
#include "vector.h"

namespace {

constexpr int CHAINS = 12;  // independent sums, enough to hide the latency of a multiply-add

volatile float result;  // keeps the loop from being optimised out

struct Work {
  int64_t rounds;
};

void multiply_add(void *context, int) {
  vec a[CHAINS];
  vec factor = splat(0.999f), term = splat(0.001f);
  UNROLL
  for (int i = 0; i < CHAINS; ++i) a[i] = splat((float)i);
  for (int64_t round = ((Work *)context)->rounds; round > 0; --round) {
    UNROLL
    for (int i = 0; i < CHAINS; ++i) a[i] = a[i] * factor + term;
  }
  UNROLL
  for (int i = 1; i < CHAINS; ++i) a[0] += a[i];
  result = a[0][0];
}

}  // namespace

// The floating-point operations in that many rounds of the loop, in all threads; 0 if the system gave fewer threads.
extern "C" __attribute__((visibility("default"))) double ceiling(int32_t num_threads, int64_t rounds) {
  Work work{rounds};
  return run_threads(num_threads, multiply_add, &work) ? 2. * CHAINS * V * (double)rounds * num_threads : 0.;
}
