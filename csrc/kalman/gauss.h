/* Filters that carry a mean and a covariance through sigma points, one observation after another. */
#ifndef PT_KALMAN_GAUSS_H
#define PT_KALMAN_GAUSS_H

#include "kalman/nonlinear.h"

/* How the points lie. */
typedef enum { PT_GAUSS_UNSCENTED } pt_gauss_variant;

extern const pt_nonlinear_method pt_gauss;

#endif
