// The mean of each channel over all pixels, of LANES images at once.
#pragma once
#include "map.h"

// The output has one pixel, perhaps within the frame of a convolution that follows.
static void forward_global(const Map &in, const Map &to, const float *x, float *out) {
  const float share = 1.f / (float)in.pixels();
  for (int channel = 0; channel < in.channels; ++channel)
    for (int h = 0; h < LANES; h += V) {
      const float *plane = x + (int64_t)channel * in.plane() + in.origin() + h;
      vec total = splat(0.f);
      for (int row = 0; row < in.rows; ++row) {
        vec of_row = splat(0.f);
        for (int column = 0; column < in.columns; ++column) of_row += load(plane + row * in.pitch() + column * LANES);
        total += of_row;
      }
      store(out + (int64_t)channel * to.plane() + to.origin() + h, total * share);
    }
}

static void backward_global(const Map &in, const float *gradient, const Map &to, float *out) {
  const float share = 1.f / (float)in.pixels();
  for (int channel = 0; channel < in.channels; ++channel)
    for (int h = 0; h < LANES; h += V) {
      const vec of_pixel = load(gradient + channel * LANES + h) * share;
      float *plane = out + (int64_t)channel * to.plane() + to.origin() + h;
      for (int row = 0; row < in.rows; ++row)
        for (int column = 0; column < in.columns; ++column) store(plane + row * to.pitch() + column * LANES, of_pixel);
    }
}
