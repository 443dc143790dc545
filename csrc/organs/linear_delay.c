#include "organs/linear_delay.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(LINEAR_DELAY);

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_value] = x[S_x];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)x, (void)c;
    dx[S_x] = -p[P_b] * u[N_INPUT];
}

static void event(int event, const vec *value, const vec *t, vec *x, const vec *p, const vec *c)
{
    (void)event, (void)t, (void)p, (void)c;
    x[S_x] = x[S_x] + *value;
}

const pt_organ_functions PT_ORGAN(linear_delay) = {0, 0, 0, output, rate, event, 0};

#ifndef PT_DUAL
static const pt_field states[] = {LINEAR_DELAY_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {LINEAR_DELAY_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {LINEAR_DELAY_OUTPUTS(PT_FIELD_ROW)};
static const pt_event events[] = {{"kick", "the value is added to the state"}};
static const pt_delay delays[] = {{S_x, P_tau}};

const pt_organ_sheet pt_sheet_linear_delay = {
    .name = "linear_delay",
    .title = "A linear equation with a delay",
    .citation = "Bellman, Cooke, Differential-Difference Equations, Academic Press 1963",
    .equations = "dx/dt = -b x(t - tau), x = 1 before the start",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .time_unit = "1",
    .n_delay = 1,
    .delays = delays,
    .n_event = 1,
    .events = events,
};
#endif
