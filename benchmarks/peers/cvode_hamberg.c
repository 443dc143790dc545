/* The Hamberg 2010 warfarin model in CVODE, as a peer for the lane integrator.
 *
 * Same equations, daily racemic doses as depot boluses, INR before each dose. Both of
 * CVODE's methods are offered so that the comparison can take the faster one.
 */
#include <math.h>

#include "cvode_solver.h"

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

/* one smooth stretch of `hours` from the state in s->x */
static int stretch(solver *s, const double *p, double hours)
{
    return solver_restart(s, p, 0.0, hours) || solver_advance(s, hours);
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
    int bad = solver_open(&s, N_STATE, rhs, NULL, rtol, atol, method);
    double *x = N_VGetArrayPointer(s.x);
    for (int i = 0; i < n && !bad; i++, params += N_PARAM, y += days + 1) {
        for (int j = 0; j < N_STATE; j++) x[j] = j < C1 ? 0.0 : 1.0;
        y[0] = inr(params, x);
        for (int d = 0; d < days && !bad; d++) {
            x[DEPOT] += s_doses[d];
            bad = stretch(&s, params, 24.0);
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
    int bad = solver_open(&s, N_STATE, rhs, NULL, rtol, atol, method);
    double *x = N_VGetArrayPointer(s.x);
    for (int i = 0; i < n && !bad; i++, params += N_PARAM, state += N_STATE) {
        for (int j = 0; j < N_STATE; j++) x[j] = state[j];
        bad = stretch(&s, params, hours);
        for (int j = 0; j < N_STATE; j++) state[j] = x[j];
    }
    solver_close(&s);
    return bad;
}
