/* One attempt of a Dormand-Prince step in every lane, each with its own time and step.
 *
 * The error of a step is the root mean square over the states that are stepped of e_i / (atol + rtol |x_i|).
 * The controller is proportional-integral (Hairer & Wanner, Solving Ordinary Differential Equations II,
 * IV.2).
 */
#include "ode/block.h"
#include "ode/history.h"
#include "ode/sensitivity.h"
#include "ode/stiff.h"
#include "ode/trigger.h"

#define BETA               0.04
#define EXPONENT           (0.2 - 0.75 * BETA)
#define SAFETY             0.9
#define SHRINK             0.2
#define GROW               10.0
#define LOG_ERROR_AT_START (-9.210340371976182) /* log 1e-4; a smaller one says nothing about the next */

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
    combine(b, s);
    for (int i = 0; i < nl; i++) b->x1[i] = b->node[pt_stage_node[s] * nl + i];
    for (int j = 0; j < PT_WIDE; j++) t[j] = b->origin[j] + (b->t[j] + v_set(pt_stage_c[s]) * b->h[j]);
    pt_block_rate(b, t, b->x1, b->k[s]);
}

static void stages(pt_block *b)
{
    stage(b, 1);
    stage(b, 2);
    stage(b, 3);
    stage(b, 4);
    stage(b, 5);
    stage(b, 6);
}

static void linear_nodes(pt_block *b)
{
    for (int j = 0; j < PT_WIDE; j++)
        pt_linear_nodes(b->n_linear, b->coefficient + j, b->flowing ? b->flow + j : NULL, b->norm[j], b->h[j],
                        b->x + j, b->node + j);
}

PT_LANE vec scale(const pt_block *b, vec x0, vec x1)
{
    return v_fma(v_set(b->options.rtol), v_max(v_abs(x0), v_abs(x1)), v_set(b->options.atol));
}

/* mean square of the scaled error; 0 where nothing is stepped */
static vec mean_square_error(const pt_block *b, int j)
{
    const vec *x = b->x + b->n_linear * PT_WIDE, *x1 = b->x1 + b->n_linear * PT_WIDE;
    vec sum = v_set(0);
    for (int i = 0; i < b->n_stepped; i++) {
        const int at = i * PT_WIDE + j;
        vec e = v_set(pt_stage_e[0]) * b->k[0][at];
        for (int q = 2; q < PT_N_STAGE; q++) e = v_fma(v_set(pt_stage_e[q]), b->k[q][at], e);
        e = e * b->h[j] / scale(b, x[at], x1[at]);
        sum = v_fma(e, e, sum);
    }
    return b->n_stepped ? sum * v_set(1.0 / b->n_stepped) : sum;
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

/* log of the error: 1/2 log of its square; NaN stays */
static vec log_of_error(vec mean_square)
{
    const vec y = v_set(0.5) * v_log(v_max(mean_square, v_set(1e-20)));
    return v_if(v_eq(mean_square, mean_square), y, mean_square);
}

/* Factor of the next step. */
static vec step_factor(const pt_block *b, int j, vec log_error, vmask accept)
{
    const vec by_error = v_set(-EXPONENT) * log_error;
    const vec by_last = v_set(BETA) * b->log_error[j];
    const vec factor = v_set(SAFETY) * v_exp(v_if(accept, by_error + by_last, by_error));
    const vec grow = v_if(b->rejected[j] | ~accept, v_set(1), v_set(GROW));
    /* a NaN error gives a NaN factor: then the smallest */
    return v_if(v_ge(factor, v_set(SHRINK)), v_min(factor, grow), v_set(SHRINK));
}

static void commit(pt_block *b, int j, vmask accept, vmask last)
{
    for (int i = 0; i < b->n_state; i++) {
        const int at = i * PT_WIDE + j;
        b->x[at] = v_if(accept, b->x1[at], b->x[at]);
    }
    for (int i = 0; i < b->n_stepped; i++) {
        const int at = i * PT_WIDE + j;
        b->k[0][at] = v_if(accept, b->k[PT_N_STAGE - 1][at], b->k[0][at]);
    }
    if (b->tangents) pt_tangents_commit(b, j, accept);
    b->t[j] = v_if(accept, v_if(last, b->length[j], b->t[j] + b->h[j]), b->t[j]);
    b->arrived[j] |= accept & last;
}

/* Lanes whose step became too small, or that took too many. */
static void check_limits(pt_block *b, int j, vec log_error)
{
    /* against the time so far: a stiff lane may well begin with a step of 1e-20 of its interval */
    const vec least = v_fma(v_set(1e-15), b->t[j], v_set(1e-30) * b->length[j]);
    const vmask small = v_lt(b->h[j], least);
    const vmask many = v_gt(b->steps[j], v_set((double)b->options.max_steps));
    vmask bad = (small | many) & ~b->arrived[j] & b->live[j];
    if (b->watch) bad &= ~b->watch->seeking[j];
    if (!m_any(bad)) return;
    for (int l = 0; l < PT_W; l++) {
        if (!bad[l]) continue;
        const double e = log_error[l];
        const pt_status status = e - e != 0 ? PT_NOT_FINITE : small[l] ? PT_STEP_TOO_SMALL : PT_STEP_LIMIT;
        pt_slot_fail(b, j * PT_W + l, status);
    }
}

/* What the outcome of a step means for vec j. */
static void conclude(pt_block *b, int j, vec log_error, vec factor, vmask accept, vmask last)
{
    const vmask opening = accept & v_eq(b->t[j], v_set(0));
    commit(b, j, accept, last);
    b->h[j] = b->h[j] * factor;
    b->first[j] = v_if(opening, b->h[j], b->first[j]);
    b->log_error[j] = v_if(accept, v_max(log_error, v_set(LOG_ERROR_AT_START)), b->log_error[j]);
    b->rejected[j] = ~accept;
    b->steps[j] += v_set(1);
    if (b->watch) pt_watch_commit(b, j);
    check_limits(b, j, log_error);
}

static vec larger(vec a, vec b) { return v_if(v_gt(a, b) | v_isnan(a), a, b); } /* a NaN stays */

void pt_block_fit(pt_block *b, vmask *last)
{
    for (int j = 0; j < PT_WIDE; j++) last[j] = fit_step(b, j);
}

/* The same work for all vecs in turn, so that the long chains of log and exp overlap. */
void pt_block_finish(pt_block *b, const vmask *last, const vec *square)
{
    vec log_error[PT_WIDE], factor[PT_WIDE];
    vmask accept[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) accept[j] = v_le(square[j], v_set(1)) & b->live[j];
    for (int j = 0; j < PT_WIDE; j++) log_error[j] = log_of_error(square[j]);
    for (int j = 0; j < PT_WIDE; j++) factor[j] = step_factor(b, j, log_error[j], accept[j]);
    if (b->watch) pt_watch_step(b, accept);
    if (b->stiff && b->stiff->choice.automatic) pt_switch_watch(b, accept);
    pt_block_dense(b, accept);
    if (b->history) pt_history_keep(b, accept);
    for (int j = 0; j < PT_WIDE; j++) conclude(b, j, log_error[j], factor[j], accept[j], last[j]);
}

void pt_block_step(pt_block *b)
{
    vec square[PT_WIDE];
    vmask last[PT_WIDE];
    const int nl = b->n_linear * PT_WIDE;
    pt_block_fit(b, last);
    if (nl) linear_nodes(b);
    if (b->n_stepped)
        stages(b);
    else
        for (int i = 0; i < nl; i++) b->x1[i] = b->node[PT_NODE_1 * nl + i];
    if (b->tangents) pt_tangents_step(b);
    for (int j = 0; j < PT_WIDE; j++) {
        square[j] = mean_square_error(b, j);
        if (b->tangents && b->options.sensitivity_error)
            square[j] = larger(square[j], pt_tangents_error(b, j));
    }
    pt_block_finish(b, last, square);
}

static vec norm_over_scale(const pt_block *b, const vec *v, const vec *x)
{
    vec sum = v_set(0);
    for (int i = 0; i < b->n_stepped * PT_WIDE; i += PT_WIDE) {
        const vec r = v[i] / scale(b, x[i], x[i]);
        sum = v_fma(r, r, sum);
    }
    return v_sqrt(sum * v_set(1.0 / b->n_stepped));
}

/* The step over which an explicit Euler step is tried, from the sizes of the states and their derivatives. */
static void try_euler(pt_block *b, int j, vec *h, vec *d1)
{
    const int nl = b->n_linear;
    const vec *x = b->x + nl * PT_WIDE + j;
    vec *x1 = b->x1 + nl * PT_WIDE + j;
    const vec d0 = norm_over_scale(b, x, x);
    *d1 = norm_over_scale(b, b->k[0] + j, x);
    const vmask flat = v_lt(d0, v_set(1e-5)) | v_lt(*d1, v_set(1e-5));
    *h = v_min(v_if(flat, v_set(1e-6), v_set(0.01) * d0 / *d1), b->length[j]);
    if (nl)
        pt_linear_advance(nl, b->coefficient + j, b->flowing ? b->flow + j : NULL, b->norm[j], *h, b->x + j,
                          b->x1 + j);
    for (int i = 0; i < b->n_stepped * PT_WIDE; i += PT_WIDE) x1[i] = v_fma(*h, b->k[0][i + j], x[i]);
}

/* First guess of a step (Hairer, Norsett & Wanner, II.4): by the size of the second derivative, from one
 * explicit Euler step. Uses x1 and k[1] as work space. */
static void guess_steps(pt_block *b, vec *guess)
{
    vec h[PT_WIDE], d1[PT_WIDE], t[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        try_euler(b, j, &h[j], &d1[j]);
        t[j] = b->origin[j] + h[j];
    }
    pt_block_rate(b, t, b->x1, b->k[1]);
    for (int i = 0; i < b->n_stepped * PT_WIDE; i++) b->k[1][i] -= b->k[0][i];
    for (int j = 0; j < PT_WIDE; j++) {
        const vec d2 = norm_over_scale(b, b->k[1] + j, b->x + b->n_linear * PT_WIDE + j) / h[j];
        const vec largest = v_max(d1[j], d2), flat = v_set(1e-15);
        const vec by_curve = v_exp(v_set(0.2) * v_log(v_set(0.01) / v_max(largest, flat)));
        const vec by_nothing = v_max(v_set(1e-6), v_set(1e-3) * h[j]);
        guess[j] = v_min(v_set(100) * h[j], v_if(v_le(largest, flat), by_nothing, by_curve));
    }
}

/* Derivatives of the lanes that open with others than those that the last step ended with. */
static void reopen_rates(pt_block *b)
{
    vmask jumped[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) jumped[j] = m_set(0);
    for (int s = 0; s < PT_N_SLOT; s++) {
        if (!*pt_flag(b->opening, s) || !b->slot[s].jumped) continue;
        *pt_flag(jumped, s) = -1;
        b->slot[s].jumped = 0;
    }
    if (!pt_any(jumped)) return;
    if (b->history) b->history->right = 1;
    pt_block_rate(b, b->origin, b->x, b->k[1]);
    if (b->history) b->history->right = 0;
    for (int i = 0; i < b->n_stepped * PT_WIDE; i++)
        b->k[0][i] = v_if(jumped[i % PT_WIDE], b->k[1][i], b->k[0][i]);
}

/* The step that would have suited the opening of the last interval serves for this one; the error control
 * corrects it where it does not fit. */
void pt_block_open(pt_block *b)
{
    vec h[PT_WIDE], guess[PT_WIDE];
    vmask unknown[PT_WIDE];
    if (b->n_stepped) reopen_rates(b);
    for (int j = 0; j < PT_WIDE; j++) {
        h[j] = b->n_stepped ? b->first[j] : b->length[j];
        unknown[j] = v_eq(h[j], v_set(0)) & b->opening[j];
    }
    if (pt_any(unknown)) {
        guess_steps(b, guess);
        for (int j = 0; j < PT_WIDE; j++) h[j] = v_if(unknown[j], guess[j], h[j]);
    }
    for (int j = 0; j < PT_WIDE; j++) {
        b->h[j] = v_if(b->opening[j], h[j], b->h[j]);
        b->log_error[j] = v_if(b->opening[j], v_set(LOG_ERROR_AT_START), b->log_error[j]);
        b->rejected[j] &= ~b->opening[j];
    }
}
