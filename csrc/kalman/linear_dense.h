/* One step of the linear filter for large states, by BLAS and LAPACK.
 *
 *   update    S = H P H' + R = L L' by dsymm, dgemm and dpotrf, W = P H' L'^-1, K = W L^-1, and Joseph's form
 *             P1 = P - W W' by dsyrk,  P = P1 + (K R - P1 H') K', symmetrised, by dsyr2k
 *   predict   P = L L' by dpotrf, F L by dtrmm, F P F' = (F L)(F L)' by dsyrk; where P is singular, two dgemm
 */
#ifndef PT_KALMAN_LINEAR_DENSE_H
#define PT_KALMAN_LINEAR_DENSE_H

#include <string.h>

#include "kalman/linear.h"

typedef struct {
    double *block;
    double *a, *next, *P, *T, *U, *J, *Q, *GQ; /* moments, work (n, n), noise of the state */
    double *a_smooth, *P_smooth;
    double *y, *H, *R, *S, *M, *K, *B; /* the seen rows: (k), (k, n), (k, k), (k, k), (n, k) .. */
    double *scratch;                   /* max(n, m, g)^2 + 2 max(n, m, g) */
    int *pivot;                        /* max(n, m, g, rows) */
    int seen;                          /* k */
} pt_dense;

/* rows: the most elements that one update takes */
pt_status pt_dense_create(const pt_linear_input *in, int rows, pt_dense *w);
void pt_dense_free(pt_dense *w);

/* y - d, H and R of the elements that are seen; NOT_FINITE where one is infinite */
pt_status pt_dense_select(const pt_linear_input *in, int64_t s, int64_t t, pt_dense *w);
/* S and its factor, y - H a, M = P H', of the rows in w: what pt_dense_correct uses. SINGULAR, NOT_FINITE */
pt_status pt_dense_innovate(int n, pt_dense *w);
/* a, P of the update; K; w->y becomes L^-1 (y - H a). Returns ln p(y | the past). */
double pt_dense_correct(int n, pt_dense *w);

/* Q (n, n) of step t: G Q G' where G is given */
void pt_dense_noise(const pt_linear_input *in, int64_t s, int64_t t, pt_dense *w);
/* Does it differ from that of the step before? */
static inline int pt_dense_noise_is_due(const pt_linear_input *in, int64_t t)
{
    return t == 0 || in->Q.by_time || (in->G.data && in->G.by_time);
}
/* The upper triangle of P from its lower one */
void pt_dense_mirror(int n, double *P);
/* Both triangles become their mean. */
void pt_dense_symmetrise(int n, double *P);
/* out = F P F' + Q, all (n, n); T: work */
void pt_dense_spread(int n, const double *F, const double *Q, const double *P, double *T, double *out);
/* next = F a + c (c may be null), out = F P F' + Q */
void pt_dense_predict(int n, const double *F, const double *c, const double *Q, pt_dense *w, double *out);

static inline void pt_copy(double *to, const double *from, int64_t n)
{
    memcpy(to, from, (size_t)n * sizeof *to);
}

/* ln N(v; 0, L L'), L (k, k); v becomes L^-1 v */
double pt_dense_log_density(int k, const double *L, double *v);

#endif
