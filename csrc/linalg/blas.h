/* The few BLAS and LAPACK operations of large dense models. Row-major, one thread, no memory of their own. */
#ifndef PT_LINALG_BLAS_H
#define PT_LINALG_BLAS_H

#include "pytwin.h"

/* C (m, n) = alpha op(A) op(B) + beta C with op(X) = X' where the flag is set; lda, ldb, ldc: row lengths */
void pt_blas_gemm(int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *A,
                  int lda, const double *B, int ldb, double beta, double *C, int ldc);
/* y (m) = alpha A x + beta y, A (m, n) */
void pt_blas_gemv(int m, int n, double alpha, const double *A, const double *x, double beta, double *y);
/* lower triangle of C (n, n) = alpha A A' + beta C, A (n, k) */
void pt_blas_syrk(int n, int k, double alpha, const double *A, int lda, double beta, double *C);
/* lower triangle of C (n, n) += alpha (A B' + B A'), A, B (n, k) */
void pt_blas_syr2k(int n, int k, double alpha, const double *A, const double *B, int ld, double *C);
/* C (n, k) = alpha A B + beta C, A (n, n) symmetric by its lower triangle, B (n, k) */
void pt_blas_symm(int n, int k, double alpha, const double *A, const double *B, double beta, double *C);
/* lower triangle of A (n, n) becomes L with A = L L'; NOT_POSITIVE_DEFINITE if there is none */
pt_status pt_blas_cholesky(int n, double *A);
/* The same with pivots for a semidefinite A: A[order, order] = L L', L (n, rank) in the lower triangle.
 * order (n), work (2n); tol is absolute. Returns the rank. */
int pt_blas_cholesky_pivoted(int n, double *A, double tol, int *order, double *work);
/* X (m, n) = X L'^-1 (transpose set) or X L^-1, L (n, n) lower triangular with row length ldl */
void pt_blas_solve_right(int transpose, int m, int n, const double *L, int ldl, double *X, int ldx);
/* v (n) becomes L^-1 v, L (n, n) lower triangular */
void pt_blas_solve_lower(int n, const double *L, double *v);
/* X (m, n) = X L, L (n, n) lower triangular */
void pt_blas_times_lower(int m, int n, const double *L, double *X);

#endif
