/* Moments of Gaussians inside a box. Included by pytwin.h.
 *
 * x ~ N(m, P) given lower <= x <= upper (Simon & Simon 2010, Int. J. Systems Science 41, 159: truncation of
 * the density; for several bounds at once by expectation propagation, Cunningham, Hennig & Lacoste-Julien
 * 2011, arXiv:1111.6832). One element at a time: with the site (t_i, n_i) that stands for its bounds, cavity
 * vc = P_ii / (1 - t_i P_ii),  mc = (m_i - n_i P_ii) / (1 - t_i P_ii) inside   mean and variance (mi, vi) of
 * N(mc, vc) on [lower_i, upper_i], exact moments  k = P_i / P_ii,  m += k (mi - m_i),  P -= k k' (P_ii - vi)
 *   site     t_i = 1/vi - 1/vc,  n_i = mi/vi - mc/vc
 * until no moment moves. For one bound this is exact; for several the order does not matter and each mean
 * lies in its interval. An element whose bounds are 9 standard deviations off is left as it is, to the bit;
 * one that is known exactly stays.
 */
#ifndef PT_KALMAN_TRUNCATE_H
#define PT_KALMAN_TRUNCATE_H

/* mean (N, n), cov (N, n, n) in place; lower, upper (n), by_bound apart: 0 or n. Rows that are not finite
 * stay. NOT_CONVERGED: some row still moved after 1,000 sweeps. */
pt_status pt_truncate(int64_t N, int n, const double *lower, const double *upper, int64_t by_bound,
                      double *mean, double *cov, const pt_control *control);

#endif
