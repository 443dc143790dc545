/* Steps of a fixed size in every lane: Euler, Heun, the classical method of Runge (order 4), and the formula
 * of order 5 of Dormand and Prince without control of its error.
 *
 * Step n of an interval goes from n step to (n + 1) step, so that no error of rounding gathers in the time;
 * the last is as short as the interval asks for. Outputs within a step come from a cubic through both ends. A
 * state that must not be negative and comes out so becomes 0. Sensitivities are those of the formula.
 */
#include "ode/block.h"
#include "ode/history.h"
#include "ode/sensitivity.h"
#include "ode/trigger.h"

/* x1 = x + h (w[0] k[0] + ... + w[n-1] k[n-1]); n is a constant */
PT_LANE void advance(pt_block *b, const int n, const double *w)
{
    for (int i = 0; i < b->n_stepped; i++)
        for (int j = 0; j < PT_WIDE; j++) {
            const int at = i * PT_WIDE + j;
            vec sum = v_set(w[0]) * b->k[0][at];
            for (int q = 1; q < n; q++)
                if (w[q] != 0) sum = v_fma(v_set(w[q]), b->k[q][at], sum);
            b->x1[at] = v_fma(b->h[j], sum, b->x[at]);
        }
}

/* to = derivative at x1 and share c of the step */
PT_LANE void rate_at(pt_block *b, const double c, vec *to)
{
    vec t[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) t[j] = b->origin[j] + v_fma(v_set(c), b->h[j], b->t[j]);
    pt_block_rate(b, t, b->x1, to);
}

static void euler(pt_block *b)
{
    static const double w[1] = {1};
    advance(b, 1, w);
}

static void heun(pt_block *b)
{
    static const double predict[1] = {1}, w[2] = {0.5, 0.5};
    advance(b, 1, predict);
    rate_at(b, 1, b->k[1]);
    advance(b, 2, w);
}

/* Kutta W. Beitrag zur näherungsweisen Integration totaler Differentialgleichungen. Z Math Phys
 * 1901;46:435-453 */
static void classical(pt_block *b)
{
    static const double a1[1] = {0.5}, a2[2] = {0, 0.5}, a3[3] = {0, 0, 1};
    static const double w[4] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
    advance(b, 1, a1);
    rate_at(b, 0.5, b->k[1]);
    advance(b, 2, a2);
    rate_at(b, 0.5, b->k[2]);
    advance(b, 3, a3);
    rate_at(b, 1, b->k[3]);
    advance(b, 4, w);
}

void pt_block_make_last_step(pt_block *b)
{
    switch (b->options.method) {
    case PT_METHOD_DOPRI5:
        pt_dopri_stages(b);
        return;
    case PT_METHOD_EULER:
        euler(b);
        break;
    case PT_METHOD_HEUN:
        heun(b);
        break;
    default:
        classical(b);
    }
    if (b->n_positive) pt_block_lift(b);
}

void pt_block_make_fixed_step(pt_block *b)
{
    pt_block_make_last_step(b);
    if (b->options.method != PT_METHOD_DOPRI5) rate_at(b, 1, b->k[PT_N_STAGE - 1]);
}

/* The same where a lane may have to take another step than the others: up to a crossing, or shorter than its
 * delays. It goes on from where that ends. */
static vmask fit_odd_step(pt_block *b, int j)
{
    const vmask sought = b->watch ? b->watch->seeking[j] : m_set(0);
    const vec h = v_if(sought, b->h[j], v_min(v_set(b->options.step), b->cap[j]));
    const vec left = b->length[j] - b->t[j];
    const vmask last = v_ge(v_if(sought, h, h * v_set(1 + 1e-9)), left);
    b->h[j] = v_if(last, left, h);
    return last;
}

/* Times and steps; returns where the end of the interval is reached. */
static vmask fit_step(pt_block *b, int j)
{
    if (b->watch || b->history) return fit_odd_step(b, j);
    const vec step = v_set(b->options.step);
    const vmask last = v_ge((b->steps[j] + v_set(1)) * step * v_set(1 + 1e-9), b->length[j]);
    b->t[j] = b->steps[j] * step;
    b->h[j] = v_if(last, b->length[j] - b->t[j], step);
    return last;
}

/* Lanes with a value that is not finite, or too many steps: they fail at the end of the step. */
static void check_lanes(pt_block *b)
{
    vmask bad[PT_WIDE], wild[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        vec sum = b->x[j];
        for (int i = 1; i < b->n_stepped; i++) sum += b->x[i * PT_WIDE + j];
        wild[j] = ~v_isfinite(sum);
        bad[j] = (wild[j] | v_gt(b->steps[j], v_set((double)b->options.max_steps))) & b->live[j];
    }
    if (!pt_any(bad)) return;
    for (int s = 0; s < PT_N_SLOT; s++)
        if (*pt_flag(bad, s)) pt_slot_fail(b, s, *pt_flag(wild, s) ? PT_NOT_FINITE : PT_STEP_LIMIT);
}

static void conclude(pt_block *b, int j, vmask accept, vmask last)
{
    b->steps[j] = v_if(accept, b->steps[j] + v_set(1), b->steps[j]);
    b->t[j] = v_if(accept, v_if(last, b->length[j], b->t[j] + b->h[j]), b->t[j]);
    b->arrived[j] |= last & accept;
    if (b->tangents) pt_tangents_commit(b, j, accept);
    if (b->watch) pt_watch_commit(b, j);
}

void pt_block_fixed_step(pt_block *b)
{
    vmask last[PT_WIDE], accept[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        last[j] = fit_step(b, j);
        accept[j] = b->live[j];
    }
    pt_block_make_fixed_step(b);
    if (b->tangents) pt_tangents_step(b);
    if (b->watch) pt_watch_step(b, accept);
    pt_block_dense(b, accept);
    if (b->history) pt_history_keep(b, accept);
    pt_block_commit(b, accept);
    for (int j = 0; j < PT_WIDE; j++) conclude(b, j, accept[j], last[j]);
    check_lanes(b);
}
