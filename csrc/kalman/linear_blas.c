/* Linear filter and smoother for large states: one series after another through BLAS and LAPACK. A step is in
 * linear_dense.c; a constant model goes many steps at once (linear_stride.c) and, once its covariance rests,
 * by means alone (linear_steady.c). */
#include <math.h>

#include "kalman/linear_dense.h"
#include "kalman/linear_steady.h"
#include "kalman/linear_stride.h"
#include "kalman/scalar.h"
#include "linalg/blas.h"

/* Share of the largest variance below which a pivot of a singular prediction is rounding. */
#define PIVOT_SINGULAR 1e-11

typedef struct {
    pt_dense dense;
    int constant; /* no array of the model has a time axis */
    int rows;     /* of strides, 0: there are none */
    pt_stride stride;
    double *block; /* of what follows */
    double *before,
        *filtered; /* (n, n) covariances: predicted before an update, filtered in the steady state */
    int is_steady;
    pt_settling settling;
    pt_resting steady;
} blas_work;

/* ---- work space ---- */

static pt_status steady_create(const pt_linear_input *in, blas_work *w)
{
    const int64_t square = (int64_t)in->n * in->n;
    w->block = pt_alloc((size_t)(2 * square + pt_resting_size(in->n, in->m)) * sizeof(double));
    if (!w->block) return PT_NO_MEMORY;
    w->before = w->block;
    w->filtered = w->block + square;
    pt_resting_place(in->n, in->m, w->block + 2 * square, &w->steady);
    return PT_OK;
}

static pt_status work_create(const pt_linear_call *call, blas_work *w)
{
    const pt_linear_input *in = call->in;
    w->constant = !(in->F.by_time | in->H.by_time | in->Q.by_time | in->R.by_time | in->G.by_time);
    w->rows = pt_stride_rows(call);
    pt_status status = pt_dense_create(in, w->rows, &w->dense);
    if (status == PT_OK && w->constant) status = steady_create(in, w);
    if (status == PT_OK && w->rows) status = pt_stride_create(in, &w->stride);
    return status;
}

static void work_free(blas_work *w)
{
    pt_dense_free(&w->dense);
    pt_stride_free(&w->stride);
    pt_free(w->block);
}

/* ---- a series forward ---- */

static void put(double *dst, int64_t row, int64_t width, const double *src)
{
    if (dst) pt_copy(dst + row * width, src, width);
}

static void store_predicted(const pt_linear_call *call, const pt_dense *w, int64_t row)
{
    const int64_t n = call->in->n;
    put(call->out->predicted_mean, row, n, w->a);
    put(call->out->predicted_cov, row, n * n, w->P);
}

static void store_filtered(const pt_linear_call *call, int64_t row, const double *a, const double *P,
                           double gained)
{
    pt_linear_output *out = call->out;
    int64_t n = call->in->n;
    put(out->loglike_t, row, 1, &gained);
    put(out->mean, row, n, a);
    put(out->cov, row, n * n, P);
    if (!call->smooth) return;
    put(out->smoothed_mean, row, n, a);
    put(out->smoothed_cov, row, n * n, P);
}

static void store_last(const pt_linear_call *call, int64_t s, const double *a, const double *P, double total)
{
    const int64_t n = call->in->n;
    put(call->out->loglike, s, 1, &total);
    put(call->out->last_mean, s, n, a);
    put(call->out->last_cov, s, n * n, P);
}

static int is_finite(int n, const double *a, const double *P)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += a[i] + P[(size_t)i * n + i];
    return s_finite(sum);
}

static const double *offset_at(const pt_linear_input *in, int64_t s, int64_t t)
{
    return in->c.data ? pt_linear_at(&in->c, s, t) : NULL;
}

static pt_status update(const pt_linear_input *in, pt_dense *w, double *gained)
{
    *gained = 0.0;
    if (w->seen > 0) {
        pt_status status = pt_dense_innovate(in->n, w);
        if (status != PT_OK) return status;
        *gained = pt_dense_correct(in->n, w);
    }
    return is_finite(in->n, w->a, w->P) ? PT_OK : PT_NOT_FINITE;
}

/* Has the predicted covariance come to rest over the step that ends with the filtered one P? Then its update
 * is kept. */
static void watch(const pt_linear_input *in, int64_t s, const double *filtered, blas_work *work)
{
    pt_dense *w = &work->dense;
    const int reached = work->rows && work->stride.in_steady;
    const double moved = pt_distance(in->n, w->U, work->before, w->scratch);
    if (!pt_has_settled(&work->settling, moved) && !reached) return;
    pt_copy(work->filtered, filtered, (int64_t)in->n * in->n);
    pt_resting_take(in->n, w, pt_linear_at(&in->F, s, 0), NULL, &work->steady);
    work->is_steady = 1;
}

/* Predict to t + 1 in place. */
static void move_on(const pt_linear_input *in, int64_t s, int64_t t, blas_work *work)
{
    pt_dense *w = &work->dense;
    if (pt_dense_noise_is_due(in, t)) pt_dense_noise(in, s, t, w);
    pt_dense_predict(in->n, pt_linear_at(&in->F, s, t), offset_at(in, s, t), w->Q, w, w->U);
    if (work->constant && w->seen == in->m) watch(in, s, w->P, work);
    pt_copy(w->a, w->next, in->n);
    pt_copy(w->P, w->U, (int64_t)in->n * in->n);
}

/* A complete row in the steady state; P keeps the predicted covariance. */
static pt_status glide(const pt_linear_call *call, int64_t s, int64_t t, blas_work *work, double *total)
{
    const pt_linear_input *in = call->in;
    pt_dense *w = &work->dense;
    const int n = in->n, is_last = t + 1 == pt_linear_length(in, s);
    const int64_t row = s * in->n_time + t;
    if (!pt_resting_innovate(n, w->H, w->y, w->a, &work->steady)) return PT_NOT_FINITE;
    if (!is_last)
        pt_resting_move(n, pt_linear_at(&in->F, s, 0), offset_at(in, s, t), w->a, w->next, &work->steady);
    if (is_last || call->out->mean || call->smooth) pt_resting_correct(n, w->a, &work->steady);
    const double gained = pt_resting_gain(&work->steady);
    *total += gained;
    store_filtered(call, row, w->a, work->filtered, gained);
    if (is_last)
        store_last(call, s, w->a, work->filtered, *total);
    else
        pt_copy(w->a, w->next, n);
    return PT_OK;
}

/* Row t of any kind */
static pt_status step(const pt_linear_call *call, int64_t s, int64_t t, blas_work *work, pt_linear_part *part,
                      double *total)
{
    const pt_linear_input *in = call->in;
    pt_dense *w = &work->dense;
    double gained;
    store_predicted(call, w, s * in->n_time + t);
    *part = PT_LINEAR_Y;
    pt_status status = pt_dense_select(in, s, t, w);
    if (status != PT_OK) return status;
    *part = PT_LINEAR_NONE;
    if (w->seen < in->m) work->settling = pt_settling_begin(), work->is_steady = work->stride.in_steady = 0;
    if (work->is_steady) return glide(call, s, t, work, total);
    if (work->constant) pt_copy(work->before, w->P, (int64_t)in->n * in->n);
    status = update(in, w, &gained);
    if (status != PT_OK) return status;
    *total += gained;
    store_filtered(call, s * in->n_time + t, w->a, w->P, gained);
    if (t + 1 < pt_linear_length(in, s))
        move_on(in, s, t, work);
    else
        store_last(call, s, w->a, w->P, *total);
    return PT_OK;
}

static pt_status forward(const pt_linear_call *call, int64_t s, blas_work *work, pt_linear_part *part,
                         int64_t *at)
{
    const pt_linear_input *in = call->in;
    const int64_t n = in->n, n_step = pt_linear_length(in, s);
    const int strides = work->rows && n_step > PT_STRIDE_FROM;
    double total = 0.0, *of_step = call->out->loglike_t;
    if (strides) pt_stride_begin(in, s, &work->dense, &work->stride);
    pt_copy(work->dense.a, pt_linear_at(&in->x0, s, 0), n);
    pt_copy(work->dense.P, pt_linear_at(&in->P0, s, 0), n * n);
    pt_dense_noise(in, s, 0, &work->dense);
    work->is_steady = 0;
    work->settling = pt_settling_begin();
    for (*at = 0; *at < n_step;) {
        int taken = 0;
        double gained = 0.0;
        if (strides && !work->is_steady)
            pt_stride_step(in, s, *at, n_step, &work->dense, &work->stride, &taken, &gained,
                           of_step ? of_step + s * in->n_time + *at : NULL);
        total += gained;
        *at += taken;
        if (taken) continue;
        pt_status status = step(call, s, *at, work, part, &total);
        if (status != PT_OK) return status;
        ++*at;
    }
    return PT_OK;
}

/* ---- backward ---- */

/* J (n, n) = P F' (pred)^-; U holds pred and is destroyed. A singular pred is inverted over its pivots. */
static void smoother_gain(int n, const double *F, pt_dense *w)
{
    pt_blas_gemm(0, 1, n, n, n, 1.0, w->P, n, F, n, 0.0, w->T, n);
    pt_copy(w->J, w->U, (int64_t)n * n);
    if (pt_blas_cholesky(n, w->J) == PT_OK) {
        pt_copy(w->U, w->J, (int64_t)n * n);
        pt_copy(w->J, w->T, (int64_t)n * n);
        pt_blas_solve_right(1, n, n, w->U, n, w->J, n);
        pt_blas_solve_right(0, n, n, w->U, n, w->J, n);
        return;
    }
    double largest = 0.0;
    for (int i = 0; i < n; i++) largest = fmax(largest, w->U[(size_t)i * n + i]);
    int r = pt_blas_cholesky_pivoted(n, w->U, PIVOT_SINGULAR * largest, w->pivot, w->scratch);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < r; k++) w->scratch[(size_t)i * n + k] = w->T[(size_t)i * n + w->pivot[k]];
    pt_blas_solve_right(1, n, r, w->U, n, w->scratch, n);
    pt_blas_solve_right(0, n, r, w->U, n, w->scratch, n);
    memset(w->J, 0, (size_t)n * n * sizeof(double));
    for (int i = 0; i < n; i++)
        for (int k = 0; k < r; k++) w->J[(size_t)i * n + w->pivot[k]] = w->scratch[(size_t)i * n + k];
}

/* a_smooth, P_smooth of t+1 become those of t: (I - J F) P (I - J F)' + J (Q + P_smooth) J' */
static void smooth_step(const pt_linear_input *in, int64_t s, int64_t t, pt_dense *w)
{
    int n = in->n;
    const double *F = pt_linear_at(&in->F, s, t);
    if (pt_dense_noise_is_due(in, t)) pt_dense_noise(in, s, t, w);
    pt_dense_predict(n, F, offset_at(in, s, t), w->Q, w, w->U);
    smoother_gain(n, F, w);
    for (int i = 0; i < n; i++) w->a_smooth[i] -= w->next[i];
    pt_blas_gemv(n, n, 1.0, w->J, w->a_smooth, 1.0, w->a);
    pt_copy(w->a_smooth, w->a, n);
    memset(w->T, 0, (size_t)n * n * sizeof(double));
    for (int i = 0; i < n; i++) w->T[(size_t)i * n + i] = 1.0;
    pt_blas_gemm(0, 0, n, n, n, -1.0, w->J, n, F, n, 1.0, w->T, n);
    pt_blas_gemm(0, 0, n, n, n, 1.0, w->T, n, w->P, n, 0.0, w->U, n);
    pt_blas_gemm(0, 1, n, n, n, 1.0, w->U, n, w->T, n, 0.0, w->P, n);
    for (int64_t k = 0; k < (int64_t)n * n; k++) w->P_smooth[k] += w->Q[k];
    pt_blas_gemm(0, 0, n, n, n, 1.0, w->J, n, w->P_smooth, n, 0.0, w->U, n);
    pt_blas_gemm(0, 1, n, n, n, 1.0, w->U, n, w->J, n, 1.0, w->P, n);
    pt_dense_symmetrise(n, w->P);
    pt_copy(w->P_smooth, w->P, (int64_t)n * n);
}

static pt_status backward(const pt_linear_call *call, int64_t s, pt_dense *w, int64_t *at)
{
    const pt_linear_input *in = call->in;
    pt_linear_output *out = call->out;
    int64_t n = in->n, first = s * in->n_time, last = pt_linear_length(in, s) - 1;
    pt_copy(w->a_smooth, out->smoothed_mean + (first + last) * n, n);
    pt_copy(w->P_smooth, out->smoothed_cov + (first + last) * n * n, n * n);
    for (*at = last - 1; *at >= 0; --*at) {
        pt_copy(w->a, out->smoothed_mean + (first + *at) * n, n);
        pt_copy(w->P, out->smoothed_cov + (first + *at) * n * n, n * n);
        smooth_step(in, s, *at, w);
        if (!is_finite((int)n, w->a_smooth, w->P_smooth)) return PT_NOT_FINITE;
        put(out->smoothed_mean, first + *at, n, w->a_smooth);
        put(out->smoothed_cov, first + *at, n * n, w->P_smooth);
    }
    return PT_OK;
}

/* ---- the call ---- */

static pt_status run_series(void *context, int worker, int64_t s)
{
    const pt_linear_call *call = context;
    blas_work *w = (blas_work *)call->work + worker;
    if (pt_linear_check_series(call, s, w->dense.scratch, w->dense.pivot)) {
        pt_linear_part part = PT_LINEAR_NONE;
        int64_t at = 0;
        pt_status status = forward(call, s, w, &part, &at);
        if (status == PT_OK && call->smooth) status = backward(call, s, &w->dense, &at);
        if (status != PT_OK) pt_linear_fail(call, s, status, part, at);
    }
    pt_linear_blank(call, s);
    return PT_OK;
}

pt_status pt_linear_blas(pt_linear_call *call, const pt_control *control)
{
    int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    blas_work *work = pt_alloc((size_t)n_threads * sizeof *work);
    if (!work) return PT_NO_MEMORY;
    call->work = work;
    pt_status status = PT_OK;
    for (int k = 0; status == PT_OK && k < n_threads; k++) status = work_create(call, work + k);
    if (status == PT_OK) status = pt_parallel(call->in->n_series, control, run_series, call);
    for (int k = 0; k < n_threads; k++) work_free(work + k);
    pt_free(work);
    return status;
}
