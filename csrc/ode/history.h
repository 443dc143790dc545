/* The past of the delayed states of a block's lanes, for pure delays x(t - tau).
 *
 * Each slot keeps its accepted steps, the last options.history of them in a ring, with the interpolant of
 * every delayed state (degree 4); before the start of the lane, and before a reset, a state was what it was
 * then. A ring takes 8 (2 + 5 n_delay) bytes a step. A lane that would have to look back behind it fails with
 * PT_HISTORY_FULL, one with a delay that is not positive with PT_BAD_ARGUMENT.
 *
 * No step is longer than the shortest delay, so a stage never looks into its own step. Where a derivative of
 * order l jumps at t, that of order l + 1 jumps at t + tau; steps end at these times up to the order of the
 * method (Bellen A, Zennaro M. Numerical Methods for Delay Differential Equations. Oxford 2003, 2.1). At most
 * PT_BREAKS of them wait in a lane; those beyond are left to the control of the error.
 */
#ifndef PT_ODE_HISTORY_H
#define PT_ODE_HISTORY_H

#include "ode/block.h"

enum { PT_HISTORY = 1024, PT_BREAKS = 64, PT_BREAK_ORDER = 5, PT_PIECE_NODES = 5 };

/* A time at which a derivative of order `order` jumps. */
typedef struct {
    double time;
    int order;
} pt_break;

typedef struct {
    int64_t n;                  /* steps that were kept, with those that were overwritten */
    double begin;               /* before it the states are those of `past` */
    double past[PT_MAX_STATE];  /* [delay] */
    int64_t last[PT_MAX_STATE]; /* [delay] the step that was looked at last */
    const double *given;        /* (n_delay, n_given) what it begins with; null: constant */
    int64_t n_given;
    double span; /* over which these lie */
    int bounded; /* nothing is known before `begin` */
    int n_break;
    pt_break breaks[PT_BREAKS]; /* ascending */
} pt_history_slot;

struct pt_history {
    int64_t size;   /* steps a slot keeps */
    int right;      /* where a state jumps, its value behind the jump is wanted */
    double *pieces; /* (PT_N_SLOT, size, 2 + PT_PIECE_NODES n_delay): start, length, differences */
    pt_history_slot slot[PT_N_SLOT];
};

pt_status pt_history_create(pt_block *b);
void pt_history_free(pt_history *history);

/* ---- hooks of the block, where b->history is not null ---- */

/* The past of slot s is constant: its states as they are. */
void pt_history_begin(pt_block *b, int s);
/* What slot s will begin with, instead of a constant past: values (n_delay, n) of the delayed states at
 * shares 1/n, 2/n, .., 1 of its longest delay before its start, where the states are those it begins with.
 * Between them a cubic through the nearest four. Parameters p times factor (n_param; null: 1) give the delay.
 * Null: a constant past again. */
void pt_history_give(pt_block *b, int s, const double *values, int64_t n, const double *p,
                     const double *factor);
/* The same values of slot s now; HISTORY_FULL where its past does not reach so far. */
pt_status pt_history_take(pt_block *b, int s, int64_t n, double *values);
/* Slot s begins an interval: the times at which its derivatives will jump, then whether its delays and its
 * past are good; else it fails. */
void pt_history_open(pt_block *b, int s);
/* The next such time of slot s, or `stop`, which comes before it or as good as at it. */
double pt_history_stop(const pt_block *b, int s, double stop);
/* The shortest delay of slot s. */
double pt_history_cap(const pt_block *b, int s);
/* b->d = delayed states at times t */
void pt_history_delayed(pt_block *b, const vec *t);
/* Keeps the step of the lanes in accept, before it is committed. */
void pt_history_keep(pt_block *b, const vmask *accept);

#endif
