/* Random numbers of an ensemble, the members side by side. */
#include "kalman/ensemble.h"
#include "lanes/philox.h"

static vbits from(int64_t first)
{
    uint64_t a[PT_W];
    vbits r;
    for (int i = 0; i < PT_W; i++) a[i] = (uint64_t)(first + i);
    __builtin_memcpy(&r, a, sizeof r);
    return r;
}

void pt_ensemble_normals(const pt_ensemble *e, uint64_t seed, int purpose, int64_t patient, int64_t draw,
                         int64_t n, double *z)
{
    const vbits who = b_set((uint64_t)patient), which = b_set((uint64_t)draw);
    for (int64_t j = 0; j < n; j += 2)
        for (int64_t i = 0; i < e->row; i += PT_W) {
            const vbits step = from(j / 2 * e->N + i);
            const pt_philox_block b = v_philox_at(seed, (uint32_t)purpose, who, which, step);
            vec u0, u1;
            v_uniform_pair(&b, &u0, &u1);
            v_store(z + j * e->row + i, v_norminv(u0));
            v_store(z + (j + 1) * e->row + i, v_norminv(u1));
        }
}

/* C (n, row) -= u (2 / u'u) (u' C) from column `first` on, in whole vecs; u (n), sum (row) */
static void reflect(int64_t n, int64_t row, int64_t first, const double *u, double *C, int64_t ldc,
                    double *sum)
{
    double square = 0;
    for (int64_t i = 0; i < n; i++) square += u[i] * u[i];
    if (!(square > 0)) return;
    const vec factor = v_set(-2.0 / square);
    for (int64_t c = first / PT_W * PT_W; c < row; c += PT_W) {
        vec s = v_set(0);
        for (int64_t i = 0; i < n; i++) s = v_fma(v_set(u[i]), v_load(C + i * ldc + c), s);
        v_store(sum + c, s * factor);
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = first / PT_W * PT_W; c < row; c += PT_W)
            v_store(C + i * ldc + c, v_fma(v_set(u[i]), v_load(sum + c), v_load(C + i * ldc + c)));
}

/* Q (n, n) in Q (n, row): reflections of falling dimension and a sign, the smallest first */
static void orthogonal(int64_t n, int64_t row, const double *normals, double *u, double *sum, double *Q)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < row; j++) Q[i * row + j] = i == j;
    for (int64_t i = n - 1; i >= 0; i--) {
        const double sign = normals[i * row + i] >= 0 ? 1 : -1;
        double square = 0;
        for (int64_t j = i; j < n; j++) square += normals[i * row + j] * normals[i * row + j];
        for (int64_t j = i; j < n; j++) u[j - i] = normals[i * row + j];
        u[0] += sign * __builtin_sqrt(square);
        if (i < n - 1) reflect(n - i, row, i, u, Q + i * row, row, sum);
        for (int64_t j = i / PT_W * PT_W; j < row; j += PT_W)
            v_store(Q + i * row + j, v_set(-sign) * v_load(Q + i * row + j));
    }
}

void pt_ensemble_rotation(const pt_ensemble *e, const double *normals, double *turn)
{
    const int64_t N = e->N, row = e->row;
    double u[N], sum[row];
    orthogonal(N - 1, row, normals, u, sum, turn);
    for (int64_t i = N - 1; i > 0; i--) { /* one down and one to the right */
        for (int64_t j = N - 1; j > 0; j--) turn[i * row + j] = turn[(i - 1) * row + j - 1];
        turn[i * row] = 0;
    }
    for (int64_t j = 0; j < row; j++) turn[j] = j == 0;
    const double even = 1 / __builtin_sqrt((double)N);
    for (int64_t i = 0; i < N; i++) u[i] = even + (i == 0);
    reflect(N, row, 0, u, turn, row, sum);
    /* from the right: the rows are reflected, turn -= (turn u) (2 / u'u) u' */
    double square = 0, padded[row];
    for (int64_t i = 0; i < row; i++) padded[i] = i < N ? u[i] : 0;
    for (int64_t i = 0; i < N; i++) square += u[i] * u[i];
    for (int64_t i = 0; i < N; i++) {
        double along;
        pt_rows_outer(1, 1, row, turn + i * row, row, padded, row, &along, 1);
        for (int64_t c = 0; c < row; c += PT_W)
            v_store(turn + i * row + c,
                    v_fma(v_set(-2 * along / square), v_load(padded + c), v_load(turn + i * row + c)));
    }
}
