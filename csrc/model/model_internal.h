/* What integrators and filters see of a model: its sizes, and one small table of
 * functions over lanes. Built-in models fill the table by wiring organs together
 * (wiring.h); a model that is read from a file may fill it with an interpreter.
 *
 * Each function works on one wide of lanes: x[i] is state i in all of them. The linear states come first.
 *
 * Who asks for what: every integrator and filter for constants, initial, linear (n_linear > 0), rate, output
 * and pattern; the stiff method and steady states for tangent (or jacobian); sensitivities for tangent,
 * initial_tangent and, with events, event_tangent; Euler-Maruyama and SRK for noise. A function that a model
 * has no use for may be null: linear without linear states, rate where all are, event and event_tangent
 * without events, noise without has_noise, jacobian, timed, jvp, destroy. Without tangent and its kin what
 * needs them is refused (PT_UNSUPPORTED). tests/c/program.c fills the table with a small interpreter.
 */
#ifndef PT_MODEL_MODEL_INTERNAL_H
#define PT_MODEL_MODEL_INTERNAL_H

#include "lanes/wide.h"
#include "model/jacobian.h"
#include "pytwin.h"

/* self belongs to the implementation. No function may fail, allocate or look across lanes: a value that does
 * not exist is NaN in its lane. */
typedef struct {
    /* c (n_constant): what the functions below need of p alone */
    void (*constants)(const void *self, const wide *p, wide *c);
    /* x (n_state) = initial state under p (n_param) */
    void (*initial)(const void *self, const wide *p, wide *x);
    /* K (n_linear, n_linear): d x_lin/dt = K x_lin + inflow */
    void (*linear)(const void *self, const wide *p, wide *K);
    /* dx (n_state - n_linear) = derivatives of the states that are not linear, without inflow; where the mass
     * is 0, the residual of the algebraic equation. d (n_delay): delayed states, null without delays */
    void (*rate)(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, const wide *d,
                 wide *dx);
    /* y (n_output) */
    void (*output)(const void *self, const wide *t, const wide *x, const wide *p, const wide *c,
                   const wide *d, wide *y);
    /* x (n_state) <- the states after event `event` with a value, in all lanes; null without events */
    void (*event)(const void *self, int event, const wide *value, const wide *t, wide *x, const wide *p,
                  const wide *c);
    /* g (n_state - n_linear) = diffusion coefficients of the states that are not linear; null without noise
     */
    void (*noise)(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, const wide *d,
                  wide *g);
    /* dx (n_state, the linear ones too), y (n_output) and their derivatives ddx, yd along the direction
     * (td, xd (n_state), pd (n_param), dd (n_delay)); any of these null: 0; y and yd null: not wanted */
    void (*tangent)(const void *self, const wide *t, const wide *x, const wide *p, const wide *d,
                    const wide *td, const wide *xd, const wide *pd, const wide *dd, wide *dx, wide *ddx,
                    wide *y, wide *yd);
    /* values of the entries J of a shape (model/jacobian.h) in the rows that are not linear, and dt (n_state
     * - n_linear) = df/dt there unless it is null; null: it is made of tangents */
    void (*jacobian)(const void *self, const pt_jacobian *shape, const wide *t, const wide *x, const wide *p,
                     const wide *c, const wide *d, wide *J, wide *dt);
    /* whether a derivative depends on the time itself; null: it may */
    int (*timed)(const void *self);
    /* the event with derivatives: xd <- along (td, xd, pd, valued) */
    void (*event_tangent)(const void *self, int event, const wide *value, const wide *t, wide *x,
                          const wide *p, const wide *td, wide *xd, const wide *pd);
    /* x0 (n_state) and its derivative xd along pd (n_param) */
    void (*initial_tangent)(const void *self, const wide *p, const wide *pd, wide *x, wide *xd);
    /* one lane: ddx (n_state) and dy (n_output), see pt_model_jvp */
    void (*jvp)(const void *self, double t, const double *x, const double *p, const double *xd,
                const double *pd, double *ddx, double *dy);
    /* f (n_state, n_state + n_param), h (n_output, n_state + n_param), see pt_model_pattern */
    void (*pattern)(const void *self, int8_t *f, int8_t *h);
    /* the same, see pt_model_dependence; null: that of pattern */
    void (*dependence)(const void *self, int8_t *f, int8_t *h);
    void (*destroy)(void *self);
} pt_model_functions;

struct pt_model {
    const char *name, *title, *citation, *equations;
    const char *time_unit;
    int problem; /* a test problem of the integrators, not a model of anybody */
    int n_state, n_linear, n_param, n_constant, n_output, n_dose, n_delay, n_event, n_trigger;
    int has_noise;
    const pt_field *states, *params, *outputs;
    const pt_dose_port *doses;
    const double *mass;     /* [n_state], null: all 1 */
    const int8_t *positive; /* [n_state] 1: a step may not take the state below 0; null: none */
    const pt_delay *delays;
    const pt_event *events;
    const pt_trigger *triggers; /* [n_trigger] the model's own */
    int n_organ;
    const pt_organ_sheet *const *organs;
    const pt_model_functions *functions;
    void *self;
};

/* Sizes of lane arrays on a stack. */
enum { PT_MAX_STATE = 64, PT_MAX_LINEAR = 16, PT_MAX_PARAM = 64, PT_MAX_CONSTANT = 64, PT_MAX_OUTPUT = 64 };

static inline int pt_model_n_stepped(const pt_model *model) { return model->n_state - model->n_linear; }

#endif
