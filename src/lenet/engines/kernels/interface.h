// The interface between Python (engines/cpu.py) and the kernels: plain C structures and functions, no state.
//
// Every array is the caller's, the workspace included; nothing is allocated or kept between two calls. The caller has
// checked sizes, types and ranges: the kernels trust them.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define LENET_EXPORT __declspec(dllexport)
#else
#define LENET_EXPORT __attribute__((visibility("default")))
#endif

enum { LENET_MAX_LAYERS = 32, LENET_MAX_CLASSES = 1000, LENET_MAX_THREADS = 256 };

// Kinds of layers, as networks/layers.py explains them. Pooling is 2 by 2 with stride 2.
enum {
  LENET_CONVOLUTION = 0,
  LENET_BATCH_NORM = 1,
  LENET_ACTIVATION = 2,
  LENET_POOLING = 3,
  LENET_GLOBAL_POOLING = 4,
  LENET_DROPOUT = 5,
  LENET_FLATTEN = 6,
  LENET_DENSE = 7,
};

enum { LENET_SIGMOID = 0, LENET_TANH = 1, LENET_RELU = 2, LENET_SCALED_TANH = 3, LENET_LEAKY_RELU = 4 };  // activations
enum { LENET_MAX_POOLING = 0, LENET_AVERAGE_POOLING = 1 };
enum { LENET_SGD = 0, LENET_ADAM = 1, LENET_ADAMW = 2 };  // optimizer

typedef struct {
  int32_t kind;
  int32_t function;              // of an activation or a pooling
  int32_t outputs;               // channels of a convolution, features of a dense layer
  int32_t kernel_size, padding;  // of a convolution
  uint32_t threshold;            // of dropout: values with a smaller random number are dropped,
  float kept;                    // the others are multiplied by this
} lenet_layer;

// A chain of layers that ends in a dense layer, whose outputs are the logits. The values are one float vector: of each
// layer its weight as PyTorch lays it out, then its bias; at the end, of each batch normalization, the running mean and the
// running variance.
typedef struct {
  int32_t in_channels, height, width, num_layers;
  lenet_layer layers[LENET_MAX_LAYERS];
} lenet_network;

// pixels (num, height, width, in_channels); the input is (byte / 255 - mean) / std.
typedef struct {
  const uint8_t *pixels;
  const int64_t *labels;  // (num,), NULL for logits
  float mean, std;
  int32_t is_unnormalized;  // mean 0 and std 1: the input is byte / 255
  const void *targets;      // (num, target_views, classes): finite logits of a teacher for training, float or half; or NULL
  int32_t target_views;     // 2: the second row is that of the mirrored image
  int32_t targets_are_half;
} lenet_images;

// The plan of an epoch (data/plan.py): entry i of each array belongs to the i-th image of the epoch. data/augmentation.py
// explains maps, tones and erased, which hold numbers in 1/65536.
typedef struct {
  const int64_t *order;   // (num_positions,)
  const uint8_t *flips;   // (num_positions,) or NULL: flipped left to right
  const int64_t *shifts;  // (num_positions, 2) or NULL: pixels down and right, after the flip
  const int32_t *maps;    // (num_positions, 2, 2) or NULL: from a pixel of the result to its place in the image
  const int32_t *tones;   // (num_positions, 2) or NULL: factors of the pixel and of the image's mean
  const int32_t *erased;  // (num_positions, 4) or NULL: top, left, bottom and right of a rectangle
  const uint32_t *dropout_keys;  // (num_positions,), or NULL for a network without dropout; data/dropout.py explains them
  int64_t num_positions, batch_size;
  int64_t grey;  // the byte for erased pixels
} lenet_plan;

// All vectors have the length of the values; steps are taken of the learned ones, the average of all.
// first: momentum (SGD) or mean of the gradient (Adam), second: mean of its square; NULL where there is none.
// average: of the weights over the steps, or NULL.
// Of step i, counted from the first of the call: rates[i], for Adam both bias corrections, and for the average the share of
// the new weights, 1 in the first step of a training.
typedef struct {
  int32_t kind, nesterov;
  double beta1, beta2;  // doubles: 1 - beta2 loses three digits in a float
  float momentum, epsilon, weight_decay, label_smoothing;
  float clip_norm;                    // 0: the gradient is not clipped
  float temperature, teacher_weight;  // of soft targets
  float *weights, *gradient, *first, *second;
  const double *rates, *first_corrections, *second_corrections;
  float *average;
  const double *average_shares;
  const float *class_weights;  // in the loss, (num_classes,), or NULL: all 1
} lenet_optimizer;

// Bytes of workspace that a call needs; it must be aligned to 64 bytes. num_images: of a batch in training, else of the call.
LENET_EXPORT int64_t lenet_workspace_size(int32_t variant, const lenet_network *network, int64_t num_images,
                                          int32_t num_threads, int32_t training);

// Takes the steps start to stop - 1, each updating the weights; returns how many were taken. losses (stop - start,): the
// mean loss of each batch; num_correct: of all. A loss that is not finite is the last one, and leaves the weights alone.
// -1: the system could not start the threads; nothing was done.
LENET_EXPORT int64_t lenet_train(int32_t variant, const lenet_network *network, const lenet_images *images,
                                 const lenet_plan *plan, const lenet_optimizer *optimizer, int64_t start, int64_t stop,
                                 double *losses, int64_t *num_correct, void *workspace, int32_t num_threads);

// logits (num, num_classes) of the first num images. Returns num, or -1 as above.
LENET_EXPORT int64_t lenet_logits(int32_t variant, const lenet_network *network, const lenet_images *images,
                                  int64_t num, const float *weights, float *logits, void *workspace,
                                  int32_t num_threads);

// The variants in this library, the fastest first, and whether this processor can run them.
LENET_EXPORT int32_t lenet_num_variants(void);
LENET_EXPORT const char *lenet_variant_name(int32_t variant);
LENET_EXPORT int32_t lenet_variant_runs_here(int32_t variant);

// The sizes of lenet_network, lenet_images, lenet_plan and lenet_optimizer, in bytes, for a caller to compare its own with.
LENET_EXPORT void lenet_sizes(int32_t sizes[4]);

// What the library was built from and by.
LENET_EXPORT const char *lenet_build(void);

#ifdef __cplusplus
}
#endif
