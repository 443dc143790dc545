/* The way back of the square-root smoother: see linear_root.h. */
#include <string.h>

#include "kalman/linear_kernels.h"
#include "kalman/linear_root.h"
#include "kalman/linear_root_kernels.h"

/* A factor below this share of its row, times the row's length, is rounding. */
#define ROUNDING 0x1p-51

/* Row j of the predicted factor X depends on the rows above it in some lanes (a state that follows from the
 * others): its column leaves X there for a new one at the end, `width`, and leaves zeros behind. Returns the
 * new width. */
static int set_aside(int rows, int j, int width, int ld, vec *A)
{
    const vec *row = A + (size_t)j * ld;
    vec square = v_set(0.0);
    for (int k = 0; k <= j; k++) square = v_fma(row[k], row[k], square);
    const vec limit = v_set(ROUNDING * ROUNDING * ld * ld) * square;
    const vmask dependent = v_le(row[j] * row[j], limit) | v_lt(row[j] * row[j], v_set(PT_MIN_NORMAL));
    if (!m_any(dependent)) return width;
    for (int i = j; i < rows; i++) {
        vec *r = A + (size_t)i * ld;
        r[width] = v_if(dependent, i == j ? v_set(0.0) : r[j], v_set(0.0));
        r[j] = v_if(dependent, v_set(0.0), r[j]);
    }
    return width + 1;
}

/* A (2n, width of 2n + g) = [F L  noise; L  0] made [X 0; Y Z]; returns the width in use */
static int split(pt_root_work *w, const vec *L)
{
    const int n = w->b.call->in->n, g = w->b.call->in->g, ld = 2 * n + g;
    int width = n + g;
    memset(w->A, 0, (size_t)2 * n * ld * sizeof(vec));
    r_multiply(n, n, n, w->b.F, L, ld, w->A);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < g; j++) w->A[(size_t)i * ld + n + j] = w->noise[(size_t)i * g + j];
        for (int j = 0; j < n; j++) w->A[(size_t)(n + i) * ld + j] = L[(size_t)i * n + j];
    }
    for (int j = 0; j < n; j++) {
        for (int k = j + 1; k < width; k++) r_rotate(2 * n, ld, j, j, k, w->A);
        width = set_aside(2 * n, j, width, ld, w->A);
    }
    return width;
}

/* J (n, n) = Y X^-1; a column of X that was set aside gives none */
static void gain(pt_root_work *w)
{
    const int n = w->b.call->in->n, ld = 2 * n + w->b.call->in->g;
    for (int k = 0; k < n; k++) {
        const vec pivot = w->A[(size_t)k * ld + k];
        const vmask some = v_ne(pivot, v_set(0.0));
        w->inv[k] = v_if(some, v_set(1.0) / v_if(some, pivot, v_set(1.0)), v_set(0.0));
    }
    for (int i = 0; i < n; i++)
        for (int k = n - 1; k >= 0; k--) {
            vec v = w->A[(size_t)(n + i) * ld + k];
            for (int q = k + 1; q < n; q++) v = v_fma(-w->J[(size_t)i * n + q], w->A[(size_t)q * ld + k], v);
            w->J[(size_t)i * n + k] = v * w->inv[k];
        }
}

/* next_a, next_L from the smoothed moments of t+1 to those of t, given the filtered ones (a, L) of t */
static void smooth_step(pt_root_work *w, const vec *a, const vec *L)
{
    const int n = w->b.call->in->n, ld = 2 * n + w->b.call->in->g;
    const int width = split(w, L);
    gain(w);
    k_move(n, w->b.F, a, w->b.c, w->inv);
    for (int i = 0; i < n; i++) w->inv[i] = w->next_a[i] - w->inv[i];
    k_move(n, w->J, w->inv, a, w->next_a);
    /* [Z  J next_L], over the first rows of A */
    for (int i = 0; i < n; i++)
        for (int j = n; j < width; j++) w->A[(size_t)i * ld + j - n] = w->A[(size_t)(n + i) * ld + j];
    r_multiply(n, n, n, w->J, w->next_L, ld, w->A + (width - n));
    r_triangularise(n, n, width, ld, w->A);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) w->next_L[(size_t)i * n + j] = w->A[(size_t)i * ld + j];
}

/* Lanes that end at t or earlier take the filtered moments. */
static void backward_step(pt_root_work *w, int64_t t, const vec *a, const vec *L)
{
    const int n = w->b.call->in->n;
    const vmask inside = v_lt(v_set((double)t), w->b.live_until - v_set(1.0));
    if (m_any(inside)) {
        pt_root_load_transition(w, t);
        smooth_step(w, a, L);
    }
    for (int i = 0; i < n; i++) w->next_a[i] = v_if(inside, w->next_a[i], a[i]);
    for (int k = 0; k < n * n; k++) w->next_L[k] = v_if(inside, w->next_L[k], L[k]);
}

static void store(pt_root_work *w, int64_t t)
{
    pt_linear_output *out = w->b.call->out;
    const int n = w->b.call->in->n;
    pt_lane_store(&w->b, out->smoothed_mean, w->b.call->in->n_time, t, n, w->next_a);
    pt_root_store_cov(w, out->smoothed_cov, t, w->next_L);
    const vmask bad = k_not_finite(n, 1, w->next_a) | k_not_finite(n * n, 1, w->next_L);
    pt_lane_fail(&w->b, bad, PT_NOT_FINITE, PT_LINEAR_NONE, t);
}

void pt_root_backward(pt_root_work *w)
{
    for (int64_t t = w->b.n_step - 1; t >= 0; t--) {
        const pt_lane_step now = pt_lane_history(&w->b, t);
        backward_step(w, t, now.mean, now.cov);
        store(w, t);
    }
}
