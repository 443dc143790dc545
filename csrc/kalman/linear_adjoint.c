/* See linear_adjoint.h. */
#define PT_LARGE
#include "kalman/linear_adjoint.h"

#include <string.h>

#include "kalman/linear_adjoint_work.h"
#include "kalman/linear_diffuse.h"
#include "kalman/linear_panels.h"

static void list(const pt_lane_block *b, pt_derivative d[N_DERIVATIVE])
{
    const pt_linear_input *in = b->call->in;
    const pt_linear_gradient *to = &b->call->out->gradient;
    const int n = in->n, m = in->m, g = in->g;
    const pt_derivative all[N_DERIVATIVE] = {
        [OF_F] = {to->F, &in->F, n * n}, [OF_H] = {to->H, &in->H, m * n}, [OF_Q] = {to->Q, &in->Q, g * g},
        [OF_R] = {to->R, &in->R, m * m}, [OF_G] = {to->G, &in->G, n * g}, [OF_C] = {to->c, &in->c, n},
        [OF_D] = {to->d, &in->d, m},     [OF_X0] = {to->x0, &in->x0, n},  [OF_P0] = {to->P0, &in->P0, n * n},
    };
    memcpy(d, all, sizeof all);
}

/* ---- work space ---- */

static int64_t place_vague(pt_adjoint_vague *w, int64_t n, int64_t m, vec *block)
{
    const pt_lane_part parts[] = {
        {&w->r, n},      {&w->N, n * n}, {&w->mu, n},   {&w->M, n * n}, {&w->K0, m * n}, {&w->K, m * n},
        {&w->S0, m * m}, {&w->S, m * m}, {&w->u0, m},   {&w->u, m},     {&w->z, m},      {&w->MK, m * n},
        {&w->C, m * m},  {&w->E, m * m}, {&w->row0, m}, {&w->row, m},   {&w->k, n},      {&w->X, n * n},
    };
    return pt_lane_place(parts, sizeof parts / sizeof *parts, block);
}

static int64_t place(pt_lane_adjoint *w, const pt_lane_block *b, vec *block)
{
    const int64_t n = b->call->in->n, m = b->call->in->m, g = b->call->in->g;
    const int64_t k = n > g ? n : g, most = k > m ? k : m;
    const pt_lane_part parts[] = {
        {&w->r, n},      {&w->N, n * n},   {&w->mu, n},
        {&w->M, n * n},  {&w->H, m * n},   {&w->K, m * n},
        {&w->MK, m * n}, {&w->Z, m * n},   {&w->HP, m * n},
        {&w->S, m * m},  {&w->L, m * m},   {&w->inverse, m},
        {&w->SI, m * m}, {&w->KMK, m * m}, {&w->u, m},
        {&w->z, m},      {&w->mean, n},    {&w->B, k * k},
        {&w->X, k * k},  {&w->Y, k * k},   {&w->step, most * most},
    };
    int64_t used = pt_lane_place(parts, sizeof parts / sizeof *parts, block);
    if (b->call->in->diffuse.data) used += place_vague(&w->vague, n, m, block ? block + used : NULL);
    pt_derivative d[N_DERIVATIVE];
    list(b, d);
    for (int i = 0; i < N_DERIVATIVE; i++) {
        if (block) w->sum[i] = d[i].to ? block + used : NULL;
        used += d[i].to ? d[i].count : 0;
    }
    return used;
}

pt_status pt_lane_adjoint_create(pt_lane_block *b)
{
    if (!b->call->adjoint) return PT_OK;
    pt_lane_adjoint none = {0};
    const size_t head = (sizeof none + sizeof(vec) - 1) / sizeof(vec);
    vec *memory = pt_alloc((head + (size_t)place(&none, b, NULL)) * sizeof(vec));
    if (!memory) return PT_NO_MEMORY;
    b->adjoint = (pt_lane_adjoint *)memory;
    place(b->adjoint, b, memory + head);
    return PT_OK;
}

void pt_lane_adjoint_free(pt_lane_block *b) { pt_free(b->adjoint); }

/* ---- sums ---- */

void pt_adjoint_give(pt_lane_block *b, const pt_derivative *all, int k, int64_t t)
{
    const pt_derivative *d = all + k;
    const pt_lane_adjoint *w = b->adjoint;
    const vmask alive = v_lt(v_set((double)t), b->live_until);
    if (d->array->by_time) {
        pt_lane_store(b, d->to, b->call->in->n_time, t, d->count, w->step);
        return;
    }
    vec *sum = w->sum[k];
    for (int i = 0; i < d->count; i++) sum[i] += v_if(alive, w->step[i], v_set(0.0));
}

void pt_adjoint_give_copy(pt_lane_block *b, const pt_derivative *all, int k, int64_t t, const vec *from)
{
    memcpy(b->adjoint->step, from, (size_t)all[k].count * sizeof(vec));
    pt_adjoint_give(b, all, k, t);
}

/* to (k, k) = (r r' - N) / 2 */
static void bend(const pt_lane_adjoint *w, int n, vec *to)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) to[i * n + j] = v_set(0.5) * v_fma(w->r[i], w->r[j], -w->N[i * n + j]);
}

/* ---- over the transition ---- */

/* dl/dF = r m' + 2 B F p */
static void of_F(pt_lane_block *b, const pt_derivative *d, int64_t t, pt_lane_step now)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n;
    k_product(n, n, n, (k_operands){b->F, n, 1, now.cov, n, NULL, w->X, n});
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            vec sum = w->r[i] * now.mean[j];
            for (int k = 0; k < n; k++) sum = v_fma(w->B[i * n + k] + w->B[i * n + k], w->X[k * n + j], sum);
            w->step[i * n + j] = sum;
        }
    if (w->vague.on) pt_diffuse_adjoint_of_F(b, now);
    pt_adjoint_give(b, d, OF_F, t);
}

/* w->X (n, g) = B G; G is the identity where there is none */
static void B_times_G(pt_lane_block *b)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n, g = b->call->in->g;
    if (b->call->in->G.data)
        k_product(n, g, n, (k_operands){w->B, n, 1, b->G, g, NULL, w->X, g});
    else
        memcpy(w->X, w->B, (size_t)n * n * sizeof(vec));
}

/* dl/dQ = G' B G */
static void of_Q(pt_lane_block *b, const pt_derivative *d, int64_t t)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n, g = b->call->in->g;
    B_times_G(b);
    if (b->call->in->G.data)
        k_product(g, g, n, (k_operands){b->G, 1, g, w->X, g, NULL, w->step, g});
    else
        memcpy(w->step, w->X, (size_t)n * n * sizeof(vec));
    pt_adjoint_give(b, d, OF_Q, t);
}

/* dl/dG = 2 B G Q */
static void of_G(pt_lane_block *b, const pt_derivative *d, int64_t t)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n, g = b->call->in->g;
    B_times_G(b);
    k_product(n, g, g, (k_operands){w->X, g, 1, b->Q0, g, NULL, w->step, g});
    for (int k = 0; k < n * g; k++) w->step[k] += w->step[k];
    pt_adjoint_give(b, d, OF_G, t);
}

/* mu and M; both 0 behind the last step */
static void over_transition(pt_lane_block *b, const pt_derivative *d, int64_t t, pt_lane_step now)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n;
    pt_lane_load_transition(b, t);
    bend(w, n, w->B);
    if (d[OF_F].to) of_F(b, d, t, now);
    if (d[OF_Q].to) of_Q(b, d, t);
    if (d[OF_G].to && d[OF_G].array->data) of_G(b, d, t);
    if (d[OF_C].to) pt_adjoint_give_copy(b, d, OF_C, t, w->r);
    k_product(n, 1, n, (k_operands){b->F, 1, n, w->r, 1, NULL, w->mu, 1});
    k_product(n, n, n, (k_operands){w->N, n, 1, b->F, n, NULL, w->X, n});
    k_product_symmetric(n, n, (k_operands){b->F, 1, n, w->X, n, NULL, w->M, n});
    if (w->vague.on) pt_diffuse_adjoint_move(b);
}

/* ---- the pass ---- */

static void clear(pt_lane_block *b, const pt_derivative *d)
{
    const pt_lane_adjoint *w = b->adjoint;
    const size_t n = (size_t)b->call->in->n;
    memset(w->r, 0, n * sizeof(vec));
    memset(w->N, 0, n * n * sizeof(vec));
    memset(w->mu, 0, n * sizeof(vec));
    memset(w->M, 0, n * n * sizeof(vec));
    if (b->call->in->diffuse.data) {
        memset(w->vague.r, 0, n * sizeof(vec));
        memset(w->vague.N, 0, n * n * sizeof(vec));
        memset(w->vague.mu, 0, n * sizeof(vec));
        memset(w->vague.M, 0, n * n * sizeof(vec));
    }
    for (int i = 0; i < N_DERIVATIVE; i++)
        if (d[i].to) memset(w->sum[i], 0, (size_t)d[i].count * sizeof(vec));
}

/* Transitions from the last step on are not taken: their derivatives are 0. */
static void last_transition(pt_lane_block *b, const pt_derivative *d)
{
    static const int of_transition[] = {OF_F, OF_Q, OF_G, OF_C};
    const pt_lane_adjoint *w = b->adjoint;
    for (int i = 0; i < 4; i++) {
        const pt_derivative *one = d + of_transition[i];
        if (!one->to || !one->array->by_time) continue;
        memset(w->step, 0, (size_t)one->count * sizeof(vec));
        pt_adjoint_give(b, d, of_transition[i], b->n_step - 1);
    }
}

/* Lanes that end at t or earlier have nothing behind it. */
static void begin_lanes(pt_lane_block *b, int64_t t)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n;
    const vmask inside = v_lt(v_set((double)t), b->live_until - v_set(1.0));
    if (m_all(inside)) return;
    for (int i = 0; i < n; i++) w->r[i] = v_if(inside, w->r[i], v_set(0.0));
    for (int i = 0; i < n * n; i++) w->N[i] = v_if(inside, w->N[i], v_set(0.0));
    if (w->vague.on) pt_diffuse_adjoint_begin(b, inside);
}

static void finish(pt_lane_block *b, const pt_derivative *d)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n;
    vmask bad = k_not_finite(n, 1, w->r) | k_not_finite(n, n + 1, w->N);
    if (d[OF_X0].to) memcpy(w->sum[OF_X0], w->r, (size_t)n * sizeof(vec));
    if (d[OF_P0].to) {
        bend(w, n, w->sum[OF_P0]);
        if (b->call->in->diffuse.data) pt_lane_diffuse_forget(b, w->sum[OF_P0]);
    }
    for (int i = 0; i < N_DERIVATIVE; i++) {
        if (!d[i].to || d[i].array->by_time) continue;
        const vec *sum = w->sum[i];
        bad |= k_not_finite(d[i].count, 1, sum);
        for (int lane = 0; lane < b->used; lane++)
            for (int k = 0; k < d[i].count; k++) d[i].to[(b->first + lane) * d[i].count + k] = sum[k][lane];
    }
    if (m_any(bad)) pt_lane_fail(b, bad, PT_NOT_FINITE, PT_LINEAR_NONE, 0);
}

void pt_lane_adjoint_run(pt_lane_block *b)
{
    pt_derivative d[N_DERIVATIVE];
    list(b, d);
    clear(b, d);
    last_transition(b, d);
    for (int64_t t = b->n_step - 1; t >= 0; t--) {
        const pt_lane_step now = pt_lane_history(b, t);
        b->adjoint->vague.on = b->call->in->diffuse.data && t <= b->diffuse.until;
        begin_lanes(b, t);
        if (t + 1 < b->n_step) over_transition(b, d, t, now);
        pt_adjoint_update(b, d, t, now);
    }
    finish(b, d);
}
