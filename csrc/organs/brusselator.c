#include "organs/brusselator.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(BRUSSELATOR);

PT_PROBLEM_OUTPUT

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    const vec made = x[S_u] * x[S_u] * x[S_v], lost = p[P_b] * x[S_u];
    dx[S_u] = p[P_a] + made - lost - x[S_u];
    dx[S_v] = lost - made;
}

const pt_organ_functions PT_ORGAN(brusselator) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(brusselator, BRUSSELATOR, "Brusselator, two ordinary differential equations",
                 "Lefever, Nicolis, J Theor Biol 1971;30:267-84; Hairer, Norsett, Wanner, Solving Ordinary "
                 "Differential Equations I, II.4",
                 "du/dt = a + u^2 v - (b + 1) u\n"
                 "dv/dt = b u - u^2 v",
                 "1", .n_input = 0);
#endif
