// From bytes to the numbers that a network takes.
#pragma once
#include "interface.h"
#include "vector.h"

namespace {

// Bytes as the network takes them, with the same rounding as in PyTorch.
INLINE vec normalized(ivec bytes, const lenet_images &images) {
  vec whole = __builtin_convertvector(bytes, vec);
  vec grey = whole * (1.f / 255.f);
  if (IS_FUSED)
    grey += (whole - grey * 255.f) * (1.f / 255.f);  // exact for all 256, and shorter than a division
  else
    grey = whole / 255.f;
  return images.is_unnormalized ? grey : (grey - images.mean) / images.std;
}

}  // namespace
