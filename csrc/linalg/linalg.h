/* Small dense algebra on batches of plain arrays, one matrix a lane. Included by pytwin.h. */
#ifndef PT_LINALG_LINALG_H
#define PT_LINALG_LINALG_H

/* E[i] = e^(K[i] t[i]); K, E (n_batch, n, n), t (n_batch); n <= 8 */
pt_status pt_expm_batch(int64_t n_batch, int n, const double *K, const double *t, double *E);

/* x1[i] = x(t[i]) where dx/dt = K[i] x + r[i], x(0) = x0[i]; x0, r, x1 (n_batch, n) */
pt_status pt_linear_batch(int64_t n_batch, int n, const double *K, const double *r, const double *t,
                          const double *x0, double *x1);

/* A[i] = L[i] L[i]'; A, L (n_batch, n, n), good (n_batch): 0 where A[i] is not positive semi-definite; n
 * <= 8. A zero pivot gives a zero column. */
pt_status pt_cholesky_batch(int64_t n_batch, int n, const double *A, double *L, int8_t *good);

/* X[i] with L[i] L[i]' X[i] = B[i], zero where a pivot of L[i] is zero; L (n_batch, n, n), B, X (n_batch, n,
 * m); n, m <= 8 */
pt_status pt_cholesky_solve_batch(int64_t n_batch, int n, int m, const double *L, const double *B, double *X);

/* dx = (A x + c) dt + noise of spectral density Q over gaps of length t[i]:
 *   F[i] = e^(A t), w[i] = integral from 0 to t of e^(A s) c ds, N[i] = integral of e^(A s) Q e^(A's) ds
 * A, Q (n_batch, n, n) and c (n_batch, n) with blocks by_A, by_Q, by_c elements apart (0: one for all); Q
 * symmetric, c and w may be null; F, N (n_batch, n, n), w (n_batch, n); any n */
pt_status pt_discretise_batch(int64_t n_batch, int n, const double *A, int64_t by_A, const double *Q,
                              int64_t by_Q, const double *c, int64_t by_c, const double *t, double *F,
                              double *N, double *w);

#endif
