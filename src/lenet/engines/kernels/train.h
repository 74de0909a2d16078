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
  Phases phases;
  int64_t done = 0;
  int32_t is_over = 0;      // a loss was not finite
  float coefficient = 1.f;  // by which the gradient is clipped
};

// The sum of the weights of a batch's images: their number, unless classes have weights.
double weight_of(const TrainingCall &job, int64_t begin, int64_t batch) {
  const float *weights = job.optimizer.class_weights;
  if (!weights) return (double)batch;
  double total = 0.;
  for (int64_t i = begin; i < begin + batch; ++i) total += (double)weights[job.images.labels[job.plan.order[i]]];
  return total;
}

// The images of a step, and the groups of one of its rounds.
struct Round {
  int64_t begin, batch;         // position of the batch's first image in the plan, and its number of images
  double weight;                // of the batch
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
    cross_entropy(net.classes, scratch.dense[net.num_dense - 1].out, labels, num, 1.f / (float)round.weight,
                  job.optimizer.label_smoothing, job.optimizer.class_weights, sums.loss, sums.num_correct);
    backward_pass(net, job.optimizer.weights, scratch, sums, job.space.dense, group);
  }
  end_part(net, scratch, sums);
}

// One thread of a call. All threads go through the same phases; who computes what changes no bit. A thread that comes late must
// not decide anything by what it reads, which may be of a later step: decisions are made at the end of a phase, by one thread.
class TrainingThread {
 public:
  TrainingThread(TrainingCall &job, int thread)
      : job_(job), net_(job.net), scratch_(*job.space.scratch.of[thread]), num_ranges_(WeightRange::count(job.net)) {
    scratch_.clear(net_);
  }

  void run() {
    for (int64_t step = job_.start; step < job_.stop && !__atomic_load_n(&job_.is_over, __ATOMIC_ACQUIRE); ++step)
      take_step(step);
  }

 private:
  void take_step(int64_t step) {
    const int64_t begin = step * job_.plan.batch_size, left = job_.plan.num_positions - begin;
    const int64_t batch = left < job_.plan.batch_size ? left : job_.plan.batch_size, groups = num_groups(batch);
    const double weight = weight_of(job_, begin, batch);
    const int num_sums = num_parts(groups_in_round(net_, groups));
    const bool is_clipped = job_.optimizer.clip_norm > 0.f;
    for (int64_t first = 0, next; first < groups; first = next) {
      const Round round = {begin, batch, weight, first, groups_in_round(net_, groups - first)};
      next = first + round.groups;
      const bool is_last = next == groups;
      for_each(
          num_parts(round.groups),
          [&](int part) {
            if (!first) job_.space.parts[part].clear();
            compute_part(job_, round, part, scratch_);
          },
          [&] {
            if (is_last) record(step, weight, num_sums);
          });
      if (__atomic_load_n(&job_.is_over, __ATOMIC_ACQUIRE)) return;
      for_each(
          num_ranges_,
          [&](int index) {
            const WeightRange range(net_, index);
            compute_gradient(range, round, is_last ? num_sums : 0);
            if (is_last && !is_clipped) update_weights(net_, range, job_.space.packed, job_.optimizer, step - job_.start);
          },
          [&] {
            if (is_last && is_clipped) job_.coefficient = clip_coefficient(job_.optimizer, net_.num_weights);
          });
    }
    if (is_clipped)
      for_each(
          num_ranges_,
          [&](int index) {
            update_weights(net_, WeightRange(net_, index), job_.space.packed, job_.optimizer, step - job_.start,
                           job_.coefficient);
          },
          [] {});
  }

  template <typename Task, typename Finish>
  void for_each(int count, const Task &task, const Finish &finish) {
    job_.phases.run(phase_++, count, task, finish);
  }

  // Records the batch's mean loss and how many were right. A loss that is not finite ends the call.
  void record(int64_t step, double weight, int num_sums) {
    double loss = 0.;
    for (int part = 0; part < num_sums; ++part) loss += *job_.space.parts[part].loss;
    loss /= weight;
    job_.losses[step - job_.start] = loss;
    for (int part = 0; part < num_sums; ++part) *job_.num_correct += *job_.space.parts[part].num_correct;
    job_.done = step + 1 - job_.start;
    if (loss - loss != 0.) __atomic_store_n(&job_.is_over, 1, __ATOMIC_RELEASE);
  }

  // The gradient of dense layers after each round, of blocks only after the last, whose num_sums is not 0.
  void compute_gradient(const WeightRange &range, const Round &round, int num_sums) {
    float *gradient = job_.optimizer.gradient;
    if (range.layer >= 0)
      dense_gradient(net_, range.layer, range.rows, job_.space.dense, round.groups, round.first_group > 0, scratch_.rows,
                     gradient);
    else if (num_sums)
      block_gradient(net_, range.block, job_.space.parts, num_sums, gradient);
  }

  TrainingCall &job_;
  const Network &net_;
  Scratch &scratch_;
  const int num_ranges_;
  int64_t phase_ = 0;
};

void train_thread(void *context, int thread) { TrainingThread(*(TrainingCall *)context, thread).run(); }

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
  TrainingCall job{net, images, plan, optimizer, start, stop, losses, num_correct, space};
  return run_threads(num_threads, train_thread, &job) ? job.done : -1;
}

}  // namespace
