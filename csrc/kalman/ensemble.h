/* Ensemble Kalman filters: members stand for a Gaussian. See pytwin/reference/nonlinear_ensemble.py for the
 * formulas and their sources; names are alike.
 *
 * Members lie side by side, as lanes: an array (n, row) has N members to a row, padded to a multiple of
 * PT_ROW. In anomalies and in S the padding is zero, elsewhere any finite number.
 */
#ifndef PT_KALMAN_ENSEMBLE_H
#define PT_KALMAN_ENSEMBLE_H

#include "kalman/nonlinear.h"
#include "linalg/rows.h"
#include "ode/flow.h"

typedef enum {
    PT_ENSEMBLE_PERTURBED,
    PT_ENSEMBLE_ROOT,
    PT_ENSEMBLE_HALF_GAIN,
    PT_ENSEMBLE_LOCAL
} pt_ensemble_variant;

extern const pt_nonlinear_method pt_ensemble_method;

/* A run up to its last observation; step k goes from node k to node k + 1. */
typedef struct {
    int64_t count;       /* steps */
    double *start, *end; /* [max_step, nz, row] members where a step begins and ends; start: smoothed after */
    double *last;        /* [nz, row] members at the last node */
    double *mask;        /* [row] 1 for a member that went through the step at work */
    double *A, *B;       /* [nz, row] its anomalies at the end and at the start */
    double *mean;        /* [nz] at the end */
    double *S, *C, *L, *J; /* [nz, nz] */
    int64_t *node;         /* [max_obs] of each observation */
    uint8_t *drawn; /* [max_step, N] members whose equations failed in the step and that were drawn again */
    int *pivot;     /* [nz] */
} pt_ensemble_history;

typedef struct {
    int variant;
    int64_t N, row;       /* members, and their padded number */
    int64_t nz, nz_row;   /* of z, and padded */
    int64_t m;            /* most observations of one instant */
    int64_t group;        /* those in use of the one at work */
    int rank, noise_rank; /* columns of the factors of the start's covariance and of Q */
    int turns;            /* rotations are wanted */
    double inflation;
    pt_flow *flow;        /* null: members go through pt_nonlinear_propagate */
    double *block;        /* the arrays below lie in it */
    double *E, *A, *mean; /* (nz, row) members, their anomalies; (nz) */
    double *one;          /* (row) 1 for a member, 0 in the padding */
    double *members;      /* (N, nz) the same as E for the driver */
    double *p, *y;        /* (np, row), (ny, row) */
    double *Q_root;       /* (nz, nz) Q = L L' by columns */
    double *S, *D;        /* (m, row) */
    double *v;            /* (m) */
    double *X, *M, *work; /* (max(N, m), row or its own padded length) and work space for inverses */
    double *turn;         /* (N, row) */
    double *normals;      /* (max(nz, m, N) + 1, row) */
    double *G;            /* (nz, m) */
    int32_t *output;      /* [m] of the observations in use */
    double *weight;       /* (ny, nz_row) tapers of each output in each state */
    double *turned;       /* (2 N + 1, nz_row) anomalies, members and mean, states side by side */
    double *lanes;        /* work space of pt_small_inverse_root */
    pt_ensemble_history history;
} pt_ensemble;

/* z (n, row): normal number j of member i is number j % 2 of the block with step (j / 2) N + i of the stream
 * (seed, purpose, patient, draw). An odd n writes one row more. */
void pt_ensemble_normals(const pt_ensemble *e, uint64_t seed, int purpose, int64_t patient, int64_t draw,
                         int64_t n, double *z);
/* turn (N, row): random orthogonal, keeps (1, ..., 1); normals (N - 1, row) of members, row k from its
 * element k on */
void pt_ensemble_rotation(const pt_ensemble *e, const double *normals, double *turn);

/* What stands behind the members follows the first of them. */
void pt_ensemble_fill(pt_ensemble *e);
/* members (N, nz) <- E */
void pt_ensemble_to_members(const pt_ensemble *e, double *members);
/* p (np, row): natural parameters of the members */
void pt_ensemble_parameters(const pt_nonlinear_call *call, const pt_nonlinear_work *w, pt_ensemble *e);
/* States to where the equations allow; with `asked` z to the bounds of the input. */
void pt_ensemble_clamp(const pt_nonlinear_call *call, const pt_nonlinear_work *w, int asked);
/* pt_nonlinear_method.moments, .observe */
void pt_ensemble_moments(const pt_nonlinear_call *call, pt_nonlinear_work *w, double *m, double *P);
pt_status pt_ensemble_observe(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                              pt_nonlinear_work *w, const pt_observation *obs, int64_t n, int64_t row,
                              double *loglike);

/* mean and A of E */
void pt_ensemble_spread(pt_ensemble *e);
/* E given the observations in S, v (and their perturbations in D): see the variants. A and mean are those of
 * before. Adds ln det(I + S S') and v' (I + S'S)^-1 v to *log_det, *square. */
pt_status pt_ensemble_update(pt_ensemble *e, double *log_det, double *square);
/* The part of it that each state does for itself. */
pt_status pt_ensemble_local(pt_ensemble *e);
/* weight from positions [nz + ny], see pt_nonlinear_ensemble */
void pt_ensemble_tapers(pt_ensemble *e, int n_output, const double *positions, double radius, double period);
/* Doubles of `lanes`. */
int64_t pt_ensemble_lanes_size(int64_t N);

/* ---- the smoother (ensemble_smooth.c) ---- */

/* Its arrays in `block` from `used` on, and how many doubles are used then. */
int64_t pt_ensemble_history_place(const pt_nonlinear_call *call, pt_ensemble *e, double *block, int64_t used);
pt_status pt_ensemble_history_create(const pt_nonlinear_call *call, pt_ensemble *e);
void pt_ensemble_history_free(pt_ensemble *e);
/* Members where a step begins; and where it ends, lane_status (N) telling which failed. */
void pt_ensemble_record_start(pt_ensemble *e);
void pt_ensemble_record_end(pt_ensemble *e, const int32_t *lane_status);
/* pt_nonlinear_method.smooth */
pt_status pt_ensemble_smooth(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                             pt_nonlinear_work *w);

#endif
