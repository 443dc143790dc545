/* The path through BLAS: one series after another, a worker's memory. */
#ifndef PT_KALMAN_LINEAR_BLAS_H
#define PT_KALMAN_LINEAR_BLAS_H

#include "kalman/linear_dense.h"
#include "kalman/linear_steady.h"
#include "kalman/linear_stride.h"

/* What the forward pass leaves for the smoother: the filtered moments of a segment of steps, and the
 * predicted ones where each segment begins, from which it is run again. */
typedef struct {
    double *block;
    double *records, *marks; /* (span, n + n^2), (segments, n + n^2) */
    int64_t span, from;      /* steps of a segment; the first that is held */
} pt_blas_history;

typedef struct {
    pt_dense dense;
    int settles; /* no array of the covariances' model has a time axis, and nobody looks back */
    int rows;    /* of strides, 0: there are none */
    pt_stride stride;
    double *block; /* of what follows */
    double *before,
        *filtered; /* (n, n) covariances: predicted before an update, filtered in the steady state */
    int is_steady;
    pt_settling settling;
    pt_resting steady;
    pt_blas_history history;
} pt_blas_work;

static inline void pt_blas_put(double *dst, int64_t row, int64_t width, const double *src)
{
    if (dst) pt_copy(dst + row * width, src, width);
}
/* The same of a symmetric (k, k), whole or packed */
void pt_blas_put_cov(const pt_linear_output *out, double *dst, int64_t row, int64_t k, const double *cov);

static inline const double *pt_blas_offset(const pt_linear_input *in, int64_t s, int64_t t)
{
    return in->c.data ? pt_linear_at(&in->c, s, t) : NULL;
}
int pt_blas_is_finite(int n, const double *a, const double *P);
/* The update by what pt_dense_select has found; gained: ln p of it */
pt_status pt_blas_update(const pt_linear_input *in, pt_dense *w, double *gained);

/* ---- linear_blas_smooth.c ---- */

pt_status pt_blas_history_create(const pt_linear_call *call, pt_blas_history *history);
/* Step t of the forward pass: its predicted moments, where a segment begins, and its filtered ones */
void pt_blas_history_mark(pt_blas_history *history, int64_t t, int64_t n, const pt_dense *w);
void pt_blas_history_keep(pt_blas_history *history, int64_t t, int64_t n, const pt_dense *w);
/* The smoother, after the forward pass over series s; at: the step of a failure */
pt_status pt_blas_smooth(const pt_linear_call *call, int64_t s, pt_blas_work *work, int64_t *at);

#endif
