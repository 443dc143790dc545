/* The algebra of grid.h for any number of states, with parameters among them, and for products of points. */
#define PT_UNROLL
#include "kalman/grid_kernels.h"

#include <string.h>

/* See draw_product in sigma.c. */
static void products(pt_grid *g)
{
    const int n = g->n, size = n * V;
    int n_point = 1;
    memcpy(g->X, g->m, (size_t)size * sizeof *g->X);
    for (int k = 0; k < n; k++) {
        for (int q = g->rule.n_node - 1; q >= 0; q--)
            for (int p = 0; p < n_point; p++)
                for (int i = 0; i < n; i++) {
                    const vec node = v_set(g->rule.node[q]);
                    const int rank = (i + n - g->first) % n;
                    for (int j = 0; j < V; j++) {
                        const vec l = k > rank ? v_set(0.0) : g->L[(i * n + k) * V + j];
                        g->X[((q * n_point + p) * n + i) * V + j] = g->X[(p * n + i) * V + j] + node * l;
                    }
                }
        n_point *= g->rule.n_node;
    }
}

static void draw_any(pt_grid *g, vmask *good)
{
    factor(g->n, g->first, g, good);
    if (g->rule.n_node)
        products(g);
    else
        axes(g->n, g->first, g);
}

static k_layout layout(const pt_grid *g)
{
    return (k_layout){.points = g->n_weighed, .centred = !g->rule.weight};
}

static void gather_any(pt_grid *g, const vec *span, const vmask *wanted)
{
    gather(g->n, layout(g), g, span, wanted, g->D);
}

static void update_any(pt_grid *g) { update(g->n, layout(g), g, g->D); }

const pt_grid_algebra pt_grid_algebra_any = {draw_any, gather_any, update_any};
