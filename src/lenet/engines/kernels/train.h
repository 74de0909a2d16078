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

// One thread of a call. All threads go through the same phases; who computes what changes no bit. A thread that comes late must
// not decide anything by what it reads, which may be of a later step: decisions are made at the end of a phase, by one thread.
class TrainingThread {
 public:
  TrainingThread(TrainingCall &job, int thread)
      : job_(job), net_(job.net), space_(job.space), thread_(thread), scratch_(job.space.scratch[thread]),
        num_ranges_(WeightRange::count(job.net)) {
    scratch_.clear(net_);
  }

  void run() {
    for_each((int)space_.num_activations, [&](int index) { space_.activations[index].clear(net_); }, [] {});
    for (int64_t step = job_.start; step < job_.stop && !is_over(); ++step) take_step(step);
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
      if (!compute_passes(round, step, is_last ? num_sums : 0)) return;
      for_each(
          num_ranges_,
          [&](int index) {
            const WeightRange range(net_, index);
            compute_gradient(range, round, is_last ? num_sums : 0);
            if (is_last && !is_clipped) update_weights(net_, range, space_, job_.optimizer, step - job_.start);
          },
          [&] {
            if (is_last && is_clipped) job_.coefficient = clip_coefficient(job_.optimizer, net_.num_weights);
          });
    }
    if (is_clipped)
      for_each(
          num_ranges_,
          [&](int index) {
            update_weights(net_, WeightRange(net_, index), space_, job_.optimizer, step - job_.start, job_.coefficient);
          },
          [] {});
  }

  // The forward and the backward pass of a round, in phases: a batch normalization needs a sum over the whole batch before it
  // goes on, in either direction. num_sums: 0 unless the round is the batch's last. False if the loss is not finite.
  bool compute_passes(const Round &round, int64_t step, int num_sums) {
    int normalized[MAX_STAGES + 1], count = 0;  // the stages that wait for the whole batch
    for (int i = 0; i < net_.num_stages; ++i)
      if (net_.stages[i].is_normalized()) normalized[count++] = i;
    const int parts = num_parts(round.groups);
    for (int k = 0; k < count; ++k)
      for_each(
          parts, [&](int part) { compute_forward(round, part, k ? normalized[k - 1] : 0, normalized[k]); },
          [&] {
            const Stage &stage = net_.stages[normalized[k]];
            normalize(stage.nonlinearity, space_.normalizations.sums[normalized[k]], round.groups, round.batch,
                      job_.optimizer.weights + stage.weights, space_.normalizations.of[normalized[k]]);
          });
    const auto finish_gradient = [&](int index) {
      const Stage &stage = net_.stages[index];
      normalize_gradient(stage.nonlinearity, space_.normalizations.sums[index], round.groups, round.batch,
                         job_.optimizer.weights + stage.weights, space_.normalizations.of[index],
                         job_.optimizer.gradient + stage.weights);
    };
    const int last = count ? normalized[count - 1] : 0;
    for_each(
        parts,
        [&](int part) {
          if (!round.first_group) space_.parts[part].clear();
          compute_both(round, part, last, count > 0);
        },
        [&] {
          if (num_sums) record(step, round.weight, num_sums);
          if (count) finish_gradient(last);
        });
    if (is_over()) return false;
    for (int k = count - 1; k >= 0; --k)
      for_each(
          parts, [&](int part) { compute_backward(round, part, normalized[k], k ? normalized[k - 1] : -1); },
          [&] {
            if (k) finish_gradient(normalized[k - 1]);
          });
    return true;
  }

  // Calls work(group of the round, its number of images, what it keeps) for the groups of one part.
  template <typename Work>
  void for_groups(const Round &round, int part, const Work &work) {
    const int parts = num_parts(round.groups);
    for (int64_t group = round.groups * part / parts; group < round.groups * (part + 1) / parts; ++group) {
      const int64_t left = round.batch - (round.first_group + group) * LANES;
      work(group, (int)(left < LANES ? left : LANES), space_.activations[net_.num_normalized ? group : thread_]);
    }
  }

  void forward_from(const Round &round, int64_t group, int num, Activations &kept, int first, int last) {
    if (!first) read(round, group, num, kept);
    forward_pass(net_, job_.optimizer.weights, space_.packed, space_.normalizations, kept, scratch_, first, last);
  }

  // Stages first … last - 1, and the statistics of the normalization that is the next.
  void compute_forward(const Round &round, int part, int first, int last) {
    const Nonlinearity &next = net_.stages[last].nonlinearity;
    for_groups(round, part, [&](int64_t group, int num, Activations &kept) {
      forward_from(round, group, num, kept, first, last);
      statistics(next, last ? kept.stages[last - 1].out : kept.input, num,
                 space_.normalizations.sums[last] + group * next.in.channels);
    });
  }

  // Forward from stage `first`, the loss, and backward to the stage after `first`, or to it if it is no normalization.
  void compute_both(const Round &round, int part, int first, bool is_normalized) {
    const PartialSums &sums = space_.parts[part];
    begin_sums(net_, scratch_, first, net_.num_stages);
    for_groups(round, part, [&](int64_t group, int num, Activations &kept) {
      forward_from(round, group, num, kept, first, net_.num_stages);
      loss_and_gradient(net_.classes, kept.stages[net_.num_stages - 1].out, job_.images, job_.plan, job_.optimizer,
                        position(round, group), num, round.weight, sums.loss, sums.num_correct);
      const BackwardPass pass = backward_of(sums, group, num, kept);
      pass.run(net_.num_stages - 1, first + is_normalized);
      if (is_normalized) pass.sum_gradients(first);
    });
    end_sums(net_, scratch_, sums, first, net_.num_stages);
  }

  // Backward from a normalization to the stage after the next one, whose gradients are summed; or to the first if `next` is -1.
  void compute_backward(const Round &round, int part, int normalized, int next) {
    const PartialSums &sums = space_.parts[part];
    begin_sums(net_, scratch_, next + 1, normalized);
    for_groups(round, part, [&](int64_t group, int num, Activations &kept) {
      const BackwardPass pass = backward_of(sums, group, num, kept);
      pass.run(normalized, next + 1);
      if (next >= 0) pass.sum_gradients(next);
    });
    end_sums(net_, scratch_, sums, next + 1, normalized);
  }

  BackwardPass backward_of(const PartialSums &sums, int64_t group, int num, const Activations &kept) const {
    return {net_, job_.optimizer.weights, space_, kept, scratch_, sums, group, num};
  }

  // The position in the plan of a group's first image.
  static int64_t position(const Round &round, int64_t group) { return round.begin + (round.first_group + group) * LANES; }

  // The images of a group, and their keys.
  void read(const Round &round, int64_t group, int num, Activations &kept) {
    const int64_t at = position(round, group);
    for (int lane = 0; lane < LANES; ++lane)
      kept.dropout_keys[lane] = job_.plan.dropout_keys ? job_.plan.dropout_keys[at + (lane < num ? lane : 0)] : 0;
    gather(net_, job_.images, &job_.plan, at, num, kept, scratch_);
  }

  bool is_over() const { return __atomic_load_n(&job_.is_over, __ATOMIC_ACQUIRE); }

  template <typename Task, typename Finish>
  void for_each(int count, const Task &task, const Finish &finish) {
    job_.phases.run(phase_++, count, task, finish);
  }

  // Records the batch's mean loss and how many were right. A loss that is not finite ends the call.
  void record(int64_t step, double weight, int num_sums) {
    double loss = 0.;
    for (int part = 0; part < num_sums; ++part) loss += *space_.parts[part].loss;
    loss /= weight;
    job_.losses[step - job_.start] = loss;
    for (int part = 0; part < num_sums; ++part) *job_.num_correct += *space_.parts[part].num_correct;
    job_.done = step + 1 - job_.start;
    if (loss - loss != 0.) __atomic_store_n(&job_.is_over, 1, __ATOMIC_RELEASE);
  }

  // The gradient of dense layers after each round, of convolutions only after the last, whose num_sums is not 0. That of a
  // normalization is there already.
  void compute_gradient(const WeightRange &range, const Round &round, int num_sums) {
    const Stage &stage = net_.stages[range.stage];
    float *gradient = job_.optimizer.gradient;
    if (stage.kind == DENSE)
      dense_gradient(net_, range.stage, range.rows, space_.dense, round.groups, round.first_group > 0, scratch_.rows, gradient);
    else if (num_sums && !stage.is_normalized())
      convolution_gradient(stage, space_.parts, num_sums, range.stage, gradient);
  }

  TrainingCall &job_;
  const Network &net_;
  TrainingSpace &space_;
  const int thread_;
  Scratch &scratch_;
  const int num_ranges_;
  int64_t phase_ = 0;
};

void train_thread(void *context, int thread) { TrainingThread(*(TrainingCall *)context, thread).run(); }

int64_t train(const lenet_network &network, const lenet_images &images, const lenet_plan &plan,
              const lenet_optimizer &optimizer, int64_t start, int64_t stop, double *losses, int64_t *num_correct,
              void *workspace, int num_threads) {
  const Network net(network, true);
  const int64_t most = plan.batch_size < plan.num_positions ? plan.batch_size : plan.num_positions;
  allow((char *)workspace, workspace_size(net, most, num_threads, true));
  num_threads = threads_for(most, num_threads);
  Workspace memory{(char *)workspace};
  TrainingSpace space(net, memory, num_groups(most), num_threads);
  space.packed.pack_all(net, optimizer.weights);
  *num_correct = 0;
  TrainingCall job{net, images, plan, optimizer, start, stop, losses, num_correct, space, {}};
  return run_threads(num_threads, train_thread, &job) ? job.done : -1;
}

}  // namespace
