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
enum { N_TAIL = 256 };

typedef struct {
    int n;
    double u[N_TAIL + 2 * PT_W], *to[N_TAIL + 2 * PT_W];
} tails;

static void clear_tails(tails *t)
{
    for (int i = 0; i < t->n; i += PT_W) {
        vec u = v_set(0.5);
        for (int l = 0; l < PT_W && i + l < t->n; l++) u[l] = t->u[i + l];
        const vec z = v_norminv(u);
        for (int l = 0; l < PT_W && i + l < t->n; l++) *t->to[i + l] = z[l];
    }
    t->n = 0;
}

/* z (W) = normals of u where they are not in the tails */
PT_LANE void centres(vec u, double *z, tails *t)
{
    const vec q = u - v_set(0.5);
    const vmask tail = v_gt(v_abs(q), v_set(0.425)); /* as v_norminv does */
    v_store(z, v_norminv_centre(q));
    for (int l = 0; l < PT_W; l++) {
        t->u[t->n] = u[l];
        t->to[t->n] = z + l;
        t->n -= (int)tail[l];
    }
}

void pt_ensemble_normals(const pt_ensemble *e, uint64_t seed, int purpose, int64_t patient, int64_t draw,
                         int64_t n, double *z)
{
    const vbits who = b_set((uint64_t)patient), which = b_set((uint64_t)draw);
    tails t;
    t.n = 0;
    for (int64_t j = 0; j < n; j += 2)
        for (int64_t i = 0; i < e->row; i += PT_W) {
            const vbits step = from(j / 2 * e->N + i);
            const pt_philox_block b = v_philox_at(seed, (uint32_t)purpose, who, which, step);
            vec u0, u1;
            v_uniform_pair(&b, &u0, &u1);
            centres(u0, z + j * e->row + i, &t);
            centres(u1, z + (j + 1) * e->row + i, &t);
            if (t.n >= N_TAIL) clear_tails(&t);
        }
    clear_tails(&t);
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
