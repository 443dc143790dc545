/* Kernels of the diffuse start, see linear_diffuse.h. */
#ifndef PT_KALMAN_LINEAR_DIFFUSE_KERNELS_H
#define PT_KALMAN_LINEAR_DIFFUSE_KERNELS_H

#include <math.h>

#include "kalman/linear_root_kernels.h"

/* A sum that is a smaller share of its terms is rounding: between what some thousand steps leave of a zero,
 * 1e-13, and what regressors that nearly depend on each other leave in earnest, 1e-6. */
#define PT_DIFFUSE_ROUNDING 1e-10

/* sum, or 0 where it is rounding; size: the sum of its terms' magnitudes */
PT_LANE vec d_clean(vec sum, vec size)
{
    const vmask rounding = v_le(v_abs(sum), v_set(PT_DIFFUSE_ROUNDING) * size) & v_isfinite(size);
    return v_if(rounding, v_set(0.0), sum);
}

/* sum_k a[k step_a] b[k step_b], clean */
static inline vec d_dot(int n, const vec *a, int step_a, const vec *b, int step_b)
{
    vec sum = v_set(0.0), size = v_set(0.0);
    for (int k = 0; k < n; k++) {
        const vec term = a[k * step_a] * b[k * step_b];
        sum += term;
        size += v_abs(term);
    }
    return d_clean(sum, size);
}

/* C (n, n) = A B, clean */
static inline void d_multiply(int n, const vec *A, const vec *B, vec *C)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) C[i * n + j] = d_dot(n, A + i * n, 1, B + j, n);
}

/* Columns of A (n, n) that are not zero */
static inline vec d_columns(int n, const vec *A)
{
    vec count = v_set(0.0);
    for (int j = 0; j < n; j++) {
        vmask any = m_set(0);
        for (int i = 0; i < n; i++) any |= v_ne(A[i * n + j], v_set(0.0));
        count += v_if(any, v_set(1.0), v_set(0.0));
    }
    return count;
}

/* Columns p and k of A (rows, ld) are rotated so that row (ld) becomes zero in k; row may be one of A's. */
static inline void d_rotate(int rows, int ld, int p, int k, vec *row, vec *A)
{
    vec c, s;
    const vec norm = r_rotation(row[p], row[k], &c, &s);
    for (int i = 0; i < rows; i++) {
        const vec x = A[i * ld + p], y = A[i * ld + k];
        A[i * ld + p] = d_clean(c * x + s * y, v_abs(c * x) + v_abs(s * y));
        A[i * ld + k] = d_clean(c * y - s * x, v_abs(c * y) + v_abs(s * x));
    }
    row[p] = norm;
    row[k] = v_set(0.0);
}

/* B (n, n) is rotated from the right so that row (n), which is h'B, becomes (norm, 0, .., 0): the norm. */
static inline vec d_gather(int n, vec *row, vec *B)
{
    for (int j = 1; j < n; j++) d_rotate(n, n, 0, j, row, B);
    return row[0];
}

/* P = (I - K h') P (I - K h')' + r K K'; M (n), T (n, n): work */
static inline void d_joseph(int n, const vec *h, vec r, const vec *K, vec *P, vec *M, vec *T)
{
    for (int i = 0; i < n; i++) M[i] = k_dot(n, P + i * n, h, v_set(0.0));
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) T[i * n + j] = v_fma(-K[i], M[j], P[i * n + j]);
    for (int i = 0; i < n; i++) {
        const vec g = v_fma(r, K[i], -k_dot(n, T + i * n, h, v_set(0.0)));
        for (int j = 0; j <= i; j++) P[i * n + j] = P[j * n + i] = v_fma(g, K[j], T[i * n + j]);
    }
}

/* One element where it is seen and diffuse: B loses a column, P follows, K (n) is the gain (0 elsewhere), *f
 * its variance in units of kappa. Returns where. row, M (n), T (n, n): work */
static inline vmask d_gain(int n, const vec *h, vec r, vmask seen, vec *B, vec *P, vec *K, vec *row, vec *M,
                           vec *T, vec *f)
{
    for (int j = 0; j < n; j++) row[j] = v_if(seen, d_dot(n, h, 1, B + j, n), v_set(0.0));
    const vec norm = d_gather(n, row, B);
    *f = norm * norm;
    const vmask diffuse = seen & v_gt(*f, v_set(PT_MIN_NORMAL));
    if (!m_any(diffuse)) return diffuse;
    const vec inverse = v_set(1.0) / v_if(diffuse, norm, v_set(1.0));
    for (int i = 0; i < n; i++) {
        K[i] = v_if(diffuse, B[i * n] * inverse, v_set(0.0));
        B[i * n] = v_if(diffuse, v_set(0.0), B[i * n]);
    }
    d_joseph(n, h, r, K, P, M, T);
    return diffuse;
}

/* C (rows, rows) = kappa B B' + P in the limit, B (rows, n); C may be P */
static inline void d_limit(int rows, int n, const vec *B, const vec *P, vec *C)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j <= i; j++) {
            const vec grows = d_dot(n, B + i * n, 1, B + j * n, 1);
            const vec limit = v_copysign(v_set(INFINITY), grows);
            C[i * rows + j] = C[j * rows + i] = v_if(v_ne(grows, v_set(0.0)), limit, P[i * rows + j]);
        }
}

#endif
