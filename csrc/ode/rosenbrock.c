/* One attempt of a step of the Rosenbrock method in every lane, each with its own time and step.
 *
 * The error of a step is the largest over the states of |e_i| / (atol_i + rtol |x_i|): a state that is small
 * and alone must not be lost in the mean of many. The controller is that of the explicit method.
 */
#include "ode/sensitivity.h"
#include "ode/stiff.h"

/* Input x1 of a stage, and what its right side has apart from the derivative, in k[s]; s is a constant. */
PT_LANE void stage_input(pt_block *b, const int s, const vec *per_h)
{
    pt_stiff *st = b->stiff;
    for (int i = 0; i < b->n_state; i++) {
        const vec mass = v_set(pt_stiff_mass(st, i));
        for (int j = 0; j < PT_WIDE; j++) {
            const int at = i * PT_WIDE + j;
            vec x = s < 6 ? b->x[at] : b->x1[at] + st->k[s - 1][at], sum = v_set(0);
            for (int q = 0; q < s; q++) {
                const vec k = st->k[q][at];
                if (s < 6) x = v_fma(v_set(pt_rosenbrock_a[s < 6 ? s : 0][q < 5 ? q : 0]), k, x);
                sum = v_fma(v_set(pt_rosenbrock_e[s][q]), k, sum);
            }
            b->x1[at] = x;
            st->k[s][at] = sum * per_h[j] * mass;
        }
    }
}

PT_LANE void stage(pt_block *b, const int s, const vec *per_h)
{
    pt_stiff *st = b->stiff;
    vec t[PT_WIDE];
    stage_input(b, s, per_h);
    for (int j = 0; j < PT_WIDE; j++)
        t[j] = b->origin[j] + v_fma(v_set(pt_rosenbrock_c[s]), b->h[j], b->t[j]);
    pt_stiff_rate(b, t, b->x1, st->f);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) st->k[s][i] += st->f[i];
    if ((st->shape->timed || b->ramps) && pt_rosenbrock_d[s] != 0)
        for (int i = 0; i < b->n_state * PT_WIDE; i++)
            st->k[s][i] = v_fma(v_set(pt_rosenbrock_d[s]) * b->h[i % PT_WIDE], st->dt[i], st->k[s][i]);
    pt_sparse_solve(st->order, st->value, st->inverse, st->k[s], st->work);
}

static void stages(pt_block *b, const vec *per_h)
{
    stage(b, 0, per_h);
    stage(b, 1, per_h);
    stage(b, 2, per_h);
    stage(b, 3, per_h);
    stage(b, 4, per_h);
    stage(b, 5, per_h);
    stage(b, 6, per_h);
    stage(b, 7, per_h);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) b->x1[i] += b->stiff->k[7][i];
}

/* Square of the largest scaled error; NaN where there is one in any state. */
static vec square_of_error(const pt_block *b, int j)
{
    const vec *e = b->stiff->k[PT_N_ROSENBROCK - 1];
    vec largest = v_set(0), none = v_set(0);
    for (int i = 0; i < b->n_state; i++) {
        const int at = i * PT_WIDE + j;
        const vec size = v_max(v_abs(b->x[at]), v_abs(b->x1[at]));
        const vec r = v_abs(e[at] / v_fma(v_set(b->options.rtol), size, v_set(pt_block_atol(b, i))));
        largest = v_max(largest, r);
        none = v_fma(r, v_set(0), none);
    }
    return v_fma(largest, largest, none);
}

void pt_rosenbrock_prepare(pt_block *b, int i)
{
    for (int j = 0; j < PT_WIDE; j++) {
        const int at = i * PT_WIDE + j, full = (b->n_linear + i) * PT_WIDE + j;
        vec g[3];
        for (int r = 0; r < 3; r++) {
            g[r] = v_set(pt_rosenbrock_h[r][0]) * b->stiff->k[0][full];
            for (int q = 1; q < PT_N_ROSENBROCK; q++)
                g[r] = v_fma(v_set(pt_rosenbrock_h[r][q]), b->stiff->k[q][full], g[r]);
        }
        /* g[0] + theta (g[1] + theta g[2]) */
        b->dense[PT_DENSE_RISE][at] = b->x1[full] - b->x[full];
        b->dense[PT_DENSE_BEND][at] = g[0];
        b->dense[PT_DENSE_TWIST][at] = g[1] + g[2];
        b->dense[PT_DENSE_TAIL][at] = -g[2];
    }
}

void pt_rosenbrock_step(pt_block *b)
{
    vmask last[PT_WIDE];
    vec per_h[PT_WIDE], shift[PT_WIDE], t[PT_WIDE], square[PT_WIDE];
    pt_block_fit(b, last);
    for (int j = 0; j < PT_WIDE; j++) {
        per_h[j] = v_set(1) / b->h[j];
        shift[j] = per_h[j] * v_set(1 / PT_ROSENBROCK_GAMMA);
        t[j] = b->origin[j] + b->t[j];
    }
    pt_stiff_jacobian(b, t);
    pt_stiff_factor(b, shift);
    stages(b, per_h);
    if (b->n_positive) pt_block_lift(b);
    if (b->tangents) pt_tangents_rosenbrock(b, per_h);
    for (int j = 0; j < PT_WIDE; j++) square[j] = square_of_error(b, j);
    if (b->tangents && b->options.sensitivity_error)
        for (int j = 0; j < PT_WIDE; j++) square[j] = v_larger(square[j], pt_tangents_error(b, j));
    pt_block_finish(b, last, square);
}
