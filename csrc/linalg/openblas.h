/* OpenBLAS: CBLAS and LAPACKE under one spelling, whichever library the build found.
 *
 * The wheel scipy-openblas32 prefixes its symbols with scipy_, a system's OpenBLAS does not. Write
 * PT_BLAS(name) for every function and nothing else changes:
 *
 *     PT_BLAS(cblas_dsyrk)(CblasRowMajor, CblasLower, CblasNoTrans, n, k, 1.0, a, lda, 0.0, c, ldc);
 *     lapack_int info = PT_BLAS(LAPACKE_dpotrf_work)(LAPACK_COL_MAJOR, 'L', n, a, lda);
 *
 * Use column-major order with LAPACKE's work forms: row-major makes LAPACKE transpose into memory of its
 * own. BLAS runs on one thread (pytwin/_core.py sees to it before the library is loaded). Only files of
 * linalg/ include this header. */
#ifndef PT_LINALG_OPENBLAS_H
#define PT_LINALG_OPENBLAS_H

#include <cblas.h>
#include <lapacke.h>

#if PT_BLAS_PREFIX
#define PT_BLAS(name) scipy_##name
#else
#define PT_BLAS(name) name
#endif

#endif
