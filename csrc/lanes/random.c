#include "lanes/fenv_guard.h"
#include "lanes/philox.h"
#include "pytwin.h"

#define MAX_DRAW    (1LL << 32)
#define MAX_STEP    (1LL << 24)
#define MAX_PURPOSE 255

pt_status pt_philox(uint64_t seed, uint32_t purpose, int64_t patient, int64_t draw, int64_t step, int64_t n,
                    uint32_t *words)
{
    if (n < 0 || purpose > MAX_PURPOSE || draw < 0 || draw >= MAX_DRAW) return PT_BAD_ARGUMENT;
    if (step < 0 || step >= MAX_STEP || n > 4 * (MAX_STEP - step)) return PT_BAD_ARGUMENT;
    for (int64_t i = 0; i < n; i++) {
        vbits at = b_set((uint64_t)(step + i / 4));
        pt_philox_block b = v_philox_at(seed, purpose, b_set((uint64_t)patient), b_set((uint64_t)draw), at);
        words[i] = (uint32_t)b.word[i % 4][0];
    }
    return PT_OK;
}

/* Where one lane writes: the pair at row * n + 2 step, and its place in the counter. */
typedef struct {
    uint64_t patient[PT_W], draw[PT_W], step[PT_W];
    int64_t at[PT_W];
    int length[PT_W]; /* 2, 1 at the end of an odd row, 0 behind the last */
} lanes;

/* The next place of all: along a row, then the draws, then the patients. */
typedef struct {
    int64_t n_patient, n_draw, n;
    const int64_t *patient;
    int64_t s, d, step;
} cursor;

static void fill(cursor *c, lanes *l)
{
    for (int i = 0; i < PT_W; i++) {
        int over = c->s >= c->n_patient;
        l->patient[i] = over ? 0 : (uint64_t)c->patient[c->s];
        l->draw[i] = (uint64_t)c->d;
        l->step[i] = (uint64_t)c->step;
        l->at[i] = (c->s * c->n_draw + c->d) * c->n + 2 * c->step;
        l->length[i] = over ? 0 : c->n - 2 * c->step > 1 ? 2 : 1;
        if (over || 2 * ++c->step < c->n) continue;
        c->step = 0;
        if (++c->d < c->n_draw) continue;
        c->d = 0;
        c->s++;
    }
}

static vbits load(const uint64_t *p)
{
    vbits r;
    __builtin_memcpy(&r, p, sizeof r);
    return r;
}

PT_LANE void fill_rows(uint64_t seed, uint32_t purpose, cursor c, int normal, double *out)
{
    while (c.s < c.n_patient) {
        lanes l;
        vec u0, u1;
        fill(&c, &l);
        pt_philox_block b = v_philox_at(seed, purpose, load(l.patient), load(l.draw), load(l.step));
        v_uniform_pair(&b, &u0, &u1);
        if (normal) u0 = v_norminv(u0), u1 = v_norminv(u1);
        for (int i = 0; i < PT_W; i++) {
            if (l.length[i] > 0) out[l.at[i]] = u0[i];
            if (l.length[i] > 1) out[l.at[i] + 1] = u1[i];
        }
    }
}

PT_LANE pt_status fill_stream(uint64_t seed, uint32_t purpose, cursor c, int normal, double *out)
{
    if (c.n_patient < 0 || c.n_draw < 0 || c.n < 0 || purpose > MAX_PURPOSE) return PT_BAD_ARGUMENT;
    if (c.n_draw > MAX_DRAW || c.n > 2 * MAX_STEP) return PT_BAD_ARGUMENT;
    if (c.n_draw == 0 || c.n == 0) return PT_OK;
    fenv_t saved = pt_fenv_enter();
    fill_rows(seed, purpose, c, normal, out);
    pt_fenv_leave(saved);
    return PT_OK;
}

pt_status pt_uniforms(uint64_t seed, uint32_t purpose, int64_t n_patient, const int64_t *patient,
                      int64_t n_draw, int64_t n, double *u)
{
    return fill_stream(seed, purpose, (cursor){n_patient, n_draw, n, patient, 0, 0, 0}, 0, u);
}

pt_status pt_normals(uint64_t seed, uint32_t purpose, int64_t n_patient, const int64_t *patient,
                     int64_t n_draw, int64_t n, double *z)
{
    return fill_stream(seed, purpose, (cursor){n_patient, n_draw, n, patient, 0, 0, 0}, 1, z);
}
