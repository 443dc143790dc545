#include "organs/liver_swarfarin_1cpt.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(LIVER_SWARFARIN_1CPT);
enum { C_per_V, N_CONSTANT };

static void constants(const vec *p, vec *c) { c[C_per_V] = v_set(1) / p[P_V]; }

static void linear(const vec *p, vec *K)
{
    const vec ka = p[P_ka], ke = p[P_CL] / p[P_V];
    K[S_A1 * N_STATE + S_A1] = -ka;
    K[S_A1 * N_STATE + S_A2] = v_set(0);
    K[S_A2 * N_STATE + S_A1] = ka;
    K[S_A2 * N_STATE + S_A2] = -ke;
}

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)u;
    y[Y_Cs] = x[S_A2] * c[C_per_V];
}

const pt_organ_functions PT_ORGAN(liver_swarfarin_1cpt) = {constants, 0, linear, output, 0, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {LIVER_SWARFARIN_1CPT_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {LIVER_SWARFARIN_1CPT_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {LIVER_SWARFARIN_1CPT_OUTPUTS(PT_FIELD_ROW)};
static const pt_dose_port doses[] = {{"warfarin", "oral", "mg", S_A1, P_F, 0.5, -1, -1, -1}};

const pt_organ_sheet pt_sheet_liver_swarfarin_1cpt = {
    .name = "liver_swarfarin_1cpt",
    .title = "S-warfarin, one compartment with first-order absorption",
    .citation = "Hamberg et al., Clin Pharmacol Ther 2010;87:727-34",
    .equations = "dA1/dt = -ka A1\n"
                 "dA2/dt = ka A1 - (CL/V) A2\n"
                 "Cs = A2/V\n"
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
