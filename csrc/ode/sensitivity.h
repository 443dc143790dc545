/* Sensitivities: derivatives of the states and outputs of a block's lanes along directions, in the same pass.
 *
 * A direction is one parameter or one initial state. The derivative is that of the numerical solution itself:
 * every stage of the Runge-Kutta method is differentiated, with the steps held as the states chose them
 * (internal numerical differentiation: Bock HG, in Modelling of Chemical Reaction Systems, Springer 1981,
 * 102-125),
 *
 *   X_s = x + h sum_q a_sq k_q,    k_s = f(t_s, X_s, p)
 *   Y_s = y + h sum_q a_sq l_q,    l_s = (df/dx) Y_s + (df/dp) p'       by dual numbers
 *
 * so it converges with the order of the method and its error is that of no difference quotient. With steps of
 * a fixed size it is the derivative of the formula itself, however long the step. (Under the Rosenbrock
 * method the equation of the derivative is solved by that method: stiff_tangent.c.) The linear part is
 * stepped too (options.step_all). At an event the derivative jumps as the event's own equation says; where
 * the instant tau of an event depends on the direction, by (f_before - f_after) tau' more (Rozenvasser EN,
 * General sensitivity equations of discontinuous systems, Autom Remote Control 1967;28:400-404).
 *
 * More directions than PT_PASS_DIRECTIONS are cut into passes, each of which runs the lanes again: with the
 * same bits, because no direction takes part in the choice of steps (without options.sensitivity_error).
 */
#ifndef PT_ODE_SENSITIVITY_H
#define PT_ODE_SENSITIVITY_H

#include "ode/block.h"

enum { PT_PASS_DIRECTIONS = 16, PT_MAX_DIRECTION = PT_MAX_STATE + PT_MAX_PARAM };

struct pt_tangents {
    int n, limit;                        /* directions of this pass, and of the largest */
    int first;                           /* number of the first of them among all */
    const int32_t *which;                /* [n] parameter, or n_param + state */
    const int32_t *own_which[PT_N_SLOT]; /* the same of the lane in a slot that has its own; null: `which` */
    /* [direction, i, vec j]; lengths behind the direction */
    vec *pd;            /* (n_param) */
    vec *xd, *x1d;      /* (n_state) at t, at t + h */
    vec *inflow;        /* (n_state) */
    vec *kd[8];         /* (n_state) of the stages: 7, or 8 of the Rosenbrock method */
    vec *turn;          /* (n_state) h dg/dt, of the Rosenbrock method */
    vec *yd;            /* (n_output) at the output that is due */
    const vec *at;      /* (n_state) directions of the state there */
    vec *other;         /* (n_state) directions of a state inside a step, or at an instant */
    vec *k[PT_N_STAGE]; /* (n_state), no direction: the states' own stages */
    vec *x, *y, *dx;    /* (n_state), (n_output), (n_state), no direction */
    double *own;        /* (PT_N_SLOT, n) derivative of the lane's parameter row along its direction: 1, or
                           0 once an action has set that parameter */
    vec *slope;         /* (n_output), no direction: of the outputs in time */
    /* derivatives of instants, [.., limit] */
    double *instant, *last; /* (PT_N_SLOT) of the one at which the slot acts, and at which it acted last */
    double *due, *flow;     /* (PT_N_SLOT, n_pending) of what waits, and of the rate of what flows */
    double *crossing;       /* (PT_MAX_TRIGGER) of the triggers that fire in a slot */
    double *waiting;        /* (PT_N_SLOT, PT_TRIGGER_WAIT) of actions put off */
};

/* Direction q in slot s: parameter, or n_param + state. */
static inline int pt_tangents_which(const pt_tangents *T, int s, int q)
{
    return T->own_which[s] ? T->own_which[s][q] : T->which[q];
}

/* ---- what pt_simulate asks for (passes.c) ---- */

pt_status pt_tangents_check(const pt_model *model, const pt_simulation *call);
/* Directions of a pass, at least 1. */
int pt_tangents_pass(const pt_simulation *call);
/* The pass that begins with direction `first`. */
void pt_tangents_choose(pt_block *b, int first, const pt_simulation *call);
/* The results of the lane in slot s under the directions of a pass; the first failure of all passes counts.
 */
void pt_tangents_finish(const pt_simulation *call, const pt_block *b, int s);
/* After all passes: NaN in what lanes [begin, end) that failed hold from their stop on. */
void pt_tangents_blank(const pt_model *model, const pt_simulation *call, int64_t begin, int64_t end);

/* ---- the block's own ---- */

/* Room for at most `limit` directions, bytes of it about 8 lanes (limit (10 n_state + n_param + n_output) +
 * 9 n_state). */
pt_status pt_tangents_create(pt_block *b, int limit);
void pt_tangents_free(pt_tangents *tangents);

/* Under the Rosenbrock method (stiff_tangent.c): x1d and the stages of the step that was just tried; the
 * square of the scaled error of direction q in vec j; `other` at share theta of the step; and algebraic
 * states. */
void pt_tangents_rosenbrock(pt_block *b, const vec *per_h);
vec pt_tangents_rosenbrock_error(const pt_block *b, int q, int j);
void pt_tangents_rosenbrock_inside(pt_block *b, const vec *theta);
void pt_tangents_consistent(pt_block *b, const vmask *which);
/* What the absolute tolerance of the states is multiplied with for direction q. */
vec pt_tangents_share(const pt_block *b, int q, int j);

/* Hooks of the block; each works on the columns of slot s, or on all lanes. */

/* A lane begins: unit derivatives of given initial states. */
void pt_tangents_begin(pt_block *b, int s);
/* Parameter `index` was set by an action. */
void pt_tangents_set(pt_block *b, int s, int index);
/* After p: its directions. */
void pt_tangents_params(pt_block *b, int s);
/* x is the initial state under p. */
void pt_tangents_initial(pt_block *b, int s);
/* A bolus: amount times the port's factor entered `state`, times parameter `share` (-1: 1). */
void pt_tangents_bolus(pt_block *b, int s, const pt_dose_port *port, double amount);
/* Before the model's event `index` acts on x. */
void pt_tangents_event(pt_block *b, int s, int index, const vec *value);
/* After the inflows of the slot. */
void pt_tangents_inflow(pt_block *b, int s);
/* x1d and the stages, for the step from t to t + h that the block has just tried (explicit_tangent.c). */
void pt_tangents_step(pt_block *b);
/* `other` at share theta of that step. */
void pt_tangents_explicit_inside(pt_block *b, const vec *theta);
/* mean square of the scaled error of vec j, the largest over directions */
vec pt_tangents_error(const pt_block *b, int j);
void pt_tangents_commit(pt_block *b, int j, vmask accept);
/* yd at the instant t of the lanes' states x and xd, or of x at share theta of the step. */
void pt_tangents_output(pt_block *b, const vec *t);
void pt_tangents_dense(pt_block *b, const vec *t, const vec *theta, const vec *x);
/* Row `row` of dy; whether all is finite */
int pt_tangents_emit(pt_block *b, int s, int64_t row);

/* Instants that depend on the directions (instants.c); due (n) is the derivative of one. */

/* Before and after what happens in slot s at an instant that moves by `due` more than it does already. */
void pt_tangents_enter(pt_block *b, int s, const double *due);
void pt_tangents_leave(pt_block *b, int s, const double *due);
/* Of the lag of a port. */
void pt_tangents_lag(const pt_block *b, int s, int port, double *due);
/* Of entry i of what waits in a slot. */
const double *pt_tangents_due(const pt_block *b, int s, int64_t i);
/* Entry i is new: a dose that a lag puts off, or the end of an infusion of `length`, which begins at the
 * slot's instant (or began in the past, after its lag). */
void pt_tangents_series(pt_block *b, int s, int64_t i, int port);
void pt_tangents_end(pt_block *b, int s, int64_t i, const pt_dose *dose, double rate, double length,
                     int past);
void pt_tangents_move(pt_block *b, int s, int64_t from, int64_t to);
/* The infusion that ends with entry i, into the directions of the inflow. */
void pt_tangents_infusion(pt_block *b, int s, int64_t i, const pt_dose_port *port);
/* Of the triggers that cross at the instant of slot s, or that an event took across: that of the event. */
void pt_tangents_cross(pt_block *b, int s, uint32_t fired);
void pt_tangents_same(const pt_block *b, int s, uint32_t fired);
double *pt_tangents_crossing(const pt_block *b, int k);
/* What slot s has acted on; null: something at a fixed time. */
void pt_tangents_last(pt_block *b, int s, const double *due);
/* Of action i of those that triggers of slot s have put off. */
double *pt_tangents_waiting(const pt_block *b, int s, int i);
void pt_tangents_copy(const pt_block *b, const double *from, double *to);

/* dx (n_state, stride), columns of this pass: directions of the state of slot s; NaN if it failed */
void pt_tangents_state(const pt_block *b, int s, double *dx, int stride);

#endif
