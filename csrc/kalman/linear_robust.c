/* See linear_robust.h. */
#include "kalman/linear_robust.h"

#include <string.h>

#include "kalman/linear_adapt.h"
#include "kalman/scalar.h"

/* The turns of the Student-t update end where no weight moves by more than this share. */
#define STUDENT_TOLERANCE 1e-13
#define STUDENT_TURNS     1000

typedef struct {
    vec *R;         /* (m, m) of the step, scaled */
    vec *h, *y, *D; /* (m, n), (m), (m) decorrelated */
    vec *weight;    /* (m) */
    vec *moved;     /* (m) weights of the next turn */
    vec *a, *P;     /* (n), (n, n) before the update */
    vec *Q;         /* (n, n) scaled */
} robust_work;

static int64_t place(const pt_linear_input *in, robust_work *w, vec *block)
{
    const int64_t n = in->n, m = in->m;
    const pt_lane_part parts[] = {
        {&w->R, m * m}, {&w->h, m * n}, {&w->y, m},     {&w->D, m},     {&w->weight, m},
        {&w->moved, m}, {&w->a, n},     {&w->P, n * n}, {&w->Q, n * n},
    };
    return pt_lane_place(parts, sizeof parts / sizeof *parts, block);
}

int64_t pt_lane_robust_size(const pt_linear_input *in)
{
    robust_work w;
    return pt_linear_is_robust(&in->robust) ? place(in, &w, NULL) : 0;
}

/* ---- gate ---- */

static void gate(pt_lane_block *b, robust_work *w)
{
    const int n = b->call->in->n, m = b->call->in->m;
    const double limit = b->call->in->robust.gate;
    for (int i = 0; i < m; i++) {
        const vec *h = b->H + (size_t)i * n;
        for (int k = 0; k < n; k++) b->M[k] = k_dot(n, b->P + (size_t)k * n, h, v_set(0.0));
        const vec f = k_dot(n, h, b->M, w->R[(size_t)i * m + i]);
        const vec v = b->y[i] - k_dot(n, h, b->a, v_set(0.0));
        const vmask far = b->seen[i] & v_gt(v * v, v_set(limit * limit) * f) & v_ge(f, v_set(PT_MIN_NORMAL));
        w->weight[i] = v_if(far, v_set(0.0), w->weight[i]);
        b->seen[i] &= ~far;
        b->y[i] = v_if(far, v_set(0.0), b->y[i]);
    }
}

/* ---- the update with given weights ---- */

static void decorrelate(pt_lane_block *b, robust_work *w)
{
    const int n = b->call->in->n, m = b->call->in->m;
    memcpy(w->h, b->H, (size_t)m * n * sizeof(vec));
    memcpy(w->y, b->y, (size_t)m * sizeof(vec));
    k_factor(m, w->R, b->seen, b->decorrelation, w->D);
    k_decorrelate(m, n, b->decorrelation, w->h);
    k_decorrelate(m, 1, b->decorrelation, w->y);
}

/* What the bound on the log-likelihood has beside the Gaussian term, times -2, an element:
 * constant = lnG((nu+1)/2) - lnG(nu/2) - 1/2 ln((nu+1)/2) - nu/2 ln(1 + 1/nu) + 1/2 */
static vec bound(double nu, double constant, vec weight)
{
    const vec gap = v_log(weight) - weight + v_set(1.0);
    return v_set(-2.0) * v_fma(v_set(0.5 * nu), gap, v_set(constant));
}

/* ln G(x + 1/2) - ln G(x): the asymptotic series beyond 20, the recurrence below */
static double log_gamma_step(double x)
{
    double product = 1.0;
    for (; x < 20.0; x += 1.0) product *= x / (x + 0.5);
    const double z = 1.0 / x, z2 = z * z;
    const double series =
        z * (-1.0 / 8 + z2 * (1.0 / 192 + z2 * (-1.0 / 640 + z2 * (17.0 / 14336 - z2 * 31.0 / 18432))));
    return s_log(product) + 0.5 * s_log(x) + series;
}

static double bound_constant(double nu)
{
    const double tail = v_log1p(v_set(1.0 / nu))[0];
    return log_gamma_step(0.5 * nu) - 0.5 * s_log(0.5 * (nu + 1.0)) - 0.5 * nu * tail + 0.5;
}

/* a, P from the moments before; with the likelihood where total is not null */
static void use_elements(pt_lane_block *b, const robust_work *w, k_loglike *total, k_loglike *step,
                         pt_lane_trouble *bad)
{
    const int n = b->call->in->n, m = b->call->in->m;
    const double nu = b->call->in->robust.student, constant = nu > 0.0 ? bound_constant(nu) : 0.0;
    for (int i = 0; i < m; i++) {
        const vmask seen = b->seen[i], noisy = seen & v_gt(w->D[i], v_set(0.0));
        const vec *h = w->h + (size_t)i * n, weight = v_if(noisy, w->weight[i], v_set(1.0));
        vec inverse;
        const vec f = k_gain(n, h, w->D[i] / weight, seen, b->P, b->K, b->g, b->M, &inverse);
        const vec v = k_correct(n, h, w->y[i], b->K, seen, b->a);
        if (!total) continue;
        vec square = v * v * inverse;
        if (nu > 0.0) square += v_if(noisy, bound(nu, constant, weight), v_set(0.0));
        k_loglike_add(total, f, square, seen);
        if (step) k_loglike_add(step, f, square, seen);
        bad->singular |= seen & v_lt(f, v_set(PT_MIN_NORMAL));
        bad->overflow |= seen & ~(v_isfinite(f + f) & v_isfinite(v));
    }
}

/* Weights of the elements given the moments a, P; the lanes in which none moves. Lanes that are settled keep
 * theirs, so that a lane does not see how long the others take. */
static vmask reweigh(pt_lane_block *b, robust_work *w, vmask settled)
{
    const int n = b->call->in->n, m = b->call->in->m;
    const vec nu = v_set(b->call->in->robust.student), tolerance = v_set(STUDENT_TOLERANCE);
    vmask moves = m_set(0);
    for (int i = 0; i < m; i++) {
        const vec *h = w->h + (size_t)i * n, r = w->D[i];
        const vmask noisy = b->seen[i] & v_gt(r, v_set(0.0));
        for (int k = 0; k < n; k++) b->M[k] = k_dot(n, b->P + (size_t)k * n, h, v_set(0.0));
        const vec e = w->y[i] - k_dot(n, h, b->a, v_set(0.0));
        const vec square = v_fma(e, e, v_max(k_dot(n, h, b->M, v_set(0.0)), v_set(0.0)));
        const vec weight = (nu + v_set(1.0)) / (nu + square / v_if(noisy, r, v_set(1.0)));
        w->moved[i] = v_if(noisy, weight, w->weight[i]);
        moves |= noisy & v_gt(v_abs(w->moved[i] - w->weight[i]), tolerance * w->weight[i]);
    }
    settled |= ~moves;
    for (int i = 0; i < m; i++) w->weight[i] = v_if(settled, w->weight[i], w->moved[i]);
    return settled;
}

static void restore(pt_lane_block *b, const robust_work *w)
{
    const size_t n = (size_t)b->call->in->n;
    memcpy(b->a, w->a, n * sizeof(vec));
    memcpy(b->P, w->P, n * n * sizeof(vec));
}

static void find_weights(pt_lane_block *b, robust_work *w, pt_lane_trouble *bad)
{
    const size_t n = (size_t)b->call->in->n;
    memcpy(w->a, b->a, n * sizeof(vec));
    memcpy(w->P, b->P, n * n * sizeof(vec));
    vmask settled = m_set(0);
    for (int turn = 0; turn < STUDENT_TURNS && !m_all(settled); turn++) {
        use_elements(b, w, NULL, NULL, bad);
        settled = reweigh(b, w, settled);
        restore(b, w);
    }
}

/* ---- the two steps ---- */

static void store(pt_lane_block *b, const robust_work *w, int64_t t, const vec scale[2])
{
    pt_linear_output *out = b->call->out;
    const int64_t n_time = b->call->in->n_time;
    if (b->history.again) return;
    pt_lane_store(b, out->weight, n_time, t, b->call->in->m, w->weight);
    pt_lane_store(b, out->noise_scale, n_time, t, 2, scale);
}

static void scales(const pt_lane_block *b, vec scale[2])
{
    scale[0] = scale[1] = v_set(1.0);
    if (pt_linear_adapts(b->call->in)) pt_lane_adapt_scales(b, scale);
}

void pt_lane_robust_update(pt_lane_block *b, int64_t t, k_loglike *total, k_loglike *step,
                           pt_lane_trouble *bad)
{
    const pt_linear_input *in = b->call->in;
    robust_work w;
    vec scale[2];
    place(in, &w, b->robust);
    if (t == 0 && pt_linear_adapts(in)) pt_lane_adapt_start(b);
    scales(b, scale);
    for (int i = 0; i < in->m; i++) w.weight[i] = v_if(b->seen[i], v_set(1.0), v_set(PT_NAN));
    for (int k = 0; k < in->m * in->m; k++) w.R[k] = scale[0] * b->R[k];
    if (in->robust.gate > 0.0) gate(b, &w);
    if (pt_linear_adapts(in)) pt_lane_adapt_learn(b, w.R);
    decorrelate(b, &w);
    if (in->robust.student > 0.0) find_weights(b, &w, bad);
    use_elements(b, &w, total, step, bad);
    store(b, &w, t, scale);
}

void pt_lane_robust_transition(pt_lane_block *b, int64_t t)
{
    (void)t;
    const int n = b->call->in->n;
    robust_work w;
    vec scale[2];
    place(b->call->in, &w, b->robust);
    scales(b, scale);
    for (int k = 0; k < n * n; k++) w.Q[k] = scale[1] * b->Q[k];
    if (pt_linear_adapts(b->call->in)) pt_lane_adapt_move(b, w.Q);
    k_move(n, b->F, b->a, b->c, b->M);
    for (int i = 0; i < n; i++) b->a[i] = b->M[i];
    k_spread(n, b->F, b->P, b->T);
    k_multiply_symmetric(n, b->T, b->F, w.Q, b->P);
}
