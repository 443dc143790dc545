/* The fixed-interval smoother of large states (Rauch, Tung & Striebel 1965), its covariance in Joseph's form.
 */
#include <math.h>

#include "kalman/linear_blas.h"
#include "linalg/blas.h"

/* Share of the largest variance below which a pivot of a singular prediction is rounding. */
#define PIVOT_SINGULAR 1e-11

enum { HISTORY_BYTES = 16 << 20 };

/* ---- history ---- */

static int64_t record_size(int64_t n) { return n + n * n; }

pt_status pt_blas_history_create(const pt_linear_call *call, pt_blas_history *history)
{
    const int64_t T = call->in->n_time, size = record_size(call->in->n);
    const int64_t fits = HISTORY_BYTES / (size * (int64_t)sizeof(double));
    const int64_t root = (int64_t)ceil(sqrt((double)T));
    history->span = fits > root ? fits : root;
    if (history->span > T) history->span = T;
    const int64_t segments = (T + history->span - 1) / history->span;
    history->block = pt_alloc((size_t)((history->span + segments) * size) * sizeof(double));
    if (!history->block) return PT_NO_MEMORY;
    history->records = history->block;
    history->marks = history->block + history->span * size;
    return PT_OK;
}

void pt_blas_history_mark(pt_blas_history *history, int64_t t, int64_t n, const pt_dense *w)
{
    if (t % history->span) return;
    double *mark = history->marks + t / history->span * record_size(n);
    history->from = t;
    pt_copy(mark, w->a, n);
    pt_copy(mark + n, w->P, n * n);
}

void pt_blas_history_keep(pt_blas_history *history, int64_t t, int64_t n, const pt_dense *w)
{
    double *record = history->records + (t - history->from) * record_size(n);
    pt_copy(record, w->a, n);
    pt_copy(record + n, w->P, n * n);
}

static void predict(const pt_linear_input *in, int64_t s, int64_t t, pt_dense *w)
{
    if (pt_dense_noise_is_due(in, t)) pt_dense_noise(in, s, t, w);
    pt_dense_predict(in->n, pt_linear_at(&in->F, s, t), pt_blas_offset(in, s, t), w->Q, w, w->U);
}

/* The segment before the one that is held, once more: what went well then does so again, to the bit. */
static void run_again(const pt_linear_input *in, int64_t s, pt_blas_history *history, pt_dense *w)
{
    const int64_t n = in->n, to = history->from;
    history->from = to - history->span;
    const double *mark = history->marks + history->from / history->span * record_size(n);
    pt_copy(w->a, mark, n);
    pt_copy(w->P, mark + n, n * n);
    for (int64_t t = history->from; t < to; t++) {
        double gained;
        pt_dense_select(in, s, t, w);
        pt_blas_update(in, w, &gained);
        pt_blas_history_keep(history, t, n, w);
        if (t + 1 == to) break;
        predict(in, s, t, w);
        pt_copy(w->a, w->next, n);
        pt_copy(w->P, w->U, n * n);
    }
}

/* a, P = the filtered moments of t */
static void recall(const pt_linear_input *in, int64_t s, int64_t t, pt_blas_history *history, pt_dense *w)
{
    const int64_t n = in->n;
    if (t < history->from) run_again(in, s, history, w);
    const double *record = history->records + (t - history->from) * record_size(n);
    pt_copy(w->a, record, n);
    pt_copy(w->P, record + n, n * n);
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

/* P_smooth: (I - J F) P (I - J F)' + J (Q + P_smooth) J' */
static void smooth_cov(int n, const double *F, pt_dense *w)
{
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

/* a_smooth, P_smooth of t+1 become those of t, whose filtered moments are in w. */
static void smooth_step(const pt_linear_call *call, int64_t s, int64_t t, pt_dense *w)
{
    const pt_linear_input *in = call->in;
    const int n = in->n;
    const double *F = pt_linear_at(&in->F, s, t);
    predict(in, s, t, w);
    smoother_gain(n, F, w);
    for (int i = 0; i < n; i++) w->a_smooth[i] -= w->next[i];
    pt_blas_gemv(n, n, 1.0, w->J, w->a_smooth, 1.0, w->a);
    pt_copy(w->a_smooth, w->a, n);
    if (call->out->lag_one_cov)
        pt_blas_gemm(0, 1, n, n, n, 1.0, w->P_smooth, n, w->J, n, 0.0,
                     call->out->lag_one_cov + (s * in->n_time + t) * n * n, n);
    if (call->smooth_cov) smooth_cov(n, F, w);
}

pt_status pt_blas_smooth(const pt_linear_call *call, int64_t s, pt_blas_work *work, int64_t *at)
{
    const pt_linear_input *in = call->in;
    pt_linear_output *out = call->out;
    pt_dense *w = &work->dense;
    const int64_t n = in->n, first = s * in->n_time, last = pt_linear_length(in, s) - 1;
    for (*at = last; *at >= 0; --*at) {
        recall(in, s, *at, &work->history, w);
        if (*at < last) {
            smooth_step(call, s, *at, w);
        } else {
            pt_copy(w->a_smooth, w->a, n);
            pt_copy(w->P_smooth, w->P, n * n);
            for (int64_t k = 0; out->lag_one_cov && k < n * n; k++)
                out->lag_one_cov[(first + last) * n * n + k] = NAN;
        }
        if (!pt_blas_is_finite((int)n, w->a_smooth, w->P_smooth)) return PT_NOT_FINITE;
        pt_blas_put(out->smoothed_mean, first + *at, n, w->a_smooth);
        pt_blas_put_cov(out, out->smoothed_cov, first + *at, n, w->P_smooth);
    }
    return PT_OK;
}
