#include "organs/hires.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(HIRES);

PT_PROBLEM_OUTPUT

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    const vec k1 = p[P_k1], k2 = p[P_k2], bound = p[P_k7] * x[S_y6] * x[S_y8];
    dx[S_y1] = k2 * x[S_y2] + p[P_k6] * x[S_y3] + p[P_oks] - k1 * x[S_y1];
    dx[S_y2] = k1 * x[S_y1] - (k2 + p[P_k3]) * x[S_y2];
    dx[S_y3] = k2 * x[S_y4] + p[P_k5] * x[S_y5] - (p[P_k6] + k1) * x[S_y3];
    dx[S_y4] = p[P_k3] * x[S_y2] + k1 * x[S_y3] - (p[P_k4] + k2) * x[S_y4];
    dx[S_y5] = k2 * (x[S_y6] + x[S_y7]) - (p[P_k5] + k1) * x[S_y5];
    dx[S_y6] = p[P_k4] * x[S_y4] + k1 * x[S_y5] - k2 * x[S_y6] + p[P_k8] * x[S_y7] - bound;
    dx[S_y7] = bound - (k2 + p[P_k8] + p[P_k9]) * x[S_y7];
    dx[S_y8] = -dx[S_y7];
}

const pt_organ_functions PT_ORGAN(hires) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(hires, HIRES, "HIRES, high irradiance response of photomorphogenesis",
                 "Schaefer, J Math Biol 1975;2:41-56; Mazzia, Magherini, Test Set for Initial Value Problem "
                 "Solvers 2.4, University of Bari 2008",
                 "dy1/dt = -k1 y1 + k2 y2 + k6 y3 + oks\n"
                 "dy2/dt = k1 y1 - (k2 + k3) y2\n"
                 "dy3/dt = -(k6 + k1) y3 + k2 y4 + k5 y5\n"
                 "dy4/dt = k3 y2 + k1 y3 - (k4 + k2) y4\n"
                 "dy5/dt = -(k5 + k1) y5 + k2 (y6 + y7)\n"
                 "dy6/dt = -k7 y6 y8 + k4 y4 + k1 y5 - k2 y6 + k8 y7\n"
                 "dy7/dt = k7 y6 y8 - (k2 + k8 + k9) y7\n"
                 "dy8/dt = -dy7/dt",
                 "1", .n_input = 0);
#endif
