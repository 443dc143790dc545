/* One step of a linear filter in lanes, with n and m constants where the caller is an instance for one size:
 * the loops unroll and small states live in registers. Row-major arrays of vec, which do not overlap.
 *
 * An observed element y = h'x + e, Var e = r, is used in Joseph's form, so that P stays semidefinite:
 *   M = P h, f = h'M + r, K = M / f,  P1 = P - K M',  P = P1 + (r K - P1 h) K'
 *   v = y - h'a, a += K v,  ln p(y | the past) = -1/2 (ln 2 pi + ln f + v^2 / f)
 * The covariances do not depend on the data: they are split from the means, so that a batch that shares
 * a model and its gaps works them out once (linear_shared.c) and each series gets the bits that it has alone.
 */
#ifndef PT_KALMAN_LINEAR_KERNELS_H
#define PT_KALMAN_LINEAR_KERNELS_H

#include "kalman/sigma.h"
#include "lanes/vec.h"
#include "lanes/vmath.h"

/* Vectors are built lane by lane and recognised by the compiler as one instruction, if it is not to weigh the
 * cost of doing so over a whole unrolled step. */
#ifndef __clang__
#pragma GCC optimize("vect-cost-model=unlimited")
#endif

/* Inner loops unroll; outer ones too for small states, which then live in registers. The includer of a file
 * for large states says PT_LARGE, for code that fits the instruction cache. */
#define PT_UNROLL _Pragma("GCC unroll 16")
#ifdef PT_LARGE
#define PT_OUTER _Pragma("GCC unroll 1")
#else
#define PT_OUTER PT_UNROLL
#endif

/* What went wrong in a step. */
typedef struct {
    vmask singular, overflow;
} pt_lane_trouble;

/* sum_k a[k] b[k] + start, in two chains */
PT_LANE vec k_dot(const int n, const vec *restrict a, const vec *restrict b, vec start)
{
    vec even = start, odd = v_set(0.0);
    PT_UNROLL for (int k = 0; k + 1 < n; k += 2)
    {
        even = v_fma(a[k], b[k], even);
        odd = v_fma(a[k + 1], b[k + 1], odd);
    }
    if (n % 2) even = v_fma(a[n - 1], b[n - 1], even);
    return n > 1 ? even + odd : even;
}

/* ln f of many observations as one logarithm: product of the mantissas and sum of the exponents. */
typedef struct {
    vec product, exponent; /* product in [1, 2) */
    vec count;             /* observations */
    vec square;            /* sum of v^2 / f */
} k_loglike;

PT_LANE k_loglike k_loglike_begin(void)
{
    return (k_loglike){v_set(1.0), v_set(0.0), v_set(0.0), v_set(0.0)};
}

/* the product grows by f, positive and normal */
PT_LANE void k_loglike_scale(k_loglike *sum, vec f)
{
    const vec product = sum->product * f;
    const vbits bits = (vbits)product;
    const vec power = (vec)((bits >> 52) | (vbits)v_set(0x1p52)) - v_set(0x1p52 + 1023.0);
    sum->exponent += power;
    sum->product = (vec)((bits & (vbits)m_set(0x000fffffffffffff)) | (vbits)v_set(1.0));
}

/* one observation of variance f whose v^2 / f is `square`; both are ignored where it is not seen */
PT_LANE void k_loglike_add(k_loglike *sum, vec f, vec square, vmask seen)
{
    k_loglike_scale(sum, v_if(seen, f, v_set(1.0)));
    sum->count += v_if(seen, v_set(1.0), v_set(0.0));
    sum->square += v_if(seen, square, v_set(0.0));
}

PT_LANE vec k_loglike_value(const k_loglike *sum)
{
    const vec logs = v_fma(sum->exponent, v_set(0x1.62e42fefa39efp-1), v_log(sum->product));
    return v_set(-0.5) * (v_fma(sum->count, v_set(0x1.d67f1c864beb5p+0), logs) + sum->square);
}

/* Gain of one element: K (n) = P h / f and 1/f, both 0 where it is not seen; P is updated. Returns f. g: work
 * (n) */
PT_LANE vec k_gain(const int n, const vec *restrict h, vec r, vmask seen, vec *restrict P, vec *restrict K,
                   vec *restrict g, vec *restrict M, vec *inverse)
{
    PT_UNROLL for (int i = 0; i < n; i++) M[i] = k_dot(n, P + i * n, h, v_set(0.0));
    const vec f = v_max(k_dot(n, h, M, v_set(0.0)), v_set(0.0)) + r;
    *inverse = v_if(seen, v_set(1.0) / f, v_set(0.0));
    PT_UNROLL for (int i = 0; i < n; i++) K[i] = M[i] * *inverse;
    PT_OUTER for (int i = 0; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j <= i; j++) P[i * n + j] = P[j * n + i] = v_fma(-K[i], M[j], P[i * n + j]);
    }
    PT_UNROLL for (int i = 0; i < n; i++) g[i] = v_fma(r, K[i], -k_dot(n, P + i * n, h, v_set(0.0)));
    PT_OUTER for (int i = 0; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j <= i; j++) P[i * n + j] = P[j * n + i] = v_fma(g[i], K[j], P[i * n + j]);
    }
    return f;
}

/* a += K v; returns v = y - h'a, 0 where it is not seen */
PT_LANE vec k_correct(const int n, const vec *restrict h, vec y, const vec *restrict K, vmask seen,
                      vec *restrict a)
{
    const vec v = v_if(seen, y - k_dot(n, h, a, v_set(0.0)), v_set(0.0));
    PT_UNROLL for (int i = 0; i < n; i++) a[i] = v_fma(K[i], v, a[i]);
    return v;
}

/* next = F a + c */
PT_LANE void k_move(const int n, const vec *restrict F, const vec *restrict a, const vec *restrict c,
                    vec *restrict next)
{
    PT_UNROLL for (int i = 0; i < n; i++) next[i] = k_dot(n, F + i * n, a, c[i]);
}

/* Is one of n elements, `stride` apart, not finite? */
PT_LANE vmask k_not_finite(const int n, const int stride, const vec *a)
{
    vec sum = v_set(0.0);
    PT_UNROLL for (int i = 0; i < n; i++) sum += a[i * stride];
    return ~v_isfinite(sum);
}

/* T = F P, P symmetric */
PT_LANE void k_spread(const int n, const vec *restrict F, const vec *restrict P, vec *restrict T)
{
    PT_OUTER for (int i = 0; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j < n; j++) T[i * n + j] = k_dot(n, F + i * n, P + j * n, v_set(0.0));
    }
}

/* C (n, n) = A B */
PT_LANE void k_multiply(const int n, const vec *restrict A, const vec *restrict B, vec *restrict C)
{
    PT_OUTER for (int i = 0; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j < n; j++)
        {
            vec v = A[i * n] * B[j];
            PT_UNROLL for (int k = 1; k < n; k++) v = v_fma(A[i * n + k], B[k * n + j], v);
            C[i * n + j] = v;
        }
    }
}

/* C (n, n) = A B' + S, symmetric */
PT_LANE void k_multiply_symmetric(const int n, const vec *restrict A, const vec *restrict B,
                                  const vec *restrict S, vec *restrict C)
{
    PT_OUTER for (int i = 0; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j <= i; j++) C[i * n + j] = C[j * n + i] =
            k_dot(n, A + i * n, B + j * n, S[i * n + j]);
    }
}

/* R = L D L' over the elements that are seen, L with a unit diagonal that is not stored. An element that is
 * not seen takes no part; a pivot that vanishes gives D = 0. L (m, m), D (m) */
PT_LANE void k_factor(int m, const vec *R, const vmask *seen, vec *L, vec *D)
{
    vec zero = v_set(0.0);
    for (int i = 0; i < m; i++) {
        vec d = R[(size_t)i * m + i];
        for (int j = 0; j < i; j++) {
            vec l = v_if(seen[i] & seen[j], R[(size_t)i * m + j], zero);
            for (int k = 0; k < j; k++) l = v_fma(-L[(size_t)i * m + k] * D[k], L[(size_t)j * m + k], l);
            l = v_if(v_gt(D[j], zero), l / v_if(v_gt(D[j], zero), D[j], v_set(1.0)), zero);
            L[(size_t)i * m + j] = l;
            d = v_fma(-l * D[j], l, d);
        }
        D[i] = v_if(v_gt(d, v_set(PT_PIVOT_FILTER) * R[(size_t)i * m + i]), d, zero);
    }
}

/* a (m, width) = L^-1 a, L by k_factor: the model L^-1 y = L^-1 H x + e has Var e = D */
PT_LANE void k_decorrelate(int m, int width, const vec *L, vec *a)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < i; j++)
            for (int k = 0; k < width; k++)
                a[(size_t)i * width + k] =
                    v_fma(-L[(size_t)i * m + j], a[(size_t)j * width + k], a[(size_t)i * width + k]);
}

/* P = L L' for a semidefinite P (n, n), as pt_sigma_factor; column j is zero in the lanes where pivot j
 * vanishes. inverse (n): 1 / L_jj, or 0 there. */
PT_LANE void k_cholesky(int n, const vec *P, vec *L, vec *inverse)
{
    for (int j = 0; j < n; j++) {
        vec d = P[(size_t)j * n + j];
        for (int q = 0; q < j; q++) d = v_fma(-L[(size_t)j * n + q], L[(size_t)j * n + q], d);
        vmask good = v_gt(d, v_set(PT_PIVOT_FILTER) * P[(size_t)j * n + j]);
        vec root = v_sqrt(v_if(good, d, v_set(1.0)));
        inverse[j] = v_if(good, v_set(1.0) / root, v_set(0.0));
        for (int i = j; i < n; i++) {
            vec v = P[(size_t)i * n + j];
            for (int q = 0; q < j; q++) v = v_fma(-L[(size_t)i * n + q], L[(size_t)j * n + q], v);
            L[(size_t)i * n + j] = v * inverse[j];
        }
    }
}

/* J (n, n) = B P^-, B (n, n), L and inverse of P by k_cholesky; J may be B */
PT_LANE void k_solve_right(int n, const vec *L, const vec *inverse, const vec *B, vec *J)
{
    for (int i = 0; i < n; i++) {
        vec *row = J + (size_t)i * n;
        const vec *b = B + (size_t)i * n;
        for (int k = 0; k < n; k++) {
            vec v = b[k];
            for (int q = 0; q < k; q++) v = v_fma(-row[q], L[(size_t)k * n + q], v);
            row[k] = v * inverse[k];
        }
        for (int k = n - 1; k >= 0; k--) {
            vec v = row[k];
            for (int q = k + 1; q < n; q++) v = v_fma(-row[q], L[(size_t)q * n + k], v);
            row[k] = v * inverse[k];
        }
    }
}

#endif
