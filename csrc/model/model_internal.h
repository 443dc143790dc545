/* What integrators and filters see of a model: its sizes, and one small table of
 * functions over lanes. Built-in models fill the table by wiring organs together
 * (wiring.h); a model that is read from a file may fill it with an interpreter.
 *
 * Each function works on one wide of lanes: x[i] is state i in all of them. The linear states come first.
 */
#ifndef PT_MODEL_MODEL_INTERNAL_H
#define PT_MODEL_MODEL_INTERNAL_H

#include "lanes/wide.h"
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
    /* dx (n_state - n_linear) = derivatives of the states that are not linear, without inflow */
    void (*rate)(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, wide *dx);
    /* y (n_output) */
    void (*output)(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, wide *y);
    /* one lane: ddx (n_state) and dy (n_output), see pt_model_jvp */
    void (*jvp)(const void *self, double t, const double *x, const double *p, const double *xd,
                const double *pd, double *ddx, double *dy);
    /* f (n_state, n_state + n_param), h (n_output, n_state + n_param), see pt_model_pattern */
    void (*pattern)(const void *self, int8_t *f, int8_t *h);
    void (*destroy)(void *self);
} pt_model_functions;

struct pt_model {
    const char *name, *title, *citation, *equations;
    int n_state, n_linear, n_param, n_constant, n_output, n_dose;
    const pt_field *states, *params, *outputs;
    const pt_dose_port *doses;
    int n_organ;
    const pt_organ_sheet *const *organs;
    const pt_model_functions *functions;
    void *self;
};

/* Sizes of lane arrays on a stack. */
enum { PT_MAX_STATE = 64, PT_MAX_LINEAR = 16, PT_MAX_PARAM = 64, PT_MAX_CONSTANT = 64, PT_MAX_OUTPUT = 64 };

static inline int pt_model_n_stepped(const pt_model *model) { return model->n_state - model->n_linear; }

#endif
