/* What a thread of the nonlinear filters works in, and what every method does with lanes. */
#include <string.h>

#include "kalman/nonlinear.h"
#include "parts.h"

/* ---- course ---- */

enum { N_SCALAR = 6 };

static void copy(double *to, const double *from, int64_t n)
{
    if (n) memcpy(to, from, (size_t)n * sizeof *to);
}

int64_t pt_course_size(const pt_nonlinear_call *call) { return N_SCALAR + 2 * call->np + call->n_dose; }

void pt_course_save(const pt_nonlinear_call *call, const pt_course *course, double *to)
{
    const double scalars[N_SCALAR] = {
        course->t, course->given, (double)course->next, (double)course->count, course->loglike, course->step};
    copy(to, scalars, N_SCALAR);
    copy(to + N_SCALAR, course->params, call->np);
    copy(to + N_SCALAR + call->np, course->factor, call->np);
    copy(to + N_SCALAR + 2 * call->np, course->rate, call->n_dose);
}

void pt_course_set_clock(double *to, double t, double given, int64_t count, double loglike)
{
    to[0] = t;
    to[1] = given;
    to[3] = (double)count;
    to[4] = loglike;
}

void pt_course_load(const pt_nonlinear_call *call, const double *from, pt_course *course)
{
    course->t = from[0];
    course->given = from[1];
    course->next = (int64_t)from[2];
    course->count = (int64_t)from[3];
    course->loglike = from[4];
    course->step = from[5];
    copy(course->params, from + N_SCALAR, call->np);
    copy(course->factor, from + N_SCALAR + call->np, call->np);
    copy(course->rate, from + N_SCALAR + 2 * call->np, call->n_dose);
}

/* ---- memory ---- */

static int64_t place(const pt_nonlinear_call *call, pt_nonlinear_work *w, double *block)
{
    int64_t nz = call->nz, nx = call->nx, np = call->np, max = call->max_lane;
    const pt_part parts[] = {
        {&w->course.params, np},
        {&w->course.factor, np},
        {&w->course.rate, call->n_dose},
        {&w->mark, pt_course_size(call)},
        {&w->lower, nx},
        {&w->upper, nx},
        {&w->x, max * nx},
        {&w->p, max * np},
        {&w->past, max * call->n_memory},
        {&w->wide, call->n_memory ? nz + 2 * nz * nz : 0},
        {&w->times, max},
        {&w->column, max},
        {&w->y, max * call->ny},
        {&w->m, nz},
        {&w->P, nz * nz},
        {&w->root, nz * nz},
    };
    return pt_parts_place(parts, sizeof parts / sizeof *parts, block, 0, 1);
}

void pt_nonlinear_work_free(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    if (w->own) call->method->free(w);
    pt_propagator_free(w->propagator);
    pt_free(w->block);
    pt_free(w->lane_status);
    pt_free(w->pivot);
}

pt_status pt_nonlinear_work_create(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    w->block = pt_alloc((size_t)place(call, w, NULL) * sizeof(double));
    w->lane_status = pt_alloc((size_t)call->max_lane * sizeof *w->lane_status);
    w->pivot = pt_alloc((size_t)call->nz * sizeof *w->pivot);
    if (!w->block || !w->lane_status || !w->pivot) return PT_NO_MEMORY;
    place(call, w, w->block);
    const pt_field *states = pt_model_states(call->model);
    for (int j = 0; j < call->nx; j++) {
        w->lower[j] = states[j].lower;
        w->upper[j] = states[j].upper;
    }
    pt_status status = pt_propagator_create(call->model, call->max_lane, &call->need, &w->propagator);
    if (status == PT_OK && call->n_memory) pt_propagator_past(w->propagator, call->n_past, w->past);
    return status == PT_OK ? call->method->create(call, w) : status;
}

/* ---- lanes ---- */

/* Z -> states x, natural parameters p and the past of each lane */
static void to_lanes(const pt_nonlinear_call *call, pt_nonlinear_work *w, int64_t n_lane, const double *Z)
{
    int64_t nx = call->nx, nz = call->nz, np = call->np;
    for (int64_t i = 0; i < n_lane; i++) {
        copy(w->x + i * nx, Z + i * nz, nx);
        copy(w->p + i * np, w->course.params, np);
        copy(w->past + i * call->n_memory, Z + i * nz + call->nv, call->n_memory);
    }
    for (int k = 0; k < call->nt; k++) {
        double *p = w->p + call->in->theta[k];
        for (int64_t i = 0; i < n_lane; i++) w->column[i] = Z[i * nz + nx + k];
        pt_scale_natural(call->in->scale[k], n_lane, w->column, 1, w->column, 1);
        for (int64_t i = 0; i < n_lane; i++) p[i * np] = w->column[i];
    }
}

pt_status pt_nonlinear_propagate(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                                 pt_nonlinear_work *w, int64_t n_lane, double *Z, double t1)
{
    int64_t nx = call->nx, nz = call->nz;
    pt_course *c = &w->course;
    const int64_t from = c->next;
    const double t0 = c->t;
    pt_ode_options ode = call->options->ode;
    ode.step_first = c->step;
    to_lanes(call, w, n_lane, Z);
    pt_status status = pt_propagate(call->model, w->propagator, n_lane, t0, t1, w->x, w->p, c->factor,
                                    c->rate, &c->given, &patient->schedule, &c->next, w->lane_status, &ode);
    if (status != PT_OK) return status;
    if (t1 > t0) c->step = pt_propagator_step(w->propagator);
    pt_schedule_params(&patient->schedule, from, c->next, t0, t1, c->params);
    c->t = t1;
    for (int64_t i = 0; i < n_lane; i++) {
        copy(Z + i * nz, w->x + i * nx, nx);
        copy(Z + i * nz + call->nv, w->past + i * call->n_memory, call->n_memory);
    }
    return PT_OK;
}

pt_status pt_nonlinear_lane_status(const pt_nonlinear_work *w, int64_t n_lane)
{
    for (int64_t i = 0; i < n_lane; i++)
        if (w->lane_status[i] != PT_OK) return (pt_status)w->lane_status[i];
    return PT_OK;
}

void pt_nonlinear_outputs(const pt_nonlinear_call *call, pt_nonlinear_work *w, int64_t n_lane,
                          const double *Z)
{
    int64_t np = call->np;
    to_lanes(call, w, n_lane, Z);
    for (int64_t i = 0; i < n_lane; i++) {
        w->times[i] = w->course.t;
        for (int64_t j = 0; j < np; j++) w->p[i * np + j] *= w->course.factor[j];
    }
    pt_model_output(call->model, n_lane, w->times, w->x, w->p, w->y);
}

void pt_nonlinear_show(const pt_nonlinear_call *call, const double *m, const double *P, double *mean,
                       double *cov)
{
    const int64_t nv = call->nv, nz = call->nz;
    if (mean) copy(mean, m, nv);
    for (int64_t i = 0; cov && i < nv; i++) copy(cov + i * nv, P + i * nz, nv);
}

void pt_nonlinear_trace(const pt_nonlinear_call *call, int64_t row, const double *m, const double *P)
{
    const int64_t nv = call->nv;
    pt_nonlinear_show(call, m, P, call->out->filtered_mean ? call->out->filtered_mean + row * nv : NULL,
                      call->out->filtered_cov ? call->out->filtered_cov + row * nv * nv : NULL);
}
