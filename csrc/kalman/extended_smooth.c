/* Steps and the way back of the extended smoother in roots of covariances, see extended.h.
 *
 * The joint root of z_{k+1} = F z_k + w and z_k is brought to the form
 *
 *   [F L  G]       [A  0]
 *   [L    0]  Q  = [B  C]
 *
 * so that z_k given z_{k+1} has mean m_k + B A^- (z_{k+1} - m_pred) and covariance C C', and with the
 * smoothed M of the next node P_k = C C' + (B A^- M)(..)' without a difference of covariances (Park P,
 * Kailath T. Int J Control 1995;62:1049-1060). A^- leaves out directions that follow from others.
 */
#include <math.h>
#include <string.h>

#include "kalman/extended.h"
#include "kalman/root.h"
#include "kalman/scalar.h"

/* The joint root in e->wide (2 nz, nz + rank_noise); the number of columns of A, and its pivots. */
static int predict(pt_extended_work *e, int nz, double span, int *pivot)
{
    const int width = nz + e->rank_noise;
    const double share = sqrt(span);
    memset(e->wide, 0, (size_t)2 * nz * width * sizeof *e->wide);
    for (int i = 0; i < nz; i++) {
        double *row = e->wide + i * width;
        for (int k = 0; k < nz; k++)
            for (int j = 0; e->F[i * nz + k] != 0.0 && j < nz; j++)
                row[j] += e->F[i * nz + k] * e->L[k * nz + j];
        for (int j = 0; j < e->rank_noise; j++) row[nz + j] = share * e->G[i * nz + j];
        memcpy(e->wide + (nz + i) * width, e->L + i * nz, (size_t)nz * sizeof *e->wide);
    }
    return pt_root_reduce(2 * nz, nz, width, PT_EXTENDED_TOLERANCE, e->wide, pivot);
}

/* A, B and C of step k from e->wide. */
static void record(pt_extended_work *e, int nz, int64_t k, int rank, const int *pivot)
{
    pt_extended_history *h = &e->history;
    const int width = nz + e->rank_noise, left = width - rank;
    const int64_t square = (int64_t)nz * nz;
    double *A = h->ahead + k * square, *B = h->cross + k * square, *C = h->rest + k * square;
    int unused[nz];
    memset(A, 0, (size_t)square * sizeof *A);
    memset(B, 0, (size_t)square * sizeof *B);
    memset(C, 0, (size_t)square * sizeof *C);
    for (int i = 0; i < nz; i++) {
        memcpy(A + i * nz, e->wide + i * width, (size_t)rank * sizeof *A);
        memcpy(B + i * nz, e->wide + (nz + i) * width, (size_t)rank * sizeof *B);
    }
    memcpy(h->F + k * square, e->F, (size_t)square * sizeof *e->F);
    memcpy(h->pivot + k * nz, pivot, (size_t)rank * sizeof *pivot);
    h->rank[k] = rank;
    for (int i = 0; i < nz; i++)
        memmove(e->wide + i * left, e->wide + (nz + i) * width + rank, (size_t)left * sizeof *e->wide);
    const int kept = pt_root_reduce(nz, nz, left, 0.0, e->wide, unused);
    for (int i = 0; i < nz; i++) memcpy(C + i * nz, e->wide + i * left, (size_t)kept * sizeof *C);
}

void pt_extended_step_root(pt_extended_work *e, int nz, double span, int64_t k)
{
    const int width = nz + e->rank_noise, rank = predict(e, nz, span, e->pivot);
    for (int i = 0; i < nz; i++) memcpy(e->L + i * nz, e->wide + i * width, (size_t)nz * sizeof *e->L);
    if (k >= 0) record(e, nz, k, rank, e->pivot);
}

/* to (nz, m), rows of length `width`, = B e, B (nz, rank) */
static void times(int nz, int rank, const double *B, int m, const double *e, int width, double *to)
{
    for (int i = 0; i < nz; i++)
        for (int j = 0; j < m; j++) {
            double sum = 0.0;
            for (int k = 0; k < rank; k++) sum += B[i * nz + k] * e[k * m + j];
            to[i * width + j] = sum;
        }
}

static void step_back(pt_extended_work *e, int nz, int64_t k)
{
    pt_extended_history *h = &e->history;
    const int64_t square = (int64_t)nz * nz;
    const int rank = h->rank[k], *pivot = h->pivot + k * nz;
    const double *A = h->ahead + k * square, *B = h->cross + k * square, *C = h->rest + k * square;
    double *m = h->mean + k * nz, *L = h->root + k * square, *next = h->root + (k + 1) * square;
    int unused[nz];
    for (int j = 0; j < nz; j++) e->z[j] = m[nz + j] - h->predicted[k * nz + j];
    pt_root_solve(rank, nz, A, pivot, 1, e->z, e->a);
    times(nz, rank, B, 1, e->a, 1, e->z);
    for (int j = 0; j < nz; j++) m[j] += e->z[j];
    pt_root_solve(rank, nz, A, pivot, nz, next, e->M);
    for (int i = 0; i < nz; i++) memcpy(e->wide + 2 * i * nz, C + i * nz, (size_t)nz * sizeof *C);
    times(nz, rank, B, nz, e->M, 2 * nz, e->wide + nz);
    pt_root_reduce(nz, nz, 2 * nz, 0.0, e->wide, unused);
    for (int i = 0; i < nz; i++) memcpy(L + i * nz, e->wide + 2 * i * nz, (size_t)nz * sizeof *L);
}

pt_status pt_extended_back(pt_extended_work *e, int nz)
{
    const pt_extended_history *h = &e->history;
    for (int64_t k = h->count - 1; k >= 0; k--) {
        step_back(e, nz, k);
        for (int j = 0; j < nz; j++)
            if (!s_finite(h->mean[k * nz + j])) return PT_NOT_FINITE;
    }
    return PT_OK;
}

void pt_extended_square(int n, const double *L, double *P)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0.0;
            for (int k = 0; k < n; k++) sum += L[i * n + k] * L[j * n + k];
            P[i * n + j] = P[j * n + i] = sum;
        }
}
