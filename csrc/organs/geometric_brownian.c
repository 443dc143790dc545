#include "organs/geometric_brownian.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(GEOMETRIC_BROWNIAN);

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_value] = x[S_x];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    dx[S_x] = p[P_mu] * x[S_x];
}

static void noise(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *g)
{
    (void)t, (void)x, (void)c, (void)u;
    g[S_x] = p[P_sigma] * x[S_x];
}

const pt_organ_functions PT_ORGAN(geometric_brownian) = {0, 0, 0, output, rate, 0, noise};

#ifndef PT_DUAL
static const pt_field states[] = {GEOMETRIC_BROWNIAN_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {GEOMETRIC_BROWNIAN_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {GEOMETRIC_BROWNIAN_OUTPUTS(PT_FIELD_ROW)};

const pt_organ_sheet pt_sheet_geometric_brownian = {
    .name = "geometric_brownian",
    .title = "Geometric Brownian motion",
    .citation =
        "Kloeden, Platen, Numerical Solution of Stochastic Differential Equations, Springer 1992, 4.4",
    .equations = "dx = mu x dt + sigma x dW (Ito)",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .time_unit = "1",
};
#endif
