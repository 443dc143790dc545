/* What a block needs for the Rosenbrock method: the shape of the Jacobian, the order of elimination, room.
 *
 * The method steps all states, the linear ones too, so that a stiff part that hangs on a linear one sees it.
 */
#ifndef PT_ODE_STIFF_H
#define PT_ODE_STIFF_H

#include "linalg/sparse.h"
#include "model/jacobian_eval.h"
#include "ode/block.h"
#include "ode/rosenbrock_tableau.h"

/* The choice of method in each lane (ode/switch.c). */
typedef struct {
    int automatic; /* lanes begin with the explicit method and change; else all are stiff */
    int any;       /* a lane is stiff */
    int turn;      /* the last step was one of stiff lanes */
    int uncounted; /* attempts of all lanes that are not in `until` yet */
    int quiet;     /* attempts before a lane comes to a stretch, at least */
    vmask stiff[PT_WIDE];
    vec until[PT_WIDE];  /* attempts up to the next stretch that is looked at; below 0: it runs */
    vec beyond[PT_WIDE]; /* those of the running stretch beyond the border of stability */
    vec limit[PT_WIDE];  /* explicit step at leaving, times the bound of the eigenvalues then; < 0: not yet */
    vec calm[PT_WIDE];   /* steps in a row that the explicit method could have made, or made as fast */
    vmask mild[PT_WIDE]; /* the last of them was but as fast */
    vec patience[PT_WIDE]; /* how many of them it takes to return */
} pt_choice;

struct pt_stiff {
    pt_choice choice;
    int at_work; /* the step that is being made is one of the Rosenbrock method */
    pt_jacobian *shape;
    pt_sparse *order;
    const double *mass;         /* [n_state], null: all 1 */
    int diagonal[PT_MAX_STATE]; /* the entry of the Jacobian in row and column i */
    vec *K;                     /* (n_linear, n_linear) of the model */
    vec *J;                     /* (n_entry) */
    vec *dt;                    /* (n_state) df/dt; 0 in a model that does not depend on the time */
    vec *value, *inverse;       /* (n_value), (n_state) factors of M / (h gamma) - J */
    vec *k[PT_N_ROSENBROCK];    /* (n_state) each */
    vec *f, *work;              /* (n_state), (3, n_state) */
};

pt_status pt_stiff_create(const pt_model *model, pt_stiff **stiff);
void pt_stiff_free(pt_stiff *stiff);

/* After the parameters changed in some lane. */
void pt_stiff_refresh(pt_block *b);
/* dx (n_state) = f(t, x) of all states, inflow included */
void pt_stiff_rate(pt_block *b, const vec *t, const vec *x, vec *dx);
/* J and dt at the lanes' own t and x */
void pt_stiff_jacobian(pt_block *b, const vec *t);
/* Factors of M shift - J */
void pt_stiff_factor(pt_block *b, const vec *shift);

/* The algebraic states of the lanes in `which` such that their equations hold; a lane in which that fails
 * ends with PT_SINGULAR. */
void pt_stiff_consistent(pt_block *b, const vmask *which);
/* pt_stiff_consistent for those lanes of a list whose states or parameters jumped. */
void pt_stiff_settle(pt_block *b, const int *list, int n);
/* One attempt of a step in every lane. */
void pt_rosenbrock_step(pt_block *b);
/* The coefficients of pt_block_prepare for state i of those that are stepped. */
void pt_rosenbrock_prepare(pt_block *b, int i);

/* Slot s takes a lane. */
void pt_switch_begin(pt_block *b, int s);
/* One attempt of a step in the lanes of one kind. */
void pt_switch_step(pt_block *b);
/* After a step, before it is committed: lanes that are found stiff, or as if they were no more. factor: of
 * the next step. */
void pt_switch_watch(pt_block *b, const vmask *accept, const vec *factor);

static inline double pt_stiff_mass(const pt_stiff *stiff, int i) { return stiff->mass ? stiff->mass[i] : 1; }

#endif
