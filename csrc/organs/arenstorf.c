#include "organs/arenstorf.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(ARENSTORF);

PT_PROBLEM_OUTPUT

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    const vec mu = p[P_mu], other = v_set(1) - mu, earth = x[S_x] + mu, moon = x[S_x] - other,
              y2 = x[S_y] * x[S_y];
    const vec r1 = earth * earth + y2, r2 = moon * moon + y2;
    const vec pull1 = other / (r1 * v_sqrt(r1)), pull2 = mu / (r2 * v_sqrt(r2));
    dx[S_x] = x[S_vx];
    dx[S_y] = x[S_vy];
    dx[S_vx] = x[S_x] + v_set(2) * x[S_vy] - pull1 * earth - pull2 * moon;
    dx[S_vy] = x[S_y] - v_set(2) * x[S_vx] - (pull1 + pull2) * x[S_y];
}

const pt_organ_functions PT_ORGAN(arenstorf) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(arenstorf, ARENSTORF, "Arenstorf orbit, a satellite between earth and moon",
                 "Arenstorf, Am J Math 1963;85:27-35; Hairer, Norsett, Wanner, Solving Ordinary Differential "
                 "Equations I, II.0",
                 "d2x/dt2 = x + 2 dy/dt - (1 - mu) (x + mu)/D1 - mu (x - (1 - mu))/D2\n"
                 "d2y/dt2 = y - 2 dx/dt - (1 - mu) y/D1 - mu y/D2\n"
                 "D1 = ((x + mu)^2 + y^2)^(3/2), D2 = ((x - (1 - mu))^2 + y^2)^(3/2)",
                 "1", .n_input = 0);
#endif
