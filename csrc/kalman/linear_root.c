/* See linear_root.h. */
#include "kalman/linear_root.h"

#include <string.h>

#include "kalman/linear_kernels.h"
#include "kalman/linear_root_kernels.h"

/* ---- work space ---- */

static int largest(const pt_linear_input *in)
{
    int n = in->n > in->m ? in->n : in->m;
    return in->g > n ? in->g : n;
}

static int64_t place(const pt_linear_call *call, pt_root_work *w, vec *block)
{
    const pt_linear_input *in = call->in;
    const int64_t n = in->n, g = in->g, n_max = largest(in);
    const pt_lane_part parts[] = {
        {&w->a, n},
        {&w->L, n * n},
        {&w->noise, n * g},
        {&w->A, call->smooth ? 2 * n * (2 * n + g) : n * (n + g)},
        {&w->small, n_max * n_max},
        {&w->inv, n_max},
        {&w->J, n * n},
        {&w->next_a, n},
        {&w->next_L, n * n},
    };
    return pt_lane_place(parts, sizeof parts / sizeof *parts, block);
}

static pt_status work_create(const pt_linear_call *call, pt_root_work *w)
{
    pt_status status = pt_lane_block_create(call, &w->b);
    if (status != PT_OK) return status;
    w->memory = pt_alloc((size_t)place(call, w, NULL) * sizeof(vec));
    if (!w->memory) return PT_NO_MEMORY;
    place(call, w, w->memory);
    return PT_OK;
}

/* ---- a step ---- */

void pt_root_load_transition(pt_root_work *w, int64_t t)
{
    const pt_linear_input *in = w->b.call->in;
    const int n = in->n, g = in->g;
    pt_lane_load_transition(&w->b, t);
    if (t > 0 && !in->Q.by_time && !(in->G.data && in->G.by_time)) return;
    if (!in->G.data) {
        r_root(n, w->b.Q, w->noise, w->inv);
        return;
    }
    r_root(g, w->b.Q0, w->small, w->inv);
    r_multiply(n, g, g, w->b.G, w->small, g, w->noise);
}

/* H and the variances of the elements, decorrelated where R has an off-diagonal element; y too */
static const vec *decorrelated(pt_lane_block *b)
{
    const int n = b->call->in->n, m = b->call->in->m;
    if (!b->correlated) {
        for (int i = 0; i < m; i++) b->D[i] = b->R[(size_t)i * m + i];
        return b->H;
    }
    memcpy(b->h, b->H, (size_t)m * n * sizeof(vec));
    k_factor(m, b->R, b->seen, b->decorrelation, b->D);
    k_decorrelate(m, n, b->decorrelation, b->h);
    k_decorrelate(m, 1, b->decorrelation, b->y);
    return b->h;
}

/* Means and factor with all elements of y_t, one after the other; the lanes that cannot be updated */
static vmask update(pt_root_work *w, k_loglike *total, k_loglike *step)
{
    pt_lane_block *b = &w->b;
    const int n = b->call->in->n, m = b->call->in->m;
    const vec *H = decorrelated(b);
    vmask singular = m_set(0);
    for (int i = 0; i < m; i++) {
        const vec *h = H + (size_t)i * n;
        const vec v = b->y[i] - k_dot(n, h, w->a, v_set(0.0));
        vec rounding;
        const vec sd = r_update(n, h, b->D[i], b->seen[i], w->L, w->inv, &rounding);
        const vmask vanished = b->seen[i] & (v_lt(sd * sd, v_set(PT_MIN_NORMAL)) | v_le(sd, rounding));
        const vmask used = b->seen[i] & ~vanished;
        const vec e = v_if(used, v / v_if(used, sd, v_set(1.0)), v_set(0.0));
        for (int k = 0; k < n; k++) w->a[k] = v_fma(w->inv[k], e, w->a[k]);
        k_loglike_add(total, sd * sd, e * e, used);
        k_loglike_add(step, sd * sd, e * e, used);
        singular |= vanished;
    }
    return singular;
}

/* a, L of step t+1 before its observation */
static void predict(pt_root_work *w, int64_t t)
{
    const pt_linear_input *in = w->b.call->in;
    const int n = in->n, g = in->g, ld = n + g;
    pt_root_load_transition(w, t);
    k_move(n, w->b.F, w->a, w->b.c, w->inv);
    for (int i = 0; i < n; i++) w->a[i] = w->inv[i];
    r_multiply(n, n, n, w->b.F, w->L, ld, w->A);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < g; j++) w->A[(size_t)i * ld + n + j] = w->noise[(size_t)i * g + j];
    r_triangularise(n, n, ld, ld, w->A);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) w->L[(size_t)i * n + j] = w->A[(size_t)i * ld + j];
}

/* ---- a block forward ---- */

void pt_root_store_cov(pt_root_work *w, double *dst, int64_t t, const vec *L)
{
    if (!dst) return;
    const int n = w->b.call->in->n;
    r_square(n, L, w->b.P);
    pt_lane_store_cov(&w->b, dst, t, n, w->b.P);
}

static void store_filtered(pt_root_work *w, int64_t t, const k_loglike *total, const k_loglike *step)
{
    pt_linear_output *out = w->b.call->out;
    const int64_t n_time = w->b.call->in->n_time;
    const int n = w->b.call->in->n;
    if (w->b.history.records) {
        const pt_lane_step record = pt_lane_record(&w->b, t);
        memcpy(record.mean, w->a, (size_t)n * sizeof(vec));
        memcpy(record.cov, w->L, (size_t)n * n * sizeof(vec));
    }
    if (w->b.history.again) return;
    const vec gained = k_loglike_value(step);
    pt_lane_store(&w->b, out->loglike_t, n_time, t, 1, &gained);
    pt_lane_store(&w->b, out->mean, n_time, t, n, w->a);
    pt_root_store_cov(w, out->cov, t, w->L);
    if (t + 1 < w->b.next_end) return;
    r_square(n, w->L, w->b.P);
    pt_lane_store_last(&w->b, t, k_loglike_value(total), w->a, w->b.P);
}

/* The predicted moments with which step `from` begins */
static void start(pt_root_work *w, int64_t from)
{
    const pt_linear_input *in = w->b.call->in;
    if (from > 0) {
        pt_lane_history_restore(&w->b, from, w->a, w->L);
        return;
    }
    pt_lane_load(&w->b, &in->x0, 0, in->n, w->a);
    pt_lane_load(&w->b, &in->P0, 0, in->n * in->n, w->b.P);
    r_root(in->n, w->b.P, w->L, w->inv);
}

static void store_predicted(pt_root_work *w, int64_t t)
{
    pt_lane_block *b = &w->b;
    const size_t n = (size_t)b->call->in->n;
    if (b->history.records) {
        const int turns = pt_lane_history_turns(b, t);
        if (turns) pt_lane_history_turn(b, t);
        const pt_lane_step record = pt_lane_record(b, t);
        memcpy(record.predicted_mean, w->a, n * sizeof(vec));
        memcpy(record.predicted_cov, w->L, n * n * sizeof(vec));
        if (turns && t > 0) pt_lane_history_mark(b, t);
    }
    if (b->history.again) return;
    pt_lane_store(b, b->call->out->predicted_mean, b->call->in->n_time, t, (int)n, w->a);
    pt_root_store_cov(w, b->call->out->predicted_cov, t, w->L);
}

static void forward(pt_lane_block *b, int64_t from, int64_t to)
{
    pt_root_work *w = (pt_root_work *)b;
    const int n = b->call->in->n;
    k_loglike total = k_loglike_begin();
    start(w, from);
    for (int64_t t = from; t < to; t++) {
        k_loglike step = k_loglike_begin();
        pt_lane_load_observation(b, t);
        pt_lane_load_y(b, t);
        store_predicted(w, t);
        pt_lane_fail(b, update(w, &total, &step), PT_SINGULAR, PT_LINEAR_NONE, t);
        pt_lane_fail(b, k_not_finite(n, 1, w->a) | k_not_finite(n * n, 1, w->L), PT_NOT_FINITE,
                     PT_LINEAR_NONE, t);
        store_filtered(w, t, &total, &step);
        if (t + 1 < to) predict(w, t);
    }
}

/* ---- the call ---- */

static pt_status run_block(void *context, int worker, int64_t i)
{
    const pt_linear_call *call = context;
    pt_root_work *w = (pt_root_work *)call->work + worker;
    w->b.forward = forward;
    if (pt_lane_block_begin(&w->b, i * PT_W)) {
        forward(&w->b, 0, w->b.n_step);
        if (call->smooth) pt_root_backward(w);
    }
    pt_lane_block_end(&w->b);
    return PT_OK;
}

pt_status pt_linear_root(pt_linear_call *call, const pt_control *control)
{
    const int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    pt_root_work *work = pt_alloc((size_t)n_threads * sizeof *work);
    if (!work) return PT_NO_MEMORY;
    call->work = work;
    pt_status status = PT_OK;
    for (int k = 0; status == PT_OK && k < n_threads; k++) status = work_create(call, work + k);
    const int64_t n_block = (call->in->n_series + PT_W - 1) / PT_W;
    if (status == PT_OK) status = pt_parallel(n_block, control, run_block, call);
    for (int k = 0; k < n_threads; k++) {
        pt_free(work[k].memory);
        pt_lane_block_free(&work[k].b);
    }
    pt_free(work);
    return status;
}
