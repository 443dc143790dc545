#include "organs/pk_2cpt_oral.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(PK_2CPT_ORAL);

static void linear(const vec *p, vec *K)
{
    const vec ke = p[P_CL] / p[P_V2], k23 = p[P_Q] / p[P_V2], k32 = p[P_Q] / p[P_V3];
    for (int i = 0; i < N_STATE * N_STATE; i++) K[i] = v_set(0);
    K[S_A1 * N_STATE + S_A1] = -p[P_KA];
    K[S_A2 * N_STATE + S_A1] = p[P_KA];
    K[S_A2 * N_STATE + S_A2] = -(ke + k23);
    K[S_A2 * N_STATE + S_A3] = k32;
    K[S_A3 * N_STATE + S_A2] = k23;
    K[S_A3 * N_STATE + S_A3] = -k32;
}

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)c, (void)u;
    y[Y_C] = x[S_A2] / p[P_V2];
}

const pt_organ_functions PT_ORGAN(pk_2cpt_oral) = {0, 0, linear, output, 0, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {PK_2CPT_ORAL_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {PK_2CPT_ORAL_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {PK_2CPT_ORAL_OUTPUTS(PT_FIELD_ROW)};
static const pt_dose_port doses[] = {
    {"drug", "oral", "mg", S_A1, P_F1, 1, P_ALAG1, P_D1, P_R1},
    {"drug", "intravenous", "mg", S_A2, P_F2, 1, P_ALAG2, P_D2, P_R2},
};

const pt_organ_sheet pt_sheet_pk_2cpt_oral = {
    .name = "pk_2cpt_oral",
    .title = "Two compartments with first-order absorption",
    .citation = "NONMEM 7 Users Guides, part VI, PREDPP: ADVAN4 TRANS4",
    .equations =
        "dA1/dt = -KA A1\n"
        "dA2/dt = KA A1 - (CL/V2) A2 - (Q/V2) A2 + (Q/V3) A3\n"
        "dA3/dt = (Q/V2) A2 - (Q/V3) A3\n"
        "C = A2/V2\n"
        "an oral dose adds F1 dose to A1, ALAG1 later; an intravenous one F2 dose to A2, ALAG2 later",
    .n_linear = N_STATE,
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
