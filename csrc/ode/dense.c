/* Outputs inside a step: the interpolant of order 4 for the states that are stepped, the exponential for the
 * linear part, so that a fine grid of output times cuts no step. */
#include "ode/block.h"

/* x (n_state) at time t + theta h of vec j */
static void interpolate(pt_block *b, int j, vec theta, vec *x)
{
    const int nn = b->n_stepped, nl = b->n_linear, nx = b->n_state;
    const vec *x0 = b->x + j * nx, *x1 = b->x1 + j * nx, h = b->h[j], rest = v_set(1) - theta;
    if (nl)
        pt_linear_advance(nl, b->coefficient + j * PT_TAYLOR * nl * nl,
                          b->flowing[j] ? b->flow + j * PT_TAYLOR * nl : NULL, b->norm[j], theta * h, x0, x);
    for (int i = 0; i < nn; i++) {
        const vec k1 = b->k[0][j * nn + i], k7 = b->k[PT_N_STAGE - 1][j * nn + i];
        vec last = v_set(pt_stage_d[0]) * k1;
        for (int q = 2; q < PT_N_STAGE; q++) last = v_fma(v_set(pt_stage_d[q]), b->k[q][j * nn + i], last);
        const vec rise = x1[nl + i] - x0[nl + i];
        const vec bend = h * k1 - rise;
        const vec twist = rise - h * k7 - bend;
        x[nl + i] = x0[nl + i] + theta * (rise + rest * (bend + theta * (twist + rest * (h * last))));
    }
}

/* Lanes of vec j that have an output inside the step. */
static vmask lanes_due(const pt_block *b, int j, vmask accept)
{
    return accept & v_gt(b->t[j] + b->h[j], b->due[j]) & v_lt(b->due[j], b->length[j]) & ~b->arrived[j];
}

static void emit_and_advance(pt_block *b, int s, const vec *y)
{
    pt_slot *slot = &b->slot[s];
    const pt_feed *feed = b->feed;
    pt_slot_emit(b, s, y);
    b->due[s / PT_W][s % PT_W] =
        slot->out < feed->n_time ? feed->times[slot->out] - slot->now : __builtin_inf();
}

void pt_block_dense(pt_block *b, int j, vmask accept)
{
    vec *x = b->scratch, *y = b->scratch + b->n_state;
    for (vmask due; m_any(due = lanes_due(b, j, accept));) {
        const vec theta = (b->due[j] - b->t[j]) / b->h[j], t = b->origin[j] + b->due[j];
        interpolate(b, j, v_if(due, theta, v_set(1)), x);
        b->model->functions->output(b->model->self, 1, &t, x, b->p + j * b->n_param, y);
        for (int l = 0; l < PT_W; l++)
            if (due[l]) emit_and_advance(b, j * PT_W + l, y);
    }
}
