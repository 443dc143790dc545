/* The algebra of grid.h for a few states: the unscented rule, and others whose points lie on the axes. */
#define PT_UNROLL _Pragma("GCC unroll 32")
#include "kalman/grid_kernels.h"

#define INSTANCE(n, name, centre)                                                                            \
    static void gather_##name##_##n(pt_grid *g, const vec *span, const vmask *wanted)                        \
    {                                                                                                        \
        const k_layout l = {.points = 2 * n, .uniform = 1, .centred = centre};                               \
        vec D[n * 2 * n];                                                                                    \
        gather(n, l, g, span, wanted, D);                                                                    \
    }                                                                                                        \
    static void update_##name##_##n(pt_grid *g)                                                              \
    {                                                                                                        \
        const k_layout l = {.points = 2 * n, .uniform = 1, .centred = centre, .corner = centre};             \
        vec D[n * 2 * n];                                                                                    \
        update(n, l, g, D);                                                                                  \
    }

#define INSTANCES(n)                                                                                         \
    static void draw_##n(pt_grid *g, vmask *good)                                                            \
    {                                                                                                        \
        factor(n, 0, g, good);                                                                               \
        axes(n, 0, g);                                                                                       \
    }                                                                                                        \
    INSTANCE(n, centred, 1)                                                                                  \
    INSTANCE(n, other, 0)

INSTANCES(1)
INSTANCES(2)
INSTANCES(3)
INSTANCES(4)
INSTANCES(5)
INSTANCES(6)

#define ROW(n, name) {draw_##n, gather_##name##_##n, update_##name##_##n}
#define ROWS(name)   {ROW(1, name), ROW(2, name), ROW(3, name), ROW(4, name), ROW(5, name), ROW(6, name)}

enum { N_SMALL = 6 };

const pt_grid_algebra *pt_grid_algebra_for(int n, int first, const pt_sigma_rule *rule)
{
    static const pt_grid_algebra small[2][N_SMALL] = {ROWS(other), ROWS(centred)};
    if (n > N_SMALL || first != 0 || rule->n_node) return &pt_grid_algebra_any;
    return &small[!rule->weight][n - 1];
}
