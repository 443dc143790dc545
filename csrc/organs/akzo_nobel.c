#include "organs/akzo_nobel.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(AKZO_NOBEL);

PT_PROBLEM_OUTPUT

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    /* above 0, where the root has a slope */
    const vec root = v_sqrt(v_max(x[S_y2], v_set(1e-300))), y1_2 = x[S_y1] * x[S_y1];
    const vec r1 = p[P_k1] * y1_2 * y1_2 * root, r2 = p[P_k2] * x[S_y3] * x[S_y4];
    const vec r3 = p[P_k2] / p[P_K] * x[S_y1] * x[S_y5], r4 = p[P_k3] * x[S_y1] * x[S_y4] * x[S_y4];
    const vec r5 = p[P_k4] * x[S_y6] * x[S_y6] * root, in = p[P_klA] * (p[P_pCO2] / p[P_H] - x[S_y2]);
    dx[S_y1] = r2 - r1 - r1 - r3 - r4;
    dx[S_y2] = in - v_set(0.5) * (r1 + r5) - r4;
    dx[S_y3] = r1 - r2 + r3;
    dx[S_y4] = r3 - r2 - r4 - r4;
    dx[S_y5] = r2 - r3 + r5;
    dx[S_y6] = p[P_Ks] * x[S_y1] * x[S_y4] - x[S_y6];
}

const pt_organ_functions PT_ORGAN(akzo_nobel) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
static const double mass[N_STATE] = {1, 1, 1, 1, 1, 0};
PT_PROBLEM_SHEET(
    akzo_nobel, AKZO_NOBEL, "Chemical Akzo Nobel problem",
    "Mazzia, Magherini, Test Set for Initial Value Problem Solvers 2.4, University of Bari 2008",
    "r1 = k1 y1^4 sqrt(y2), r2 = k2 y3 y4, r3 = (k2/K) y1 y5, r4 = k3 y1 y4^2, r5 = k4 y6^2 sqrt(y2)\n"
    "F = klA (pCO2/H - y2)\n"
    "dy1/dt = -2 r1 + r2 - r3 - r4\n"
    "dy2/dt = -r1/2 - r4 - r5/2 + F\n"
    "dy3/dt = r1 - r2 + r3\n"
    "dy4/dt = -r2 + r3 - 2 r4\n"
    "dy5/dt = r2 - r3 + r5\n"
    "0 = Ks y1 y4 - y6",
    "min", .mass = mass);
#endif
