/* Sensitivities under the explicit methods: every stage of a step differentiated, see sensitivity.h.
 *
 * Each method is its stages and one more at the end of the step, whose input is the new state; the derivative
 * there stands in stage PT_N_STAGE - 1, as that of the states does. A state that must not be negative and was
 * set to 0 at the end of a fixed step depends on nothing any more.
 */
#include "ode/ramp.h"
#include "ode/sensitivity.h"

typedef struct {
    int n;           /* stages with the one at the end */
    const double *c; /* (n) where they lie in the step */
    const double *a; /* (n, PT_N_STAGE - 1) */
} explicit_method;

enum { WIDTH = PT_N_STAGE - 1 };

static const double euler_c[2] = {0, 1}, heun_c[3] = {0, 1, 1}, classical_c[5] = {0, 0.5, 0.5, 1, 1};
static const double euler_a[2][WIDTH] = {{0}, {1}};
static const double heun_a[3][WIDTH] = {{0}, {1}, {0.5, 0.5}};
static const double classical_a[5][WIDTH] = {
    {0}, {0.5}, {0, 0.5}, {0, 0, 1}, {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6}};

static explicit_method method_of(const pt_block *b)
{
    switch (b->options.method) {
    case PT_METHOD_EULER:
        return (explicit_method){2, euler_c, euler_a[0]};
    case PT_METHOD_HEUN:
        return (explicit_method){3, heun_c, heun_a[0]};
    case PT_METHOD_RK4:
        return (explicit_method){5, classical_c, classical_a[0]};
    default:
        return (explicit_method){PT_N_STAGE, pt_stage_c, pt_stage_a[0]};
    }
}

static vec *row_of(const pt_block *b, vec *a, int q) { return a + q * b->n_state * PT_WIDE; }

/* to = x + h sum_{r < s} a[r] k[r], all states */
static void combine(const pt_block *b, int s, const double *a, const vec *x, vec *const *k, int offset,
                    vec *to)
{
    for (int i = 0; i < b->n_state; i++)
        for (int j = 0; j < PT_WIDE; j++) {
            const int at = i * PT_WIDE + j;
            vec sum = v_set(0);
            for (int r = 0; r < s; r++) sum = v_fma(v_set(a[r]), k[r][offset + at], sum);
            to[at] = s ? v_fma(b->h[j], sum, x[at]) : x[at];
        }
}

/* The derivative of one direction at a stage that is kept in kd[to], and the states' own. */
static void stage_of(pt_block *b, int to, int q, const vec *t, vec *xd)
{
    pt_tangents *T = b->tangents;
    const int n = b->n_state * PT_WIDE;
    vec *kd = row_of(b, T->kd[to], q), *pd = T->pd + q * b->n_param * PT_WIDE;
    const vec *inflow = row_of(b, T->inflow, q);
    b->model->functions->tangent(b->model->self, pt_wides_in(t), pt_wides(T->x), pt_wides(b->p),
                                 pt_wides(b->d), NULL, pt_wides(xd), pt_wides(pd), NULL, pt_wides(T->dx),
                                 pt_wides(kd), NULL, NULL);
    for (int i = 0; i < n; i++) T->k[to][i] = T->dx[i] + b->inflow[i];
    for (int i = 0; i < n; i++) kd[i] += inflow[i];
}

/* v = 0 where the state at the end of the step was lifted to 0; x: that state before */
static void lift(const pt_block *b, const vec *x, vec *v)
{
    for (int k = 0; k < b->n_positive; k++)
        for (int j = 0; j < PT_WIDE; j++) {
            const int at = b->positive_state[k] * PT_WIDE + j;
            v[at] = v_if(v_lt(x[at], v_set(0)), v_set(0), v[at]);
        }
}

/* Inputs of stage s in T->x and, for each direction, x1d. */
static void stage_inputs(pt_block *b, int s, const double *a, int lifts)
{
    pt_tangents *T = b->tangents;
    combine(b, s, a, b->x, T->k, 0, T->x);
    for (int q = 0; q < T->n; q++) {
        vec *x1d = row_of(b, T->x1d, q);
        combine(b, s, a, row_of(b, T->xd, q), T->kd, q * b->n_state * PT_WIDE, x1d);
        if (lifts) lift(b, T->x, x1d);
    }
    if (lifts) lift(b, T->x, T->x);
}

void pt_tangents_step(pt_block *b)
{
    pt_tangents *T = b->tangents;
    const explicit_method method = method_of(b);
    const int lifts = b->n_positive && pt_steps_are_fixed(&b->options);
    for (int s = 0; s < method.n; s++) {
        const int at_end = s == method.n - 1;
        vec t[PT_WIDE];
        for (int j = 0; j < PT_WIDE; j++) t[j] = b->origin[j] + (b->t[j] + v_set(method.c[s]) * b->h[j]);
        if (b->ramps) pt_ramps_follow(b, t);
        stage_inputs(b, s, method.a + s * WIDTH, lifts && at_end);
        for (int q = 0; q < T->n; q++) stage_of(b, at_end ? PT_N_STAGE - 1 : s, q, t, row_of(b, T->x1d, q));
    }
}

/* The last coefficient of the interpolant, which those of the other fixed steps do not have. */
static vec tail_of(const pt_block *b, int i)
{
    vec *const *kd = b->tangents->kd;
    if (method_of(b).n != PT_N_STAGE) return v_set(0);
    vec tail = v_set(pt_stage_d[0]) * kd[0][i];
    for (int s = 2; s < PT_N_STAGE; s++) tail = v_fma(v_set(pt_stage_d[s]), kd[s][i], tail);
    return tail;
}

void pt_tangents_explicit_inside(pt_block *b, const vec *theta)
{
    pt_tangents *T = b->tangents;
    for (int i = 0; i < T->n * b->n_state * PT_WIDE; i++) {
        const int j = i % PT_WIDE;
        const vec k1 = T->kd[0][i], k7 = T->kd[PT_N_STAGE - 1][i], tail = tail_of(b, i);
        const vec h = b->h[j], rest = v_set(1) - theta[j];
        const vec rise = T->x1d[i] - T->xd[i], bend = h * k1 - rise, twist = rise - h * k7 - bend;
        T->other[i] = T->xd[i] + theta[j] * (rise + rest * (bend + theta[j] * (twist + rest * (h * tail))));
    }
}
