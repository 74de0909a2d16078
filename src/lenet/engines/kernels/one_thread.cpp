// What threads.h declares, for WebAssembly without threads: the calling thread does all the work.
#include "threads.h"

void Phases::begin(int64_t phase) {
  done_ = 0;
  next_ = phase << BITS;
}

void Phases::wait(int64_t) {}  // never called: the thread that does the last task does not wait

bool run_threads(int num_threads, void (*work)(void *, int), void *context) {
  if (num_threads != 1) return false;
  work(context, 0);
  return true;
}
