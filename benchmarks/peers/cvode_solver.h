/* CVODE with dense Newton (BDF, exact Jacobian where there is one) or fixed-point iteration (Adams), for
 * peers that integrate one subject after another in one solver. */
#ifndef CVODE_SOLVER_H
#define CVODE_SOLVER_H

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_context.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

enum { ADAMS, BDF };

typedef struct {
    SUNContext context;
    N_Vector x;
    SUNMatrix matrix;
    SUNLinearSolver linear;
    SUNNonlinearSolver fixed;
    void *cvode;
} solver;

/* jacobian may be null: then BDF takes differences */
static inline int solver_open(solver *s, int n_state, CVRhsFn rhs, CVLsJacFn jacobian, double rtol,
                              double atol, int method)
{
    if (SUNContext_Create(NULL, &s->context)) return 1;
    s->x = N_VNew_Serial(n_state, s->context);
    s->cvode = CVodeCreate(method == BDF ? CV_BDF : CV_ADAMS, s->context);
    s->matrix = SUNDenseMatrix(n_state, n_state, s->context);
    s->linear = SUNLinSol_Dense(s->x, s->matrix, s->context);
    s->fixed = SUNNonlinSol_FixedPoint(s->x, 0, s->context);
    int bad = CVodeInit(s->cvode, rhs, 0.0, s->x) || CVodeSStolerances(s->cvode, rtol, atol);
    bad = bad || CVodeSetMaxNumSteps(s->cvode, 100000);
    if (method != BDF) return bad || CVodeSetNonlinearSolver(s->cvode, s->fixed);
    bad = bad || CVodeSetLinearSolver(s->cvode, s->linear, s->matrix);
    return bad || (jacobian && CVodeSetJacFn(s->cvode, jacobian));
}

static inline void solver_close(solver *s)
{
    SUNNonlinSolFree(s->fixed);
    SUNLinSolFree(s->linear);
    SUNMatDestroy(s->matrix);
    CVodeFree(&s->cvode);
    N_VDestroy(s->x);
    SUNContext_Free(&s->context);
}

/* A smooth stretch begins at t with the state in s->x and must not be left at its end. */
static inline int solver_restart(solver *s, const void *data, double t, double end)
{
    return CVodeSetUserData(s->cvode, (void *)data) || CVodeReInit(s->cvode, t, s->x) ||
           CVodeSetStopTime(s->cvode, end);
}

/* s->x at t, inside the stretch */
static inline int solver_advance(solver *s, double t)
{
    double reached;
    return CVode(s->cvode, t, s->x, &reached, CV_NORMAL) < 0;
}

#endif
