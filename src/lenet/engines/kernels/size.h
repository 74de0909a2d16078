// Bytes of workspace that a call needs.
#pragma once
#include "gradients.h"

namespace {

// What the logits of images are computed in.
struct LogitsSpace {
  Folded folded;
  Packed packed;
  Normalizations normalizations;
  Activations *activations;  // of each thread
  Scratch *scratch;

  LogitsSpace(const Network &net, Workspace &space, int num_threads)
      : folded(net, space), packed(net, space, false), normalizations(net, space, 0, false),
        activations(take_many<Activations>(net, space, num_threads, false)),
        scratch(take_many<Scratch>(net, space, num_threads, false)) {}
};

// num_images: of a batch in training, else of the call.
int64_t workspace_size(const Network &net, int64_t num_images, int num_threads, bool training) {
  Workspace space{nullptr};
  num_threads = threads_for(num_images, num_threads);
  if (training)
    TrainingSpace counted(net, space, num_groups(num_images), num_threads);
  else
    LogitsSpace counted(net, space, num_threads);
  return space.used;
}

}  // namespace
