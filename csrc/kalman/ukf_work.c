/* The memory that a thread of the unscented filter works in: one block, laid out once. */
#include "kalman/ukf.h"

static int64_t place(const pt_ukf_call *call, pt_ukf_work *w, double *block)
{
    int64_t nz = call->nz, nx = call->nx, np = call->np, max = call->max_point, used = 0;
    struct {
        double **array;
        int64_t n;
    } parts[] = {
        {&w->lower, nx},
        {&w->upper, nx},
        {&w->m, nz},
        {&w->P, nz * nz},
        {&w->L, nz * nz},
        {&w->shift, nz},
        {&w->X, max * nz},

        {&w->x, max * nx},
        {&w->p, max * np},
        {&w->base, np},
        {&w->factor, np},
        {&w->rate, pt_model_n_dose(call->model)},
        {&w->times, max},
        {&w->y, max * call->ny},
        {&w->h, max},
        {&w->gain, nz},
        {&w->solve, 4 * nz * nz + max * nz},
    };
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        if (block) *parts[k].array = block + used;
        used += parts[k].n;
    }
    if (block && call->options->smooth)
        pt_history_place(&w->history, call->nz, call->max_point, call->max_step, block + used);
    return used + (call->options->smooth ? pt_history_size(call->nz, call->max_point, call->max_step) : 0);
}

void pt_ukf_work_free(pt_ukf_work *w)
{
    pt_propagator_free(w->propagator);
    pt_free(w->block);
    pt_free(w->lane_status);
    pt_free(w->pivot);
    pt_free(w->node);
}

pt_status pt_ukf_work_create(const pt_ukf_call *call, pt_ukf_work *w)
{
    w->block = pt_alloc((size_t)place(call, w, NULL) * sizeof(double));
    w->lane_status = pt_alloc((size_t)call->max_point * sizeof *w->lane_status);
    w->pivot = pt_alloc(2 * (size_t)call->nz * sizeof *w->pivot);
    w->node = pt_alloc((size_t)call->max_obs * sizeof *w->node);
    if (!w->block || !w->lane_status || !w->pivot || !w->node) return PT_NO_MEMORY;
    place(call, w, w->block);
    const pt_field *states = pt_model_states(call->model);
    for (int j = 0; j < call->nx; j++) {
        w->lower[j] = states[j].lower;
        w->upper[j] = states[j].upper;
    }
    return pt_propagator_create(call->model, call->max_point, &call->need, &w->propagator);
}
