#include "organs/coagulation_hamberg2007.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(COAGULATION_HAMBERG2007);
enum { C_k1, C_k2, C_log_EC50, N_CONSTANT };

static void constants(const vec *p, vec *c)
{
    c[C_k1] = v_set(6) / p[P_MTT1];
    c[C_k2] = v_set(1) / p[P_MTT2];
    c[C_log_EC50] = v_log(p[P_EC50]);
}

/* Above 0, so that a power of a negative number (sigma points, rounding) is that of 0 instead of no value. */
static vec positive(vec a) { return v_max(a, v_set(1e-300)); }

/* E = Emax Cs^gamma / (EC50^gamma + Cs^gamma) = Emax q / (1 + q), q = (Cs/EC50)^gamma */
static vec inhibition(const vec *p, const vec *c, const vec *u)
{
    const vec q = v_exp(p[P_gamma] * (v_log(positive(u[U_Cs])) - c[C_log_EC50]));
    return p[P_Emax] * q / (v_set(1) + q);
}

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)c, (void)u;
    const vec lost = positive(v_set(1) - x[S_C6] * x[S_C7]);
    y[Y_INR] = p[P_BASE] + p[P_INRmax] * v_exp(p[P_lambda] * v_log(lost));
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t;
    const vec k1 = c[C_k1], k2 = c[C_k2];
    const vec in = v_set(1) - inhibition(p, c, u);
    dx[S_C1] = k1 * (in - x[S_C1]);
    for (int i = S_C2; i <= S_C6; i++) dx[i] = k1 * (x[i - 1] - x[i]);
    dx[S_C7] = k2 * (in - x[S_C7]);
}

const pt_organ_functions PT_ORGAN(coagulation_hamberg2007) = {constants, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {COAGULATION_HAMBERG2007_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {COAGULATION_HAMBERG2007_PARAMS(PT_FIELD_ROW)};
static const pt_field inputs[] = {COAGULATION_HAMBERG2007_INPUTS(PT_FIELD_ROW)};
static const pt_field outputs[] = {COAGULATION_HAMBERG2007_OUTPUTS(PT_FIELD_ROW)};

const pt_organ_sheet pt_sheet_coagulation_hamberg2007 = {
    .name = "coagulation_hamberg2007",
    .title = "INR response to S-warfarin, a chain of six transit compartments beside a single one",
    .citation = "Hamberg et al., Clin Pharmacol Ther 2007;81:529-38",
    .equations = "E = Emax Cs^gamma/(EC50^gamma + Cs^gamma)\n"
                 "dC1/dt = k1 (1 - E - C1), dCi/dt = k1 (C(i-1) - Ci) for i = 2..6, k1 = 6/MTT1\n"
                 "dC7/dt = k2 (1 - E - C7), k2 = 1/MTT2\n"
                 "INR = BASE + INRmax (1 - C6 C7)^lambda",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_input = N_INPUT,
    .n_output = N_OUTPUT,
    .n_constant = N_CONSTANT,
    .states = states,
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
};
#endif
