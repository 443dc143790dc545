#include "organs/ornstein_uhlenbeck.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(ORNSTEIN_UHLENBECK);

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_value] = x[S_x];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    dx[S_x] = p[P_theta] * (p[P_mu] - x[S_x]);
}

static void noise(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *g)
{
    (void)t, (void)x, (void)c, (void)u;
    g[S_x] = p[P_sigma];
}

const pt_organ_functions PT_ORGAN(ornstein_uhlenbeck) = {0, 0, 0, output, rate, 0, noise};

#ifndef PT_DUAL
static const pt_field states[] = {ORNSTEIN_UHLENBECK_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {ORNSTEIN_UHLENBECK_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {ORNSTEIN_UHLENBECK_OUTPUTS(PT_FIELD_ROW)};

const pt_organ_sheet pt_sheet_ornstein_uhlenbeck = {
    .name = "ornstein_uhlenbeck",
    .title = "Ornstein-Uhlenbeck process",
    .citation = "Uhlenbeck, Ornstein, Phys Rev 1930;36:823-841",
    .equations = "dx = theta (mu - x) dt + sigma dW (Ito)",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .time_unit = "1",
};
#endif
