/* The iterated extended smoother: the path of largest posterior density, see extended.h.
 *
 *   V = 1/2 e_0'e_0 + sum_k 1/2 e_k'e_k - sum_i ln p(y_i | z),   z_0 = m_0 + L_0 e_0,  z_{k+1} = f(z_k) + G
 * e_k
 *
 * by Gauss-Newton steps: each pass filters and smooths the model that is linear about the last path (Bell BM,
 * SIAM J Optim 1994;4:626-636). Without damping the smoothed path is the next one. With damping the next one
 * follows the equations under the smoothed shocks, so that noise may be singular or absent, and a pass that
 * doesn't lower V is made again with shocks that are held where they are, as by one more observation of each
 * with variance 1 / lambda (Levenberg and Marquardt's step; Sarkka S, Svensson L, ICASSP 2020:5875-5879).
 */
#include <math.h>
#include <string.h>

#include "kalman/extended.h"
#include "kalman/root.h"
#include "kalman/scalar.h"

#define GROW     10.0
#define SHRINK   0.1
#define LEAST    1e-9 /* relative damping below which it begins anew */
#define MOST     1e12
#define ROUGHLY  0.1   /* smoothed standard deviations */
#define ROUNDING 1e-13 /* of V: a change below is none */

typedef struct {
    const pt_nonlinear_call *call;
    const pt_nonlinear_patient *patient;
    pt_nonlinear_work *w;
    pt_extended_work *e;
    pt_extended_history *h;
    int nz;
    double largest; /* information of one observation beside what was known */
    double damping; /* relative to it */
} passes;

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

/* The course at node k. */
static void go_to(passes *s, int64_t k)
{
    const int64_t size = pt_course_size(s->call);
    pt_course_load(s->call, k < s->h->count ? s->h->course + k * size : s->e->saved, &s->w->course);
}

/* Observations from the ith on that belong to node k. */
static int64_t group_at(passes *s, int64_t i, int64_t k)
{
    int64_t n = 0;
    while (i + n < s->patient->n_obs && s->h->node[i + n] == k) n++;
    return n;
}

/* ---- a pass about e->path ---- */

static pt_status absorb_group(passes *s, int64_t i, int64_t n, const double *about)
{
    pt_extended_work *e = s->e;
    const pt_observation *obs = s->patient->observations + i;
    pt_extended_outputs(s->call, s->w, about, 1);
    if (!s_finite(pt_extended_misfit(e, obs, s->h->error + i, n, e->score))) return PT_NOT_FINITE;
    for (int64_t q = 0; q < n; q++)
        s->largest = fmax(s->largest, pt_extended_absorb(s->nz, e->H + obs[q].output * s->nz, &e->score[q],
                                                         about, e->a, e->m, e->L));
    return PT_OK;
}

/* z += share B e, B (nz, rank); returns 1/2 e'e */
static double push(int nz, int rank, double share, const double *B, const double *e, double *z)
{
    double square = 0.0;
    for (int k = 0; k < rank; k++) square += e[k] * e[k];
    for (int i = 0; i < nz; i++)
        for (int k = 0; k < rank; k++) z[i] += share * B[i * nz + k] * e[k];
    return 0.5 * square;
}

/* hold: share of the shocks' precision that holds them where they are */
static pt_status step_about(passes *s, int64_t k, double hold)
{
    pt_extended_work *e = s->e;
    pt_extended_history *h = s->h;
    const int nz = s->nz;
    const double *about = e->path + k * nz, span = h->t1[k] - s->w->course.t;
    double *end = h->end + k * nz, *predicted = h->predicted + k * nz;
    copy(end, about, nz);
    const pt_status status = pt_extended_flow(s->call, s->patient, s->w, h->t1[k], end, e->F);
    if (status != PT_OK) return status;
    for (int i = 0; i < nz; i++) {
        predicted[i] = end[i];
        for (int j = 0; j < nz; j++) predicted[i] += e->F[i * nz + j] * (e->m[j] - about[j]);
    }
    if (hold > 0.0) push(nz, e->rank_noise, hold * sqrt(span), e->G, e->shock + (k + 1) * nz, predicted);
    copy(e->m, predicted, nz);
    pt_extended_step_root(e, nz, (1.0 - hold) * span, k);
    return PT_OK;
}

/* Smoothed moments of the linear model into the history's nodes. */
static pt_status pass(passes *s, double lambda)
{
    const double hold = lambda / (1.0 + lambda);
    pt_extended_work *e = s->e;
    pt_extended_history *h = s->h;
    const int64_t nz = s->nz;
    copy(e->m, e->m0, nz);
    copy(e->L, e->L0, nz * nz);
    if (hold > 0.0) push(s->nz, e->rank0, hold, e->L0, e->shock, e->m);
    for (int64_t i = 0; hold > 0.0 && i < nz * nz; i++) e->L[i] *= sqrt(1.0 - hold);
    if (hold == 0.0) s->largest = 0.0;
    for (int64_t k = 0, i = 0, n; k <= h->count; k++, i += n) {
        go_to(s, k);
        n = group_at(s, i, k);
        pt_status status = n ? absorb_group(s, i, n, e->path + k * nz) : PT_OK;
        copy(h->mean + k * nz, e->m, nz);
        copy(h->root + k * nz * nz, e->L, nz * nz);
        if (status == PT_OK && k < h->count) status = step_about(s, k, hold);
        if (status != PT_OK) return status;
    }
    return pt_extended_back(e, s->nz);
}

/* Largest move from the path to the smoothed one, in smoothed standard deviations. */
static double moved(passes *s)
{
    const int nz = s->nz;
    double most = 0.0;
    for (int64_t k = 0; k < (s->h->count + 1) * nz; k++) {
        const double *root = s->h->root + k * nz, step = fabs(s->h->mean[k] - s->e->path[k]);
        double var = 0.0;
        for (int j = 0; j < nz; j++) var += root[j] * root[j];
        if (step > 0.0 && var > 0.0) most = fmax(most, step / sqrt(var));
    }
    return most;
}

/* ---- paths of shocks ---- */

/* (count + 1, nz) shocks of the smoothed path of the linear model. */
static void find_shocks(passes *s, double *shock)
{
    const pt_extended_history *h = s->h;
    pt_extended_work *e = s->e;
    const int nz = s->nz;
    memset(shock, 0, (size_t)(h->count + 1) * nz * sizeof *shock);
    for (int j = 0; j < nz; j++) e->z[j] = h->mean[j] - e->m0[j];
    pt_root_solve(e->rank0, nz, e->L0, e->pivot0, 1, e->z, shock);
    for (int64_t k = 0; k < h->count; k++) {
        const double *F = h->F + k * nz * nz, *m = h->mean + k * nz, *about = e->path + k * nz;
        const double span = h->t1[k] - h->course[k * pt_course_size(s->call)];
        if (!(span > 0.0)) continue;
        for (int i = 0; i < nz; i++) {
            e->z[i] = m[nz + i] - h->end[k * nz + i];
            for (int j = 0; j < nz; j++) e->z[i] -= F[i * nz + j] * (m[j] - about[j]);
            e->z[i] /= sqrt(span);
        }
        pt_root_solve(e->rank_noise, nz, e->G, e->pivot_noise, 1, e->z, shock + (k + 1) * nz);
    }
}

/* V of shocks, and their path. */
static double follow(passes *s, const double *shock, double *path)
{
    pt_extended_work *e = s->e;
    const pt_extended_history *h = s->h;
    const int nz = s->nz;
    copy(path, e->m0, nz);
    double V = push(nz, e->rank0, 1.0, e->L0, shock, path);
    for (int64_t k = 0, i = 0, n; k <= h->count && s_finite(V); k++, i += n) {
        go_to(s, k);
        n = group_at(s, i, k);
        if (n) pt_extended_outputs(s->call, s->w, path + k * nz, 0);
        V += pt_extended_misfit(e, s->patient->observations + i, h->error + i, n, e->score);
        if (k == h->count) break;
        double *next = path + (k + 1) * nz;
        const double share = sqrt(h->t1[k] - s->w->course.t);
        copy(next, path + k * nz, nz);
        if (pt_extended_flow(s->call, s->patient, s->w, h->t1[k], next, NULL) != PT_OK) return INFINITY;
        V += push(nz, e->rank_noise, share, e->G, shock + (k + 1) * nz, next);
    }
    return s_finite(V) ? V : INFINITY;
}

/* Takes the path of the last pass's shocks if V is lower there. */
static int take_lower(passes *s, double *V)
{
    pt_extended_work *e = s->e;
    const int64_t n = (s->h->count + 1) * s->nz;
    find_shocks(s, e->shock_next);
    const double at = follow(s, e->shock_next, e->trial);
    if (!(at < *V)) return 0;
    copy(e->shock, e->shock_next, n);
    copy(e->path, e->trial, n);
    *V = at;
    return 1;
}

/* A path that follows the equations: that of the first pass about the filter's means, or of no shocks. */
static double first_path(passes *s)
{
    pt_extended_work *e = s->e;
    const int64_t n = (s->h->count + 1) * s->nz;
    double V = INFINITY;
    if (pass(s, 0.0) == PT_OK) {
        find_shocks(s, e->shock);
        V = follow(s, e->shock, e->trial);
    }
    memset(e->shock_next, 0, (size_t)n * sizeof *e->shock_next);
    const double still = follow(s, e->shock_next, e->path);
    if (still < V) {
        copy(e->shock, e->shock_next, n);
        return still;
    }
    copy(e->path, e->trial, n);
    return V;
}

/* A lower V by passes that hold the shocks more and more; whether there is one. */
static int descend(passes *s, double *V)
{
    const double first = s->call->options->iteration.damping, scale = s->largest;
    if (!(s->damping > LEAST)) s->damping = first;
    for (; s->damping < MOST; s->damping *= GROW)
        if (pass(s, s->damping * scale) == PT_OK && take_lower(s, V)) {
            s->damping *= SHRINK;
            return 1;
        }
    return 0;
}

/* Every round begins with a full pass: it says how far the path still is from its end. */
static pt_status minimise(passes *s, double V, double tolerance)
{
    const int64_t most = s->call->options->iteration.max_iter;
    s->damping = 0.0;
    pt_status status = pass(s, 0.0);
    for (int64_t k = 1; status == PT_OK && k < most && moved(s) > tolerance; k++) {
        const double before = V;
        const int lower = take_lower(s, &V) || descend(s, &V);
        status = pass(s, 0.0);
        if (!lower || !(before - V > ROUNDING * (1.0 + fabs(V)))) break;
    }
    return status;
}

static pt_status damped(passes *s)
{
    pt_extended_work *e = s->e;
    const double tolerance = s->call->options->iteration.tolerance;
    e->rough = 1;
    const double rough = first_path(s);
    if (s_finite(rough)) minimise(s, rough, ROUGHLY);
    e->rough = 0;
    const double V = s_finite(rough) ? follow(s, e->shock, e->path) : first_path(s);
    if (!s_finite(V)) return PT_NOT_FINITE;
    const pt_status status = minimise(s, V, tolerance);
    if (status == PT_OK && moved(s) > tolerance) copy(s->h->mean, e->path, (s->h->count + 1) * s->nz);
    return status;
}

static pt_status undamped(passes *s)
{
    const pt_nonlinear_iteration *o = &s->call->options->iteration;
    pt_status status = PT_OK;
    for (int64_t k = 0; status == PT_OK && k < o->max_iter; k++) {
        status = pass(s, 0.0);
        const double step = moved(s);
        copy(s->e->path, s->h->mean, (s->h->count + 1) * s->nz);
        if (step <= o->tolerance) break;
    }
    return status;
}

pt_status pt_extended_path(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                           pt_nonlinear_work *w)
{
    pt_extended_work *e = w->own;
    passes s = {.call = call, .patient = patient, .w = w, .e = e, .h = &e->history, .nz = call->nz};
    copy(e->path, e->history.mean, (e->history.count + 1) * call->nz);
    pt_course_save(call, &w->course, e->saved);
    const pt_status status = call->options->iteration.damping > 0.0 ? damped(&s) : undamped(&s);
    pt_course_load(call, e->saved, &w->course);
    return status;
}
