/* The sigma-point filters with patients as lanes.
 *
 * Where a model is integrated by fixed steps, a wide of patients goes through its steps and observations
 * together: each sigma point of all of them is one wide, and what a filter does between points and moments is
 * small algebra over vecs. Every operation is that of gauss.c, sigma.c and observe.c in their order, so that
 * a patient has the same bits here and there, and which of the two takes it is a question of time alone. What
 * is not plain here (a variance known exactly, a point that had to be clamped or failed, a count or a limit
 * as an observation, an action of the schedule) makes the patient start again there.
 *
 *   grid.c         patients to lanes and back
 *   grid_store.c   from the lanes to the outputs
 *   grid_run.c     a step of the filter and an observation of a wide of patients
 *   grid_small.c   the algebra (grid_kernels.h), an instance for each small number of states
 *   grid_any.c     the same for any number, and for products of points
 *
 * Element i of vec j of an array lies at i * PT_WIDE + j.
 */
#ifndef PT_KALMAN_GRID_H
#define PT_KALMAN_GRID_H

#include "kalman/nonlinear.h"
#include "kalman/sigma.h"
#include "lanes/wide.h"
#include "ode/flow.h"

/* A lane is empty, runs, is done, or left its patient to be run alone. */
typedef enum { PT_GRID_EMPTY, PT_GRID_RUNS, PT_GRID_DONE, PT_GRID_LEFT } pt_grid_seat;

/* A patient in its lane. */
typedef struct {
    pt_nonlinear_patient patient;
    int64_t index; /* in the input; -1: none */
    pt_grid_seat seat;
    double t, given, target; /* target: the next instant at which it is observed, or its end */
    double longest, to;      /* step of the filter at most, and where the next one leads */
    int64_t count;
    int64_t k, group; /* the next observation, and the first of the next instant */
    int kept;         /* the state after the last observation is written */
} pt_grid_lane;

typedef struct pt_grid pt_grid;

/* The algebra for n states; n_vec of the vecs of each element hold patients. */
typedef struct {
    /* L with P = L L', then the points X from m; lanes in which a pivot vanishes are not in `good` */
    void (*draw)(pt_grid *g, vmask *good);
    /* m and P of the points, and span Q added, in the lanes that are wanted */
    void (*gather)(pt_grid *g, const vec *span, const vmask *wanted);
    /* the moments of h, the gain, m and P of one observation; what is said of it in g->said */
    void (*update)(pt_grid *g);
} pt_grid_algebra;

/* An instance for n states whose pivots begin with variable `first`, or the one for any. */
const pt_grid_algebra *pt_grid_algebra_for(int n, int first, const pt_sigma_rule *rule);
extern const pt_grid_algebra pt_grid_algebra_any;

/* An observation of each patient, and what comes of it. */
typedef struct {
    vec value[PT_WIDE], add_var[PT_WIDE], share[PT_WIDE]; /* error: a^2 and b */
    vmask wanted[PT_WIDE], log[PT_WIDE], seen[PT_WIDE], gated[PT_WIDE];
    vec mean[PT_WIDE], latent_var[PT_WIDE], var[PT_WIDE];
    vmask good[PT_WIDE];
    int32_t output[PT_WIDE_LANES];
} pt_grid_said;

struct pt_grid {
    const pt_nonlinear_call *call;
    const pt_grid_algebra *algebra;
    pt_flow *flow;
    pt_sigma_rule rule;
    int n, first, n_vec;
    int n_point, n_weighed; /* points; and those behind the centre, or all of a product */
    double known;
    double *numbers; /* owns weight and course */
    double *weight;  /* [n_point] */
    double *course;  /* [PT_WIDE_LANES, course size] as it began */
    int *map;        /* [n, n] where P keeps an element; [n] where m does */
    vec *m, *P, *Q;  /* (n), (n, n): lower triangles of P and Q */
    vec *L, *X;      /* (n, n), (n_point, n) */
    vec *p, *y;      /* (np) natural, times factor (np); (ny) */
    vec *factor;
    vec *h;     /* (n_point) */
    vec *D, *E; /* [n, n_point] of one vec: differences of the points */
    vec t[PT_WIDE], loglike[PT_WIDE];
    vmask alive[PT_WIDE];
    vec length[PT_WIDE];   /* of the step that a lane does next, or 0 */
    int n_step, n_observe; /* lanes whose next is a step, an observation */
    pt_grid_said said;
    pt_grid_lane lane[PT_WIDE_LANES];
    void *block; /* owns the arrays */
};

/* Patients at once. */
enum { PT_GRID_LANES = PT_WIDE_LANES };

/* *grid is null (and the answer OK) where the call asks for what is not done here. */
pt_status pt_grid_create(const pt_nonlinear_call *call, pt_grid **grid);
void pt_grid_free(pt_grid *grid);

/* Patients first .. first + n - 1, n <= PT_GRID_LANES; `left` gets those that have to be run one by one and
 * the answer is their number. */
int pt_grid_run(pt_grid *grid, pt_nonlinear_work *w, int64_t first, int n, int64_t *left);

/* One step of the filter in the lanes with length > 0; one observation in those that said.wanted names. Lanes
 * in which it was not plain leave g->alive. */
void pt_grid_step(pt_grid *g, const pt_nonlinear_work *w);
void pt_grid_observe(pt_grid *g, const pt_nonlinear_work *w);

/* Rows of the observations that were just made in the lanes `made`. */
void pt_grid_write_rows(const pt_grid *g, const int64_t *made);
/* The state of lane s after its last observation; and its results at the end. */
void pt_grid_keep_state(const pt_grid *g, int s);
void pt_grid_conclude(const pt_grid *g, int s);

#endif
