/* One block of W series: work space and the traffic between arrays at rest and lanes. */
#ifndef PT_KALMAN_LINEAR_LANES_H
#define PT_KALMAN_LINEAR_LANES_H

#include "kalman/linear.h"
#include "lanes/vec.h"

typedef struct {
    const pt_linear_call *call;
    void *block; /* owns everything below */
    /* the model at the current step */
    vec *F, *H, *Q, *R, *G, *c, *d, *Q0; /* Q: noise of the state, G Q0 G' */
    /* the state and the step's work */
    vec *a, *P, *next, *T, *U, *L, *J;
    vec *y, *h, *D, *decorrelation, *M, *K, *g;
    vec *a_smooth, *P_smooth;
    vmask *seen;
    double *rest; /* n_max^2 W: a lane array on its way to memory */
    double *scratch;
    int *pivot;
    int correlated; /* R has an off-diagonal element in some lane */
    /* the block */
    int64_t first;  /* series of lane 0 */
    int used;       /* lanes that hold a series of their own; the others repeat the last */
    int64_t n_step; /* longest series */
    int64_t length[PT_W];
    vec live_until;     /* length of each lane */
    vec code, at, part; /* status, step and array of a lane's failure */
} pt_lane_block;

pt_status pt_lane_block_create(const pt_linear_call *call, pt_lane_block *b);
void pt_lane_block_free(pt_lane_block *b);

/* Series first .. first + W - 1; returns whether any of them can be run. */
int pt_lane_block_begin(pt_lane_block *b, int64_t first);
/* Status, step and blanks of each lane. */
void pt_lane_block_end(pt_lane_block *b);

/* dst (count) = block of the array at step t in each lane; absent arrays are left alone */
void pt_lane_load(const pt_lane_block *b, const pt_linear_array *array, int64_t t, int count, vec *dst);
/* Model of step t, where it differs from that of step t-1; observation arrays, or transition arrays. */
void pt_lane_load_observation(pt_lane_block *b, int64_t t);
void pt_lane_load_transition(pt_lane_block *b, int64_t t);
/* y (m) of step t and which elements count; marks lanes where one is infinite */
void pt_lane_load_y(pt_lane_block *b, int64_t t);
/* row t of dst (S, n_time, count), lanes that are as long as t only; dst may be null */
void pt_lane_store(const pt_lane_block *b, double *dst, int64_t n_time, int64_t t, int count, const vec *src);
/* dst (count) = row t of src (S, n_time, count) */
void pt_lane_fetch(const pt_lane_block *b, const double *src, int64_t n_time, int64_t t, int count, vec *dst);

/* Lanes of `bad` that still live at t and have not failed fail now. */
static inline void pt_lane_fail(pt_lane_block *b, vmask bad, pt_status status, pt_linear_part part, int64_t t)
{
    bad &= v_eq(b->code, v_set(PT_OK)) & v_lt(v_set((double)t), b->live_until);
    b->code = v_if(bad, v_set(status), b->code);
    b->part = v_if(bad, v_set(part), b->part);
    b->at = v_if(bad, v_set((double)t), b->at);
}

#endif
