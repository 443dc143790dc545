#include "organs/sensor_interstitial.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(SENSOR_INTERSTITIAL);

static void initial(const vec *p, vec *x) { x[S_C] = p[P_C0]; }

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_C] = x[S_C];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c;
    dx[S_C] = p[P_ka] * (u[U_G] - x[S_C]);
}

const pt_organ_functions PT_ORGAN(sensor_interstitial) = {0, initial, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {SENSOR_INTERSTITIAL_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {SENSOR_INTERSTITIAL_PARAMS(PT_FIELD_ROW)};
static const pt_field inputs[] = {SENSOR_INTERSTITIAL_INPUTS(PT_FIELD_ROW)};
static const pt_field outputs[] = {SENSOR_INTERSTITIAL_OUTPUTS(PT_FIELD_ROW)};

const pt_organ_sheet pt_sheet_sensor_interstitial = {
    .name = "sensor_interstitial",
    .title = "Glucose of the interstitial fluid, where a sensor sits",
    .citation = "Hovorka et al., Physiol Meas 2004;25:905-20",
    .equations = "dC/dt = ka (G - C)",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_input = N_INPUT,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .time_unit = "min",
};
#endif
