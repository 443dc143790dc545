/* Parts of the linear filter that its files share. The public face is kalman.h. */
#ifndef PT_KALMAN_LINEAR_H
#define PT_KALMAN_LINEAR_H

#include "pytwin.h"

enum { PT_SPREAD_FROM = 4 }; /* states up to which F P is worked out again rather than kept */

typedef struct {
    const pt_linear_input *in;
    pt_linear_output *out;
    int smooth;          /* something given all of y is wanted */
    int smooth_cov;      /* and a covariance among it */
    int disturbances;    /* and more than the moments of the states */
    int adjoint;         /* a derivative of the likelihood is wanted */
    int backward;        /* some pass goes from the end to the beginning */
    int spreads;         /* the forward pass leaves F P for the smoother */
    int special;         /* more than the plain filter, see linear_special.h */
    pt_status shared;    /* of the arrays that all series share */
    pt_linear_part part; /* where that is not OK */
    int64_t shared_at;   /* and at which step */
    void *work;          /* [n_threads] of the path's own type */
} pt_linear_call;

/* A block of the array for series s at time t */
static inline const double *pt_linear_at(const pt_linear_array *array, int64_t s, int64_t t)
{
    return array->data + s * array->by_series + t * array->by_time;
}

static inline int64_t pt_linear_length(const pt_linear_input *in, int64_t s)
{
    return in->lengths ? in->lengths[s] : in->n_time;
}

/* Numbers of a symmetric output (k, k) */
static inline int64_t pt_linear_square(const pt_linear_output *out, int64_t k)
{
    return out->packed ? k * (k + 1) / 2 : k * k;
}

/* An output with a row for every step: array (S, T, width) */
typedef struct {
    double *array;
    int64_t width;
} pt_linear_rows;

enum { PT_N_LINEAR_ROWS = 16 };
void pt_linear_list_rows(const pt_linear_call *call, pt_linear_rows rows[PT_N_LINEAR_ROWS]);

/* Finite, and covariances symmetric and positive semidefinite? scratch: n_max^2 doubles, pivot: n_max with
 * n_max = max(n, m, g). */
void pt_linear_check_shared(pt_linear_call *call, double *scratch, int *pivot);
/* The arrays of series s alone, and the verdict on the shared ones, into its status. 1: it can be run. */
int pt_linear_check_series(const pt_linear_call *call, int64_t s, double *scratch, int *pivot);

void pt_linear_fail(const pt_linear_call *call, int64_t s, pt_status status, pt_linear_part part, int64_t at);
/* NaN where a series has no result: all of it when it failed, else beyond its length. */
void pt_linear_blank(const pt_linear_call *call, int64_t s);

/* The paths. */
pt_status pt_linear_lanes(pt_linear_call *call, const pt_control *control);
pt_status pt_linear_blas(pt_linear_call *call, const pt_control *control);
pt_status pt_linear_root(pt_linear_call *call, const pt_control *control);

#endif
