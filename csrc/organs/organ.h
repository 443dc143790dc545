/* Organ: the equations of one organ, drug or disease, over lanes.
 *
 * An organ is two files: NAME.h, the sheet (equations, units, citation, enums of
 * states, parameters, inputs and outputs), and NAME.c, the same equations. The .c
 * file is compiled a second time by organs/dual.cpp with `vec` as a dual number,
 * so it uses only the operators + - * /, v_* functions and loops of constant
 * length, has no branches on values and no static data of type vec.
 *
 * Time is in hours unless the sheet says otherwise.
 */
#ifndef PT_ORGANS_ORGAN_H
#define PT_ORGANS_ORGAN_H

#include <stdint.h>

/* One state, parameter, input or output: what a reader of a table sees. */
typedef struct {
    const char *name;
    const char *unit; /* UCUM */
    const char *doc;
    double value; /* default (parameters) or initial value (states), else 0 */
    double lower; /* what the equations allow */
    double upper;
} pt_field;

/* Where a dose of a drug enters: x[state] += factor * p[bioavailability] * amount.
 * bioavailability is a parameter of the organ, or -1 for 1. */
typedef struct {
    const char *drug;
    const char *route;
    const char *unit;
    int state;
    int bioavailability;
    double factor;
} pt_dose_port;

/* The functions of an organ over one vec of lanes. x: states, p: parameters,
 * u: inputs, t: time. Lengths are those of the organ's own tables. */
#define PT_ORGAN_FUNCTIONS(vec)                                                                              \
    /* x[i] = initial state given p; null: the defaults of the table */                                      \
    void (*initial)(const vec *p, vec *x);                                                                   \
    /* K (n_linear x n_linear, row-major): d x_lin/dt = K x_lin + infusion rates; null if none */            \
    void (*linear)(const vec *p, vec *K);                                                                    \
    /* y[j] = output j; may use the inputs u of organs that come before */                                   \
    void (*output)(vec t, const vec *x, const vec *p, const vec *u, vec *y);                                 \
    /* dx[i], i in [n_linear, n_state): derivatives of the states that are not linear */                     \
    void (*rate)(vec t, const vec *x, const vec *p, const vec *u, vec *dx)

typedef struct {
    const char *name;
    const char *title;
    const char *citation;
    const char *equations; /* as text, for `pytwin info` */
    int n_linear;          /* states [0, n_linear) are the linear part */
    int n_state, n_param, n_input, n_output, n_dose;
    const pt_field *states, *params, *inputs, *outputs;
    const pt_dose_port *doses;
} pt_organ_sheet;

#endif
