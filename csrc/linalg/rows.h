/* Dense algebra of one matrix at a time, with vectors along its rows: for tens of rows, where a call of BLAS
 * costs more than the work, and for results that are the same bits whatever the vector width.
 *
 * Matrices are row-major. Rows that a vector runs along are padded to a multiple of PT_ROW doubles; what
 * stands in the padding is computed with and must be finite, zero where a sum runs over it.
 */
#ifndef PT_LINALG_ROWS_H
#define PT_LINALG_ROWS_H

#include <stdint.h>

#include "pytwin.h"

enum { PT_ROW = 8 };

/* n rounded up to whole rows */
static inline int64_t pt_row_length(int64_t n) { return (n + PT_ROW - 1) / PT_ROW * PT_ROW; }

/* C (m, n) = [C if add] + A (m, k) B (k, n); A[i, l] at A + i by_row + l by_column; n a multiple of PT_ROW;
 * ldb, ldc: row lengths. C overlaps neither. */
void pt_rows_multiply(int64_t m, int64_t n, int64_t k, const double *A, int64_t by_row, int64_t by_column,
                      const double *B, int64_t ldb, int add, double *C, int64_t ldc);

/* C (n, ld) = A' A of the first n columns of A (k, ld); ld, a multiple of PT_ROW: row length of both */
void pt_rows_square(int64_t n, int64_t k, const double *A, double *C, int64_t ld);

/* C (m, k) = A (m, n) B (k, n)', n a multiple of PT_ROW; ldc: row length of C */
void pt_rows_outer(int64_t m, int64_t k, int64_t n, const double *A, int64_t lda, const double *B,
                   int64_t ldb, double *C, int64_t ldc);

/* A (n, n), symmetric positive definite, row length ld, becomes its inverse; *log_det = ln det A unless null.
 * Gauss and Jordan without pivots. NOT_POSITIVE_DEFINITE leaves A undefined. Padding of the rows: any. */
pt_status pt_rows_invert(int64_t n, double *A, int64_t ld, double *log_det);

/* R (n, n) = M^-1/2, symmetric, of a symmetric M >= I, which becomes undefined; *log_det = ln det M unless
 * null; work (3 n ld). Denman and Beavers' iteration in its product form (Higham NJ, Functions of Matrices,
 * SIAM 2008, eq. 6.29): M <- (2 I + M + M^-1)/4, R <- R (I + M^-1)/2, quadratic once M is near I. Padding of
 * M: any; that of R is zero. */
pt_status pt_rows_inverse_root(int64_t n, double *M, int64_t ld, double *R, double *log_det, double *work);

#endif
