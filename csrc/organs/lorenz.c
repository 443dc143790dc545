#include "organs/lorenz.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(LORENZ);

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_X] = x[S_x];
    y[Y_Y] = x[S_y];
    y[Y_Z] = x[S_z];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    dx[S_x] = p[P_sigma] * (x[S_y] - x[S_x]);
    dx[S_y] = x[S_x] * (p[P_rho] - x[S_z]) - x[S_y];
    dx[S_z] = x[S_x] * x[S_y] - p[P_beta] * x[S_z];
}

const pt_organ_functions PT_ORGAN(lorenz) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {LORENZ_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {LORENZ_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {LORENZ_OUTPUTS(PT_FIELD_ROW)};

const pt_organ_sheet pt_sheet_lorenz = {
    .name = "lorenz",
    .title = "Lorenz's equations",
    .citation = "Lorenz, J Atmos Sci 1963;20:130-141",
    .equations = "dx/dt = sigma (y - x)\n"
                 "dy/dt = x (rho - z) - y\n"
                 "dz/dt = x y - beta z",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .time_unit = "1",
};
#endif
