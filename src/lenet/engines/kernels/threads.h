// Threads that live for one call, and a barrier for them.
#pragma once
#include <stdint.h>

// Calls work(context, thread) in num_threads threads, the calling thread being number 0, and returns when all are done.
// Returns false, before any work, if the system cannot start them all.
bool run_threads(int num_threads, void (*work)(void *, int), void *context);

class Barrier {
 public:
  explicit Barrier(int num_threads) : num_threads_(num_threads) {}

  // Returns when all threads have called it. What any wrote before, all can read after.
  void wait();

 private:
  const int num_threads_;
  int32_t arrived_ = 0, round_ = 0;
};
