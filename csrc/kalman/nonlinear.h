/* Parts of the nonlinear filters that their files share. The public face is kalman.h.
 *
 * The driver (nonlinear.c) owns a patient's time: the schedule, the order of actions at an instant, steps of
 * process noise, statuses and the check of input. A method is a table of functions in a file of its own and
 * one line in nonlinear_methods.c. */
#ifndef PT_KALMAN_NONLINEAR_H
#define PT_KALMAN_NONLINEAR_H

#include "pytwin.h"

/* One patient's rows of the input. */
typedef struct {
    int64_t number;                        /* names the patient's random numbers */
    const double *mean, *cov, *params, *Q; /* mean, cov: null where there is a state */
    int n;                                 /* elements of z in mean, cov, Q: nv of the caller's, else nz */
    const double *state;                   /* to go on from, or null */
    double start, end;
    pt_schedule schedule;
    const pt_observation *observations;
    int64_t n_obs, first_obs; /* first_obs: index in the flat outputs */
} pt_nonlinear_patient;

typedef struct pt_nonlinear_method pt_nonlinear_method;
typedef struct pt_nonlinear_work pt_nonlinear_work;
typedef struct pt_grid pt_grid; /* kalman/grid.h */

/* One call: what all patients share. */
typedef struct {
    const pt_model *model;
    const pt_nonlinear_input *in;
    const pt_nonlinear_options *options;
    pt_nonlinear_output *out;
    const pt_nonlinear_method *method;
    int variant; /* of the method: which name in nonlinear_methods.c chose it */
    int nx, np, ny, nt, n_dose;
    int nv;               /* elements of z that the caller sees: nx + nt */
    int nz;               /* all of them: nv and, behind them, what a model with delays remembers (past.c) */
    int n_past, n_memory; /* values for each delay, and of all delays */
    int64_t max_lane;     /* points, members or particles at once */
    int64_t max_step, max_obs; /* most of any patient; steps to the last observation, where smoothing asks */
    pt_need need;              /* of all patients' schedules */
    pt_nonlinear_work *work;   /* [n_threads] */
    pt_grid **grid;            /* [n_threads]; null where patients are run one by one */
} pt_nonlinear_call;

/* A method remembers what it wants of the past in `work->own`. Functions return a patient's status. */
struct pt_nonlinear_method {
    /* Are its options in their domain? BAD_ARGUMENT, UNSUPPORTED. */
    pt_status (*check)(const pt_nonlinear_call *call);
    /* Lanes that it propagates at once. */
    int64_t (*lanes)(const pt_nonlinear_call *call);
    /* Doubles of all that it carries from one observation to the next. */
    int64_t (*state_size)(const pt_nonlinear_call *call);
    /* work->own of one thread. NO_MEMORY leaves one that `free` takes all the same. */
    pt_status (*create)(const pt_nonlinear_call *call, pt_nonlinear_work *work);
    void (*free)(pt_nonlinear_work *work);
    /* From the patient's mean and cov; or from `state` (null: from mean and cov). */
    pt_status (*begin)(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                       pt_nonlinear_work *work, const double *state);
    void (*save)(const pt_nonlinear_call *call, const pt_nonlinear_work *work, double *state);
    /* To t1 by pt_nonlinear_propagate, and Q (t1 - t) added. A failure leaves the course where it was. */
    pt_status (*step)(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                      pt_nonlinear_work *work, double t1);
    /* The n observations of one instant, rows row .. row + n - 1 of the outputs: fills predicted,
     * predicted_var, latent_var and use, calls pt_nonlinear_trace for each, adds to *loglike. */
    pt_status (*observe)(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                         pt_nonlinear_work *work, const pt_observation *obs, int64_t n, int64_t row,
                         double *loglike);
    /* m (nz), P (nz, nz) of z now */
    void (*moments)(const pt_nonlinear_call *call, pt_nonlinear_work *work, double *m, double *P);
    /* After the last observation: fills the patient's rows of smoothed_mean and smoothed_cov. Null: not
     * offered. Where work->recording is set, `step` and `observe` keep what it needs. */
    pt_status (*smooth)(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                        pt_nonlinear_work *work);
};

/* The method of that name and its variant, or null. */
const pt_nonlinear_method *pt_nonlinear_find(const char *name, int *variant);

/* ---- a patient's time ---- */

/* Where a patient stands: all that the schedule has done so far. */
typedef struct {
    double t;
    double given;  /* lagged and additional doses up to here are in the states */
    int64_t next;  /* first action not yet done */
    int64_t count; /* steps and groups of observations so far; names random numbers */
    double loglike;
    double step;             /* with which the integrator goes on; 0: it guesses */
    double *params, *factor; /* [np] natural parameters and their running factors */
    double *rate;            /* [n_dose] running infusions */
} pt_course;

/* Doubles of a course, and there and back. */
int64_t pt_course_size(const pt_nonlinear_call *call);
void pt_course_save(const pt_nonlinear_call *call, const pt_course *course, double *to);
/* The time, loglike and such in a course that is kept at `to`. */
void pt_course_set_clock(double *to, double t, double given, int64_t count, double loglike);
void pt_course_load(const pt_nonlinear_call *call, const double *from, pt_course *course);

/* ---- work space of one thread ---- */

struct pt_nonlinear_work {
    pt_propagator *propagator;
    double *block; /* the arrays below lie in it */
    pt_course course;
    double *mark;          /* [course size] for methods that try a step again */
    double *lower, *upper; /* [nx] what the equations allow */
    double *x, *p;         /* [max_lane, nx], [max_lane, np] lanes */
    double *past;          /* [max_lane, n_memory] of the lanes */
    double *wide;          /* [nz + 2 nz^2] mean, cov and Q of a patient with its past */
    double *times, *y;     /* [max_lane], [max_lane, ny] */
    double *column;        /* [max_lane] one parameter of all lanes */
    double *m, *P;         /* [nz], [nz, nz] for moments */
    double *root;          /* [nz, nz] */
    int *pivot;            /* [nz] */
    int32_t *lane_status;  /* [max_lane] of the last pt_nonlinear_propagate */
    int64_t rejected;      /* of this patient, see pt_nonlinear_output */
    int recording;
    void *own; /* the method's */
};
/* NO_MEMORY leaves a work space that pt_nonlinear_work_free takes all the same. */
pt_status pt_nonlinear_work_create(const pt_nonlinear_call *call, pt_nonlinear_work *w);
void pt_nonlinear_work_free(const pt_nonlinear_call *call, pt_nonlinear_work *w);

/* Z (n_lane, nz) from course.t to t1: equations and schedule; theta stays. The course moves on too. Statuses
 * of the lanes in w->lane_status, the answer is that of the whole call. */
pt_status pt_nonlinear_propagate(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                                 pt_nonlinear_work *w, int64_t n_lane, double *Z, double t1);
/* The first of the lanes' statuses that is not OK. */
pt_status pt_nonlinear_lane_status(const pt_nonlinear_work *w, int64_t n_lane);
/* Outputs of the model at Z (n_lane, nz) now, w->y (n_lane, ny). */
void pt_nonlinear_outputs(const pt_nonlinear_call *call, pt_nonlinear_work *w, int64_t n_lane,
                          const double *Z);

/* Leading nv of m (nz) and P (nz, nz) to where the caller wants them; null: not wanted. */
void pt_nonlinear_show(const pt_nonlinear_call *call, const double *m, const double *P, double *mean,
                       double *cov);
/* Moments after an observation into the outputs that ask for them. */
void pt_nonlinear_trace(const pt_nonlinear_call *call, int64_t row, const double *m, const double *P);

/* A patient's first mean and covariance, and where its course begins. */
pt_status pt_nonlinear_begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                             pt_nonlinear_work *w);

/* ---- what a model with delays remembers: past.c ---- */

/* nz, n_past and n_memory; UNSUPPORTED, BAD_ARGUMENT. */
pt_status pt_past_measure(pt_nonlinear_call *call);
/* The input and options as methods see them: bounds and positions of all nz elements, in a block that is the
 * caller's to free. */
pt_status pt_past_widen_input(pt_nonlinear_call *call, pt_nonlinear_input *in, pt_nonlinear_options *options,
                              double **block);
/* The patient's mean, cov and Q for all nz elements, in w->wide: its past is its states at the start. */
void pt_past_widen_patient(const pt_nonlinear_call *call, pt_nonlinear_work *w,
                           pt_nonlinear_patient *patient);

/* ---- check ---- */

pt_nonlinear_patient pt_nonlinear_patient_at(const pt_nonlinear_call *call, int64_t i);
/* Doubles of a patient's row of the state. */
int64_t pt_nonlinear_row_size(const pt_nonlinear_call *call);
/* Where a patient's run begins: its start, or the time of its state. */
double pt_nonlinear_begins(const pt_nonlinear_patient *patient);
/* Steps between there and the last observation that a patient's filter takes at most. */
int64_t pt_nonlinear_count_steps(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient);
/* Has z any process noise? */
int pt_nonlinear_has_noise(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient);
/* Is what all patients share in its domain? */
pt_status pt_nonlinear_check_call(const pt_nonlinear_call *call);
/* Are a patient's numbers finite, sorted, in their domains? *at: the time that the answer belongs to. */
pt_status pt_nonlinear_check_patient(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                                     pt_nonlinear_work *w, double *at);

/* p[j] = natural value of z[j] on its scale, for n numbers `stride` apart. */
void pt_scale_natural(int scale, int64_t n, const double *z, int64_t z_stride, double *p, int64_t p_stride);

#endif
