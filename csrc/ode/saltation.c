/* Sensitivities through a crossing, whose instant tau depends on the direction.
 *
 *   tau' = -(dg along the direction) / (dg/dt),   g the output of the trigger
 *   x'   <- x' + f_before tau'      the state at the crossing and not at a fixed time
 *   ...                             what the trigger sets off, with its own derivatives
 *   x'   <- x' - f_after tau'       back to fixed times
 *
 * Rozenvasser EN. General sensitivity equations of discontinuous systems. Autom Remote Control
 * 1967;28:400-404.
 */
#include "ode/sensitivity.h"
#include "ode/trigger.h"

static double *shift_of(const pt_block *b, int s, int q)
{
    return b->watch->shift + s * b->watch->n_shift + q;
}

static double *direction_at(const pt_block *b, int s, int q, int i)
{
    return pt_at(b->tangents->xd + (int64_t)q * b->n_state * PT_WIDE, i, s);
}

/* dg/dt along the solution of slot s, which runs with speed b->k[0] */
static double speed_of(pt_block *b, int s, int output)
{
    pt_tangents *T = b->tangents;
    wide one = w_set(1), fd[PT_MAX_STATE], yd[PT_MAX_OUTPUT];
    b->model->functions->tangent(b->model->self, pt_wides(b->origin), pt_wides(b->x), pt_wides(b->p),
                                 pt_wides(b->d), &one, pt_wides(b->k[0]), NULL, NULL, pt_wides(T->dx), fd,
                                 pt_wides(T->y), yd);
    return pt_get((vec *)yd, output, s);
}

void pt_watch_leave(pt_block *b, int s, int k)
{
    pt_tangents *T = b->tangents;
    const int output = pt_watch_trigger(b, s, k)->output;
    const double speed = speed_of(b, s, output);
    pt_tangents_output(b, b->origin);
    for (int q = 0; q < T->n; q++) {
        const double shift = -pt_get(T->yd + q * b->n_output * PT_WIDE, output, s) / speed;
        *shift_of(b, s, q) = shift;
        for (int i = 0; i < b->n_state; i++) *direction_at(b, s, q, i) += pt_get(b->k[0], i, s) * shift;
    }
    b->watch->slot[s].moved = 1;
}

void pt_watch_land(pt_block *b)
{
    for (int s = 0; s < PT_N_SLOT; s++) {
        if (!*pt_flag(b->opening, s) || !b->watch->slot[s].moved) continue;
        b->watch->slot[s].moved = 0;
        for (int q = 0; q < b->tangents->n; q++)
            for (int i = 0; i < b->n_state; i++)
                *direction_at(b, s, q, i) -= pt_get(b->k[0], i, s) * *shift_of(b, s, q);
    }
}
