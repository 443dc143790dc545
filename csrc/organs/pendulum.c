#include "organs/pendulum.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(PENDULUM);

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_position] = v_sin(x[S_angle]);
    y[Y_angle] = x[S_angle];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    dx[S_angle] = x[S_rate];
    dx[S_rate] = -p[P_g] * v_sin(x[S_angle]);
}

const pt_organ_functions PT_ORGAN(pendulum) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {PENDULUM_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {PENDULUM_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {PENDULUM_OUTPUTS(PT_FIELD_ROW)};

const pt_organ_sheet pt_sheet_pendulum = {
    .name = "pendulum",
    .title = "Pendulum",
    .citation = "Sarkka, Svensson, Bayesian Filtering and Smoothing 2023",
    .equations = "dangle/dt = rate\n"
                 "drate/dt = -g sin(angle)",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .time_unit = "s",
};
#endif
