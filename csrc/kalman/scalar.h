/* Functions of one number through the lane maths, so that all builds agree to the bit. */
#ifndef PT_KALMAN_SCALAR_H
#define PT_KALMAN_SCALAR_H

#include "lanes/vec.h"
#include "lanes/vmath.h"

#define PT_LN_2PI 1.8378770664093454836

/* natural values of z on its scale (pt_scale) */
vec pt_scale_lanes(int scale, vec z);

static inline double s_exp(double x) { return v_exp(v_set(x))[0]; }
static inline double s_log(double x) { return v_log(v_set(x))[0]; }
static inline double s_erfc(double x) { return v_erfc(v_set(x))[0]; }

/* finite: x - x is 0 for every number that is neither infinite nor NaN */
static inline int s_finite(double x) { return x - x == 0.0; }

#endif
