/* small: dense algebra over lanes, for matrices of a few rows (up to PT_SMALL_MAX where an array is needed).
 *
 * Matrices are row-major arrays of vec: A (m x n) has A[i * n + j]. The inline functions (v_*) are meant to
 * be called with constant sizes, so that the loops unroll; they work with any. pt_* are the same behind a
 * call. Outputs never overlap inputs unless the comment says "in place".
 */
#ifndef PT_LINALG_SMALL_H
#define PT_LINALG_SMALL_H

#include "lanes/vmath.h"

#define PT_SMALL_MAX 8

/* C (m x n) = A (m x k) B (k x n) */
PT_LANE void v_matmul(int m, int k, int n, const vec *A, const vec *B, vec *C)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            vec s = A[i * k] * B[j];
            for (int l = 1; l < k; l++) s = v_fma(A[i * k + l], B[l * n + j], s);
            C[i * n + j] = s;
        }
}

/* C (m x n) = A (m x k) B' , B (n x k) */
PT_LANE void v_matmul_nt(int m, int k, int n, const vec *A, const vec *B, vec *C)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            vec s = A[i * k] * B[j * k];
            for (int l = 1; l < k; l++) s = v_fma(A[i * k + l], B[j * k + l], s);
            C[i * n + j] = s;
        }
}

/* y (m) = c + A (m x n) x; y may be c */
PT_LANE void v_matvec_add(int m, int n, const vec *A, const vec *x, const vec *c, vec *y)
{
    for (int i = 0; i < m; i++) {
        vec s = c[i];
        for (int j = 0; j < n; j++) s = v_fma(A[i * n + j], x[j], s);
        y[i] = s;
    }
}

/* C (n x n, symmetric) += alpha X X', X (n x k); in place, both triangles alike to the bit */
PT_LANE void v_syrk_add(int n, int k, vec alpha, const vec *X, vec *C)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            vec s = X[i * k] * X[j * k];
            for (int l = 1; l < k; l++) s = v_fma(X[i * k + l], X[j * k + l], s);
            C[i * n + j] = v_fma(alpha, s, C[i * n + j]);
            C[j * n + i] = C[i * n + j];
        }
}

/* A = L L', A (n x n) symmetric and positive semi-definite (only its lower triangle is read), L lower
 * triangular with zeros above. A pivot d_j <= 8 n eps A_jj counts as zero and gives a zero column. Returns
 * the lanes in which A is positive semi-definite as far as rounding lets one tell: no pivot below -1e-8 A_jj,
 * and beside a zero pivot nothing left that is larger than 1e-4 sqrt(A_ii A_jj) (NaN: not). L may be A: in
 * place. */
PT_LANE vmask v_cholesky(int n, const vec *A, vec *L)
{
    vmask good = m_set(-1);
    for (int j = 0; j < n; j++) {
        vec a = A[j * n + j], d = a;
        for (int l = 0; l < j; l++) d = v_fma(-L[j * n + l], L[j * n + l], d);
        vec tol = v_set(8.0 * 0x1p-52 * n) * a;
        vmask some = v_gt(d, tol);
        good &= some | v_ge(d, v_set(-1e-8) * a);
        vec root = v_sqrt(v_if(some, d, v_set(1.0)));
        vec inverse = (vec)((vmask)(v_set(1.0) / root) & some);
        L[j * n + j] = (vec)((vmask)root & some);
        for (int i = j + 1; i < n; i++) {
            vec r = A[i * n + j];
            for (int l = 0; l < j; l++) r = v_fma(-L[i * n + l], L[j * n + l], r);
            good &= some | v_le(r * r, v_set(1e-8) * v_abs(a * A[i * n + i]));
            L[i * n + j] = r * inverse;
        }
        for (int i = 0; i < j; i++) L[i * n + j] = v_set(0.0);
    }
    return good;
}

/* 1/d, and 0 for d = 0 */
PT_LANE vec v_pseudo_inverse(vec d)
{
    vmask some = v_ne(d, v_set(0.0));
    return (vec)((vmask)(v_set(1.0) / v_if(some, d, v_set(1.0))) & some);
}

/* X = L^-1 B, B (n x m), L lower triangular; in place: B becomes X. A zero pivot gives a zero row. */
PT_LANE void v_solve_lower(int n, int m, const vec *L, vec *B)
{
    for (int i = 0; i < n; i++) {
        vec inverse = v_pseudo_inverse(L[i * n + i]);
        for (int c = 0; c < m; c++) {
            vec s = B[i * m + c];
            for (int l = 0; l < i; l++) s = v_fma(-L[i * n + l], B[l * m + c], s);
            B[i * m + c] = s * inverse;
        }
    }
}

/* X = L'^-1 B, in place as v_solve_lower */
PT_LANE void v_solve_lower_t(int n, int m, const vec *L, vec *B)
{
    for (int i = n - 1; i >= 0; i--) {
        vec inverse = v_pseudo_inverse(L[i * n + i]);
        for (int c = 0; c < m; c++) {
            vec s = B[i * m + c];
            for (int l = i + 1; l < n; l++) s = v_fma(-L[l * n + i], B[l * m + c], s);
            B[i * m + c] = s * inverse;
        }
    }
}

/* ---- d x/dt = K x + r with constant K (n x n) and r (n): declared linear parts ---- */

/* F = e^(K t) - I and w = integral from 0 to t of e^(K s) r ds, so that x(t) = x(0) + F x(0) + w.
 * Taylor series of degree 12 at t / 2^s with |K| t / 2^s <= 0.3 (row sums), then s doublings F <- 2F + F^2,
 * w <- 2w + F w; s is each lane's own. Working on e^(Kt) - I keeps the error of the doublings near eps |K| t.
 * |K| t > 2^40 gives NaN. F does not depend on r. */
PT_LANE void v_expm1_input(int n, const vec *K, const vec *r, vec t, vec *F, vec *w);

/* E (n x n) = e^(A) */
void pt_expm(int n, const vec *A, vec *E);

#include "linalg/small_expm.h"

#endif
