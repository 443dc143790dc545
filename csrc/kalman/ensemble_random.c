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

/* Uniforms whose normals lie in the tails, and where they go. A third of all vecs hold one; gathered, they
 * are worked out in whole vecs, and nothing branches on chance. */
enum { N_TAIL = 256, N_BLOCK = 2 };

typedef struct {
    int n;
    double u[N_TAIL + PT_W];
    int32_t to[N_TAIL + PT_W];
} tails;

static void clear_tails(tails *t, double *z)
{
    for (int i = t->n; i < t->n + PT_W; i++) t->u[i] = 0.5;
    for (int i = 0; i < t->n; i += PT_W) {
        const vec a = v_norminv(v_load(t->u + i));
        for (int l = 0; l < PT_W && i + l < t->n; l++) z[t->to[i + l]] = a[l];
    }
    t->n = 0;
}

/* z (n), uniforms, become normals; n a multiple of PT_W */
static void to_normals(int64_t n, double *z)
{
    tails t;
    t.n = 0;
    for (int64_t i = 0; i < n; i += PT_W) {
        const vec q = v_load(z + i) - v_set(0.5);
        const vmask tail = v_gt(v_abs(q), v_set(0.425)); /* as v_norminv does */
        for (int l = 0; l < PT_W; l++) {
            t.u[t.n] = z[i + l];
            t.to[t.n] = (int32_t)(i + l);
            t.n -= (int)tail[l];
        }
        v_store(z + i, v_norminv_centre(q));
        if (t.n > N_TAIL - PT_W) clear_tails(&t, z);
    }
    clear_tails(&t, z);
}

void pt_ensemble_normals(const pt_ensemble *e, uint64_t seed, int purpose, int64_t patient, int64_t draw,
                         int64_t n, double *z)
{
    const vbits who = b_set((uint64_t)patient), which = b_set((uint64_t)draw), k0 = b_set(seed & 0xffffffff),
                k1 = b_set(seed >> 32);
    for (int64_t j = 0; j < n; j += 2)
        for (int64_t i = 0; i < e->row; i += N_BLOCK * PT_W) {
            pt_philox_block b[N_BLOCK];
            const int64_t step = j / 2 * e->N + i;
            for (int k = 0; k < N_BLOCK; k++)
                b[k] = v_philox_counter((uint32_t)purpose, who, which, from(step + k * PT_W));
            v_philox_rounds(N_BLOCK, b, k0, k1);
            for (int k = 0; k < N_BLOCK && i + k * PT_W < e->row; k++) {
                vec u0, u1;
                v_uniform_pair(b + k, &u0, &u1);
                v_store(z + j * e->row + i + k * PT_W, u0);
                v_store(z + (j + 1) * e->row + i + k * PT_W, u1);
            }
        }
    to_normals((n + 1) / 2 * 2 * e->row, z);
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

/* C (n, row) -= (C u) (2 / u'u) u'; u (row), zero behind n */
static void reflect_right(int64_t n, int64_t row, const double *u, double *C)
{
    double square, along;
    pt_rows_outer(1, 1, row, u, row, u, row, &square, 1);
    for (int64_t i = 0; i < n; i++) {
        pt_rows_outer(1, 1, row, C + i * row, row, u, row, &along, 1);
        const vec factor = v_set(-2 * along / square);
        for (int64_t c = 0; c < row; c += PT_W)
            v_store(C + i * row + c, v_fma(factor, v_load(u + c), v_load(C + i * row + c)));
    }
}

/* One row down and one column to the right; 1 in the corner. */
static void move_down(int64_t n, int64_t row, double *Q)
{
    for (int64_t i = n - 1; i > 0; i--) {
        for (int64_t j = n - 1; j > 0; j--) Q[i * row + j] = Q[(i - 1) * row + j - 1];
        Q[i * row] = 0;
    }
    for (int64_t j = 0; j < row; j++) Q[j] = j == 0;
}

void pt_ensemble_rotation(const pt_ensemble *e, const double *normals, double *turn)
{
    const int64_t N = e->N, row = e->row;
    double u[row], sum[row];
    orthogonal(N - 1, row, normals, u, sum, turn);
    move_down(N, row, turn);
    for (int64_t i = 0; i < row; i++) u[i] = e->one[i] / __builtin_sqrt((double)N);
    u[0] += 1; /* u reflects (1, ..., 1) onto the first axis */
    reflect(N, row, 0, u, turn, row, sum);
    reflect_right(N, row, u, turn);
}
