// The batch normalizations of a network: their statistics and what follows from them, for all threads.
#pragma once
#include "scratch.h"

namespace {

struct Normalizations {
  Normalization of[MAX_STAGES];  // by stage
  GroupSums *sums[MAX_STAGES];   // [group][channel]: of the forward or of the backward pass

  Normalizations(const Network &net, Workspace &space, int64_t groups, bool training) {
    for (int i = 0; i < net.num_stages; ++i) {
      of[i] = {};
      sums[i] = nullptr;
      if (!net.stages[i].is_normalized()) continue;
      const int64_t channels = net.stages[i].in.channels;
      of[i].scale = space.take<float>(channels);
      of[i].shift = space.take<float>(channels);
      if (!training) continue;
      float **const rest[] = {&of[i].mean, &of[i].inverse, &of[i].of_gradient, &of[i].of_input, &of[i].constant};
      for (float **each : rest)
        *each = space.take<float>(channels);
      of[i].batch_mean = space.take<double>(channels);
      of[i].batch_variance = space.take<double>(channels);
      sums[i] = space.take<GroupSums>(groups * channels);
    }
  }

  // In evaluation: from the running statistics.
  void use_running(const Network &net, const float *values) const {
    for (int i = 0; i < net.num_stages; ++i)
      if (const Stage &stage = net.stages[i]; stage.is_normalized())
        normalize_by_running(stage.in.channels, values + stage.weights, values + stage.running, of[i].scale, of[i].shift);
  }
};

// The values with every normalization that follows a convolution folded into it, or the values themselves if none does.
struct Folded {
  float *copy;

  Folded(const Network &net, Workspace &space) : copy(net.num_foldings ? space.take<float>(net.num_weights) : nullptr) {}

  const float *fold(const Network &net, const float *values) const {
    if (!net.num_foldings) return values;
    memcpy(copy, values, net.num_weights * sizeof(float));
    for (int i = 0; i < net.num_foldings; ++i) {
      const Folding &f = net.foldings[i];
      float *weight = copy + f.convolution, *bias = weight + (int64_t)f.channels * f.taps;
      const float *gain = values + f.normalization, *running = values + f.running;
      for (int channel = 0; channel < f.channels; ++channel) {
        const double scale = (double)gain[channel] / sqrt((double)running[f.channels + channel] + EPSILON);
        for (int tap = 0; tap < f.taps; ++tap) {
          float &w = weight[(int64_t)channel * f.taps + tap];
          w = (float)((double)w * scale);
        }
        bias[channel] = (float)(((double)bias[channel] - (double)running[channel]) * scale + (double)gain[f.channels + channel]);
      }
    }
    return copy;
  }
};

}  // namespace
