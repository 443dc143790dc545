/* One number for all bits that the lane functions, the random numbers and the small algebra give on a fixed
 * input. Every build with a fused multiply-add must print the same, whatever its vector width or processor:
 * run.py compares it with hash_lanes.expected. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "linalg/small.h"
#include "pytwin.h"

enum { N = 8192 };

static uint64_t hash = 0xcbf29ce484222325; /* FNV-1a, a word at a time */

/* the sign and payload of a NaN are open */
static void add(const double *y, int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t bits = 0x7ff8000000000000;
        if (y[i] == y[i]) memcpy(&bits, &y[i], sizeof bits);
        hash = (hash ^ bits) * 0x100000001b3;
    }
}

/* a: any bit pattern in the first quarter, then numbers of everyday size; b: everyday size */
static void make_input(double *a, double *b)
{
    static uint32_t words[4 * N];
    pt_philox(1, PT_PURPOSE_TEST, 0, 0, 0, 4 * N, words);
    for (int i = 0; i < N; i++) {
        memcpy(&a[i], words + 4 * i, sizeof a[i]);
        double u = words[4 * i] * 0x1p-32, v = words[4 * i + 2] * 0x1p-32;
        if (i >= N / 4) a[i] = i % 3 == 0 ? u : i % 3 == 1 ? 40 * (u - 0.5) : u * u * 1e4;
        b[i] = 20 * (v - 0.5);
    }
}

static void hash_functions(const double *a, const double *b)
{
    static const char *const one[] = {"ceil",  "cos",     "erf",     "erfc",  "exp", "expm1", "floor", "log",
                                      "log1p", "normcdf", "norminv", "round", "sin", "sqrt",  "tanh"};
    static const char *const two[] = {"max", "min", "pow"};
    static double y[N];
    for (size_t f = 0; f < sizeof one / sizeof one[0]; f++) {
        pt_lanes_apply(one[f], N, a, NULL, y);
        add(y, N);
        printf("%-8s %016" PRIx64 "\n", one[f], hash);
    }
    for (size_t f = 0; f < sizeof two / sizeof two[0]; f++) {
        pt_lanes_apply(two[f], N, a, b, y);
        add(y, N);
        printf("%-8s %016" PRIx64 "\n", two[f], hash);
    }
}

static void hash_normals(void)
{
    static const int64_t patient[3] = {0, 1, -7};
    static double z[3 * 101 * 7];
    pt_normals(9, PT_PURPOSE_TEST, 3, patient, 101, 7, z);
    add(z, 3 * 101 * 7);
    printf("normals  %016" PRIx64 "\n", hash);
}

static void hash_matrices(const double *b)
{
    static double E[N], L[N], t[N];
    static int8_t good[N];
    for (int i = 0; i < N; i++) t[i] = i % 7 * 0.3;
    for (int n = 1; n <= PT_SMALL_MAX; n++) {
        int batch = 1001 / (n * n);
        pt_expm_batch(batch, n, b, t, E);
        add(E, batch * n * n);
        pt_cholesky_batch(batch, n, E, L, good);
        add(L, batch * n * n);
    }
    printf("matrices %016" PRIx64 "\n", hash);
}

int main(void)
{
    static double a[N], b[N];
    make_input(a, b);
    hash_functions(a, b);
    hash_normals();
    hash_matrices(b);
    return 0;
}
