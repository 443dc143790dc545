/* Outputs inside steps, put by until a lane has many.
 *
 * Steps end at other times in every lane, and one holds many outputs where another holds none. So the
 * interpolant is evaluated lane by lane, at several times at once, for the states on which the wanted outputs
 * depend. The outputs themselves are worked out later: when a slot has no room left, and before its
 * parameters change or its lane ends; then the model sees times of one lane where it else sees lanes.
 */
#ifndef PT_ODE_WAITING_H
#define PT_ODE_WAITING_H

#include "ode/block.h"

enum { PT_N_WAITING = 4 * PT_WIDE_LANES }; /* of a slot */

struct pt_waiting {
    int count[PT_N_SLOT];
    int failed[PT_N_SLOT];
    double *t;     /* (PT_N_SLOT, PT_N_WAITING) */
    int64_t *at;   /* (PT_N_SLOT, PT_N_WAITING) number of the output among the feed's times */
    double *x;     /* (PT_N_SLOT, n_stepped, PT_N_WAITING) states, those wanted in the order of b->wanted */
    vec *p, *c;    /* (n_param), (n_constant) of one slot in every lane */
    double *times; /* (n_time + PT_W) those of the feed, then infinity */
    vec *all, *y;  /* (n_state), (n_output) */
};

/* For the output times of a call. Room: 8 PT_N_SLOT PT_N_WAITING (2 + n_stepped) + 8 n_time bytes and a few.
 */
pt_status pt_waiting_create(const pt_block *b, const double *times, int64_t n_time, pt_waiting **waiting);
/* Nothing waits. */
void pt_waiting_clear(pt_waiting *w);

/* Puts by the outputs of slot s before `reach`, from coefficients that are prepared; then the next is due. */
void pt_waiting_put(pt_block *b, int s, double reach);
/* Works out all that waits in slot s. A value that is not finite fails the lane at its time. */
void pt_waiting_flush(pt_block *b, int s);

#endif
