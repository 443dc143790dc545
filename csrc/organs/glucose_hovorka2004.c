#include "organs/glucose_hovorka2004.h"
#include "organs/functions.h"
#include "organs/quadratic_body.h"

PT_ORGAN_ENUMS(GLUCOSE_HOVORKA2004);
enum {
    C_per_VG, /* 1/(VG BW) */
    C_F01,    /* F01 BW */
    C_F01_Q1, /* F01 BW/(GF VG BW): F01c = F01c_Q1 Q1 below GF */
    C_EGP0,   /* EGP0 BW */
    C_Q1_R,   /* GR VG BW: Q1 at the renal threshold */
    C_kG,
    C_kI,      /* 1/tmaxG, 1/tmaxI */
    C_S2_to_I, /* 1/(tmaxI VI BW) */
    N_CONSTANT
};

static void constants(const vec *p, vec *c)
{
    const vec one = v_set(1);
    const vec VG = p[P_VG] * p[P_BW], VI = p[P_VI] * p[P_BW];
    c[C_per_VG] = one / VG;
    c[C_F01] = p[P_F01] * p[P_BW];
    c[C_F01_Q1] = c[C_F01] / (p[P_GF] * VG);
    c[C_EGP0] = p[P_EGP0] * p[P_BW];
    c[C_Q1_R] = p[P_GR] * VG;
    c[C_kG] = one / p[P_tmaxG];
    c[C_kI] = one / p[P_tmaxI];
    c[C_S2_to_I] = one / (p[P_tmaxI] * VI);
}

/* F01c + FR, from Q1 */
static vec spent(vec Q1, const vec *p, const vec *c)
{
    const vec F01c = v_min(c[C_F01], c[C_F01_Q1] * Q1);
    const vec FR = p[P_kR] * v_max(v_set(0), Q1 - c[C_Q1_R]);
    return F01c + FR;
}

static void initial(const vec *p, vec *x)
{
    vec c[N_CONSTANT];
    constants(p, c);
    const vec Q1 = p[P_G0] * p[P_VG] * p[P_BW], F = spent(Q1, p, c) - c[C_EGP0];
    const vec hold = c[C_EGP0] * p[P_SIE];
    const vec I =
        positive_root((p[P_SIT] * Q1 + hold) * p[P_SID], F * p[P_SID] + hold * p[P_k12], -F * p[P_k12]);
    x[S_Q1] = Q1;
    x[S_I] = I;
    x[S_x1] = p[P_SIT] * I;
    x[S_x2] = p[P_SID] * I;
    x[S_x3] = p[P_SIE] * I;
    x[S_Q2] = x[S_x1] * Q1 / (p[P_k12] + x[S_x2]);
    x[S_S1] = x[S_S2] = p[P_ke] * I / c[C_S2_to_I];
    x[S_D1] = x[S_D2] = v_set(0);
}

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)u;
    y[Y_G] = x[S_Q1] * c[C_per_VG];
    y[Y_I] = x[S_I];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)u;
    const vec back = p[P_k12] * x[S_Q2], there = x[S_x1] * x[S_Q1];
    const vec EGP = c[C_EGP0] * v_max(v_set(0), v_set(1) - x[S_x3]);
    const vec Ra = c[C_kG] * x[S_D2];
    dx[S_Q1] = (Ra + EGP) + (back - there) - spent(x[S_Q1], p, c);
    dx[S_Q2] = there - back - x[S_x2] * x[S_Q2];
    dx[S_S1] = -(c[C_kI] * x[S_S1]);
    dx[S_S2] = c[C_kI] * (x[S_S1] - x[S_S2]);
    dx[S_I] = c[C_S2_to_I] * x[S_S2] - p[P_ke] * x[S_I];
    dx[S_x1] = p[P_ka1] * (p[P_SIT] * x[S_I] - x[S_x1]);
    dx[S_x2] = p[P_ka2] * (p[P_SID] * x[S_I] - x[S_x2]);
    dx[S_x3] = p[P_ka3] * (p[P_SIE] * x[S_I] - x[S_x3]);
    dx[S_D1] = -(c[C_kG] * x[S_D1]);
    dx[S_D2] = c[C_kG] * (x[S_D1] - x[S_D2]);
}

const pt_organ_functions PT_ORGAN(glucose_hovorka2004) = {constants, initial, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const pt_field states[] = {GLUCOSE_HOVORKA2004_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {GLUCOSE_HOVORKA2004_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {GLUCOSE_HOVORKA2004_OUTPUTS(PT_FIELD_ROW)};
/* g of carbohydrate as mmol of glucose, U of insulin as mU */
static const pt_dose_port doses[] = {
    {"carbohydrate", "oral", "g", S_D1, P_AG, 1000 / 180.16, -1, -1, -1},
    {"insulin", "subcutaneous", "U", S_S1, -1, 1000, -1, -1, -1},
};

const pt_organ_sheet pt_sheet_glucose_hovorka2004 = {
    .name = "glucose_hovorka2004",
    .title = "Glucose and insulin in type 1 diabetes, meals and insulin under the skin, ten states",
    .citation = "Hovorka et al., Physiol Meas 2004;25:905-20",
    .equations = "G = Q1/(VG BW)\n"
                 "F01c = F01 BW min(1, G/GF), FR = kR max(0, G - GR) VG BW\n"
                 "dQ1/dt = D2/tmaxG + EGP0 BW max(0, 1 - x3) + k12 Q2 - x1 Q1 - F01c - FR\n"
                 "dQ2/dt = x1 Q1 - (k12 + x2) Q2\n"
                 "dS1/dt = u - S1/tmaxI, dS2/dt = (S1 - S2)/tmaxI\n"
                 "dI/dt = S2/(tmaxI VI BW) - ke I\n"
                 "dx1/dt = ka1 (SIT I - x1), dx2/dt = ka2 (SID I - x2), dx3/dt = ka3 (SIE I - x3)\n"
                 "dD1/dt = AG Dg - D1/tmaxG, dD2/dt = (D1 - D2)/tmaxG\n"
                 "u: insulin given, mU/min; Dg: carbohydrate eaten, mmol/min (1 g = 1000/180.16 mmol)\n"
                 "start: the steady state at glucose G0, held by a basal u = S1/tmaxI",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .n_dose = 2,
    .n_constant = N_CONSTANT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .doses = doses,
    .time_unit = "min",
};
#endif
