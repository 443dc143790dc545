/* Parts of the gradient's pass that its files share, see linear_adjoint.h. */
#ifndef PT_KALMAN_LINEAR_ADJOINT_WORK_H
#define PT_KALMAN_LINEAR_ADJOINT_WORK_H

#include "kalman/linear_adjoint.h"
#include "kalman/linear_history.h"

enum { OF_F, OF_H, OF_Q, OF_R, OF_G, OF_C, OF_D, OF_X0, OF_P0, N_DERIVATIVE };

/* What a diffuse start adds, see linear_diffuse_adjoint.c: where a quantity is x0 + x1 / kappa + .., this
 * holds x1 and, with a 0 in its name, what takes the place of x0 in the lanes that are diffuse. */
typedef struct {
    int on;                   /* some lane is diffuse before y_t */
    vmask lanes;              /* which */
    vec *r, *N, *mu, *M;      /* (n), (n, n) twice */
    vec *K0, *K, *S0, *S;     /* K', S^-: (m, n), (m, n), (m, m), (m, m) */
    vec *u0, *u, *z, *MK, *C; /* (m), (m), (m), K' M (m, n), S^- + K' M K (m, m) */
    vec *E, *row0, *row;      /* (m, m), (m), (m): of an element */
    vec *k, *X;               /* (n), (n, n) */
} pt_adjoint_vague;

struct pt_lane_adjoint {
    vec *r, *N, *mu, *M;       /* (n), (n, n) twice */
    vec *H, *K, *MK, *Z;       /* (m, n): rows that are seen, K', K' M, S^- H */
    vec *HP, *S, *L, *inverse; /* (m, n), (m, m) twice, (m) */
    vec *SI, *KMK;             /* (m, m): S^-, K' M K */
    vec *u, *z, *mean;         /* (m), (m), (n): the smoothed mean */
    vec *B, *X, *Y;            /* (max(n, g), max(n, g)) */
    vec *step;                 /* (n_max, n_max): a derivative of one step */
    vec *sum[N_DERIVATIVE];    /* of each array of the model, over the steps */
    pt_adjoint_vague vague;
};

/* One array of the model: its derivative's place, and its size */
typedef struct {
    double *to;
    const pt_linear_array *array;
    int count;
} pt_derivative;

/* The derivative of one step, w->step, of an array with a time axis is stored, of another added up. */
void pt_adjoint_give(pt_lane_block *b, const pt_derivative *all, int k, int64_t t);
void pt_adjoint_give_copy(pt_lane_block *b, const pt_derivative *all, int k, int64_t t, const vec *from);

/* Over the update of step t, from mu and M to r and N, with the derivatives by H, R and d */
void pt_adjoint_update(pt_lane_block *b, const pt_derivative *d, int64_t t, pt_lane_step now);

/* ---- the diffuse steps ---- */

/* mu1 and M1 from r1 and N1, over the transition */
void pt_diffuse_adjoint_move(pt_lane_block *b);
/* r1, N1 = 0 in the lanes that are not `inside` */
void pt_diffuse_adjoint_begin(pt_lane_block *b, vmask inside);
/* Gains and inverses of step t; from w->u = v. */
void pt_diffuse_adjoint_gains(pt_lane_block *b, pt_lane_step now);
/* Their limits become those of the pass in the lanes that are diffuse. */
void pt_diffuse_adjoint_replace(pt_lane_block *b);
/* r1 and N1 from mu1 and M1, over the update */
void pt_diffuse_adjoint_recur(pt_lane_block *b);
/* What is diffuse adds to w->step, the derivative by F and by H */
void pt_diffuse_adjoint_of_F(pt_lane_block *b, pt_lane_step now);
void pt_diffuse_adjoint_of_H(pt_lane_block *b, pt_lane_step now);

#endif
