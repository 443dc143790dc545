/* sparse: systems of linear equations over lanes that share one pattern of zeros.
 *
 * The order of elimination and the fill-in are worked out once, on one matrix of the pattern. What is left is
 * a flat list of operations that is run over a wide of lanes, without a search for pivots: a pivot that
 * vanishes in a lane gives values there that are not finite, and touches no other lane.
 *
 * Row s of the factors is row `row[s]` of A; L has a unit diagonal, U's columns are in the order `column`.
 */
#ifndef PT_LINALG_SPARSE_H
#define PT_LINALG_SPARSE_H

#include "lanes/wide.h"
#include "pytwin.h"

typedef struct {
    int n, n_entry;          /* order of A, its entries */
    int n_value;             /* entries of L and U, the unit diagonal apart */
    int n_fill;              /* those that A does not have */
    int16_t *place;          /* [n_entry] entry k of A among the values */
    int16_t *fill;           /* [n_fill] */
    int16_t *row, *column;   /* [n] pivot s stands in this row and column of A */
    int16_t *pivot;          /* [n] and is this value */
    int16_t *eliminate;      /* for each s, for each entry of L in its row: see sparse.c */
    int16_t *forward, *back; /* for each s: number of entries, then (value, s of the factor) of each */
    int32_t n_eliminate, n_forward, n_back;
} pt_sparse;

/* A (n x n, n <= 64) as rows: entries begin[i] <= k < begin[i + 1] of row i stand in column[k] and have the
 * size value[k] in a matrix that is typical. The pivots are chosen to keep the fill-in small (Markowitz'
 * count) among entries of at least a tenth of the largest of their row; rows with fixed[i] have theirs on the
 * diagonal, which must be an entry. PT_SINGULAR: there is no order for this pattern. */
pt_status pt_sparse_create(int n, const int *begin, const int *column, const double *value,
                           const int8_t *fixed, pt_sparse **sparse);
void pt_sparse_free(pt_sparse *sparse);

/* value (n_value): A's entries at place[], 0 at fill[]; becomes L and U, inverse (n) that of U's diagonal */
void pt_sparse_factor(const pt_sparse *sparse, vec *value, vec *inverse);
/* b (n) <- solution of A x = b; work (n). All arrays are wides, vec j of element i at i * PT_WIDE + j. */
void pt_sparse_solve(const pt_sparse *sparse, const vec *value, const vec *inverse, vec *b, vec *work);

#endif
