/* product / 2^shift, rounded to the nearest whole number, halves away from 0; at most 2^30 in size. */
static int32_t scaled(int64_t product, uint8_t shift)
{
    const int64_t half = (int64_t)1 << (shift - 1), most = (int64_t)1 << 30;
    const int64_t size = ((product < 0 ? -product : product) + half) >> shift;
    const int32_t result = (int32_t)(size < most ? size : most);
    return product < 0 ? -result : result;
}

#if USES_VALUES
static uint8_t clamped(int32_t level)
{
    return (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
}

#endif
static int32_t dot(const int8_t *weights, const uint8_t *values, int32_t count, int32_t zero)
{
    int32_t sum = 0;
    for (; count > 0; count--) sum += (int32_t)LENET_INT8(weights++) * ((int32_t)*values++ - zero);
    return sum;
}

/* One output of a convolution: the products where the kernel lies on the image, whose lines begin at `lines`. */
static int32_t convolved(const struct layer *layer, const void *input, const int32_t *lines, int32_t x, int32_t channel)
{
    const int32_t left = x - layer->padding, right = layer->width - left;
    const int32_t first = left < 0 ? -left : 0;
    const int32_t count = ((right < layer->kernel ? right : layer->kernel) - first) * layer->in_channels;
    const int32_t line = (int32_t)layer->kernel * layer->in_channels;
    const int8_t *weights = layer->weights + channel * layer->kernel * line + first * layer->in_channels;
    int32_t sum = LENET_INT32(layer->biases + channel);
    for (int32_t y = 0; y < layer->kernel; y++, weights += line) {
        const int32_t start = lines[y] + (left + first) * layer->in_channels;
        if (lines[y] < 0 || count <= 0) continue;
        sum += dot(weights, (const uint8_t *)input + start, count, layer->in_zero);
    }
    return sum;
}

#if USES_TABLES
/* The level of a curved activation: how many of the 255 rising thresholds the scaled sum reaches. */
static int32_t looked_up(const struct layer *layer, int32_t sum, int32_t multiplier)
{
    const int32_t x = scaled((int64_t)sum * multiplier, layer->shift);
    int32_t level = 0;
    for (int32_t step = 128; step > 0; step /= 2)
        if (LENET_INT16(layer->thresholds + level + step - 1) <= x) level += step;
    return level;
}

#endif
#if USES_VALUES
/* One output of a convolution with activation and pooling. The maximum is taken before the activation, which is monotonic;
 * for a mean, straight activations are added up exactly, and curved ones as levels. */
static uint8_t pooled(const struct layer *layer, const void *input, const int32_t *lines, int32_t x, int32_t channel)
{
    const int32_t multiplier = LENET_INT32(layer->multipliers + channel);
    int32_t positive = 0, negative = 0, best = 0;
    for (int32_t y = 0; y < layer->window; y++)
        for (int32_t i = 0; i < layer->window; i++) {
            const int32_t sum = convolved(layer, input, lines + y, x * layer->window + i, channel);
            if (y + i == 0 || sum > best) best = sum;
            if (!layer->is_average) continue;
#if USES_TABLES
            if (layer->activation == TABLE) {
                positive += looked_up(layer, sum, multiplier);
                continue;
            }
#endif
            if (sum > 0) positive += sum;
            else negative += sum;
        }
#if USES_TABLES
    if (layer->activation == TABLE)
        return (uint8_t)(layer->is_average ? (positive + 2) / 4 : looked_up(layer, best, multiplier));
#endif
    if (!layer->is_average) {
        positive = best > 0 ? best : 0;
        negative = best < 0 ? best : 0;
    }
    int64_t product = (int64_t)positive * multiplier;
    switch (layer->activation) {
    case RELU:
        break;
#if USES_LEAKY_RELU
    case LEAKY_RELU:
        product += (int64_t)negative * (multiplier / 100);
        break;
#endif
    default:
        product += (int64_t)negative * multiplier;
    }
    return clamped(scaled(product, layer->shift) + layer->out_zero);
}

#endif
static int32_t logit(const struct layer *layer, const void *input, int32_t channel)
{
    const int32_t lines[1] = {0};
    const int32_t sum = convolved(layer, input, lines, 0, channel);
    return scaled((int64_t)sum * LENET_INT32(layer->multipliers + channel), layer->shift);
}

#if USES_MEAN
static void clear_sums(lenet_work *work)
{
    for (int32_t channel = 0; channel < MEAN_CHANNELS; channel++) work->sums[channel] = 0;
}

static void add_to_sums(const struct layer *layer, const uint8_t *row, lenet_work *work)
{
    for (int32_t x = 0; x < layer->out_width; x++)
        for (int32_t channel = 0; channel < MEAN_CHANNELS; channel++) work->sums[channel] += (int32_t)*row++ - MEAN_IN_ZERO;
}

static void take_means(lenet_work *work)
{
    for (int32_t channel = 0; channel < MEAN_CHANNELS; channel++) {
        const int64_t product = (int64_t)work->sums[channel] * MEAN_MULTIPLIER;
        work->values[MEAN_START + channel] = clamped(scaled(product, MEAN_SHIFT) + MEAN_ZERO);
    }
}

#endif
