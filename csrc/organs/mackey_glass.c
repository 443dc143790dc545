#include "organs/mackey_glass.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(MACKEY_GLASS);

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_cells] = x[S_x];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c;
    const vec late = v_max(u[N_INPUT], v_set(0));
    dx[S_x] = p[P_beta] * late / (v_set(1) + v_pow(late, p[P_n])) - p[P_gamma] * x[S_x];
}

const pt_organ_functions PT_ORGAN(mackey_glass) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {MACKEY_GLASS_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {MACKEY_GLASS_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {MACKEY_GLASS_OUTPUTS(PT_FIELD_ROW)};
static const pt_delay delays[] = {{S_x, P_tau}};

const pt_organ_sheet pt_sheet_mackey_glass = {
    .name = "mackey_glass",
    .title = "Mackey and Glass: production of blood cells that answers late",
    .citation = "Mackey, Glass, Science 1977;197:287-289",
    .equations = "dx/dt = beta x(t - tau)/(1 + x(t - tau)^n) - gamma x",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .time_unit = "1",
    .n_delay = 1,
    .delays = delays,
};
#endif
