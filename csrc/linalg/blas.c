/* See blas.h. LAPACK works on columns: the lower triangle of a row-major matrix is its upper one. */
#include "linalg/blas.h"

#include "linalg/openblas.h"

void pt_blas_gemm(int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *A,
                  int lda, const double *B, int ldb, double beta, double *C, int ldc)
{
    PT_BLAS(cblas_dgemm)
    (CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, m, n, k,
     alpha, A, lda, B, ldb, beta, C, ldc);
}

void pt_blas_gemv(int m, int n, double alpha, const double *A, const double *x, double beta, double *y)
{
    PT_BLAS(cblas_dgemv)(CblasRowMajor, CblasNoTrans, m, n, alpha, A, n, x, 1, beta, y, 1);
}

void pt_blas_syrk(int n, int k, double alpha, const double *A, int lda, double beta, double *C)
{
    if (k == 1 && lda == 1 && beta == 1.0) {
        PT_BLAS(cblas_dsyr)(CblasRowMajor, CblasLower, n, alpha, A, 1, C, n);
        return;
    }
    PT_BLAS(cblas_dsyrk)(CblasRowMajor, CblasLower, CblasNoTrans, n, k, alpha, A, lda, beta, C, n);
}

void pt_blas_syr2k(int n, int k, double alpha, const double *A, const double *B, int ld, double *C)
{
    if (k == 1 && ld == 1) {
        PT_BLAS(cblas_dsyr2)(CblasRowMajor, CblasLower, n, alpha, A, 1, B, 1, C, n);
        return;
    }
    PT_BLAS(cblas_dsyr2k)(CblasRowMajor, CblasLower, CblasNoTrans, n, k, alpha, A, ld, B, ld, 1.0, C, n);
}

void pt_blas_symm(int n, int k, double alpha, const double *A, const double *B, double beta, double *C)
{
    if (k == 1) {
        PT_BLAS(cblas_dsymv)(CblasRowMajor, CblasLower, n, alpha, A, n, B, 1, beta, C, 1);
        return;
    }
    PT_BLAS(cblas_dsymm)
    (CblasRowMajor, CblasLeft, CblasLower, n, k, alpha, A, n, B, k, beta, C, k);
}

pt_status pt_blas_cholesky(int n, double *A)
{
    lapack_int info = PT_BLAS(LAPACKE_dpotrf_work)(LAPACK_COL_MAJOR, 'U', n, A, n);
    return info == 0 ? PT_OK : PT_NOT_POSITIVE_DEFINITE;
}

int pt_blas_cholesky_pivoted(int n, double *A, double tol, int *order, double *work)
{
    lapack_int rank = 0;
    PT_BLAS(LAPACKE_dpstrf_work)(LAPACK_COL_MAJOR, 'U', n, A, n, order, &rank, tol, work);
    for (int k = 0; k < n; k++) order[k]--;
    return (int)rank;
}

void pt_blas_solve_right(int transpose, int m, int n, const double *L, int ldl, double *X, int ldx)
{
    PT_BLAS(cblas_dtrsm)
    (CblasRowMajor, CblasRight, CblasLower, transpose ? CblasTrans : CblasNoTrans, CblasNonUnit, m, n, 1.0, L,
     ldl, X, ldx);
}

void pt_blas_solve_lower(int n, const double *L, double *v)
{
    PT_BLAS(cblas_dtrsv)(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, n, L, n, v, 1);
}

void pt_blas_times_lower(int m, int n, const double *L, double *X)
{
    PT_BLAS(cblas_dtrmm)
    (CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, m, n, 1.0, L, n, X, n);
}
