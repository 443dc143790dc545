/* Orthogonal transformations from the right, in lanes: what the square-root filter is made of.
 *
 * Rotations (Givens 1958) and not reflections (Householder 1958), although these take a third less: a factor
 * that shrinks by 1e13, as where a vague state is first seen by a precise sensor, comes out of a rotation as
 * a product and out of a reflection as a difference of two numbers 1e13 times as large (Powell & Reid 1969;
 * measured: tests/kalman/test_root.py). */
#ifndef PT_KALMAN_LINEAR_ROOT_KERNELS_H
#define PT_KALMAN_LINEAR_ROOT_KERNELS_H

#include <stddef.h>

#include "kalman/linear_kernels.h"

/* Cosine and sine that turn (x, z) into (norm, 0); the identity where z is zero, so that columns of zeros
 * leave no trace. */
PT_LANE vec r_rotation(vec x, vec z, vec *c, vec *s)
{
    const vec square = v_fma(z, z, x * x);
    const vmask some = v_gt(square, v_set(PT_MIN_NORMAL)) & v_ne(z, v_set(0.0));
    const vec norm = v_sqrt(square), inverse = v_set(1.0) / v_if(some, norm, v_set(1.0));
    *c = v_if(some, x * inverse, v_set(1.0));
    *s = v_if(some, z * inverse, v_set(0.0));
    return v_if(some, norm, x);
}

/* Columns p and k of rows row .. rows-1 of A (rows, ld) are rotated so that A[row, k] becomes zero. */
static inline void r_rotate(int rows, int ld, int row, int p, int k, vec *A)
{
    vec c, s;
    vec *x = A + (size_t)row * ld;
    x[p] = r_rotation(x[p], x[k], &c, &s);
    x[k] = v_set(0.0);
    for (int i = row + 1; i < rows; i++) {
        vec *y = A + (size_t)i * ld;
        const vec first = y[p];
        y[p] = v_fma(s, y[k], c * first);
        y[k] = v_fma(c, y[k], -(s * first));
    }
}

/* L (n, n) lower triangular, P = L L', after an element y = h'x + e, Var e = r: the array [sqrt r  h'L; 0  L]
 * is rotated from the last column to the first, which keeps L triangular (Carlson 1973, AIAA Journal 11,
 * 1259). K (n) = gain times sqrt f. Returns sqrt f, the predicted standard deviation; *rounding is what this
 * is when the element was known exactly before. Nothing changes where it is not seen. */
static inline vec r_update(int n, const vec *h, vec r, vmask seen, vec *L, vec *K, vec *rounding)
{
    vec norm = v_sqrt(r), bound = r;
    for (int i = 0; i < n; i++) K[i] = v_set(0.0);
    for (int k = n - 1; k >= 0; k--) {
        vec phi = v_set(0.0), size = v_set(0.0), c, s;
        for (int i = k; i < n; i++) {
            phi = v_fma(h[i], L[(size_t)i * n + k], phi);
            size = v_fma(v_abs(h[i]), v_abs(L[(size_t)i * n + k]), size);
        }
        norm = r_rotation(norm, v_if(seen, phi, v_set(0.0)), &c, &s);
        bound = v_fma(size, size, bound);
        for (int i = k; i < n; i++) {
            const vec l = L[(size_t)i * n + k], gained = K[i];
            L[(size_t)i * n + k] = v_fma(c, l, -(s * gained));
            K[i] = v_fma(s, l, c * gained);
        }
    }
    *rounding = v_set(2.0 * 0x1p-52 * n) * v_sqrt(bound);
    return norm;
}

/* A (rows, width), rows ld apart, becomes [X 0; Y Z] with X (n, n) lower triangular and the same A A'. */
static inline void r_triangularise(int n, int rows, int width, int ld, vec *A)
{
    for (int j = 0; j < n; j++)
        for (int k = j + 1; k < width; k++) r_rotate(rows, ld, j, j, k, A);
}

/* C (n, width) = A (n, k) B (k, width); rows of C ld apart */
static inline void r_multiply(int n, int k, int width, const vec *A, const vec *B, int ld, vec *C)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < width; j++) {
            vec v = v_set(0.0);
            for (int q = 0; q < k; q++) v = v_fma(A[(size_t)i * k + q], B[(size_t)q * width + j], v);
            C[(size_t)i * ld + j] = v;
        }
}

/* P (n, n) = L L', L (n, n) */
static inline void r_square(int n, const vec *L, vec *P)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            vec v = v_set(0.0);
            for (int q = 0; q < n; q++) v = v_fma(L[(size_t)i * n + q], L[(size_t)j * n + q], v);
            P[(size_t)i * n + j] = P[(size_t)j * n + i] = v;
        }
}

/* L (n, n) lower triangular with L L' = P, zeros above; pivots that vanish give a zero column (k_cholesky).
 * inverse (n): work */
static inline void r_root(int n, const vec *P, vec *L, vec *inverse)
{
    for (int k = 0; k < n * n; k++) L[k] = v_set(0.0);
    k_cholesky(n, P, L, inverse);
}

#endif
