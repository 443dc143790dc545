/* See upper.h. */
#include "kalman/upper.h"

#include <math.h>
#include <string.h>

#include "kalman/outer.h"

/* sqrt(a^2 + b^2) without underflow; not that of the C library, whose bits differ between machines */
static double length(double a, double b)
{
    const double x = fabs(a), y = fabs(b), large = x > y ? x : y, ratio = (x > y ? y : x) / large;
    return large > 0.0 ? large * sqrt(1.0 + ratio * ratio) : 0.0;
}

static int variable(int n, int first, int s) { return first + s < n ? first + s : first + s - n; }

/* (a, b) <- (c a + s b, c b - s a) */
static void rotate(int n, double c, double s, double *restrict a, double *restrict b)
{
    for (int i = 0; i < n; i++) {
        const double x = a[i], y = b[i];
        a[i] = c * x + s * y;
        b[i] = c * y - s * x;
    }
}

void pt_upper_add(int n, int first, double *row, double *U)
{
    for (int s = 0; s < n; s++) {
        const int j = variable(n, first, s);
        double *own = U + (size_t)s * n;
        if (row[j] == 0.0) continue;
        const double size = length(own[j], row[j]);
        rotate(n, own[j] / size, row[j] / size, own, row);
        own[j] = size;
        row[j] = 0.0;
    }
}

/* a (n): U' a = row; 0 where U has no row of its own. Returns 1 - a'a. */
static double shares(int n, int first, const double *row, const double *U, double *rest, double *a)
{
    double left = 1.0;
    memcpy(rest, row, (size_t)n * sizeof *rest);
    for (int s = 0; s < n; s++) {
        const int j = variable(n, first, s);
        const double *own = U + (size_t)s * n;
        a[s] = own[j] > 0.0 ? rest[j] / own[j] : 0.0;
        for (int i = 0; i < n; i++) rest[i] -= a[s] * own[i];
        left -= a[s] * a[s];
    }
    return left;
}

int pt_upper_remove(int n, int first, const double *row, double *U, double *work)
{
    double *rest = work, *a = work + n;
    const double left = shares(n, first, row, U, rest, a);
    if (!(left > 0.0)) return 0;
    double size = sqrt(left);
    memset(rest, 0, (size_t)n * sizeof *rest);
    for (int s = n - 1; s >= 0; s--) {
        const double whole = length(size, a[s]);
        double *own = U + (size_t)s * n;
        rotate(n, size / whole, -a[s] / whole, own, rest);
        size = whole;
    }
    return 1;
}

int pt_upper_pack(int n, const double *U, double *R)
{
    int rank = 0;
    for (int s = 0; s < n; s++) {
        const double *row = U + (size_t)s * n;
        int some = 0;
        for (int i = 0; i < n; i++) some |= row[i] != 0.0;
        if (some) memcpy(R + (size_t)rank++ * n, row, (size_t)n * sizeof *row);
    }
    return rank;
}

void pt_upper_spread(int n, int first, int rank, const double *R, const int *pivot, double *U)
{
    memset(U, 0, (size_t)n * n * sizeof *U);
    for (int k = 0; k < rank; k++) {
        const int s = pivot[k] >= first ? pivot[k] - first : pivot[k] - first + n;
        memcpy(U + (size_t)s * n, R + (size_t)k * n, (size_t)n * sizeof *U);
    }
}

void pt_upper_square(int n, const double *U, double *work, double *P)
{
    pt_outer sum = pt_outer_begin(n, work, P);
    for (int s = 0; s < n; s++) {
        memcpy(pt_outer_row(&sum), U + (size_t)s * n, (size_t)n * sizeof *U);
        pt_outer_push(&sum, 1.0);
    }
    pt_outer_end(&sum);
}
