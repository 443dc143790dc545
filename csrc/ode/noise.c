#include "ode/noise.h"

#include "ode/ramp.h"

#define TICKS 0x1p30  /* of a cell */
#define NEAR  0x1p-30 /* of a step: an instant so near to one of the grid is that one */

pt_status pt_noise_check(const pt_model *model, const pt_simulation *call)
{
    const pt_ode_options *o = &call->options;
    if (!pt_method_has_noise(o->method)) return PT_OK;
    if (!model->has_noise || model->mass || model->n_delay || call->n_direction) return PT_UNSUPPORTED;
    if (!(o->step > 0) || o->step - o->step != 0) return PT_BAD_ARGUMENT;
    if (o->refine < 0 || o->refine > PT_MAX_REFINE) return PT_BAD_ARGUMENT;
    for (int64_t l = 0; call->draw && l < call->n_lane; l++)
        if (call->draw[l] < 0 || call->draw[l] > UINT32_MAX) return PT_BAD_ARGUMENT;
    return PT_OK;
}

/* The end of a step of length h at position `share` of the cell. */
typedef struct {
    vec h[PT_WIDE], share[PT_WIDE];
} reach;

static void drift(pt_block *b, const vec *h, double share, const vec *x, vec *f)
{
    vec t[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) t[j] = b->origin[j] + (b->t[j] + v_set(share) * h[j]);
    pt_block_rate(b, t, x, f);
}

static void diffusion(pt_block *b, const vec *h, double share, const vec *x, vec *g)
{
    vec t[PT_WIDE];
    const int nl = (b->n_state - b->paths->n) * PT_WIDE;
    for (int j = 0; j < PT_WIDE; j++) t[j] = b->origin[j] + (b->t[j] + v_set(share) * h[j]);
    for (int i = 0; i < nl; i++) g[i] = v_set(0);
    if (b->ramps) pt_ramps_follow(b, t);
    b->model->functions->noise(b->model->self, pt_wides_in(t), pt_wides_in(x), pt_wides(b->p), pt_wides(b->c),
                               pt_wides(b->d), pt_wides(g + nl));
}

/* x1 = x + f h + g dW */
static void euler_maruyama(pt_block *b, const vec *h)
{
    pt_paths *P = b->paths;
    const int nl = (b->n_state - P->n) * PT_WIDE;
    drift(b, h, 0, b->x, P->f[0]);
    diffusion(b, h, 0, b->x, P->g[0]);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) {
        b->x1[i] = v_fma(P->f[0][i], h[i % PT_WIDE], b->x[i]);
        if (i >= nl) b->x1[i] = v_fma(P->g[0][i], P->dw[i - nl], b->x1[i]);
    }
}

/* to = x + a h f + sum_q s_q g_q over the first n diffusions, s (n) per vec */
static void stage(const pt_block *b, const vec *h, double a, int n, const vec (*s)[PT_WIDE], vec *to)
{
    const pt_paths *P = b->paths;
    for (int i = 0; i < b->n_state * PT_WIDE; i++) {
        const int j = i % PT_WIDE;
        vec sum = v_fma(v_set(a) * h[j], P->f[0][i], b->x[i]);
        for (int q = 0; q < n; q++) sum = v_fma(s[q][j], P->g[q][i], sum);
        to[i] = sum;
    }
}

/* The second stage of the drift: its diffusion is weighted by 3/2 I(1,0) / h, each state's own. */
static void second_drift(pt_block *b, const vec *h, const vec *per_h)
{
    pt_paths *P = b->paths;
    const int nl = (b->n_state - P->n) * PT_WIDE;
    stage(b, h, 0.75, 0, NULL, P->x);
    for (int i = nl; i < b->n_state * PT_WIDE; i++)
        P->x[i] = v_fma(v_set(1.5) * P->dz[i - nl] * per_h[i % PT_WIDE], P->g[0][i], P->x[i]);
    drift(b, h, 0.75, P->x, P->f[1]);
}

/* Weight of diffusion stage q: beta1 I(1) + beta2 I(1,1) / sqrt h + beta3 I(1,0) / h + beta4 I(1,1,1) / h,
 * I(1,1) = (dW^2 - h) / 2, I(1,1,1) = (dW^3 - 3 h dW) / 6. */
static const double beta[4][4] = {{-1, 4.0 / 3, 2.0 / 3, 0},
                                  {-1, 4.0 / 3, -1.0 / 3, 0},
                                  {2, -4.0 / 3, -2.0 / 3, 0},
                                  {-2, 5.0 / 3, -2.0 / 3, 1}};

static void combine(pt_block *b, const vec *h, const vec *root, const vec *per_root, const vec *per_h)
{
    const pt_paths *P = b->paths;
    const int nl = (b->n_state - P->n) * PT_WIDE;
    for (int i = 0; i < b->n_state * PT_WIDE; i++) {
        const int j = i % PT_WIDE;
        const vec f = v_fma(v_set(1.0 / 3), P->f[0][i], v_set(2.0 / 3) * P->f[1][i]);
        vec sum = v_fma(f, h[j], b->x[i]);
        if (i >= nl) {
            const vec dw = P->dw[i - nl], twice = v_set(0.5) * (dw * dw - root[j] * root[j]) * per_root[j];
            const vec z = P->dz[i - nl] * per_h[j];
            const vec thrice = dw * (dw * dw - v_set(3) * h[j]) * v_set(1.0 / 6) * per_h[j];
            for (int q = 0; q < 4; q++) {
                vec weight = v_set(beta[0][q]) * dw;
                weight = v_fma(v_set(beta[1][q]), twice, weight);
                weight = v_fma(v_set(beta[2][q]), z, weight);
                weight = v_fma(v_set(beta[3][q]), thrice, weight);
                sum = v_fma(weight, P->g[q][i], sum);
            }
        }
        b->x1[i] = sum;
    }
}

/* SRI1W1; a step of length 0 stays where it is. */
static void runge_kutta(pt_block *b, const vec *h)
{
    pt_paths *P = b->paths;
    vec root[PT_WIDE], per_root[PT_WIDE], per_h[PT_WIDE], s[3][PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        const vmask some = v_gt(h[j], v_set(0));
        root[j] = v_sqrt(h[j]);
        per_root[j] = v_if(some, v_set(1) / root[j], v_set(0));
        per_h[j] = v_if(some, v_set(1) / h[j], v_set(0));
    }
    drift(b, h, 0, b->x, P->f[0]);
    diffusion(b, h, 0, b->x, P->g[0]);
    second_drift(b, h, per_h);
    for (int j = 0; j < PT_WIDE; j++) s[0][j] = v_set(0.5) * root[j];
    stage(b, h, 0.25, 1, s, P->x);
    diffusion(b, h, 0.25, P->x, P->g[1]);
    for (int j = 0; j < PT_WIDE; j++) s[0][j] = -root[j];
    stage(b, h, 1, 1, s, P->x);
    diffusion(b, h, 1, P->x, P->g[2]);
    for (int j = 0; j < PT_WIDE; j++) {
        s[0][j] = v_set(-5) * root[j];
        s[1][j] = v_set(3) * root[j];
        s[2][j] = v_set(0.5) * root[j];
    }
    stage(b, h, 0.25, 3, s, P->x);
    diffusion(b, h, 0.25, P->x, P->g[3]);
    combine(b, h, root, per_root, per_h);
}

static void advance(pt_block *b, const reach *to)
{
    const int high = b->options.method == PT_METHOD_SRK;
    pt_paths_at(b, to->share, high);
    if (high)
        runge_kutta(b, to->h);
    else
        euler_maruyama(b, to->h);
}

/* Local time at which vec j's cell began. */
static vec cell_begin(const pt_block *b, int j)
{
    const pt_paths *P = b->paths;
    const vec cell = v_floor(P->passed[j] * v_set(__builtin_ldexp(1, -b->options.refine)));
    return v_fma(cell, v_set(b->options.step), P->begin[j] - b->origin[j]);
}

/* Position in the cell of local time t, rounded, between that of now and `limit`. */
static vec share_at(const pt_block *b, int j, vec t, vec limit)
{
    const vec x = (t - cell_begin(b, j)) * v_set(1 / b->options.step);
    const vec rounded = v_round(x * v_set(TICKS)) * v_set(1 / TICKS);
    return v_max(b->paths->share[j], v_min(limit, rounded));
}

/* The end of the step: the next instant of the grid, or of the interval if that comes first. */
static void next_reach(const pt_block *b, reach *to, vmask *last, vmask *grid)
{
    const pt_paths *P = b->paths;
    const double per_cell = __builtin_ldexp(1, b->options.refine), step = b->options.step / per_cell;
    for (int j = 0; j < PT_WIDE; j++) {
        const vec whole = v_floor(P->passed[j] * v_set(1 / per_cell));
        const vec number = P->passed[j] - whole * v_set(per_cell) + v_set(1); /* in the cell */
        const vec share = number * v_set(1 / per_cell);
        const vec next = v_fma(share, v_set(b->options.step), cell_begin(b, j));
        last[j] = v_ge(next + v_set(NEAR * step), b->length[j]);
        grid[j] = v_le(next - v_set(NEAR * step), b->length[j]);
        const vec end = v_if(last[j], b->length[j], next);
        to->h[j] = v_max(end - b->t[j], v_set(0));
        to->share[j] = v_if(grid[j], share, share_at(b, j, end, share));
    }
}

/* Outputs before the end of the step, each by a step of its own from t. */
static void outputs_inside(pt_block *b, const reach *to)
{
    vec *y = b->scratch, t[PT_WIDE];
    vmask due[PT_WIDE];
    for (;;) {
        reach aside = *to;
        for (int j = 0; j < PT_WIDE; j++) {
            due[j] = b->live[j] & ~b->arrived[j] & v_lt(b->due[j], b->t[j] + to->h[j]);
            aside.h[j] = v_if(due[j], v_max(b->due[j] - b->t[j], v_set(0)), to->h[j]);
            aside.share[j] = v_if(due[j], share_at(b, j, b->due[j], to->share[j]), to->share[j]);
            t[j] = b->origin[j] + b->t[j] + aside.h[j];
        }
        if (!pt_any(due)) return;
        advance(b, &aside);
        pt_block_output(b, t, b->x1, y);
        for (int s = 0; s < PT_N_SLOT; s++)
            if (*pt_flag(due, s)) pt_slot_emit_inside(b, s, b->x1, y);
    }
}

static void commit(pt_block *b, int j, const reach *to, vmask last, vmask grid)
{
    pt_paths *P = b->paths;
    const vmask whole = v_eq(to->share[j], v_set(1));
    for (int i = j; i < b->n_state * PT_WIDE; i += PT_WIDE) b->x[i] = v_if(b->live[j], b->x1[i], b->x[i]);
    for (int i = j; i < P->n * PT_WIDE; i += PT_WIDE) {
        P->w[i] = v_if(whole, v_set(0), P->w1[i]);
        P->a[i] = v_if(whole, v_set(0), P->a1[i]);
    }
    P->share[j] = v_if(whole, v_set(0), to->share[j]);
    P->passed[j] += v_if(grid, v_set(1), v_set(0));
    b->t[j] = v_if(last, b->length[j], b->t[j] + to->h[j]);
    b->steps[j] += v_set(1);
    b->arrived[j] |= last & b->live[j];
}

/* Lanes that left the numbers, or took too many steps. */
static void check(pt_block *b, int j)
{
    vec sum = v_set(0); /* 0 x is 0 or NaN */
    for (int i = j; i < b->n_state * PT_WIDE; i += PT_WIDE) sum = v_fma(v_set(0), b->x[i], sum);
    const vmask lost = v_isnan(sum);
    const vmask many = v_gt(b->steps[j], v_set((double)b->options.max_steps)) & ~b->arrived[j];
    const vmask bad = (lost | many) & b->live[j];
    if (!m_any(bad)) return;
    for (int l = 0; l < PT_W; l++)
        if (bad[l]) pt_slot_fail(b, j * PT_W + l, lost[l] ? PT_NOT_FINITE : PT_STEP_LIMIT);
}

void pt_block_noise_step(pt_block *b)
{
    reach to;
    vmask last[PT_WIDE], grid[PT_WIDE];
    next_reach(b, &to, last, grid);
    outputs_inside(b, &to);
    advance(b, &to);
    for (int j = 0; j < PT_WIDE; j++) commit(b, j, &to, last[j], grid[j]);
    for (int j = 0; j < PT_WIDE; j++) check(b, j);
}
