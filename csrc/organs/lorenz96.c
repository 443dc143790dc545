#include "organs/lorenz96.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(LORENZ96);

PT_PROBLEM_OUTPUT

/* (next - before) left - here + force */
static vec change(vec next, vec before, vec left, vec here, vec force)
{
    return (next - before) * left - here + force;
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    const vec force = p[P_F];
    dx[0] = change(x[1], x[N_STATE - 2], x[N_STATE - 1], x[0], force);
    dx[1] = change(x[2], x[N_STATE - 1], x[0], x[1], force);
    for (int i = 2; i < N_STATE - 1; i++) dx[i] = change(x[i + 1], x[i - 2], x[i - 1], x[i], force);
    dx[N_STATE - 1] = change(x[0], x[N_STATE - 3], x[N_STATE - 2], x[N_STATE - 1], force);
}

const pt_organ_functions PT_ORGAN(lorenz96) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(
    lorenz96, LORENZ96, "Lorenz's ring of forty: a latitude circle of the atmosphere",
    "Lorenz, Predictability: a problem partly solved. ECMWF Seminar on Predictability 1996;1:1-18; "
    "Lorenz, Emanuel, J Atmos Sci 1998;55:399-414",
    "dx_i/dt = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + F, indices modulo 40", "1", .n_input = 0);
#endif
