/* Linear filter and smoother for states of 5 and more, lanes side by side. */
#define PT_LARGE
#include "kalman/linear_run.h"

#define SIZES(X) X(5) X(6) X(8) X(12)
SIZES(INSTANCE)

static void forward_any(pt_lane_block *b, int64_t from, int64_t to)
{
    forward(b, b->call->in->n, b->call->in->m, 0, from, to, b->a, b->P, b->T, b->K, b->g, b->M);
}

void pt_lane_block_run_large(pt_lane_block *b)
{
    const int n = b->call->in->n;
    switch (n) {
#define CASE(n)                                                                                              \
    case n:                                                                                                  \
        run_##n(b);                                                                                          \
        return;
        SIZES(CASE)
#undef CASE
    default:
        b->forward = forward_any;
        forward_any(b, 0, b->n_step);
        if (b->call->smooth) pt_lane_block_smooth(b);
    }
}
