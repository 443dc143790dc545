/* Where the triggers of the lanes that have just tried a step cross first within it. */
#ifndef PT_ODE_CROSSING_H
#define PT_ODE_CROSSING_H

#include "ode/trigger.h"

enum { PT_EXTREMA = 8, PT_POINTS = 2 + PT_TRIGGER_SAMPLES + PT_EXTREMA + PT_MAX_TRIGGER };

/* What is known of one lane: g of its triggers at shares of the step, ascending from 0 to 1. */
typedef struct {
    int n;
    double theta[PT_POINTS], g[PT_POINTS][PT_MAX_TRIGGER];
    double side[PT_MAX_TRIGGER];  /* at the last point before the crossing, or at the end */
    double slope[PT_MAX_TRIGGER]; /* of g at the end, a unit of time */
    uint32_t found; /* triggers that cross between points `at` - 1 and `at`, the first that do */
    int at;
    int first;   /* of these the one that crosses first */
    double root; /* share of that crossing; infinity: none */
    int n_extremum;
    double extremum[PT_EXTREMA]; /* shares at which g may turn round behind a threshold */
} pt_search_lane;

struct pt_search {
    int n, list[PT_N_SLOT]; /* lanes at work */
    pt_search_lane lane[PT_N_SLOT];
};

/* g at the samples of the step and at the extrema between them, then found, at and side. */
void pt_search_sample(pt_block *b, pt_search *w);
/* first and root of the lanes that have found one. */
void pt_search_locate(pt_block *b, pt_search *w);
/* g of all triggers of the lanes at work at shares theta of the step (1: at its end): y (n_output) */
vec *pt_search_outputs(pt_block *b, const vec *theta);

static inline double pt_search_end(const pt_search_lane *lane, int k) { return lane->g[lane->n - 1][k]; }

#endif
