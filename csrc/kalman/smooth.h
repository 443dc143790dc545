/* Fixed-interval smoothing after an unscented filter (Rauch, Tung & Striebel; Sarkka 2008). */
#ifndef PT_KALMAN_SMOOTH_H
#define PT_KALMAN_SMOOTH_H

#include "kalman/sigma.h"

/* Nodes 0 .. count of one filter run; slot k belongs to the step from node k to node k+1. */
typedef struct {
    pt_sigma_rule rule;
    int n, max_point;
    int64_t count;          /* steps recorded */
    double known;           /* of pt_sigma_factor */
    double tolerance;       /* pivots below this share of a variance are not trusted, see pt_smooth */
    double *mean;           /* [capacity + 1, n] filtered at node k; smoothed after pt_smooth */
    double *cov;            /* [capacity + 1, n, n] */
    double *predicted_mean; /* [capacity, n] of node k+1 given node k's data */
    double *predicted_cov;  /* [capacity, n, n] process noise included */
    double *span;           /* [capacity] length of the step */
    double *noise_root;     /* [n, n] columns of a root of Q, the process noise of a unit of time */
    int noise_rank;         /* how many */
    double *before, *after; /* [capacity, max_point, n] the points of the step */
    double *n_point;        /* [capacity] how many */
    double *share;          /* [capacity] of the spread with which they were drawn, see pt_sigma_shrunk */
} pt_history;

/* Doubles that a history of `capacity` steps needs, and its layout in a block of that size. */
int64_t pt_history_size(int n, int max_point, int64_t capacity);
void pt_history_place(pt_history *history, int n, int max_point, int64_t capacity, double *block);

/* Backwards over the steps, with node `count` filtered already in place:
 *   J = Cov(z_k, z_{k+1}) P_pred^-,  m_k += J (m_{k+1} - m_pred),
 *   P_k = Cov(before - J after) + J (Q span + P_{k+1}) J', semidefinite whatever the error of J.
 * P_pred^- inverts the block of the directions whose pivots (pt_sigma_factor, starting at `first`) stand
 * above the integrator's error. States that follow from others, such as the links of a chain, would else
 * divide that error by next to nothing; a direction left out only makes the answer more cautious. work: 4 n^2
 * + max_point n doubles, pivot: 2 n. */
pt_status pt_smooth(pt_history *history, int first, double *work, int *pivot);

/* The tolerance that an integrator of relative tolerance rtol leaves. */
double pt_smooth_tolerance(double rtol);

/* J (n, n), its first r columns, = C P^- over the r pivots of P = L L', C (n, n) */
void pt_smooth_gain(int n, int r, const double *C, const double *L, const int *pivot, double *J);

#endif
