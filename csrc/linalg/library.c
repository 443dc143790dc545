#include "linalg/library.h"

#include "linalg/openblas.h"

const char *pt_blas_config(void) { return PT_BLAS(openblas_get_config)(); }

const char *pt_blas_kernel(void) { return PT_BLAS(openblas_get_corename)(); }

int pt_blas_threads(void) { return PT_BLAS(openblas_get_num_threads)(); }

int pt_blas_hold(void)
{
    int n_threads = pt_blas_threads();
    if (n_threads != 1) PT_BLAS(openblas_set_num_threads)(1);
    return n_threads;
}

void pt_blas_release(int n_threads)
{
    if (n_threads != 1) PT_BLAS(openblas_set_num_threads)(n_threads);
}
