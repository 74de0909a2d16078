// Logits, by several threads.
#pragma once
#include "input.h"
#include "passes.h"
#include "size.h"
#include "threads.h"

namespace {

struct LogitsCall {
  const Network &net;
  const lenet_images &images;
  int64_t num;
  const float *weights;
  float *logits;
  const LogitsSpace &space;
  int64_t next_group = 0;
};

void logits_thread(void *context, int thread) {
  LogitsCall &job = *(LogitsCall *)context;
  const Network &net = job.net;
  Activations &kept = job.space.activations[thread];
  const Scratch &scratch = job.space.scratch[thread];
  kept.clear(net);
  const int64_t groups = num_groups(job.num);
  // Each thread takes the next group as soon as it is free, so a thread that starts late does not delay the others.
  for (int64_t group; (group = __atomic_fetch_add(&job.next_group, 1, __ATOMIC_RELAXED)) < groups;) {
    const int num = (int)(job.num - group * LANES < LANES ? job.num - group * LANES : LANES);
    gather(net, job.images, nullptr, group * LANES, num, kept, scratch);
    forward_pass(net, job.weights, job.space.packed, job.space.normalizations, kept, scratch, 0, net.num_stages);
    const float *out = kept.stages[net.num_stages - 1].out;
    for (int lane = 0; lane < num; ++lane)
      for (int k = 0; k < net.classes; ++k) job.logits[(group * LANES + lane) * net.classes + k] = out[k * LANES + lane];
  }
}

int64_t logits(const lenet_network &network, const lenet_images &images, int64_t num, const float *values, float *out,
               void *workspace, int num_threads) {
  const Network net(network, false);
  num_threads = threads_for(num, num_threads);
  allow((char *)workspace, workspace_size(net, num, num_threads, false));
  Workspace memory{(char *)workspace};
  const LogitsSpace space(net, memory, num_threads);
  const float *weights = space.folded.fold(net, values);
  space.normalizations.use_running(net, values);
  space.packed.pack_all(net, weights);
  LogitsCall job{net, images, num, weights, out, space};
  return run_threads(num_threads, logits_thread, &job) ? num : -1;
}

}  // namespace
