/* exp(x) for x from -87 to 0: 2^n by its bits, and a polynomial for the rest, at most ln(2) / 2 in size. */
static float exponential(float x)
{
    union {
        uint32_t bits;
        float number;
    } power;
    const int32_t n = (int32_t)(x * 1.44269504f - 0.5f);
    const float rest = (x - (float)n * 0.693359375f) + (float)n * 2.12194440e-4f;
    float sum = 1.9875691500e-4f;
    sum = sum * rest + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    power.bits = (uint32_t)(n + 127) << 23;
    return (sum * rest * rest + rest + 1.0f) * power.number;
}
