#include "organs/vanderpol.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(VANDERPOL);

PT_PROBLEM_OUTPUT

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    dx[S_y1] = x[S_y2];
    dx[S_y2] = ((v_set(1) - x[S_y1] * x[S_y1]) * x[S_y2] - x[S_y1]) / p[P_eps];
}

const pt_organ_functions PT_ORGAN(vanderpol) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(
    vanderpol, VANDERPOL, "Van der Pol's oscillator",
    "van der Pol, Phil Mag 1926;2:978-92; Hairer, Wanner, Solving Ordinary Differential Equations II, IV.10",
    "dy1/dt = y2\n"
    "dy2/dt = ((1 - y1^2) y2 - y1)/eps",
    "1", .n_input = 0);
#endif
