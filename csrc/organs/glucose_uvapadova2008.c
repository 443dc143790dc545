#include "organs/glucose_uvapadova2008.h"
#include "organs/functions.h"
#include "organs/quadratic_body.h"
#include "organs/stomach_body.h"

PT_ORGAN_ENUMS(GLUCOSE_UVAPADOVA2008);
enum { EVENT_MEAL_START, EVENT_BITE, N_EVENT };
enum {
    C_per_Vg,
    C_per_Vi,
    C_Ra,    /* f kabs/BW */
    C_range, /* kmax - kmin */
    C_slope_b,
    C_slope_d,    /* 5/(1 - b), 5/d: twice the slopes in r */
    C_at_b,       /* 5 b/(1 - b) */
    C_m24,        /* m2 + m4 */
    C_m130,       /* m1 + m30 */
    C_k_Isc1,     /* ka1 + kd */
    C_Isc1_to_Ip, /* 6000 ka1/BW */
    C_Isc2_to_Ip, /* 6000 ka2/BW */
    N_CONSTANT
};

#define PMOL_PER_UNIT 6000.0
#define MG_PER_G      1000.0

static void constants(const vec *p, vec *c)
{
    const vec one = v_set(1), per_BW = one / p[P_BW], pmol = v_set(PMOL_PER_UNIT) * per_BW;
    c[C_per_Vg] = one / p[P_Vg];
    c[C_per_Vi] = one / p[P_Vi];
    c[C_Ra] = p[P_f] * p[P_kabs] * per_BW;
    c[C_range] = p[P_kmax] - p[P_kmin];
    c[C_slope_b] = v_set(5) / (one - p[P_b]);
    c[C_slope_d] = v_set(5) / p[P_d];
    c[C_at_b] = c[C_slope_b] * p[P_b];
    c[C_m24] = p[P_m2] + p[P_m4];
    c[C_m130] = p[P_m1] + p[P_m30];
    c[C_k_Isc1] = p[P_ka1] + p[P_kd];
    c[C_Isc1_to_Ip] = pmol * p[P_ka1];
    c[C_Isc2_to_Ip] = pmol * p[P_ka2];
}

PT_LANE vec positive(vec a) { return v_max(v_set(0), a); }

/* Plasma insulin that holds Gp; *Gt is the glucose in tissue. U = alpha - kp3 I, Gt = beta + gamma I and
 * U (Km0 + Gt) = (V + Vmx I) Gt. */
static vec insulin_at(vec Gp, const vec *p, vec *Gt)
{
    const vec E = p[P_ke1] * positive(Gp - p[P_ke2]), V = p[P_Vm0] - p[P_Vmx] * p[P_Ib];
    const vec alpha = p[P_kp1] - p[P_kp2] * Gp - p[P_Fsnc] - E;
    const vec beta = (p[P_k1] * Gp - alpha) / p[P_k2], gamma = p[P_kp3] / p[P_k2];
    const vec a = (p[P_kp3] + p[P_Vmx]) * gamma;
    const vec b = p[P_kp3] * (p[P_Km0] + beta) + p[P_Vmx] * beta + (V - alpha) * gamma;
    const vec I = positive_root(a, b, alpha * (p[P_Km0] + beta) - V * beta);
    *Gt = beta + gamma * I;
    return I;
}

static void initial(const vec *p, vec *x)
{
    const vec Gp = p[P_G0] * p[P_Vg], units = p[P_BW] / v_set(PMOL_PER_UNIT);
    vec Gt;
    const vec I = insulin_at(Gp, p, &Gt);
    for (int i = 0; i < N_STATE; i++) x[i] = v_set(0);
    x[S_Gp] = x[S_Gsc] = Gp;
    x[S_Gt] = Gt;
    x[S_X] = I - p[P_Ib];
    x[S_I1] = x[S_Id] = I;
    x[S_Ip] = I * p[P_Vi];
    x[S_Il] = p[P_m2] * x[S_Ip] / (p[P_m1] + p[P_m30]);
    const vec absorbed = (p[P_m2] + p[P_m4]) * x[S_Ip] - p[P_m1] * x[S_Il];
    x[S_Isc1] = absorbed * units / (p[P_ka1] + p[P_kd]);
    x[S_Isc2] = p[P_kd] * x[S_Isc1] / p[P_ka2];
}

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)u;
    y[Y_G] = x[S_Gp] * c[C_per_Vg];
    y[Y_Gsub] = x[S_Gsc] * c[C_per_Vg];
    y[Y_I] = x[S_Ip] * c[C_per_Vi];
}

PT_LANE void rate_meal(const vec *x, const vec *p, const vec *c, vec *dx)
{
    const stomach s = {p[P_kmax], c[C_range], c[C_slope_b], c[C_slope_d], c[C_at_b]};
    const vec kgut = emptying(x[S_Qsto1] + x[S_Qsto2], x[S_Dbar], s);
    const vec out = kgut * x[S_Qsto2], ground = p[P_kmax] * x[S_Qsto1];
    dx[S_Qsto1] = -ground;
    dx[S_Qsto2] = ground - out;
    dx[S_Qgut] = out - p[P_kabs] * x[S_Qgut];
    dx[S_Dbar] = v_set(0);
}

PT_LANE void rate_insulin(const vec *x, const vec *p, const vec *c, vec *dx)
{
    const vec I = x[S_Ip] * c[C_per_Vi];
    const vec absorbed = c[C_Isc1_to_Ip] * x[S_Isc1] + c[C_Isc2_to_Ip] * x[S_Isc2];
    dx[S_Ip] = p[P_m1] * x[S_Il] - c[C_m24] * x[S_Ip] + absorbed;
    dx[S_Il] = p[P_m2] * x[S_Ip] - c[C_m130] * x[S_Il];
    dx[S_X] = p[P_p2u] * (I - p[P_Ib] - x[S_X]);
    dx[S_I1] = p[P_ki] * (I - x[S_I1]);
    dx[S_Id] = p[P_ki] * (x[S_I1] - x[S_Id]);
    dx[S_Isc1] = -(c[C_k_Isc1] * x[S_Isc1]);
    dx[S_Isc2] = p[P_kd] * x[S_Isc1] - p[P_ka2] * x[S_Isc2];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)u;
    const vec Gp = x[S_Gp], Gt = x[S_Gt];
    const vec EGP = positive(p[P_kp1] - p[P_kp2] * Gp - p[P_kp3] * x[S_Id]);
    const vec E = p[P_ke1] * positive(Gp - p[P_ke2]);
    const vec U = (p[P_Vm0] + p[P_Vmx] * x[S_X]) * Gt / (p[P_Km0] + Gt);
    const vec to_tissue = p[P_k1] * Gp - p[P_k2] * Gt;
    const vec gain = EGP + c[C_Ra] * x[S_Qgut] - p[P_Fsnc] - E - to_tissue;
    rate_meal(x, p, c, dx);
    rate_insulin(x, p, c, dx);
    dx[S_Gp] = v_if(v_ge(Gp, v_set(0)), gain, v_set(0));
    dx[S_Gt] = to_tissue - U;
    dx[S_Gsc] = p[P_ksc] * (Gp - x[S_Gsc]);
}

static void event(int event, const vec *value, const vec *t, vec *x, const vec *p, const vec *c)
{
    (void)t, (void)p, (void)c;
    if (event == EVENT_MEAL_START) x[S_Dbar] = x[S_Qsto1] + x[S_Qsto2];
    if (event == EVENT_BITE) x[S_Dbar] = x[S_Dbar] + v_set(MG_PER_G) * *value;
}

const pt_organ_functions PT_ORGAN(glucose_uvapadova2008) = {constants, initial, 0, output, rate, event, 0};

#ifndef PT_DUAL
static const pt_field states[] = {GLUCOSE_UVAPADOVA2008_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {GLUCOSE_UVAPADOVA2008_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {GLUCOSE_UVAPADOVA2008_OUTPUTS(PT_FIELD_ROW)};
static const pt_dose_port doses[] = {
    {"carbohydrate", "oral", "g", S_Qsto1, -1, MG_PER_G, -1, -1, -1},
    {"insulin", "subcutaneous", "U", S_Isc1, -1, 1, -1, -1, -1},
};
static const pt_event events[N_EVENT] = {
    {"meal_start", "a meal begins: the stomach's content is that of earlier meals"},
    {"bite", "so many g of the meal are about to be eaten"},
};

const pt_organ_sheet pt_sheet_glucose_uvapadova2008 = {
    .name = "glucose_uvapadova2008",
    .title = "Glucose and insulin in type 1 diabetes, UVA/Padova simulator of 2008",
    .citation =
        "Kovatchev et al., J Diabetes Sci Technol 2009;3:44-55; Dalla Man et al., IEEE Trans Biomed Eng "
        "2007;54:1740-9; values of adult#001 of simglucose (MIT licence)",
    .equations =
        "r = (Qsto1 + Qsto2)/Dbar\n"
        "kgut = kmin + (kmax - kmin)/2 (tanh(5/2 (r - b)/(1 - b)) - tanh(5/2 (r - d)/d) + 2), kmax before "
        "any meal\n"
        "dQsto1/dt = D - kmax Qsto1, dQsto2/dt = kmax Qsto1 - kgut Qsto2\n"
        "dQgut/dt = kgut Qsto2 - kabs Qgut, Ra = f kabs Qgut/BW\n"
        "EGP = max(0, kp1 - kp2 Gp - kp3 Id), E = ke1 max(0, Gp - ke2), U = (Vm0 + Vmx X) Gt/(Km0 + Gt)\n"
        "dGp/dt = EGP + Ra - Fsnc - E - k1 Gp + k2 Gt, dGt/dt = -U + k1 Gp - k2 Gt\n"
        "dIp/dt = -(m2 + m4) Ip + m1 Il + (ka1 Isc1 + ka2 Isc2) 6000/BW, I = Ip/Vi\n"
        "dIl/dt = -(m1 + m30) Il + m2 Ip\n"
        "dX/dt = p2u (I - Ib - X), dI1/dt = ki (I - I1), dId/dt = ki (I1 - Id)\n"
        "dIsc1/dt = u - (ka1 + kd) Isc1, dIsc2/dt = kd Isc1 - ka2 Isc2\n"
        "dGsc/dt = ksc (Gp - Gsc); G = Gp/Vg, Gsub = Gsc/Vg\n"
        "Gp stands still while below 0\n"
        "D: eaten, mg/min; u: insulin given, U/min (1 U = 6000 pmol)\n"
        "meal_start: Dbar = Qsto1 + Qsto2; bite of g grams: Dbar = Dbar + 1000 g\n"
        "start: the steady state at plasma glucose G0, held by a basal u = (ka1 + kd) Isc1",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .n_dose = 2,
    .n_constant = N_CONSTANT,
    .n_event = N_EVENT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .doses = doses,
    .events = events,
    .time_unit = "min",
};
#endif
