typedef float value;

/* A convolution with its activation and pooling; a dense layer is a 1x1 convolution of a 1x1 image. */
struct layer {
    const float *weights; /* [channels][kernel][kernel][in_channels] */
    const float *biases;  /* [channels] */
    extent height, width, in_channels; /* of the input */
    extent in_start, in_rows;          /* where the input lies in the work memory, and how many of its rows */
    extent out_start, out_rows;
    extent out_height, out_width, channels;
    extent kernel, padding;
    extent window; /* of the pooling: 2, or 1 for none */
    uint8_t is_average;
    uint8_t activation;
};
