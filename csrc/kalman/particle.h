/* The bootstrap particle filter of a model (Gordon, Salmond & Smith 1993, IEE Proc F 140:107; Kitagawa 1996,
 * J Comput Graph Stat 5:1).
 *
 * Particles z_i with weights w_i begin as a sample of N(mean, cov), clamped to what the equations allow, move
 * by the model, its diffusion (a method of pt_ode_options with noise) and N(0, Q dt), and are weighed by p(y
 * | h(z_i)) (density.h). The likelihood of an observation is estimated by sum w_i p(y | h(z_i)), whose
 * product over observations has the true likelihood as its mean (Del Moral 2004, prop. 7.4.1). Where after
 * the observations of an instant the effective number 1 / sum w_i^2 (Kong, Liu & Wong 1994, JASA 89:278) lies
 * below options.particle.resample times the particles, they are drawn again by systematic resampling
 * (Kitagawa 1996; Chopin & Papaspiliopoulos 2020, sec. 9.6): particle i is the jth with w_0 + .. + w_j the
 * first beyond (i + u) / N.
 *
 * options.particle.jitter h > 0 then spreads the parameters by a kernel that keeps their mean and covariance
 * V (Liu & West 2001, in Doucet et al., Sequential Monte Carlo Methods in Practice, sec. 10.3): theta_i =
 * mean + sqrt(1 - h^2) (theta_i - mean) + N(0, h^2 V) without it static parameters only ever lose values;
 * with it the likelihood is an approximation.
 *
 * A particle whose equations fail has weight 0 from there on, is counted as rejected, and takes the place of
 * another until the next resampling. Gate and robust look at the weighted forecast; bounds set weights
 * outside to 0 after the likelihood was taken. Random numbers depend on (seed, patient, particle, step)
 * alone: key = words 0 and 1 of the block (seed, RESAMPLING, patient, 0, 0), counter = (pair | kind << 24,
 * particle, count), kind 0 start, 1 noise, 2 resampling, 3 jitter, 4 the way back (particle: trajectory,
 * count: node).
 *
 * The smoother (particle_smooth.c) with options.particle.lag = 0 goes back by simulation (Godsill SJ, Doucet
 * A, West M, J Am Stat Assoc 2004;99:156-168): n_draw trajectories z_k, k falling, are drawn with
 * probabilities
 *
 *   W_i  ~  w_i N(z_{k+1}; f(z_i), Q dt)      over the particles of node k
 *
 * and a node's moments are those of its particles with the mean of W over trajectories. That takes noise in
 * every direction of z, no other of the model, and no jitter: else a status. With lag > 0 (Kitagawa 1996)
 * they are those of the ancestors that the particles of the lag-th next instant with observations have at the
 * node, whatever the noise; the longer the lag, the fewer different ones are left. */
#ifndef PT_KALMAN_PARTICLE_H
#define PT_KALMAN_PARTICLE_H

#include "kalman/nonlinear.h"

extern const pt_nonlinear_method pt_particle;

/* A cloud of n weighted points, rows of z (n, nz). Sums run in one order whatever the width of a vec. */
typedef struct {
    int64_t n;
    int nz;
    double *z, *w;
} pt_cloud;

/* A run up to its last observation; node k is where step k begins, after the observations there. */
typedef struct {
    int64_t count;     /* steps */
    int64_t row;       /* particles, padded to whole vecs */
    double *z, *w;     /* [max_step + 1, n, nz], [.., n] */
    double *ahead;     /* [max_step, n, nz] where the equations bring them, without noise; NaN: nowhere */
    double *span;      /* [max_step] */
    double *near;      /* [nz, row] ahead of one step, whitened */
    double *log_w, *p; /* [row] */
    double *edges;     /* [row] running sums of p */
    double *share;     /* [row] smoothed weights */
    double *path;      /* [n_draw, nz] */
    double *uniform;   /* [n_draw] */
    double *m, *P;     /* [nz], [nz, nz] after the last instant, before it was resampled */
    int64_t *from;     /* [max_step + 1, n] ancestor at the node before */
    int64_t *node;     /* [max_obs] of each observation */
    int64_t *at;       /* [n_draw or n] particle that a trajectory has reached */
} pt_particle_history;

/* What a thread has of them, work->own. */
typedef struct {
    pt_cloud cloud;
    uint64_t key[2];
    double *block;            /* the arrays below lie in it */
    double *old, *noise;      /* [n, nz] work space; random numbers */
    double *h, *density;      /* [n] an output on the noise scale; its density */
    double *m, *P, *L, *root; /* [nz], [nz, nz] each; root: of Q */
    int *pivot, *root_pivot;  /* [nz] */
    int64_t *from;            /* [n] ancestors */
    int root_rank;
    pt_particle_history history;
} pt_particles;

enum { PT_PARTICLE_START, PT_PARTICLE_NOISE, PT_PARTICLE_RESAMPLE, PT_PARTICLE_JITTER, PT_PARTICLE_BACK };

/* Weighs by one observation of work->y (n, ny) and fills its row of the outputs. NOT_FINITE where no particle
 * could have made it. */
pt_status pt_particle_observe(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                              int64_t row, double *loglike);

double pt_cloud_mass(const pt_cloud *c);
/* (sum w)^2 / sum w^2 */
double pt_cloud_effective(const pt_cloud *c);
/* Weighted mean (k) and covariance of the k elements from `from` on */
void pt_cloud_moments(const pt_cloud *c, int from, int k, double *m, double *P);
/* w_i *= p_i, then divided by their sum; returns the logarithm of sum w_i p_i, -inf where all vanish (w is
 * left). log_p (n) is overwritten. */
double pt_cloud_weigh(const pt_cloud *c, double *log_p);
/* Systematic resampling with one uniform u; the mass is kept. from (n), old (n, nz): work space */
void pt_cloud_resample(const pt_cloud *c, double u, int64_t *from, double *old);

/* Key of a patient's numbers, and number `count` of a kind for n particles: out (n, dim), uniform or normal.
 */
void pt_cloud_key(uint64_t seed, int64_t patient, uint64_t key[2]);
void pt_cloud_numbers(const uint64_t key[2], int kind, int64_t count, int64_t n, int dim, int normal,
                      double *out);

/* ---- the smoother (particle_smooth.c) ---- */

/* UNSUPPORTED: what backward simulation can't have. */
pt_status pt_particle_check_smoother(const pt_nonlinear_call *call);
int64_t pt_particle_history_place(const pt_nonlinear_call *call, pt_particles *c, double *block,
                                  int64_t used);
pt_status pt_particle_history_create(const pt_nonlinear_call *call, pt_particles *c);
void pt_particle_history_free(pt_particles *c);
pt_status pt_particle_history_begin(const pt_nonlinear_call *call, pt_particles *c);
/* The node where a step begins; and, before its noise, where it leads. */
void pt_particle_record_node(pt_particles *c);
void pt_particle_record_step(const pt_nonlinear_call *call, pt_particles *c, double span);
/* The observations row .. row + n - 1 of the patient belong to the node now. */
void pt_particle_record_rows(pt_particles *c, int64_t row, int64_t n);
/* After drawing again: c->from. */
void pt_particle_record_ancestors(pt_particles *c);
/* pt_nonlinear_method.smooth */
pt_status pt_particle_smooth(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                             pt_nonlinear_work *w);

#endif
