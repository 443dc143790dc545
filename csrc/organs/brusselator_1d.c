#include "organs/brusselator_1d.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(BRUSSELATOR_1D);

PT_PROBLEM_OUTPUT

enum { POINTS = 30 };

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    const vec spread = p[P_d] * v_set((POINTS + 1.0) * (POINTS + 1.0));
    for (int i = 0; i < POINTS; i++) {
        const vec a = x[S_u1 + i], b = x[S_v1 + i], made = a * a * b, lost = p[P_b] * a;
        const vec a_left = i ? x[S_u1 + i - 1] : v_set(1), b_left = i ? x[S_v1 + i - 1] : v_set(3);
        const vec a_right = i < POINTS - 1 ? x[S_u1 + i + 1] : v_set(1);
        const vec b_right = i < POINTS - 1 ? x[S_v1 + i + 1] : v_set(3);
        dx[S_u1 + i] = p[P_a] + made - lost - a + spread * (a_left + a_right - a - a);
        dx[S_v1 + i] = lost - made + spread * (b_left + b_right - b - b);
    }
}

const pt_organ_functions PT_ORGAN(brusselator_1d) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(brusselator_1d, BRUSSELATOR_1D, "Brusselator with diffusion in one dimension, 30 points",
                 "Lefever, Nicolis, J Theor Biol 1971;30:267-84; Hairer, Wanner, Solving Ordinary "
                 "Differential Equations II, IV.10",
                 "du_i/dt = a + u_i^2 v_i - (b + 1) u_i + d (u_{i-1} - 2 u_i + u_{i+1})/dz^2\n"
                 "dv_i/dt = b u_i - u_i^2 v_i + d (v_{i-1} - 2 v_i + v_{i+1})/dz^2\n"
                 "u = 1, v = 3 at both ends",
                 "1", .n_input = 0);
#endif
