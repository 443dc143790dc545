/* Weighted points and their random numbers. See particle.h. */
#include <string.h>

#include "kalman/particle.h"
#include "kalman/scalar.h"
#include "lanes/philox.h"

/* ---- weights ---- */

double pt_cloud_mass(const pt_cloud *c)
{
    double mass = 0.0;
    for (int64_t i = 0; i < c->n; i++) mass += c->w[i];
    return mass;
}

double pt_cloud_effective(const pt_cloud *c)
{
    double mass = 0.0, square = 0.0;
    for (int64_t i = 0; i < c->n; i++) {
        mass += c->w[i];
        square += c->w[i] * c->w[i];
    }
    return mass * mass / square;
}

void pt_cloud_moments(const pt_cloud *c, int from, int k, double *m, double *P)
{
    const double mass = pt_cloud_mass(c);
    double D[k];
    memset(m, 0, (size_t)k * sizeof *m);
    memset(P, 0, (size_t)k * k * sizeof *P);
    for (int64_t i = 0; i < c->n; i++)
        for (int j = 0; c->w[i] > 0.0 && j < k; j++) m[j] += c->w[i] * c->z[i * c->nz + from + j];
    for (int j = 0; j < k; j++) m[j] /= mass;
    for (int64_t i = 0; i < c->n; i++) {
        if (!(c->w[i] > 0.0)) continue;
        for (int j = 0; j < k; j++) D[j] = c->z[i * c->nz + from + j] - m[j];
        for (int r = 0; r < k; r++) {
            const double scaled = c->w[i] * D[r];
            for (int j = 0; j <= r; j++) P[r * k + j] += scaled * D[j];
        }
    }
    for (int r = 0; r < k; r++)
        for (int j = 0; j <= r; j++) P[r * k + j] = P[j * k + r] = P[r * k + j] / mass;
}

/* a[i] = exp(a[i] - top) */
static void exponentials(int64_t n, double top, double *a)
{
    for (int64_t i = 0; i < n; i += PT_W) {
        const int rest = n - i < PT_W ? (int)(n - i) : PT_W;
        double block[PT_W] = {0};
        for (int k = 0; k < rest; k++) block[k] = a[i + k] - top;
        v_store(block, v_exp(v_load(block)));
        for (int k = 0; k < rest; k++) a[i + k] = block[k];
    }
}

double pt_cloud_weigh(const pt_cloud *c, double *log_p)
{
    double top = -PT_INF, mass = 0.0;
    for (int64_t i = 0; i < c->n; i++)
        if (c->w[i] > 0.0 && log_p[i] > top) top = log_p[i];
    if (!s_finite(top)) return -PT_INF;
    exponentials(c->n, top, log_p);
    for (int64_t i = 0; i < c->n; i++) mass += c->w[i] > 0.0 ? c->w[i] * log_p[i] : 0.0;
    if (!(mass > 0.0)) return -PT_INF;
    for (int64_t i = 0; i < c->n; i++) c->w[i] = c->w[i] > 0.0 ? c->w[i] * log_p[i] / mass : 0.0;
    return top + s_log(mass);
}

static int64_t last_alive(const pt_cloud *c)
{
    int64_t i = c->n - 1;
    while (i > 0 && !(c->w[i] > 0.0)) i--;
    return i;
}

void pt_cloud_resample(const pt_cloud *c, double u, int64_t *from, double *old)
{
    const int64_t last = last_alive(c);
    const double mass = pt_cloud_mass(c);
    double edge = c->w[0];
    for (int64_t i = 0, j = 0; i < c->n; i++) {
        const double at = ((double)i + u) / (double)c->n * mass;
        while (j < last && edge <= at) edge += c->w[++j];
        from[i] = j;
    }
    const size_t row = (size_t)c->nz * sizeof *old;
    memcpy(old, c->z, (size_t)c->n * row);
    for (int64_t i = 0; i < c->n; i++) {
        memcpy(c->z + i * c->nz, old + from[i] * c->nz, row);
        c->w[i] = mass / (double)c->n;
    }
}

/* ---- random numbers ---- */

void pt_cloud_key(uint64_t seed, int64_t patient, uint64_t key[2])
{
    const pt_philox_block b =
        v_philox_at(seed, PT_PURPOSE_RESAMPLING, b_set((uint64_t)patient), b_set(0), b_set(0));
    for (int k = 0; k < 2; k++) key[k] = b.word[k][0];
}

/* the two numbers of one pair of elements, for the particles of a vec */
static void pair_of(const uint64_t key[2], int kind, int64_t count, int pair, int64_t first, int normal,
                    double *u)
{
    uint64_t particle[PT_W];
    vbits lanes;
    vec u0, u1;
    for (int k = 0; k < PT_W; k++) particle[k] = (uint64_t)(first + k);
    memcpy(&lanes, particle, sizeof lanes);
    const pt_philox_block c = {{b_set((uint64_t)pair | (uint64_t)kind << 24), lanes,
                                b_set((uint64_t)count & 0xffffffff), b_set((uint64_t)count >> 32)}};
    const pt_philox_block b = v_philox_keyed(c, b_set(key[0]), b_set(key[1]));
    v_uniform_pair(&b, &u0, &u1);
    v_store(u, normal ? v_norminv(u0) : u0);
    v_store(u + PT_W, normal ? v_norminv(u1) : u1);
}

void pt_cloud_numbers(const uint64_t key[2], int kind, int64_t count, int64_t n, int dim, int normal,
                      double *out)
{
    double u[2 * PT_W];
    for (int64_t i = 0; i < n; i += PT_W)
        for (int j = 0; j < dim; j += 2) {
            pair_of(key, kind, count, j / 2, i, normal, u);
            for (int k = 0; k < PT_W && i + k < n; k++) {
                out[(i + k) * dim + j] = u[k];
                if (j + 1 < dim) out[(i + k) * dim + j + 1] = u[PT_W + k];
            }
        }
}
