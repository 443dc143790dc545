/* See outer.h. */
#include "kalman/outer.h"

#include <string.h>

#include "lanes/vmath.h"

enum { N_LINE = PT_W == 8 ? 8 : 4 }; /* rows that are summed at once: enough sums to hide the latency */

pt_outer pt_outer_begin(int n, double *work, double *P)
{
    const int64_t ld = pt_row_length(n);
    memset(P, 0, (size_t)n * n * sizeof *P);
    return (pt_outer){.n = n, .ld = ld, .D = work, .A = work + PT_OUTER_ROWS * ld, .P = P};
}

/* A from D. All rows at once: a vector loaded right behind single numbers stored into it waits. */
static void weigh(pt_outer *o)
{
    for (int l = 0; l < o->used; l++)
        for (int64_t j = o->n; j < o->ld; j++) o->D[l * o->ld + j] = 0.0;
    for (int l = 0; l < o->used; l++) {
        const vec weight = v_set(o->weight[l]);
        const double *D = o->D + l * o->ld;
        double *A = o->A + l * o->ld;
        for (int64_t j = 0; j < o->ld; j += PT_W) v_store(A + j, weight * v_load(D + j));
    }
}

/* n_line rows of the sum and PT_ROW columns, C (n_line, PT_ROW), with k rows more */
PT_LANE void tile(const int n_line, int k, const double *A, const double *D, int64_t ld, double *C)
{
    enum { PER_ROW = PT_ROW / PT_W };
    vec sum[N_LINE][PER_ROW];
    for (int r = 0; r < n_line; r++)
        for (int v = 0; v < PER_ROW; v++) sum[r][v] = v_load(C + r * PT_ROW + v * PT_W);
    for (int l = 0; l < k; l++)
        for (int r = 0; r < n_line; r++) {
            const vec a = v_set(A[l * ld + r]);
            for (int v = 0; v < PER_ROW; v++) sum[r][v] += a * v_load(D + l * ld + v * PT_W);
        }
    for (int r = 0; r < n_line; r++)
        for (int v = 0; v < PER_ROW; v++) v_store(C + r * PT_ROW + v * PT_W, sum[r][v]);
}

/* The rows so far into the lower triangle, PT_ROW columns at a time. */
static void flush(pt_outer *o)
{
    const int n = o->n;
    double block[PT_ROW * pt_row_length(n)];
    weigh(o);
    for (int c = 0; c < n; c += PT_ROW) {
        const int rows = n - c, width = rows < PT_ROW ? rows : PT_ROW;
        memset(block, 0, (size_t)rows * PT_ROW * sizeof *block);
        for (int r = 0; r < rows; r++)
            memcpy(block + r * PT_ROW, o->P + (size_t)(c + r) * n + c, (size_t)width * sizeof *block);
        int r = 0;
        for (; r + N_LINE <= rows; r += N_LINE)
            tile(N_LINE, o->used, o->A + c + r, o->D + c, o->ld, block + r * PT_ROW);
        for (; r < rows; r++) tile(1, o->used, o->A + c + r, o->D + c, o->ld, block + r * PT_ROW);
        for (r = 0; r < rows; r++)
            memcpy(o->P + (size_t)(c + r) * n + c, block + r * PT_ROW, (size_t)width * sizeof *block);
    }
    o->used = 0;
}

void pt_outer_push(pt_outer *o, double weight)
{
    o->weight[o->used++] = weight;
    if (o->used == PT_OUTER_ROWS) flush(o);
}

void pt_outer_end(pt_outer *o)
{
    const int n = o->n;
    if (o->used) flush(o);
    for (int r = 0; r < n; r++)
        for (int c = 0; c < r; c++) o->P[(size_t)c * n + r] = o->P[(size_t)r * n + c];
}
