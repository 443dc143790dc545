/* What the files of the iterated posterior linearisation smoother share. */
#ifndef PT_KALMAN_GAUSS_PATH_H
#define PT_KALMAN_GAUSS_PATH_H

#include "kalman/gauss.h"

typedef struct {
    const pt_nonlinear_call *call;
    const pt_nonlinear_patient *patient;
    pt_nonlinear_work *w;
    pt_gauss_own *g;
    pt_gauss_path *p;
    pt_extended_work *e;
    pt_extended_history *h;
    int nz;
    int64_t n_mean, n_cov; /* doubles of the means and of the covariances of all nodes */
} pt_gauss_passes;

/* L (nz, nz) with L L' = P, zeros behind the columns that count; their number, or -1. */
int pt_gauss_root(int nz, const double *m, const double *P, double *L, int *pivot);

/* Smoothed moments of the model fitted to p->trial into the history's nodes (gauss_pass.c). */
pt_status pt_gauss_pass(pt_gauss_passes *s);

#endif
