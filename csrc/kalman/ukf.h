/* Parts of the unscented filter that its files share. The public face is kalman.h. */
#ifndef PT_KALMAN_UKF_H
#define PT_KALMAN_UKF_H

#include "kalman/sigma.h"
#include "kalman/smooth.h"

/* One patient's rows of the input. */
typedef struct {
    const double *mean, *cov, *params, *drift;
    double start, end;
    pt_schedule schedule;
    const pt_observation *observations;
    int64_t n_obs, first_obs; /* first_obs: index in the flat outputs */
} pt_ukf_patient;

/* One call: what all patients share. */
typedef struct {
    const pt_model *model;
    const pt_ukf_input *in;
    const pt_ukf_options *options;
    pt_ukf_output *out;
    int nx, np, ny, nt, nz, max_point;
    int64_t max_step, max_obs; /* most of any patient; for the history */
    pt_need need;              /* of all patients' schedules */
    pt_sigma_rule rule;
    struct pt_ukf_work *work; /* [n_threads] */
} pt_ukf_call;

pt_ukf_patient pt_ukf_patient_at(const pt_ukf_call *call, int64_t i);

/* Steps between start and the last observation that a patient's filter takes at most. */
int64_t pt_ukf_count_steps(const pt_ukf_call *call, const pt_ukf_patient *patient);

/* Whether the walk has any variance. */
int pt_ukf_drifts(const pt_ukf_call *call, const pt_ukf_patient *patient);

/* Is what all patients share in its domain? */
pt_status pt_ukf_check_call(const pt_ukf_call *call);
/* Are a patient's numbers finite, sorted, in their domains? *at: the time that the answer belongs to. */
pt_status pt_ukf_check_patient(const pt_ukf_call *call, const pt_ukf_patient *patient, double *at);

/* Work space of one thread; the arrays lie in `block`. max: most points, 2 nz + 1. */
typedef struct pt_ukf_work {
    pt_propagator *propagator;
    double *block;
    double *lower, *upper; /* [nx] what the equations allow */
    double *m, *P;         /* [nz], [nz, nz] */
    double *L, *shift;     /* [nz, nz], [nz] */
    double *X;             /* [max, nz] points */
    double *x, *p;         /* [max, nx], [max, np] the points as lanes */
    double *base, *factor; /* [np] parameters and their running factors */
    double *rate;          /* [n_dose] running infusions */
    double *times, *y;     /* [max], [max, ny] */
    double *h, *gain;      /* [max], [nz] */
    double *solve;         /* [4, nz, nz] and [max, nz] */
    int32_t *lane_status;  /* [max] */
    int *pivot;            /* [2 nz] */
    int64_t *node;         /* [max_obs] the history's node of each observation */
    pt_history history;
    double t;
    double given; /* lagged and additional doses up to here are in m */
    int64_t next; /* first action not yet done */
    int recording;
} pt_ukf_work;
/* NO_MEMORY leaves a work space that pt_ukf_work_free takes all the same. */
pt_status pt_ukf_work_create(const pt_ukf_call *call, pt_ukf_work *w);
void pt_ukf_work_free(pt_ukf_work *w);

/* p[j] = natural value of z[j] on its scale, for n numbers `stride` apart. */
void pt_scale_natural(int scale, int n, const double *z, int64_t z_stride, double *p, int64_t p_stride);

#endif
