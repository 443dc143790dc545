#include "organs/robertson.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(ROBERTSON);

PT_PROBLEM_OUTPUT

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    const vec back = p[P_k3] * x[S_y2] * x[S_y3], on = p[P_k2] * x[S_y2] * x[S_y2];
    dx[S_y1] = back - p[P_k1] * x[S_y1];
    dx[S_y2] = p[P_k1] * x[S_y1] - back - on;
    dx[S_y3] = on;
}

const pt_organ_functions PT_ORGAN(robertson) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(robertson, ROBERTSON, "Robertson's chemical reaction",
                 "Robertson, in Walsh (ed), Numerical Analysis, an Introduction, Academic Press 1966:178-182",
                 "dy1/dt = -k1 y1 + k3 y2 y3\n"
                 "dy2/dt = k1 y1 - k3 y2 y3 - k2 y2^2\n"
                 "dy3/dt = k2 y2^2",
                 "1", .n_input = 0);
#endif
