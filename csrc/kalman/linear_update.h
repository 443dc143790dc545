#ifndef PT_KALMAN_LINEAR_UPDATE_H
#define PT_KALMAN_LINEAR_UPDATE_H

/* The update of the forward loop: the elements of y_t, decorrelated, one after the other. See
 * linear_kernels.h for the formulas. */
#include <string.h>

#include "kalman/linear_kernels.h"
#include "kalman/linear_lanes.h"

/* Out of the way of the loop that asks for a likelihood only. */
#define RARELY(x) __builtin_expect(x, 0)

/* H and the variances of the elements, decorrelated where R has an off-diagonal element; y too. */
PT_LANE const vec *decorrelated(pt_lane_block *b, const int n, const int m)
{
    if (m == 1 || !b->correlated) return b->H;
    memcpy(b->h, b->H, (size_t)m * n * sizeof(vec));
    k_factor(m, b->R, b->seen, b->decorrelation, b->D);
    k_decorrelate(m, n, b->decorrelation, b->h);
    k_decorrelate(m, 1, b->decorrelation, b->y);
    return b->h;
}

/* Variance of element i */
PT_LANE vec noise_of(const pt_lane_block *b, const int m, int i)
{
    return m > 1 && b->correlated ? b->D[i] : b->R[(size_t)i * m + i];
}

/* Element i = h'x + e of y_t where it is seen; step may be null */
PT_LANE void use_element(pt_lane_block *b, const int n, const int m, int i, const vec *h, vmask seen,
                         vec *restrict a, vec *restrict P, vec *restrict K, vec *restrict g, vec *restrict M,
                         k_loglike *total, k_loglike *step, pt_lane_trouble *bad)
{
    vec inverse;
    const vec f = k_gain(n, h, noise_of(b, m, i), seen, P, K, g, M, &inverse);
    const vec v = k_correct(n, h, b->y[i], K, seen, a);
    k_loglike_add(total, f, v * v * inverse, seen);
    if (RARELY(step != NULL)) k_loglike_add(step, f, v * v * inverse, seen);
    bad->singular |= seen & v_lt(f, v_set(PT_MIN_NORMAL));
    bad->overflow |= seen & ~(v_isfinite(f + f) & v_isfinite(v));
}

/* All elements of y_t */
PT_LANE void update(pt_lane_block *b, const int n, const int m, vec *restrict a, vec *restrict P,
                    vec *restrict K, vec *restrict g, vec *restrict M, k_loglike *total, k_loglike *step,
                    pt_lane_trouble *bad)
{
    const vec *H = decorrelated(b, n, m);
    for (int i = 0; i < m; i++)
        use_element(b, n, m, i, H + (size_t)i * n, b->seen[i], a, P, K, g, M, total, step, bad);
}

#endif
