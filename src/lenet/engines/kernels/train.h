// Training steps, by several threads.
#pragma once
#include "input.h"
#include "loss.h"
#include "passes.h"
#include "size.h"
#include "threads.h"

namespace {

struct TrainingCall {
  const Network &net;
  const lenet_images &images;
  const lenet_plan &plan;
  const lenet_optimizer &optimizer;
  int64_t start, stop;
  double *losses;
  int64_t *num_correct;
  TrainingSpace &space;
  Barrier barrier;
  Tickets tickets;
  int64_t done = 0;
};

// The images of a step, and the groups of one of its rounds.
struct Round {
  int64_t begin, batch;         // position of the batch's first image in the plan, and its number of images
  int64_t first_group, groups;  // of the round
};

// Forward and backward through the groups of one part of a round.
void compute_part(const TrainingCall &job, const Round &round, int part, Scratch &scratch) {
  const Network &net = job.net;
  const PartialSums &sums = job.space.parts[part];
  const int parts = num_parts(round.groups);
  begin_part(net, scratch);
  for (int64_t group = round.groups * part / parts; group < round.groups * (part + 1) / parts; ++group) {
    const int64_t at = round.begin + (round.first_group + group) * LANES, left = round.begin + round.batch - at;
    const int num = (int)(left < LANES ? left : LANES);
    int64_t labels[LANES];
    for (int lane = 0; lane < num; ++lane) labels[lane] = job.images.labels[job.plan.order[at + lane]];
    gather(net, job.images, &job.plan, at, num, scratch);
    forward_pass(net, job.optimizer.weights, scratch);
    cross_entropy(net.classes, scratch.dense[net.num_dense - 1].out, labels, num, 1.f / (float)round.batch,
                  job.optimizer.label_smoothing, sums.loss, sums.num_correct);
    backward_pass(net, job.optimizer.weights, scratch, sums, job.space.dense, group);
  }
  end_part(net, scratch, sums);
}

// Threads take parts, then ranges of weights, as soon as they are free: a thread that the system takes away delays the others
// by one of them. Who computes what changes no bit.
void train_thread(void *context, int thread) {
  TrainingCall &job = *(TrainingCall *)context;
  const Network &net = job.net;
  Scratch &scratch = *job.space.scratch.of[thread];
  scratch.clear(net);
  Taken taken(job.tickets);
  const int num_tasks = WeightTask::count(net);
  const bool is_clipped = job.optimizer.clip_norm > 0.f;
  for (int64_t step = job.start; step < job.stop; ++step) {
    const int64_t begin = step * job.plan.batch_size, left = job.plan.num_positions - begin;
    const int64_t batch = left < job.plan.batch_size ? left : job.plan.batch_size, groups = num_groups(batch);
    const int sums = num_parts(groups_in_round(net, groups));
    for (int64_t first = 0, next; first < groups; first = next) {
      const Round round = {begin, batch, first, groups_in_round(net, groups - first)};
      next = first + round.groups;
      const bool is_last = next == groups;
      const int parts = num_parts(round.groups);
      for (int part; (part = taken.next(parts)) < parts;) {
        if (!first) job.space.parts[part].clear();
        compute_part(job, round, part, scratch);
      }
      taken.finish(parts);
      job.barrier.wait();
      if (is_last) {
        double loss = 0.;
        for (int part = 0; part < sums; ++part) loss += *job.space.parts[part].loss;
        loss /= (double)batch;
        if (thread == 0) {
          job.losses[step - job.start] = loss;
          for (int part = 0; part < sums; ++part) *job.num_correct += *job.space.parts[part].num_correct;
          job.done = step + 1 - job.start;
        }
        if (loss - loss != 0.) return;  // not finite, as all threads see
      }
      for (int index; (index = taken.next(num_tasks)) < num_tasks;) {
        const WeightTask task(net, index);
        if (task.layer >= 0)
          dense_gradient(net, task.layer, task.rows, job.space.dense, round.groups, first > 0, scratch.rows,
                         job.optimizer.gradient);
        else if (is_last)
          block_gradient(net, task.block, job.space.parts, sums, job.optimizer.gradient);
        if (is_last && !is_clipped) update_weights(net, task, job.space.packed, job.optimizer, step - job.start);
      }
      taken.finish(num_tasks);
      job.barrier.wait();
    }
    if (!is_clipped) continue;
    const float coefficient = clip_coefficient(job.optimizer, net.num_weights);
    job.barrier.wait();  // all have read the gradient, which is now scaled
    for (int index; (index = taken.next(num_tasks)) < num_tasks;)
      update_weights(net, WeightTask(net, index), job.space.packed, job.optimizer, step - job.start, coefficient);
    taken.finish(num_tasks);
    job.barrier.wait();
  }
}

int64_t train(const lenet_network &network, const lenet_images &images, const lenet_plan &plan,
              const lenet_optimizer &optimizer, int64_t start, int64_t stop, double *losses, int64_t *num_correct,
              void *workspace, int num_threads) {
  const Network net(network);
  const int64_t most = plan.batch_size < plan.num_positions ? plan.batch_size : plan.num_positions;
  allow((char *)workspace, workspace_size(net, most, num_threads, true));
  num_threads = threads_for(most, num_threads);
  Workspace memory{(char *)workspace};
  TrainingSpace space(net, memory, num_groups(most), num_threads);
  for (int i = 0; i < net.num_blocks; ++i) space.packed.pack(net, optimizer.weights, i);
  *num_correct = 0;
  TrainingCall job{net,    images,      plan,  optimizer,            start,               stop,
                   losses, num_correct, space, Barrier(num_threads), Tickets(num_threads)};
  return run_threads(num_threads, train_thread, &job) ? job.done : -1;
}

}  // namespace
