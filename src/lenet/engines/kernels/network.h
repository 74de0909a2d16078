// The sizes of a network and of its layers' arrays, from the structure that Python passes.
#pragma once
#include "convolution.h"
#include "dense.h"

namespace {

// Groups of LANES images, the last one perhaps not full.
int64_t num_groups(int64_t num_images) { return (num_images + LANES - 1) / LANES; }

struct Network {
  int num_blocks, num_dense, classes, activation;
  int in_channels, height, width;
  Block blocks[LENET_MAX_BLOCKS];
  Dense dense[LENET_MAX_DENSE];
  int64_t block_weights[LENET_MAX_BLOCKS], dense_weights[LENET_MAX_DENSE], num_weights;  // index of the first weight of each
  int first_padding;

  explicit Network(const lenet_network &n)
      : num_blocks(n.num_blocks), num_dense(n.num_dense), classes(n.widths[n.num_dense - 1]), activation(n.activation),
        in_channels(n.in_channels), height(n.height), width(n.width), num_weights(0) {
    int channels = n.in_channels, rows = n.height, columns = n.width;
    for (int i = 0; i < num_blocks; ++i) {
      const lenet_block &given = n.blocks[i];
      Block &b = blocks[i];
      b.in_channels = channels;
      b.in_rows = rows + 2 * given.padding;
      b.in_columns = columns + 2 * given.padding;
      b.channels = given.channels;
      b.kernel = given.kernel_size;
      b.padding = given.padding;
      b.rows = (b.in_rows - b.kernel + 1) / 2;
      b.columns = (b.in_columns - b.kernel + 1) / 2;
      b.activation = n.activation;
      b.pooling = n.pooling;
      channels = b.channels, rows = b.rows, columns = b.columns;
      block_weights[i] = num_weights;
      num_weights += (int64_t)b.channels * (b.taps() + 1);
    }
    int features = channels * rows * columns;
    for (int i = 0; i < num_dense; ++i) {
      dense[i] = {features, n.widths[i]};
      dense_weights[i] = num_weights;
      features = n.widths[i];
      num_weights += (int64_t)dense[i].outputs * (dense[i].inputs + 1);
    }
    first_padding = num_blocks ? blocks[0].padding : 0;
  }

  // Width of the frame of zeros around the output of a block, which the next block reads as its padding.
  int padding_after(int block) const { return block + 1 < num_blocks ? blocks[block + 1].padding : 0; }
  int pooled_pitch(int block) const { return (blocks[block].columns + 2 * padding_after(block)) * LANES; }
  int pooled_plane(int block) const {
    return (blocks[block].rows + 2 * padding_after(block)) * pooled_pitch(block);
  }
  // Of one channel of an image, between its pixels and in a frame around it; and two numbers, as four bytes are read at once.
  int num_corners() const { return (height + 2) * (width + 2) + 2; }
  int input_size() const {
    return in_channels * (height + 2 * first_padding) * (width + 2 * first_padding) * LANES;
  }
};

}  // namespace
