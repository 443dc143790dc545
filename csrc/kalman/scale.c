/* From the estimation scale to the natural one, W numbers at a time. */
#include "kalman/nonlinear.h"
#include "kalman/scalar.h"

vec pt_scale_lanes(int scale, vec z)
{
    switch (scale) {
    case PT_SCALE_LOG:
        return v_exp(z);
    case PT_SCALE_LOGIT:
        return v_set(1.0) / (v_set(1.0) + v_exp(-z));
    default:
        return z;
    }
}

void pt_scale_natural(int scale, int64_t n, const double *z, int64_t z_stride, double *p, int64_t p_stride)
{
    int64_t i = 0;
    for (; z_stride == 1 && p_stride == 1 && i + PT_W <= n; i += PT_W)
        v_store(p + i, pt_scale_lanes(scale, v_load(z + i)));
    for (; i < n; i += PT_W) {
        int rest = n - i < PT_W ? (int)(n - i) : PT_W;
        double block[PT_W] = {0};
        for (int k = 0; k < rest; k++) block[k] = z[(i + k) * z_stride];
        v_store(block, pt_scale_lanes(scale, v_load(block)));
        for (int k = 0; k < rest; k++) p[(i + k) * p_stride] = block[k];
    }
}
