/* The update of an ensemble by the observations of one instant, all at once.
 *
 * Where they are fewer than the members, everything of size N x N is written by the lemma of Woodbury on
 * matrices of their number: with M = I + S'S (m, m) and M^1/2 its root, (I + S S')^-1 S = S M^-1,   (I + S
 * S')^-1/2 = I - S (M + M^1/2)^-1 S'. Here S stands with the members along its rows: S (m, row) is the S' of
 * the formulas.
 */
#include <string.h>

#include "kalman/ensemble.h"
#include "lanes/vmath.h"

void pt_ensemble_spread(pt_ensemble *e)
{
    const double share = 1.0 / (double)e->N;
    pt_rows_outer(e->nz, 1, e->row, e->E, e->row, e->one, e->row, e->mean, 1);
    for (int64_t i = 0; i < e->nz; i++) {
        e->mean[i] *= share;
        const vec mean = v_set(e->mean[i]);
        for (int64_t c = 0; c < e->row; c += PT_W)
            v_store(e->A + i * e->row + c, (v_load(e->E + i * e->row + c) - mean) * v_load(e->one + c));
    }
}

/* D (m, row) = v + [perturbations, centred] - share sqrt(N - 1) S */
static void missed(pt_ensemble *e, double share)
{
    const vec root = v_set(-share * __builtin_sqrt((double)(e->N - 1)));
    const int perturbed = e->variant == PT_ENSEMBLE_PERTURBED;
    for (int64_t k = 0; k < e->group; k++) {
        double *D = e->D + k * e->row, centre = 0;
        const double *S = e->S + k * e->row;
        if (perturbed) pt_rows_outer(1, 1, e->row, D, e->row, e->one, e->row, &centre, 1);
        const vec shift = v_set(e->v[k] - centre / (double)e->N);
        for (int64_t c = 0; c < e->row; c += PT_W) {
            const vec noise = perturbed ? v_load(D + c) : v_set(0);
            v_store(D + c, v_fma(root, v_load(S + c), noise + shift));
        }
    }
}

static void scale(double *a, int64_t n, double factor)
{
    for (int64_t i = 0; i < n; i += PT_W) v_store(a + i, v_load(a + i) * v_set(factor));
}

static double dot(int64_t n, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* ---- more observations than members: matrices (N, row) ---- */

/* b (N) = S v */
static void weigh(const pt_ensemble *e, double *b)
{
    memset(b, 0, (size_t)e->row * sizeof *b);
    pt_rows_multiply(1, e->row, e->group, e->v, e->group, 1, e->S, e->row, 0, b, e->row);
}

/* E += A X */
static void move_by_members(pt_ensemble *e)
{
    pt_rows_multiply(e->nz, e->row, e->N, e->A, e->row, 1, e->X, e->row, 1, e->E, e->row);
}

/* X = [R - I] + w 1', w (N) times root; R = (I + S S')^-1/2 stands in X */
static void add_shift(pt_ensemble *e, const double *w, double root)
{
    for (int64_t i = 0; i < e->N; i++) {
        const vec shift = v_set(root * w[i]);
        for (int64_t c = 0; c < e->row; c += PT_W)
            v_store(e->X + i * e->row + c, v_fma(shift, v_load(e->one + c), v_load(e->X + i * e->row + c)));
    }
    for (int64_t i = 0; i < e->N; i++) e->X[i * e->row + i] -= 1;
}

static pt_status root_by_members(pt_ensemble *e, double *log_det, double *square)
{
    const int64_t N = e->N, row = e->row;
    double b[row], half[row], w[row];
    pt_status status = pt_rows_inverse_root(N, e->M, row, e->X, log_det, e->work);
    if (status != PT_OK) return status;
    weigh(e, b);
    pt_rows_multiply(1, row, N, b, row, 1, e->X, row, 0, half, row);
    pt_rows_multiply(1, row, N, half, row, 1, e->X, row, 0, w, row);
    *square = dot(e->group, e->v, e->v) - dot(N, half, half);
    add_shift(e, w, 1 / __builtin_sqrt((double)(N - 1)));
    move_by_members(e);
    return PT_OK;
}

/* Half the gain: S (v - sqrt(N - 1)/2 S') needs no product beyond I + S S' itself, M^-1 S S' = I - M^-1 */
static void halve(pt_ensemble *e, const double *inverse, const double *w, double root)
{
    for (int64_t i = 0; i < e->N; i++)
        for (int64_t c = 0; c < e->row; c += PT_W)
            v_store(e->X + i * e->row + c,
                    v_set(0.5) * v_load(inverse + i * e->row + c) * v_load(e->one + c));
    add_shift(e, w, root);
    for (int64_t i = 0; i < e->N; i++) e->X[i * e->row + i] += 0.5;
}

static pt_status by_members(pt_ensemble *e, double *log_det, double *square)
{
    const int64_t N = e->N, row = e->row, m = e->group;
    double *M = e->M, *inverse = e->M + N * row, b[row], w[row];
    const double root = 1 / __builtin_sqrt((double)(N - 1));
    pt_rows_square(N, m, e->S, M, row);
    for (int64_t i = 0; i < N; i++) M[i * row + i] += 1;
    if (e->variant == PT_ENSEMBLE_ROOT) return root_by_members(e, log_det, square);
    memcpy(inverse, M, (size_t)(N * row) * sizeof *M);
    pt_status status = pt_rows_invert(N, inverse, row, log_det);
    if (status != PT_OK) return status;
    weigh(e, b);
    pt_rows_multiply(1, row, N, b, row, 1, inverse, row, 0, w, row);
    *square = dot(m, e->v, e->v) - dot(N, b, w);
    if (e->variant == PT_ENSEMBLE_LOCAL) return PT_OK;
    if (e->variant == PT_ENSEMBLE_HALF_GAIN)
        halve(e, inverse, w, root);
    else {
        missed(e, 1.0);
        pt_rows_multiply(N, row, m, e->S, 1, row, e->D, row, 0, M, row);
        pt_rows_multiply(N, row, N, inverse, row, 1, M, row, 0, e->X, row);
        scale(e->X, N * row, root);
    }
    move_by_members(e);
    return PT_OK;
}

/* ---- fewer: matrices (m, m) ---- */

/* C (m, length) = -(M + M^1/2)^-1 from M; M becomes undefined */
static pt_status shrink(pt_ensemble *e, int64_t m, int64_t length, double *M, double *C)
{
    double *kept = e->work, *R = kept + m * length;
    memcpy(kept, M, (size_t)(m * length) * sizeof *M);
    pt_status status = pt_rows_inverse_root(m, M, length, R, NULL, R + m * length);
    memcpy(C, kept, (size_t)(m * length) * sizeof *M);
    pt_rows_multiply(m, length, m, kept, length, 1, R, length, 1, C, length);
    if (status == PT_OK) status = pt_rows_invert(m, C, length, NULL);
    scale(C, m * length, -1);
    return status;
}

static pt_status by_observations(pt_ensemble *e, double *log_det, double *square)
{
    const int64_t row = e->row, m = e->group, length = pt_row_length(m);
    double *M = e->M, *inverse = M + m * length, *B = e->X, w[length], v[length];
    const double root = 1 / __builtin_sqrt((double)(e->N - 1));
    memset(M, 0, (size_t)(m * length) * sizeof *M);
    pt_rows_outer(m, m, row, e->S, row, e->S, row, M, length);
    for (int64_t i = 0; i < m; i++) M[i * length + i] += 1;
    memcpy(inverse, M, (size_t)(m * length) * sizeof *M);
    pt_status status = pt_rows_invert(m, inverse, length, log_det);
    if (status != PT_OK) return status;
    memset(v, 0, sizeof v);
    memcpy(v, e->v, (size_t)m * sizeof *v);
    pt_rows_multiply(1, length, m, v, length, 1, inverse, length, 0, w, length);
    *square = dot(m, v, w);
    if (e->variant == PT_ENSEMBLE_LOCAL) return PT_OK;
    if (e->variant != PT_ENSEMBLE_ROOT) {
        missed(e, e->variant == PT_ENSEMBLE_PERTURBED ? 1.0 : 0.5);
        pt_rows_multiply(m, row, m, inverse, length, 1, e->D, row, 0, B, row);
        scale(B, m * row, root);
    } else {
        status = shrink(e, m, length, M, inverse);
        pt_rows_multiply(m, row, m, inverse, length, 1, e->S, row, 0, B, row);
        for (int64_t k = 0; k < m; k++)
            for (int64_t c = 0; c < row; c += PT_W)
                v_store(B + k * row + c, v_load(B + k * row + c) + v_set(root * w[k]));
    }
    pt_rows_outer(e->nz, m, row, e->A, row, e->S, row, e->G, m);
    pt_rows_multiply(e->nz, row, m, e->G, m, 1, B, row, 1, e->E, row);
    return status;
}

pt_status pt_ensemble_update(pt_ensemble *e, double *log_det, double *square)
{
    const pt_status status =
        e->group < e->N ? by_observations(e, log_det, square) : by_members(e, log_det, square);
    return status == PT_OK && e->variant == PT_ENSEMBLE_LOCAL ? pt_ensemble_local(e) : status;
}
