// Training steps, by several threads.
#pragma once
#include "clip.h"
#include "input.h"
#include "loss.h"
#include "optimizer.h"
#include "passes.h"
#include "reduce.h"
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
  Scratch **scratch;  // of each thread
  int num_threads;
  Barrier barrier;
  int64_t done = 0;
};

void train_thread(void *context, int thread) {
  TrainingCall &job = *(TrainingCall *)context;
  const Network &net = job.net;
  Scratch &scratch = *job.scratch[thread];
  scratch.clear(net);
  Segment segments[2 * (LENET_MAX_BLOCKS + LENET_MAX_DENSE)];
  const int num_segments = segments_of(net, scratch, segments);
  float *gradients[LENET_MAX_THREADS];
  for (int i = 0; i < job.num_threads; ++i) gradients[i] = job.scratch[i]->gradients;
  const int64_t lines = (net.num_weights + LANES - 1) / LANES;
  const int64_t first_weight = lines * thread / job.num_threads * LANES;
  const int64_t end = lines * (thread + 1) / job.num_threads * LANES;
  const int64_t last_weight = end < net.num_weights ? end : net.num_weights;

  for (int64_t step = job.start; step < job.stop; ++step) {
    const int64_t begin = step * job.plan.batch_size;
    const int64_t left = job.plan.num_positions - begin;
    const int64_t batch = left < job.plan.batch_size ? left : job.plan.batch_size;
    const int64_t groups = (batch + LANES - 1) / LANES;
    // The same groups always go to the same thread, and sums are added in the same order, so each run gives the same bits.
    const int64_t first = groups * thread / job.num_threads, last = groups * (thread + 1) / job.num_threads;
    *scratch.loss = 0.;
    *scratch.num_correct = 0;
    memset(scratch.gradients, 0, scratch.num_gradients * sizeof(float));
    scratch.pack(net, job.optimizer.weights);
    for (int64_t group = first; group < last; ++group) {
      const int64_t at = begin + group * LANES;
      const int num = (int)(begin + batch - at < LANES ? begin + batch - at : LANES);
      int64_t labels[LANES];
      for (int lane = 0; lane < num; ++lane) labels[lane] = job.images.labels[job.plan.order[at + lane]];
      gather(net, job.images, &job.plan, at, num, scratch);
      forward_pass(net, job.optimizer.weights, scratch);
      cross_entropy(net.classes, scratch.dense[net.num_dense - 1].out, labels, num, 1.f / (float)batch,
                    job.optimizer.label_smoothing, scratch.loss, scratch.num_correct);
      backward_pass(net, job.optimizer.weights, scratch);
    }
    finish_gradients(net, scratch);
    job.barrier.wait();
    double loss = 0.;
    for (int i = 0; i < job.num_threads; ++i) loss += *job.scratch[i]->loss;
    loss /= (double)batch;
    const bool finite = loss - loss == 0.;
    if (thread == 0) {
      job.losses[step - job.start] = loss;
      for (int i = 0; i < job.num_threads; ++i) *job.num_correct += *job.scratch[i]->num_correct;
      job.done = step + 1 - job.start;
    }
    if (!finite) break;
    reduce(segments, num_segments, gradients, job.num_threads, first_weight, last_weight, job.optimizer.gradient);
    if (job.optimizer.clip_norm > 0.f) {
      job.barrier.wait();
      const float coefficient = clip_coefficient(job.optimizer, net.num_weights);
      job.barrier.wait();  // all have read the gradient, of which each now scales its part
      scale_gradient(job.optimizer, coefficient, first_weight, last_weight);
    }
    update(job.optimizer, step - job.start, first_weight, last_weight);
    job.barrier.wait();
  }
}

int64_t train(const lenet_network &network, const lenet_images &images, const lenet_plan &plan,
              const lenet_optimizer &optimizer, int64_t start, int64_t stop, double *losses, int64_t *num_correct,
              void *workspace, int num_threads) {
  Network net(network);
  num_threads = threads_for(plan.batch_size < plan.num_positions ? plan.batch_size : plan.num_positions, num_threads);
  ScratchPerThread scratch(net, Workspace{(char *)workspace}, num_threads, true);
  *num_correct = 0;
  TrainingCall job{net,    images,      plan,       optimizer,   start,                stop,
                   losses, num_correct, scratch.of, num_threads, Barrier(num_threads)};
  return run_threads(num_threads, train_thread, &job) ? job.done : -1;
}

}  // namespace
