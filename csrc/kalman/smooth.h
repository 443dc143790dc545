/* Fixed-interval smoothing after an unscented filter (Rauch, Tung & Striebel; Sarkka 2008). */
#ifndef PT_KALMAN_SMOOTH_H
#define PT_KALMAN_SMOOTH_H

#include "kalman/sigma.h"

/* Nodes 0 .. count of one filter run; slot k belongs to the step from node k to node k+1. */
typedef struct {
    int n;
    int64_t count;          /* steps recorded */
    double *mean;           /* [capacity + 1, n] filtered at node k; smoothed after pt_smooth */
    double *cov;            /* [capacity + 1, n, n] */
    double *predicted_mean; /* [capacity, n] of node k+1 given node k's data, process noise included */
    double *predicted_cov;  /* [capacity, n, n] */
    double *cross;          /* [capacity, n, n] Cov(z_k, z_{k+1}) */
} pt_history;

/* Doubles that a history of `capacity` steps needs, and its layout in a block of that size. */
int64_t pt_history_size(int n, int64_t capacity);
void pt_history_place(pt_history *history, int n, int64_t capacity, double *block);

/* Backwards over the steps, with node `count` filtered already in place:
 *   J = C P_pred^-,  m_k += J (m_{k+1} - m_pred),  P_k += J (P_{k+1} - P_pred) J'
 * P_pred^- inverts the block of the directions that are not known exactly (pivots as in pt_sigma_factor,
 * starting at `first`). work: 4 n^2 doubles, pivot: n. */
pt_status pt_smooth(pt_history *history, int first, double *work, int *pivot);

#endif
