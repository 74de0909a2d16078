typedef uint8_t value;

/* A convolution with its activation and pooling; a dense layer is a 1x1 convolution of a 1x1 image. */
struct layer {
    const int8_t *weights;      /* [channels][kernel][kernel][in_channels] */
    const int32_t *biases;      /* [channels], added to the products */
    const int32_t *multipliers; /* [channels]: multiplier / 2^shift brings the sum to levels of the output */
#if USES_TABLES
    const int16_t *thresholds; /* [255]: the output is how many of them the scaled sum reaches */
#endif
    int32_t in_zero, out_zero;       /* the levels that stand for 0 */
    extent height, width, in_channels; /* of the input */
    extent in_start, in_rows;          /* where the input lies in the work memory, and how many of its rows */
    extent out_start, out_rows;
    extent out_height, out_width, channels;
    extent kernel, padding;
    extent window; /* of the pooling: 2, or 1 for none */
    uint8_t is_average;
    uint8_t activation;
    uint8_t shift;
};
