/* M^-1/2 over lanes, a matrix in each lane. See rows.h for one matrix at a time. */
#ifndef PT_LINALG_SMALL_ROOT_H
#define PT_LINALG_SMALL_ROOT_H

#include "lanes/vmath.h"

/* R (n, n) = M^-1/2, symmetric, of a symmetric M >= I, of which the lower triangle is read and which becomes
 * undefined; work (2 n^2 + 2 n). The iteration is that of pt_rows_inverse_root, each lane's own count of it.
 * Returns the lanes in which it came to its end. */
vmask pt_small_inverse_root(int64_t n, vec *M, vec *R, vec *work);

#endif
