/* What waits in a lane: doses that a lag or a series puts off, and the ends of their infusions.
 *
 * Each slot has a short list of its own, in the order in which its entries came; room for it is made with the
 * block (pt_need.n_pending), and a lane that needs more ends with PT_TOO_MANY_PENDING.
 */
#ifndef PT_ODE_PENDING_H
#define PT_ODE_PENDING_H

#include "pytwin.h"

typedef struct {
    double time;         /* when it acts */
    double first, lag;   /* of a series: dose j enters at (first + j interval) + lag */
    double rate;         /* of an infusion, before the port's factor */
    const pt_dose *dose; /* null: an infusion's end */
    int64_t next, last;  /* of a series: j of its next dose and of its last */
    int32_t port;
} pt_pending;

struct pt_block;

/* Acts on all that is due in slot s by its instant, in order of time. */
void pt_slot_pending(struct pt_block *b, int s);
/* When the next entry of slot s acts; infinity where there is none. */
double pt_slot_next_pending(const struct pt_block *b, int s);
/* Running infusions of DOSE rows, added to the inflows of slot s. */
void pt_slot_add_infusions(struct pt_block *b, int s);
/* A DOSE action in slot s at its instant. */
void pt_slot_dose(struct pt_block *b, int s, const pt_dose *dose);
/* What the DOSE actions before slot->next still have to do after slot->given, under the parameters of the
 * slot; with slot->period > 0 also what all DOSE actions did one, two, ... periods ago. */
void pt_slot_remember(struct pt_block *b, int s);
/* What a record of `dose` at time - j interval, j = 1, 2, ..., still has to do after the slot's instant. */
void pt_slot_remember_past(struct pt_block *b, int s, const pt_dose *dose);
/* Fraction of a dose that enters through a port, under the lane's parameters. */
double pt_slot_share(const struct pt_block *b, int s, const pt_dose_port *port);

#endif
