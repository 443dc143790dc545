#include "ode/paths.h"

#include "lanes/philox.h"
#include "ode/room.h"

static size_t lay_out(pt_paths *P, const pt_block *b, char *base)
{
    size_t used = 0;
    vec **of_noise[] = {&P->w, &P->a, &P->w1, &P->a1, &P->dw, &P->dz};
    vec **of_states[] = {&P->f[0], &P->f[1], &P->g[0], &P->g[1], &P->g[2], &P->g[3], &P->x};
    for (int i = 0; i < 6; i++) *of_noise[i] = pt_cut_wides(base, &used, P->n);
    for (int i = 0; i < 7; i++) *of_states[i] = pt_cut_wides(base, &used, b->n_state);
    return used;
}

pt_status pt_paths_create(pt_block *b, uint64_t seed)
{
    pt_paths P = {.seed = seed, .n = pt_model_n_stepped(b->model)};
    const size_t head = (sizeof P + 63) / 64 * 64;
    char *memory = pt_alloc(head + lay_out(&P, b, NULL));
    if (!memory) return PT_NO_MEMORY;
    lay_out(&P, b, memory + head);
    b->paths = (pt_paths *)memory;
    *b->paths = P;
    return PT_OK;
}

void pt_paths_free(pt_paths *paths) { pt_free(paths); }

void pt_paths_begin(pt_block *b, int s, int64_t patient, int64_t draw, int64_t step)
{
    pt_paths *P = b->paths;
    const pt_philox_block key = v_philox_at(P->seed, PT_PURPOSE_PROCESS, b_set((uint64_t)patient),
                                            b_set((uint64_t)draw), b_set((uint64_t)step));
    for (int i = 0; i < 2; i++) ((uint64_t *)P->key[i])[s] = key.word[i][0];
    *pt_at(P->begin, 0, s) = b->slot[s].now;
    *pt_at(P->passed, 0, s) = *pt_at(P->share, 0, s) = 0;
    for (int i = 0; i < P->n; i++) *pt_at(P->w, i, s) = *pt_at(P->a, i, s) = 0;
}

/* The two normals of a node of a cell's tree, in lane order. */
typedef struct {
    vec first, second;
} pair;

/* A node under descent: its length, where it begins in the cell, its number within its depth, W and H; and
 * W and int W ds up to its beginning. */
typedef struct {
    vec begin, w, h, w_before, a_before;
    vbits number;
} node;

PT_LANE pair normals_of(const pt_paths *P, int j, int state, int depth, vbits cell, vbits number)
{
    pair r;
    const pt_philox_block c = {
        {number, cell & b_set(0xffffffff), b_set((uint64_t)(state | depth << 8)), cell >> 32}};
    const pt_philox_block u = v_philox_keyed(c, P->key[0][j], P->key[1][j]);
    v_uniform_pair(&u, &r.first, &r.second);
    r.first = v_norminv(r.first);
    r.second = v_norminv(r.second);
    return r;
}

/* One level down, towards `share`, in lanes that are not there yet. */
static void descend(const pt_paths *P, int j, int state, int depth, vbits cell, vec share, double length,
                    node *at)
{
    const pair z = normals_of(P, j, state, depth, cell, at->number);
    const vec half = v_set(0.5), quarter_h = v_set(0.25) * at->h;
    const vec Z = v_set(__builtin_sqrt(length / 16)) * z.first;
    const vec N = v_set(__builtin_sqrt(length / 12)) * z.second;
    const vec w1 = v_fma(v_set(1.5), at->h, v_fma(half, at->w, Z));
    const vec h1 = quarter_h - half * Z + half * N, h2 = quarter_h - half * Z - half * N;
    const vec middle = at->begin + v_set(__builtin_ldexp(1, -depth));
    const vmask right = v_ge(share, middle), moves = v_gt(share, at->begin);
    const vec a_left = v_set(0.5 * length) * (at->w_before + v_fma(half, w1, h1));
    at->a_before = v_if(moves & right, at->a_before + a_left, at->a_before);
    at->w_before = v_if(moves & right, at->w_before + w1, at->w_before);
    at->w = v_if(right, at->w - w1, w1);
    at->h = v_if(right, h2, h1);
    at->begin = v_if(moves & right, middle, at->begin);
    at->number = at->number + at->number + ((vbits)right & b_set(1));
}

/* W and int W ds of one state's path from the beginning of the cell to `share` of it. */
static void path_at(pt_block *b, int j, int state, vbits cell, vec share, int area)
{
    pt_paths *P = b->paths;
    const double length = b->options.step;
    const int at = state * PT_WIDE + j;
    const vmask whole = v_eq(share, v_set(1));
    const pair z = normals_of(P, j, state, 0, cell, b_set(0));
    const vec w = v_set(__builtin_sqrt(length)) * z.first;
    const vec h = v_set(__builtin_sqrt(length / 12)) * z.second;
    node n = {.begin = v_set(0), .w = w, .h = h, .w_before = v_set(0), .a_before = v_set(0)};
    double part = length;
    n.number = b_set(0);
    for (int depth = 1; m_any(~whole & b->live[j] & v_gt(share, n.begin)); depth++, part *= 0.5)
        descend(P, j, state, depth, cell, share, part, &n);
    P->w1[at] = v_if(whole, w, n.w_before);
    if (area) P->a1[at] = v_if(whole, v_set(length) * v_fma(v_set(0.5), w, h), n.a_before);
}

/* Number of the cell: the steps that lie behind, without the last options.refine digits. The magic number
 * puts the integer into the low bits. */
static vbits cell_of(const pt_block *b, int j)
{
    const double per_cell = __builtin_ldexp(1, -b->options.refine);
    const vec whole = v_floor(b->paths->passed[j] * v_set(per_cell));
    return (vbits)(whole + v_set(0x1p52)) & b_set(((uint64_t)1 << 52) - 1);
}

void pt_paths_at(pt_block *b, const vec *share, int area)
{
    pt_paths *P = b->paths;
    for (int j = 0; j < PT_WIDE; j++) {
        const vbits cell = cell_of(b, j);
        const vec length = (share[j] - P->share[j]) * v_set(b->options.step);
        for (int i = 0; i < P->n; i++) {
            const int at = i * PT_WIDE + j;
            path_at(b, j, i, cell, share[j], area);
            P->dw[at] = P->w1[at] - P->w[at];
            if (area) P->dz[at] = P->a1[at] - P->a[at] - length * P->w[at];
        }
    }
}
