#include "kalman/linear_stride.h"

#include <math.h>

#include "kalman/scalar.h"
#include "linalg/blas.h"
#include "parts.h"

/* Shares of a variance that may be left after a subtraction: of E and U once, of S at every stride. */
#define LEFT_OF_NOISE      1e-6
#define LEFT_OF_STATE      1e-4
#define LEFT_OF_INNOVATION 1e-4

/* ---- which calls, and memory ---- */

static const int STEPS[PT_STRIDES] = {4, 16, 64};

/* Longer strides gain nothing once their elements are as many as the states. */
static int most_steps(const pt_linear_input *in)
{
    int most = 0;
    for (int k = 0; k < PT_STRIDES; k++)
        if ((int64_t)STEPS[k] * in->m <= in->n) most = STEPS[k];
    return most;
}

int pt_stride_rows(const pt_linear_call *call)
{
    const pt_linear_input *in = call->in;
    const pt_linear_output *out = call->out;
    const int64_t moving = in->F.by_time | in->H.by_time | in->Q.by_time | in->R.by_time | in->G.by_time |
                           in->c.by_time | in->d.by_time;
    if (moving || call->smooth || out->mean || out->cov || out->predicted_mean || out->predicted_cov ||
        out->innovation || out->innovation_cov)
        return 0;
    return in->n_time > PT_STRIDE_FROM ? most_steps(in) * in->m : 0;
}

static int64_t place(const pt_linear_input *in, pt_stride *stride, double *block)
{
    const int64_t n = in->n, rows = most_steps(in) * in->m, square = n * n;
    const pt_part parts[] = {
        {&stride->O, rows * n},    {&stride->o, rows},        {&stride->E, rows * rows},
        {&stride->F, square},      {&stride->Q, square},      {&stride->G, n * rows},
        {&stride->before, square}, {&stride->work, rows * n}, {&stride->z, rows},
    };
    int64_t used = pt_parts_place(parts, sizeof parts / sizeof *parts, block, 0, PT_CACHE_LINE);
    for (pt_stride_size *size = stride->sizes; size < stride->sizes + PT_STRIDES && size->steps; size++) {
        const int64_t m = size->steps * in->m;
        const pt_part own[] = {
            {&size->A, square}, {&size->U, square}, {&size->C, n * m}, {&size->f, n},
            {&size->F, square}, {&size->Q, square}, {&size->G, n * m},
        };
        used = pt_parts_place(own, sizeof own / sizeof *own, block, used, PT_CACHE_LINE);
    }
    if (block) pt_resting_place(in->n, (int)rows, block + used, &stride->steady);
    return used + pt_resting_size(in->n, (int)rows);
}

pt_status pt_stride_create(const pt_linear_input *in, pt_stride *stride)
{
    for (int k = 0; k < PT_STRIDES && STEPS[k] <= most_steps(in); k++) stride->sizes[k].steps = STEPS[k];
    stride->block = pt_alloc((size_t)place(in, stride, NULL) * sizeof(double));
    if (!stride->block) return PT_NO_MEMORY;
    place(in, stride, stride->block);
    return PT_OK;
}

void pt_stride_free(pt_stride *stride) { pt_free(stride->block); }

/* ---- the strides of a model ---- */

/* Var u*, A - G O and G of the k rows in w (H: their O, R: their E); G holds their C on entry. 0: too little
 * would be left. */
static int decorrelate(int n, const double *A, const double *U, pt_dense *w, double *F, double *Q, double *G)
{
    const int k = w->seen;
    pt_copy(F, A, (int64_t)n * n);
    pt_copy(Q, U, (int64_t)n * n);
    if (k == 0) return 1;
    pt_copy(w->S, w->R, (int64_t)k * k);
    if (pt_blas_cholesky(k, w->S) != PT_OK) return 0;
    for (int i = 0; i < k; i++) {
        const double left = w->S[(size_t)i * k + i];
        if (!(left * left > LEFT_OF_NOISE * w->R[(size_t)i * k + i])) return 0;
    }
    pt_blas_solve_right(1, n, k, w->S, k, G, k);
    pt_blas_syrk(n, k, -1.0, G, k, 1.0, Q);
    pt_dense_mirror(n, Q);
    pt_blas_solve_right(0, n, k, w->S, k, G, k);
    pt_blas_gemm(0, 0, n, n, k, -1.0, G, k, w->H, n, 1.0, F, n);
    for (int i = 0; i < n; i++)
        if (!(Q[(size_t)i * n + i] >= LEFT_OF_STATE * U[(size_t)i * n + i])) return 0;
    return 1;
}

/* From k to 2 k steps: stride's F, Q, z hold A, U, f, and C (n, k m) becomes twice as wide in C2. */
static void double_up(int n, int rows, int ld, const double *C, double *C2, double *f, pt_dense *w,
                      pt_stride *stride)
{
    double *A = stride->F, *U = stride->Q, *O = stride->O, *E = stride->E;
    double *E21 = E + (size_t)rows * ld, *E22 = E21 + rows;
    pt_blas_gemm(0, 0, rows, n, n, 1.0, O, n, A, n, 0.0, O + (size_t)rows * n, n);
    pt_copy(stride->o + rows, stride->o, rows);
    pt_blas_gemv(rows, n, 1.0, O, f, 1.0, stride->o + rows);
    pt_blas_gemm(0, 0, rows, n, n, 1.0, O, n, U, n, 0.0, stride->work, n);
    for (int i = 0; i < rows; i++) pt_copy(E22 + (size_t)i * ld, E + (size_t)i * ld, rows);
    pt_blas_gemm(0, 1, rows, rows, n, 1.0, stride->work, n, O, n, 1.0, E22, ld);
    pt_blas_gemm(0, 0, rows, rows, n, 1.0, O, n, C, rows, 0.0, E21, ld);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++) E[(size_t)j * ld + rows + i] = E21[(size_t)i * ld + j];
    pt_blas_gemm(0, 0, n, rows, n, 1.0, A, n, C, rows, 0.0, C2, 2 * rows);
    for (int i = 0; i < n; i++) pt_copy(C2 + (size_t)i * 2 * rows + rows, C + (size_t)i * rows, rows);
    pt_blas_gemm(0, 1, n, rows, n, 1.0, A, n, stride->work, n, 1.0, C2 + rows, 2 * rows);
    pt_dense_spread(n, A, U, U, w->T, w->U);
    pt_copy(U, w->U, (int64_t)n * n);
    pt_copy(w->next, f, n);
    pt_blas_gemv(n, n, 1.0, A, f, 1.0, w->next);
    pt_copy(f, w->next, n);
    pt_blas_gemm(0, 0, n, n, n, 1.0, A, n, A, n, 0.0, w->T, n);
    pt_copy(A, w->T, (int64_t)n * n);
}

/* One step: A = F, U = G Q G', C = 0, O = H, E = R, o = d, f = c */
static void one_step(const pt_linear_input *in, int64_t s, int ld, double *C, double *f, const pt_dense *w,
                     pt_stride *stride)
{
    const int n = in->n, m = in->m;
    pt_copy(stride->F, pt_linear_at(&in->F, s, 0), (int64_t)n * n);
    pt_copy(stride->Q, w->Q, (int64_t)n * n);
    pt_copy(stride->O, pt_linear_at(&in->H, s, 0), (int64_t)m * n);
    for (int i = 0; i < m; i++)
        pt_copy(stride->E + (size_t)i * ld, pt_linear_at(&in->R, s, 0) + (size_t)i * m, m);
    memset(C, 0, (size_t)n * m * sizeof *C);
    memset(stride->o, 0, (size_t)m * sizeof(double));
    memset(f, 0, (size_t)n * sizeof *f);
    if (in->d.data) pt_copy(stride->o, pt_linear_at(&in->d, s, 0), m);
    if (in->c.data) pt_copy(f, pt_linear_at(&in->c, s, 0), n);
}

/* Rows `chosen` (k) of O and E into w, and those columns of C into G */
static void choose(int n, int ld, const pt_stride *stride, const pt_stride_size *size, int m, double *G,
                   pt_dense *w)
{
    const int k = w->seen, width = size->steps * m;
    const int *chosen = w->pivot;
    for (int i = 0; i < k; i++) {
        pt_copy(w->H + (size_t)i * n, stride->O + (size_t)chosen[i] * n, n);
        for (int j = 0; j < k; j++) w->R[(size_t)i * k + j] = stride->E[(size_t)chosen[i] * ld + chosen[j]];
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < k; j++) G[(size_t)i * k + j] = size->C[(size_t)i * width + chosen[j]];
}

static int finish_size(int n, int m, int ld, const double *C, const double *f, pt_dense *w, pt_stride *stride,
                       pt_stride_size *size)
{
    const int rows = size->steps * m;
    pt_copy(size->A, stride->F, (int64_t)n * n);
    pt_copy(size->U, stride->Q, (int64_t)n * n);
    pt_copy(size->C, C, (int64_t)n * rows);
    pt_copy(size->f, f, n);
    w->seen = rows;
    for (int i = 0; i < rows; i++) w->pivot[i] = i;
    choose(n, ld, stride, size, m, size->G, w);
    return decorrelate(n, size->A, size->U, w, size->F, size->Q, size->G);
}

static void build(const pt_linear_input *in, int64_t s, pt_dense *w, pt_stride *stride)
{
    const int n = in->n, m = in->m, ld = most_steps(in) * m;
    double *C = w->M, *C2 = w->K, *f = w->scratch;
    pt_dense_noise(in, s, 0, w);
    one_step(in, s, ld, C, f, w, stride);
    stride->usable = 0;
    for (int steps = 1; steps < most_steps(in);) {
        double_up(n, steps * m, ld, C, C2, f, w, stride);
        double *other = C;
        C = C2, C2 = other;
        steps *= 2;
        pt_stride_size *size = stride->sizes + stride->usable;
        if (steps != size->steps) continue;
        if (!finish_size(n, m, ld, C, f, w, stride, size)) break;
        stride->usable++;
    }
    stride->built = 1;
}

void pt_stride_begin(const pt_linear_input *in, int64_t s, pt_dense *w, pt_stride *stride)
{
    const int64_t own = in->F.by_series | in->H.by_series | in->Q.by_series | in->R.by_series |
                        in->G.by_series | in->c.by_series | in->d.by_series;
    if (!stride->built || own) build(in, s, w, stride);
    stride->now = -1;
    stride->in_steady = 0;
    stride->settling = pt_settling_begin();
}

/* ---- one stride ---- */

/* The elements seen from t on: y - o into w->y and z, their places into w->pivot. 0: one is infinite */
static int collect(const pt_linear_input *in, int64_t s, int64_t t, int rows, pt_dense *w, pt_stride *stride)
{
    const double *y = in->y + (s * in->n_time + t) * in->m;
    int k = 0;
    for (int i = 0; i < rows; i++) {
        if (y[i] != y[i]) continue;
        if (!s_finite(y[i])) return 0;
        stride->z[k] = w->y[k] = y[i] - stride->o[i];
        w->pivot[k++] = i;
    }
    w->seen = k;
    return 1;
}

/* Is enough of each element's variance left when those before it are known? */
static int is_well_told(int k, const double *L)
{
    for (int i = 0; i < k; i++) {
        double all = 0.0, left = L[(size_t)i * k + i] * L[(size_t)i * k + i];
        for (int j = 0; j <= i; j++) all += L[(size_t)i * k + j] * L[(size_t)i * k + j];
        if (!(left >= LEFT_OF_INNOVATION * all)) return 0;
    }
    return 1;
}

/* ln p of each step from L and L^-1 v */
static void tell_steps(int m, int steps, int k, const int *place, const double *L, const double *v,
                       double *of_step)
{
    memset(of_step, 0, (size_t)steps * sizeof *of_step);
    for (int i = 0; i < k; i++)
        of_step[place[i] / m] -= 0.5 * (PT_LN_2PI + 2.0 * s_log(L[(size_t)i * k + i]) + v[i] * v[i]);
}

/* The steady state's stride: means only */
static int glide(const pt_linear_input *in, const pt_stride_size *size, pt_dense *w, pt_stride *stride,
                 double *gained, double *loglike_t)
{
    const int n = in->n;
    if (!pt_resting_innovate(n, stride->O, w->y, w->a, &stride->steady)) return 0;
    pt_resting_move(n, size->A, size->f, w->a, w->next, &stride->steady);
    *gained = pt_resting_gain(&stride->steady);
    if (loglike_t)
        tell_steps(in->m, size->steps, w->seen, w->pivot, stride->steady.L, stride->steady.v, loglike_t);
    pt_copy(w->a, w->next, n);
    return 1;
}

/* A stride of any kind. 0: digits would be lost, or something is not finite; nothing has changed then. */
static int leap(const pt_linear_input *in, const pt_stride_size *size, pt_dense *w, pt_stride *stride,
                double *gained, double *loglike_t)
{
    const int n = in->n, complete = w->seen == size->steps * in->m, ld = most_steps(in) * in->m;
    double *F = complete ? size->F : stride->F, *Q = complete ? size->Q : stride->Q;
    double *G = complete ? size->G : stride->G;
    choose(n, ld, stride, size, in->m, stride->G, w);
    if (!complete && !decorrelate(n, size->A, size->U, w, F, Q, G)) return 0;
    *gained = 0.0;
    if (w->seen > 0) {
        if (pt_dense_innovate(n, w) != PT_OK || !is_well_told(w->seen, w->S)) return 0;
        pt_copy(stride->before, w->P, (int64_t)n * n);
        *gained = pt_dense_correct(n, w);
    }
    if (loglike_t) tell_steps(in->m, size->steps, w->seen, w->pivot, w->S, w->y, loglike_t);
    pt_dense_predict(n, F, size->f, Q, w, w->U);
    if (w->seen > 0) pt_blas_gemv(n, w->seen, 1.0, G, stride->z, 1.0, w->next);
    pt_copy(w->a, w->next, n);
    pt_copy(w->P, w->U, (int64_t)n * n);
    return 1;
}

/* Is the steady state there after a complete stride of the longest kind? Then it is kept. */
static void watch(int n, const pt_stride_size *size, pt_dense *w, pt_stride *stride)
{
    if (!pt_has_settled(&stride->settling, pt_distance(n, w->P, stride->before, w->scratch))) return;
    pt_resting_take(n, w, size->F, size->G, &stride->steady);
    stride->in_steady = 1;
}

static int longest_now(const pt_stride *stride, int64_t left)
{
    int k = stride->now + 1 < stride->usable ? stride->now + 1 : stride->usable - 1;
    while (k >= 0 && stride->sizes[k].steps > left) k--;
    return k;
}

void pt_stride_step(const pt_linear_input *in, int64_t s, int64_t t, int64_t n_step, pt_dense *w,
                    pt_stride *stride, int *taken, double *gained, double *loglike_t)
{
    *taken = 0;
    if (stride->in_steady && n_step - 1 - t < stride->sizes[stride->usable - 1].steps) return;
    for (int k = longest_now(stride, n_step - 1 - t); k >= 0; k--) {
        const pt_stride_size *size = stride->sizes + k;
        const int rows = size->steps * in->m, longest = k == stride->usable - 1;
        if (!collect(in, s, t, rows, w, stride)) continue;
        const int complete = longest && w->seen == rows;
        if (!complete) stride->in_steady = 0, stride->settling = pt_settling_begin();
        if (!(stride->in_steady ? glide : leap)(in, size, w, stride, gained, loglike_t)) continue;
        if (complete && !stride->in_steady) watch(in->n, size, w, stride);
        stride->now = k;
        *taken = size->steps;
        return;
    }
    stride->now = -1;
}
