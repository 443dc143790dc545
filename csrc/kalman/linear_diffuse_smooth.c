/* The way back through the diffuse steps. Given the state z of t + 1, that of t is found by the updates of
 * linear_diffuse.h: the elements of
 *
 *   L^-1 (z - c) = L^-1 F x + e,  Q = L D L',  Var e = D
 *
 * are observed one after the other, which gives x = a + J (z - F a - c) + e' without any inverse: nothing is
 * lost where Q or F is singular. Then, with z smoothed,
 *
 *   a_s = a + J (z_s - F a - c),  P_s = Cov e' + J P_zs J',  Cov(z, x | y) = P_zs J',
 *   G w = z - F x - c,  Cov(G w | y) = (I - F J) P_zs (I - F J)' + F Cov(e') F'
 */
#define PT_LARGE
#define PT_ANY
#include "kalman/linear_diffuse_smooth.h"

#include "kalman/linear_diffuse_kernels.h"
#include "kalman/linear_panels.h"

void pt_lane_diffuse_keep(pt_lane_block *b, const k_smoother *w)
{
    const int n = b->call->in->n;
    memcpy(b->diffuse.next_mean, w->a, (size_t)n * sizeof(vec));
    memcpy(b->diffuse.next_cov, w->P, (size_t)n * n * sizeof(vec));
}

static pt_diffuse_way way_of(const pt_lane_block *b)
{
    return (pt_diffuse_way){b->J, b->P, b->U, b->L, b->joseph, b->S, b->a, b->next};
}

static vec variance(int n, const vec *h, vec r, const vec *C)
{
    vec f = r;
    for (int i = 0; i < n; i++) f = v_fma(h[i], k_dot(n, C + i * n, h, v_set(0.0)), f);
    return f;
}

static void prepare(const pt_lane_block *b, const pt_diffuse_way *w, pt_lane_step now)
{
    const int n = b->call->in->n;
    k_factor_state(n, b->Q, w->L, w->D);
    memcpy(w->F, b->F, (size_t)n * n * sizeof(vec));
    memcpy(w->C, now.cov, (size_t)n * n * sizeof(vec));
    memcpy(b->diffuse.B, now.root, (size_t)n * n * sizeof(vec));
    for (int k = 0; k < n * n; k++) {
        w->J[k] = v_set(0.0);
        w->E[k] = v_set(k % (n + 1) ? 0.0 : 1.0);
    }
    k_decorrelate(n, n, w->L, w->F);
    k_decorrelate(n, n, w->L, w->E);
    for (int i = 0; i < n; i++) {
        const vmask some = v_gt(w->D[i], v_set(0.0));
        w->D[i] = v_if(some, v_set(1.0) / v_if(some, w->D[i], v_set(1.0)), v_set(0.0));
        w->ref[i] = variance(n, w->F + i * n, w->D[i], w->C);
    }
}

/* J += K (E_i - h'J), row i of E; row (n): work */
static void follow(int n, const vec *h, const vec *E, const vec *K, vec *J, vec *row)
{
    for (int k = 0; k < n; k++) {
        row[k] = E[k];
        for (int q = 0; q < n; q++) row[k] = v_fma(-h[q], J[q * n + k], row[k]);
    }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) J[i * n + k] = v_fma(K[i], row[k], J[i * n + k]);
}

/* An element that follows from those before is left out, as its variance is rounding: a small share of what
 * it was, or of what its terms could make. */
static vmask is_new(int n, const vec *h, vec r, vec ref, const vec *C)
{
    vec size = v_set(0.0);
    for (int i = 0; i < n; i++) size = v_fma(v_abs(h[i]), v_sqrt(v_max(C[i * n + i], v_set(0.0))), size);
    const vec of = v_max(ref, v_fma(size, size, r));
    const vec f = variance(n, h, r, C);
    return v_gt(f, v_set(PT_PIVOT_FILTER) * of) & v_ge(f, v_set(PT_MIN_NORMAL));
}

static void condition(pt_lane_block *b, const pt_diffuse_way *w, vmask lanes)
{
    const int n = b->call->in->n;
    for (int i = 0; i < n; i++) {
        const vec *h = w->F + i * n, *e = w->E + i * n;
        vec unused;
        const vmask diffuse =
            d_gain(n, h, w->D[i], lanes, b->diffuse.B, w->C, b->K, b->g, b->M, w->T, &unused);
        if (m_any(diffuse)) follow(n, h, e, b->K, w->J, b->g);
        const vmask known = lanes & ~diffuse & is_new(n, h, w->D[i], w->ref[i], w->C);
        k_gain(n, h, w->D[i], known, w->C, b->K, b->g, b->M, &unused);
        follow(n, h, e, b->K, w->J, b->g);
    }
}

/* ---- what stays diffuse given all of y ---- */

/* [J S  B]: of x through z, and what z does not tell of it */
static void gather_roots(pt_lane_block *b, const pt_diffuse_way *w)
{
    const int n = b->call->in->n;
    pt_lane_vague *d = &b->diffuse;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            d->moved[i * 2 * n + j] = d_dot(n, w->J + i * n, 1, d->smoothed + j, n);
            d->moved[i * 2 * n + n + j] = d->B[i * n + j];
        }
}

/* S of step t from that and, at a lane's end, from the filter */
static void turn_root(pt_lane_block *b, vmask lanes, vmask ends, const vec *root)
{
    const int n = b->call->in->n;
    pt_lane_vague *d = &b->diffuse;
    for (int j = 0; j < n && m_any(lanes); j++)
        for (int k = j + 1; k < 2 * n; k++) d_rotate(n, 2 * n, j, k, d->moved + j * 2 * n, d->moved);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            const vec other = v_if(ends, root[i * n + j], v_set(0.0));
            d->smoothed[i * n + j] = v_if(lanes, d->moved[i * 2 * n + j], other);
        }
}

void pt_lane_diffuse_show(pt_lane_block *b, int64_t t, const vec *P)
{
    const int n = b->call->in->n;
    const pt_lane_vague *d = &b->diffuse;
    if (!b->call->out->smoothed_cov || !m_any(v_gt(d_columns(n, d->smoothed), v_set(0.0)))) return;
    d_limit(n, n, d->smoothed, P, d->work);
    pt_lane_store_cov(b, b->call->out->smoothed_cov, t, n, d->work);
}

/* ---- the step ---- */

/* The smoothed moments of t from those that were kept */
static void move(pt_lane_block *b, const pt_diffuse_way *w, vmask lanes, pt_lane_step now,
                 const k_smoother *s)
{
    const int n = b->call->in->n;
    const pt_lane_vague *d = &b->diffuse;
    k_move(n, b->F, now.mean, b->c, b->M);
    for (int i = 0; i < n; i++) b->M[i] = d->next_mean[i] - b->M[i];
    for (int i = 0; i < n; i++) s->a[i] = v_if(lanes, k_dot(n, w->J + i * n, b->M, now.mean[i]), s->a[i]);
    if (!b->call->smooth_cov) return;
    k_multiply(n, w->J, d->next_cov, w->T);
    k_multiply_symmetric(n, w->T, w->J, w->C, w->L);
    for (int k = 0; k < n * n; k++) s->P[k] = v_if(lanes, w->L[k], s->P[k]);
}

void pt_lane_diffuse_back(pt_lane_block *b, int64_t t, const k_smoother *s)
{
    const int n = b->call->in->n;
    pt_lane_vague *d = &b->diffuse;
    const vec now = v_set((double)t), last = b->live_until - v_set(1.0);
    const pt_lane_step step = pt_lane_history(b, t);
    const vmask lanes = v_lt(now, last) & v_gt(d_columns(n, step.root), v_set(0.0));
    if (t + 1 == d->until) memset(d->smoothed, 0, (size_t)n * n * sizeof(vec));
    const pt_diffuse_way w = way_of(b);
    if (m_any(lanes)) {
        prepare(b, &w, step);
        condition(b, &w, lanes);
        gather_roots(b, &w);
        move(b, &w, lanes, step, s);
        pt_diffuse_write(b, &w, lanes, t, s->a);
    }
    turn_root(b, lanes, v_eq(now, last), step.root);
}
