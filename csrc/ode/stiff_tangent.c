/* Sensitivities under the Rosenbrock method. Along a direction the derivative y of the states follows
 *
 *   M dy/dt = g(t, y) = (df/dx)(t, x(t)) y + (df/dp)(t, x(t)) p'
 *
 * a linear equation whose Jacobian at the step's start is that of the states: the method takes its step with
 * the factors that are there. x(t) within the step is the interpolant (order 4). dg/dt, which the method
 * wants at the start, is that of the polynomial through g at five instants of the step with y held: its error
 * is of order 4, too, and enters with h^2. The error estimate is that of the method; it takes part in the
 * choice of steps (options.sensitivity_error).
 *
 * Algebraic states: 0 = (dg/dx) y + (dg/dp) p', the differential ones as they are.
 */
#include "ode/ramp.h"
#include "ode/sensitivity.h"
#include "ode/stiff.h"

enum { N_NODE = 5 };

/* Slope at 0 of the polynomial through values at 0, 1/4, 1/2, 3/4, 1. */
static const double node_slope[N_NODE] = {-25.0 / 3, 16, -12, 16.0 / 3, -1};

static vec *row_of(const pt_block *b, vec *a, int q) { return a + q * b->n_state * PT_WIDE; }

/* dx (n) = g at time t in all lanes and states x, along direction q at y */
static void rate_along(pt_block *b, int q, const vec *t, const vec *x, const vec *y, vec *g)
{
    pt_tangents *T = b->tangents;
    const vec *inflow = row_of(b, T->inflow, q), *pd = T->pd + q * b->n_param * PT_WIDE;
    b->model->functions->tangent(b->model->self, pt_wides_in(t), pt_wides_in(x), pt_wides(b->p),
                                 pt_wides(b->d), NULL, pt_wides_in(y), pt_wides_in(pd), NULL, pt_wides(T->dx),
                                 pt_wides(g), NULL, NULL);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) g[i] += inflow[i];
}

/* T->x and t at share c of the step */
static void go_to(pt_block *b, double c, vec *t)
{
    vec theta[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        theta[j] = v_set(c);
        t[j] = b->origin[j] + v_fma(v_set(c), b->h[j], b->t[j]);
    }
    if (b->ramps) pt_ramps_follow(b, t);
    pt_block_interpolate(b, theta, b->wanted, b->n_wanted, b->tangents->x);
}

/* T->turn = h dg/dt at the start, y held */
static void turns(pt_block *b)
{
    pt_tangents *T = b->tangents;
    vec t[PT_WIDE];
    for (int node = 0; node < N_NODE; node++) {
        go_to(b, 0.25 * node, t);
        for (int q = 0; q < T->n; q++) {
            vec *turn = row_of(b, T->turn, q), *g = b->stiff->f;
            rate_along(b, q, t, T->x, row_of(b, T->xd, q), g);
            for (int i = 0; i < b->n_state * PT_WIDE; i++)
                turn[i] = v_fma(v_set(node_slope[node]), g[i], node ? turn[i] : v_set(0));
        }
    }
}

/* Input of stage s along direction q into x1d, and what its right side has apart from g into kd. */
static void stage_input(pt_block *b, int s, int q, const vec *per_h)
{
    pt_tangents *T = b->tangents;
    const vec *xd = row_of(b, T->xd, q);
    vec *x1d = row_of(b, T->x1d, q), *right = row_of(b, T->kd[s], q);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) {
        vec y = s < 6 ? xd[i] : x1d[i] + row_of(b, T->kd[s - 1], q)[i], sum = v_set(0);
        for (int r = 0; r < s; r++) {
            const vec k = row_of(b, T->kd[r], q)[i];
            if (s < 6) y = v_fma(v_set(pt_rosenbrock_a[s][r]), k, y);
            sum = v_fma(v_set(pt_rosenbrock_e[s][r]), k, sum);
        }
        x1d[i] = y;
        right[i] = sum * per_h[i % PT_WIDE] * v_set(pt_stiff_mass(b->stiff, i / PT_WIDE));
    }
}

static void stage(pt_block *b, int s, int q, const vec *t, const vec *per_h)
{
    pt_tangents *T = b->tangents;
    pt_stiff *st = b->stiff;
    vec *k = row_of(b, T->kd[s], q);
    const vec *turn = row_of(b, T->turn, q);
    stage_input(b, s, q, per_h);
    rate_along(b, q, t, T->x, row_of(b, T->x1d, q), st->f);
    for (int i = 0; i < b->n_state * PT_WIDE; i++)
        k[i] = v_fma(v_set(pt_rosenbrock_d[s]), turn[i], k[i] + st->f[i]);
    pt_sparse_solve(st->order, st->value, st->inverse, k, st->work);
}

void pt_tangents_rosenbrock(pt_block *b, const vec *per_h)
{
    pt_tangents *T = b->tangents;
    vec t[PT_WIDE];
    pt_block_prepare(b, b->wanted, b->n_wanted);
    turns(b);
    for (int s = 0; s < PT_N_ROSENBROCK; s++) {
        go_to(b, pt_rosenbrock_c[s], t);
        for (int q = 0; q < T->n; q++) stage(b, s, q, t, per_h);
    }
    for (int i = 0; i < T->n * b->n_state * PT_WIDE; i++) T->x1d[i] += T->kd[PT_N_ROSENBROCK - 1][i];
}

vec pt_tangents_rosenbrock_error(const pt_block *b, int q, int j)
{
    const pt_tangents *T = b->tangents;
    const vec share = pt_tangents_share(b, q, j);
    vec largest = v_set(0), none = v_set(0);
    for (int i = 0; i < b->n_state; i++) {
        const int at = (q * b->n_state + i) * PT_WIDE + j;
        const vec size = v_max(v_abs(T->xd[at]), v_abs(T->x1d[at]));
        const vec atol = v_set(pt_block_atol(b, i)) * share;
        const vec e = v_abs(T->kd[PT_N_ROSENBROCK - 1][at] / v_fma(v_set(b->options.rtol), size, atol));
        largest = v_max(largest, e);
        none = v_fma(e, v_set(0), none);
    }
    return v_fma(largest, largest, none);
}

void pt_tangents_rosenbrock_inside(pt_block *b, const vec *theta)
{
    pt_tangents *T = b->tangents;
    for (int i = 0; i < T->n * b->n_state * PT_WIDE; i++) {
        const vec share = theta[i % PT_WIDE], rest = v_set(1) - share;
        vec g[3];
        for (int r = 0; r < 3; r++) {
            g[r] = v_set(pt_rosenbrock_h[r][0]) * T->kd[0][i];
            for (int s = 1; s < PT_N_ROSENBROCK; s++)
                g[r] = v_fma(v_set(pt_rosenbrock_h[r][s]), T->kd[s][i], g[r]);
        }
        const vec inner = g[0] + share * (g[1] + share * g[2]);
        T->other[i] = T->xd[i] + share * (T->x1d[i] - T->xd[i] + rest * inner);
    }
}

/* The factors are those of Newton's method at consistent states (consistent.c): rows of differential states
 * are those of the identity. */
void pt_tangents_consistent(pt_block *b, const vmask *which)
{
    pt_tangents *T = b->tangents;
    pt_stiff *st = b->stiff;
    for (int i = 0; i < b->n_state * PT_WIDE; i++) T->x1d[i] = v_set(0);
    for (int q = 0; q < T->n; q++) {
        vec *xd = row_of(b, T->xd, q);
        rate_along(b, q, b->origin, b->x, T->x1d, st->f);
        for (int i = 0; i < b->n_state * PT_WIDE; i++) {
            const double mass = st->mass[i / PT_WIDE];
            if (mass != 0) st->f[i] = v_set(mass) * xd[i];
        }
        pt_sparse_solve(st->order, st->value, st->inverse, st->f, st->work);
        for (int i = 0; i < b->n_state * PT_WIDE; i++) xd[i] = v_if(which[i % PT_WIDE], st->f[i], xd[i]);
    }
}
