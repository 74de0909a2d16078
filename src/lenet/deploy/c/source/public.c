static int largest(const struct layer *last, const void *input)
{
    score best = logit(last, input, 0);
    int label = 0;
    for (int channel = 1; channel < LENET_CLASSES; channel++) {
        const score next = logit(last, input, channel);
        if (next > best) {
            best = next;
            label = channel;
        }
    }
    return label;
}

int lenet_predict_in(const uint8_t *pixels, lenet_work *work)
{
    struct layer last;
    begin(pixels, work);
    const void *input = input_after(pixels, work, STREAMED, LAYERS - 1, &last);
    return largest(&last, input);
}

void lenet_logits_in(const uint8_t *pixels, float *logits, lenet_work *work)
{
    struct layer last;
    begin(pixels, work);
    const void *input = input_after(pixels, work, STREAMED, LAYERS - 1, &last);
    for (int32_t channel = 0; channel < LENET_CLASSES; channel++) logits[channel] = LOGIT(logit(&last, input, channel));
}

#ifndef LENET_CALLER_WORK
static lenet_work static_work;

int lenet_predict(const uint8_t *pixels)
{
    return lenet_predict_in(pixels, &static_work);
}

void lenet_logits(const uint8_t *pixels, float *logits)
{
    lenet_logits_in(pixels, logits, &static_work);
}
#endif
