/* Organ: the equations of one organ, drug or disease, over lanes.
 *
 * An organ is two files: NAME.h, the sheet (equations, units, citation, lists of
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
    double value;     /* default (parameters) or initial value (states), else 0 */
    double lower;     /* what the equations allow */
    double upper;
    const char *doc;
} pt_field;

/* Where a dose of a drug enters: x[state] += factor * p[bioavailability] * amount, p[lag] later. An infusion
 * may take its duration from p[duration], or its rate from p[rate]. Each is a parameter of the organ, or -1:
 * bioavailability 1, no lag. */
typedef struct {
    const char *drug;
    const char *route;
    const char *unit;
    int state;
    int bioavailability;
    double factor;
    int lag, duration, rate;
} pt_dose_port;

/* A pure delay: the organ's equations see x[state] at the time t - p[param]. */
typedef struct {
    int state, param;
} pt_delay;

/* A jump of the organ's states that a schedule can ask for by name. */
typedef struct {
    const char *name;
    const char *doc;
} pt_event;

/* An event that the organ's own output calls: where it crosses the threshold upwards (direction 1), downwards
 * (-1) or either way (0). */
typedef struct {
    int output;
    int direction;
    double threshold;
    int event;
} pt_own_trigger;

typedef struct {
    const char *name;
    const char *title;
    const char *citation;
    const char *equations; /* as text, for `pytwin info` */
    int n_linear;          /* states [0, n_linear) are the linear part */
    int n_state, n_param, n_input, n_output, n_dose;
    int n_constant; /* see constants in organs/functions.h */
    const pt_field *states, *params, *inputs, *outputs;
    const pt_dose_port *doses;
    const char *time_unit;  /* null: h; all organs of a model have the same */
    const double *mass;     /* [n_state] M in M dx/dt = f(x); 0: an algebraic state, 0 = f; null: all 1 */
    const int8_t *positive; /* [n_state] 1: a step may not take the state below 0; null: none */
    int n_delay, n_event, n_trigger;
    const pt_delay *delays; /* state and param in the organ's numbering */
    const pt_event *events;
    const pt_own_trigger *triggers; /* output and event in the organ's numbering */
} pt_organ_sheet;

/* A sheet lists its fields once, as X(name, unit, value, lower, upper, doc); the
 * lists yield the enums (S_ states, P_ parameters, U_ inputs, Y_ outputs) and the tables. */
#define PT_STATE_INDEX(name, ...)                          S_##name,
#define PT_PARAM_INDEX(name, ...)                          P_##name,
#define PT_INPUT_INDEX(name, ...)                          U_##name,
#define PT_OUTPUT_INDEX(name, ...)                         Y_##name,
#define PT_FIELD_ROW(name, unit, value, lower, upper, doc) {#name, unit, value, lower, upper, doc},

/* The enums of the organ whose lists start with PREFIX. */
#define PT_ORGAN_ENUMS(PREFIX)                                                                               \
    enum { PREFIX##_STATES(PT_STATE_INDEX) N_STATE };                                                        \
    enum { PREFIX##_PARAMS(PT_PARAM_INDEX) N_PARAM };                                                        \
    enum { PREFIX##_INPUTS(PT_INPUT_INDEX) N_INPUT };                                                        \
    enum { PREFIX##_OUTPUTS(PT_OUTPUT_INDEX) N_OUTPUT }

#endif
