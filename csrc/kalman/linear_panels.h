/* Products and solves of matrices in lanes, panel by panel: a panel of 2 x 4 sums lives in registers, so that
 * a product is bound by arithmetic and not by loads. Every element is one chain in the order of k: the bits
 * do not depend on the panels. Row-major arrays of vec; n is a constant where the caller is an instance for
 * one size.
 */
#ifndef PT_KALMAN_LINEAR_PANELS_H
#define PT_KALMAN_LINEAR_PANELS_H

#include "kalman/linear_kernels.h"

/* Factors are short loops in which every step waits for the one before: they unroll for large states too, if
 * their number is a constant; the includer of a file for any number says PT_ANY. */
#ifdef PT_ANY
#define PT_WHOLE _Pragma("GCC unroll 1")
#else
#define PT_WHOLE PT_UNROLL
#endif

/* The operands of C (rows, columns) = S + sign A B: A(i, k) = A[i * row + k * step], the rows of B are ldb
 * apart, those of S and C ldc; S may be C, or null for zero. */
typedef struct {
    const vec *A;
    int row, step;
    const vec *B;
    int ldb;
    const vec *S;
    vec *C;
    int ldc;
} k_operands;

/* rows <= 2 and columns <= 4 of C from (i, j) on, over k < count */
PT_LANE void k_panel(const int rows, const int columns, const int sign, const int count, const k_operands o,
                     const int i, const int j)
{
    vec sum[8];
    const vec *A = o.A + i * o.row, *B = o.B + j;
    vec *C = o.C + i * o.ldc + j;
    PT_UNROLL for (int q = 0; q < rows * columns; q++) sum[q] =
        o.S ? o.S[(i + q / columns) * o.ldc + j + q % columns] : v_set(0.0);
    PT_OUTER for (int k = 0; k < count; k++)
    {
        PT_UNROLL for (int r = 0; r < rows; r++)
        {
            const vec a = A[r * o.row + k * o.step];
            PT_UNROLL for (int c = 0; c < columns; c++) sum[r * columns + c] =
                v_fma(sign < 0 ? -a : a, B[k * o.ldb + c], sum[r * columns + c]);
        }
    }
    PT_UNROLL for (int q = 0; q < rows * columns; q++) C[q / columns * o.ldc + q % columns] = sum[q];
}

/* the same for whole rows */
PT_LANE void k_band(const int rows, const int columns, const int sign, const int count, const k_operands o,
                    const int i)
{
    const int whole = columns - columns % 4, rest = columns % 4;
    PT_OUTER for (int j = 0; j < whole; j += 4) k_panel(rows, 4, sign, count, o, i, j);
    if (rest >= 2) k_panel(rows, 2, sign, count, o, i, whole);
    if (rest % 2) k_panel(rows, 1, sign, count, o, i, columns - 1);
}

/* C (n, columns) = S + A B with `count` terms an element */
PT_LANE void k_product(const int n, const int columns, const int count, const k_operands o)
{
    PT_OUTER for (int i = 0; i + 1 < n; i += 2) k_band(2, columns, 1, count, o, i);
    if (n % 2) k_band(1, columns, 1, count, o, n - 1);
}

/* C (n, n) = S + A B, which is symmetric */
PT_LANE void k_product_symmetric(const int n, const int count, const k_operands o)
{
    PT_OUTER for (int i = 0; i + 1 < n; i += 2) k_band(2, i + 2, 1, count, o, i);
    if (n % 2) k_band(1, n, 1, count, o, n - 1);
    PT_OUTER for (int i = 1; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j < i; j++) o.C[j * o.ldc + i] = o.C[i * o.ldc + j];
    }
}

/* P = L D L' for a semidefinite P (n, n): L, with a unit diagonal that is not stored, in the lower triangle
 * of L (n, n), L' in the upper one; inverse (n): 1 / D, 0 in the lanes where a pivot vanishes, and so does
 * its column. */
PT_LANE void k_factor_state(const int n, const vec *restrict P, vec *restrict L, vec *restrict inverse)
{
    PT_WHOLE for (int i = 0; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j <= i; j++) L[i * n + j] = P[i * n + j];
    }
    PT_WHOLE for (int j = 0; j < n; j++)
    {
        const vec d = L[j * n + j];
        const vmask good = v_gt(d, v_set(PT_PIVOT_FILTER) * P[j * n + j]);
        inverse[j] = v_if(good, v_set(1.0) / v_if(good, d, v_set(1.0)), v_set(0.0));
        PT_WHOLE for (int i = j + 1; i < n; i++)
        {
            const vec l = L[j * n + i] = L[i * n + j] * inverse[j];
            PT_UNROLL for (int k = j + 1; k <= i; k++) L[i * n + k] = v_fma(-l, L[k * n + j], L[i * n + k]);
        }
    }
    PT_WHOLE for (int i = 1; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j < i; j++) L[i * n + j] = L[j * n + i];
    }
}

/* row i of X (n, columns) -= a row j of X */
PT_LANE void k_row_minus(const int columns, const vec a, const vec *from, vec *to)
{
    PT_UNROLL for (int c = 0; c < columns; c++) to[c] = v_fma(-a, from[c], to[c]);
}

/* X (n, columns) = P^- X, L and inverse of P by k_factor_state */
PT_LANE void k_solve_state(const int n, const int columns, const vec *L, const vec *inverse, vec *X)
{
    const k_operands o = {
        .A = L, .row = n, .step = 1, .B = X, .ldb = columns, .S = X, .C = X, .ldc = columns};
    PT_OUTER for (int i = 0; i + 1 < n; i += 2)
    {
        k_band(2, columns, -1, i, o, i);
        k_row_minus(columns, L[(i + 1) * n + i], X + i * columns, X + (i + 1) * columns);
    }
    if (n % 2) k_band(1, columns, -1, n - 1, o, n - 1);
    PT_OUTER for (int i = 0; i < n; i++)
    {
        PT_UNROLL for (int c = 0; c < columns; c++) X[i * columns + c] *= inverse[i];
    }
    /* From the last row on: rows i, i + 1 less what lies below them. */
    PT_OUTER for (int i = n - 2; i >= 0; i -= 2)
    {
        const k_operands below = {.A = L + i + 2,
                                  .row = n,
                                  .step = 1,
                                  .B = X + (i + 2) * columns,
                                  .ldb = columns,
                                  .S = X,
                                  .C = X,
                                  .ldc = columns};
        k_band(2, columns, -1, n - i - 2, below, i);
        k_row_minus(columns, L[i * n + i + 1], X + (i + 1) * columns, X + i * columns);
    }
    if (n % 2) {
        const k_operands below = {.A = L + 1,
                                  .row = n,
                                  .step = 1,
                                  .B = X + columns,
                                  .ldb = columns,
                                  .S = X,
                                  .C = X,
                                  .ldc = columns};
        k_band(1, columns, -1, n - 1, below, 0);
    }
}

#endif
