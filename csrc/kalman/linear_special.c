/* See linear_special.h. */
#define PT_LARGE
#define PT_ANY
#include "kalman/linear_special.h"

#include "kalman/linear_diffuse.h"
#include "kalman/linear_robust.h"
#include "kalman/linear_run.h"

static int is_diffuse(const pt_lane_block *b) { return b->call->in->diffuse.data != NULL; }

void pt_lane_special_start(pt_lane_block *b)
{
    if (is_diffuse(b)) pt_lane_diffuse_start(b);
}

void pt_lane_special_update(pt_lane_block *b, int64_t t, k_loglike *total, k_loglike *step,
                            pt_lane_trouble *bad)
{
    if (pt_linear_is_robust(&b->call->in->robust)) {
        pt_lane_robust_update(b, t, total, step, bad);
        return;
    }
    if (is_diffuse(b)) {
        pt_lane_diffuse_update(b, t, total, step, bad);
        return;
    }
    update(b, b->call->in->n, b->call->in->m, b->a, b->P, b->K, b->g, b->M, total, step, bad);
}

void pt_lane_special_transition(pt_lane_block *b, int64_t t)
{
    if (pt_linear_is_robust(&b->call->in->robust)) {
        pt_lane_robust_transition(b, t);
        return;
    }
    if (is_diffuse(b)) pt_lane_diffuse_transition(b);
    transition(b, b->call->in->n, b->a, b->P, b->T, b->M);
}

void pt_lane_special_stored(pt_lane_block *b, int64_t t)
{
    if (is_diffuse(b)) pt_lane_diffuse_stored(b, t);
}

static void forward_special(pt_lane_block *b, int64_t from, int64_t to)
{
    forward(b, b->call->in->n, b->call->in->m, 1, from, to, b->a, b->P, b->T, b->K, b->g, b->M);
}

void pt_lane_block_run_special(pt_lane_block *b)
{
    b->forward = forward_special;
    forward_special(b, 0, b->n_step);
    if (is_diffuse(b)) pt_lane_diffuse_end(b);
    if (b->call->smooth) pt_lane_block_smooth(b);
}
