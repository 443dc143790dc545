#include "linalg/small.h"

PT_LANE void expm(int n, const vec *A, vec *E)
{
    vec r[PT_SMALL_MAX], w[PT_SMALL_MAX];
    for (int i = 0; i < n; i++) r[i] = v_set(0.0);
    v_expm1_input(n, A, r, v_set(1.0), E, w);
    for (int i = 0; i < n; i++) E[i * n + i] = E[i * n + i] + v_set(1.0);
}

/* The usual sizes are compiled with a constant n. */
void pt_expm(int n, const vec *A, vec *E)
{
    switch (n) {
    case 1:
        expm(1, A, E);
        break;
    case 2:
        expm(2, A, E);
        break;
    case 3:
        expm(3, A, E);
        break;
    default:
        expm(n, A, E);
    }
}
