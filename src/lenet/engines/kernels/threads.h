// Threads that live for one call, a barrier for them, and how they share out tasks.
#pragma once
#include <stdint.h>

#if !defined(_WIN32)
#include <pthread.h>
#endif

// Calls work(context, thread) in num_threads threads, the calling thread being number 0, and returns when all are done.
// Returns false, before any work, if the system cannot start them all.
bool run_threads(int num_threads, void (*work)(void *, int), void *context);

// A waiting thread spins for some microseconds, then sleeps, so that the system can give its core to a thread that works.
class Barrier {
 public:
  explicit Barrier(int num_threads) : num_threads_(num_threads) {}

  // Returns when all threads have called it. What any wrote before, all can read after.
  void wait();

 private:
  void sleep(int32_t round);
  void wake();

  const int num_threads_;
  int32_t arrived_ = 0, round_ = 0, sleeping_ = 0;
#if defined(_WIN32)
  void *lock_ = nullptr, *changed_ = nullptr;  // SRWLOCK and CONDITION_VARIABLE: a pointer each, initially NULL
#else
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
#endif
};

// Numbers that the threads of a call draw, one after the other.
struct Tickets {
  explicit Tickets(int num_threads) : num_threads(num_threads) {}
  const int num_threads;
  int64_t drawn = 0;
};

// A thread's view of the tickets. Between two barriers there are some tasks, and each thread draws until it is told that none
// is left: so all threads know how many tickets were drawn before, and the counter is never set back.
class Taken {
 public:
  explicit Taken(Tickets &tickets) : tickets_(tickets) {}

  // The number of a task that is nobody else's, or num_tasks if all are taken.
  int next(int num_tasks) {
    const int64_t task = __atomic_fetch_add(&tickets_.drawn, 1, __ATOMIC_RELAXED) - before_;
    return task < num_tasks ? (int)task : num_tasks;
  }

  // Call it once before the barrier, with the same number.
  void finish(int num_tasks) { before_ += num_tasks + tickets_.num_threads; }

 private:
  Tickets &tickets_;
  int64_t before_ = 0;
};
