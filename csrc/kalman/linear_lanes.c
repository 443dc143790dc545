/* Linear filter and smoother for small states: W series side by side, one instance of the loop for each
 * common number of states. See linear_kernels.h for the formulas. */
#include <string.h>

#include "kalman/linear_kernels.h"
#include "kalman/linear_lanes.h"
#include "kalman/scalar.h"

/* ---- forward ---- */

/* All elements of y_t, one after the other; *ll += ln p(y_t | the past) */
PT_LANE void update(pt_lane_block *b, int n, int64_t t, vec *ll)
{
    int m = b->call->in->m;
    const vec *H = b->H;
    const vec *D = NULL;
    if (b->correlated) {
        memcpy(b->h, b->H, (size_t)m * n * sizeof(vec));
        k_decorrelate(m, n, b->R, b->seen, b->decorrelation, b->D, b->y, b->h);
        H = b->h;
        D = b->D;
    }
    for (int i = 0; i < m; i++) {
        const vec *h = H + (size_t)i * n;
        vmask seen = b->seen[i];
        vec r = D ? D[i] : b->R[(size_t)i * m + i];
        k_matvec(n, n, b->P, h, NULL, b->M);
        vec f = v_max(k_dot(n, h, b->M, v_set(0.0)), v_set(0.0)) + r;
        vec v = b->y[i] - k_dot(n, h, b->a, v_set(0.0));
        vmask singular = seen & v_le(f, v_set(0.0)), overflow = seen & ~v_isfinite(f + v);
        pt_lane_fail(b, singular, PT_SINGULAR, PT_LINEAR_NONE, t);
        pt_lane_fail(b, overflow, PT_NOT_FINITE, PT_LINEAR_NONE, t);
        f = v_if(seen & ~singular & ~overflow, f, v_set(1.0));
        vec inverse = v_set(1.0) / f;
        k_scalar_update(n, h, r, v, inverse, seen, b->M, b->K, b->g, b->a, b->P);
        vec gained = v_set(PT_LN_2PI) + v_log(f) + v * v * inverse;
        *ll = v_if(seen, v_fma(v_set(-0.5), gained, *ll), *ll);
    }
}

/* a = F a + c, P = F P F' + Q; T keeps F P */
PT_LANE void predict(pt_lane_block *b, int n, vec *P)
{
    k_matvec(n, n, b->F, b->a, b->c, b->next);
    k_multiply(n, n, n, b->F, b->P, b->T);
    k_multiply_symmetric(n, n, b->T, b->F, b->Q, P);
}

PT_LANE void check_finite(pt_lane_block *b, int n, int64_t t)
{
    vec sum = v_set(0.0);
    for (int i = 0; i < n; i++) sum += b->a[i] + b->P[(size_t)i * n + i];
    pt_lane_fail(b, ~v_isfinite(sum), PT_NOT_FINITE, PT_LINEAR_NONE, t);
}

PT_LANE void store_predicted(pt_lane_block *b, int n, int64_t t)
{
    const pt_linear_call *call = b->call;
    pt_lane_store(b, call->out->predicted_mean, call->in->n_time, t, n, b->a);
    pt_lane_store(b, call->out->predicted_cov, call->in->n_time, t, n * n, b->P);
}

PT_LANE void store_filtered(pt_lane_block *b, int n, int64_t t, vec ll)
{
    const pt_linear_call *call = b->call;
    pt_linear_output *out = call->out;
    int64_t n_time = call->in->n_time;
    pt_lane_store(b, out->loglike_t, n_time, t, 1, &ll);
    pt_lane_store(b, out->mean, n_time, t, n, b->a);
    pt_lane_store(b, out->cov, n_time, t, n * n, b->P);
    if (call->smooth) {
        pt_lane_store(b, out->smoothed_mean, n_time, t, n, b->a);
        pt_lane_store(b, out->smoothed_cov, n_time, t, n * n, b->P);
    }
}

/* The last filtered moments of the lanes that end at t */
static void store_last(pt_lane_block *b, int n, int64_t t, const vec *total)
{
    pt_linear_output *out = b->call->out;
    for (int lane = 0; lane < b->used; lane++) {
        if (b->length[lane] != t + 1) continue;
        int64_t s = b->first + lane;
        if (out->loglike) out->loglike[s] = (*total)[lane];
        for (int k = 0; out->last_mean && k < n; k++) out->last_mean[s * n + k] = b->a[k][lane];
        for (int k = 0; out->last_cov && k < n * n; k++) out->last_cov[s * n * n + k] = b->P[k][lane];
    }
}

static int ends_here(const pt_lane_block *b, int64_t t)
{
    for (int lane = 0; lane < b->used; lane++)
        if (b->length[lane] == t + 1) return 1;
    return 0;
}

PT_LANE void forward(pt_lane_block *b, int n)
{
    vec total = v_set(0.0);
    pt_lane_load(b, &b->call->in->x0, 0, n, b->a);
    pt_lane_load(b, &b->call->in->P0, 0, n * n, b->P);
    for (int64_t t = 0; t < b->n_step; t++) {
        vec gained = v_set(0.0);
        pt_lane_load_observation(b, t);
        pt_lane_load_y(b, t);
        store_predicted(b, n, t);
        update(b, n, t, &gained);
        total += gained;
        check_finite(b, n, t);
        store_filtered(b, n, t, gained);
        if (ends_here(b, t)) store_last(b, n, t, &total);
        if (t + 1 == b->n_step) break;
        pt_lane_load_transition(b, t);
        predict(b, n, b->U);
        memcpy(b->a, b->next, (size_t)n * sizeof(vec));
        memcpy(b->P, b->U, (size_t)n * n * sizeof(vec));
    }
}

/* ---- backward ---- */

/* From the smoothed moments of t+1 (next, L on entry) and the filtered ones of t (a, P) to the smoothed ones
 * of t, in Joseph's form (I - J F) P (I - J F)' + J (Q + P_next) J', J = P F' (F P F' + Q)^-. */
PT_LANE void smooth_step(pt_lane_block *b, int n, vec *a_next, vec *P_next)
{
    predict(b, n, b->U);
    vec *innovation = b->M;
    for (int i = 0; i < n; i++) innovation[i] = a_next[i] - b->next[i];
    k_cholesky(n, b->U, b->L, b->g);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) b->U[(size_t)i * n + k] = b->T[(size_t)k * n + i];
    k_solve_right(n, b->L, b->g, b->U, b->J);
    k_matvec(n, n, b->J, innovation, b->a, a_next);
    k_multiply(n, n, n, b->J, b->F, b->T);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            b->T[(size_t)i * n + k] = v_set(i == k ? 1.0 : 0.0) - b->T[(size_t)i * n + k];
    k_multiply(n, n, n, b->T, b->P, b->U);
    k_multiply_symmetric(n, n, b->U, b->T, NULL, b->P);
    for (int k = 0; k < n * n; k++) P_next[k] += b->Q[k];
    k_multiply(n, n, n, b->J, P_next, b->U);
    k_multiply_symmetric(n, n, b->U, b->J, b->P, P_next);
}

/* a_smooth, P_smooth hold the smoothed moments of t+1 and become those of t; lanes that end at t or earlier
 * take the filtered ones. */
PT_LANE void backward_step(pt_lane_block *b, int n, int64_t t)
{
    const pt_linear_call *call = b->call;
    const double *mean = call->out->smoothed_mean, *cov = call->out->smoothed_cov;
    vmask inside = v_lt(v_set((double)t), b->live_until - v_set(1.0));
    pt_lane_fetch(b, mean, call->in->n_time, t, n, b->a);
    pt_lane_fetch(b, cov, call->in->n_time, t, n * n, b->P);
    if (m_any(inside)) {
        pt_lane_load_transition(b, t);
        smooth_step(b, n, b->a_smooth, b->P_smooth);
        pt_lane_fetch(b, cov, call->in->n_time, t, n * n, b->P);
    }
    for (int i = 0; i < n; i++) b->a_smooth[i] = v_if(inside, b->a_smooth[i], b->a[i]);
    for (int k = 0; k < n * n; k++) b->P_smooth[k] = v_if(inside, b->P_smooth[k], b->P[k]);
}

PT_LANE void backward(pt_lane_block *b, int n)
{
    pt_linear_output *out = b->call->out;
    int64_t n_time = b->call->in->n_time;
    for (int64_t t = b->n_step - 1; t >= 0; t--) {
        backward_step(b, n, t);
        pt_lane_store(b, out->smoothed_mean, n_time, t, n, b->a_smooth);
        pt_lane_store(b, out->smoothed_cov, n_time, t, n * n, b->P_smooth);
        vec sum = v_set(0.0);
        for (int i = 0; i < n; i++) sum += b->a_smooth[i] + b->P_smooth[(size_t)i * n + i];
        pt_lane_fail(b, ~v_isfinite(sum), PT_NOT_FINITE, PT_LINEAR_NONE, t);
    }
}

/* ---- instances ---- */

PT_LANE void run(pt_lane_block *b, int n)
{
    forward(b, n);
    if (b->call->smooth) backward(b, n);
}

#define SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(8) X(12)
#define INSTANCE(n)                                                                                          \
    static void run_##n(pt_lane_block *b) { run(b, n); }
SIZES(INSTANCE)
static void run_any(pt_lane_block *b) { run(b, b->call->in->n); }

static void run_size(pt_lane_block *b)
{
    switch (b->call->in->n) {
#define CASE(n)                                                                                              \
    case n:                                                                                                  \
        run_##n(b);                                                                                          \
        return;
        SIZES(CASE)
#undef CASE
    default:
        run_any(b);
    }
}

static pt_status run_block(void *context, int worker, int64_t i)
{
    const pt_linear_call *call = context;
    pt_lane_block *b = (pt_lane_block *)call->work + worker;
    if (pt_lane_block_begin(b, i * PT_W)) run_size(b);
    pt_lane_block_end(b);
    return PT_OK;
}

pt_status pt_linear_lanes(pt_linear_call *call, const pt_control *control)
{
    int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    pt_lane_block *blocks = pt_alloc((size_t)n_threads * sizeof *blocks);
    if (!blocks) return PT_NO_MEMORY;
    call->work = blocks;
    pt_status status = PT_OK;
    for (int k = 0; status == PT_OK && k < n_threads; k++) status = pt_lane_block_create(call, blocks + k);
    int64_t n_block = (call->in->n_series + PT_W - 1) / PT_W;
    if (status == PT_OK) status = pt_parallel(n_block, control, run_block, call);
    for (int k = 0; k < n_threads; k++) pt_lane_block_free(blocks + k);
    pt_free(blocks);
    return status;
}
