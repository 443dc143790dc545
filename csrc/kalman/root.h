/* Square roots of covariances, P = L L', by reflections from the right: L Q is a root of the same P, and no
 * product P = L L' is ever formed whose small part would drown in its large one. */
#ifndef PT_KALMAN_ROOT_H
#define PT_KALMAN_ROOT_H

/* A (n, width) <- A Q so that its first `rows` rows become a lower echelon form: the kth column that counts
 * begins at row pivot[k]. A row whose rest, behind the columns that count already, is at most tol of the
 * whole row follows from the rows above: it gets no column. The other rows go along. Returns the number of
 * columns, the rank; pivot (rows). Householder AS, J ACM 1958;5:339-342. */
int pt_root_reduce(int n, int rows, int width, double tol, double *A, int *pivot);

/* L (n, r) <- L Q with the direction a (r) of its columns in the first one, which is multiplied by `share`:
 * P changes to L (I - (1 - share^2) a a' / a'a) L'. Nothing where a = 0. */
void pt_root_shrink(int n, int r, const double *a, double share, double *L);

/* e (rank, m) of B e = V at the pivots, B (., rank) with rows of length `width` from pt_root_reduce or
 * pt_sigma_factor, V (., m). */
void pt_root_solve(int rank, int width, const double *B, const int *pivot, int m, const double *V, double *e);

#endif
