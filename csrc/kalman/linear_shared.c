#include "kalman/linear_shared.h"

#include <string.h>

#include "kalman/linear_kernels.h"
#include "parts.h"

/* What does not depend on the data, step by step, in one lane. */
typedef struct {
    double *memory;
    double *gain, *h;  /* (T, m, n) K and the row of H, decorrelated, of each element */
    double *L;         /* (T, m, m) decorrelation */
    double *inverse;   /* (T, m) 1 / f, 0 where the element is not seen */
    double *variance;  /* (T, m) f */
    double *likely;    /* (T, 6) product, exponent, count: of all steps so far, and of this one */
    double *predicted; /* (T, n, n) */
    double *filtered;  /* (T, n, n) */
    int64_t series;    /* whose gaps these are */
    pt_status status;  /* of the covariances */
    int64_t at;        /* the step of their failure */
} shared_path;

typedef struct {
    pt_linear_call *call;
    pt_lane_block *blocks;
    const shared_path *path;
} shared_call;

/* ---- which calls ---- */

static int64_t longest(const pt_linear_input *in)
{
    int64_t best = 0;
    for (int64_t s = 1; in->lengths && s < in->n_series; s++)
        if (in->lengths[s] > in->lengths[best]) best = s;
    return best;
}

/* Do series first .. first + count - 1 have the gaps of series `model`, each up to its length? */
static int have_gaps_of(const pt_linear_input *in, int64_t model, int64_t first, int64_t count)
{
    const double *y0 = in->y + model * in->n_time * in->m;
    for (int64_t s = first; s < first + count; s++) {
        const double *y = in->y + s * in->n_time * in->m;
        const int64_t n = pt_linear_length(in, s) * in->m;
        int differ = 0;
        for (int64_t k = 0; k < n; k++) differ |= (y[k] != y[k]) != (y0[k] != y0[k]);
        if (differ) return 0;
    }
    return 1;
}

int pt_linear_is_shared(const pt_linear_call *call)
{
    const pt_linear_input *in = call->in;
    const int forecasts = call->out->innovation || call->out->innovation_cov;
    if (call->backward || call->special || forecasts || call->shared != PT_OK || in->n_series < 2 * PT_W ||
        in->n > PT_SHARED_MAX)
        return 0;
    if (in->F.by_series || in->H.by_series || in->Q.by_series || in->R.by_series || in->G.by_series ||
        in->P0.by_series)
        return 0;
    return have_gaps_of(in, longest(in), 0, 2 * PT_W);
}

/* ---- the covariances ---- */

static pt_status path_create(const pt_linear_input *in, shared_path *path)
{
    const int64_t T = in->n_time, n = in->n, m = in->m;
    const pt_part parts[] = {
        {&path->gain, T * m * n},     {&path->h, T * m * n},    {&path->L, T * m * m},
        {&path->inverse, T * m},      {&path->likely, T * 6},   {&path->predicted, T * n * n},
        {&path->filtered, T * n * n}, {&path->variance, T * m},
    };
    const size_t count = sizeof parts / sizeof *parts;
    path->memory = pt_alloc((size_t)pt_parts_place(parts, count, NULL, 0, 1) * sizeof(double));
    if (!path->memory) return PT_NO_MEMORY;
    pt_parts_place(parts, count, path->memory, 0, 1);
    return PT_OK;
}

static void take(double *dst, int64_t row, int count, const vec *src)
{
    for (int k = 0; k < count; k++) dst[row * count + k] = src[k][0];
}

static void take_loglike(double *dst, const k_loglike *sum)
{
    dst[0] = sum->product[0];
    dst[1] = sum->exponent[0];
    dst[2] = sum->count[0];
}

static void fail(shared_path *path, vmask bad, pt_status status, int64_t t)
{
    if (path->status != PT_OK || !bad[0]) return;
    path->status = status;
    path->at = t;
}

static void update_cov(pt_lane_block *b, shared_path *path, int64_t t, k_loglike *total, k_loglike *step)
{
    const int n = b->call->in->n, m = b->call->in->m;
    vec inverse, zero = v_set(0.0);
    memcpy(b->h, b->H, (size_t)m * n * sizeof(vec));
    if (b->correlated) {
        k_factor(m, b->R, b->seen, b->decorrelation, b->D);
        k_decorrelate(m, n, b->decorrelation, b->h);
        take(path->L, t, m * m, b->decorrelation);
    }
    take(path->h, t, m * n, b->h);
    for (int i = 0; i < m; i++) {
        const vec r = b->correlated ? b->D[i] : b->R[(size_t)i * m + i];
        const vec f = k_gain(n, b->h + i * n, r, b->seen[i], b->P, b->K, b->g, b->M, &inverse);
        k_loglike_add(total, f, zero, b->seen[i]);
        k_loglike_add(step, f, zero, b->seen[i]);
        take(path->gain, t * m + i, n, b->K);
        path->inverse[t * m + i] = inverse[0];
        path->variance[t * m + i] = f[0];
        fail(path, b->seen[i] & v_lt(f, v_set(PT_MIN_NORMAL)), PT_SINGULAR, t);
        fail(path, b->seen[i] & ~v_isfinite(f + f), PT_NOT_FINITE, t);
    }
}

/* Row t is row `from` again, whose elements are all seen. */
static void repeat(const pt_lane_block *b, shared_path *path, int64_t from, int64_t t, k_loglike *total)
{
    const int64_t n = b->call->in->n, m = b->call->in->m;
    struct {
        double *array;
        int64_t n;
    } parts[] = {
        {path->gain, m * n},      {path->h, m * n},        {path->L, m * m},    {path->inverse, m},
        {path->predicted, n * n}, {path->filtered, n * n}, {path->variance, m},
    };
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        memcpy(parts[k].array + t * parts[k].n, parts[k].array + from * parts[k].n,
               (size_t)parts[k].n * sizeof(double));
    for (int64_t i = 0; i < m; i++)
        k_loglike_add(total, v_set(path->variance[t * m + i]), v_set(0.0), m_set(-1));
    take_loglike(path->likely + t * 6, total);
    memcpy(path->likely + t * 6 + 3, path->likely + from * 6 + 3, 3 * sizeof(double));
}

/* The way to the steady state: among steps of a constant model without a gap, the predicted covariance of one
 * is that of an earlier one to the last bit. From there on it goes round, mostly with a period of one (Brent
 * 1980, BIT 20, 176, for the steps that are compared). */
typedef struct {
    int64_t anchor, reach; /* the step that is compared with, and how many steps it is used for */
    int64_t period;        /* 0: not known */
} cycle;

static int goes_round(cycle *c, const pt_lane_block *b, const shared_path *path, int64_t t)
{
    const int64_t square = (int64_t)b->call->in->n * b->call->in->n;
    if (c->period) return 1;
    if (t > c->anchor && !b->varies &&
        memcmp(path->predicted + t * square, path->predicted + c->anchor * square,
               (size_t)square * sizeof(double)) == 0) {
        c->period = t - c->anchor;
        return 1;
    }
    if (t - c->anchor < c->reach) return 0;
    c->anchor = t;
    c->reach *= 2;
    return 0;
}

/* Which elements are seen at t, and are all of them? */
static int look(pt_lane_block *b, const double *y)
{
    int all = 1;
    for (int i = 0; i < b->call->in->m; i++) {
        b->seen[i] = m_set(y[i] == y[i] ? -1 : 0);
        all &= y[i] == y[i];
    }
    return all;
}

static void step_cov(pt_lane_block *b, shared_path *path, int64_t t, k_loglike *total)
{
    const int n = b->call->in->n;
    k_loglike step = k_loglike_begin();
    pt_lane_load_observation(b, t);
    update_cov(b, path, t, total, &step);
    fail(path, k_not_finite(n, n + 1, b->P), PT_NOT_FINITE, t);
    take(path->filtered, t, n * n, b->P);
    take_loglike(path->likely + t * 6, total);
    take_loglike(path->likely + t * 6 + 3, &step);
    pt_lane_load_transition(b, t);
    k_spread(n, b->F, b->P, b->T);
    k_multiply_symmetric(n, b->T, b->F, b->Q, b->P);
}

/* The covariances over the steps of the longest series. */
static void run_cov(pt_lane_block *b, shared_path *path)
{
    const pt_linear_input *in = b->call->in;
    const int square = in->n * in->n;
    const int64_t s = path->series;
    const double *y = in->y + s * in->n_time * in->m;
    cycle c = {.reach = 1};
    b->first = s;
    b->used = 1;
    k_loglike total = k_loglike_begin();
    pt_lane_load(b, &in->P0, 0, square, b->P);
    for (int64_t t = 0; t < pt_linear_length(in, s); t++) {
        const int all = look(b, y + t * in->m);
        if (c.period && !all)
            for (int k = 0; k < square; k++) b->P[k] = v_set(path->predicted[(t - c.period) * square + k]);
        if (!all) c = (cycle){.anchor = t + 1, .reach = 1};
        if (!c.period) take(path->predicted, t, square, b->P);
        if (all && goes_round(&c, b, path, t))
            repeat(b, path, t - c.period, t, &total);
        else
            step_cov(b, path, t, &total);
    }
}

/* ---- the means ---- */

PT_LANE void spread(const int count, const double *src, vec *restrict dst)
{
    PT_UNROLL for (int k = 0; k < count; k++) dst[k] = v_set(src[k]);
}

/* Rows t of a covariance output, one copy a series. */
static void store_cov(const pt_lane_block *b, double *dst, int64_t t, const double *cov)
{
    const int64_t n = b->call->in->n, width = pt_linear_square(b->call->out, n);
    for (int lane = 0; dst && lane < b->used; lane++) {
        if (t >= b->length[lane]) continue;
        double *row = dst + ((b->first + lane) * b->call->in->n_time + t) * width;
        if (width == n * n)
            memcpy(row, cov + t * n * n, (size_t)width * sizeof(double));
        else
            for (int64_t i = 0; i < n; row += ++i)
                memcpy(row, cov + (t * n + i) * n, (size_t)(i + 1) * sizeof(double));
    }
}

static void store_mean(const pt_lane_block *b, double *dst, int64_t t, const vec *a)
{
    pt_lane_store(b, dst, b->call->in->n_time, t, b->call->in->n, a);
}

static vec loglike_of(const double *likely, vec square)
{
    const k_loglike sum = {v_set(likely[0]), v_set(likely[1]), v_set(likely[2]), square};
    return k_loglike_value(&sum);
}

static void store_last(pt_lane_block *b, const shared_path *path, int64_t t, const vec *a, vec square)
{
    const int n = b->call->in->n;
    spread(n * n, path->filtered + t * n * n, b->P);
    pt_lane_store_last(b, t, loglike_of(path->likely + t * 6, square), a, b->P);
}

static void store_filtered(pt_lane_block *b, const shared_path *path, int64_t t, const vec *a, vec square)
{
    pt_linear_output *out = b->call->out;
    if (out->loglike_t) {
        const vec gained = loglike_of(path->likely + t * 6 + 3, square);
        pt_lane_store(b, out->loglike_t, b->call->in->n_time, t, 1, &gained);
    }
    store_mean(b, out->mean, t, a);
    store_cov(b, out->cov, t, path->filtered);
}

/* All elements of y_t; returns the sum of v^2 / f. */
PT_LANE vec update_mean(pt_lane_block *b, const shared_path *path, const int n, const int m, int64_t t,
                        vec *restrict a, vec *square, vmask *overflow)
{
    vec of_step = v_set(0.0), h[PT_SHARED_MAX], K[PT_SHARED_MAX];
    if (m > 1 && b->correlated) {
        spread(m * m, path->L + t * m * m, b->decorrelation);
        k_decorrelate(m, 1, b->decorrelation, b->y);
    }
    for (int i = 0; i < m; i++) {
        const vec inverse = v_set(path->inverse[t * m + i]);
        spread(n, path->h + (t * m + i) * n, h);
        spread(n, path->gain + (t * m + i) * n, K);
        const vec v = k_correct(n, h, b->y[i], K, b->seen[i], a);
        const vec gained = v_if(b->seen[i], v * v * inverse, v_set(0.0));
        *square += gained;
        of_step += gained;
        *overflow |= b->seen[i] & ~v_isfinite(v);
    }
    return of_step;
}

static __attribute__((noinline)) void report(pt_lane_block *b, const shared_path *path, vmask overflow,
                                             int64_t t)
{
    if (path->status != PT_OK && path->at == t) pt_lane_fail(b, m_set(-1), path->status, PT_LINEAR_NONE, t);
    pt_lane_fail(b, overflow, PT_NOT_FINITE, PT_LINEAR_NONE, t);
}

PT_LANE void run_means(pt_lane_block *b, const shared_path *path, const int n, const int m, vec *restrict a,
                       vec *restrict next)
{
    vec square = v_set(0.0);
    pt_lane_load(b, &b->call->in->x0, 0, n, b->rest);
    PT_UNROLL for (int i = 0; i < n; i++) a[i] = b->rest[i];
    for (int64_t t = 0; t < b->n_step; t++) {
        vmask overflow = m_set(0);
        if (b->varies || t == 0) pt_lane_load_observation(b, t);
        pt_lane_load_y(b, t);
        if (b->stores) {
            PT_UNROLL for (int i = 0; i < n; i++) b->rest[i] = a[i];
            store_mean(b, b->call->out->predicted_mean, t, b->rest);
            store_cov(b, b->call->out->predicted_cov, t, path->predicted);
        }
        const vec of_step = update_mean(b, path, n, m, t, a, &square, &overflow);
        overflow |= k_not_finite(n, 1, a);
        if (m_any(overflow) || (path->status != PT_OK && path->at == t)) report(b, path, overflow, t);
        if (b->stores || t + 1 >= b->next_end) {
            PT_UNROLL for (int i = 0; i < n; i++) b->rest[i] = a[i];
            store_filtered(b, path, t, b->rest, of_step);
            if (t + 1 >= b->next_end) store_last(b, path, t, b->rest, square);
        }
        if (t + 1 == b->n_step) break;
        if (b->varies || t == 0) pt_lane_load_transition(b, t);
        k_move(n, b->F, a, b->c, next);
        PT_UNROLL for (int i = 0; i < n; i++) a[i] = next[i];
    }
}

/* ---- instances ---- */

#define SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(8) X(12)
#define MEANS(name, n, m)                                                                                    \
    static __attribute__((noinline)) void name(pt_lane_block *b, const shared_path *path)                    \
    {                                                                                                        \
        vec a[n], next[n];                                                                                   \
        run_means(b, path, n, m, a, next);                                                                   \
    }
#define INSTANCE(n) MEANS(means_one_##n, n, 1) MEANS(means_many_##n, n, b->call->in->m)
SIZES(INSTANCE)

static void means_any(pt_lane_block *b, const shared_path *path)
{
    run_means(b, path, b->call->in->n, b->call->in->m, b->a, b->next);
}

static void means(pt_lane_block *b, const shared_path *path)
{
    switch (b->call->in->n) {
#define CASE(n)                                                                                              \
    case n:                                                                                                  \
        b->call->in->m == 1 ? means_one_##n(b, path) : means_many_##n(b, path);                              \
        return;
        SIZES(CASE)
#undef CASE
    default:
        means_any(b, path);
    }
}

static pt_status run_block(void *context, int worker, int64_t i)
{
    const shared_call *shared = context;
    pt_lane_block *b = shared->blocks + worker;
    if (pt_lane_block_begin(b, i * PT_W)) {
        if (have_gaps_of(b->call->in, shared->path->series, b->first, b->used))
            means(b, shared->path);
        else
            pt_lane_block_run(b);
    }
    pt_lane_block_end(b);
    return PT_OK;
}

pt_status pt_linear_shared(pt_linear_call *call, pt_lane_block *blocks, const pt_control *control)
{
    shared_path path = {.series = longest(call->in)};
    shared_call shared = {call, blocks, &path};
    pt_status status = path_create(call->in, &path);
    if (status == PT_OK) {
        run_cov(blocks, &path);
        status = pt_parallel((call->in->n_series + PT_W - 1) / PT_W, control, run_block, &shared);
    }
    pt_free(path.memory);
    return status;
}
