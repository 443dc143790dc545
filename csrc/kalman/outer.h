/* Sums of outer products, many rows at a time in vectors: covariances of points. The order of each sum is
 * that of the rows, one product and one sum after another as in grid_kernels.h, so that both have the same
 * bits. */
#ifndef PT_KALMAN_OUTER_H
#define PT_KALMAN_OUTER_H

#include "linalg/rows.h"

/* Rows that are summed at once: the points of 23 states and what comes beside them. */
enum { PT_OUTER_ROWS = 48 };

/* P (n, n) = sum of weight D D' over rows D (n) that are filled and pushed one by one. */
typedef struct {
    int n, used;
    int64_t ld;    /* n, padded */
    double *D, *A; /* (PT_OUTER_ROWS, ld) rows, and weight times rows */
    double weight[PT_OUTER_ROWS];
    double *P;
} pt_outer;

/* Doubles of a pt_outer's work space. */
#define PT_OUTER_SIZE(n) (2 * PT_OUTER_ROWS * pt_row_length(n))

/* work (PT_OUTER_SIZE(n)); P becomes zero */
pt_outer pt_outer_begin(int n, double *work, double *P);
/* The row to be filled next. */
static inline double *pt_outer_row(const pt_outer *o) { return o->D + o->used * o->ld; }
/* Takes the row that was filled. */
void pt_outer_push(pt_outer *o, double weight);
/* The sum, its upper triangle from the lower one. */
void pt_outer_end(pt_outer *o);

#endif
