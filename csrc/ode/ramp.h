/* Parameters that move along straight lines between actions (SLOPE), in a block made for it.
 *
 * Parameter i of a lane is factor (anchor + slope (t - since)). Every rate and output is worked out with the
 * parameters, constants and linear part of its own time, so the linear part is stepped like the rest.
 */
#ifndef PT_ODE_RAMP_H
#define PT_ODE_RAMP_H

#include "ode/block.h"

struct pt_ramps {
    double *anchor, *since, *slope; /* (PT_N_SLOT, n_param) */
    vec *from, *rise;               /* (n_param) at the origin of each lane, and growth a unit of time */
};

pt_status pt_ramps_create(const pt_model *model, pt_ramps **ramps);
void pt_ramps_free(pt_ramps *ramps);

/* A lane begins in slot s at `start`, after actions before `next` gave its parameters their slopes. */
void pt_ramps_begin(pt_block *b, int s, double start);
/* The slot's own row of parameters at a time. */
void pt_ramps_advance(pt_block *b, int s, double time);
/* A PARAM or SLOPE action, after pt_ramps_advance to its time. */
void pt_ramps_act(pt_block *b, int s, const pt_action *a);
/* After p of the slot was set at its instant. */
void pt_ramps_open(pt_block *b, int s);
/* p, c and K of all lanes at their times t */
void pt_ramps_follow(pt_block *b, const vec *t);

#endif
