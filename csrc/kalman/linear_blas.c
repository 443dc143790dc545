/* Linear filter and smoother for large states: one series after another through BLAS and LAPACK. A step is in
 * linear_dense.c; a constant model goes many steps at once (linear_stride.c) and, once its covariance rests,
 * by means alone (linear_steady.c). */
#include "kalman/linear_blas.h"
#include "kalman/scalar.h"
#include "linalg/blas.h"

/* ---- work space ---- */

static pt_status steady_create(const pt_linear_input *in, pt_blas_work *w)
{
    const int64_t square = (int64_t)in->n * in->n;
    w->block = pt_alloc((size_t)(2 * square + pt_resting_size(in->n, in->m)) * sizeof(double));
    if (!w->block) return PT_NO_MEMORY;
    w->before = w->block;
    w->filtered = w->block + square;
    pt_resting_place(in->n, in->m, w->block + 2 * square, &w->steady);
    return PT_OK;
}

static pt_status work_create(const pt_linear_call *call, pt_blas_work *w)
{
    const pt_linear_input *in = call->in;
    w->settles =
        !call->smooth && !(in->F.by_time | in->H.by_time | in->Q.by_time | in->R.by_time | in->G.by_time);
    w->rows = pt_stride_rows(call);
    pt_status status = pt_dense_create(in, w->rows, &w->dense);
    if (status == PT_OK && w->settles) status = steady_create(in, w);
    if (status == PT_OK && w->rows) status = pt_stride_create(in, &w->stride);
    if (status == PT_OK && call->smooth) status = pt_blas_history_create(call, &w->history);
    return status;
}

static void work_free(pt_blas_work *w)
{
    pt_dense_free(&w->dense);
    pt_stride_free(&w->stride);
    pt_free(w->block);
    pt_free(w->history.block);
}

/* ---- a series forward ---- */

void pt_blas_put_cov(const pt_linear_output *out, double *dst, int64_t row, int64_t k, const double *cov)
{
    if (!dst) return;
    dst += row * pt_linear_square(out, k);
    if (!out->packed) {
        pt_copy(dst, cov, k * k);
        return;
    }
    for (int64_t i = 0; i < k; dst += ++i) pt_copy(dst, cov + i * k, i + 1);
}

static void store_predicted(const pt_linear_call *call, const pt_dense *w, int64_t row)
{
    const int64_t n = call->in->n;
    pt_blas_put(call->out->predicted_mean, row, n, w->a);
    pt_blas_put_cov(call->out, call->out->predicted_cov, row, n, w->P);
}

/* y - d - H a of the elements that are seen, and H P H' + R */
static void store_innovation(const pt_linear_call *call, int64_t s, int64_t t, pt_dense *w)
{
    const pt_linear_input *in = call->in;
    const int n = in->n, m = in->m;
    const int64_t row = s * in->n_time + t;
    const double *H = pt_linear_at(&in->H, s, t), *d = in->d.data ? pt_linear_at(&in->d, s, t) : NULL;
    double *v, *HP = w->B, *S = w->scratch;
    for (int i = 0; call->out->innovation && i < m; i++) {
        v = call->out->innovation + row * m + i;
        *v = in->y[row * m + i] - (d ? d[i] : 0.0);
        pt_blas_gemv(1, n, -1.0, H + (size_t)i * n, w->a, 1.0, v);
    }
    if (!call->out->innovation_cov) return;
    pt_blas_gemm(0, 0, m, n, n, 1.0, H, n, w->P, n, 0.0, HP, n);
    pt_copy(S, pt_linear_at(&in->R, s, t), (int64_t)m * m);
    pt_blas_gemm(0, 1, m, m, n, 1.0, HP, n, H, n, 1.0, S, m);
    pt_dense_symmetrise(m, S);
    pt_blas_put_cov(call->out, call->out->innovation_cov, row, m, S);
}

static void store_filtered(const pt_linear_call *call, int64_t row, const double *a, const double *P,
                           double gained)
{
    pt_linear_output *out = call->out;
    int64_t n = call->in->n;
    pt_blas_put(out->loglike_t, row, 1, &gained);
    pt_blas_put(out->mean, row, n, a);
    pt_blas_put_cov(out, out->cov, row, n, P);
}

static void store_last(const pt_linear_call *call, int64_t s, const double *a, const double *P, double total)
{
    const int64_t n = call->in->n;
    pt_blas_put(call->out->loglike, s, 1, &total);
    pt_blas_put(call->out->last_mean, s, n, a);
    pt_blas_put_cov(call->out, call->out->last_cov, s, n, P);
}

int pt_blas_is_finite(int n, const double *a, const double *P)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += a[i] + P[(size_t)i * n + i];
    return s_finite(sum);
}

pt_status pt_blas_update(const pt_linear_input *in, pt_dense *w, double *gained)
{
    *gained = 0.0;
    if (w->seen > 0) {
        pt_status status = pt_dense_innovate(in->n, w);
        if (status != PT_OK) return status;
        *gained = pt_dense_correct(in->n, w);
    }
    return pt_blas_is_finite(in->n, w->a, w->P) ? PT_OK : PT_NOT_FINITE;
}

/* Has the predicted covariance come to rest over the step that ends with the filtered one P? Then its update
 * is kept. */
static void watch(const pt_linear_input *in, int64_t s, const double *filtered, pt_blas_work *work)
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
static void move_on(const pt_linear_input *in, int64_t s, int64_t t, pt_blas_work *work)
{
    pt_dense *w = &work->dense;
    if (pt_dense_noise_is_due(in, t)) pt_dense_noise(in, s, t, w);
    pt_dense_predict(in->n, pt_linear_at(&in->F, s, t), pt_blas_offset(in, s, t), w->Q, w, w->U);
    if (work->settles && w->seen == in->m) watch(in, s, w->P, work);
    pt_copy(w->a, w->next, in->n);
    pt_copy(w->P, w->U, (int64_t)in->n * in->n);
}

/* A complete row in the steady state; P keeps the predicted covariance. */
static pt_status glide(const pt_linear_call *call, int64_t s, int64_t t, pt_blas_work *work, double *total)
{
    const pt_linear_input *in = call->in;
    pt_dense *w = &work->dense;
    const int n = in->n, is_last = t + 1 == pt_linear_length(in, s);
    const int64_t row = s * in->n_time + t;
    if (!pt_resting_innovate(n, w->H, w->y, w->a, &work->steady)) return PT_NOT_FINITE;
    if (!is_last)
        pt_resting_move(n, pt_linear_at(&in->F, s, 0), pt_blas_offset(in, s, t), w->a, w->next,
                        &work->steady);
    if (is_last || call->out->mean) pt_resting_correct(n, w->a, &work->steady);
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
static pt_status step(const pt_linear_call *call, int64_t s, int64_t t, pt_blas_work *work,
                      pt_linear_part *part, double *total)
{
    const pt_linear_input *in = call->in;
    pt_dense *w = &work->dense;
    double gained;
    store_predicted(call, w, s * in->n_time + t);
    *part = PT_LINEAR_Y;
    pt_status status = pt_dense_select(in, s, t, w);
    if (status != PT_OK) return status;
    *part = PT_LINEAR_NONE;
    if (call->out->innovation || call->out->innovation_cov) store_innovation(call, s, t, w);
    if (call->smooth) pt_blas_history_mark(&work->history, t, in->n, w);
    if (w->seen < in->m) work->settling = pt_settling_begin(), work->is_steady = work->stride.in_steady = 0;
    if (work->is_steady) return glide(call, s, t, work, total);
    if (work->settles) pt_copy(work->before, w->P, (int64_t)in->n * in->n);
    status = pt_blas_update(in, w, &gained);
    if (status != PT_OK) return status;
    *total += gained;
    store_filtered(call, s * in->n_time + t, w->a, w->P, gained);
    if (call->smooth) pt_blas_history_keep(&work->history, t, in->n, w);
    if (t + 1 < pt_linear_length(in, s))
        move_on(in, s, t, work);
    else
        store_last(call, s, w->a, w->P, *total);
    return PT_OK;
}

static pt_status forward(const pt_linear_call *call, int64_t s, pt_blas_work *work, pt_linear_part *part,
                         int64_t *at)
{
    const pt_linear_input *in = call->in;
    const int64_t n = in->n, n_step = pt_linear_length(in, s);
    const int strides = work->rows && n_step > PT_STRIDE_FROM;
    double total = 0.0, *of_step = call->out->loglike_t;
    work->stride.in_steady = 0; /* that of another series */
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

/* ---- the call ---- */

static pt_status run_series(void *context, int worker, int64_t s)
{
    const pt_linear_call *call = context;
    pt_blas_work *w = (pt_blas_work *)call->work + worker;
    if (pt_linear_check_series(call, s, w->dense.scratch, w->dense.pivot)) {
        pt_linear_part part = PT_LINEAR_NONE;
        int64_t at = 0;
        pt_status status = forward(call, s, w, &part, &at);
        if (status == PT_OK && call->smooth) status = pt_blas_smooth(call, s, w, &at);
        if (status != PT_OK) pt_linear_fail(call, s, status, part, at);
    }
    pt_linear_blank(call, s);
    return PT_OK;
}

pt_status pt_linear_blas(pt_linear_call *call, const pt_control *control)
{
    int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    pt_blas_work *work = pt_alloc((size_t)n_threads * sizeof *work);
    if (!work) return PT_NO_MEMORY;
    call->work = work;
    pt_status status = PT_OK;
    for (int k = 0; status == PT_OK && k < n_threads; k++) status = work_create(call, work + k);
    if (status == PT_OK) status = pt_parallel(call->in->n_series, control, run_series, call);
    for (int k = 0; k < n_threads; k++) work_free(work + k);
    pt_free(work);
    return status;
}
