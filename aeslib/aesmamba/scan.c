/* The selective scan in plain C; `aeslib.aesmamba.compiled` builds and calls it.
 *
 *     h_t = exp(delta_t A) h_{t-1} + delta_t B_t u_t        y_t = sum_n C_t h_t + skip u_t
 *
 * float32, every array dense. Letters and shapes as in scan.py: u, delta, y (L, B, K, D), A (K, N, D),
 * B, C (L, B, K, N), skip (K, D). W channels go side by side in one vector; T steps are one chunk. Only the state before
 * each chunk is kept, (ceil(L / T), B, K, N, D); backward computes the others again, in buffers that stay in cache.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define W 16
typedef float vec __attribute__((vector_size(4 * W)));
typedef int32_t ints __attribute__((vector_size(4 * W)));

/* e^x to two units in the last place: 2^n e^r with |r| <= log(2) / 2. Below -87.3 it is 0, above 88.7 infinite. */
static inline vec exponential(vec x)
{
    const vec shift = (vec){0} + 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    ints low = x < -87.3f, high = x > 88.7229f;
    x = (vec)(((ints)x & ~high) | ((ints)((vec){0} + 88.7229f) & high));
    x = (vec)(((ints)x & ~low) | ((ints)((vec){0} - 87.3f) & low));
    vec n = x * 1.44269504f + shift;
    ints whole = (ints)n;
    n -= shift;
    vec r = x - n * 0.693359375f + n * 2.12194440e-4f;
    vec p = ((((0.0013930436f * r + 0.0083607058f) * r + 0.041666485f) * r + 0.16666578f) * r + 0.5f) * r;
    p = (p + 1.0f) * r + 1.0f;
    vec made = p * (vec)((whole + 127) << 23);
    return (vec)((ints)made & ~low);
}

/* Up to W numbers from or to memory; the lanes beyond are 0. */
static inline vec load(const float *from, ptrdiff_t count)
{
    vec v = {0};
    if (count >= W)
        memcpy(&v, from, sizeof v);
    else
        memcpy(&v, from, 4 * (size_t)count);
    return v;
}

static inline void store(float *to, vec v, ptrdiff_t count)
{
    if (count >= W)
        memcpy(to, &v, sizeof v);
    else
        memcpy(to, &v, 4 * (size_t)count);
}

static inline float total(vec v)
{
    float lanes[W];
    memcpy(lanes, &v, sizeof v);
    for (int half = W / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

/* y and `starts`. `room` holds N vectors twice. */
void forward(const float *u, const float *delta, const float *A, const float *B, const float *C, const float *skip,
             float *y, float *starts, vec *room, ptrdiff_t L, ptrdiff_t batch, ptrdiff_t K, ptrdiff_t D, ptrdiff_t N,
             ptrdiff_t T)
{
    const ptrdiff_t rows = batch * K, chunks = (L + T - 1) / T;
    vec *h = room, *a = room + N;
    memset(starts, 0, 4 * (size_t)(rows * N * D));
    for (ptrdiff_t chunk = 0; chunk < chunks; chunk++) {
        const ptrdiff_t first = chunk * T, last = first + T < L ? first + T : L;
        for (ptrdiff_t row = 0; row < rows; row++)
            for (ptrdiff_t d = 0; d < D; d += W) {
                const ptrdiff_t k = row % K, count = D - d;
                float *start = starts + (chunk * rows + row) * N * D + d;
                for (ptrdiff_t n = 0; n < N; n++) {
                    h[n] = load(start + n * D, count);
                    a[n] = load(A + (k * N + n) * D + d, count);
                }
                const vec s = load(skip + k * D + d, count);
                for (ptrdiff_t t = first; t < last; t++) {
                    const ptrdiff_t at = t * rows + row;
                    const vec u_t = load(u + at * D + d, count), delta_t = load(delta + at * D + d, count);
                    const vec x = delta_t * u_t;
                    vec sum = s * u_t;
                    for (ptrdiff_t n = 0; n < N; n++) {
                        h[n] = exponential(delta_t * a[n]) * h[n] + x * B[at * N + n];
                        sum += h[n] * C[at * N + n];
                    }
                    store(y + at * D + d, sum, count);
                }
                if (chunk + 1 < chunks)
                    for (ptrdiff_t n = 0; n < N; n++)
                        store(start + rows * N * D + n * D, h[n], count);
            }
    }
}

/* All gradients; dA and dskip must come as zeros, `carry` (B, K, N, D) too. `room` holds N (4 T + 4) vectors. */
void backward(const float *u, const float *delta, const float *A, const float *B, const float *C, const float *skip,
              const float *starts, const float *dy, float *du, float *ddelta, float *dA, float *dB, float *dC,
              float *dskip, float *carry, vec *room, ptrdiff_t L, ptrdiff_t batch, ptrdiff_t K, ptrdiff_t D,
              ptrdiff_t N, ptrdiff_t T)
{
    const ptrdiff_t rows = batch * K, chunks = (L + T - 1) / T;
    vec *a = room, *g = a + N, *of_a = g + N;
    vec *h = of_a + N, *decay = h + (T + 1) * N, *of_b = decay + T * N, *of_c = of_b + T * N;
    for (ptrdiff_t chunk = chunks; chunk-- > 0;) {
        const ptrdiff_t first = chunk * T, steps = first + T < L ? T : L - first;
        for (ptrdiff_t row = 0; row < rows; row++) {
            const ptrdiff_t k = row % K;
            memset(of_b, 0, (size_t)(2 * T * N) * sizeof(vec));
            for (ptrdiff_t d = 0; d < D; d += W) {
                const ptrdiff_t count = D - d;
                const float *start = starts + (chunk * rows + row) * N * D + d;
                float *carried = carry + row * N * D + d;
                for (ptrdiff_t n = 0; n < N; n++) {
                    a[n] = load(A + (k * N + n) * D + d, count);
                    h[n] = load(start + n * D, count);
                    g[n] = load(carried + n * D, count);
                    of_a[n] = (vec){0};
                }
                for (ptrdiff_t t = 0; t < steps; t++) { /* the states again: h[t + 1] follows h[t] */
                    const ptrdiff_t at = (first + t) * rows + row;
                    const vec delta_t = load(delta + at * D + d, count), x = delta_t * load(u + at * D + d, count);
                    for (ptrdiff_t n = 0; n < N; n++) {
                        decay[t * N + n] = exponential(delta_t * a[n]);
                        h[(t + 1) * N + n] = decay[t * N + n] * h[t * N + n] + x * B[at * N + n];
                    }
                }
                const vec s = load(skip + k * D + d, count);
                vec of_skip = {0};
                for (ptrdiff_t t = steps; t-- > 0;) {
                    const ptrdiff_t at = (first + t) * rows + row;
                    const vec delta_t = load(delta + at * D + d, count), u_t = load(u + at * D + d, count);
                    const vec dy_t = load(dy + at * D + d, count), x = delta_t * u_t;
                    vec of_x = {0}, of_delta = {0};
                    for (ptrdiff_t n = 0; n < N; n++) {
                        const vec dh = dy_t * C[at * N + n] + g[n];
                        of_c[t * N + n] += h[(t + 1) * N + n] * dy_t;
                        of_b[t * N + n] += dh * x;
                        of_x += dh * B[at * N + n];
                        g[n] = dh * decay[t * N + n];
                        const vec w = g[n] * h[t * N + n]; /* of delta A */
                        of_delta += w * a[n];
                        of_a[n] += w * delta_t;
                    }
                    of_skip += dy_t * u_t;
                    store(du + at * D + d, of_x * delta_t + dy_t * s, count);
                    store(ddelta + at * D + d, of_x * u_t + of_delta, count);
                }
                for (ptrdiff_t n = 0; n < N; n++) {
                    float *sum = dA + (k * N + n) * D + d;
                    store(sum, load(sum, count) + of_a[n], count);
                    store(carried + n * D, g[n], count);
                }
                store(dskip + k * D + d, load(dskip + k * D + d, count) + of_skip, count);
            }
            for (ptrdiff_t t = 0; t < steps; t++)
                for (ptrdiff_t n = 0; n < N; n++) {
                    const ptrdiff_t at = ((first + t) * rows + row) * N + n;
                    dB[at] = total(of_b[t * N + n]);
                    dC[at] = total(of_c[t * N + n]);
                }
        }
    }
}
