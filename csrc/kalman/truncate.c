/* See truncate.h. */
#include "pytwin.h"

#include "lanes/vec.h"
#include "lanes/vmath.h"

#define SWEEPS    1000
#define TOLERANCE 1e-13
/* standard deviations beyond which a bound is not felt: the mass there is 1e-19 */
#define FAR 9.0

typedef struct {
    int64_t N;
    int n;
    const double *lower, *upper;
    int64_t by_bound;
    double *mean, *cov;
    vec *work;    /* [n_threads] blocks of `size` */
    int64_t size; /* vecs of a block */
} truncation;

typedef struct {
    vec *m, *P, *lower, *upper; /* (n), (n, n), (n), (n) */
    vec *t, *s, *k;             /* sites: precision and precision times mean; gain */
} lane_block;

/* ---- one dimension ---- */

/* Gauss and Legendre's rule of 16 points: those above zero, and their weights (Abramowitz & Stegun 1964,
 * table 25.4). */
static const double node[] = {0.09501250983763744, 0.2816035507792589, 0.45801677765722737,
                              0.6178762444026438,  0.755404408355003,  0.8656312023878318,
                              0.9445750230732326,  0.9894009349916499};
static const double share[] = {0.1894506104550685,   0.18260341504492358, 0.16915651939500254,
                               0.14959598881657674,  0.12462897125553388, 0.09515851168249279,
                               0.062253523938647894, 0.027152459411754096};

enum { PANELS = 4, HALF = 8 };

/* x - a0 and density of point k of panel p, over a .. b of N(0, 1); a0 is the smaller of a and the place
 * where the density is largest */
PT_LANE vec point(vec a, vec width, int p, int k, vec *density)
{
    const double half = 0.5 / PANELS, centre = (2 * p + 1) * half;
    const double at = k < HALF ? centre - half * node[k] : centre + half * node[k - HALF];
    const vec step = width * v_set(at), peak = v_max(a, v_set(0.0)), x = a + step;
    *density = v_set(share[k % HALF]) * v_exp(v_set(-0.5) * (x - peak) * (x + peak));
    return step;
}

/* Mean and variance of N(0, 1) on [a, b], a < b and a + b >= 0; by quadrature over where there is mass. The
 * variance is summed about the mean, so that it loses no digits to a far or narrow interval. */
PT_LANE void inside_standard(vec a, vec b, vec *mean, vec *var)
{
    const vec from = v_max(a, v_set(-FAR));
    const vec first = v_max(from, v_set(0.0));
    const vec reach = v_set(FAR * FAR) / (first + v_sqrt(v_fma(first, first, v_set(FAR * FAR))));
    const vec width = v_min(b - from, (first - from) + reach);
    vec mass = v_set(0.0), sum = v_set(0.0), square = v_set(0.0), density;
    for (int p = 0; p < PANELS; p++)
        for (int k = 0; k < 2 * HALF; k++) {
            const vec step = point(from, width, p, k, &density);
            mass += density;
            sum = v_fma(density, step, sum);
        }
    const vec centre = sum / mass;
    for (int p = 0; p < PANELS; p++)
        for (int k = 0; k < 2 * HALF; k++) {
            const vec off = point(from, width, p, k, &density) - centre;
            square = v_fma(density * off, off, square);
        }
    *mean = from + centre;
    *var = square / mass;
}

/* The same for N(m, v) on [lower, upper]; where the bounds are far off, m and v themselves */
static void inside(vec m, vec v, vec lower, vec upper, vec *mean, vec *var)
{
    const vec sd = v_sqrt(v), a = (lower - m) / sd, b = (upper - m) / sd;
    const vmask flip = v_lt(a + b, v_set(0.0)), free = v_le(a, v_set(-FAR)) & v_ge(b, v_set(FAR));
    vec centre, spread;
    inside_standard(v_if(flip, -b, a), v_if(flip, -a, b), &centre, &spread);
    centre = v_if(flip, -centre, centre);
    *mean = v_if(free, m, v_min(v_max(v_fma(centre, sd, m), lower), upper));
    *var = v_if(free, v, spread * v);
}

/* ---- a block of lanes ---- */

/* Element i once; which lanes of `active` moved */
static vmask bound_element(const lane_block *b, int n, int i, vmask active)
{
    const vec v = b->P[(size_t)i * n + i], rest = v_set(1.0) - b->t[i] * v;
    active &= v_gt(v, v_set(PT_MIN_NORMAL)) & v_gt(rest, v_set(0.0));
    const vec safe = v_if(active, v, v_set(1.0)), left = v_if(active, rest, v_set(1.0));
    const vec vc = safe / left, mc = (b->m[i] - b->s[i] * safe) / left;
    vec mean, var;
    inside(mc, vc, b->lower[i], b->upper[i], &mean, &var);
    var = v_max(var, v_set(PT_MIN_NORMAL));
    const vec shift = mean - b->m[i], loss = safe - var;
    /* what the site takes away and the cavity gets back is known to a rounding of the larger of the two */
    const vec least = v_set(TOLERANCE) * v_max(v_set(1.0), v_set(0.01) * vc / safe);
    const vmask moved =
        active & (v_gt(shift * shift, least * least * safe) | v_gt(v_abs(loss), least * safe));
    b->t[i] = v_if(moved, v_set(1.0) / var - v_set(1.0) / vc, b->t[i]);
    b->s[i] = v_if(moved, mean / var - mc / vc, b->s[i]);
    for (int k = 0; k < n; k++) b->k[k] = v_if(moved, b->P[(size_t)k * n + i] / safe, v_set(0.0));
    for (int k = 0; k < n; k++) {
        b->m[k] = v_if(moved, v_fma(b->k[k], shift, b->m[k]), b->m[k]);
        for (int j = 0; j <= k; j++) {
            const vec p = v_fma(-b->k[k] * loss, b->k[j], b->P[(size_t)k * n + j]);
            b->P[(size_t)k * n + j] = b->P[(size_t)j * n + k] = v_if(moved, p, b->P[(size_t)k * n + j]);
        }
    }
    b->m[i] = v_if(moved, mean, b->m[i]);
    for (int k = 0; k < n; k++) /* the same without the difference */
        b->P[(size_t)k * n + i] = b->P[(size_t)i * n + k] =
            v_if(moved, k == i ? var : b->k[k] * var, b->P[(size_t)k * n + i]);
    return moved;
}

/* Lanes that have settled are left alone, so that a lane does not see how long the others take. */
static pt_status bound_block(const lane_block *b, int n)
{
    vmask active = m_set(-1);
    for (int sweep = 0; sweep < SWEEPS && m_any(active); sweep++) {
        vmask moved = m_set(0);
        for (int i = 0; i < n; i++) moved |= bound_element(b, n, i, active);
        active &= moved;
    }
    for (int i = 0; i < n; i++) {
        const vmask known = v_le(b->P[(size_t)i * n + i], v_set(PT_MIN_NORMAL));
        const vec clipped = v_min(v_max(b->m[i], b->lower[i]), b->upper[i]);
        b->m[i] = v_if(known | v_isnan(b->m[i]), b->m[i], clipped);
    }
    return m_any(active) ? PT_NOT_CONVERGED : PT_OK;
}

static lane_block lay_out(vec *work, int n)
{
    vec *P = work + n;
    vec *rest = P + (size_t)n * n;
    return (lane_block){work, P, rest, rest + n, rest + 2 * n, rest + 3 * n, rest + 4 * n};
}

static pt_status run_block(void *context, int worker, int64_t i)
{
    const truncation *job = context;
    const int n = job->n;
    const lane_block b = lay_out(job->work + worker * job->size, n);
    for (int lane = 0; lane < PT_W; lane++) {
        const int64_t row = i * PT_W + lane < job->N ? i * PT_W + lane : job->N - 1;
        for (int k = 0; k < n; k++) {
            b.m[k][lane] = job->mean[row * n + k];
            b.lower[k][lane] = job->lower[row * job->by_bound + k];
            b.upper[k][lane] = job->upper[row * job->by_bound + k];
            b.t[k][lane] = b.s[k][lane] = 0.0;
        }
        for (int k = 0; k < n * n; k++) b.P[k][lane] = job->cov[row * n * n + k];
    }
    const pt_status status = bound_block(&b, n);
    for (int lane = 0; lane < PT_W && i * PT_W + lane < job->N; lane++) {
        const int64_t row = i * PT_W + lane;
        for (int k = 0; k < n; k++) job->mean[row * n + k] = b.m[k][lane];
        for (int k = 0; k < n * n; k++) job->cov[row * n * n + k] = b.P[k][lane];
    }
    return status;
}

pt_status pt_truncate(int64_t N, int n, const double *lower, const double *upper, int64_t by_bound,
                      double *mean, double *cov, const pt_control *control)
{
    if (n < 1) return PT_BAD_SHAPE;
    const int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    truncation job = {N, n, lower, upper, by_bound, mean, cov, NULL, (int64_t)n * n + 6 * (int64_t)n};
    job.work = pt_alloc((size_t)(n_threads * job.size) * sizeof(vec));
    if (!job.work) return PT_NO_MEMORY;
    const pt_status status = pt_parallel((N + PT_W - 1) / PT_W, control, run_block, &job);
    pt_free(job.work);
    return status;
}
