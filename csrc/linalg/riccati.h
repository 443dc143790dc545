/* riccati: where the covariance of a constant linear model comes to rest. Part of the public interface
 * through pytwin.h. */
#ifndef PT_LINALG_RICCATI_H
#define PT_LINALG_RICCATI_H

/* The stabilising solution P (n, n) of
 *
 *   P = F P F' + Q - (F P H' + S) V^-1 (F P H' + S)',   V = H P H' + R
 *
 * for y = H x + v, x' = F x + w, Var w = Q (n, n), Var v = R (m, m), Cov(w, v) = S (n, m), which may be null;
 * Q and R may be singular. By the ordered Schur form of the symplectic pencil (Van Dooren 1981, SIAM J. Sci.
 * Stat. Comput. 2, 121), then Newton's steps (Kleinman 1968, IEEE Trans. Automat. Contr. 13, 114), which sum
 * semidefinite terms. NOT_CONVERGED: a mode that does not decay is not seen, or one on the unit circle is not
 * driven; SINGULAR: V is. */
pt_status pt_riccati(int n, int m, const double *F, const double *H, const double *Q, const double *R,
                     const double *S, double *P);

#endif
