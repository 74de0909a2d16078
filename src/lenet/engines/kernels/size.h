// Bytes of workspace that a call needs.
#pragma once
#include "gradients.h"

namespace {

// num_images: of a batch in training, else of the call.
int64_t workspace_size(const Network &net, int64_t num_images, int num_threads, bool training) {
  Workspace space{nullptr};
  num_threads = threads_for(num_images, num_threads);
  if (training) {
    TrainingSpace counted(net, space, num_groups(num_images), num_threads);
  } else {
    const Packed packed(net, space, false);
    ScratchPerThread counted(net, space, packed, num_threads, false);
  }
  return space.used;
}

}  // namespace
