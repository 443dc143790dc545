/* Kalman filters. Included by pytwin.h.
 *
 * Here: pt_nonlinear, the filters of a Model (kalman/nonlinear.c), and pt_linear, the filter and smoother of
 * linear models on plain arrays (kalman/linear.c). Both take a batch, give every series or patient a status
 * of its own, and return the same bits whatever the batch, its order and the number of threads.
 */
#ifndef PT_KALMAN_KALMAN_H
#define PT_KALMAN_KALMAN_H

/* ---- filters of a model ---- */

/* Estimation scale of a parameter: z = p, z = ln p, z = ln(p / (1 - p)). */
typedef enum { PT_SCALE_IDENTITY, PT_SCALE_LOG, PT_SCALE_LOGIT, PT_N_SCALE } pt_scale;

/* Error of one measurement y of an output h; a and b are standard deviations, h the predicted mean.
 *   ADDITIVE      y = h + e,         Var e = a^2
 *   PROPORTIONAL  y = h (1 + e),     Var h e = (b h)^2
 *   COMBINED      y = h + e,         Var e = a^2 + (b h)^2
 *   LOG_ADDITIVE  ln y = ln h + e,   Var e = a^2; prediction and likelihood are those of ln y
 *   POISSON       y = 0, 1, ..       Poisson with mean a h; prediction and likelihood are those of y */
typedef enum {
    PT_NOISE_ADDITIVE,
    PT_NOISE_PROPORTIONAL,
    PT_NOISE_COMBINED,
    PT_NOISE_LOG_ADDITIVE,
    PT_NOISE_POISSON,
    PT_N_NOISE
} pt_noise;

/* Part an observation took in the update. */
typedef enum {
    PT_OBS_MISSING,
    PT_OBS_USED,
    PT_OBS_GATED,
    PT_OBS_NOT_REACHED,
    PT_OBS_DOWN_WEIGHTED /* used with a larger error, see pt_nonlinear_options.robust */
} pt_obs_use;

typedef struct {
    double time;    /* hours on the model's axis */
    double value;   /* NaN: missing */
    double a, b;    /* standard deviations of the error, see pt_noise */
    int32_t output; /* of the model */
    int8_t noise;   /* pt_noise */
    int8_t censor;  /* 0 none; -1: the value lies below `value`; +1: above */
} pt_observation;

/* z = [the model's nx states; nt parameters on their estimation scale], nz = nx + nt. */
typedef struct {
    int64_t n_patient;
    int n_theta;
    const int32_t *theta;        /* [nt] which parameters are estimated */
    const int8_t *scale;         /* [nt] pt_scale */
    const double *mean;          /* [n_patient, nz] at `start`; null with `state` */
    const double *cov;           /* [n_patient, nz, nz] symmetric, positive semidefinite; null with `state` */
    const double *state;         /* [n_patient, state size] to go on from, or null; see pt_nonlinear */
    const double *params;        /* [n_patient, np] natural scale; those in theta are not read */
    const double *Q;             /* [n_patient, nz, nz] covariance per unit of time of noise added to z */
    const double *start, *end;   /* [n_patient] */
    const double *lower, *upper; /* [nz] bounds that z is given after each update (truncate.h); or null */
    const int64_t *patient;      /* [n_patient] names of the random numbers; null: 0, 1, 2, .. */
    const pt_action *actions;    /* flat, sorted within a patient */
    const int64_t *action_offsets; /* [n_patient + 1] */
    const pt_dose *doses;          /* [n_dose] rows of DOSE actions, of all patients; may be null */
    int64_t n_dose;
    const pt_observation *observations; /* flat, sorted by time within a patient */
    const int64_t *obs_offsets;         /* [n_patient + 1] */
} pt_nonlinear_input;

/* Most points of a product of abscissae. */
#define PT_MOST_POINTS 100000

/* Covariances as they are, or their square roots: for problems whose variances lie further apart than 1e14.
 */
typedef enum { PT_FORM_PLAIN, PT_FORM_ROOT, PT_N_FORM } pt_form;

/* Points of the unscented methods: m and m +- sqrt(c) L_j with c = alpha^2 (nz + kappa), P = L L', the
 * parameters' columns first. Columns that vanish (a state known exactly, or one that follows from the others)
 * give no points: their weight lies on the centre. With beta >= alpha^2 every covariance is positive
 * semidefinite by construction (see sigma.h). NaN: 1, 2 and 3 - nz, whose points are m +- sqrt(3) L_j. */
typedef struct {
    double alpha, beta, kappa;
    int n_node; /* abscissae of a Gauss-Hermite rule in each direction, 0: 3; "iplf": 0 takes the points above
                 */
    int form;   /* pt_form, of "ukf", "ckf", "ghkf" */
} pt_nonlinear_points;

typedef struct {
    int64_t n_member;
    double inflation;        /* anomalies are multiplied by it after an update */
    int rotate;              /* random rotations that keep the mean */
    double radius;           /* of the localisation, in the unit of the positions; 0: none */
    double period;           /* of the positions; 0: none */
    const double *positions; /* [nz] of the states, then [ny] of the outputs; or null */
} pt_nonlinear_ensemble;

typedef struct {
    int64_t n_particle;
    double resample; /* where the effective share of particles falls below it */
    double jitter;   /* width of the kernel that spreads parameters after it, 0: none; kalman/particle.h */
    int64_t n_draw;  /* trajectories of the smoother, 0: as many as particles */
    int64_t lag;     /* 0: it goes back by simulation; else by ancestors, so many instants */
} pt_nonlinear_particle;

typedef struct {
    int64_t max_iter;
    double damping;
    double tolerance;
} pt_nonlinear_iteration;

typedef struct {
    const char *method; /* pt_nonlinear_name */
    pt_nonlinear_points points;
    pt_nonlinear_ensemble ensemble;
    pt_nonlinear_particle particle;
    pt_nonlinear_iteration iteration;
    uint64_t seed;
    double gate;       /* in predicted standard deviations; an innovation beyond is not used; 0: off */
    double robust;     /* in the same; the error of one beyond grows until it is just so far off; 0: off */
    double student;    /* degrees of freedom of errors with heavy tails, see kalman/observe.h; 0: Gaussian */
    int past;          /* values of each delayed state that z carries, see kalman/past.c; 0: 32 */
    double noise_step; /* where Q is not zero, a step of the filter is at most so long */
    int smooth;
    pt_ode_options ode;
} pt_nonlinear_options;

/* Pointers marked * may be null. NaN from a patient's failure on. N = number of observations. */
typedef struct {
    double *mean, *cov;    /* [n_patient, nz], [n_patient, nz, nz] at `end` */
    double *loglike;       /* [n_patient] with that of the state that it went on from */
    int32_t *status;       /* [n_patient] pt_status */
    double *failed_at;     /* [n_patient] time, NaN on success */
    int64_t *rejected;     /* [n_patient] points or members whose equations failed, and that were replaced */
    double *state;         /* * [n_patient, state size] after the last observation */
    double *predicted;     /* [N] mean of the measurement on the noise scale */
    double *predicted_var; /* [N] its variance, the error's included */
    double *latent_var;    /* [N] its variance without the error */
    int8_t *use;           /* [N] pt_obs_use */
    double *effective;     /* * [N] number of equal particles that would be as good; of particles only */
    double *filtered_mean; /* * [N, nz] after the observation */
    double *filtered_cov;  /* * [N, nz, nz] */
    double *smoothed_mean; /* * [N, nz] given all observations; with options.smooth */
    double *smoothed_cov;  /* * [N, nz, nz] */
} pt_nonlinear_output;

/* p(z_end | y) and ln p(y) by options.method. Order at one instant: covariate, observation, reset, dose;
 * `end` stands after the covariates and observations of its instant and before its doses. Observations of one
 * instant that follow each other are one group. Returns an error only when the whole call fails; a patient's
 * failure is its status. BAD_ARGUMENT: no such method, or an option out of its domain; UNSUPPORTED: the
 * method or the model does not offer this (a smoother, say).
 *
 * output->state is all that a run remembers; with it as input->state, the same schedule (actions may have
 * been added behind its time) and later observations, a call goes on with the same bits as one run over all
 * observations. `start` and `params` are then those of the first call. */
pt_status pt_nonlinear(const pt_model *model, const pt_nonlinear_input *input,
                       const pt_nonlinear_options *options, pt_nonlinear_output *output,
                       const pt_control *control);

/* Doubles of a row of the state; the errors are those of the call. */
pt_status pt_nonlinear_state_size(const pt_model *model, const pt_nonlinear_input *input,
                                  const pt_nonlinear_options *options, int64_t *size);

/* The kth method, k = 0, 1, ..; null beyond the last. */
const char *pt_nonlinear_name(int k);

/* ---- linear filter and smoother on plain arrays ----
 *
 *   y_t     = H_t x_t + d_t + v_t,          v_t ~ N(0, R_t)       t = 0 .. T-1
 *   x_{t+1} = F_t x_t + c_t + G_t w_t,      w_t ~ N(0, Q_t)
 *   x_0 ~ N(x0, P0) before y_0 is used */

/* One array of the model: element block of series s at time t starts at data + s*by_series + t*by_time;
 * a stride of 0 shares it. */
typedef struct {
    const double *data; /* null: absent (c, d are zero, G is the identity) */
    int64_t by_series, by_time;
} pt_linear_array;

/* Which array a failure lies in. */
typedef enum {
    PT_LINEAR_NONE,
    PT_LINEAR_Y,
    PT_LINEAR_F,
    PT_LINEAR_H,
    PT_LINEAR_Q,
    PT_LINEAR_R,
    PT_LINEAR_G,
    PT_LINEAR_C,
    PT_LINEAR_D,
    PT_LINEAR_X0,
    PT_LINEAR_P0,
    PT_LINEAR_DIFFUSE,
    PT_N_LINEAR
} pt_linear_part;

/* Updates for data with outliers or noise of unknown size, see kalman/linear_robust.h; 0: off. */
typedef struct {
    double gate;             /* in predicted standard deviations: an element beyond is not used */
    double student;          /* degrees of freedom of errors with heavy tails */
    double adapt_R, adapt_Q; /* memory, 0 .. 1, of the factors of R and Q */
} pt_linear_robust;

typedef struct {
    int64_t n_series, n_time;
    int n, m, g;            /* states, observed elements, state noises (g = n without G) */
    const double *y;        /* [n_series, n_time, m], NaN = missing */
    const int64_t *lengths; /* * [n_series] steps of each series */
    pt_linear_array F, H, Q, R, G, c, d, x0, P0;
    pt_linear_array diffuse; /* Pinf: the start is N(x0, kappa Pinf + P0), kappa -> infinity */
    pt_linear_robust robust;
} pt_linear_input;

/* Derivatives of loglike with respect to the model's arrays, each [S, block] and summed over the steps, or
 * [S, T, block] for an array with a time axis. Of a symmetric array A it is the symmetric D with
 * dl = sum_ij D_ij dA_ij. */
typedef struct {
    double *F, *H, *Q, *R, *G, *c, *d, *x0, *P0;
} pt_linear_gradient;

/* All may be null except status, failed_at, failed_in and, with a diffuse start, diffuse_*. Covariances that
 * grow with kappa are infinite. Rows beyond a series' length and all rows of a
 * series that failed are NaN. */
typedef struct {
    double *loglike;                        /* [S] */
    double *loglike_t;                      /* [S, T] */
    double *mean, *cov;                     /* [S, T, n], [S, T, n, n] given y_0 .. y_t */
    double *predicted_mean, *predicted_cov; /* the same given y_0 .. y_{t-1} */
    double *last_mean, *last_cov;           /* [S, n], [S, n, n] filtered at the last step */
    double *innovation,
        *innovation_cov; /* [S, T, m], [S, T, m, m] y_t less its prediction, NaN where it is missing */
    double *smoothed_mean, *smoothed_cov; /* [S, T, n], [S, T, n, n] given all of y */
    double *lag_one_cov; /* [S, T, n, n] Cov(x_{t+1}, x_t) given all of y; NaN at the last step */
    double *state_disturbance, *state_disturbance_cov; /* [S, T, g], [S, T, g, g] of w_t given all of y */
    double *obs_disturbance, *obs_disturbance_cov;     /* [S, T, m], [S, T, m, m] of v_t given all of y */
    double *weight;      /* [S, T, m] share of 1/R with which an element was used; NaN where it is missing */
    double *noise_scale; /* [S, T, 2] factors of R and Q */
    pt_linear_gradient gradient;
    int packed; /* covariances but lag_one_cov are lower triangles row by row, [.., k (k + 1) / 2] for [.., k,
                   k] */
    int32_t *status;        /* [S] pt_status; a series with one on entry is skipped */
    int64_t *failed_at;     /* [S] step, -1 on success */
    int32_t *failed_in;     /* [S] pt_linear_part */
    int64_t *diffuse_count; /* [S] elements of y that diffuse directions took: they count -1/2 ln 2 pi f */
    int64_t *diffuse_steps; /* [S] steps that begin with a diffuse state */
    int64_t *diffuse_left;  /* [S] dimensions of the state that are diffuse to the end */
} pt_linear_output;

/* States from which on BLAS is used. Measured: see linear.c. */
int pt_linear_crossover(void);

/* The path that a call takes: below pt_linear_crossover() states 1, else 2, if `path` is 0; outputs that BLAS
 * does not have take 1 too. */
int pt_linear_path(const pt_linear_input *input, const pt_linear_output *output, int path);

/* path: 0 chooses by n (below pt_linear_crossover() lanes), 1 lanes, 2 BLAS, 3 lanes by the loop of those
 * calls that ask for more than the plain filter (tests), 4 square roots in lanes. */
pt_status pt_linear(const pt_linear_input *input, pt_linear_output *output, int path,
                    const pt_control *control);

#endif
