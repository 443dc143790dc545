/* Linear filter and smoother for small states: W series side by side, one instance of the loop for each
 * number of states. */
#include "kalman/linear_lanes.h"

#include "kalman/linear_adjoint.h"
#include "kalman/linear_run.h"
#include "kalman/linear_shared.h"
#include "kalman/linear_special.h"

#define SIZES(X) X(1) X(2) X(3) X(4)
SIZES(INSTANCE)

void pt_lane_block_run(pt_lane_block *b)
{
    if (b->call->special) {
        pt_lane_block_run_special(b);
        return;
    }
    switch (b->call->in->n) {
#define CASE(n)                                                                                              \
    case n:                                                                                                  \
        run_##n(b);                                                                                          \
        return;
        SIZES(CASE)
#undef CASE
    default:
        pt_lane_block_run_large(b);
    }
}

static pt_status run_block(void *context, int worker, int64_t i)
{
    const pt_linear_call *call = context;
    pt_lane_block *b = (pt_lane_block *)call->work + worker;
    if (pt_lane_block_begin(b, i * PT_W)) {
        pt_lane_block_run(b);
        if (call->adjoint) pt_lane_adjoint_run(b);
    }
    pt_lane_block_end(b);
    return PT_OK;
}

pt_status pt_linear_lanes(pt_linear_call *call, const pt_control *control)
{
    int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    pt_lane_block *blocks = pt_alloc((size_t)n_threads * sizeof *blocks);
    if (!blocks) return PT_NO_MEMORY;
    call->work = blocks;
    pt_status status = PT_OK;
    for (int k = 0; status == PT_OK && k < n_threads; k++) status = pt_lane_block_create(call, blocks + k);
    int64_t n_block = (call->in->n_series + PT_W - 1) / PT_W;
    if (status == PT_OK && pt_linear_is_shared(call))
        status = pt_linear_shared(call, blocks, control);
    else if (status == PT_OK)
        status = pt_parallel(n_block, control, run_block, call);
    for (int k = 0; k < n_threads; k++) pt_lane_block_free(blocks + k);
    pt_free(blocks);
    return status;
}
