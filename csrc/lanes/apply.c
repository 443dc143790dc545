#include <string.h>

#include "lanes/fenv_guard.h"
#include "lanes/vmath.h"
#include "pytwin.h"

#define PT_FUNCTIONS1(X)                                                                                     \
    X(abs)                                                                                                   \
    X(ceil)                                                                                                  \
    X(cos)                                                                                                   \
    X(erf)                                                                                                   \
    X(erfc)                                                                                                  \
    X(exp)                                                                                                   \
    X(expm1)                                                                                                 \
    X(floor)                                                                                                 \
    X(log)                                                                                                   \
    X(log1p)                                                                                                 \
    X(normcdf)                                                                                               \
    X(norminv)                                                                                               \
    X(round)                                                                                                 \
    X(sin)                                                                                                   \
    X(sqrt)                                                                                                  \
    X(tanh)
#define PT_FUNCTIONS2(X)                                                                                     \
    X(ldexp)                                                                                                 \
    X(max)                                                                                                   \
    X(min)                                                                                                   \
    X(pow)

/* One loop a function, with the function inlined; the last vec is padded with ones. */
#define PT_LOOP1(name)                                                                                       \
    static void apply_##name(int64_t n, const double *a, const double *b, double *y)                         \
    {                                                                                                        \
        (void)b;                                                                                             \
        for (int64_t i = 0; i + PT_W <= n; i += PT_W) v_store(y + i, v_##name(v_load(a + i)));               \
        double last[PT_W];                                                                                   \
        int64_t start = n - n % PT_W;                                                                        \
        for (int i = 0; i < PT_W; i++) last[i] = start + i < n ? a[start + i] : 1.0;                         \
        v_store(last, v_##name(v_load(last)));                                                               \
        for (int64_t i = start; i < n; i++) y[i] = last[i - start];                                          \
    }
#define PT_LOOP2(name)                                                                                       \
    static void apply_##name(int64_t n, const double *a, const double *b, double *y)                         \
    {                                                                                                        \
        for (int64_t i = 0; i + PT_W <= n; i += PT_W)                                                        \
            v_store(y + i, v_##name(v_load(a + i), v_load(b + i)));                                          \
        double last_a[PT_W], last_b[PT_W];                                                                   \
        int64_t start = n - n % PT_W;                                                                        \
        for (int i = 0; i < PT_W; i++) {                                                                     \
            last_a[i] = start + i < n ? a[start + i] : 1.0;                                                  \
            last_b[i] = start + i < n ? b[start + i] : 1.0;                                                  \
        }                                                                                                    \
        v_store(last_a, v_##name(v_load(last_a), v_load(last_b)));                                           \
        for (int64_t i = start; i < n; i++) y[i] = last_a[i - start];                                        \
    }
PT_FUNCTIONS1(PT_LOOP1)
PT_FUNCTIONS2(PT_LOOP2)

static const struct {
    const char *name;
    int n_argument;
    void (*apply)(int64_t n, const double *a, const double *b, double *y);
} functions[] = {
#define PT_ROW1(name) {#name, 1, apply_##name},
#define PT_ROW2(name) {#name, 2, apply_##name},
    PT_FUNCTIONS1(PT_ROW1) PT_FUNCTIONS2(PT_ROW2)};

pt_status pt_lanes_apply(const char *name, int64_t n, const double *a, const double *b, double *y)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp(functions[i].name, name)) continue;
        if (n < 0 || (functions[i].n_argument == 2) != (b != NULL)) return PT_BAD_ARGUMENT;
        fenv_t saved = pt_fenv_enter();
        functions[i].apply(n, a, b, y);
        pt_fenv_leave(saved);
        return PT_OK;
    }
    return PT_UNKNOWN_NAME;
}
