#include "organs/liver_swarfarin_2cpt.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(LIVER_SWARFARIN_2CPT);
enum { C_per_V1, N_CONSTANT };

static void constants(const vec *p, vec *c) { c[C_per_V1] = v_set(1) / p[P_V1]; }

static void linear(const vec *p, vec *K)
{
    const vec ka = p[P_ka], ke = p[P_CL] / p[P_V1], k12 = p[P_Q] / p[P_V1], k21 = p[P_Q] / p[P_V2];
    for (int i = 0; i < N_STATE * N_STATE; i++) K[i] = v_set(0);
    K[S_A1 * N_STATE + S_A1] = -ka;
    K[S_A2 * N_STATE + S_A1] = ka;
    K[S_A2 * N_STATE + S_A2] = -(ke + k12);
    K[S_A2 * N_STATE + S_A3] = k21;
    K[S_A3 * N_STATE + S_A2] = k12;
    K[S_A3 * N_STATE + S_A3] = -k21;
}

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)u;
    y[Y_Cs] = x[S_A2] * c[C_per_V1];
}

const pt_organ_functions PT_ORGAN(liver_swarfarin_2cpt) = {constants, 0, linear, output, 0, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {LIVER_SWARFARIN_2CPT_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {LIVER_SWARFARIN_2CPT_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {LIVER_SWARFARIN_2CPT_OUTPUTS(PT_FIELD_ROW)};
static const pt_dose_port doses[] = {{"warfarin", "oral", "mg", S_A1, P_F, 0.5, -1, -1, -1}};

const pt_organ_sheet pt_sheet_liver_swarfarin_2cpt = {
    .name = "liver_swarfarin_2cpt",
    .title = "S-warfarin, two compartments with first-order absorption",
    .citation = "Hamberg et al., Clin Pharmacol Ther 2007;81:529-38",
    .equations = "dA1/dt = -ka A1\n"
                 "dA2/dt = ka A1 - (CL/V1) A2 - (Q/V1) A2 + (Q/V2) A3\n"
                 "dA3/dt = (Q/V1) A2 - (Q/V2) A3\n"
                 "Cs = A2/V1\n"
                 "a dose of racemic warfarin adds F dose/2 to A1",
    .n_linear = N_STATE,
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .n_dose = 1,
    .n_constant = N_CONSTANT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .doses = doses,
};
#endif
