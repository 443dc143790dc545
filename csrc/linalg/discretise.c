/* Exact discretisation of linear drift and noise, one gap a lane. See linalg.h for the equation.
 *
 * At h = t / 2^s, with |A| h <= 0.3 (row sums), all three are Taylor series; terms of k = 0, 1, ..:
 *   E: X^(k+1) / (k+1)!, X = A h      w: h X^k c / (k+1)!      N: h L^k(Q) / (k+1)!, L(Z) = X Z + Z X'
 * and s doublings follow, each lane's own number:  N <- N + F N F',  w <- w + F w,  E <- 2 E + E E,  F = E +
 * I. Unlike the exponential of one block matrix (Van Loan 1978, IEEE Trans. Automat. Contr. 23, 395), whose
 * -A grows where A decays, this has no large intermediate: sums of semidefinite matrices only. */
#include <string.h>

#include "lanes/fenv_guard.h"
#include "linalg/small.h"
#include "pytwin.h"

enum { TERMS = 17 }; /* 0.6^17 / 17! < 1e-17: L is twice as large as X */

typedef struct {
    int n;
    vec *A, *E, *N, *w, *termE, *termN, *termw, *T; /* (n, n), vectors (n) */
} gap_work;

/* C (n, n) = A B */
static void multiply(int n, const vec *A, const vec *B, vec *C)
{
    for (int i = 0; i < n; i++) {
        vec *row = C + (size_t)i * n;
        for (int j = 0; j < n; j++) row[j] = v_set(0.0);
        for (int k = 0; k < n; k++) {
            const vec a = A[(size_t)i * n + k];
            for (int j = 0; j < n; j++) row[j] = v_fma(a, B[(size_t)k * n + j], row[j]);
        }
    }
}

/* y (n) = A x */
static void apply(int n, const vec *A, const vec *x, vec *y)
{
    for (int i = 0; i < n; i++) {
        vec sum = v_set(0.0);
        for (int j = 0; j < n; j++) sum = v_fma(A[(size_t)i * n + j], x[j], sum);
        y[i] = sum;
    }
}

static void add(int count, const vec *x, vec *sum)
{
    for (int i = 0; i < count; i++) sum[i] += x[i];
}

/* The three sums over one step of length h; A is X = A h, and E, N, w hold their first terms. */
static void series(gap_work *g)
{
    const int n = g->n, square = n * n;
    memcpy(g->termE, g->E, (size_t)square * sizeof(vec));
    memcpy(g->termN, g->N, (size_t)square * sizeof(vec));
    memcpy(g->termw, g->w, (size_t)n * sizeof(vec));
    for (int k = 1; k < TERMS; k++) {
        const vec share = v_set(1.0 / (k + 1));
        multiply(n, g->A, g->termE, g->T);
        for (int i = 0; i < square; i++) g->termE[i] = g->T[i] * share;
        multiply(n, g->A, g->termN, g->T);
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++)
                g->termN[i * n + j] = g->termN[j * n + i] = (g->T[i * n + j] + g->T[j * n + i]) * share;
        apply(n, g->A, g->termw, g->T);
        for (int i = 0; i < n; i++) g->termw[i] = g->T[i] * share;
        add(square, g->termE, g->E);
        add(square, g->termN, g->N);
        add(n, g->termw, g->w);
    }
}

/* A step of twice the length in the lanes of m; termE, termN: work */
static void double_step(gap_work *g, vmask m)
{
    const int n = g->n, square = n * n;
    vec *EN = g->termE, *G = g->termN;
    apply(n, g->E, g->w, g->T);
    for (int i = 0; i < n; i++) g->w[i] = v_if(m, g->w[i] + (g->w[i] + g->T[i]), g->w[i]);
    multiply(n, g->E, g->N, EN); /* F N F' = N + E N + (E N)' + E N E' */
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            vec sum = v_set(0.0);
            for (int k = 0; k < n; k++) sum = v_fma(EN[(size_t)i * n + k], g->E[(size_t)j * n + k], sum);
            const vec both = EN[(size_t)i * n + j] + EN[(size_t)j * n + i];
            const vec now = g->N[(size_t)i * n + j];
            G[(size_t)i * n + j] = G[(size_t)j * n + i] = v_if(m, now + (now + (both + sum)), now);
        }
    memcpy(g->N, G, (size_t)square * sizeof(vec));
    multiply(n, g->E, g->E, g->T);
    for (int i = 0; i < square; i++) g->E[i] = v_if(m, (g->E[i] + g->E[i]) + g->T[i], g->E[i]);
}

static vec norm_of(int n, const vec *A)
{
    vec norm = v_set(0.0);
    for (int i = 0; i < n; i++) {
        vec sum = v_set(0.0);
        for (int j = 0; j < n; j++) sum += v_abs(A[(size_t)i * n + j]);
        norm = v_if(v_le(sum, norm), norm, sum);
    }
    return norm;
}

/* E, N, w hold A, Q, c on entry and e^(At) - I, the noise and the offset at t on return. */
static void discretise(gap_work *g, vec t)
{
    const int n = g->n, square = n * n;
    vec s = v_expm_doublings(norm_of(n, g->E) * v_abs(t));
    const vec h = t * v_pow2(-v_if(v_isnan(s), v_set(0.0), s)) + (s - s);
    for (int i = 0; i < square; i++) g->A[i] = g->E[i] = g->E[i] * h;
    for (int i = 0; i < square; i++) g->N[i] = g->N[i] * h;
    for (int i = 0; i < n; i++) g->w[i] = g->w[i] * h;
    series(g);
    for (vmask m = v_gt(s, v_set(0.0)); m_any(m); m = v_gt(s, v_set(0.0))) {
        double_step(g, m);
        s = s - v_set(1.0);
    }
    for (int i = 0; i < n; i++) g->E[(size_t)i * n + i] = g->E[(size_t)i * n + i] + v_set(1.0);
}

/* x[j] = element j of blocks at .. at + PT_W - 1, `step` apart (0: all the same); those behind the last
 * repeat it */
static void gather(int64_t n_batch, int64_t at, int count, int64_t step, const double *blocks, vec *x)
{
    for (int j = 0; j < count; j++)
        for (int i = 0; i < PT_W; i++)
            x[j][i] = blocks ? blocks[(at + i < n_batch ? at + i : n_batch - 1) * step + j] : 0.0;
}

static void scatter(int64_t n_batch, int64_t at, int count, const vec *x, double *blocks)
{
    for (int j = 0; j < count; j++)
        for (int i = 0; i < PT_W && at + i < n_batch; i++) blocks[(at + i) * count + j] = x[j][i];
}

static vec *work_create(int n, gap_work *g)
{
    const size_t square = (size_t)n * n;
    vec *block = pt_alloc((6 * square + 2 * (size_t)n) * sizeof *block);
    if (!block) return NULL;
    vec **parts[] = {&g->A, &g->E, &g->N, &g->termE, &g->termN, &g->T};
    for (int k = 0; k < 6; k++) *parts[k] = block + (size_t)k * square;
    g->w = block + 6 * square;
    g->termw = g->w + n;
    g->n = n;
    return block;
}

pt_status pt_discretise_batch(int64_t n_batch, int n, const double *A, int64_t by_A, const double *Q,
                              int64_t by_Q, const double *c, int64_t by_c, const double *t, double *F,
                              double *N, double *w)
{
    if (n_batch < 0 || n < 1) return PT_BAD_ARGUMENT;
    gap_work g;
    vec *block = work_create(n, &g);
    if (!block) return PT_NO_MEMORY;
    fenv_t saved = pt_fenv_enter();
    const int square = n * n;
    for (int64_t at = 0; at < n_batch; at += PT_W) {
        vec time;
        gather(n_batch, at, square, by_A, A, g.E);
        gather(n_batch, at, square, by_Q, Q, g.N);
        gather(n_batch, at, n, by_c, c, g.w);
        gather(n_batch, at, 1, 1, t, &time);
        discretise(&g, time);
        scatter(n_batch, at, square, g.E, F);
        scatter(n_batch, at, square, g.N, N);
        if (w) scatter(n_batch, at, n, g.w, w);
    }
    pt_fenv_leave(saved);
    pt_free(block);
    return PT_OK;
}
