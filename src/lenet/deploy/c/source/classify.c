/* log(x) for x of at least 1: the exponent by its bits, and a polynomial for the rest. */
static float logarithm(float x)
{
    union {
        uint32_t bits;
        float number;
    } parts;
    int32_t n;
    parts.number = x;
    n = (int32_t)(parts.bits >> 23) - 126;
    parts.bits = (parts.bits & 0x007fffffu) | 0x3f000000u; /* from 0.5 to 1 */
    if (parts.number < 0.707106781f) {
        parts.number *= 2.0f;
        n--;
    }
    const float rest = parts.number - 1.0f, square = rest * rest;
    float sum = 7.0376836292e-2f;
    sum = sum * rest - 1.1514610310e-1f;
    sum = sum * rest + 1.1676998740e-1f;
    sum = sum * rest - 1.2420140846e-1f;
    sum = sum * rest + 1.4249322787e-1f;
    sum = sum * rest - 1.6668057665e-1f;
    sum = sum * rest + 2.0000714765e-1f;
    sum = sum * rest - 2.4999993993e-1f;
    sum = sum * rest + 3.3333331174e-1f;
    return rest + (sum * rest * square - 0.5f * square) + (float)n * 0.693147181f;
}

/* 1 / sqrt(x) for x above 0: a guess by its bits, and Newton's iteration. */
static float inverse_root(float x)
{
    union {
        uint32_t bits;
        float number;
    } root;
    root.number = x;
    root.bits = 0x5f3759dfu - (root.bits >> 1);
    for (int i = 0; i < 4; i++) root.number *= 1.5f - 0.5f * x * root.number * root.number;
    return root.number;
}

/* What the distance from the classes adds to the outlier score, for the embedding as it is and for its direction. */
static void distances(const embedded *embedding, float *scores)
{
    float projected[DIRECTIONS], squares = 0.0f, seen = 0.0f;
    for (int32_t i = 0; i < EMBEDDING_SIZE; i++) {
        const float number = EMBEDDING_SCALE * ((float)embedding[i] - EMBEDDING_ZERO);
        squares += number * number;
    }
    for (int32_t k = 0; k < DIRECTIONS; k++) {
        const int16_t *direction = directions + k * EMBEDDING_SIZE;
        float sum = 0.0f;
        for (int32_t i = 0; i < EMBEDDING_SIZE; i++)
            sum += (float)LENET_INT16(direction + i) * ((float)embedding[i] - EMBEDDING_ZERO);
        projected[k] = sum * (EMBEDDING_SCALE / 4096.0f);
        seen += projected[k] * projected[k];
    }
    for (int32_t view = 0; view < 2; view++) {
        const float scale = view == 0 ? 1.0f : inverse_root(squares / EMBEDDING_SIZE + 1e-6f);
        float nearest = 0.0f;
        for (int32_t label = 0; label < LENET_CLASSES; label++) {
            const int32_t row = view * LENET_CLASSES + label;
            float distance = LENET_FLOAT(offsets + row);
            for (int32_t k = 0; k < DIRECTIONS; k++) {
                const float difference = scale * projected[k] - LENET_FLOAT(means + row * DIRECTIONS + k);
                distance += difference * difference * LENET_FLOAT(precisions + row * DIRECTIONS + k);
            }
            if (label == 0 || distance < nearest) nearest = distance;
        }
        const float rest = LENET_FLOAT(view_numbers + 4 * view), usual = LENET_FLOAT(view_numbers + 4 * view + 1);
        const float distance = nearest + rest * (scale * scale * (squares - seen));
        scores[view] = LENET_FLOAT(view_numbers + 4 * view + 2) * (distance - usual);
    }
}

lenet_answer lenet_classify_in(const uint8_t *pixels, lenet_work *work)
{
    struct layer layer;
    float scores[2], total = 0.0f;
    lenet_answer answer;
    begin(pixels, work);
    distances((const embedded *)input_after(pixels, work, STREAMED, EMBEDDING_LAYER, &layer), scores);
    const void *input = input_after(pixels, work, EMBEDDING_LAYER, LAYERS - 1, &layer);
    answer.label = largest(&layer, input);
    const float most = LOGIT(logit(&layer, input, answer.label));
    for (int32_t label = 0; label < LENET_CLASSES; label++) {
        const float size = (LOGIT(logit(&layer, input, label)) - most) / TEMPERATURE;
        if (size > -87.0f) total += exponential(size);
    }
    const float missing = EVIDENCE - (logarithm(total) + most / TEMPERATURE);
    answer.probability = 1.0f / total;
    answer.unknown = 0;
    for (int32_t view = 0; view < 2; view++)
        if (!(scores[view] + LENET_FLOAT(view_numbers + 4 * view + 3) * missing <= 1.0f)) answer.unknown = 1;
    return answer;
}

#ifndef LENET_CALLER_WORK
lenet_answer lenet_classify(const uint8_t *pixels)
{
    return lenet_classify_in(pixels, &static_work);
}
#endif
