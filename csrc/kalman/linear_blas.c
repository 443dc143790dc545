/* Linear filter and smoother for large states: one series after another through BLAS and LAPACK.
 *
 *   predict   P = L L' by dpotrf, F L by dtrmm, F P F' = (F L)(F L)' by dsyrk; where P is singular, two dgemm
 *   update    S = H P H' + R by dgemm and dpotrf, K = P H' S^-1 by two dtrsm, and Joseph's form
 *             P1 = P - K H P,  P = P1 + (K R - P1 H') K'
 */
#include <math.h>
#include <string.h>

#include "kalman/linear.h"
#include "kalman/scalar.h"
#include "kalman/sigma.h"
#include "linalg/blas.h"

/* Share of the largest variance below which a pivot of a singular prediction is rounding. */
#define PIVOT_SINGULAR 1e-11

typedef struct {
    double *block;
    double *a, *next, *P, *T, *U, *J, *Q, *GQ; /* moments, work (n, n), noise of the state */
    double *a_smooth, *P_smooth;
    double *y, *H, *R, *S, *M, *K, *B; /* the seen rows: (k), (k, n), (k, k), (k, k), (n, k) .. */
    double *scratch;                   /* max(n, m, g)^2 */
    int *pivot;                        /* max(n, m, g) */
    int seen;                          /* k */
} dense_work;

/* ---- work space ---- */

static int64_t place(const pt_linear_input *in, dense_work *w, double *block)
{
    int64_t n = in->n, m = in->m, g = in->g, used = 0;
    int64_t n_max = n > m ? n : m;
    if (g > n_max) n_max = g;
    struct {
        double **array;
        int64_t n;
    } parts[] = {
        {&w->a, n},        {&w->next, n},
        {&w->P, n * n},    {&w->T, n * n},
        {&w->U, n * n},    {&w->J, n * n},
        {&w->Q, n * n},    {&w->GQ, n * g},
        {&w->a_smooth, n}, {&w->P_smooth, n * n},
        {&w->y, m},        {&w->H, m * n},
        {&w->R, m * m},    {&w->S, m * m},
        {&w->M, n * m},    {&w->K, n * m},
        {&w->B, n * m},    {&w->scratch, n_max * n_max + 2 * n_max},
    };
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        if (block) *parts[k].array = block + used;
        used += (parts[k].n + 7) / 8 * 8; /* every array on a cache line of its own: the same bits anywhere */
    }
    return used;
}

static pt_status work_create(const pt_linear_input *in, dense_work *w)
{
    int n_max = in->n > in->m ? in->n : in->m;
    if (in->g > n_max) n_max = in->g;
    w->block = pt_alloc((size_t)place(in, w, NULL) * sizeof(double));
    w->pivot = pt_alloc((size_t)n_max * sizeof *w->pivot);
    if (!w->block || !w->pivot) return PT_NO_MEMORY;
    place(in, w, w->block);
    return PT_OK;
}

static void work_free(dense_work *w)
{
    pt_free(w->block);
    pt_free(w->pivot);
}

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

static void mirror_lower(int n, double *P)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) P[(size_t)j * n + i] = P[(size_t)i * n + j];
}

static void symmetrise(int n, double *P)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            P[(size_t)j * n + i] = P[(size_t)i * n + j] = 0.5 * (P[(size_t)i * n + j] + P[(size_t)j * n + i]);
}

/* ---- update ---- */

/* y - d, H and R of the elements that are seen; NOT_FINITE where one is infinite */
static pt_status select_seen(const pt_linear_input *in, int64_t s, int64_t t, dense_work *w)
{
    const double *y = in->y + (s * in->n_time + t) * in->m, *H = pt_linear_at(&in->H, s, t);
    const double *R = pt_linear_at(&in->R, s, t), *d = in->d.data ? pt_linear_at(&in->d, s, t) : NULL;
    int m = in->m, n = in->n, k = 0;
    for (int i = 0; i < m; i++) {
        if (y[i] != y[i]) continue;
        if (!s_finite(y[i])) return PT_NOT_FINITE;
        w->y[k] = y[i] - (d ? d[i] : 0.0);
        copy(w->H + (size_t)k * n, H + (size_t)i * n, n);
        w->pivot[k++] = i;
    }
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++) w->R[i * k + j] = R[(size_t)w->pivot[i] * m + w->pivot[j]];
    w->seen = k;
    return PT_OK;
}

/* ln N(v; 0, S) with S = L L' in the lower triangle; v becomes L^-1 v */
static double log_density(int k, const double *L, double *v)
{
    double square = 0.0, log_det = 0.0;
    for (int i = 0; i < k; i++) {
        for (int j = 0; j < i; j++) v[i] -= L[(size_t)i * k + j] * v[j];
        v[i] /= L[(size_t)i * k + i];
        square += v[i] * v[i];
        log_det += 2.0 * s_log(L[(size_t)i * k + i]);
    }
    return -0.5 * (k * PT_LN_2PI + log_det + square);
}

/* P of the update from M = P H', K and R; B: work */
static void joseph(int n, int k, dense_work *w)
{
    pt_blas_gemm(0, 1, n, n, k, -1.0, w->K, k, w->M, k, 1.0, w->P, n);
    pt_blas_gemm(0, 1, n, k, n, -1.0, w->P, n, w->H, n, 0.0, w->B, k);
    pt_blas_gemm(0, 0, n, k, k, 1.0, w->K, k, w->R, k, 1.0, w->B, k);
    pt_blas_gemm(0, 1, n, n, k, 1.0, w->B, k, w->K, k, 1.0, w->P, n);
    symmetrise(n, w->P);
}

static pt_status update(const pt_linear_input *in, dense_work *w, double *gained)
{
    int n = in->n, k = w->seen;
    *gained = 0.0;
    if (k == 0) return PT_OK;
    pt_blas_gemm(0, 1, n, k, n, 1.0, w->P, n, w->H, n, 0.0, w->M, k);
    copy(w->S, w->R, (int64_t)k * k);
    pt_blas_gemm(0, 0, k, k, n, 1.0, w->H, n, w->M, k, 1.0, w->S, k);
    pt_blas_gemv(k, n, -1.0, w->H, w->a, 1.0, w->y);
    for (int i = 0; i < k; i++)
        if (!s_finite(w->S[(size_t)i * k + i] + w->y[i])) return PT_NOT_FINITE;
    if (pt_blas_cholesky(k, w->S) != PT_OK) return PT_SINGULAR;
    *gained = log_density(k, w->S, w->y);
    copy(w->K, w->M, (int64_t)n * k);
    pt_blas_solve_right(1, n, k, w->S, k, w->K, k);
    pt_blas_gemv(n, k, 1.0, w->K, w->y, 1.0, w->a);
    pt_blas_solve_right(0, n, k, w->S, k, w->K, k);
    joseph(n, k, w);
    return PT_OK;
}

/* ---- predict ---- */

/* Q (n, n) of step t: G Q G' where G is given; GQ: work */
static void state_noise(const pt_linear_input *in, int64_t s, int64_t t, dense_work *w)
{
    int n = in->n, g = in->g;
    const double *Q = pt_linear_at(&in->Q, s, t);
    if (!in->G.data) {
        copy(w->Q, Q, (int64_t)n * n);
        return;
    }
    const double *G = pt_linear_at(&in->G, s, t);
    pt_blas_gemm(0, 0, n, g, g, 1.0, G, g, Q, g, 0.0, w->GQ, g);
    pt_blas_gemm(0, 1, n, n, g, 1.0, w->GQ, g, G, g, 0.0, w->Q, n);
    symmetrise(n, w->Q);
}

static int noise_is_due(const pt_linear_input *in, int64_t t)
{
    return t == 0 || in->Q.by_time || (in->G.data && in->G.by_time);
}

/* next = F a + c, out = F P F' + Q; T: work */
static void predict(const pt_linear_input *in, int64_t s, int64_t t, dense_work *w, double *out)
{
    int n = in->n;
    const double *F = pt_linear_at(&in->F, s, t);
    if (in->c.data)
        copy(w->next, pt_linear_at(&in->c, s, t), n);
    else
        memset(w->next, 0, (size_t)n * sizeof(double));
    pt_blas_gemv(n, n, 1.0, F, w->a, 1.0, w->next);
    copy(out, w->P, (int64_t)n * n);
    if (pt_blas_cholesky(n, out) == PT_OK) {
        copy(w->T, F, (int64_t)n * n);
        pt_blas_times_lower(n, n, out, w->T);
        copy(out, w->Q, (int64_t)n * n);
        pt_blas_syrk(n, n, 1.0, w->T, n, 1.0, out);
        mirror_lower(n, out);
    } else {
        pt_blas_gemm(0, 0, n, n, n, 1.0, F, n, w->P, n, 0.0, w->T, n);
        copy(out, w->Q, (int64_t)n * n);
        pt_blas_gemm(0, 1, n, n, n, 1.0, w->T, n, F, n, 1.0, out, n);
        symmetrise(n, out);
    }
}

/* ---- a series forward ---- */

static void put(double *dst, int64_t row, int64_t width, const double *src)
{
    if (dst) copy(dst + row * width, src, width);
}

static void store_filtered(const pt_linear_call *call, const dense_work *w, int64_t row, double gained)
{
    pt_linear_output *out = call->out;
    int64_t n = call->in->n;
    put(out->loglike_t, row, 1, &gained);
    put(out->mean, row, n, w->a);
    put(out->cov, row, n * n, w->P);
    if (!call->smooth) return;
    put(out->smoothed_mean, row, n, w->a);
    put(out->smoothed_cov, row, n * n, w->P);
}

static int is_finite(int n, const double *a, const double *P)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += a[i] + P[(size_t)i * n + i];
    return s_finite(sum);
}

/* Predict to t + 1 in place. */
static void move_on(const pt_linear_input *in, int64_t s, int64_t t, dense_work *w)
{
    if (noise_is_due(in, t)) state_noise(in, s, t, w);
    predict(in, s, t, w, w->U);
    copy(w->a, w->next, in->n);
    copy(w->P, w->U, (int64_t)in->n * in->n);
}

static pt_status forward(const pt_linear_call *call, int64_t s, dense_work *w, pt_linear_part *part,
                         int64_t *at)
{
    const pt_linear_input *in = call->in;
    int64_t n = in->n, n_step = pt_linear_length(in, s), first = s * in->n_time;
    double total = 0.0, gained;
    copy(w->a, pt_linear_at(&in->x0, s, 0), n);
    copy(w->P, pt_linear_at(&in->P0, s, 0), n * n);
    for (*at = 0; *at < n_step; ++*at) {
        put(call->out->predicted_mean, first + *at, n, w->a);
        put(call->out->predicted_cov, first + *at, n * n, w->P);
        *part = PT_LINEAR_Y;
        pt_status status = select_seen(in, s, *at, w);
        if (status != PT_OK) return status;
        *part = PT_LINEAR_NONE;
        status = update(in, w, &gained);
        if (status == PT_OK && !is_finite((int)n, w->a, w->P)) status = PT_NOT_FINITE;
        if (status != PT_OK) return status;
        total += gained;
        store_filtered(call, w, first + *at, gained);
        if (*at + 1 < n_step) move_on(in, s, *at, w);
    }
    put(call->out->loglike, s, 1, &total);
    put(call->out->last_mean, s, n, w->a);
    put(call->out->last_cov, s, n * n, w->P);
    return PT_OK;
}

/* ---- backward ---- */

/* J (n, n) = P F' (pred)^-; U holds pred and is destroyed. A singular pred is inverted over its pivots. */
static void smoother_gain(int n, const double *F, dense_work *w)
{
    pt_blas_gemm(0, 1, n, n, n, 1.0, w->P, n, F, n, 0.0, w->T, n);
    copy(w->J, w->U, (int64_t)n * n);
    if (pt_blas_cholesky(n, w->J) == PT_OK) {
        copy(w->U, w->J, (int64_t)n * n);
        copy(w->J, w->T, (int64_t)n * n);
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
static void smooth_step(const pt_linear_input *in, int64_t s, int64_t t, dense_work *w)
{
    int n = in->n;
    const double *F = pt_linear_at(&in->F, s, t);
    if (noise_is_due(in, t)) state_noise(in, s, t, w);
    predict(in, s, t, w, w->U);
    smoother_gain(n, F, w);
    for (int i = 0; i < n; i++) w->a_smooth[i] -= w->next[i];
    pt_blas_gemv(n, n, 1.0, w->J, w->a_smooth, 1.0, w->a);
    copy(w->a_smooth, w->a, n);
    memset(w->T, 0, (size_t)n * n * sizeof(double));
    for (int i = 0; i < n; i++) w->T[(size_t)i * n + i] = 1.0;
    pt_blas_gemm(0, 0, n, n, n, -1.0, w->J, n, F, n, 1.0, w->T, n);
    pt_blas_gemm(0, 0, n, n, n, 1.0, w->T, n, w->P, n, 0.0, w->U, n);
    pt_blas_gemm(0, 1, n, n, n, 1.0, w->U, n, w->T, n, 0.0, w->P, n);
    for (int64_t k = 0; k < (int64_t)n * n; k++) w->P_smooth[k] += w->Q[k];
    pt_blas_gemm(0, 0, n, n, n, 1.0, w->J, n, w->P_smooth, n, 0.0, w->U, n);
    pt_blas_gemm(0, 1, n, n, n, 1.0, w->U, n, w->J, n, 1.0, w->P, n);
    symmetrise(n, w->P);
    copy(w->P_smooth, w->P, (int64_t)n * n);
}

static pt_status backward(const pt_linear_call *call, int64_t s, dense_work *w, int64_t *at)
{
    const pt_linear_input *in = call->in;
    pt_linear_output *out = call->out;
    int64_t n = in->n, first = s * in->n_time, last = pt_linear_length(in, s) - 1;
    copy(w->a_smooth, out->smoothed_mean + (first + last) * n, n);
    copy(w->P_smooth, out->smoothed_cov + (first + last) * n * n, n * n);
    for (*at = last - 1; *at >= 0; --*at) {
        copy(w->a, out->smoothed_mean + (first + *at) * n, n);
        copy(w->P, out->smoothed_cov + (first + *at) * n * n, n * n);
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
    dense_work *w = (dense_work *)call->work + worker;
    if (pt_linear_check_series(call, s, w->scratch, w->pivot)) {
        pt_linear_part part = PT_LINEAR_NONE;
        int64_t at = 0;
        pt_status status = forward(call, s, w, &part, &at);
        if (status == PT_OK && call->smooth) status = backward(call, s, w, &at);
        if (status != PT_OK) pt_linear_fail(call, s, status, part, at);
    }
    pt_linear_blank(call, s);
    return PT_OK;
}

pt_status pt_linear_blas(pt_linear_call *call, const pt_control *control)
{
    int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    dense_work *work = pt_alloc((size_t)n_threads * sizeof *work);
    if (!work) return PT_NO_MEMORY;
    call->work = work;
    pt_status status = PT_OK;
    for (int k = 0; status == PT_OK && k < n_threads; k++) status = work_create(call->in, work + k);
    if (status == PT_OK) status = pt_parallel(call->in->n_series, control, run_series, call);
    for (int k = 0; k < n_threads; k++) work_free(work + k);
    pt_free(work);
    return status;
}
