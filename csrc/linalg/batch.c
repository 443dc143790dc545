#include "lanes/fenv_guard.h"
#include "linalg/small.h"
#include "pytwin.h"

/* x[j] = elements j of rows at .. at + PT_W - 1, of length m; rows behind the last repeat it */
static void gather(int64_t n_batch, int64_t at, int m, const double *rows, vec *x)
{
    for (int j = 0; j < m; j++)
        for (int i = 0; i < PT_W; i++) {
            int64_t row = at + i < n_batch ? at + i : n_batch - 1;
            x[j][i] = rows[row * m + j];
        }
}

static void scatter(int64_t n_batch, int64_t at, int m, const vec *x, double *rows)
{
    for (int j = 0; j < m; j++)
        for (int i = 0; i < PT_W && at + i < n_batch; i++) rows[(at + i) * m + j] = x[j][i];
}

static int fits(int64_t n_batch, int n) { return n_batch >= 0 && n >= 1 && n <= PT_SMALL_MAX; }

pt_status pt_expm_batch(int64_t n_batch, int n, const double *K, const double *t, double *E)
{
    if (!fits(n_batch, n)) return PT_BAD_ARGUMENT;
    fenv_t saved = pt_fenv_enter();
    for (int64_t at = 0; at < n_batch; at += PT_W) {
        vec A[PT_SMALL_CELLS], e[PT_SMALL_CELLS], time;
        gather(n_batch, at, n * n, K, A);
        gather(n_batch, at, 1, t, &time);
        for (int i = 0; i < n * n; i++) A[i] = A[i] * time;
        pt_expm(n, A, e);
        scatter(n_batch, at, n * n, e, E);
    }
    pt_fenv_leave(saved);
    return PT_OK;
}

pt_status pt_linear_batch(int64_t n_batch, int n, const double *K, const double *r, const double *t,
                          const double *x0, double *x1)
{
    if (!fits(n_batch, n)) return PT_BAD_ARGUMENT;
    fenv_t saved = pt_fenv_enter();
    for (int64_t at = 0; at < n_batch; at += PT_W) {
        vec A[PT_SMALL_CELLS], F[PT_SMALL_CELLS], time;
        vec flow[PT_SMALL_MAX], w[PT_SMALL_MAX], x[PT_SMALL_MAX], d[PT_SMALL_MAX];
        gather(n_batch, at, n * n, K, A);
        gather(n_batch, at, n, r, flow);
        gather(n_batch, at, n, x0, x);
        gather(n_batch, at, 1, t, &time);
        v_expm1_input(n, A, flow, time, F, w);
        v_matvec_add(n, n, F, x, w, d);
        for (int i = 0; i < n; i++) x[i] = x[i] + d[i];
        scatter(n_batch, at, n, x, x1);
    }
    pt_fenv_leave(saved);
    return PT_OK;
}

pt_status pt_cholesky_batch(int64_t n_batch, int n, const double *A, double *L, int8_t *good)
{
    if (!fits(n_batch, n)) return PT_BAD_ARGUMENT;
    fenv_t saved = pt_fenv_enter();
    for (int64_t at = 0; at < n_batch; at += PT_W) {
        vec a[PT_SMALL_CELLS], l[PT_SMALL_CELLS];
        gather(n_batch, at, n * n, A, a);
        vmask ok = v_cholesky(n, a, l);
        scatter(n_batch, at, n * n, l, L);
        for (int i = 0; i < PT_W && at + i < n_batch; i++) good[at + i] = ok[i] != 0;
    }
    pt_fenv_leave(saved);
    return PT_OK;
}

pt_status pt_cholesky_solve_batch(int64_t n_batch, int n, int m, const double *L, const double *B, double *X)
{
    if (!fits(n_batch, n) || !fits(n_batch, m)) return PT_BAD_ARGUMENT;
    fenv_t saved = pt_fenv_enter();
    for (int64_t at = 0; at < n_batch; at += PT_W) {
        vec l[PT_SMALL_CELLS], x[PT_SMALL_CELLS];
        gather(n_batch, at, n * n, L, l);
        gather(n_batch, at, n * m, B, x);
        v_solve_lower(n, m, l, x);
        v_solve_lower_t(n, m, l, x);
        scatter(n_batch, at, n * m, x, X);
    }
    pt_fenv_leave(saved);
    return PT_OK;
}
