#include "organs/henon_heiles.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(HENON_HEILES);

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_r] = v_sqrt(x[S_x] * x[S_x] + x[S_y] * x[S_y]);
    y[Y_y] = x[S_y];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    const vec first = x[S_x], second = x[S_y], lambda = p[P_lambda];
    dx[S_x] = x[S_u];
    dx[S_y] = x[S_v];
    dx[S_u] = -first - v_set(2) * lambda * first * second;
    dx[S_v] = -second - lambda * (first * first - second * second);
}

const pt_organ_functions PT_ORGAN(henon_heiles) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {HENON_HEILES_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {HENON_HEILES_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {HENON_HEILES_OUTPUTS(PT_FIELD_ROW)};

const pt_organ_sheet pt_sheet_henon_heiles = {
    .name = "henon_heiles",
    .title = "Henon and Heiles' star in a galaxy",
    .citation = "Henon, Heiles, Astron J 1964;69:73-79",
    .equations = "dx/dt = u, dy/dt = v\n"
                 "du/dt = -x - 2 lambda x y\n"
                 "dv/dt = -y - lambda (x^2 - y^2)",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .time_unit = "1",
};
#endif
