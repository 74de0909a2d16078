#include "threads.h"

#include "interface.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#endif

// Steps of a training take a fraction of a millisecond: a thread that waits for another on a quiet machine waits for less
// than it takes to sleep and wake up. Threads end with the call: none is left for a fork.
constexpr int SPINS = 2000;

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void yield_core() {
#if defined(_WIN32)
  SwitchToThread();
#else
  sched_yield();
#endif
}

void Phases::begin(int64_t phase) {
  __atomic_store_n(&done_, 0, __ATOMIC_RELAXED);
  // Sequentially consistent, as in sleep(): either this thread sees who sleeps, or that one sees the new phase.
  __atomic_store_n(&next_, phase << BITS, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&sleeping_, __ATOMIC_SEQ_CST)) wake();
}

void Phases::wait(int64_t phase) {
  for (int spins = 0; spins < SPINS; ++spins) {
    if (is_over(phase, __ATOMIC_ACQUIRE)) return;
    relax();
  }
  sleep(phase);
}

#if defined(_WIN32)
void Phases::sleep(int64_t phase) {
  AcquireSRWLockExclusive((SRWLOCK *)&lock_);
  __atomic_add_fetch(&sleeping_, 1, __ATOMIC_SEQ_CST);
  while (!is_over(phase, __ATOMIC_SEQ_CST))
    SleepConditionVariableSRW((CONDITION_VARIABLE *)&changed_, (SRWLOCK *)&lock_, INFINITE, 0);
  __atomic_sub_fetch(&sleeping_, 1, __ATOMIC_SEQ_CST);
  ReleaseSRWLockExclusive((SRWLOCK *)&lock_);
}

void Phases::wake() {
  AcquireSRWLockExclusive((SRWLOCK *)&lock_);
  WakeAllConditionVariable((CONDITION_VARIABLE *)&changed_);
  ReleaseSRWLockExclusive((SRWLOCK *)&lock_);
}
#else
void Phases::sleep(int64_t phase) {
  pthread_mutex_lock(&lock_);
  __atomic_add_fetch(&sleeping_, 1, __ATOMIC_SEQ_CST);
  while (!is_over(phase, __ATOMIC_SEQ_CST)) pthread_cond_wait(&changed_, &lock_);
  __atomic_sub_fetch(&sleeping_, 1, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(&lock_);
}

void Phases::wake() {
  pthread_mutex_lock(&lock_);
  pthread_cond_broadcast(&changed_);
  pthread_mutex_unlock(&lock_);
}
#endif

enum Command { WAIT, RUN, QUIT };

struct Worker {
  void (*work)(void *, int);
  void *context;
  int thread;
  const int32_t *command;
};

static void work_when_told(const Worker &worker) {
  int spins = 0;
  int32_t command;
  while ((command = __atomic_load_n(worker.command, __ATOMIC_ACQUIRE)) == WAIT) ++spins < SPINS ? relax() : yield_core();
  if (command == RUN) worker.work(worker.context, worker.thread);
}

#if defined(_WIN32)
typedef HANDLE Thread;
static DWORD WINAPI entry(void *worker) {
  work_when_told(*(Worker *)worker);
  return 0;
}
static bool start(Thread &thread, Worker &worker) {
  thread = CreateThread(nullptr, 0, entry, &worker, 0, nullptr);
  return thread != nullptr;
}
static void join(Thread thread) {
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
}
#else
typedef pthread_t Thread;
static void *entry(void *worker) {
  work_when_told(*(Worker *)worker);
  return nullptr;
}
static bool start(Thread &thread, Worker &worker) { return pthread_create(&thread, nullptr, entry, &worker) == 0; }
static void join(Thread thread) { pthread_join(thread, nullptr); }
#endif

bool run_threads(int num_threads, void (*work)(void *, int), void *context) {
  if (num_threads > LENET_MAX_THREADS) return false;
  Thread threads[LENET_MAX_THREADS];
  Worker workers[LENET_MAX_THREADS];
  int32_t command = WAIT;
  int started = 1;
  for (; started < num_threads; ++started) {
    workers[started] = {work, context, started, &command};
    if (!start(threads[started], workers[started])) break;
  }
  const bool complete = started >= num_threads;
  __atomic_store_n(&command, complete ? RUN : QUIT, __ATOMIC_RELEASE);
  if (complete) work(context, 0);
  for (int thread = 1; thread < started; ++thread) join(threads[thread]);
  return complete;
}
