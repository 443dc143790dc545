/* Brownian paths of a block's lanes, as functions of time.
 *
 * Time since a lane's start is cut into cells of options.step. In a cell of length L the path is known by its
 * increment W and the space-time area H = 1/L int (W(s) - s/L W) ds, independent normals with variances L and
 * L/12. Each half of a cell follows from two normals more, Z with variance L/16 and N with L/12,
 *
 *   W' = W/2 + 3/2 H + Z,    H' = H/4 - Z/2 + N/2        first half
 *   W - W',                  H/4 - Z/2 - N/2             second half
 *
 * and so on down a tree (Jelincic A, Foster J, Kidger P. Single-seed generation of Brownian paths and
 * integrals for adaptive and high order SDE solvers. arXiv:2405.06464, 2024; Foster J, Lyons T, Oberhauser H.
 * An optimal polynomial approximation of Brownian motion. SIAM J Numer Anal 2020;58:1393-1421). Every normal
 * is keyed by (seed, patient, draw, state, cell, node), so that the path depends on nothing else: not on the
 * batch, the threads, the outputs or the events, and steps that are halved (options.refine) see the same
 * path. Instants inside a cell are rounded to 2^-30 of it.
 */
#ifndef PT_ODE_PATHS_H
#define PT_ODE_PATHS_H

#include "ode/block.h"

struct pt_paths {
    uint64_t seed;
    int n;                 /* states with noise: those that are not linear in the model */
    vec begin[PT_WIDE];    /* the instants at which the lanes began */
    vec passed[PT_WIDE];   /* steps of the grid that lie behind */
    vec share[PT_WIDE];    /* position in the cell, 0 to 1, at t */
    vbits key[2][PT_WIDE]; /* of each lane */
    /* [i, vec j] */
    vec *w, *a;   /* (n) W and int W ds since the cell began, at t */
    vec *w1, *a1; /* (n) at the end of a step */
    vec *dw, *dz; /* (n) int dW and int int dW ds over the step */
    vec *f[2];    /* (n_state) drifts of the stages */
    vec *g[4];    /* (n_state) diffusion coefficients of the stages, 0 in linear states */
    vec *x;       /* (n_state) at a stage */
};

pt_status pt_paths_create(pt_block *b, uint64_t seed);
void pt_paths_free(pt_paths *paths);
/* The lane of slot s begins, with the path of (patient, draw, step). */
void pt_paths_begin(pt_block *b, int s, int64_t patient, int64_t draw, int64_t step);
/* w1, a1, dw, dz at position `share` of the cell, multiples of 2^-30; the area is wanted or not. */
void pt_paths_at(pt_block *b, const vec *share, int area);

#endif
