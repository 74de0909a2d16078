// The values of a layer for LANES images.
#pragma once
#include <stdint.h>

#include "vector.h"

// [channels][rows][columns][LANES] within a frame of zeros, which a convolution reads as its padding.
struct Map {
  int channels, rows, columns, frame;

  int pitch() const { return (columns + 2 * frame) * LANES; }  // floats from one row to the next
  int plane() const { return (rows + 2 * frame) * pitch(); }   // and from one channel to the next
  int64_t size() const { return (int64_t)channels * plane(); }
  int origin() const { return frame * (pitch() + LANES); }  // of the first pixel
  int pixels() const { return rows * columns; }
  int64_t count() const { return (int64_t)channels * pixels(); }  // of values of one image
};

INLINE Map framed(Map map, int frame) {
  map.frame = frame;
  return map;
}
