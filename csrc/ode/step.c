/* One attempt of a Dormand-Prince step in every lane, each with its own time and step.
 *
 * The error of a step is the root mean square over the states that are stepped of e_i / (atol_i + rtol
 * |x_i|). The controller is proportional-integral (Hairer & Wanner, Solving Ordinary Differential Equations
 * II, IV.2).
 *
 * A state that must not be negative (the sheet's `positive`) rejects a step that would take it below -atol;
 * what is between that and 0 becomes 0 (Shampine, Thompson, Kierzenka & Byrne, Non-negative solutions of
 * ODEs, Appl Math Comput 2005;170:556-569, reject and project likewise).
 */
#include "ode/block.h"
#include "ode/control.h"
#include "ode/history.h"
#include "ode/sensitivity.h"
#include "ode/stiff.h"
#include "ode/trigger.h"

#define BETA        0.04
#define EXPONENT    (0.2 - 0.75 * BETA)
#define LOG2_SAFETY (-0.15200309344504997) /* log2 0.9 */
#define SHRINK      0.2
#define GROW        10.0
#define HALF        0.5

/* x1 = x + h sum_q a[s][q] k[q] in the stepped states; s is a constant */
PT_LANE void combine(pt_block *b, const int s)
{
    const vec *x = b->x + b->n_linear * PT_WIDE;
    vec *x1 = b->x1 + b->n_linear * PT_WIDE;
    for (int i = 0; i < b->n_stepped; i++)
        for (int j = 0; j < PT_WIDE; j++) {
            const int at = i * PT_WIDE + j;
            vec sum = v_set(pt_stage_a[s][0]) * b->k[0][at];
            for (int q = 1; q < s; q++)
                if (pt_stage_a[s][q] != 0) sum = v_fma(v_set(pt_stage_a[s][q]), b->k[q][at], sum);
            x1[at] = v_fma(b->h[j], sum, x[at]);
        }
}

PT_LANE void stage(pt_block *b, const int s)
{
    vec t[PT_WIDE];
    const int nl = b->n_linear * PT_WIDE;
    for (int i = 0; i < nl; i++) b->x1[i] = b->node[pt_stage_node[s] * nl + i];
    for (int j = 0; j < PT_WIDE; j++) t[j] = b->origin[j] + (b->t[j] + v_set(pt_stage_c[s]) * b->h[j]);
    pt_block_rate(b, t, b->x1, b->k[s]);
}

void pt_block_lift(pt_block *b)
{
    for (int j = 0; j < PT_WIDE; j++) b->low[j] = m_set(0);
    for (int q = 0; q < b->n_positive; q++) {
        vec *x1 = b->x1 + b->positive_state[q] * PT_WIDE;
        const vec bound = v_set(-b->atol[b->positive_state[q]]);
        for (int j = 0; j < PT_WIDE; j++) {
            b->low[j] |= v_lt(x1[j], bound);
            x1[j] = v_if(v_lt(x1[j], v_set(0)), v_set(0), x1[j]);
        }
    }
}

void pt_dopri_stages(pt_block *b)
{
    combine(b, 1);
    stage(b, 1);
    combine(b, 2);
    stage(b, 2);
    combine(b, 3);
    stage(b, 3);
    combine(b, 4);
    stage(b, 4);
    combine(b, 5);
    stage(b, 5);
    combine(b, 6);
    if (b->n_positive) pt_block_lift(b);
    stage(b, 6);
}

static void linear_nodes(pt_block *b)
{
    for (int j = 0; j < PT_WIDE; j++)
        pt_linear_nodes(b->n_linear, b->coefficient + j, b->flowing ? b->flow + j : NULL, b->norm[j], b->h[j],
                        b->x + j, b->node + j);
}

PT_LANE vec scale(const pt_block *b, int i, vec x0, vec x1)
{
    return v_fma(v_set(b->options.rtol), v_max(v_abs(x0), v_abs(x1)), v_set(b->atol[i]));
}

/* mean square of the scaled error; 0 where nothing is stepped */
static void mean_square_error(const pt_block *b, vec *mean)
{
    const int nl = b->n_linear;
    vec sum[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) sum[j] = v_set(0);
    for (int i = 0; i < b->n_stepped; i++)
        for (int j = 0; j < PT_WIDE; j++) {
            const int at = i * PT_WIDE + j, full = (nl + i) * PT_WIDE + j;
            vec e = v_set(pt_stage_e[0]) * b->k[0][at];
            for (int q = 2; q < PT_N_STAGE; q++) e = v_fma(v_set(pt_stage_e[q]), b->k[q][at], e);
            e = e * pt_rough_inverse(scale(b, nl + i, b->x[full], b->x1[full]));
            sum[j] = v_fma(e, e, sum[j]);
        }
    const vec share = v_set(b->n_stepped ? 1.0 / b->n_stepped : 0);
    for (int j = 0; j < PT_WIDE; j++) mean[j] = sum[j] * (b->h[j] * b->h[j]) * share;
}

/* Steps that reach the end of the interval, or would leave less than one step before it; but lanes that
 * repeat a step to a crossing keep it as it is. Returns where the end is reached. */
static vmask fit_step(pt_block *b, int j)
{
    const vmask sought = b->watch ? b->watch->seeking[j] : m_set(0);
    const vec left = b->length[j] - b->t[j], h = v_min(b->h[j], b->cap[j]);
    const vmask last = v_ge(v_if(sought, h, h * v_set(1 + 1e-9)), left);
    const vmask next_to_last = ~last & ~sought & v_gt(h + h, left);
    b->h[j] = v_if(last, left, v_if(next_to_last, v_set(0.5) * left, h));
    return last;
}

void pt_block_fit(pt_block *b, vmask *last)
{
    for (int j = 0; j < PT_WIDE; j++) last[j] = fit_step(b, j);
}

/* log2 of the error, from its square; NaN stays */
static vec log_of_error(vec mean_square)
{
    const vec y = v_set(0.5) * pt_rough_log2(v_min(v_max(mean_square, v_set(1e-20)), v_set(1e100)));
    return v_if(v_eq(mean_square, mean_square), y, mean_square);
}

/* Factor of the next step. */
static vec step_factor(const pt_block *b, int j, vec log_error, vmask accept)
{
    const vec by_error = v_fma(v_set(-EXPONENT), log_error, v_set(LOG2_SAFETY));
    const vec by_last = v_fma(v_set(BETA), b->log_error[j], by_error);
    const vec factor = pt_rough_exp2(v_if(accept, by_last, by_error));
    const vec grow = v_if(b->rejected[j] | ~accept, v_set(1), v_set(GROW));
    /* a NaN error gives a NaN factor: then the smallest */
    return v_if(v_ge(factor, v_set(SHRINK)), v_min(factor, grow), v_set(SHRINK));
}

static int everywhere(const vmask *a)
{
    vmask all = a[0];
    for (int j = 1; j < PT_WIDE; j++) all &= a[j];
    return m_all(all);
}

static void swap(vec **a, vec **b)
{
    vec *c = *a;
    *a = *b;
    *b = c;
}

/* a[i] = b[i] in the lanes in accept */
static void take_over(vec *a, const vec *b, int n, const vmask *accept)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < PT_WIDE; j++)
            a[i * PT_WIDE + j] = v_if(accept[j], b[i * PT_WIDE + j], a[i * PT_WIDE + j]);
}

void pt_block_commit(pt_block *b, const vmask *accept)
{
    if (everywhere(accept)) {
        swap(&b->x, &b->x1);
        swap(&b->k[0], &b->k[PT_N_STAGE - 1]);
    } else {
        take_over(b->x, b->x1, b->n_state, accept);
        take_over(b->k[0], b->k[PT_N_STAGE - 1], b->n_stepped, accept);
    }
}

/* Lanes whose step became too small, or that took too many. */
static void check_limits(pt_block *b, const vec *log_error)
{
    const vec most = v_set((double)b->options.max_steps);
    vmask small[PT_WIDE], bad[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        /* against the time so far: a stiff lane may well begin with a step of 1e-20 of its interval */
        const vec least = v_fma(v_set(1e-15), b->t[j], v_set(1e-30) * b->length[j]);
        small[j] = v_lt(b->h[j], least);
        bad[j] = (small[j] | v_gt(b->steps[j], most)) & ~b->arrived[j] & b->live[j];
        if (b->watch) bad[j] &= ~b->watch->seeking[j];
    }
    if (!pt_any(bad)) return;
    for (int s = 0; s < PT_N_SLOT; s++) {
        if (!*pt_flag(bad, s)) continue;
        const double e = pt_get(log_error, 0, s);
        pt_slot_fail(b, s,
                     e - e != 0           ? PT_NOT_FINITE
                     : *pt_flag(small, s) ? PT_STEP_TOO_SMALL
                                          : PT_STEP_LIMIT);
    }
}

/* What the outcome of a step means for the time and the next step of vec j. */
static void conclude(pt_block *b, int j, vec log_error, vec factor, vmask accept, vmask last)
{
    const vmask opening = accept & v_eq(b->t[j], v_set(0));
    b->t[j] = v_if(accept, v_if(last, b->length[j], b->t[j] + b->h[j]), b->t[j]);
    b->arrived[j] |= accept & last;
    b->h[j] = b->h[j] * factor;
    b->first[j] = v_if(opening, b->h[j], b->first[j]);
    b->log_error[j] = v_if(accept, v_max(log_error, v_set(PT_LOG_ERROR_AT_START)), b->log_error[j]);
    b->rejected[j] = ~accept;
    b->steps[j] += v_set(1);
    if (b->watch) pt_watch_commit(b, j);
}

void pt_block_finish(pt_block *b, const vmask *last, const vec *square)
{
    vec log_error[PT_WIDE], factor[PT_WIDE];
    vmask accept[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        accept[j] = v_le(square[j], v_set(1)) & ~b->low[j] & b->live[j];
        log_error[j] = log_of_error(square[j]);
        factor[j] = step_factor(b, j, log_error[j], accept[j]);
        factor[j] = v_if(b->low[j], v_min(factor[j], v_set(HALF)), factor[j]);
    }
    if (b->watch) pt_watch_step(b, accept);
    if (b->stiff && b->stiff->choice.automatic) pt_switch_watch(b, accept, factor);
    pt_block_dense(b, accept);
    if (b->history) pt_history_keep(b, accept);
    pt_block_commit(b, accept);
    for (int j = 0; b->tangents && j < PT_WIDE; j++) pt_tangents_commit(b, j, accept[j]);
    for (int j = 0; j < PT_WIDE; j++) conclude(b, j, log_error[j], factor[j], accept[j], last[j]);
    check_limits(b, log_error);
}

void pt_block_step(pt_block *b)
{
    vec square[PT_WIDE];
    vmask last[PT_WIDE];
    const int nl = b->n_linear * PT_WIDE;
    pt_block_fit(b, last);
    if (nl) linear_nodes(b);
    if (b->n_stepped)
        pt_dopri_stages(b);
    else
        for (int i = 0; i < nl; i++) b->x1[i] = b->node[PT_NODE_1 * nl + i];
    if (b->tangents) pt_tangents_step(b);
    mean_square_error(b, square);
    for (int j = 0; b->tangents && b->options.sensitivity_error && j < PT_WIDE; j++)
        square[j] = v_larger(square[j], pt_tangents_error(b, j));
    pt_block_finish(b, last, square);
}
