/* The Hamberg 2010 warfarin model in CVODE, as a peer for the lane integrator.
 *
 * Same equations, daily racemic doses as depot boluses, INR before each dose. Both of
 * CVODE's methods are offered so that the comparison can take the faster one.
 */
#include <cvode/cvode.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_context.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

enum { DEPOT, CENTRAL, C1, C2, C3, C4, C5, C6, N_STATE };
enum { KA, CL, V, EC50, GAMMA, MTT1, MTT2, BASE, INR_MAX, N_PARAM };

static int rhs(double t, N_Vector state, N_Vector derivative, void *data)
{
    (void)t;
    const double *p = data;
    const double *x = N_VGetArrayPointer(state);
    double *dx = N_VGetArrayPointer(derivative);
    double k1 = 3.0 / p[MTT1], k2 = 3.0 / p[MTT2];
    double c = pow(fmax(x[CENTRAL] / p[V], 0.0), p[GAMMA]);
    double inhibited = 1.0 - c / (pow(p[EC50], p[GAMMA]) + c);
    dx[DEPOT] = -p[KA] * x[DEPOT];
    dx[CENTRAL] = p[KA] * x[DEPOT] - p[CL] / p[V] * x[CENTRAL];
    dx[C1] = k1 * (inhibited - x[C1]);
    dx[C2] = k1 * (x[C1] - x[C2]);
    dx[C3] = k1 * (x[C2] - x[C3]);
    dx[C4] = k2 * (inhibited - x[C4]);
    dx[C5] = k2 * (x[C4] - x[C5]);
    dx[C6] = k2 * (x[C5] - x[C6]);
    return 0;
}

typedef struct {
    SUNContext context;
    N_Vector x;
    SUNMatrix jacobian;
    SUNLinearSolver linear;
    SUNNonlinearSolver fixed;
    void *cvode;
} solver;

/* method 0: Adams with fixed point, 1: BDF with dense Newton */
static int solver_open(solver *s, double rtol, double atol, int method)
{
    if (SUNContext_Create(NULL, &s->context)) return 1;
    s->x = N_VNew_Serial(N_STATE, s->context);
    s->cvode = CVodeCreate(method ? CV_BDF : CV_ADAMS, s->context);
    s->jacobian = SUNDenseMatrix(N_STATE, N_STATE, s->context);
    s->linear = SUNLinSol_Dense(s->x, s->jacobian, s->context);
    s->fixed = SUNNonlinSol_FixedPoint(s->x, 0, s->context);
    int bad = CVodeInit(s->cvode, rhs, 0.0, s->x) || CVodeSStolerances(s->cvode, rtol, atol);
    bad = bad || CVodeSetMaxNumSteps(s->cvode, 100000);
    if (method) return bad || CVodeSetLinearSolver(s->cvode, s->linear, s->jacobian);
    return bad || CVodeSetNonlinearSolver(s->cvode, s->fixed);
}

static void solver_close(solver *s)
{
    SUNNonlinSolFree(s->fixed);
    SUNLinSolFree(s->linear);
    SUNMatDestroy(s->jacobian);
    CVodeFree(&s->cvode);
    N_VDestroy(s->x);
    SUNContext_Free(&s->context);
}

/* one smooth stretch of `hours` from the state in s->x */
static int solver_advance(solver *s, const double *p, double hours)
{
    double t;
    if (CVodeSetUserData(s->cvode, (void *)p) || CVodeReInit(s->cvode, 0.0, s->x)) return 1;
    if (CVodeSetStopTime(s->cvode, hours)) return 1;
    return CVode(s->cvode, hours, s->x, &t, CV_NORMAL) < 0;
}

static double inr(const double *p, const double *x)
{
    return p[BASE] + p[INR_MAX] * (1.0 - 0.5 * (x[C3] + x[C6]));
}

/* y[s * (days + 1) + d]: INR of subject s before the dose of day d, from an untreated start.
 * params (n, N_PARAM), s_doses (days): mg of S-warfarin */
int cvode_hamberg(int n, int days, const double *params, const double *s_doses, double rtol, double atol,
                  int method, double *y)
{
    solver s;
    int bad = solver_open(&s, rtol, atol, method);
    double *x = N_VGetArrayPointer(s.x);
    for (int i = 0; i < n && !bad; i++, params += N_PARAM, y += days + 1) {
        for (int j = 0; j < N_STATE; j++) x[j] = j < C1 ? 0.0 : 1.0;
        y[0] = inr(params, x);
        for (int d = 0; d < days && !bad; d++) {
            x[DEPOT] += s_doses[d];
            bad = solver_advance(&s, params, 24.0);
            y[d + 1] = inr(params, x);
        }
    }
    solver_close(&s);
    return bad;
}

/* state (n, N_STATE), in and out, advanced by `hours` without doses under params (n, N_PARAM) */
int cvode_hamberg_advance(int n, double hours, const double *params, double rtol, double atol, int method,
                          double *state)
{
    solver s;
    int bad = solver_open(&s, rtol, atol, method);
    double *x = N_VGetArrayPointer(s.x);
    for (int i = 0; i < n && !bad; i++, params += N_PARAM, state += N_STATE) {
        for (int j = 0; j < N_STATE; j++) x[j] = state[j];
        bad = solver_advance(&s, params, hours);
        for (int j = 0; j < N_STATE; j++) state[j] = x[j];
    }
    solver_close(&s);
    return bad;
}
