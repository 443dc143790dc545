/* Particles along a patient's time: begin, move, weigh, draw again. See particle.h. */
#include "kalman/particle.h"

#include <math.h>
#include <string.h>

#include "kalman/scalar.h"
#include "kalman/sigma.h"
#include "parts.h"

#define MAX_PARTICLE ((int64_t)1 << 32) /* words of a counter */

/* ---- memory ---- */

static pt_status check(const pt_nonlinear_call *call)
{
    const pt_nonlinear_particle *o = &call->options->particle;
    if (o->n_particle < 2 || o->n_particle >= MAX_PARTICLE) return PT_BAD_ARGUMENT;
    if (!(o->resample >= 0.0 && o->resample <= 1.0) || !(o->jitter >= 0.0 && o->jitter < 1.0))
        return PT_BAD_ARGUMENT;
    return call->options->smooth ? pt_particle_check_smoother(call) : PT_OK;
}

static int64_t lanes(const pt_nonlinear_call *call) { return call->options->particle.n_particle; }

static int64_t state_size(const pt_nonlinear_call *call) { return lanes(call) * (call->nz + 1); }

static int64_t place(const pt_nonlinear_call *call, pt_particles *c, double *block)
{
    int64_t nz = call->nz, n = lanes(call);
    const pt_part parts[] = {
        {&c->cloud.z, n * nz}, {&c->cloud.w, n}, {&c->old, n * nz}, {&c->noise, n * nz}, {&c->h, n},
        {&c->density, n},      {&c->m, nz},      {&c->P, nz * nz},  {&c->L, nz * nz},    {&c->root, nz * nz},
    };
    const int64_t used = pt_parts_place(parts, sizeof parts / sizeof *parts, block, 0, 1);
    return call->options->smooth ? pt_particle_history_place(call, c, block, used) : used;
}

static void destroy(pt_nonlinear_work *w)
{
    pt_particles *c = w->own;
    pt_free(c->block);
    pt_free(c->pivot);
    pt_free(c->from);
    pt_particle_history_free(c);
    pt_free(c);
}

static pt_status create(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    pt_particles *c = w->own = pt_alloc(sizeof *c);
    if (!c) return PT_NO_MEMORY;
    c->cloud.n = lanes(call);
    c->cloud.nz = call->nz;
    c->block = pt_alloc((size_t)place(call, c, NULL) * sizeof(double));
    c->pivot = pt_alloc(2 * (size_t)call->nz * sizeof *c->pivot);
    c->from = pt_alloc((size_t)c->cloud.n * sizeof *c->from);
    if (!c->block || !c->pivot || !c->from) return PT_NO_MEMORY;
    place(call, c, c->block);
    c->root_pivot = c->pivot + call->nz;
    return call->options->smooth ? pt_particle_history_create(call, c) : PT_OK;
}

/* ---- spread ---- */

/* Row i of z += size L n_i, n_i normal; column k of L takes the number of the variable that it belongs to.
 * States are clamped to what the equations allow. */
static void spread(const pt_nonlinear_call *call, const pt_nonlinear_work *w, int rank, const double *L,
                   const int *pivot, double size)
{
    pt_particles *c = w->own;
    const int nz = call->nz;
    for (int64_t i = 0; i < c->cloud.n; i++) {
        double *z = c->cloud.z + i * nz;
        for (int k = 0; k < rank; k++) {
            const double by = size * c->noise[i * nz + pivot[k]];
            for (int j = 0; j < nz; j++) z[j] += L[j * nz + k] * by;
        }
        for (int j = 0; j < call->nx; j++) z[j] = fmin(fmax(z[j], w->lower[j]), w->upper[j]);
    }
}

static int factor(int n, const double *m, const double *P, double *L, int *pivot)
{
    memset(L, 0, (size_t)n * n * sizeof *L);
    return pt_sigma_factor(n, 0, m, 0.0, P, PT_PIVOT_FILTER, L, pivot);
}

static pt_status begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                       pt_nonlinear_work *w, const double *state)
{
    pt_particles *c = w->own;
    const int64_t nz = call->nz, n = c->cloud.n;
    pt_cloud_key(call->options->seed, patient->number, c->key);
    c->root_rank = factor(call->nz, c->m, patient->Q, c->root, c->root_pivot);
    if (c->root_rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    if (w->recording && pt_particle_history_begin(call, c) != PT_OK) return PT_UNSUPPORTED;
    if (state) {
        memcpy(c->cloud.z, state, (size_t)(n * nz) * sizeof *state);
        memcpy(c->cloud.w, state + n * nz, (size_t)n * sizeof *state);
        return pt_cloud_mass(&c->cloud) > 0.0 ? PT_OK : PT_BAD_ARGUMENT;
    }
    const int rank = factor(call->nz, patient->mean, patient->cov, c->L, c->pivot);
    if (rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    for (int64_t i = 0; i < n; i++) {
        memcpy(c->cloud.z + i * nz, patient->mean, (size_t)nz * sizeof(double));
        c->cloud.w[i] = 1.0 / (double)n;
    }
    pt_cloud_numbers(c->key, PT_PARTICLE_START, 0, n, call->nz, 1, c->noise);
    spread(call, w, rank, c->L, c->pivot, 1.0);
    return PT_OK;
}

static void save(const pt_nonlinear_call *call, const pt_nonlinear_work *w, double *state)
{
    const pt_particles *c = w->own;
    const int64_t size = c->cloud.n * call->nz;
    memcpy(state, c->cloud.z, (size_t)size * sizeof *state);
    memcpy(state + size, c->cloud.w, (size_t)c->cloud.n * sizeof *state);
}

static void moments(const pt_nonlinear_call *call, pt_nonlinear_work *w, double *m, double *P)
{
    pt_cloud_moments(&((pt_particles *)w->own)->cloud, 0, call->nz, m, P);
}

/* ---- time ---- */

static int is_finite(const double *z, int n)
{
    double sum = 0.0;
    for (int j = 0; j < n; j++) sum += z[j] - z[j];
    return sum == 0.0;
}

/* Particles that failed lose their weight and stand where the first good one stands. Status of the first that
 * failed where none is left. */
static pt_status reject(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    pt_particles *c = w->own;
    const int64_t nz = call->nz;
    int64_t good = -1;
    pt_status first = PT_NOT_FINITE;
    for (int64_t i = 0; i < c->cloud.n; i++) {
        const pt_status status = (pt_status)w->lane_status[i];
        const int failed = status != PT_OK || !is_finite(c->cloud.z + i * nz, call->nz);
        if (failed && c->cloud.w[i] > 0.0) {
            if (status != PT_OK && first == PT_NOT_FINITE) first = status;
            c->cloud.w[i] = 0.0;
            w->rejected++;
        }
        if (good < 0 && !failed && c->cloud.w[i] > 0.0) good = i;
    }
    for (int64_t i = 0; good >= 0 && i < c->cloud.n; i++)
        if (!(c->cloud.w[i] > 0.0))
            memcpy(c->cloud.z + i * nz, c->cloud.z + good * nz, (size_t)nz * sizeof(double));
    return good >= 0 ? PT_OK : first;
}

static pt_status step(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                      pt_nonlinear_work *w, double t1)
{
    pt_particles *c = w->own;
    const double span = t1 - w->course.t;
    pt_course_save(call, &w->course, w->mark);
    if (w->recording) pt_particle_record_node(c);
    pt_propagator_noise(w->propagator, call->options->seed, patient->number, w->course.count + 1);
    pt_status status = pt_nonlinear_propagate(call, patient, w, c->cloud.n, c->cloud.z, t1);
    if (status == PT_OK) status = reject(call, w);
    if (status != PT_OK) {
        pt_course_load(call, w->mark, &w->course);
        return status;
    }
    if (w->recording) pt_particle_record_step(call, c, span);
    if (c->root_rank == 0 || !(span > 0.0)) return PT_OK;
    pt_cloud_numbers(c->key, PT_PARTICLE_NOISE, w->course.count, c->cloud.n, call->nz, 1, c->noise);
    spread(call, w, c->root_rank, c->root, c->root_pivot, sqrt(span));
    return PT_OK;
}

/* ---- drawing again ---- */

static void jitter(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    pt_particles *c = w->own;
    const double width = call->options->particle.jitter, keep = sqrt(1.0 - width * width);
    const int nx = call->nx, nt = call->nt, nz = call->nz;
    pt_cloud_moments(&c->cloud, nx, nt, c->m, c->P);
    const int rank = factor(nt, c->m, c->P, c->L, c->pivot);
    pt_cloud_numbers(c->key, PT_PARTICLE_JITTER, w->course.count, c->cloud.n, nt, 1, c->noise);
    for (int64_t i = 0; i < c->cloud.n; i++) {
        double *theta = c->cloud.z + i * nz + nx;
        for (int j = 0; j < nt; j++) theta[j] = c->m[j] + keep * (theta[j] - c->m[j]);
        for (int k = 0; k < rank; k++)
            for (int j = 0; j < nt; j++)
                theta[j] += width * c->L[j * nt + k] * c->noise[i * nt + c->pivot[k]];
    }
}

static void resample(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    pt_particles *c = w->own;
    const pt_nonlinear_particle *o = &call->options->particle;
    if (!(pt_cloud_effective(&c->cloud) < o->resample * (double)c->cloud.n)) return;
    double u;
    pt_cloud_numbers(c->key, PT_PARTICLE_RESAMPLE, w->course.count, 1, 1, 0, &u);
    pt_cloud_resample(&c->cloud, u, c->from, c->old);
    if (w->recording) pt_particle_record_ancestors(c);
    if (o->jitter > 0.0 && call->nt > 0) jitter(call, w);
}

static pt_status observe(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                         pt_nonlinear_work *w, const pt_observation *obs, int64_t n, int64_t row,
                         double *loglike)
{
    pt_particles *c = w->own;
    pt_status status = PT_OK;
    pt_nonlinear_outputs(call, w, c->cloud.n, c->cloud.z);
    for (int64_t k = 0; status == PT_OK && k < n; k++)
        status = pt_particle_observe(call, w, obs + k, row + k, loglike);
    if (status == PT_OK && w->recording) pt_particle_record_rows(c, row - patient->first_obs, n);
    if (status == PT_OK) resample(call, w);
    return status;
}

const pt_nonlinear_method pt_particle = {check, lanes, state_size, create,  destroy,           begin,
                                         save,  step,  observe,    moments, pt_particle_smooth};
