/* See linear_adapt.h. */
#include "kalman/linear_adapt.h"

#include <string.h>

#define LN_2 0x1.62e42fefa39efp-1

enum { OF_R, OF_Q, N_SCALE };

typedef struct {
    /* carried: ln s, I as RR, RQ, QQ, and the derivatives of the moments */
    vec *log_scale, *size, *da[N_SCALE], *dP[N_SCALE];
    /* work: innovation, its covariance and factor, S^-1 v, gain (n, m), I - K H (n, n) */
    vec *v, *S, *L, *inverse, *u, *K, *A;
    vec *dS[N_SCALE], *relative[N_SCALE], *dv[N_SCALE], *scaled; /* S., S^-1 S., H a., S^-1 H a. */
    vec *T, *U;                                                  /* (n, n), (n, n) */
} adapt_work;

static int64_t place_carried(const pt_linear_input *in, adapt_work *w, vec *block)
{
    const int64_t n = in->n;
    const pt_lane_part parts[] = {
        {&w->log_scale, N_SCALE}, {&w->size, 3},         {&w->da[OF_R], n},
        {&w->da[OF_Q], n},        {&w->dP[OF_R], n * n}, {&w->dP[OF_Q], n * n},
    };
    return pt_lane_place(parts, sizeof parts / sizeof *parts, block);
}

static int64_t place(const pt_linear_input *in, adapt_work *w, vec *block)
{
    const int64_t n = in->n, m = in->m;
    const pt_lane_part parts[] = {
        {&w->v, m},
        {&w->S, m * m},
        {&w->L, m * m},
        {&w->inverse, m},
        {&w->u, m},
        {&w->K, n * m},
        {&w->A, n * n},
        {&w->dS[OF_R], m * m},
        {&w->dS[OF_Q], m * m},
        {&w->relative[OF_R], m * m},
        {&w->relative[OF_Q], m * m},
        {&w->dv[OF_R], m},
        {&w->dv[OF_Q], m},
        {&w->scaled, m},
        {&w->T, n * n},
        {&w->U, n * n},
    };
    return pt_lane_place(parts, sizeof parts / sizeof *parts, block);
}

int64_t pt_lane_adapt_size(const pt_linear_input *in)
{
    adapt_work w;
    return pt_linear_adapts(in) ? place(in, &w, NULL) : 0;
}

int64_t pt_lane_adapt_carried(const pt_linear_input *in)
{
    adapt_work w;
    return pt_linear_adapts(in) ? place_carried(in, &w, NULL) : 0;
}

static adapt_work at_hand(const pt_lane_block *b)
{
    adapt_work w;
    place_carried(b->call->in, &w, b->adapted);
    place(b->call->in, &w, b->adapting);
    return w;
}

/* memory of s_R or s_Q, 0 where it does not adapt */
static double memory_of(const pt_lane_block *b, int p)
{
    return p == OF_R ? b->call->in->robust.adapt_R : b->call->in->robust.adapt_Q;
}

void pt_lane_adapt_start(pt_lane_block *b)
{
    const int64_t count = pt_lane_adapt_carried(b->call->in);
    for (int64_t k = 0; k < count; k++) b->adapted[k] = v_set(0.0);
    const adapt_work w = at_hand(b);
    w.size[0] = w.size[2] = v_set(1.0);
}

void pt_lane_adapt_scales(const pt_lane_block *b, vec scale[2])
{
    const adapt_work w = at_hand(b);
    for (int p = 0; p < N_SCALE; p++) scale[p] = v_exp(w.log_scale[p]);
}

/* ---- the innovation ---- */

/* C (m, m) = H V H' + R over the elements that are seen, `rest` on the diagonal of the others; V (n, n)
 * symmetric, R may be null */
static void see(const pt_lane_block *b, const vec *V, const vec *R, double rest, vec *C)
{
    const int n = b->call->in->n, m = b->call->in->m;
    for (int i = 0; i < m; i++) {
        for (int k = 0; k < n; k++) b->M[k] = k_dot(n, V + (size_t)k * n, b->H + (size_t)i * n, v_set(0.0));
        for (int j = 0; j < m; j++) {
            const vec r = R ? R[(size_t)i * m + j] : v_set(0.0);
            const vec c = k_dot(n, b->H + (size_t)j * n, b->M, r);
            C[(size_t)i * m + j] = v_if(b->seen[i] & b->seen[j], c, v_set(i == j ? rest : 0.0));
        }
    }
}

/* x (m, `stride` apart) = S^-1 x */
static void solve(int m, const adapt_work *w, int stride, vec *x)
{
    for (int i = 0; i < m; i++) {
        vec v = x[(size_t)i * stride];
        for (int k = 0; k < i; k++) v = v_fma(-w->L[(size_t)i * m + k], x[(size_t)k * stride], v);
        x[(size_t)i * stride] = v * w->inverse[i];
    }
    for (int i = m - 1; i >= 0; i--) {
        vec v = x[(size_t)i * stride];
        for (int k = i + 1; k < m; k++) v = v_fma(-w->L[(size_t)k * m + i], x[(size_t)k * stride], v);
        x[(size_t)i * stride] = v * w->inverse[i];
    }
}

/* v, S, u, K and I - K H */
static void innovate(const pt_lane_block *b, const vec *R, adapt_work *w)
{
    const int n = b->call->in->n, m = b->call->in->m;
    see(b, b->P, R, 1.0, w->S);
    k_cholesky(m, w->S, w->L, w->inverse);
    for (int i = 0; i < m; i++) {
        const vec *h = b->H + (size_t)i * n;
        w->v[i] = v_if(b->seen[i], b->y[i] - k_dot(n, h, b->a, v_set(0.0)), v_set(0.0));
        w->u[i] = w->v[i];
        for (int k = 0; k < n; k++)
            w->K[(size_t)k * m + i] =
                v_if(b->seen[i], k_dot(n, b->P + (size_t)k * n, h, v_set(0.0)), v_set(0.0));
    }
    solve(m, w, 1, w->u);
    for (int k = 0; k < n; k++) solve(m, w, 1, w->K + (size_t)k * m);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            vec a = v_set(i == j ? 1.0 : 0.0);
            for (int k = 0; k < m; k++) a = v_fma(-w->K[(size_t)i * m + k], b->H[(size_t)k * n + j], a);
            w->A[(size_t)i * n + j] = a;
        }
}

/* S., S^-1 S. and H a. by ln s_p */
static void differentiate(const pt_lane_block *b, const vec *R, int p, adapt_work *w)
{
    const int n = b->call->in->n, m = b->call->in->m;
    see(b, w->dP[p], p == OF_R ? R : NULL, 0.0, w->dS[p]);
    memcpy(w->relative[p], w->dS[p], (size_t)m * m * sizeof(vec));
    for (int j = 0; j < m; j++) solve(m, w, m, w->relative[p] + j);
    for (int i = 0; i < m; i++)
        w->dv[p][i] = v_if(b->seen[i], k_dot(n, b->H + (size_t)i * n, w->da[p], v_set(0.0)), v_set(0.0));
}

static vec score(int m, const adapt_work *w, int p)
{
    vec g = v_set(0.0);
    for (int i = 0; i < m; i++) {
        const vec bent = k_dot(m, w->dS[p] + (size_t)i * m, w->u, v_set(0.0));
        g = v_fma(v_set(0.5), v_fma(w->u[i], bent, -w->relative[p][(size_t)i * m + i]), g);
        g = v_fma(w->dv[p][i], w->u[i], g);
    }
    return g;
}

static vec information(int m, const adapt_work *w, int p, int q)
{
    memcpy(w->scaled, w->dv[q], (size_t)m * sizeof(vec));
    solve(m, w, 1, w->scaled);
    vec sum = v_set(0.0);
    for (int i = 0; i < m; i++) {
        sum = v_fma(w->dv[p][i], w->scaled[i], sum);
        for (int j = 0; j < m; j++)
            sum =
                v_fma(v_set(0.5) * w->relative[p][(size_t)i * m + j], w->relative[q][(size_t)j * m + i], sum);
    }
    return sum;
}

/* ---- the step ---- */

/* ln s += I^-1 g in the lanes that see something */
static void step(adapt_work *w, const vec g[N_SCALE], vmask some)
{
    const vec det = v_fma(w->size[0], w->size[2], -(w->size[1] * w->size[1]));
    const vec change[N_SCALE] = {
        (w->size[2] * g[OF_R] - w->size[1] * g[OF_Q]) / det,
        (w->size[0] * g[OF_Q] - w->size[1] * g[OF_R]) / det,
    };
    for (int p = 0; p < N_SCALE; p++) {
        const vec bounded = v_max(v_min(change[p], v_set(LN_2)), v_set(-LN_2));
        w->log_scale[p] += v_if(some & v_isfinite(change[p]), bounded, v_set(0.0));
    }
}

/* a. and P. after the update */
static void update(const pt_lane_block *b, const vec *R, int p, adapt_work *w)
{
    const int n = b->call->in->n, m = b->call->in->m;
    vec *pull = w->scaled, *da = b->M;
    for (int i = 0; i < m; i++) pull[i] = w->dv[p][i] + k_dot(m, w->dS[p] + (size_t)i * m, w->u, v_set(0.0));
    for (int k = 0; k < n; k++) w->T[k] = v_set(0.0);
    for (int i = 0; i < m; i++)
        for (int k = 0; k < n; k++) w->T[k] = v_fma(b->H[(size_t)i * n + k], w->u[i], w->T[k]);
    for (int k = 0; k < n; k++) {
        da[k] = k_dot(n, w->dP[p] + (size_t)k * n, w->T, w->da[p][k]);
        da[k] -= k_dot(m, w->K + (size_t)k * m, pull, v_set(0.0));
    }
    memcpy(w->da[p], da, (size_t)n * sizeof(vec));
    k_multiply(n, w->A, w->dP[p], w->T);
    for (int k = 0; k < n * n; k++) w->U[k] = v_set(0.0);
    for (int i = 0; p == OF_R && i < n; i++)
        for (int j = 0; j <= i; j++) {
            vec sum = v_set(0.0);
            for (int k = 0; k < m; k++)
                for (int q = 0; q < m; q++)
                    sum = v_fma(w->K[(size_t)i * m + k] * R[(size_t)k * m + q], w->K[(size_t)j * m + q], sum);
            w->U[(size_t)i * n + j] = sum;
        }
    k_multiply_symmetric(n, w->T, w->A, w->U, w->dP[p]);
}

void pt_lane_adapt_learn(pt_lane_block *b, const vec *R)
{
    adapt_work w = at_hand(b);
    const int m = b->call->in->m;
    vmask some = m_set(0);
    for (int i = 0; i < m; i++) some |= b->seen[i];
    innovate(b, R, &w);
    vec g[N_SCALE] = {v_set(0.0), v_set(0.0)};
    const double memory[N_SCALE] = {memory_of(b, OF_R), memory_of(b, OF_Q)};
    for (int p = 0; p < N_SCALE; p++) {
        if (memory[p] <= 0.0) continue;
        differentiate(b, R, p, &w);
        g[p] = score(m, &w, p);
        const vec size = v_set(memory[p]) * w.size[2 * p] + v_set(1.0 - memory[p]);
        w.size[2 * p] = v_if(some, size + information(m, &w, p, p), w.size[2 * p]);
    }
    if (memory[OF_R] > 0.0 && memory[OF_Q] > 0.0) {
        const vec kept = v_sqrt(v_set(memory[OF_R] * memory[OF_Q])) * w.size[1];
        w.size[1] = v_if(some, kept + information(m, &w, OF_R, OF_Q), w.size[1]);
    }
    step(&w, g, some);
    for (int p = 0; p < N_SCALE; p++)
        if (memory[p] > 0.0) update(b, R, p, &w);
}

void pt_lane_adapt_move(pt_lane_block *b, const vec *Q)
{
    adapt_work w = at_hand(b);
    const int n = b->call->in->n;
    for (int k = 0; k < n * n; k++) w.U[k] = v_set(0.0);
    for (int p = 0; p < N_SCALE; p++) {
        if (memory_of(b, p) <= 0.0) continue;
        for (int k = 0; k < n; k++) w.T[k] = k_dot(n, b->F + (size_t)k * n, w.da[p], v_set(0.0));
        memcpy(w.da[p], w.T, (size_t)n * sizeof(vec));
        k_spread(n, b->F, w.dP[p], w.T);
        k_multiply_symmetric(n, w.T, b->F, p == OF_Q ? Q : w.U, w.dP[p]);
    }
}
