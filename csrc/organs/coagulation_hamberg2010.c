#include "organs/coagulation_hamberg2010.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(COAGULATION_HAMBERG2010);
enum { C_k1, C_k2, C_log_EC50, N_CONSTANT };

static void constants(const vec *p, vec *c)
{
    c[C_k1] = v_set(3) / p[P_MTT1];
    c[C_k2] = v_set(3) / p[P_MTT2];
    c[C_log_EC50] = v_log(p[P_EC50]);
}

/* E = Emax Cs^gamma / (EC50^gamma + Cs^gamma) = Emax q / (1 + q), q = (Cs/EC50)^gamma. Cs is
 * kept above 0, so that a sigma point with a negative amount has no effect instead of no value. */
static vec inhibition(const vec *p, const vec *c, const vec *u)
{
    const vec Cs = v_max(u[U_Cs], v_set(1e-300));
    const vec q = v_exp(p[P_gamma] * (v_log(Cs) - c[C_log_EC50]));
    return p[P_Emax] * q / (v_set(1) + q);
}

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)c, (void)u;
    y[Y_INR] = p[P_BASE] + p[P_INRmax] * (v_set(1) - v_set(0.5) * (x[S_C3] + x[S_C6]));
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t;
    const vec k1 = c[C_k1], k2 = c[C_k2];
    const vec in = v_set(1) - inhibition(p, c, u);
    dx[S_C1] = k1 * (in - x[S_C1]);
    dx[S_C2] = k1 * (x[S_C1] - x[S_C2]);
    dx[S_C3] = k1 * (x[S_C2] - x[S_C3]);
    dx[S_C4] = k2 * (in - x[S_C4]);
    dx[S_C5] = k2 * (x[S_C4] - x[S_C5]);
    dx[S_C6] = k2 * (x[S_C5] - x[S_C6]);
}

const pt_organ_functions PT_ORGAN(coagulation_hamberg2010) = {constants, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {COAGULATION_HAMBERG2010_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {COAGULATION_HAMBERG2010_PARAMS(PT_FIELD_ROW)};
static const pt_field inputs[] = {COAGULATION_HAMBERG2010_INPUTS(PT_FIELD_ROW)};
static const pt_field outputs[] = {COAGULATION_HAMBERG2010_OUTPUTS(PT_FIELD_ROW)};

const pt_organ_sheet pt_sheet_coagulation_hamberg2010 = {
    .name = "coagulation_hamberg2010",
    .title = "INR response to S-warfarin, two parallel chains of three transit compartments",
    .citation = "Hamberg et al., Clin Pharmacol Ther 2010;87:727-34",
    .equations = "E = Emax Cs^gamma/(EC50^gamma + Cs^gamma)\n"
                 "dC1/dt = k1 (1 - E - C1), dC2/dt = k1 (C1 - C2), dC3/dt = k1 (C2 - C3), k1 = 3/MTT1\n"
                 "dC4/dt = k2 (1 - E - C4), dC5/dt = k2 (C4 - C5), dC6/dt = k2 (C5 - C6), k2 = 3/MTT2\n"
                 "INR = BASE + INRmax (1 - (C3 + C6)/2)",
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
