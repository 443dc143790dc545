/* The logarithm of the gamma function by Binet's function J,
 *   ln Gamma(x) = (x - 1/2) ln x - x + 1/2 ln 2 pi + J(x),
 * so that differences of large values keep their digits (Abramowitz & Stegun 1964, 6.1.40-6.1.41). */
#ifndef PT_KALMAN_GAMMA_H
#define PT_KALMAN_GAMMA_H

#include "kalman/scalar.h"

#define PT_LN_PI 1.1447298858494001741

static inline double s_log1p(double x) { return v_log1p(v_set(x))[0]; }
static inline double s_expm1(double x) { return v_expm1(v_set(x))[0]; }

#define PT_BINET_SERIES 10.0 /* from here on the terms below leave less than 1e-16 */

/* J(x), x > 0; below the series by J(x) = J(x + 1) + (x + 1/2) ln(1 + 1/x) - 1 */
static inline double s_binet(double x)
{
    double below = 0.0;
    for (; x < PT_BINET_SERIES; x += 1.0) below += (x + 0.5) * s_log1p(1.0 / x) - 1.0;
    const double q = 1.0 / (x * x);
    double tail = 691.0 / 360360 - q / 156;
    tail = 1.0 / 1188 - q * tail;
    tail = 1.0 / 1680 - q * tail;
    tail = 1.0 / 1260 - q * tail;
    tail = 1.0 / 360 - q * tail;
    return below + (1.0 / 12 - q * tail) / x;
}

/* ln Gamma(x + 1/2) - ln Gamma(x) */
static inline double s_gamma_ratio(double x)
{
    return x * s_log1p(0.5 / x) - 0.5 + 0.5 * s_log(x) + s_binet(x + 0.5) - s_binet(x);
}

#endif
