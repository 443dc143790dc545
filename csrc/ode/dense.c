/* Outputs inside a step: the interpolant of order 4 for the states that are stepped, the exponential for the
 * linear part, so that a fine grid of output times cuts no step. */
#include "ode/block.h"
#include "ode/sensitivity.h"
#include "ode/stiff.h"

void pt_block_interpolate(pt_block *b, int j, vec theta, vec *x)
{
    if (b->stiff && b->stiff->at_work) {
        pt_rosenbrock_interpolate(b, j, theta, x);
        return;
    }
    const int nl = b->n_linear;
    const vec h = b->h[j], rest = v_set(1) - theta;
    if (nl)
        pt_linear_advance(nl, b->coefficient + j, b->flowing ? b->flow + j : NULL, b->norm[j], theta * h,
                          b->x + j, x + j);
    for (int i = 0; i < b->n_stepped; i++) {
        const int at = i * PT_WIDE + j, full = (nl + i) * PT_WIDE + j;
        const vec k1 = b->k[0][at], k7 = b->k[PT_N_STAGE - 1][at];
        vec last = v_set(pt_stage_d[0]) * k1;
        for (int q = 2; q < PT_N_STAGE; q++) last = v_fma(v_set(pt_stage_d[q]), b->k[q][at], last);
        const vec x0 = b->x[full], rise = b->x1[full] - x0;
        const vec bend = h * k1 - rise;
        const vec twist = rise - h * k7 - bend;
        x[full] = x0 + theta * (rise + rest * (bend + theta * (twist + rest * (h * last))));
    }
}

/* Lanes that have an output inside the step. */
static int lanes_due(const pt_block *b, const vmask *accept, vmask *due)
{
    for (int j = 0; j < PT_WIDE; j++)
        due[j] =
            accept[j] & v_gt(b->t[j] + b->h[j], b->due[j]) & v_lt(b->due[j], b->length[j]) & ~b->arrived[j];
    return pt_any(due);
}

void pt_slot_emit_inside(pt_block *b, int s, const vec *x, const vec *y)
{
    pt_slot_emit(b, s, x, y);
    *pt_at(b->due, 0, s) = pt_slot_due(b, s) - b->slot[s].now;
}

void pt_block_dense(pt_block *b, const vmask *accept)
{
    vec *x = b->scratch, *y = b->scratch + b->n_state * PT_WIDE, t[PT_WIDE], theta[PT_WIDE];
    vmask due[PT_WIDE];
    while (lanes_due(b, accept, due)) {
        for (int j = 0; j < PT_WIDE; j++) {
            theta[j] = v_if(due[j], (b->due[j] - b->t[j]) / b->h[j], v_set(1));
            pt_block_interpolate(b, j, theta[j], x);
            t[j] = b->origin[j] + b->due[j];
        }
        pt_block_output(b, t, x, y);
        if (b->tangents) pt_tangents_dense(b, t, theta, x);
        for (int s = 0; s < PT_N_SLOT; s++)
            if (*pt_flag(due, s)) pt_slot_emit_inside(b, s, x, y);
    }
}
