/* One attempt of a Dormand-Prince step in every lane, each with its own time and step.
 *
 * The error of a step is the root mean square over the states that are stepped of e_i / (atol + rtol |x_i|). The
 * controller is proportional-integral (Hairer & Wanner, Solving Ordinary Differential Equations II, IV.2).
 */
#include "lanes/vmath.h"
#include "ode/block.h"

#define BETA     0.04
#define EXPONENT (0.2 - 0.75 * BETA)
#define SAFETY   0.9
#define SHRINK   0.2
#define GROW     10.0
#define LOG_ERROR_AT_START (-9.210340371976182) /* log 1e-4; a smaller one says nothing about the next */

/* x1 = x + h sum_q a[s][q] k[q] in the stepped states; s is a constant */
PT_LANE void combine(pt_block *b, const int s)
{
    const int nn = b->n_stepped, nx = b->n_state, nl = b->n_linear;
    for (int j = 0; j < b->n_vec; j++) {
        const vec *x = b->x + j * nx + nl;
        vec *x1 = b->x1 + j * nx + nl;
        for (int i = 0; i < nn; i++) {
            vec sum = v_set(pt_stage_a[s][0]) * b->k[0][j * nn + i];
            for (int q = 1; q < s; q++)
                if (pt_stage_a[s][q] != 0) sum = v_fma(v_set(pt_stage_a[s][q]), b->k[q][j * nn + i], sum);
            x1[i] = v_fma(b->h[j], sum, x[i]);
        }
    }
}

PT_LANE void stage(pt_block *b, const int s)
{
    vec t[PT_BLOCK];
    const int nl = b->n_linear;
    combine(b, s);
    for (int j = 0; j < b->n_vec; j++) {
        t[j] = b->origin[j] + (b->t[j] + v_set(pt_stage_c[s]) * b->h[j]);
        for (int i = 0; i < nl; i++) b->x1[j * b->n_state + i] = b->node[pt_stage_node[s]][j * nl + i];
    }
    pt_block_rate(b, 0, b->n_vec, t, b->x1, b->k[s]);
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
    const int n = b->n_linear;
    for (int j = 0; j < b->n_vec; j++) {
        vec *node[PT_N_NODE];
        for (int q = 0; q < PT_N_NODE; q++) node[q] = b->node[q] + j * n;
        pt_linear_nodes(n, b->coefficient + j * PT_TAYLOR * n * n,
                        b->flowing[j] ? b->flow + j * PT_TAYLOR * n : NULL, b->norm[j], b->h[j],
                        b->x + j * b->n_state, node);
    }
}

static vec scale(const pt_block *b, vec x0, vec x1)
{
    return v_fma(v_set(b->options.rtol), v_max(v_abs(x0), v_abs(x1)), v_set(b->options.atol));
}

/* mean square of the scaled error; 0 where nothing is stepped */
static vec mean_square_error(const pt_block *b, int j)
{
    const int nn = b->n_stepped;
    const vec *x = b->x + j * b->n_state + b->n_linear, *x1 = b->x1 + j * b->n_state + b->n_linear;
    vec sum = v_set(0);
    for (int i = 0; i < nn; i++) {
        vec e = v_set(pt_stage_e[0]) * b->k[0][j * nn + i];
        for (int q = 2; q < PT_N_STAGE; q++) e = v_fma(v_set(pt_stage_e[q]), b->k[q][j * nn + i], e);
        e = e * b->h[j] / scale(b, x[i], x1[i]);
        sum = v_fma(e, e, sum);
    }
    return nn ? sum * v_set(1.0 / nn) : sum;
}

/* Steps that reach the end of the interval, or would leave less than one step before it. Returns where the end
 * is reached. */
static vmask fit_step(pt_block *b, int j)
{
    const vec left = b->length[j] - b->t[j];
    const vmask last = v_ge(b->h[j] * v_set(1 + 1e-9), left);
    const vmask next_to_last = ~last & v_gt(b->h[j] + b->h[j], left);
    b->h[j] = v_if(last, left, v_if(next_to_last, v_set(0.5) * left, b->h[j]));
    return last;
}

/* Factor of the next step from the log of the error of this one. */
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
    const int nn = b->n_stepped, nx = b->n_state;
    for (int i = 0; i < nx; i++) b->x[j * nx + i] = v_if(accept, b->x1[j * nx + i], b->x[j * nx + i]);
    for (int i = 0; i < nn; i++)
        b->k[0][j * nn + i] = v_if(accept, b->k[PT_N_STAGE - 1][j * nn + i], b->k[0][j * nn + i]);
    b->t[j] = v_if(accept, v_if(last, b->length[j], b->t[j] + b->h[j]), b->t[j]);
    b->arrived[j] |= accept & last;
}

/* Lanes whose step became too small, or that took too many. */
static void check_limits(pt_block *b, int j, vec mean_square)
{
    const vmask small = v_lt(b->h[j], v_set(1e-15) * b->length[j]) & ~b->arrived[j] & b->live[j];
    const vmask many = (vmask)(b->steps[j] > m_set(b->options.max_steps)) & ~b->arrived[j] & b->live[j];
    if (!m_any(small | many)) return;
    for (int l = 0; l < PT_W; l++) {
        if (!(small[l] | many[l])) continue;
        const double e = mean_square[l];
        pt_slot_fail(b, j * PT_W + l, e - e != 0 ? PT_NOT_FINITE : small[l] ? PT_STEP_TOO_SMALL : PT_STEP_LIMIT);
    }
}

static void finish_step(pt_block *b, int j, vmask last)
{
    const vec mean_square = mean_square_error(b, j);
    const vmask accept = v_le(mean_square, v_set(1)) & b->live[j];
    const vec log_error = v_set(0.5) * v_log(v_max(mean_square, v_set(1e-20)));
    const vec factor = step_factor(b, j, v_if(v_eq(mean_square, mean_square), log_error, mean_square), accept);
    if (m_any(accept & v_gt(b->t[j] + b->h[j], b->due[j]) & v_lt(b->due[j], b->length[j])))
        pt_block_dense(b, j, accept);
    const vmask opening = accept & v_eq(b->t[j], v_set(0));
    commit(b, j, accept, last);
    b->h[j] = b->h[j] * factor;
    b->first[j] = v_if(opening, b->h[j], b->first[j]);
    b->log_error[j] = v_if(accept, v_max(log_error, v_set(LOG_ERROR_AT_START)), b->log_error[j]);
    b->rejected[j] = ~accept;
    b->steps[j] += m_set(1);
    check_limits(b, j, mean_square);
}

void pt_block_step(pt_block *b)
{
    vmask last[PT_BLOCK];
    for (int j = 0; j < b->n_vec; j++) last[j] = fit_step(b, j);
    if (b->n_linear) linear_nodes(b);
    if (b->n_stepped) {
        stages(b);
    } else {
        for (int i = 0; i < b->n_vec * b->n_state; i++) b->x1[i] = b->node[PT_NODE_1][i];
    }
    for (int j = 0; j < b->n_vec; j++) finish_step(b, j, last[j]);
}

static vec norm_over_scale(const pt_block *b, const vec *v, const vec *x)
{
    vec sum = v_set(0);
    for (int i = 0; i < b->n_stepped; i++) {
        const vec r = v[i] / scale(b, x[i], x[i]);
        sum = v_fma(r, r, sum);
    }
    return v_sqrt(sum * v_set(1.0 / b->n_stepped));
}

/* First guess of a step (Hairer, Norsett & Wanner, II.4): by the size of the second derivative, from one explicit
 * Euler step. Uses x1, node[0] and k[1] of vec j as work space. */
static vec guess_step(pt_block *b, int j)
{
    const int nn = b->n_stepped, nl = b->n_linear, nx = b->n_state;
    const vec *x = b->x + j * nx, *k0 = b->k[0] + j * nn;
    vec *x1 = b->x1 + j * nx, *k1 = b->k[1] + j * nn;
    const vec d0 = norm_over_scale(b, x + nl, x + nl), d1 = norm_over_scale(b, k0, x + nl);
    vec h = v_if(v_lt(d0, v_set(1e-5)) | v_lt(d1, v_set(1e-5)), v_set(1e-6), v_set(0.01) * d0 / d1);
    h = v_min(h, b->length[j]);
    if (nl)
        pt_linear_advance(nl, b->coefficient + j * PT_TAYLOR * nl * nl,
                          b->flowing[j] ? b->flow + j * PT_TAYLOR * nl : NULL, b->norm[j], h, x, x1);
    for (int i = 0; i < nn; i++) x1[nl + i] = v_fma(h, k0[i], x[nl + i]);
    const vec t = b->origin[j] + h;
    pt_block_rate(b, j, 1, &t, x1, k1);
    for (int i = 0; i < nn; i++) k1[i] = k1[i] - k0[i];
    const vec d2 = norm_over_scale(b, k1, x + nl) / h;
    const vec largest = v_max(d1, d2);
    const vec by_curve = v_exp(v_set(0.2) * v_log(v_set(0.01) / largest));
    const vec h1 = v_if(v_le(largest, v_set(1e-15)), v_max(v_set(1e-6), v_set(1e-3) * h), by_curve);
    return v_min(v_set(100) * h, h1);
}

/* The step that would have suited the opening of the last interval serves for this one; the error control corrects
 * it where it does not fit. */
void pt_block_open(pt_block *b, int j, vmask mask)
{
    vec h = b->first[j];
    if (b->n_stepped) {
        vec *k = b->k[1] + j * b->n_stepped, *k0 = b->k[0] + j * b->n_stepped;
        pt_block_rate(b, j, 1, &b->origin[j], b->x + j * b->n_state, k);
        for (int i = 0; i < b->n_stepped; i++) k0[i] = v_if(mask, k[i], k0[i]);
        const vmask unknown = v_eq(h, v_set(0)) & mask;
        if (m_any(unknown)) h = v_if(unknown, guess_step(b, j), h);
    } else {
        h = b->length[j];
    }
    b->h[j] = v_if(mask, h, b->h[j]);
    b->log_error[j] = v_if(mask, v_set(LOG_ERROR_AT_START), b->log_error[j]);
    b->rejected[j] = b->rejected[j] & ~mask;
}
