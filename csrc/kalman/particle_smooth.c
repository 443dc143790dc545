/* Smoothing of particles: back by simulation, or by ancestors. See particle.h. */
#include <math.h>
#include <string.h>

#include "kalman/particle.h"
#include "kalman/scalar.h"
#include "lanes/vmath.h"
#include "ode/noise.h"
#include "parts.h"

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

/* ---- memory ---- */

static int goes_back(const pt_nonlinear_call *call) { return call->options->particle.lag == 0; }

static int64_t trajectories(const pt_nonlinear_call *call)
{
    const pt_nonlinear_particle *o = &call->options->particle;
    return o->n_draw > 0 && goes_back(call) ? o->n_draw : o->n_particle;
}

pt_status pt_particle_check_smoother(const pt_nonlinear_call *call)
{
    const pt_nonlinear_particle *o = &call->options->particle;
    if (o->lag < 0 || o->n_draw < 0 || o->n_draw > 1 << 24) return PT_BAD_ARGUMENT;
    if (!goes_back(call)) return PT_OK;
    const int jitters = o->jitter > 0.0 && call->nt > 0;
    return jitters || pt_method_has_noise(call->options->ode.method) ? PT_UNSUPPORTED : PT_OK;
}

int64_t pt_particle_history_place(const pt_nonlinear_call *call, pt_particles *c, double *block, int64_t used)
{
    pt_particle_history *h = &c->history;
    const int64_t nz = call->nz, n = c->cloud.n, steps = call->max_step, row = (n + PT_W - 1) / PT_W * PT_W;
    const int64_t back = goes_back(call), draws = trajectories(call);
    const pt_part parts[] = {
        {&h->z, (steps + 1) * n * nz},
        {&h->w, (steps + 1) * n},
        {&h->ahead, back * steps * n * nz},
        {&h->span, steps},
        {&h->near, nz * row},
        {&h->log_w, row},
        {&h->p, row},
        {&h->edges, row},
        {&h->share, row},
        {&h->path, back * draws * nz},
        {&h->uniform, draws},
        {&h->m, nz},
        {&h->P, nz * nz},
    };
    h->row = row;
    return pt_parts_place(parts, sizeof parts / sizeof *parts, block, used, 1);
}

pt_status pt_particle_history_create(const pt_nonlinear_call *call, pt_particles *c)
{
    pt_particle_history *h = &c->history;
    h->from = pt_alloc((size_t)((call->max_step + 1) * c->cloud.n) * sizeof *h->from);
    h->node = pt_alloc((size_t)call->max_obs * sizeof *h->node);
    h->at = pt_alloc((size_t)trajectories(call) * sizeof *h->at);
    return h->from && h->node && h->at ? PT_OK : PT_NO_MEMORY;
}

void pt_particle_history_free(pt_particles *c)
{
    pt_free(c->history.from);
    pt_free(c->history.node);
    pt_free(c->history.at);
}

/* ---- the filter's run ---- */

pt_status pt_particle_history_begin(const pt_nonlinear_call *call, pt_particles *c)
{
    c->history.count = 0;
    return goes_back(call) && c->root_rank < call->nz ? PT_UNSUPPORTED : PT_OK;
}

void pt_particle_record_node(pt_particles *c)
{
    pt_particle_history *h = &c->history;
    const int64_t n = c->cloud.n, nz = c->cloud.nz;
    copy(h->z + h->count * n * nz, c->cloud.z, n * nz);
    copy(h->w + h->count * n, c->cloud.w, n);
}

void pt_particle_record_step(const pt_nonlinear_call *call, pt_particles *c, double span)
{
    pt_particle_history *h = &c->history;
    const int64_t n = c->cloud.n, nz = c->cloud.nz;
    if (goes_back(call)) {
        double *ahead = h->ahead + h->count * n * nz;
        copy(ahead, c->cloud.z, n * nz);
        for (int64_t i = 0; i < n; i++)
            if (!(c->cloud.w[i] > 0.0)) ahead[i * nz] = NAN;
    }
    h->span[h->count++] = span;
    for (int64_t i = 0; i < n; i++) h->from[h->count * n + i] = i;
}

void pt_particle_record_rows(pt_particles *c, int64_t row, int64_t n)
{
    for (int64_t k = 0; k < n; k++) c->history.node[row + k] = c->history.count;
    pt_cloud_moments(&c->cloud, 0, c->cloud.nz, c->history.m, c->history.P);
}

void pt_particle_record_ancestors(pt_particles *c)
{
    memcpy(c->history.from + c->history.count * c->cloud.n, c->from, (size_t)c->cloud.n * sizeof *c->from);
}

/* ---- back by simulation ---- */

/* The first i with edges[i] > u edges[n - 1], edges (n) running sums of weights */
static int64_t pick(int64_t n, const double *edges, double u)
{
    const double at = u * edges[n - 1];
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (edges[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* y (nz), elements `stride` apart, = L^-1 z / sqrt(span): N(z; f, Q span) is N(0, I) of a difference of these
 */
static void whiten(const pt_particles *c, double span, const double *z, double *y, int64_t stride)
{
    const int nz = c->cloud.nz;
    const double scale = 1.0 / sqrt(span);
    for (int i = 0; i < nz; i++) {
        double v = z[i] * scale;
        for (int k = 0; k < i; k++) v -= c->root[i * nz + k] * y[k * stride];
        y[i * stride] = v / c->root[i * nz + i];
    }
}

/* near (nz, row), log_w (row) of step k */
static void prepare(pt_particles *c, int64_t k)
{
    pt_particle_history *h = &c->history;
    const int64_t n = c->cloud.n, nz = c->cloud.nz;
    memset(h->near, 0, (size_t)(nz * h->row) * sizeof *h->near);
    for (int64_t i = 0; i < h->row; i++) h->log_w[i] = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        const double *ahead = h->ahead + (k * n + i) * nz, w = h->w[k * n + i];
        if (!(w > 0.0) || !s_finite(ahead[0])) continue;
        h->log_w[i] = s_log(w);
        whiten(c, h->span[k], ahead, h->near + i, h->row);
    }
}

/* p (row) = ln w_i N(z; f(z_i), Q span) but for a constant; the largest is returned */
static double weigh(pt_particles *c, int64_t k, const double *z)
{
    pt_particle_history *h = &c->history;
    const int nz = c->cloud.nz;
    double y[nz], top = -INFINITY;
    vec tops = v_set(-INFINITY);
    whiten(c, h->span[k], z, y, 1);
    for (int64_t i = 0; i < h->row; i += PT_W) {
        vec square = v_set(0.0);
        for (int j = 0; j < nz; j++) {
            const vec d = v_load(h->near + j * h->row + i) - v_set(y[j]);
            square = v_fma(d, d, square);
        }
        const vec p = v_fma(v_set(-0.5), square, v_load(h->log_w + i));
        v_store(h->p + i, p);
        tops = v_max(tops, p);
    }
    for (int l = 0; l < PT_W; l++) top = tops[l] > top ? tops[l] : top;
    return top;
}

/* Probabilities of trajectory d, which is at z in node k + 1, added to share; the particle that it goes to.
 */
static int64_t go_back(pt_particles *c, int64_t d, double top)
{
    pt_particle_history *h = &c->history;
    const int64_t n = c->cloud.n;
    for (int64_t i = 0; i < h->row; i += PT_W) v_store(h->p + i, v_exp(v_load(h->p + i) - v_set(top)));
    h->edges[0] = h->p[0];
    for (int64_t i = 1; i < n; i++) h->edges[i] = h->edges[i - 1] + h->p[i];
    const vec scale = v_set(1.0 / h->edges[n - 1]);
    for (int64_t i = 0; i < h->row; i += PT_W)
        v_store(h->share + i, v_fma(scale, v_load(h->p + i), v_load(h->share + i)));
    return pick(n, h->edges, h->uniform[d]);
}

/* Trajectory d from node k + 1 to node k. */
static pt_status draw_back(pt_particles *c, int64_t k, int64_t d)
{
    pt_particle_history *h = &c->history;
    const int64_t n = c->cloud.n, nz = c->cloud.nz;
    double *z = h->path + d * nz;
    if (h->span[k] > 0.0) {
        const double top = weigh(c, k, z);
        if (!s_finite(top)) return PT_NOT_FINITE;
        h->at[d] = go_back(c, d, top);
    } else { /* without noise there is one that it can come from */
        h->at[d] = h->from[(k + 1) * n + h->at[d]];
        h->share[h->at[d]] += 1.0;
    }
    copy(z, h->z + (k * n + h->at[d]) * nz, nz);
    return PT_OK;
}

/* Trajectories at the last node: evenly spread over its weights. */
static void begin_back(pt_particles *c, int64_t draws)
{
    pt_particle_history *h = &c->history;
    const int64_t n = c->cloud.n, nz = c->cloud.nz, last = h->count;
    double u;
    copy(h->edges, h->w + last * n, n);
    for (int64_t i = 1; i < n; i++) h->edges[i] += h->edges[i - 1];
    pt_cloud_numbers(c->key, PT_PARTICLE_BACK, last, 1, 1, 0, &u);
    for (int64_t d = 0; d < draws; d++) {
        h->at[d] = pick(n, h->edges, ((double)d + u) / (double)draws);
        copy(h->path + d * nz, h->z + (last * n + h->at[d]) * nz, nz);
    }
}

/* ---- outputs ---- */

/* m, P into the rows of the observations at node k, which end before *end; *end: where they begin. */
static void report(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient, const pt_particles *c,
                   int64_t k, int64_t *end, const double *m, const double *P)
{
    const int64_t nz = call->nz;
    for (; *end > 0 && c->history.node[*end - 1] == k; --*end) {
        const int64_t row = patient->first_obs + *end - 1;
        if (call->out->smoothed_mean) copy(call->out->smoothed_mean + row * nz, m, nz);
        if (call->out->smoothed_cov) copy(call->out->smoothed_cov + row * nz * nz, P, nz * nz);
    }
}

/* The same of the particles of node k with the weights in share. */
static void report_shares(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient, pt_particles *c,
                          int64_t k, int64_t *end)
{
    const pt_particle_history *h = &c->history;
    const int64_t n = c->cloud.n, nz = c->cloud.nz;
    if (*end == 0 || h->node[*end - 1] != k) return;
    const pt_cloud cloud = {.n = n, .nz = c->cloud.nz, .z = h->z + k * n * nz, .w = h->share};
    pt_cloud_moments(&cloud, 0, cloud.nz, c->m, c->P);
    report(call, patient, c, k, end, c->m, c->P);
}

static pt_status by_simulation(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                               pt_particles *c, int64_t end)
{
    pt_particle_history *h = &c->history;
    const int64_t draws = trajectories(call);
    begin_back(c, draws);
    for (int64_t k = h->count - 1; k >= 0; k--) {
        if (h->span[k] > 0.0) prepare(c, k);
        memset(h->share, 0, (size_t)h->row * sizeof *h->share);
        pt_cloud_numbers(c->key, PT_PARTICLE_BACK, k, draws, 1, 0, h->uniform);
        for (int64_t d = 0; d < draws; d++) {
            const pt_status status = draw_back(c, k, d);
            if (status != PT_OK) return status;
        }
        report_shares(call, patient, c, k, &end);
    }
    return PT_OK;
}

/* ---- back by ancestors ---- */

/* Node of the lag-th instant with observations behind that of observation i, or of the last. */
static int64_t node_later(const pt_nonlinear_patient *patient, const int64_t *node, int64_t i, int64_t lag)
{
    int64_t found = node[i];
    for (; i < patient->n_obs && lag >= 0; i++) {
        lag -= node[i] != found;
        if (lag >= 0) found = node[i];
    }
    return found;
}

static void by_ancestors(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient, pt_particles *c,
                         int64_t end)
{
    pt_particle_history *h = &c->history;
    const int64_t n = c->cloud.n;
    while (end > 0) {
        const int64_t node = h->node[end - 1];
        const int64_t from = node_later(patient, h->node, end - 1, call->options->particle.lag);
        for (int64_t j = 0; j < n; j++) h->at[j] = j;
        for (int64_t k = from; k > node; k--)
            for (int64_t j = 0; j < n; j++) h->at[j] = h->from[k * n + h->at[j]];
        memset(h->share, 0, (size_t)h->row * sizeof *h->share);
        for (int64_t j = 0; j < n; j++) h->share[h->at[j]] += h->w[from * n + j];
        report_shares(call, patient, c, node, &end);
    }
}

pt_status pt_particle_smooth(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                             pt_nonlinear_work *w)
{
    pt_particles *c = w->own;
    int64_t end = patient->n_obs;
    pt_particle_record_node(c);
    report(call, patient, c, c->history.count, &end, c->history.m, c->history.P);
    if (goes_back(call)) return by_simulation(call, patient, c, end);
    by_ancestors(call, patient, c, end);
    return PT_OK;
}
