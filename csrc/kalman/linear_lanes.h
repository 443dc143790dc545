/* One block of W series: work space and the traffic between arrays at rest and lanes. */
#ifndef PT_KALMAN_LINEAR_LANES_H
#define PT_KALMAN_LINEAR_LANES_H

#include "kalman/linear.h"
#include "lanes/vec.h"

enum { PT_SHARED_MAX = 64 }; /* states of the lanes' path at most */

typedef struct pt_lane_block pt_lane_block;
typedef struct pt_lane_adjoint pt_lane_adjoint;

/* Moments of the steps from .. to - 1, see linear_history.h. */
typedef struct {
    vec *records,
        *points; /* of the steps; and the check-points, with which every segment but the first begins */
    int64_t span, size; /* steps of a segment, vecs of a record */
    int64_t from, to;
    int again; /* a segment is being run once more: nothing else is stored */
} pt_lane_past;

/* What a diffuse start adds, see linear_diffuse.h. (n, n) each; all but until and the work is carried. */
typedef struct {
    vec *B;                            /* P = kappa B B' + b->P */
    vec *left, *count, *steps, *ended; /* one each: columns of B that are not zero, diffuse elements and steps
                                          so far, left at the lane's end */
    vec *work;                         /* (n, n) */
    vec *next_mean, *next_cov;         /* the smoothed moments of the step behind */
    vec *smoothed;                     /* root of what is diffuse given all of y, of that step */
    vec *moved, *noise;                /* (n, 2n), (g, g) work of the way back */
    int64_t until;                     /* steps after which some lane is still diffuse */
} pt_lane_vague;

struct pt_lane_block {
    const pt_linear_call *call;
    void *block; /* owns everything below */
    /* the model at the current step */
    vec *F, *H, *Q, *R, *G, *c, *d, *Q0; /* Q: noise of the state, G Q0 G' */
    /* the state and the step's work */
    vec *a, *P, *next, *T, *U, *L, *J;
    vec *y, *h, *D, *decorrelation, *M, *K, *g;
    vec *a_smooth, *P_smooth, *zero, *joseph; /* zero (n, n) */
    vec *zero_noise;                          /* (g, g) */
    vec *carried;                             /* what beside a and P is carried from step to step */
    int64_t n_carried;
    vec *robust, *adapting, *adapted; /* see linear_robust.h, linear_adapt.h */
    vmask *seen;
    vec *rest;                   /* n_max^2 + n_max: a lane array on its way to memory or from it */
    vec *triangle;               /* n_max (n_max + 1) / 2: a packed one */
    vec *forecast, *S, *S1, *S2; /* (m, n) + (m) and (n_max, n_max): work for outputs */
    vec *stream;                 /* W: the next elements of y, each lane's one after the other */
    double *scratch;
    int *pivot;
    int varies;     /* some array of the model has a time axis */
    int stores;     /* some output has a time axis */
    int predicts;   /* some output or pass wants what is known before an observation */
    int correlated; /* R has an off-diagonal element in some lane */
    /* the block */
    int64_t first;    /* series of lane 0 */
    int used;         /* lanes that hold a series of their own; the others repeat the last */
    int64_t n_step;   /* longest series */
    int64_t next_end; /* of the series that live, the shortest */
    int64_t length[PT_W];
    int64_t whole_until; /* up to this step all W lanes hold a living series */
    vec live_until;      /* length of each lane */
    vec code, at, part;  /* status, step and array of a lane's failure */
    pt_lane_past history;
    pt_lane_adjoint *adjoint; /* see linear_adjoint.h */
    pt_lane_vague diffuse;
    void (*forward)(pt_lane_block *b, int64_t from, int64_t to); /* the instance that runs */
};

/* An array in a block of memory that holds several */
typedef struct {
    vec **array;
    int64_t n;
} pt_lane_part;

/* Places the parts one behind the other from `block` on, or with a null block only counts: their length */
static inline int64_t pt_lane_place(const pt_lane_part *parts, size_t count, vec *block)
{
    int64_t used = 0;
    for (size_t k = 0; k < count; k++) {
        if (block) *parts[k].array = block + used;
        used += parts[k].n;
    }
    return used;
}

pt_status pt_lane_block_create(const pt_linear_call *call, pt_lane_block *b);
void pt_lane_block_free(pt_lane_block *b);

/* Filter and smoother over a block that has begun (linear_lanes.c), for states of 5 and more (linear_large.c)
 */
void pt_lane_block_run(pt_lane_block *b);
void pt_lane_block_run_large(pt_lane_block *b);

/* Series first .. first + W - 1; returns whether any of them can be run. */
int pt_lane_block_begin(pt_lane_block *b, int64_t first);
/* Status, step and blanks of each lane. */
void pt_lane_block_end(pt_lane_block *b);

/* dst (count) = block of the array at step t in each lane; absent arrays are left alone */
void pt_lane_load(const pt_lane_block *b, const pt_linear_array *array, int64_t t, int count, vec *dst);
/* Model of step t, where it differs from that of step t-1; observation arrays, or transition arrays. */
void pt_lane_load_observation(pt_lane_block *b, int64_t t);
void pt_lane_load_transition(pt_lane_block *b, int64_t t);
/* The next W elements of every lane's y, from element e on, into the stream. */
void pt_lane_refill(pt_lane_block *b, int64_t e);
/* The stream goes on with step t. */
void pt_lane_stream_from(pt_lane_block *b, int64_t t);
/* Lanes whose y has an infinite element at t */
void pt_lane_reject_y(pt_lane_block *b, vmask infinite, int64_t t);
/* row t of dst (S, n_time, count), lanes that are as long as t only; dst may be null */
void pt_lane_store(const pt_lane_block *b, double *dst, int64_t n_time, int64_t t, int count, const vec *src);
/* the same for a symmetric src (k, k), packed where the outputs are */
void pt_lane_store_cov(const pt_lane_block *b, double *dst, int64_t t, int k, const vec *src);
/* The outputs of step t before and after its observation; mean (n), cov (n, n), gained: ln p(y_t | ..) */
void pt_lane_write_predicted(pt_lane_block *b, int64_t t, const vec *mean, const vec *cov);
void pt_lane_write_filtered(pt_lane_block *b, int64_t t, const vec *mean, const vec *cov, vec gained);
/* loglike, mean (n) and cov (n, n) of the lanes that end at t, into the outputs of the last step */
void pt_lane_store_last(pt_lane_block *b, int64_t t, vec loglike, const vec *mean, const vec *cov);
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

/* y (m) of step t, without the offset d, and which elements count. Steps are asked for in turn. */
PT_LANE void pt_lane_load_y(pt_lane_block *b, int64_t t)
{
    const int m = b->call->in->m;
    const vmask alive = v_lt(v_set((double)t), b->live_until);
    vmask infinite = m_set(0);
    for (int i = 0; i < m; i++) {
        const int64_t e = t * m + i;
        if (e % PT_W == 0) pt_lane_refill(b, e);
        const vec y = b->stream[e % PT_W];
        const vmask finite = v_isfinite(y);
        infinite |= v_eq(y, y) & ~finite;
        b->seen[i] = alive & finite;
        b->y[i] = v_if(finite, y - b->d[i], v_set(0.0));
    }
    if (m_any(infinite)) pt_lane_reject_y(b, infinite, t);
}

#endif
