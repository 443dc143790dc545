#ifndef PT_KALMAN_LINEAR_RUN_H
#define PT_KALMAN_LINEAR_RUN_H

/* The loop of the linear filter in lanes, included once for small and once for large states.
 * See linear_kernels.h for the formulas. */
#include <string.h>

#include "kalman/linear_kernels.h"
#include "kalman/linear_history.h"
#include "kalman/linear_smooth.h"
#include "kalman/linear_special.h"
#include "kalman/linear_update.h"

/* ---- forward ---- */

static __attribute__((noinline)) void report(pt_lane_block *b, pt_lane_trouble bad, int64_t t)
{
    pt_lane_fail(b, bad.singular, PT_SINGULAR, PT_LINEAR_NONE, t);
    pt_lane_fail(b, bad.overflow, PT_NOT_FINITE, PT_LINEAR_NONE, t);
}

/* a = F a + c, P = F P F' + Q; T, M: work */
PT_LANE void transition(const pt_lane_block *b, const int n, vec *restrict a, vec *restrict P,
                        vec *restrict T, vec *restrict M)
{
    k_move(n, b->F, a, b->c, M);
    PT_UNROLL for (int i = 0; i < n; i++) a[i] = M[i];
    k_spread(n, b->F, P, T);
    k_multiply_symmetric(n, T, b->F, b->Q, P);
}

/* A copy; element by element where the source may live in registers. */
PT_LANE void keep(const int count, const vec *src, vec *dst)
{
    if (count > 16) {
        memcpy(dst, src, (size_t)count * sizeof *dst);
        return;
    }
    PT_UNROLL for (int k = 0; k < count; k++) dst[k] = src[k];
}

/* The moments before the observation of step t go to the history and to the outputs; to the latter by way of
 * memory, so that the state itself stays in registers. */
PT_LANE void store_predicted(pt_lane_block *b, const int n, int64_t t, const vec *a, const vec *P)
{
    vec *mean = b->rest, *cov = b->rest + n;
    const int turns = b->history.records && pt_lane_history_turns(b, t);
    if (turns) pt_lane_history_turn(b, t);
    if (b->history.records) {
        const pt_lane_step record = pt_lane_record(b, t);
        mean = record.predicted_mean;
        cov = record.predicted_cov;
    }
    keep(n, a, mean);
    keep(n * n, P, cov);
    if (turns && t > 0) pt_lane_history_mark(b, t);
    if (!b->history.again) pt_lane_write_predicted(b, t, mean, cov);
}

/* The same after the observation */
PT_LANE void store_filtered(pt_lane_block *b, const int n, int64_t t, const vec *a, const vec *P,
                            const k_loglike *step)
{
    vec *mean = b->rest, *cov = b->rest + n;
    if (b->history.records) {
        const pt_lane_step record = pt_lane_record(b, t);
        mean = record.mean;
        cov = record.cov;
    }
    keep(n, a, mean);
    keep(n * n, P, cov);
    if (b->history.again) return;
    pt_lane_write_filtered(b, t, mean, cov, step ? k_loglike_value(step) : v_set(0.0));
}

/* The last filtered moments of the lanes that end at t */
PT_LANE void store_last(pt_lane_block *b, const int n, int64_t t, const vec *a, const vec *P,
                        const k_loglike *total)
{
    const vec loglike = k_loglike_value(total);
    keep(n, a, b->rest);
    keep(n * n, P, b->rest + n);
    pt_lane_store_last(b, t, loglike, b->rest, b->rest + n);
}

/* The predicted moments with which step `from` begins */
PT_LANE void start(pt_lane_block *b, const int n, int64_t from, vec *restrict a, vec *restrict P)
{
    vec *moments = b->rest;
    if (from == 0) {
        pt_lane_load(b, &b->call->in->x0, 0, n, moments);
        pt_lane_load(b, &b->call->in->P0, 0, n * n, moments + n);
    } else {
        pt_lane_history_restore(b, from, moments, moments + n);
    }
    keep(n, moments, a);
    keep(n * n, moments + n, P);
}

/* Steps from .. to - 1. `special` is a constant: whether the steps are those of linear_special.h, which work
 * on the block's own arrays. */
PT_LANE void forward(pt_lane_block *b, const int n, const int m, const int special, int64_t from, int64_t to,
                     vec *restrict a, vec *restrict P, vec *restrict T, vec *restrict K, vec *restrict g,
                     vec *restrict M)
{
    k_loglike total = k_loglike_begin(), of_step;
    k_loglike *step = b->call->out->loglike_t ? &of_step : NULL;
    start(b, n, from, a, P);
    if (special && from == 0) pt_lane_special_start(b);
    for (int64_t t = from; t < to; t++) {
        if (step) *step = k_loglike_begin();
        if (RARELY(b->varies || t == 0)) pt_lane_load_observation(b, t);
        pt_lane_load_y(b, t);
        if (RARELY(b->predicts)) store_predicted(b, n, t, a, P);
        pt_lane_trouble bad = {m_set(0), m_set(0)};
        if (special)
            pt_lane_special_update(b, t, &total, step, &bad);
        else
            update(b, n, m, a, P, K, g, M, &total, step, &bad);
        bad.overflow |= k_not_finite(n, 1, a) | k_not_finite(n, n + 1, P);
        if (RARELY(m_any(bad.singular | bad.overflow))) report(b, bad, t);
        if (RARELY(b->stores)) store_filtered(b, n, t, a, P, step);
        if (RARELY(t + 1 >= b->next_end)) store_last(b, n, t, a, P, &total);
        if (special) pt_lane_special_stored(b, t);
        if (t + 1 == to) break;
        if (RARELY(b->varies || t == 0)) pt_lane_load_transition(b, t);
        if (special) {
            pt_lane_special_transition(b, t);
            continue;
        }
        transition(b, n, a, P, T, M);
        if (n > PT_SPREAD_FROM && RARELY(b->call->spreads)) keep(n * n, T, pt_lane_record(b, t).spread);
    }
}

/* ---- instances ---- */

#define FORWARD(name, n, m)                                                                                  \
    static __attribute__((noinline)) void name(pt_lane_block *b, int64_t from, int64_t to)                   \
    {                                                                                                        \
        vec a[n], P[n * n], T[n * n], K[n], g[n], M[n];                                                      \
        forward(b, n, m, 0, from, to, a, P, T, K, g, M);                                                     \
    }
#define INSTANCE(n)                                                                                          \
    FORWARD(forward_one_##n, n, 1)                                                                           \
    FORWARD(forward_many_##n, n, b->call->in->m)                                                             \
    BACKWARD(backward_##n, n)                                                                                \
    static void run_##n(pt_lane_block *b)                                                                    \
    {                                                                                                        \
        b->forward = b->call->in->m == 1 ? forward_one_##n : forward_many_##n;                               \
        b->forward(b, 0, b->n_step);                                                                         \
        if (b->call->smooth) backward_##n(b);                                                                \
    }

#endif
