/* Parts of the way back through the diffuse steps that its files share, see linear_diffuse_smooth.c. */
#ifndef PT_KALMAN_LINEAR_DIFFUSE_SMOOTH_H
#define PT_KALMAN_LINEAR_DIFFUSE_SMOOTH_H

#include "kalman/linear_diffuse.h"
#include "kalman/linear_smooth.h"

/* Work of a step, in arrays of the block that are free between two steps of the way back; (n, n) but D, ref
 */
typedef struct {
    vec *J, *C, *T, *L, *F, *E; /* C = Cov e', F = L^-1 F, E = L^-1 */
    vec *D, *ref; /* (n) variances of the elements: of their noise, and in all before any is used */
} pt_diffuse_way;

/* What the smoother is asked for beside the states, in these lanes, from t to t + 1; mean: of x_t given all
 * of
 * y */
void pt_diffuse_write(pt_lane_block *b, const pt_diffuse_way *w, vmask lanes, int64_t t, const vec *mean);

#endif
