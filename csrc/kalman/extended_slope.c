/* Derivatives of the flow and of the outputs to z, see extended.h. The lanes of a flow are the directions of
 * z, all from the same point. */
#include <string.h>

#include "kalman/extended.h"
#include "kalman/scalar.h"

static double within(double v, double low, double high) { return v < low ? low : v > high ? high : v; }

/* The point z as `n` equal lanes of states and natural parameters; per_z. */
static void fill_lanes(const pt_nonlinear_call *call, pt_nonlinear_work *w, const double *z, int64_t n)
{
    pt_extended_work *e = w->own;
    const int nx = call->nx, np = call->np;
    for (int j = 0; j < nx; j++) w->x[j] = within(z[j], w->lower[j], w->upper[j]);
    memcpy(w->p, w->course.params, (size_t)np * sizeof *w->p);
    for (int j = 0; j < nx; j++) e->per_z[j] = 1.0;
    for (int k = 0; k < call->nt; k++) {
        double *p = w->p + call->in->theta[k];
        const int scale = call->in->scale[k];
        pt_scale_natural(scale, 1, z + nx + k, 1, p, 1);
        e->per_z[nx + k] = scale == PT_SCALE_LOG ? *p : scale == PT_SCALE_LOGIT ? *p * (1.0 - *p) : 1.0;
    }
    for (int64_t i = 1; i < n; i++) {
        memcpy(w->x + i * nx, w->x, (size_t)nx * sizeof *w->x);
        memcpy(w->p + i * np, w->p, (size_t)np * sizeof *w->p);
    }
}

/* F from the lanes' derivatives: what is no state stays as it is. */
static pt_status fill_slopes(const pt_nonlinear_call *call, const pt_extended_work *e, double *F)
{
    const int nx = call->nx, nz = call->nz;
    double sum = 0.0;
    memset(F, 0, (size_t)nz * nz * sizeof *F);
    for (int j = 0; j < nz; j++)
        for (int i = 0; i < nx; i++) {
            F[i * nz + j] = e->dx[j * nx + i] * e->per_z[j];
            sum += 0.0 * F[i * nz + j];
        }
    for (int j = nx; j < nz; j++) F[j * nz + j] = 1.0;
    return sum == 0.0 ? PT_OK : PT_NOT_FINITE;
}

pt_status pt_extended_flow(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                           pt_nonlinear_work *w, double t1, double *z, double *F)
{
    pt_extended_work *e = w->own;
    pt_course *c = &w->course;
    const int64_t from = c->next, n = F ? call->nz : 1;
    const double t0 = c->t;
    pt_ode_options ode = call->options->ode;
    ode.sensitivity_error = F != NULL; /* behind a kink, or where the equations are stiff, F would be poor */
    pt_course_save(call, c, w->mark);
    fill_lanes(call, w, z, n);
    pt_status status = pt_propagate_tangents(call->model, w->propagator, n, t0, t1, w->x, w->p, c->factor,
                                             c->rate, &c->given, &patient->schedule, &c->next, w->lane_status,
                                             &ode, F ? e->direction : NULL, e->dx);
    if (status == PT_OK) status = pt_nonlinear_lane_status(w, n);
    if (status == PT_OK && F) status = fill_slopes(call, e, F);
    if (status != PT_OK) {
        pt_course_load(call, w->mark, c);
        return status;
    }
    pt_schedule_params(&patient->schedule, from, c->next, t0, t1, c->params);
    c->t = t1;
    memcpy(z, w->x, (size_t)call->nx * sizeof *z);
    return PT_OK;
}

void pt_extended_outputs(const pt_nonlinear_call *call, pt_nonlinear_work *w, const double *z, int slopes)
{
    pt_extended_work *e = w->own;
    const int nx = call->nx, np = call->np, ny = call->ny, nz = call->nz;
    double *xd = e->tangent, *ddx = xd + nx, *pd = ddx + nx, *dy = pd + np;
    const double *factor = w->course.factor, t = w->course.t;
    fill_lanes(call, w, z, 1);
    for (int j = 0; j < np; j++) w->p[j] *= factor[j];
    pt_model_output(call->model, 1, &t, w->x, w->p, e->y);
    for (int j = 0; slopes && j < nz; j++) {
        const int32_t which = e->direction[j];
        memset(e->tangent, 0, (size_t)(2 * nx + np) * sizeof *e->tangent);
        if (which < np)
            pd[which] = e->per_z[j] * factor[which];
        else
            xd[which - np] = 1.0;
        pt_model_jvp(call->model, 1, &t, w->x, w->p, xd, pd, ddx, dy);
        for (int i = 0; i < ny; i++) e->H[i * nz + j] = dy[i];
    }
}
