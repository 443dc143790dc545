/* Outputs inside a step: the interpolant of order 4 for the states that are stepped, the exponential for the
 * linear part, so that a fine grid of output times cuts no step. Only the states on which an output depends
 * are interpolated, with coefficients that are worked out once a step. */
#include "ode/block.h"
#include "ode/sensitivity.h"
#include "ode/stiff.h"
#include "ode/waiting.h"

/* The first three coefficients fit the values and derivatives at both ends. */
PT_LANE void fit_ends(pt_block *b, int i, int j)
{
    const int at = i * PT_WIDE + j, full = (b->n_linear + i) * PT_WIDE + j;
    const vec rise = b->x1[full] - b->x[full];
    const vec bend = b->h[j] * b->k[0][at] - rise;
    b->dense[PT_DENSE_RISE][at] = rise;
    b->dense[PT_DENSE_BEND][at] = bend;
    b->dense[PT_DENSE_TWIST][at] = rise - b->h[j] * b->k[PT_N_STAGE - 1][at] - bend;
}

static void prepare_cubic(pt_block *b, int i)
{
    for (int j = 0; j < PT_WIDE; j++) {
        fit_ends(b, i, j);
        b->dense[PT_DENSE_TAIL][i * PT_WIDE + j] = v_set(0);
    }
}

static void prepare_dopri(pt_block *b, int i)
{
    for (int j = 0; j < PT_WIDE; j++) {
        const int at = i * PT_WIDE + j;
        fit_ends(b, i, j);
        vec tail = v_set(pt_stage_d[0]) * b->k[0][at];
        for (int s = 2; s < PT_N_STAGE; s++) tail = v_fma(v_set(pt_stage_d[s]), b->k[s][at], tail);
        b->dense[PT_DENSE_TAIL][at] = b->h[j] * tail;
    }
}

void pt_block_prepare(pt_block *b, const int *list, int n)
{
    const int method = b->options.method, stiff = b->stiff && b->stiff->at_work;
    const int cubic = pt_steps_are_fixed(&b->options) && method != PT_METHOD_DOPRI5;
    for (int q = 0; q < n; q++) {
        const int i = list[q] - b->n_linear;
        if (stiff)
            pt_rosenbrock_prepare(b, i);
        else if (cubic)
            prepare_cubic(b, i);
        else
            prepare_dopri(b, i);
    }
}

void pt_block_interpolate(const pt_block *b, const vec *theta, const int *list, int n, vec *x)
{
    for (int q = 0; q < n; q++)
        for (int j = 0; j < PT_WIDE; j++) {
            const int full = list[q] * PT_WIDE + j, at = full - b->n_linear * PT_WIDE;
            const vec rest = v_set(1) - theta[j];
            const vec inner = b->dense[PT_DENSE_TWIST][at] + rest * b->dense[PT_DENSE_TAIL][at];
            const vec outer = b->dense[PT_DENSE_BEND][at] + theta[j] * inner;
            x[full] = b->x[full] + theta[j] * (b->dense[PT_DENSE_RISE][at] + rest * outer);
        }
}

void pt_block_interpolate_linear(const pt_block *b, const vec *theta, vec *x)
{
    for (int j = 0; j < PT_WIDE; j++)
        pt_linear_advance(b->n_linear, b->coefficient + j, b->flowing ? b->flow + j : NULL, b->norm[j],
                          theta[j] * b->h[j], b->x + j, x + j);
}

/* Where the step ends for outputs: those due before it lie inside. */
static void find_reach(const pt_block *b, const vmask *accept, vec *reach)
{
    for (int j = 0; j < PT_WIDE; j++) {
        const vec end = v_min(b->t[j] + b->h[j], b->length[j]);
        reach[j] = v_if(accept[j] & ~b->arrived[j], end, v_set(-PT_INF));
    }
}

static int lanes_due(const pt_block *b, const vec *reach, vmask *due)
{
    for (int j = 0; j < PT_WIDE; j++) due[j] = v_lt(b->due[j], reach[j]);
    return pt_any(due);
}

void pt_slot_emit_inside(pt_block *b, int s, const vec *x, const vec *y)
{
    pt_slot_emit(b, s, x, y);
    *pt_at(b->due, 0, s) = pt_slot_due(b, s) - b->slot[s].now;
}

static void emit_each(pt_block *b, vmask *due, const vec *x, const vec *y, vec *reach)
{
    for (int s = 0; s < PT_N_SLOT; s++) {
        if (!*pt_flag(due, s)) continue;
        pt_slot_emit_inside(b, s, x, y);
        if (b->slot[s].status != PT_OK) *pt_at(reach, 0, s) = -PT_INF;
    }
}

/* States and outputs at the time that is due in each lane; elsewhere at the end of the step. */
static void evaluate(pt_block *b, const vmask *due, const vec *per_h, vec *x, vec *y)
{
    vec theta[PT_WIDE], t[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        theta[j] = v_if(due[j], (b->due[j] - b->t[j]) * per_h[j], v_set(1));
        t[j] = b->origin[j] + v_if(due[j], b->due[j], b->t[j]);
    }
    pt_block_interpolate(b, theta, b->wanted, b->n_wanted, x);
    for (int q = 0; q < b->n_positive; q++)
        for (int j = 0; j < PT_WIDE; j++) {
            const int i = b->positive_state[q] * PT_WIDE + j;
            x[i] = v_if(v_lt(x[i], v_set(0)), v_set(0), x[i]);
        }
    if (b->wants_linear) pt_block_interpolate_linear(b, theta, x);
    pt_block_output(b, t, x, y);
    if (b->tangents) pt_tangents_dense(b, t, theta, x);
}

/* What lies inside the step, a round of all lanes at a time. */
static void emit_at_once(pt_block *b, vmask *due, vec *reach)
{
    vec *x = b->scratch, *y = b->scratch + b->n_state * PT_WIDE, per_h[PT_WIDE];
    for (int i = 0; i < b->n_state * PT_WIDE; i++) x[i] = b->x[i];
    for (int j = 0; j < PT_WIDE; j++) per_h[j] = v_set(1) / b->h[j];
    do {
        evaluate(b, due, per_h, x, y);
        emit_each(b, due, x, y, reach);
    } while (lanes_due(b, reach, due));
}

void pt_block_dense(pt_block *b, const vmask *accept)
{
    vec reach[PT_WIDE];
    vmask due[PT_WIDE];
    find_reach(b, accept, reach);
    if (!lanes_due(b, reach, due)) return;
    pt_block_prepare(b, b->wanted, b->n_wanted);
    if (b->may_wait) {
        for (int s = 0; s < PT_N_SLOT; s++)
            if (*pt_flag(due, s)) pt_waiting_put(b, s, pt_get(reach, 0, s));
    } else {
        emit_at_once(b, due, reach);
    }
}
