typedef float value;

/* A convolution with its activation and pooling; a dense layer is a 1x1 convolution of a 1x1 image. */
struct layer {
    const float *weights; /* [channels][kernel][kernel][in_channels] */
    const float *biases;  /* [channels] */
    size height, width, in_channels; /* of the input */
    size in_start, in_rows;          /* where the input lies in the work memory, and how many of its rows */
    size out_start, out_rows;
    size out_height, out_width, channels;
    size kernel, padding;
    size window; /* of the pooling: 2, or 1 for none */
    uint8_t is_average;
    uint8_t activation;
};
