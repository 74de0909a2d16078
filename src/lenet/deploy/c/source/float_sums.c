#if USES_EXP
/* exp(-|x|). */
static float decay(float x)
{
    const float size = x < 0.0f ? x : -x;
    return size < -87.0f ? 0.0f : exponential(size);
}

#endif
#if USES_SIGMOID
static float sigmoid(float x)
{
    const float e = decay(x);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

#endif
#if USES_TANH
static float hyperbolic_tangent(float x)
{
    const float e = decay(2.0f * x);
    return (x < 0.0f ? e - 1.0f : 1.0f - e) / (1.0f + e);
}

#endif
#if USES_VALUES
static float activated(const struct layer *layer, float x)
{
    switch (layer->activation) {
#if USES_RELU
    case RELU:
        return x > 0.0f ? x : 0.0f;
#endif
#if USES_LEAKY_RELU
    case LEAKY_RELU:
        return x > 0.0f ? x : 0.01f * x;
#endif
#if USES_SIGMOID
    case SIGMOID:
        return sigmoid(x);
#endif
#if USES_PLAIN_TANH
    case TANH:
        return hyperbolic_tangent(x);
#endif
#if USES_SCALED_TANH
    case SCALED_TANH:
        return 1.7159f * hyperbolic_tangent(x * (2.0f / 3.0f));
#endif
    default:
        return x;
    }
}

#endif
/* The normalisation (pixel / 255 - mean) / std: 1 / (255 std) is part of the first layer's weights, MEAN is 255 mean. */
static float dot_pixels(const float *weights, const uint8_t *pixels, int32_t count)
{
    float sum = 0.0f;
    for (; count > 0; count--) sum += LENET_FLOAT(weights++) * ((float)*pixels++ - MEAN);
    return sum;
}

#if USES_VALUES
/* Four sums at once are faster, and rounded less. */
static float dot(const float *weights, const float *values, int32_t count)
{
    float first = 0.0f, second = 0.0f, third = 0.0f, fourth = 0.0f;
    for (; count > 3; count -= 4, weights += 4, values += 4) {
        first += LENET_FLOAT(weights) * values[0];
        second += LENET_FLOAT(weights + 1) * values[1];
        third += LENET_FLOAT(weights + 2) * values[2];
        fourth += LENET_FLOAT(weights + 3) * values[3];
    }
    for (; count > 0; count--) first += LENET_FLOAT(weights++) * *values++;
    return (first + second) + (third + fourth);
}

#endif
/* One output of a convolution: the products where the kernel lies on the image, whose lines begin at `lines`. */
static float convolved(const struct layer *layer, const void *input, const int32_t *lines, int32_t x, int32_t channel)
{
    const int32_t left = x - layer->padding, right = layer->width - left;
    const int32_t first = left < 0 ? -left : 0;
    const int32_t count = ((right < layer->kernel ? right : layer->kernel) - first) * layer->in_channels;
    const int32_t line = (int32_t)layer->kernel * layer->in_channels;
    const float *weights = layer->weights + channel * layer->kernel * line + first * layer->in_channels;
    float sum = LENET_FLOAT(layer->biases + channel);
    for (int32_t y = 0; y < layer->kernel; y++, weights += line) {
        const int32_t start = lines[y] + (left + first) * layer->in_channels;
        if (lines[y] < 0 || count <= 0) continue;
#if USES_VALUES
        sum += layer->in_rows ? dot(weights, (const float *)input + start, count)
                              : dot_pixels(weights, (const uint8_t *)input + start, count);
#else
        sum += dot_pixels(weights, (const uint8_t *)input + start, count);
#endif
    }
    return sum;
}

#if USES_VALUES
/* One output of a convolution with activation and pooling. The maximum is taken before the activation, which is monotonic. */
static float pooled(const struct layer *layer, const void *input, const int32_t *lines, int32_t x, int32_t channel)
{
    float result = 0.0f;
    for (int32_t y = 0; y < layer->window; y++)
        for (int32_t i = 0; i < layer->window; i++) {
            const float sum = convolved(layer, input, lines + y, x * layer->window + i, channel);
            if (layer->is_average) result += activated(layer, sum);
            else if (y + i == 0 || sum > result) result = sum;
        }
    return layer->is_average ? 0.25f * result : activated(layer, result);
}

#endif
static float logit(const struct layer *layer, const void *input, int32_t channel)
{
    const int32_t lines[1] = {0};
    return convolved(layer, input, lines, 0, channel);
}

#if USES_MEAN
static void clear_sums(lenet_work *work)
{
    for (int32_t channel = 0; channel < MEAN_CHANNELS; channel++) work->values[MEAN_START + channel] = 0.0f;
}

static void add_to_sums(const struct layer *layer, const float *row, lenet_work *work)
{
    for (int32_t x = 0; x < layer->out_width; x++)
        for (int32_t channel = 0; channel < MEAN_CHANNELS; channel++) work->values[MEAN_START + channel] += *row++;
}

static void take_means(lenet_work *work)
{
    for (int32_t channel = 0; channel < MEAN_CHANNELS; channel++) work->values[MEAN_START + channel] *= 1.0f / MEAN_PIXELS;
}

#endif
