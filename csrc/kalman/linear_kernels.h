/* Dense algebra of one step of a linear filter, one series in each lane. Row-major arrays of vec; n and m
 * are compile-time constants where the caller is an instance for one size (linear_lanes.c). */
#ifndef PT_KALMAN_LINEAR_KERNELS_H
#define PT_KALMAN_LINEAR_KERNELS_H

#include "kalman/sigma.h"
#include "lanes/vec.h"
#include "lanes/vmath.h"

/* sum_k a[k] b[k], two chains */
PT_LANE vec k_dot(int n, const vec *a, const vec *b, vec start)
{
    vec even = start, odd = v_set(0.0);
    int k = 0;
    for (; k + 1 < n; k += 2) {
        even = v_fma(a[k], b[k], even);
        odd = v_fma(a[k + 1], b[k + 1], odd);
    }
    if (k < n) even = v_fma(a[k], b[k], even);
    return even + odd;
}

/* y = A x + start, A (rows, n) */
PT_LANE void k_matvec(int rows, int n, const vec *A, const vec *x, const vec *start, vec *y)
{
    for (int i = 0; i < rows; i++) y[i] = k_dot(n, A + (size_t)i * n, x, start ? start[i] : v_set(0.0));
}

/* C (r, c) = A (r, n) B (n, c) */
PT_LANE void k_multiply(int r, int c, int n, const vec *A, const vec *B, vec *C)
{
    for (int i = 0; i < r; i++)
        for (int j = 0; j < c; j++) {
            vec v = A[(size_t)i * n] * B[j];
            for (int k = 1; k < n; k++) v = v_fma(A[(size_t)i * n + k], B[(size_t)k * c + j], v);
            C[(size_t)i * c + j] = v;
        }
}

/* C (r, r) = A B' + S, symmetric; A, B (r, n); S null: 0 */
PT_LANE void k_multiply_symmetric(int r, int n, const vec *A, const vec *B, const vec *S, vec *C)
{
    for (int i = 0; i < r; i++)
        for (int j = 0; j <= i; j++) {
            vec start = S ? S[(size_t)i * r + j] : v_set(0.0);
            C[(size_t)i * r + j] = C[(size_t)j * r + i] =
                k_dot(n, A + (size_t)i * n, B + (size_t)j * n, start);
        }
}

/* x | y for one scalar y = h'x + e with Var e = r, where `seen`; Joseph's form, so that P stays semidefinite:
 *   K = M / f, a += K v, P1 = P - K M', P = P1 + (r K - P1 h) K'
 * with M = P h and f = h'P h + r; inverse: 1 / f. K, g: work (n). */
PT_LANE void k_scalar_update(int n, const vec *h, vec r, vec v, vec inverse, vmask seen, const vec *M, vec *K,
                             vec *g, vec *a, vec *P)
{
    inverse = v_if(seen, inverse, v_set(0.0));
    vec step = v_if(seen, v, v_set(0.0));
    for (int i = 0; i < n; i++) {
        K[i] = M[i] * inverse;
        a[i] = v_fma(K[i], step, a[i]);
    }
    for (int i = 0; i < n; i++) {
        vec *row = P + (size_t)i * n;
        for (int j = 0; j < n; j++) row[j] = v_fma(-K[i], M[j], row[j]);
        g[i] = v_fma(r, K[i], -k_dot(n, row, h, v_set(0.0)));
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            P[(size_t)i * n + j] = P[(size_t)j * n + i] = v_fma(g[i], K[j], P[(size_t)i * n + j]);
}

/* R = L D L' over the elements that are seen, and y, H of the decorrelated model L^-1 y = L^-1 H x + e with
 * Var e = D. An element that is not seen takes no part; a pivot that vanishes gives D = 0.
 *   L (m, m) work, D (m), y (m), H (m, n) in and out */
PT_LANE void k_decorrelate(int m, int n, const vec *R, const vmask *seen, vec *L, vec *D, vec *y, vec *H)
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
            y[i] = v_fma(-l, y[j], y[i]);
            for (int k = 0; k < n; k++)
                H[(size_t)i * n + k] = v_fma(-l, H[(size_t)j * n + k], H[(size_t)i * n + k]);
        }
        D[i] = v_if(v_gt(d, v_set(PT_PIVOT_FILTER) * R[(size_t)i * m + i]), d, zero);
    }
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
