/* From lanes to the outputs. See grid.h. */
#include <math.h>
#include <string.h>

#include "kalman/grid.h"

enum { V = PT_WIDE, N_LANE = PT_WIDE_LANES };

/* Row `at` of dst from `count` elements of a by a map, in the lanes of vec j that are wanted. */
static void give(const pt_grid *g, int j, const int64_t *wanted, const vec *a, const int *map, int count,
                 double *dst)
{
    double *row[PT_W];
    int whole = 1;
    for (int l = 0; l < PT_W; l++) {
        const pt_grid_lane *lane = g->lane + j * PT_W + l;
        whole &= wanted[l] != 0;
        row[l] = wanted[l] ? dst + (lane->patient.first_obs + lane->k) * count : NULL;
    }
    int e = 0;
    for (; whole && e + PT_W <= count; e += PT_W) {
        vec tile[PT_W];
        for (int i = 0; i < PT_W; i++) tile[i] = a[map[e + i] * V + j];
        v_transpose(tile);
        for (int l = 0; l < PT_W; l++) v_store(row[l] + e, tile[l]);
    }
    for (; e < count; e++)
        for (int l = 0; l < PT_W; l++)
            if (row[l]) row[l][e] = a[map[e] * V + j][l];
}

void pt_grid_write_rows(const pt_grid *g, const int64_t *made)
{
    const pt_nonlinear_output *out = g->call->out;
    const pt_grid_said *said = &g->said;
    const int n = g->n;
    const double *mean = (const double *)said->mean, *var = (const double *)said->var;
    const double *latent_var = (const double *)said->latent_var;
    const int64_t *seen = (const int64_t *)said->seen, *gated = (const int64_t *)said->gated;
    for (int s = 0; s < N_LANE; s++) {
        if (!made[s]) continue;
        const int64_t row = g->lane[s].patient.first_obs + g->lane[s].k;
        out->predicted[row] = mean[s];
        out->predicted_var[row] = var[s];
        out->latent_var[row] = latent_var[s];
        out->use[row] = !seen[s] ? PT_OBS_MISSING : gated[s] ? PT_OBS_GATED : PT_OBS_USED;
        if (out->effective) out->effective[row] = NAN;
    }
    for (int j = 0; j < g->n_vec; j++) {
        if (out->filtered_mean) give(g, j, made + j * PT_W, g->m, g->map + n * n, n, out->filtered_mean);
        if (out->filtered_cov) give(g, j, made + j * PT_W, g->P, g->map, n * n, out->filtered_cov);
    }
}

static void read_lane(const pt_grid *g, int s, double *m, double *P)
{
    const int n = g->n;
    for (int r = 0; r < n; r++) m[r] = ((const double *)g->m)[r * N_LANE + s];
    for (int e = 0; e < n * n; e++) P[e] = ((const double *)g->P)[g->map[e] * N_LANE + s];
}

void pt_grid_keep_state(const pt_grid *g, int s)
{
    const pt_nonlinear_call *call = g->call;
    const pt_grid_lane *lane = g->lane + s;
    const int64_t size = pt_course_size(call);
    if (!call->out->state) return;
    double *row = call->out->state + lane->index * pt_nonlinear_row_size(call);
    memcpy(row, g->course + s * size, (size_t)size * sizeof *row);
    pt_course_set_clock(row, lane->t, lane->given, lane->count, ((const double *)g->loglike)[s]);
    read_lane(g, s, row + size, row + size + g->n);
}

void pt_grid_conclude(const pt_grid *g, int s)
{
    const pt_nonlinear_output *out = g->call->out;
    const int64_t i = g->lane[s].index, n = g->n;
    out->status[i] = PT_OK;
    out->rejected[i] = 0;
    out->failed_at[i] = NAN;
    out->loglike[i] = ((const double *)g->loglike)[s];
    read_lane(g, s, out->mean + i * n, out->cov + i * n * n);
}
