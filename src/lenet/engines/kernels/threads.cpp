#include "threads.h"

#include "interface.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#endif

// Steps of a training take a fraction of a millisecond, so a waiting thread spins, and yields its core only after a while.
// Threads end with the call: none is left for a fork.
static void spin(int &spins) {
  if (++spins < 4000) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  } else {
#if defined(_WIN32)
    SwitchToThread();
#else
    sched_yield();
#endif
  }
}

void Barrier::wait() {
  int32_t round = __atomic_load_n(&round_, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&arrived_, 1, __ATOMIC_ACQ_REL) == num_threads_) {
    __atomic_store_n(&arrived_, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&round_, round + 1, __ATOMIC_RELEASE);
    return;
  }
  int spins = 0;
  while (__atomic_load_n(&round_, __ATOMIC_ACQUIRE) == round) spin(spins);
}

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
  while ((command = __atomic_load_n(worker.command, __ATOMIC_ACQUIRE)) == WAIT) spin(spins);
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
