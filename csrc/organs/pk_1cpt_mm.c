#include "organs/pk_1cpt_mm.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(PK_1CPT_MM);
enum { N_LINEAR = 1 };

static void linear(const vec *p, vec *K) { K[0] = -p[P_KA]; }

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)c, (void)u;
    y[Y_C] = x[S_A2] / p[P_V];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    const vec C = x[S_A2] / p[P_V];
    dx[S_A2 - N_LINEAR] = p[P_KA] * x[S_A1] - p[P_VM] * C / (p[P_KM] + C);
}

const pt_organ_functions PT_ORGAN(pk_1cpt_mm) = {0, 0, linear, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {PK_1CPT_MM_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {PK_1CPT_MM_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {PK_1CPT_MM_OUTPUTS(PT_FIELD_ROW)};
static const pt_dose_port doses[] = {
    {"drug", "oral", "mg", S_A1, P_F1, 1, P_ALAG1, P_D1, P_R1},
    {"drug", "intravenous", "mg", S_A2, P_F2, 1, P_ALAG2, P_D2, P_R2},
};

const pt_organ_sheet pt_sheet_pk_1cpt_mm = {
    .name = "pk_1cpt_mm",
    .title = "One compartment with first-order absorption and Michaelis-Menten elimination",
    .citation = "NONMEM 7 Users Guides, part VI, PREDPP: ADVAN10; phenytoin by Grasela et al., Clin "
                "Pharmacokinet 1983;8:355-64",
    .equations =
        "dA1/dt = -KA A1\n"
        "C = A2/V\n"
        "dA2/dt = KA A1 - VM C/(KM + C)\n"
        "an oral dose adds F1 dose to A1, ALAG1 later; an intravenous one F2 dose to A2, ALAG2 later",
    .n_linear = N_LINEAR,
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .n_dose = 2,
    .states = states,
    .params = params,
    .outputs = outputs,
    .doses = doses,
};
#endif
