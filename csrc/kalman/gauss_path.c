/* The iterated posterior linearisation smoother (Garcia-Fernandez AF, Svensson L, Sarkka S, IEEE Trans Signal
 * Process 2017;65:4056-4070): a pass fits a linear model of the whole series to moments of every node,
 *
 *   z(t1) = F z + b + e,   F = Cov(f, z) P^-,  b = E f - F m,  Var e = Cov(f - F z) + Q (t1 - t)
 *   y     = a' z + b + e   as in the filter's update (gauss_iterated.c), one observation after another
 *
 * with expectations under those moments, and smooths it exactly, in roots (extended_smooth.c). The first pass
 * is fitted to the filter's moments, each other one to what the last one found. What the passes settle at
 * are moments that agree with the model fitted to them. Passes are damped as gauss.h says. */
#include <math.h>
#include <string.h>

#include "kalman/gauss_path.h"
#include "parts.h"

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

/* ---- memory ---- */

int64_t pt_gauss_path_place(const pt_nonlinear_call *call, pt_gauss_path *path, double *block, int64_t used)
{
    const int64_t nz = call->nz, square = nz * nz, steps = call->max_step, nodes = steps + 1;
    const int64_t course = pt_course_size(call), lanes = call->max_lane;
    pt_extended_work *e = &path->linear;
    pt_extended_history *h = &e->history;
    const pt_part parts[] = {
        {&e->m, nz},
        {&e->L, square},
        {&e->m0, nz},
        {&e->L0, square},
        {&e->F, square},
        {&e->G, square},
        {&e->wide, 4 * square},
        {&e->M, square},
        {&e->z, nz},
        {&e->a, nz},
        {&e->saved, course},
        {&h->mean, nodes * nz},
        {&h->root, nodes * square},
        {&h->predicted, steps * nz},
        {&h->F, steps * square},
        {&h->ahead, steps * square},
        {&h->cross, steps * square},
        {&h->rest, steps * square},
        {&h->course, steps * course},
        {&h->t1, steps},
        {&path->noise, square},
        {&path->before, lanes * nz},
        {&path->at, nodes * nz},
        {&path->at_cov, nodes * square},
        {&path->found, nodes * nz},
        {&path->found_cov, nodes * square},
        {&path->best, nodes * nz},
        {&path->best_cov, nodes * square},
        {&path->trial, nodes * nz},
        {&path->trial_cov, nodes * square},
        {&path->fit, 3 * square + lanes * nz},
        {&path->kept, nz + square},
    };
    return pt_parts_place(parts, sizeof parts / sizeof *parts, block, used, 1);
}

pt_status pt_gauss_path_create(const pt_nonlinear_call *call, pt_gauss_path *path)
{
    const int64_t nz = call->nz;
    pt_extended_work *e = &path->linear;
    e->pivot = pt_alloc((size_t)nz * sizeof *e->pivot);
    e->history.pivot = pt_alloc((size_t)((nz + 1) * call->max_step) * sizeof *e->history.pivot);
    if (!e->pivot || !e->history.pivot) return PT_NO_MEMORY;
    e->history.rank = e->history.pivot + nz * call->max_step;
    return PT_OK;
}

void pt_gauss_path_free(pt_gauss_path *path)
{
    pt_free(path->linear.pivot);
    pt_free(path->linear.history.pivot);
}

/* ---- the filter's run ---- */

pt_status pt_gauss_path_begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                              pt_nonlinear_work *w)
{
    pt_gauss_own *g = w->own;
    pt_extended_work *e = &g->path.linear;
    e->history.count = 0;
    copy(e->m0, g->m, call->nz);
    if (pt_gauss_root(call->nz, g->m, g->P, e->L0, g->pivot) < 0) return PT_NOT_POSITIVE_DEFINITE;
    g->path.noise_rank = pt_gauss_root(call->nz, g->m, patient->Q, g->path.noise, g->pivot);
    return g->path.noise_rank < 0 ? PT_NOT_POSITIVE_DEFINITE : PT_OK;
}

static void record_node(pt_gauss_own *g, int64_t nz, int64_t k)
{
    copy(g->path.at + k * nz, g->m, nz);
    copy(g->path.at_cov + k * nz * nz, g->P, nz * nz);
}

void pt_gauss_path_record(const pt_nonlinear_call *call, pt_nonlinear_work *w, double t1)
{
    pt_gauss_own *g = w->own;
    pt_extended_history *h = &g->path.linear.history;
    const int64_t size = pt_course_size(call);
    record_node(g, call->nz, h->count);
    copy(h->course + h->count * size, w->mark, size);
    h->t1[h->count++] = t1;
}

/* ---- passes ---- */

/* How far what the pass found is from what it was fitted to: root mean square over the elements of all nodes.
 */
static double distance(const pt_gauss_passes *s)
{
    const int nz = s->nz;
    double sum = 0.0;
    for (int64_t k = 0; k <= s->h->count; k++)
        for (int j = 0; j < nz; j++) {
            const double *root = s->h->root + (k * nz + j) * nz;
            const double move = s->h->mean[k * nz + j] - s->p->trial[k * nz + j];
            const double was = s->p->trial_cov[(k * nz + j) * nz + j];
            double var = 0.0;
            for (int q = 0; q < nz; q++) var += root[q] * root[q];
            sum += pt_gauss_change(move, was, var);
        }
    return sqrt(sum / (double)s->n_mean);
}

/* The last pass: what it was fitted to, and what it found. */
static void keep_last(pt_gauss_passes *s)
{
    copy(s->p->at, s->p->trial, s->n_mean);
    copy(s->p->at_cov, s->p->trial_cov, s->n_cov);
    copy(s->p->found, s->h->mean, s->n_mean);
    for (int64_t k = 0; k <= s->h->count; k++)
        pt_extended_square(s->nz, s->h->root + k * s->nz * s->nz, s->p->found_cov + k * s->nz * s->nz);
}

static void keep_best(pt_gauss_passes *s)
{
    copy(s->p->best, s->p->found, s->n_mean);
    copy(s->p->best_cov, s->p->found_cov, s->n_cov);
}

/* trial = (1 - share) at + share found */
static void mix(pt_gauss_passes *s, double share)
{
    for (int64_t i = 0; i < s->n_mean; i++)
        s->p->trial[i] = (1.0 - share) * s->p->at[i] + share * s->p->found[i];
    for (int64_t i = 0; i < s->n_cov; i++)
        s->p->trial_cov[i] = (1.0 - share) * s->p->at_cov[i] + share * s->p->found_cov[i];
}

static pt_status settle(pt_gauss_passes *s)
{
    const pt_nonlinear_iteration *o = &s->call->options->iteration;
    const double damping = o->damping;
    pt_status status = pt_gauss_pass(s);
    if (status != PT_OK) return status;
    double off = distance(s), nearest = off, share = 1.0;
    keep_last(s);
    keep_best(s);
    for (int64_t k = 1; k < o->max_iter && off > o->tolerance && share > PT_GAUSS_LEAST_SHARE; k++) {
        mix(s, share);
        status = pt_gauss_pass(s);
        if (status != PT_OK && damping == 0.0) return status;
        const double now = status == PT_OK ? distance(s) : INFINITY;
        share = pt_gauss_share(share, damping, now < off);
        if (status != PT_OK) continue;
        off = now;
        keep_last(s);
        if (damping > 0.0 && off > nearest) continue;
        nearest = off;
        keep_best(s);
    }
    return PT_OK;
}

pt_status pt_gauss_path_run(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                            pt_nonlinear_work *w)
{
    pt_gauss_own *g = w->own;
    const int64_t nz = call->nz;
    pt_gauss_passes s = {.call = call, .patient = patient, .w = w, .g = g, .p = &g->path, .nz = call->nz};
    s.e = &g->path.linear;
    s.h = &s.e->history;
    s.n_mean = (s.h->count + 1) * nz;
    s.n_cov = s.n_mean * nz;
    record_node(g, nz, s.h->count);
    copy(g->path.trial, g->path.at, s.n_mean);
    copy(g->path.trial_cov, g->path.at_cov, s.n_cov);
    copy(g->path.kept, g->m, nz);
    copy(g->path.kept + nz, g->P, nz * nz);
    pt_course_save(call, &w->course, s.e->saved);
    const pt_status status = settle(&s);
    pt_course_load(call, s.e->saved, &w->course);
    copy(g->m, g->path.kept, nz);
    copy(g->P, g->path.kept + nz, nz * nz);
    return status;
}
