/* Square roots of one covariance, taken up row by row: P = U' U.
 *
 * U (n, n) is upper triangular when its columns run over first, first + 1, .., n - 1, 0, .., first - 1, and
 * so do its rows; row s belongs to the sth of these variables. With a positive diagonal it is the one that
 * pt_sigma_root finds, but for rows of zeros, which it leaves out.
 *
 * Rows come in one by one, so that points need not be kept and their number does not matter. Rotations
 * (Givens 1958) and not reflections: see linear_root_kernels.h. */
#ifndef PT_KALMAN_UPPER_H
#define PT_KALMAN_UPPER_H

/* U' U += row row'; row (n) becomes undefined. */
void pt_upper_add(int n, int first, double *row, double *U);

/* U' U -= row row' (Golub & Van Loan, Matrix Computations, 4th ed., sec. 6.5.4; LINPACK's dchdd). Returns 0,
 * and leaves U as it was, where that is not positive definite. work (2 n) */
int pt_upper_remove(int n, int first, const double *row, double *U, double *work);

/* The rows of U that are not zero, to the front of R (n, n); their number. */
int pt_upper_pack(int n, const double *U, double *R);

/* U from the `rank` rows of pt_sigma_root and their pivots. */
void pt_upper_spread(int n, int first, int rank, const double *R, const int *pivot, double *U);

/* P (n, n) = U' U. work (PT_OUTER_SIZE(n)) */
void pt_upper_square(int n, const double *U, double *work, double *P);

#endif
