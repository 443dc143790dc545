/* See root.h. */
#include "kalman/root.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static double dot(int n, const double *a, const double *b)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* The vector v = a + sign(a_0) |a| e_0 of the reflection I - 2 v v' / v'v that takes a (n) to -sign(a_0) |a|
 * e_0, over a; returns 2 / v'v. */
static double reflector(double *a, double size)
{
    a[0] += a[0] < 0.0 ? -size : size;
    return 1.0 / (size * fabs(a[0]));
}

/* row (n) <- row (I - scale v v') */
static void reflect(int n, const double *v, double scale, double *row)
{
    const double share = scale * dot(n, v, row);
    for (int i = 0; i < n; i++) row[i] -= share * v[i];
}

int pt_root_reduce(int n, int rows, int width, double tol, double *A, int *pivot)
{
    double v[width];
    int rank = 0;
    for (int i = 0; i < rows && rank < width; i++) {
        double *row = A + (size_t)i * width + rank;
        const int rest = width - rank;
        const double size = sqrt(dot(rest, row, row)),
                     whole = sqrt(size * size + dot(rank, row - rank, row - rank));
        if (!(size > tol * whole) || size < 1e-150) {
            memset(row, 0, (size_t)rest * sizeof *row);
            continue;
        }
        memcpy(v, row, (size_t)rest * sizeof *v);
        const double sign = row[0] < 0.0 ? 1.0 : -1.0, scale = reflector(v, size);
        memset(row, 0, (size_t)rest * sizeof *row);
        row[0] = sign * size;
        for (int k = i + 1; k < n; k++) reflect(rest, v, scale, A + (size_t)k * width + rank);
        pivot[rank++] = i;
    }
    return rank;
}

void pt_root_shrink(int n, int r, const double *a, double share, double *L)
{
    double v[r];
    const double size = sqrt(dot(r, a, a));
    if (!(size > 0.0)) return;
    memcpy(v, a, (size_t)r * sizeof *v);
    const double scale = reflector(v, size);
    for (int i = 0; i < n; i++) {
        reflect(r, v, scale, L + (size_t)i * r);
        L[(size_t)i * r] *= share;
    }
}

void pt_root_solve(int rank, int width, const double *B, const int *pivot, int m, const double *V, double *e)
{
    for (int k = 0; k < rank; k++) {
        const double *row = B + (size_t)pivot[k] * width;
        for (int j = 0; j < m; j++) {
            double sum = V[(size_t)pivot[k] * m + j];
            for (int q = 0; q < k; q++) sum -= row[q] * e[(size_t)q * m + j];
            e[(size_t)k * m + j] = sum / row[k];
        }
    }
}
