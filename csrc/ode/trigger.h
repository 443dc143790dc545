/* Triggers: what a lane does when one of its outputs crosses a threshold.
 *
 * g = y[output] - threshold is looked at where a step begins and at PT_TRIGGER_SAMPLES even shares of it, on
 * its interpolant, and where the parabola through three neighbours turns round behind the threshold; a
 * crossing there and back between two of these is not seen. A crossing is one from strictly below to strictly
 * above (or the reverse), so a lane that starts or rests on the threshold fires only after it has left it and
 * come again; "strictly" leaves out a few units of rounding of y and threshold.
 *
 * The first crossing is located on the interpolant (Dowell M, Jarratt P. A modified regula falsi method. BIT
 * 1971;11:168-174, "Illinois"); then the step is taken again, to that time, and again with the time corrected
 * by the slope of g there, until the crossing and the end of the step agree to rounding. So the state has the
 * accuracy of a step, and the time is that of the numerical solution. Meanwhile other lanes take steps of
 * their own. Nothing here looks across lanes.
 */
#ifndef PT_ODE_TRIGGER_H
#define PT_ODE_TRIGGER_H

#include "ode/block.h"

enum {
    PT_MAX_TRIGGER = 16,    /* of a lane: the model's own, then the schedule's */
    PT_TRIGGER_SAMPLES = 4, /* of a step */
    PT_TRIGGER_ATTEMPTS = 12,
    PT_TRIGGER_RUN = 100, /* firings within 1e-10 of the time since the lane's start: more are too many */
    PT_TRIGGER_WAIT = 32  /* actions put off in a lane */
};

/* The action of a trigger that waits for its delay. */
typedef struct {
    double time;
    int trigger;
} pt_delayed;

typedef struct {
    double side; /* 1, -1: where g was when it was off 0 last; 0: not yet */
    double g;    /* where the last step ended */
    double zone; /* just fired: how near to 0 it still counts as being there; else 0 */
    double rest; /* it does not fire before this instant */
} pt_trigger_state;

typedef struct {
    pt_trigger_state trigger[PT_MAX_TRIGGER];
    int n;            /* triggers of the lane */
    int resumed;      /* it went on from where another call ended */
    uint32_t fired;   /* which fire at the instant that the lane has arrived at */
    int located;      /* they were found within a step, not behind a jump */
    int sought;       /* the trigger whose crossing the step is to end at, or -1 */
    int attempts;     /* steps taken for it */
    double low, high; /* steps that end before it and behind it */
    double begin;     /* the instant at which the lane began */
    double anchor;    /* firings are counted from here */
    int64_t run, n_fired;
    int n_waiting;
    pt_delayed waiting[PT_TRIGGER_WAIT]; /* in the order in which they will act */
} pt_watch_slot;

typedef struct pt_search pt_search;

struct pt_watch {
    vmask seeking[PT_WIDE]; /* lanes that take the step again, of length target */
    vmask cut[PT_WIDE];     /* lanes whose interval ends with this step */
    vec target[PT_WIDE];
    pt_watch_slot slot[PT_N_SLOT];
    pt_search *search; /* work space, ode/crossing.h */
};

/* Room for triggers in a block. */
pt_status pt_watch_create(pt_block *b);
/* One action of a schedule without its time and place (schedule.c). */
pt_status pt_action_check(const pt_model *model, const pt_schedule *schedule, const pt_action *action);

/* ---- hooks of the block, where b->watch is not null ---- */

void pt_watch_begin(pt_block *b, int s);
/* Slot s goes on from where an earlier call left its lane: on a threshold it comes from the side from which
 * it would fire, and fires when it goes on across. */
void pt_watch_resume(pt_block *b, int s);
/* The largest step of a lane: the linear part, which is solved exactly over any step, has to be sampled. */
double pt_watch_cap(const pt_block *b, int s);
/* After a step was tried: takes the lanes that have to repeat it out of `accept`. */
void pt_watch_step(pt_block *b, vmask *accept);
/* After vec j was committed. */
void pt_watch_commit(pt_block *b, int j);
/* When the next action that was put off acts; infinity where there is none. */
double pt_watch_next(const pt_block *b, int s);
/* What was put off to the instant of slot s acts, then what fires at it, in the order of priority, then of
 * the triggers. */
void pt_watch_fire(pt_block *b, int s);
/* Lanes that begin an interval: where their outputs are, and whether an event took one across a threshold, so
 * that the lane has arrived once more. Returns whether there is such a lane. */
int pt_watch_open(pt_block *b);

/* The lane ends: what was not filled of its firings. */
void pt_watch_finish(const pt_block *b, int s);

/* ---- shared by trigger.c and fire.c ---- */

const pt_trigger *pt_watch_trigger(const pt_block *b, int s, int k);
/* g of trigger k from outputs y (n_output), and how much of g is rounding */
double pt_watch_value(const pt_block *b, int s, int k, const vec *y);
double pt_watch_noise(const pt_block *b, int s, int k, double g);
/* The direction in which trigger k fires between its last side and g, or 0. */
int pt_watch_crosses(const pt_block *b, int s, int k, double side, double g, double noise);

#endif
