#include "organs/oregonator.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(OREGONATOR);

PT_PROBLEM_OUTPUT

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    dx[S_y1] = p[P_s] * (x[S_y2] + x[S_y1] * (v_set(1) - p[P_q] * x[S_y1] - x[S_y2]));
    dx[S_y2] = (x[S_y3] - (v_set(1) + x[S_y1]) * x[S_y2]) / p[P_s];
    dx[S_y3] = p[P_w] * (x[S_y1] - x[S_y3]);
}

const pt_organ_functions PT_ORGAN(oregonator) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(oregonator, OREGONATOR, "OREGO, the Oregonator",
                 "Field, Noyes, J Chem Phys 1974;60:1877-84; Hairer, Wanner, Solving Ordinary Differential "
                 "Equations II, IV.10",
                 "dy1/dt = s (y2 + y1 (1 - q y1 - y2))\n"
                 "dy2/dt = (y3 - (1 + y1) y2)/s\n"
                 "dy3/dt = w (y1 - y3)",
                 "1", .n_input = 0);
#endif
