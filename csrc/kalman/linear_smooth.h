/* The fixed-interval smoother in lanes (Rauch, Tung & Striebel 1965) over the history of the forward pass.
 *
 *   J = P F' p^-,  a_s = a + J (a_s' - a'),  P_s = P + J (P_s' - p) J'
 *
 * with a, P filtered at t, a', p predicted for t + 1 and a_s', P_s' smoothed at t + 1; X = J'. The short form
 * of P_s rounds relative to P and to J p J'. In lanes where it is much smaller than these, Joseph's form
 * takes its place:
 *
 *   P_s = (I - J F) P (I - J F)' + J (Q + P_s') J'
 */
#ifndef PT_KALMAN_LINEAR_SMOOTH_H
#define PT_KALMAN_LINEAR_SMOOTH_H

#include <string.h>

#include "kalman/linear_history.h"
#include "kalman/linear_panels.h"

/* Where a smoothed variance is a smaller share of what it is the difference of, the short form has lost too
 * much. */
#define PT_SHORT_FORM 1e-3

typedef struct {
    vec *a, *P;       /* smoothed */
    vec *X, *Y, *L;   /* (n, n) */
    vec *inverse, *d; /* (n) */
} k_smoother;

/* Outputs of the way from t + 1 to t, while w holds the moments of t + 1, X, and in L and inverse the factors
 * of p; and those of the last step (linear_disturbance.c) */
void pt_lane_write_transition(pt_lane_block *b, int64_t t, pt_lane_step now, const k_smoother *w);
void pt_lane_write_end(pt_lane_block *b, int64_t t);
/* Outputs of y_t given its smoothed moments */
void pt_lane_write_observation(pt_lane_block *b, int64_t t, const vec *a, const vec *P);

/* The way back through the steps after which some lane is diffuse (linear_diffuse_smooth.c): the moments of
 * t + 1 are kept, take the place of the step's in those lanes, and show what stays infinite. */
void pt_lane_diffuse_keep(pt_lane_block *b, const k_smoother *w);
void pt_lane_diffuse_back(pt_lane_block *b, int64_t t, const k_smoother *w);
void pt_lane_diffuse_show(pt_lane_block *b, int64_t t, const vec *P);

/* The lanes of `bad`: P (n, n) by Joseph's form (linear_smooth.c) */
void pt_lane_smooth_joseph(pt_lane_block *b, pt_lane_step now, const k_smoother *w, vmask bad, vec *P);

/* Has some variance of P, the short form, lost too much? */
PT_LANE vmask lost_digits(const int n, pt_lane_step now, pt_lane_step next, const vec *X, const vec *P)
{
    vmask lost = m_set(0);
    PT_OUTER for (int i = 0; i < n; i++)
    {
        vec moved = v_set(0.0);
        PT_UNROLL for (int k = 0; k < n; k++) moved =
            v_fma(X[k * n + i] * X[k * n + i], next.predicted_cov[k * n + k], moved);
        const vec of = v_fma(v_set(n), moved, now.cov[i * n + i]);
        lost |= v_lt(P[i * n + i], v_set(PT_SHORT_FORM) * of);
    }
    return lost;
}

/* X, over F P where the forward pass left that, and in L the new P of step t. */
PT_LANE void smooth_step(pt_lane_block *b, const int n, int64_t t, pt_lane_step now, pt_lane_step next,
                         const k_smoother w)
{
    if (!b->call->spreads) k_spread(n, b->F, now.cov, w.X);
    k_factor_state(n, next.predicted_cov, w.L, w.inverse);
    k_solve_state(n, n, w.L, w.inverse, w.X);
    PT_UNROLL for (int i = 0; i < n; i++) w.d[i] = w.a[i] - next.predicted_mean[i];
    if (__builtin_expect(b->call->disturbances, 0)) pt_lane_write_transition(b, t, now, &w);
    if (!b->call->smooth_cov) return;
    PT_OUTER for (int i = 0; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j < n; j++) w.L[i * n + j] = w.P[i * n + j] - next.predicted_cov[i * n + j];
    }
    k_product(n, n, n, (k_operands){w.L, n, 1, w.X, n, NULL, w.Y, n});
    k_product_symmetric(n, n, (k_operands){w.X, 1, n, w.Y, n, now.cov, w.L, n});
    const vmask bad = lost_digits(n, now, next, w.X, w.L);
    if (__builtin_expect(m_any(bad), 0)) pt_lane_smooth_joseph(b, now, &w, bad, w.L);
}

/* The smoothed moments of t + 1 become those of t; lanes that end at t or earlier take the filtered ones. */
PT_LANE void backward_step(pt_lane_block *b, const int n, int64_t t, k_smoother w)
{
    const vmask inside = v_lt(v_set((double)t), b->live_until - v_set(1.0));
    const pt_lane_step now = pt_lane_history(b, t);
    if (t + 1 == b->n_step) {
        memcpy(w.a, now.mean, (size_t)n * sizeof(vec));
        memcpy(w.P, now.cov, (size_t)n * n * sizeof(vec));
        if (b->call->disturbances) pt_lane_write_end(b, t);
        return;
    }
    pt_lane_load_transition(b, t);
    if (b->call->spreads) w.X = now.spread;
    smooth_step(b, n, t, now, pt_lane_history(b, t + 1), w);
    PT_UNROLL for (int i = 0; i < n; i++)
    {
        vec a = now.mean[i];
        PT_UNROLL for (int k = 0; k < n; k++) a = v_fma(w.X[k * n + i], w.d[k], a);
        w.a[i] = v_if(inside, a, now.mean[i]);
    }
    if (!b->call->smooth_cov) return;
    PT_OUTER for (int i = 0; i < n; i++)
    {
        PT_UNROLL for (int j = 0; j < n; j++) w.P[i * n + j] =
            v_if(inside, w.L[i * n + j], now.cov[i * n + j]);
    }
}

PT_LANE void backward(pt_lane_block *b, const int n, const k_smoother w)
{
    pt_linear_output *out = b->call->out;
    const int64_t n_time = b->call->in->n_time;
    for (int64_t t = b->n_step - 1; t >= 0; t--) {
        const int diffuse = __builtin_expect(t < b->diffuse.until, 0);
        if (diffuse) pt_lane_diffuse_keep(b, &w);
        backward_step(b, n, t, w);
        if (diffuse) pt_lane_diffuse_back(b, t, &w);
        pt_lane_store(b, out->smoothed_mean, n_time, t, n, w.a);
        pt_lane_store_cov(b, out->smoothed_cov, t, n, w.P);
        if (diffuse) pt_lane_diffuse_show(b, t, w.P);
        if (__builtin_expect(b->call->disturbances, 0)) pt_lane_write_observation(b, t, w.a, w.P);
        const vmask bad = k_not_finite(n, 1, w.a) | k_not_finite(n, n + 1, w.P);
        if (m_any(bad)) pt_lane_fail(b, bad, PT_NOT_FINITE, PT_LINEAR_NONE, t);
    }
}

/* An instance for n states */
#define BACKWARD(name, n)                                                                                    \
    static __attribute__((noinline)) void name(pt_lane_block *b)                                             \
    {                                                                                                        \
        vec a[n], P[n * n], X[n * n], Y[n * n], L[n * n], inverse[n], d[n];                                  \
        backward(b, n, (k_smoother){a, P, X, Y, L, inverse, d});                                             \
    }

/* The pass for any number of states (linear_smooth.c) */
void pt_lane_block_smooth(pt_lane_block *b);

#endif
