#include "threads.h"

#include "interface.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#endif

// The steps of a training are fractions of a millisecond apart, so a waiting thread asks again at once, and only after a
// while offers its core to others. Between calls there are no threads: nothing sleeps, nothing survives a fork.
static void relax(int &asked) {
  if (++asked < 4000) {
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
  int asked = 0;
  while (__atomic_load_n(&round_, __ATOMIC_ACQUIRE) == round) relax(asked);
}

enum Word { WAIT, GO, LEAVE };

struct Member {
  void (*work)(void *, int);
  void *context;
  int thread;
  const int32_t *word;
};

static void take_part(const Member &member) {
  int asked = 0;
  int32_t word;
  while ((word = __atomic_load_n(member.word, __ATOMIC_ACQUIRE)) == WAIT) relax(asked);
  if (word == GO) member.work(member.context, member.thread);
}

#if defined(_WIN32)
typedef HANDLE Thread;
static DWORD WINAPI entry(void *member) {
  take_part(*(Member *)member);
  return 0;
}
static bool start(Thread &thread, Member &member) {
  thread = CreateThread(nullptr, 0, entry, &member, 0, nullptr);
  return thread != nullptr;
}
static void join(Thread thread) {
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
}
#else
typedef pthread_t Thread;
static void *entry(void *member) {
  take_part(*(Member *)member);
  return nullptr;
}
static bool start(Thread &thread, Member &member) { return pthread_create(&thread, nullptr, entry, &member) == 0; }
static void join(Thread thread) { pthread_join(thread, nullptr); }
#endif

bool run_team(int num_threads, void (*work)(void *, int), void *context) {
  if (num_threads > LENET_MAX_THREADS) return false;
  Thread threads[LENET_MAX_THREADS];
  Member members[LENET_MAX_THREADS];
  int32_t word = WAIT;
  int started = 1;
  for (; started < num_threads; ++started) {
    members[started] = {work, context, started, &word};
    if (!start(threads[started], members[started])) break;
  }
  const bool complete = started >= num_threads;
  __atomic_store_n(&word, complete ? GO : LEAVE, __ATOMIC_RELEASE);
  if (complete) work(context, 0);
  for (int thread = 1; thread < started; ++thread) join(threads[thread]);
  return complete;
}
