/* A block of lanes under integration.
 *
 * A block is one wide of lanes. A slot is one of them: it takes a lane (a patient, draw, sigma point),
 * follows it from event to event with a time and a step of its own, hands over its results and takes the
 * next. Nothing here allocates, locks or looks across lanes; a lane that fails ends with a status.
 *
 * Between two events a lane's time runs from 0 to `length`, so that a shift of the calendar changes no bit.
 */
#ifndef PT_ODE_BLOCK_H
#define PT_ODE_BLOCK_H

#include "model/model_internal.h"
#include "ode/linear.h"
#include "ode/orbit.h"
#include "ode/pending.h"
#include "ode/tableau.h"

enum { PT_N_SLOT = PT_WIDE_LANES };

/* Coefficients of the interpolant in a step, a form that every method fills (see pt_block_dense). */
enum { PT_DENSE_RISE, PT_DENSE_BEND, PT_DENSE_TWIST, PT_DENSE_TAIL, PT_N_DENSE };

typedef struct {
    int64_t lane;             /* -1: idle */
    const pt_action *actions; /* [n_action] */
    int64_t n_action, next;
    const pt_trigger *triggers; /* [n_trigger] */
    int64_t n_trigger;
    double now;  /* the instant at which the running interval began */
    double stop; /* the instant at which it ends */
    double end;  /* the instant at which the lane ends */
    int64_t out; /* next output time */
    const pt_dose *doses;
    int64_t n_pending;
    double given;  /* lagged and additional doses up to here are in the state that the lane began with */
    double period; /* > 0: the schedule was followed so many times before */
    int begun;     /* what the past has left is known */
    int in_order;  /* of the schedule */
    pt_status status;
    int blank;   /* the states are to be set to their initial values */
    int changed; /* parameters, hence constants and the linear part */
    int jumped;  /* something that a derivative of the stepped states depends on */
} pt_slot;

typedef struct pt_block pt_block;
typedef struct pt_ramps pt_ramps;
typedef struct pt_tangents pt_tangents; /* ode/sensitivity.h */
typedef struct pt_paths pt_paths;       /* ode/paths.h */
typedef struct pt_stiff pt_stiff;       /* ode/stiff.h */
typedef struct pt_history pt_history;   /* ode/history.h */
typedef struct pt_waiting pt_waiting;   /* ode/waiting.h */
typedef struct pt_watch pt_watch;       /* ode/trigger.h */

/* Where lanes come from and go to. */
typedef struct {
    void *context;
    /* fills slot s with pt_slot_begin and returns 1, or returns 0 when no lane is left */
    int (*take)(void *context, pt_block *b, int s);
    /* slot s has come to its end, or failed (slot->status) */
    void (*finish)(void *context, pt_block *b, int s);
    /* outputs: y[lane, k, i] at times[k] */
    const double *times;
    int64_t n_time;
    const int32_t *outputs;
    int n_out;
    double *y;
    /* dy[lane, k, i, direction], where the block has tangents */
    double *dy;
    int n_direction;
    const int64_t *first; /* see pt_simulation; null: the times above hold */
    /* triggers that fired: [lane, i], i < n_kept, and n_fired[lane]; null: not wanted */
    double *fired_time;
    int32_t *fired_trigger;
    int64_t n_kept;
    int64_t *n_fired;
} pt_feed;

struct pt_block {
    const pt_model *model;
    pt_ode_options options;
    const pt_feed *feed;
    /* n_linear states are solved exactly: the model's linear part, or none (options.step_all) */
    int n_state, n_linear, n_stepped, n_param, n_constant, n_output, n_dose, n_delay;
    int stepped_inflow;                           /* a dose port opens into a state that is stepped */
    int n_inflow, inflow_state[PT_MAX_STATE];     /* these */
    int n_positive, positive_state[PT_MAX_STATE]; /* states that are stepped and must stay >= 0 */
    int stepped[PT_MAX_STATE];                    /* (n_stepped) all that are stepped */
    int n_wanted, wanted[PT_MAX_STATE];           /* states that are stepped on which the outputs depend */
    int wants_linear;                             /* they depend on the linear part */
    int jumps[PT_MAX_STATE]; /* a derivative of the stepped states depends on this state */
    int empty;               /* the feed has no lane left */
    int flowing;             /* an infusion into the linear part runs in some lane */
    int n_live;              /* lanes at work */

    /* [vec j] of the block's wide */
    vec t[PT_WIDE], h[PT_WIDE], length[PT_WIDE];
    vec cap[PT_WIDE];       /* the largest step */
    vec due[PT_WIDE];       /* time of the next output inside the interval, or infinity */
    vec first[PT_WIDE];     /* step that would have suited the opening of the last interval; 0: none */
    vec log_error[PT_WIDE]; /* log2 of that of the last accepted step, for the controller */
    vec norm[PT_WIDE];      /* of the linear part */
    vec origin[PT_WIDE];    /* `now` of the slots */
    vec steps[PT_WIDE];     /* since the interval began */
    vmask live[PT_WIDE], arrived[PT_WIDE], opening[PT_WIDE], rejected[PT_WIDE];
    vmask low[PT_WIDE]; /* a state that must not be negative is, after the step that was just tried */

    /* [i, vec j], element i of vec j at i * PT_WIDE + j; model functions see them as wide [i] */
    vec *x, *x1;            /* (n_state): at t, at t + h */
    vec *p, *c;             /* (n_param), (n_constant) */
    vec *d;                 /* (n_delay) delayed states */
    vec *inflow;            /* (n_state) */
    vec *K;                 /* (n_linear, n_linear) of the model, where the block steps its linear part */
    vec *coefficient;       /* (PT_TAYLOR, n_linear, n_linear) */
    vec *flow;              /* (PT_TAYLOR, n_linear) */
    vec *node;              /* (PT_N_NODE, n_linear) */
    vec *k[PT_N_STAGE];     /* (n_stepped) each */
    vec *dense[PT_N_DENSE]; /* (n_stepped) each, see pt_block_dense */
    vec *scratch;           /* n_state + n_output + n_linear^2 */

    pt_waiting *waiting;
    int may_wait; /* outputs inside steps may be put by */

    double *atol;  /* (n_state) */
    int8_t *reads; /* (n_output, n_state) 1: the output depends on the state */
    int8_t *joins; /* (n_state, n_state) 1: the derivative of the row's state depends on the column's */

    pt_watch *watch;     /* null: no triggers */
    pt_history *history; /* null: no delays */
    pt_slot slot[PT_N_SLOT];
    double *base;          /* (PT_N_SLOT, n_param) parameters; times factor they are p */
    double *factor;        /* (PT_N_SLOT, n_param) */
    double *rate;          /* (PT_N_SLOT, n_dose) running infusions of each dose port */
    pt_tangents *tangents; /* null: no sensitivities */
    pt_paths *paths;       /* null: no noise */
    pt_pending *pending;   /* (PT_N_SLOT, options.need.n_pending) */
    pt_ramps *ramps;       /* null: no parameter moves between actions */
    pt_orbit *orbit;       /* finds steady states; null where no schedule asks for one */
    pt_stiff *stiff;       /* null: no lane can be stiff */
};

pt_status pt_block_create(const pt_model *model, const pt_ode_options *options, pt_block **block);
void pt_block_free(pt_block *block);

/* Takes lanes from the feed until it has none, and integrates each to its end. */
void pt_block_run(pt_block *block, const pt_feed *feed);

/* Puts a lane into slot s: row p of parameters, factors (null: 1), infusions (null: none), states (null: the
 * initial ones), actions from `next` on. */
void pt_slot_begin(pt_block *b, int s, int64_t lane, double start, double end, const pt_schedule *schedule,
                   int64_t next, const double *p, const double *factor, const double *rate, const double *x);
/* The state of slot s, (n_state); NaN if it failed */
void pt_slot_state(const pt_block *b, int s, double *x);

/* ---- the parts of pt_block_run ---- */

/* Events of all lanes that arrived at one: covariates, outputs, reset, infusion ends, doses; lanes that ended
 * are replaced. Returns whether a lane is at work. */
int pt_block_settle(pt_block *b);
/* Derivative and step with which the lanes that are opening begin an interval. */
void pt_block_open(pt_block *b);
/* One attempt of a step in every lane. */
void pt_block_step(pt_block *b);
/* The steps as the ends of intervals cut them, and where an end is reached. */
void pt_block_fit(pt_block *b, vmask *last);
/* States in x1 that must not be negative: lanes in which one is below -atol are noted in b->low, smaller
 * negative values become 0. */
void pt_block_lift(pt_block *b);
/* What follows from a step to x1 whose scaled error has this square: outputs, the states and the next step of
 * the lanes in which it is accepted, the next attempt of the others. */
void pt_block_finish(pt_block *b, const vmask *last, const vec *square);
/* x1 and all stages of the pair of Dormand and Prince from x over h. */
void pt_dopri_stages(pt_block *b);
/* One step of options.step in every lane, by a method without control of its error. */
void pt_block_fixed_step(pt_block *b);
/* Its core: x1 over t and h, and the derivative there, which is the first of the next step. */
void pt_block_make_fixed_step(pt_block *b);
/* x1 alone: no step follows. */
void pt_block_make_last_step(pt_block *b);
/* Values and derivatives at t + h become those at t in the lanes in accept. */
void pt_block_commit(pt_block *b, const vmask *accept);
/* Coefficients of the interpolant in the step that was just tried, for n states that are stepped:
 *   x(t + theta h) = x + theta (rise + (1 - theta) (bend + theta (twist + (1 - theta) tail))) */
void pt_block_prepare(pt_block *b, const int *list, int n);
/* x[i] at t + theta h for the states in `list`, from coefficients that are prepared. */
void pt_block_interpolate(const pt_block *b, const vec *theta, const int *list, int n, vec *x);
/* The same for the states that are solved exactly. */
void pt_block_interpolate_linear(const pt_block *b, const vec *theta, vec *x);
/* Outputs due inside the step that the lanes in accept have just made, before it is committed. */
void pt_block_dense(pt_block *b, const vmask *accept);
/* y[lane, slot->out] from states x (n_state) and outputs y (n_output); a value that is not finite fails the
 * lane. */
void pt_slot_emit(pt_block *b, int s, const vec *x, const vec *y);
/* The same inside an interval; then the next output is due. */
void pt_slot_emit_inside(pt_block *b, int s, const vec *x, const vec *y);
/* The time of the next output of slot s; infinity where there is none. */
double pt_slot_due(const pt_block *b, int s);
/* No infusion of slot s runs any more, and nothing is pending. */
void pt_slot_stop_infusions(pt_block *b, int s);
/* The inflows of slot s from its running infusions. */
void pt_slot_inflow(pt_block *b, int s);
/* The states of slot s become the initial ones. */
void pt_slot_initial(pt_block *b, int s);
/* An action in slot s at its instant, whatever its time. */
void pt_slot_act(pt_block *b, int s, const pt_action *a);
/* Ends slot s with a status at its next settling. */
void pt_slot_fail(pt_block *b, int s, pt_status status);
/* k (n_stepped) = derivatives of the stepped states at t and x, inflow included */
void pt_block_rate(pt_block *b, const vec *t, const vec *x, vec *k);
/* y (n_output) = outputs at t and x */
void pt_block_output(pt_block *b, const vec *t, const vec *x, vec *y);

/* The wides behind an array of vecs, and the number or mask of slot s in row i. */
static inline wide *pt_wides(vec *a) { return (wide *)a; }
static inline const wide *pt_wides_in(const vec *a) { return (const wide *)a; }
static inline double *pt_at(vec *a, int i, int s) { return (double *)a + i * PT_N_SLOT + s; }
static inline double pt_get(const vec *a, int i, int s) { return ((const double *)a)[i * PT_N_SLOT + s]; }
static inline int64_t *pt_flag(vmask *a, int s) { return (int64_t *)a + s; }

/* Absolute tolerance of state i. */
static inline double pt_block_atol(const pt_block *b, int i) { return b->atol[i]; }

/* Steps of options.step without control of the error. */
static inline int pt_steps_are_fixed(const pt_ode_options *options)
{
    const int method = options->method;
    return method == PT_METHOD_RK4 || method == PT_METHOD_HEUN || method == PT_METHOD_EULER ||
           (method == PT_METHOD_DOPRI5 && options->step > 0);
}

static inline int pt_any(const vmask *a)
{
    vmask any = a[0];
    for (int j = 1; j < PT_WIDE; j++) any |= a[j];
    return m_any(any);
}

#endif
