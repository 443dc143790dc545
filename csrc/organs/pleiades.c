#include "organs/pleiades.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(PLEIADES);

PT_PROBLEM_OUTPUT

enum { STARS = 7 };

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    for (int i = 0; i < STARS; i++) {
        dx[S_x1 + i] = x[S_vx1 + i];
        dx[S_y1 + i] = x[S_vy1 + i];
        dx[S_vx1 + i] = dx[S_vy1 + i] = v_set(0);
    }
    for (int i = 0; i < STARS; i++)
        for (int j = i + 1; j < STARS; j++) {
            const vec right = x[S_x1 + j] - x[S_x1 + i], up = x[S_y1 + j] - x[S_y1 + i];
            const vec r2 = right * right + up * up, pull = p[P_G] / (r2 * v_sqrt(r2));
            const vec to_j = v_set(j + 1) * pull, to_i = v_set(i + 1) * pull;
            dx[S_vx1 + i] += to_j * right;
            dx[S_vy1 + i] += to_j * up;
            dx[S_vx1 + j] -= to_i * right;
            dx[S_vy1 + j] -= to_i * up;
        }
}

const pt_organ_functions PT_ORGAN(pleiades) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(pleiades, PLEIADES, "Pleiades, seven stars in a plane",
                 "Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, II.10; Mazzia, "
                 "Magherini, Test Set for Initial Value Problem Solvers 2.4, University of Bari 2008",
                 "d2x_i/dt2 = G sum_j m_j (x_j - x_i)/r_ij^3\n"
                 "d2y_i/dt2 = G sum_j m_j (y_j - y_i)/r_ij^3\n"
                 "r_ij^2 = (x_i - x_j)^2 + (y_i - y_j)^2, m_j = j",
                 "1", .n_input = 0);
#endif
