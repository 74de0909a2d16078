#if USES_VALUES
/* Where the rows begin that row `y` of the output needs; -1 for rows outside the image. */
static void find_lines(const struct layer *layer, int32_t y, int32_t *lines)
{
    const int32_t top = y * layer->window - layer->padding;
    for (int32_t i = 0; i < layer->kernel + layer->window - 1; i++) {
        const int32_t row = top + i;
        const int32_t stored = layer->in_rows ? row % layer->in_rows : row;
        lines[i] = row < 0 || row >= layer->height ? -1 : stored * layer->width * layer->in_channels;
    }
}

static const void *input_of(const struct layer *layer, const uint8_t *pixels, const lenet_work *work)
{
    return layer->in_rows ? (const void *)(work->values + layer->in_start) : (const void *)pixels;
}

/* Computes row `y` of a layer's output, which takes the place of its oldest row. */
static value *make_row(const struct layer *layer, int32_t y, const uint8_t *pixels, lenet_work *work)
{
    int32_t lines[LINES];
    const void *input = input_of(layer, pixels, work);
    value *row = work->values + layer->out_start + y % layer->out_rows * layer->out_width * layer->channels;
    value *output = row;
    find_lines(layer, y, lines);
    for (int32_t x = 0; x < layer->out_width; x++)
        for (int32_t channel = 0; channel < layer->channels; channel++)
            *output++ = pooled(layer, input, lines, x, channel);
    return row;
}

#endif
#if USES_STREAM
/* Computes the layers up to the first dense one, row by row: a layer makes a row as soon as the rows that it needs are there. */
static void stream(const uint8_t *pixels, lenet_work *work)
{
    int32_t made[STREAMED] = {0}; /* rows of each layer */
    int32_t number = STREAMED - 1;
    struct layer layer;
    for (;;) {
        LENET_COPY(&layer, layers + number);
        if (number == STREAMED - 1 && made[number] == layer.out_height) return;
        int32_t needed = (made[number] + 1) * layer.window - 1 - layer.padding + layer.kernel;
        if (needed > layer.height) needed = layer.height;
        if (number > 0 && made[number - 1] < needed) {
            number--;
            continue;
        }
#if USES_MEAN
        const value *row = make_row(&layer, made[number], pixels, work);
        if (number == STREAMED - 1) add_to_sums(&layer, row, work);
#else
        (void)make_row(&layer, made[number], pixels, work);
#endif
        made[number]++;
        if (number < STREAMED - 1) number++;
    }
}

#endif
/* Computes the layers before the dense ones. */
static void begin(const uint8_t *pixels, lenet_work *work)
{
#if USES_MEAN
    clear_sums(work);
#endif
#if USES_STREAM
    stream(pixels, work);
#else
    (void)pixels;
#endif
#if USES_MEAN
    take_means(work);
#endif
    (void)work;
}

/* Computes the dense layers from number `first` to before `last`. Returns the input of that one, which becomes `layer`. */
static const void *input_after(const uint8_t *pixels, lenet_work *work, int32_t first, int32_t last, struct layer *layer)
{
#if USES_HIDDEN
    for (int32_t number = first; number < last; number++) {
        LENET_COPY(layer, layers + number);
        (void)make_row(layer, 0, pixels, work);
    }
#else
    (void)first;
#endif
    LENET_COPY(layer, layers + last);
#if USES_VALUES
    return input_of(layer, pixels, work);
#else
    (void)work;
    return pixels;
#endif
}
