// Threads that live for one call, and the phases of their work.
#pragma once
#include <stdint.h>

#if !defined(_WIN32) && !defined(__wasm__)
#include <pthread.h>
#endif

// Calls work(context, thread) in num_threads threads, the calling thread being number 0, and returns when all are done.
// Returns false, before any work, if the system cannot start them all.
bool run_threads(int num_threads, void (*work)(void *, int), void *context);

// The phases of a call, one after the other, each of some tasks. A thread takes the next task as soon as it is free, and a phase
// is over when its tasks are done, whichever threads did them. So a thread from which the system has taken its core delays the
// others only if it had a task, and then by that one. A waiting thread spins for some microseconds, then sleeps, so that the
// system can give its core to a thread that works.
class Phases {
 public:
  // Does some of the tasks 0 … count - 1 of a phase; returns when the phase is over. All threads call it for every phase in
  // turn, counted from 0, with the same count; one that comes late finds the phase over. The thread that does the last task
  // calls finish() before any goes on. What was written before that, all can read after.
  template <typename Task, typename Finish>
  void run(int64_t phase, int count, const Task &task, const Finish &finish) {
    for (;;) {
      int64_t next = __atomic_load_n(&next_, __ATOMIC_ACQUIRE);
      if (next >> BITS != phase) return;
      const int number = (int)(next & ((1 << BITS) - 1));
      if (number >= count) break;
      if (!__atomic_compare_exchange_n(&next_, &next, next + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) continue;
      task(number);
      if (__atomic_add_fetch(&done_, 1, __ATOMIC_ACQ_REL) == count) {
        finish();
        begin(phase + 1);
        return;
      }
    }
    wait(phase);
  }

 private:
  static constexpr int BITS = 24;  // of a task's number

  void begin(int64_t phase);
  void wait(int64_t phase);
  bool is_over(int64_t phase, int order) const { return __atomic_load_n(&next_, order) >> BITS != phase; }
  void sleep(int64_t phase);
  void wake();

  int64_t next_ = 0;  // the phase, and in the last BITS the number of its next task
  int32_t done_ = 0, sleeping_ = 0;
#if defined(_WIN32)
  void *lock_ = nullptr, *changed_ = nullptr;  // SRWLOCK and CONDITION_VARIABLE: a pointer each, initially NULL
#elif !defined(__wasm__)
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
#endif
};
