#include "organs/glucose_dallaman2007.h"
#include "organs/functions.h"
#include "organs/stomach_body.h"

PT_ORGAN_ENUMS(GLUCOSE_DALLAMAN2007);
enum { EVENT_MEAL, N_EVENT };
enum {
    C_per_VG,
    C_per_VI,
    C_Ra,    /* f kabs/BW */
    C_range, /* kmax - kmin */
    C_slope_b,
    C_slope_d,
    C_at_b, /* see stomach_body.h */
    N_CONSTANT
};

#define MG_PER_G 1000.0

static void constants(const vec *p, vec *c)
{
    const vec one = v_set(1);
    c[C_per_VG] = one / p[P_VG];
    c[C_per_VI] = one / p[P_VI];
    c[C_Ra] = p[P_f] * p[P_kabs] / p[P_BW];
    c[C_range] = p[P_kmax] - p[P_kmin];
    c[C_slope_b] = v_set(5) / (one - p[P_b]);
    c[C_slope_d] = v_set(5) / p[P_d];
    c[C_at_b] = c[C_slope_b] * p[P_b];
}

static void initial(const vec *p, vec *x)
{
    for (int i = 0; i < N_STATE; i++) x[i] = v_set(0);
    x[S_Gp] = p[P_Gb] * p[P_VG];
    x[S_Gt] = p[P_Gtb];
    x[S_Ip] = p[P_Ib] * p[P_VI];
    x[S_Il] = (p[P_m2] + p[P_m4]) / p[P_m1] * x[S_Ip];
    x[S_I1] = x[S_Id] = p[P_Ib];
    x[S_Ipo] = p[P_Sb] / p[P_gamma];
}

static vec positive(vec a) { return v_max(v_set(0), a); }

static vec production(const vec *x, const vec *p)
{
    return p[P_kp1] - p[P_kp2] * x[S_Gp] - p[P_kp3] * x[S_Id] - p[P_kp4] * x[S_Ipo];
}

static vec excretion(const vec *x, const vec *p) { return p[P_ke1] * positive(x[S_Gp] - p[P_ke2]); }

static vec uptake(const vec *x, const vec *p)
{
    return (p[P_Vm0] + p[P_Vmx] * x[S_X]) * x[S_Gt] / (p[P_Km0] + x[S_Gt]);
}

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)u;
    y[Y_G] = x[S_Gp] * c[C_per_VG];
    y[Y_I] = x[S_Ip] * c[C_per_VI];
    y[Y_S] = p[P_gamma] * x[S_Ipo];
    y[Y_EGP] = production(x, p);
    y[Y_Ra] = c[C_Ra] * x[S_Qg];
    y[Y_E] = excretion(x, p);
    y[Y_U] = uptake(x, p);
}

static void rate_meal(const vec *x, const vec *p, const vec *c, vec *dx)
{
    const stomach s = {p[P_kmax], c[C_range], c[C_slope_b], c[C_slope_d], c[C_at_b]};
    const vec out = emptying(x[S_Q1] + x[S_Q2], x[S_Dbar], s) * x[S_Q2], ground = p[P_kgri] * x[S_Q1];
    dx[S_Q1] = -ground;
    dx[S_Q2] = ground - out;
    dx[S_Qg] = out - p[P_kabs] * x[S_Qg];
    dx[S_Dbar] = v_set(0);
}

static void rate_insulin(const vec *x, const vec *p, const vec *c, vec *dx)
{
    const vec I = x[S_Ip] * c[C_per_VI], S = p[P_gamma] * x[S_Ipo];
    const vec HE = p[P_m6] - p[P_m5] * S, m3 = p[P_m1] * HE / (v_set(1) - HE);
    dx[S_Il] = p[P_m2] * x[S_Ip] - (p[P_m1] + m3) * x[S_Il] + S;
    dx[S_Ip] = p[P_m1] * x[S_Il] - (p[P_m2] + p[P_m4]) * x[S_Ip];
    dx[S_I1] = p[P_ki] * (I - x[S_I1]);
    dx[S_Id] = p[P_ki] * (x[S_I1] - x[S_Id]);
    dx[S_X] = p[P_p2U] * (I - p[P_Ib] - x[S_X]);
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)u;
    const vec to_tissue = p[P_k1] * x[S_Gp] - p[P_k2] * x[S_Gt];
    const vec gain = production(x, p) + c[C_Ra] * x[S_Qg] - p[P_Fcns] - excretion(x, p);
    const vec above = p[P_beta] * (x[S_Gp] * c[C_per_VG] - p[P_Gb]);
    rate_meal(x, p, c, dx);
    rate_insulin(x, p, c, dx);
    dx[S_Gp] = gain - to_tissue;
    dx[S_Gt] = to_tissue - uptake(x, p);
    dx[S_Y] = p[P_alpha] * (v_max(above, -p[P_Sb]) - x[S_Y]);
    dx[S_Ipo] = x[S_Y] + p[P_K] * positive(dx[S_Gp] * c[C_per_VG]) + p[P_Sb] - p[P_gamma] * x[S_Ipo];
}

static void event(int event, const vec *value, const vec *t, vec *x, const vec *p, const vec *c)
{
    (void)event, (void)t, (void)p, (void)c;
    x[S_Q1] = x[S_Q1] + v_set(MG_PER_G) * *value;
    x[S_Dbar] = x[S_Q1] + x[S_Q2];
}

const pt_organ_functions PT_ORGAN(glucose_dallaman2007) = {constants, initial, 0, output, rate, event, 0};

#ifndef PT_DUAL
static const pt_field states[] = {GLUCOSE_DALLAMAN2007_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {GLUCOSE_DALLAMAN2007_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {GLUCOSE_DALLAMAN2007_OUTPUTS(PT_FIELD_ROW)};
static const pt_event events[N_EVENT] = {{"meal", "so many g of carbohydrate are eaten at once"}};

const pt_organ_sheet pt_sheet_glucose_dallaman2007 = {
    .name = "glucose_dallaman2007",
    .title = "Glucose and insulin after a meal without diabetes",
    .citation = "Dalla Man et al., IEEE Trans Biomed Eng 2007;54:1740-9",
    .equations =
        "G = Gp/VG, I = Ip/VI, S = gamma Ipo, r = (Q1 + Q2)/Dbar\n"
        "kemp = kmin + (kmax - kmin)/2 (tanh(5/2 (r - b)/(1 - b)) - tanh(5/2 (r - d)/d) + 2), kmax before "
        "any meal\n"
        "dQ1/dt = -kgri Q1, dQ2/dt = kgri Q1 - kemp Q2, dQg/dt = kemp Q2 - kabs Qg, Ra = f kabs Qg/BW\n"
        "EGP = kp1 - kp2 Gp - kp3 Id - kp4 Ipo, E = ke1 max(0, Gp - ke2), U = (Vm0 + Vmx X) Gt/(Km0 + Gt)\n"
        "dGp/dt = EGP + Ra - Fcns - E - k1 Gp + k2 Gt, dGt/dt = -U + k1 Gp - k2 Gt\n"
        "HE = -m5 S + m6, m3 = m1 HE/(1 - HE)\n"
        "dIl/dt = -(m1 + m3) Il + m2 Ip + S, dIp/dt = -(m2 + m4) Ip + m1 Il\n"
        "dI1/dt = -ki (I1 - I), dId/dt = -ki (Id - I1), dX/dt = -p2U (X - (I - Ib))\n"
        "dY/dt = -alpha (Y - max(beta (G - Gb), -Sb))\n"
        "dIpo/dt = -gamma Ipo + Y + K max(0, dG/dt) + Sb\n"
        "meal of g grams: Q1 = Q1 + 1000 g, Dbar = Q1 + Q2",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .n_constant = N_CONSTANT,
    .n_event = N_EVENT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .events = events,
    .time_unit = "min",
};
#endif
