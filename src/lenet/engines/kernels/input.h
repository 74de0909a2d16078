// Images as input of the network: chosen by the plan, flipped, shifted and normalized.
#pragma once
#include "augmentation.h"

namespace {

// Flips and shifts an image [row][column][channel] into [channel][row][column]. Pixels from outside the image are 0.
void shift_image(const Network &net, const uint8_t *image, bool flip, int down, int right, uint8_t *out) {
  const int rows = net.input.rows, columns = net.input.columns, channels = net.input.channels;
  for (int channel = 0; channel < channels; ++channel)
    for (int y = 0; y < rows; ++y)
      for (int x = 0; x < columns; ++x) {
        const int row = y - down, column = flip ? columns - 1 - (x - right) : x - right;
        const bool within = row >= 0 && row < rows && column >= 0 && column < columns;
        *out++ = within ? image[((int64_t)row * columns + column) * channels + channel] : 0;
      }
}

// Copies the images at positions first … first + num - 1 of the plan into kept.input, [channel][row][column][LANES] within
// its frame. Lanes from `num` on repeat the first image.
void gather(const Network &net, const lenet_images &images, const lenet_plan *plan, int64_t first, int num,
            const Activations &kept, const Scratch &scratch) {
  if (plan && (plan->maps || plan->tones || plan->erased)) {
    gather_augmented(net, images, *plan, first, num, kept, scratch);
    return;
  }
  const int64_t size = net.input.count();
  const uint8_t *from[LANES];
  for (int lane = 0; lane < LANES; ++lane) {
    const int64_t position = lane < num ? first + lane : first;
    const uint8_t *image = images.pixels + (plan ? plan->order[position] : position) * size;
    const bool flip = plan && plan->flips && plan->flips[position];
    const int64_t *shift = plan && plan->shifts ? plan->shifts + 2 * position : nullptr;
    if (flip || (shift && (shift[0] || shift[1])) || net.input.channels > 1) {
      uint8_t *copy = scratch.shifted + lane * size;
      shift_image(net, image, flip, shift ? (int)shift[0] : 0, shift ? (int)shift[1] : 0, copy);
      image = copy;
    }
    from[lane] = image;
  }
  const int columns = net.input.columns, pitch = net.input.pitch();
  int64_t pixel = 0;
  for (int channel = 0; channel < net.input.channels; ++channel)
    for (int row = 0; row < net.input.rows; ++row) {
      float *to = kept.input + net.input.origin() + (int64_t)channel * net.input.plane() + row * pitch;
      for (int x = 0; x < columns;) {  // four bytes of every lane at once, while there are four
        const int some = at_most(columns - x, 4);
        for (int h = 0; h < LANES; h += V) {
          ivec four;
          for (int i = 0; i < V; ++i) {
            int32_t bytes = 0;
            some == 4 ? memcpy(&bytes, from[h + i] + pixel, 4) : memcpy(&bytes, from[h + i] + pixel, some);
            four[i] = bytes;
          }
          for (int k = 0; k < some; ++k, four >>= 8) store(to + (x + k) * LANES + h, normalized(four & splat(255), images));
        }
        x += some;
        pixel += some;
      }
    }
}

}  // namespace
