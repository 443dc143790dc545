#include "linalg/solve.h"

#include <math.h>

static void swap_rows(int n, double *A, double *b, int i, int j)
{
    for (int k = 0; k < n; k++) {
        const double a = A[i * n + k];
        A[i * n + k] = A[j * n + k];
        A[j * n + k] = a;
    }
    const double a = b[i];
    b[i] = b[j];
    b[j] = a;
}

/* Rows to a largest element of 1, so that one threshold tells what vanishes. */
static int scale_rows(int n, double *A, double *b)
{
    for (int i = 0; i < n; i++) {
        double largest = 0;
        for (int j = 0; j < n; j++) largest = fmax(largest, fabs(A[i * n + j]));
        if (!(largest > 0) || !isfinite(largest)) return 0;
        for (int j = 0; j < n; j++) A[i * n + j] /= largest;
        b[i] /= largest;
    }
    return 1;
}

static int pivot_of(int n, const double *A, int column)
{
    int best = column;
    for (int i = column + 1; i < n; i++)
        if (fabs(A[i * n + column]) > fabs(A[best * n + column])) best = i;
    return best;
}

int pt_solve(int n, double *A, double *b)
{
    if (!scale_rows(n, A, b)) return 0;
    for (int k = 0; k < n; k++) {
        swap_rows(n, A, b, k, pivot_of(n, A, k));
        if (!(fabs(A[k * n + k]) > 4e-16)) return 0;
        for (int i = k + 1; i < n; i++) {
            const double factor = A[i * n + k] / A[k * n + k];
            for (int j = k; j < n; j++) A[i * n + j] -= factor * A[k * n + j];
            b[i] -= factor * b[k];
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++) b[i] -= A[i * n + j] * b[j];
        b[i] /= A[i * n + i];
        if (!isfinite(b[i])) return 0;
    }
    return 1;
}
