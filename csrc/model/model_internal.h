/* What integrators and filters see of a model: its sizes, and one small table of
 * functions over lanes. Built-in models fill the table by wiring organs together
 * (wiring.h); a model that is read from a file may fill it with an interpreter.
 *
 * Arrays of vec hold [vec j][state i]. The linear states come first.
 */
#ifndef PT_MODEL_MODEL_INTERNAL_H
#define PT_MODEL_MODEL_INTERNAL_H

#include "lanes/vec.h"
#include "pytwin.h"

/* n is the number of vecs; self belongs to the implementation. No function may fail, allocate or
 * look across lanes: a value that does not exist is NaN in its lane. */
typedef struct {
    /* x (n, n_state) = initial state under p (n, n_param) */
    void (*initial)(const void *self, int n, const vec *p, vec *x);
    /* K (n, n_linear, n_linear): d x_lin/dt = K x_lin + inflow */
    void (*linear)(const void *self, int n, const vec *p, vec *K);
    /* dx (n, n_state - n_linear) = derivatives of the states that are not linear, without inflow */
    void (*rate)(const void *self, int n, const vec *t, const vec *x, const vec *p, vec *dx);
    /* y (n, n_output) */
    void (*output)(const void *self, int n, const vec *t, const vec *x, const vec *p, vec *y);
    /* one lane: ddx (n_state) and dy (n_output), see pt_model_jvp */
    void (*jvp)(const void *self, double t, const double *x, const double *p, const double *xd,
                const double *pd, double *ddx, double *dy);
    /* f (n_state, n_state + n_param), h (n_output, n_state + n_param), see pt_model_pattern */
    void (*pattern)(const void *self, int8_t *f, int8_t *h);
    void (*destroy)(void *self);
} pt_model_functions;

struct pt_model {
    const char *name, *title, *citation, *equations;
    int n_state, n_linear, n_param, n_output, n_dose;
    const pt_field *states, *params, *outputs;
    const pt_dose_port *doses;
    int n_organ;
    const pt_organ_sheet *const *organs;
    const pt_model_functions *functions;
    void *self;
};

/* Sizes of lane arrays on a stack. */
enum { PT_MAX_STATE = 96, PT_MAX_LINEAR = 24, PT_MAX_PARAM = 96, PT_MAX_OUTPUT = 96 };

static inline int pt_model_n_stepped(const pt_model *model) { return model->n_state - model->n_linear; }

#endif
