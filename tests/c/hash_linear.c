/* Prints the bits of linear filters and smoothers of several sizes as one hash: built for vectors of 2, 4 and
 * 8 doubles it must print the same (tests/kalman/test_widths.py). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kalman/linear.h"

enum { N = 14, M = 3, S = 11, T = 20 };

pt_status pt_linear_blas(pt_linear_call *call, const pt_control *control)
{
    (void)call, (void)control;
    return PT_BAD_ARGUMENT;
}

static uint64_t state = 1;

static double uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

static void fill(double *a, int n)
{
    for (int i = 0; i < n; i++) a[i] = uniform();
}

/* P (n, n) = B B' + 0.2 I */
static void covariance(int n, double *P)
{
    double B[N * N];
    fill(B, n * n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            P[i * n + j] = i == j ? 0.2 : 0.0;
            for (int k = 0; k < n; k++) P[i * n + j] += B[i * n + k] * B[j * n + k];
        }
}

static uint64_t mix(uint64_t hash, const double *a, int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, a + i, sizeof bits);
        hash = (hash ^ bits) * 1099511628211u;
    }
    return hash;
}

static uint64_t run(uint64_t hash, int n, int path, pt_linear_robust robust)
{
    static double F[N * N], H[M * N], Q[N * N], R[M * M], P0[N * N], x0[N], y[S * T * M];
    static double loglike[S], mean[S * T * N], cov[S * T * N * N];
    static int32_t status[S], failed_in[S];
    static int64_t failed_at[S];
    fill(F, n * n), fill(H, M * n), fill(x0, n), fill(y, S * T * M);
    covariance(n, Q), covariance(M, R), covariance(n, P0);
    for (int i = 0; i < S * T * M; i += 3) y[i] = y[i] > 0.2 ? NAN : y[i];
    memset(status, 0, sizeof status);
    const pt_linear_input in = {.n_series = S,
                                .n_time = T,
                                .n = n,
                                .m = M,
                                .g = n,
                                .y = y,
                                .F = {F, 0, 0},
                                .H = {H, 0, 0},
                                .Q = {Q, 0, 0},
                                .R = {R, 0, 0},
                                .x0 = {x0, 0, 0},
                                .P0 = {P0, 0, 0},
                                .robust = robust};
    pt_linear_output out = {.loglike = loglike,
                            .smoothed_mean = mean,
                            .smoothed_cov = cov,
                            .status = status,
                            .failed_at = failed_at,
                            .failed_in = failed_in};
    if (pt_linear(&in, &out, path, NULL) != PT_OK) return 0;
    for (int s = 0; s < S; s++) hash += (uint64_t)status[s];
    return mix(mix(mix(hash, loglike, S), mean, S * T * n), cov, S * T * n * n);
}

int main(void)
{
    static const int sizes[] = {1, 2, 3, 5, 7, 12, 14};
    uint64_t hash = 14695981039346656037u;
    const pt_linear_robust none = {0}, robust = {.gate = 2.5, .student = 4.0}, adaptive = {.adapt_R = 0.9};
    for (int k = 0; k < 7; k++) {
        hash = run(hash, sizes[k], 1, none);
        hash = run(hash, sizes[k], 4, none);
        hash = run(hash, sizes[k], 1, robust);
        hash = run(hash, sizes[k], 1, adaptive);
    }
    printf("%016llx\n", (unsigned long long)hash);
    return 0;
}
