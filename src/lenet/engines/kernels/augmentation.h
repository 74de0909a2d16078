// Augmented images, in whole numbers: the same bytes as data/augmentation.py, which is the specification.
#pragma once
#include "normalize.h"
#include "scratch.h"

namespace {

constexpr int32_t ONE = 1 << 16;

INLINE ivec loaded(const int32_t *p) { return *(const ivec *)p; }
INLINE void stored(int32_t *p, ivec x) { *(ivec *)p = x; }
INLINE ivec limited(ivec x, ivec low, ivec high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// Four bytes from each of V places.
INLINE ivec gathered(const uint16_t *from, ivec places) {
#if defined(__AVX512F__)
  return (ivec)_mm512_i32gather_epi32((__m512i)places, from, 2);
#elif defined(__AVX2__)
  return (ivec)_mm256_i32gather_epi32((const int *)from, (__m256i)places, 2);
#else
  ivec four;
  for (int i = 0; i < V; ++i) {
    int32_t bytes;
    memcpy(&bytes, from + places[i], 4);
    four[i] = bytes;
  }
  return four;
#endif
}

// What augments LANES images, one number of each in an array.
struct Lanes {
  alignas(ALIGNMENT) int32_t start[2][LANES];             // the place of the first pixel: row and column, in 1/131072
  alignas(ALIGNMENT) int32_t down[2][LANES], right[2][LANES];  // from there to the pixel below, and to the next one
  alignas(ALIGNMENT) int32_t gain[LANES], lift[LANES];
  alignas(ALIGNMENT) int32_t top[LANES], left[LANES], bottom[LANES], beyond[LANES];
  alignas(ALIGNMENT) int32_t sums[LANES];
  const uint8_t *images[LANES];

  void set(const Network &net, const lenet_images &pixels, const lenet_plan &plan, int64_t position, int lane) {
    images[lane] = pixels.pixels + plan.order[position] * net.input.channels * net.input.rows * net.input.columns;
    const bool flip = plan.flips && plan.flips[position];
    const int sizes[2] = {net.input.rows, net.input.columns};
    const int64_t *shift = plan.shifts ? plan.shifts + 2 * position : nullptr;
    // Distances of the first pixel from the centre, in half pixels.
    const int above = -(net.input.rows - 1) - (shift ? 2 * (int)shift[0] : 0);
    const int before = -(net.input.columns - 1) - (shift ? 2 * (int)shift[1] : 0);
    for (int axis = 0; axis < 2; ++axis) {
      int32_t per_row = plan.maps ? plan.maps[4 * position + 2 * axis] : axis == 0 ? ONE : 0;
      int32_t per_column = plan.maps ? plan.maps[4 * position + 2 * axis + 1] : axis == 0 ? 0 : ONE;
      if (flip && axis == 1) per_row = -per_row, per_column = -per_column;
      // One pixel further on, as the frame around the corners is one pixel wide; and half of 1/256, which rounds.
      start[axis][lane] = per_row * above + per_column * before + (sizes[axis] + 1) * ONE + ONE / 256;
      down[axis][lane] = 2 * per_row;
      right[axis][lane] = 2 * per_column;
    }
    if (plan.tones) gain[lane] = plan.tones[2 * position], lift[lane] = plan.tones[2 * position + 1];
    if (plan.erased) {
      int32_t *const edges[4] = {top, left, bottom, beyond};
      for (int i = 0; i < 4; ++i) edges[i][lane] = (plan.erased[4 * position + i] * sizes[i % 2] + ONE / 2) >> 16;
    }
    sums[lane] = 0;
  }
};

// The pixels at the corners between four pixels: of row y and column x the pixel above left, and in the high byte the one
// below it; beside it, in the next number, are the two on the right. Pixels outside of the image are 0.
void fill_corners(const Network &net, const uint8_t *image, uint16_t *corners) {
  const int columns = net.input.columns, step = net.input.channels;
  for (int row = 0; row <= net.input.rows; ++row) {
    const uint8_t *above = image + (int64_t)(row - 1) * columns * step, *below = above + columns * step;
    *corners++ = 0;
    if (row == 0)
      for (int x = 0; x < columns; ++x) corners[x] = (uint16_t)(below[x * step] << 8);
    else if (row == net.input.rows)
      for (int x = 0; x < columns; ++x) corners[x] = above[x * step];
    else if (step == 1)
      for (int x = 0; x < columns; ++x) corners[x] = (uint16_t)(above[x] | below[x] << 8);
    else
      for (int x = 0; x < columns; ++x) corners[x] = (uint16_t)(above[x * step] | below[x * step] << 8);
    corners += columns;
    *corners++ = 0;
  }
  memset(corners, 0, (columns + 4) * sizeof(uint16_t));
}

// One channel of V images, flipped, mapped and shifted with bilinear interpolation, into out, [row][pitch] in vectors.
void map_channel(const Network &net, const uint16_t *corners, Lanes &lanes, int h, int32_t *out, int pitch) {
  const ivec zero = splat(0), last_row = splat((net.input.rows + 1) << 8), last_column = splat((net.input.columns + 1) << 8);
  const ivec width = splat(net.input.columns + 2);
  ivec first, sum = loaded(lanes.sums + h);
  for (int i = 0; i < V; ++i) first[i] = i * net.num_corners();
  ivec row_start = loaded(lanes.start[0] + h), column_start = loaded(lanes.start[1] + h);
  const ivec row_step = loaded(lanes.right[0] + h), column_step = loaded(lanes.right[1] + h);
  for (int y = 0; y < net.input.rows; ++y, out += pitch) {
    ivec row = row_start, column = column_start;
    for (int x = 0; x < net.input.columns; ++x) {
      const ivec down = limited(row >> 9, zero, last_row), right = limited(column >> 9, zero, last_column);
      const ivec four = gathered(corners, (down >> 8) * width + (right >> 8) + first);
      const ivec above = four & 255, above_right = four >> 16 & 255;
      const ivec below = four >> 8 & 255, below_right = four >> 24 & 255;
      const ivec left_column = (above << 8) + (down & 255) * (below - above);
      const ivec right_column = (above_right << 8) + (down & 255) * (below_right - above_right);
      const ivec value = ((left_column << 8) + (right & 255) * (right_column - left_column) + ONE / 2) >> 16;
      sum += value;
      stored(out + x * LANES, value);
      row += row_step;
      column += column_step;
    }
    row_start += loaded(lanes.down[0] + h);
    column_start += loaded(lanes.down[1] + h);
  }
  stored(lanes.sums + h, sum);
}

// Changes the tones of V images, erases a part of each, and makes them the input of the network, in place.
void finish_channel(const Network &net, const lenet_images &images, const lenet_plan &plan, const Lanes &lanes, int h,
                    float *out, int pitch) {
  const ivec gain = loaded(lanes.gain + h), lift = loaded(lanes.lift + h), grey = splat((int32_t)plan.grey);
  const ivec top = loaded(lanes.top + h), bottom = loaded(lanes.bottom + h);
  const ivec left = loaded(lanes.left + h), beyond = loaded(lanes.beyond + h);
  for (int y = 0; y < net.input.rows; ++y, out += pitch) {
    const ivec inside = (top <= y) & (bottom > y);
    for (int x = 0; x < net.input.columns; ++x) {
      ivec value = loaded((int32_t *)out + x * LANES);
      if (plan.tones) value = limited((gain * value + lift) >> 16, splat(0), splat(255));
      if (plan.erased) value = (inside & (left <= x) & (beyond > x)) ? grey : value;
      store(out + x * LANES, normalized(value, images));
    }
  }
}

// As `gather`, for a plan that has maps, tones or erased.
void gather_augmented(const Network &net, const lenet_images &images, const lenet_plan &plan, int64_t first, int num,
                      const Activations &kept, const Scratch &scratch) {
  Lanes lanes = {};
  for (int lane = 0; lane < LANES; ++lane) lanes.set(net, images, plan, first + (lane < num ? lane : 0), lane);
  const int pitch = net.input.pitch(), plane = net.input.plane();
  float *inner = kept.input + net.input.origin();
  for (int h = 0; h < LANES; h += V)
    for (int channel = 0; channel < net.input.channels; ++channel) {
      for (int i = 0; i < V; ++i)
        fill_corners(net, lanes.images[h + i] + channel, scratch.corners + i * net.num_corners());
      map_channel(net, scratch.corners, lanes, h, (int32_t *)(inner + (int64_t)channel * plane + h), pitch);
    }
  if (plan.tones)
    for (int lane = 0; lane < LANES; ++lane) {
      const int count = (int)net.input.count();
      const int mean = (2 * lanes.sums[lane] + count) / (2 * count);
      lanes.lift[lane] = lanes.lift[lane] * mean + ONE / 2;
    }
  for (int h = 0; h < LANES; h += V)
    for (int channel = 0; channel < net.input.channels; ++channel)
      finish_channel(net, images, plan, lanes, h, inner + (int64_t)channel * plane + h, pitch);
}

}  // namespace
