/* The glucose model of Hovorka 2004 in CVODE, as a peer for the lane integrator: the same equations with what
 * depends on parameters alone worked out before, and their Jacobian.
 */
#include <math.h>

#include "cvode_solver.h"

enum { Q1, Q2, S1, S2, I, X1, X2, X3, D1, D2, N_STATE };
enum { BW, VG, VI, F01, EGP0, K12, KA1, KA2, KA3, SIT, SID, SIE, TMAXG, AG, TMAXI, KE, GF, GR, KR, N_PARAM };

typedef struct {
    double per_VG, F01, F01_Q1, EGP0, Q1_R, kG, kI, S2_to_I, k12, ka1, ka2, ka3, bT, bD, bE, AG, ke, kR;
    double insulin, meal; /* mU/min, mmol/min */
} subject;

static subject prepare(const double *p)
{
    const double V = p[VG] * p[BW];
    return (subject){
        .per_VG = 1 / V,
        .F01 = p[F01] * p[BW],
        .F01_Q1 = p[F01] * p[BW] / (p[GF] * V),
        .EGP0 = p[EGP0] * p[BW],
        .Q1_R = p[GR] * V,
        .kG = 1 / p[TMAXG],
        .kI = 1 / p[TMAXI],
        .S2_to_I = 1 / (p[TMAXI] * p[VI] * p[BW]),
        .k12 = p[K12],
        .ka1 = p[KA1],
        .ka2 = p[KA2],
        .ka3 = p[KA3],
        .bT = p[KA1] * p[SIT],
        .bD = p[KA2] * p[SID],
        .bE = p[KA3] * p[SIE],
        .AG = p[AG],
        .ke = p[KE],
        .kR = p[KR],
    };
}

static int rhs(double t, N_Vector state, N_Vector derivative, void *data)
{
    (void)t;
    const subject *s = data;
    const double *x = N_VGetArrayPointer(state);
    double *dx = N_VGetArrayPointer(derivative);
    const double F01c = fmin(s->F01, s->F01_Q1 * x[Q1]), FR = s->kR * fmax(0.0, x[Q1] - s->Q1_R);
    const double EGP = s->EGP0 * fmax(0.0, 1 - x[X3]);
    const double there = x[X1] * x[Q1], back = s->k12 * x[Q2];
    dx[Q1] = s->kG * x[D2] + EGP + back - there - F01c - FR;
    dx[Q2] = there - back - x[X2] * x[Q2];
    dx[S1] = s->insulin - s->kI * x[S1];
    dx[S2] = s->kI * (x[S1] - x[S2]);
    dx[I] = s->S2_to_I * x[S2] - s->ke * x[I];
    dx[X1] = s->bT * x[I] - s->ka1 * x[X1];
    dx[X2] = s->bD * x[I] - s->ka2 * x[X2];
    dx[X3] = s->bE * x[I] - s->ka3 * x[X3];
    dx[D1] = s->AG * s->meal - s->kG * x[D1];
    dx[D2] = s->kG * (x[D1] - x[D2]);
    return 0;
}

#define J(i, j) SM_ELEMENT_D(matrix, i, j)

/* CVODE hands the matrix over set to zero. */
static int jacobian(double t, N_Vector state, N_Vector derivative, SUNMatrix matrix, void *data, N_Vector a,
                    N_Vector b, N_Vector c)
{
    (void)t, (void)derivative, (void)a, (void)b, (void)c;
    const subject *s = data;
    const double *x = N_VGetArrayPointer(state);
    const double by_F01 = s->F01_Q1 * x[Q1] < s->F01 ? s->F01_Q1 : 0, by_FR = x[Q1] > s->Q1_R ? s->kR : 0;
    J(Q1, Q1) = -x[X1] - by_F01 - by_FR;
    J(Q1, Q2) = s->k12;
    J(Q1, X1) = -x[Q1];
    J(Q1, X3) = x[X3] < 1 ? -s->EGP0 : 0;
    J(Q1, D2) = s->kG;
    J(Q2, Q1) = x[X1];
    J(Q2, Q2) = -s->k12 - x[X2];
    J(Q2, X1) = x[Q1];
    J(Q2, X2) = -x[Q2];
    J(S1, S1) = J(S2, S2) = -s->kI;
    J(S2, S1) = s->kI;
    J(I, S2) = s->S2_to_I;
    J(I, I) = -s->ke;
    J(X1, I) = s->bT;
    J(X1, X1) = -s->ka1;
    J(X2, I) = s->bD;
    J(X2, X2) = -s->ka2;
    J(X3, I) = s->bE;
    J(X3, X3) = -s->ka3;
    J(D1, D1) = J(D2, D2) = -s->kG;
    J(D2, D1) = s->kG;
    return 0;
}

/* A day, cut into stretches at the edges. */
typedef struct {
    int n_stretch, n_time;
    const double *edges; /* [n_stretch + 1] min */
    const double *meal;  /* [n_stretch] g/min eaten during a stretch */
    const double *bolus; /* [n_stretch] U at its start */
    const double *times; /* [n_time] min */
} day;

static int run(solver *s, subject *who, const day *d, double *y)
{
    double *x = N_VGetArrayPointer(s->x);
    int k = 0;
    for (int i = 0; i < d->n_stretch; i++) {
        for (; k < d->n_time && d->times[k] <= d->edges[i]; k++) y[k] = x[Q1] * who->per_VG;
        x[S1] += 1000.0 * d->bolus[i];
        who->meal = d->meal[i] * 1000.0 / 180.16;
        if (solver_restart(s, who, d->edges[i], d->edges[i + 1])) return 1;
        for (; k < d->n_time && d->times[k] < d->edges[i + 1]; k++) {
            if (solver_advance(s, d->times[k])) return 1;
            y[k] = x[Q1] * who->per_VG;
        }
        if (solver_advance(s, d->edges[i + 1])) return 1;
    }
    for (; k < d->n_time; k++) y[k] = x[Q1] * who->per_VG;
    return 0;
}

/* y (n, n_time): plasma glucose, mmol/L. params (n, N_PARAM), x0 (n, N_STATE), basal (n): mU/min, bolus
 * (n, n_stretch): U at the start of each stretch; a value at the instant of a bolus is the one before it. */
int cvode_hovorka(int n, const double *params, const double *x0, const double *basal, int n_stretch,
                  const double *edges, const double *meal, const double *bolus, int n_time,
                  const double *times, double rtol, double atol, int method, double *y)
{
    solver s;
    int bad = solver_open(&s, N_STATE, rhs, jacobian, rtol, atol, method);
    double *x = N_VGetArrayPointer(s.x);
    for (int i = 0; i < n && !bad; i++) {
        subject who = prepare(params + i * N_PARAM);
        who.insulin = basal[i];
        for (int j = 0; j < N_STATE; j++) x[j] = x0[i * N_STATE + j];
        const day d = {n_stretch, n_time, edges, meal, bolus + (long)i * n_stretch, times};
        bad = run(&s, &who, &d, y + (long)i * n_time);
    }
    solver_close(&s);
    return bad;
}
