/* A block of lanes under integration.
 *
 * A slot is a place in a lane of one of the block's vecs. It takes a lane (a patient, draw, sigma point), follows
 * it from event to event with a time and a step of its own, hands over its results and takes the next. Nothing
 * here allocates, locks or looks across lanes; a lane that fails ends with a status.
 *
 * Between two events a lane's time runs from 0 to `length`, so that a shift of the calendar changes no bit.
 */
#ifndef PT_ODE_BLOCK_H
#define PT_ODE_BLOCK_H

#include "model/model_internal.h"
#include "ode/linear.h"
#include "ode/tableau.h"

enum { PT_BLOCK = 4, PT_N_SLOT = PT_BLOCK * PT_W }; /* vecs in flight; lanes in flight */

typedef struct {
    int64_t lane;             /* -1: idle */
    const pt_action *actions; /* [n_action] */
    int64_t n_action, next;
    double now;  /* the instant at which the running interval began */
    double stop; /* the instant at which it ends */
    double end;  /* the instant at which the lane ends */
    int64_t out; /* next output time */
    pt_status status;
    int blank;   /* the states are to be set to their initial values */
    int changed; /* parameters, hence the linear part */
} pt_slot;

typedef struct pt_block pt_block;

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
} pt_feed;

struct pt_block {
    const pt_model *model;
    pt_ode_options options;
    const pt_feed *feed;
    int n_state, n_linear, n_stepped, n_param, n_output, n_dose;
    int stepped_inflow; /* a dose port opens into a state that is not linear */
    int n_vec;          /* vecs that hold a lane at work */
    int empty;          /* the feed has no lane left */

    /* [vec j] */
    vec t[PT_BLOCK], h[PT_BLOCK], length[PT_BLOCK];
    vec due[PT_BLOCK];      /* time of the next output inside the interval, or infinity */
    vec first[PT_BLOCK];    /* step that would have suited the opening of the last interval; 0: none */
    vec log_error[PT_BLOCK]; /* log of the last accepted error, for the controller */
    vec norm[PT_BLOCK];     /* of the linear part */
    vec origin[PT_BLOCK];   /* `now` of the slots */
    vmask live[PT_BLOCK], arrived[PT_BLOCK], opening[PT_BLOCK], rejected[PT_BLOCK], steps[PT_BLOCK];
    int flowing[PT_BLOCK];  /* an infusion runs in some lane */

    /* [vec j, i] */
    vec *x, *x1;        /* (PT_BLOCK, n_state): at t, at t + h */
    vec *p;             /* (PT_BLOCK, n_param) */
    vec *inflow;        /* (PT_BLOCK, n_state) */
    vec *coefficient;   /* (PT_BLOCK, PT_TAYLOR, n_linear, n_linear) */
    vec *flow;          /* (PT_BLOCK, PT_TAYLOR, n_linear) */
    vec *node[PT_N_NODE]; /* (PT_BLOCK, n_linear) each */
    vec *k[PT_N_STAGE]; /* (PT_BLOCK, n_stepped) each */
    vec *scratch;       /* n_state + n_output + n_linear^2 */

    pt_slot slot[PT_N_SLOT];
    double *base;   /* (PT_N_SLOT, n_param) parameters; times factor they are p */
    double *factor; /* (PT_N_SLOT, n_param) */
    double *rate;   /* (PT_N_SLOT, n_dose) running infusions of each dose port */
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

/* Events of all lanes that arrived at one: covariates, outputs, reset, infusion ends, doses; lanes that ended are
 * replaced. Returns whether a lane is at work. */
int pt_block_settle(pt_block *b);
/* Derivative and step with which the lanes in `mask` of vec j open an interval. */
void pt_block_open(pt_block *b, int j, vmask mask);
/* One attempt of a step in every lane. */
void pt_block_step(pt_block *b);
/* Outputs due inside the step that the lanes in accept[j] have just made, before it is committed. */
void pt_block_dense(pt_block *b, int j, vmask accept);
/* y[lane, slot->out] from outputs (n_output) of vec j; a value that is not finite fails the lane. */
void pt_slot_emit(pt_block *b, int s, const vec *y);
/* Ends slot s with a status at its next settling. */
void pt_slot_fail(pt_block *b, int s, pt_status status);
/* k = derivatives of the stepped states of n vecs from j on, inflow included */
void pt_block_rate(pt_block *b, int j, int n, const vec *t, const vec *x, vec *k);

#endif
