/* The algebra of grid.h, with the number of states a constant where the includer has an instance for one
 * size. The includer says by PT_UNROLL whether loops unroll. The order of every sum is that of sigma.c and
 * observe.c.
 */
#ifndef PT_KALMAN_GRID_KERNELS_H
#define PT_KALMAN_GRID_KERNELS_H

#include "kalman/grid.h"
#include "kalman/scalar.h"

/* See linear_kernels.h. */
#ifndef __clang__
#pragma GCC optimize("vect-cost-model=unlimited")
#endif

#define VANISHED 1e-280 /* as in sigma.c */

enum { V = PT_WIDE };

/* element (i, j) of a symmetric matrix whose lower triangle is kept */
#define LOWER(i, j) ((i) > (j) ? (i) * n + (j) : (j) * n + (i))

/* Pivot k of the variable at; its column of L, whose other variables are order[k + 1 ..]. The loops over vecs
 * stand innermost: a pivot has to wait for its root. */
PT_LANE void factor(const int n, const int first, pt_grid *g, vmask *good)
{
    const vec known = v_set(g->known), tol = v_set(PT_PIVOT_FILTER);
    vec *L = g->L;
    for (int j = 0; j < V; j++) good[j] = m_set(-1);
    PT_UNROLL for (int k = 0; k < n; k++)
    {
        const int at = (first + k) % n;
        vec root[V];
        PT_UNROLL for (int j = 0; j < V; j++)
        {
            const vec scale = g->P[(at * n + at) * V + j], exact = known * g->m[at * V + j];
            vec d = scale;
            PT_UNROLL for (int q = 0; q < k; q++) d -= L[(at * n + q) * V + j] * L[(at * n + q) * V + j];
            good[j] &=
                v_ge(scale, v_set(VANISHED)) & v_isfinite(d) & v_gt(d, tol * scale) & v_gt(d, exact * exact);
            root[j] = v_sqrt(d);
            L[(at * n + k) * V + j] = root[j];
        }
        PT_UNROLL for (int s = k + 1; s < n; s++)
        {
            const int i = (first + s) % n;
            PT_UNROLL for (int j = 0; j < V; j++)
            {
                vec v = g->P[LOWER(i, at) * V + j];
                PT_UNROLL for (int q = 0; q < k; q++) v -= L[(i * n + q) * V + j] * L[(at * n + q) * V + j];
                L[(i * n + k) * V + j] = v / root[j];
            }
        }
    }
}

/* m, then m +- root L_k */
PT_LANE void axes(const int n, const int first, pt_grid *g)
{
    const vec root = v_set(g->rule.root);
    PT_UNROLL for (int i = 0; i < n; i++)
    {
        const int rank = (i + n - first) % n; /* columns up to this one reach variable i */
        PT_UNROLL for (int j = 0; j < V; j++)
        {
            const vec m = g->m[i * V + j];
            g->X[i * V + j] = m;
            PT_UNROLL for (int k = 0; k < n; k++)
            {
                const vec step = k > rank ? v_set(0.0) : root * g->L[(i * n + k) * V + j];
                g->X[((2 * k + 1) * n + i) * V + j] = m + step;
                g->X[((2 * k + 2) * n + i) * V + j] = m - step;
            }
        }
    }
}

/* How the points lie, constants of an instance. */
typedef struct {
    int points;  /* that are weighed: those behind the centre, or all of a product */
    int uniform; /* they have one weight */
    int centred; /* their base is the centre */
    int corner;  /* as drawn, points 2 k + 2 and on are at the base in variables 0 .. k */
} k_layout;

PT_LANE vec k_weight(const k_layout l, const pt_grid *g, int p)
{
    return v_set(g->weight[l.uniform ? g->n_point - l.points : g->n_point - l.points + p]);
}

/* Points of variable i that may differ from the base as they are drawn. */
PT_LANE int k_reach(const k_layout l, int i) { return l.corner ? 2 * (i + 1) : l.points; }

/* what pt_sigma_base makes of n_point numbers, `gap` vecs apart */
PT_LANE vec k_base(const k_layout l, const pt_grid *g, const vec *a, int gap)
{
    if (l.centred) return a[0];
    vec sum = v_set(0.0);
    for (int p = 0; p < g->n_point; p++) sum += v_set(g->weight[p]) * a[p * gap];
    return sum;
}

/* shift (n) and the lower triangle of C = sum w D D' + bend shift shift'; D [n, points] */
PT_LANE void spread(const int n, const k_layout l, const pt_grid *g, const vec *restrict D,
                    vec *restrict shift, vec *restrict C)
{
    const vec bend = v_set(g->rule.bend);
    PT_UNROLL for (int r = 0; r < n; r++)
    {
        vec wD[l.points], s = v_set(0.0);
        PT_UNROLL for (int p = 0; p < l.points; p++)
        {
            wD[p] = k_weight(l, g, p) * D[r * l.points + p];
            s += wD[p];
        }
        shift[r] = s;
        PT_UNROLL for (int c = 0; c <= r; c++)
        {
            vec sum = v_set(0.0);
            PT_UNROLL for (int p = 0; p < l.points; p++) sum += wD[p] * D[c * l.points + p];
            C[r * n + c] = sum + bend * s * shift[c];
        }
    }
}

/* D: room for [n, points] */
PT_LANE void gather(const int n, const k_layout l, pt_grid *g, const vec *span, const vmask *wanted,
                    vec *restrict D)
{
    const int skip = g->n_point - l.points;
    for (int j = 0; j < g->n_vec; j++) {
        vec base[n], shift[n], C[n * n];
        PT_UNROLL for (int i = 0; i < n; i++)
        {
            base[i] = k_base(l, g, g->X + i * V + j, n * V);
            PT_UNROLL for (int p = 0; p < l.points; p++) D[i * l.points + p] =
                g->X[((p + skip) * n + i) * V + j] - base[i];
        }
        spread(n, l, g, D, shift, C);
        PT_UNROLL for (int r = 0; r < n; r++)
        {
            g->m[r * V + j] = v_if(wanted[j], base[r] + shift[r], g->m[r * V + j]);
            PT_UNROLL for (int c = 0; c <= r; c++)
            {
                const int at = (r * n + c) * V + j;
                g->P[at] = v_if(wanted[j], C[r * n + c] + g->Q[at] * span[j], g->P[at]);
            }
        }
    }
}

/* What the points say of the observation: e = h - base of each, e_shift the mean of e. */
typedef struct {
    vec e_shift, mean, noise, var;
} k_forecast;

PT_LANE k_forecast forecast(const k_layout l, pt_grid *g, int j, vec *restrict e)
{
    pt_grid_said *said = &g->said;
    const int skip = g->n_point - l.points;
    const vec base = k_base(l, g, g->h + j, V);
    vec shift = v_set(0.0), square = v_set(0.0);
    PT_UNROLL for (int p = 0; p < l.points; p++)
    {
        e[p] = g->h[(p + skip) * V + j] - base;
        const vec we = k_weight(l, g, p) * e[p];
        shift += we;
        square += we * e[p];
    }
    const vec mean = base + shift, latent = square + v_set(g->rule.bend) * shift * shift;
    const vec part = said->share[j] * mean, noise = said->add_var[j] + part * part, var = latent + noise;
    said->mean[j] = mean;
    said->latent_var[j] = latent;
    said->var[j] = var;
    said->good[j] &= v_ge(latent, v_set(0.0)) & v_gt(var, v_set(0.0)) & v_isfinite(var);
    return (k_forecast){shift, mean, noise, var};
}

/* gain = Cov(z, h) / var of variable r */
PT_LANE vec find_gain(const int r, const k_layout l, const pt_grid *g, const vec *restrict D,
                      const vec *restrict e, const k_forecast *f)
{
    vec shift = v_set(0.0), cross = v_set(0.0);
    PT_UNROLL for (int p = 0; p < k_reach(l, r); p++)
    {
        const vec wD = k_weight(l, g, p) * D[r * l.points + p];
        shift += wD;
        cross += wD * e[p];
    }
    return (cross + v_set(g->rule.bend) * shift * f->e_shift) / f->var;
}

/* ln p(y), and where the observation counts */
PT_LANE vmask learn(pt_grid *g, int j, vec innovation, vec var)
{
    pt_grid_said *said = &g->said;
    const vec square = innovation * innovation;
    const double gate = g->call->options->gate;
    said->gated[j] = m_set(0);
    if (gate > 0.0) said->gated[j] = v_gt(square, v_set(gate * gate) * var) & said->seen[j];
    const vmask used = said->seen[j] & ~said->gated[j] & said->wanted[j];
    const vec found = v_set(-0.5) * ((v_set(PT_LN_2PI) + v_log(var)) + square / var);
    g->loglike[j] = v_if(used, g->loglike[j] + found, g->loglike[j]);
    return used;
}

/* D: room for [n, points] */
PT_LANE void update(const int n, const k_layout l, pt_grid *g, vec *restrict D)
{
    const int skip = g->n_point - l.points;
    for (int j = 0; j < g->n_vec; j++) {
        vec gain[n], shift[n], C[n * n], e[l.points];
        const k_forecast f = forecast(l, g, j, e);
        const vec innovation = g->said.value[j] - f.mean;
        const vmask used = learn(g, j, innovation, f.var);
        PT_UNROLL for (int r = 0; r < n; r++)
        {
            const vec base = k_base(l, g, g->X + r * V + j, n * V);
            vec *row = D + r * l.points;
            PT_UNROLL for (int p = 0; p < k_reach(l, r); p++) row[p] =
                g->X[((p + skip) * n + r) * V + j] - base;
            gain[r] = find_gain(r, l, g, D, e, &f);
            g->m[r * V + j] = v_if(used, g->m[r * V + j] + gain[r] * innovation, g->m[r * V + j]);
            PT_UNROLL for (int p = 0; p < l.points; p++)
            {
                const vec d = p < k_reach(l, r) ? row[p] : v_set(0.0);
                row[p] = d - gain[r] * e[p];
            }
        }
        spread(n, l, g, D, shift, C);
        PT_UNROLL for (int r = 0; r < n; r++)
        {
            const vec scaled = f.noise * gain[r];
            PT_UNROLL for (int c = 0; c <= r; c++)
            {
                const int at = (r * n + c) * V + j;
                g->P[at] = v_if(used, C[r * n + c] + scaled * gain[c], g->P[at]);
            }
        }
    }
}

#endif
