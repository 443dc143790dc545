#include "organs/tgi_claret.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(TGI_CLARET);

static void initial(const vec *p, vec *x) { x[S_Y] = p[P_Y0]; }

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_SLD] = x[S_Y];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)c, (void)u;
    const vec kill = p[P_KD] * v_exp(-p[P_lambda] * t[0]) * p[P_E];
    dx[S_Y] = (p[P_KL] - kill) * x[S_Y];
}

const pt_organ_functions PT_ORGAN(tgi_claret) = {0, initial, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {TGI_CLARET_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {TGI_CLARET_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {TGI_CLARET_OUTPUTS(PT_FIELD_ROW)};

const pt_organ_sheet pt_sheet_tgi_claret = {
    .name = "tgi_claret",
    .title = "Tumour growth inhibition",
    .citation = "Claret et al., J Clin Oncol 2009;27:4103-8",
    .equations = "dY/dt = KL Y - KD exp(-lambda t) E Y, Y(0) = Y0\n"
                 "SLD = Y",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .time_unit = "d",
};
#endif
