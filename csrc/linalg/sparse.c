/* The lists of operations of pt_sparse, run over a wide of lanes.
 *
 * eliminate: for pivot s its number of entries of L; for each its value l, the pivot k that it belongs to, a
 * count, and as many pairs (target, source): target -= l * source.
 */
#include "linalg/sparse.h"

/* The vecs of one element of a wide, in registers. */
typedef struct {
    vec a, b, c, d;
} four;

PT_LANE four load(const vec *v, int i)
{
    const vec *p = v + (size_t)i * PT_WIDE;
    return (four){p[0], p[1], p[2], p[3]};
}

PT_LANE void store(vec *v, int i, four x)
{
    vec *p = v + (size_t)i * PT_WIDE;
    p[0] = x.a, p[1] = x.b, p[2] = x.c, p[3] = x.d;
}

PT_LANE four times(four x, four y) { return (four){x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d}; }

/* z - x y */
PT_LANE four less(four z, four x, four y)
{
    return (four){v_fma(-x.a, y.a, z.a), v_fma(-x.b, y.b, z.b), v_fma(-x.c, y.c, z.c), v_fma(-x.d, y.d, z.d)};
}

PT_LANE four inverse_of(four x)
{
    const vec one = v_set(1);
    return (four){one / x.a, one / x.b, one / x.c, one / x.d};
}

void pt_sparse_factor(const pt_sparse *sparse, vec *value, vec *inverse)
{
    const int16_t *op = sparse->eliminate;
    for (int s = 0; s < sparse->n; s++) {
        for (int left = *op++; left > 0; left--) {
            const int at = op[0], count = op[2];
            const four l = times(load(value, at), load(inverse, op[1]));
            store(value, at, l);
            op += 3;
            for (int i = 0; i < count; i++, op += 2)
                store(value, op[0], less(load(value, op[0]), l, load(value, op[1])));
        }
        store(inverse, s, inverse_of(load(value, sparse->pivot[s])));
    }
}

void pt_sparse_solve(const pt_sparse *sparse, const vec *value, const vec *inverse, vec *b, vec *work)
{
    const int16_t *op = sparse->forward;
    for (int s = 0; s < sparse->n; s++) {
        four sum = load(b, sparse->row[s]);
        for (int left = *op++; left > 0; left--, op += 2)
            sum = less(sum, load(value, op[0]), load(work, op[1]));
        store(work, s, sum);
    }
    op = sparse->back;
    for (int s = sparse->n - 1; s >= 0; s--) {
        four sum = load(work, s);
        for (int left = *op++; left > 0; left--, op += 2)
            sum = less(sum, load(value, op[0]), load(work, op[1]));
        sum = times(sum, load(inverse, s));
        store(work, s, sum);
        store(b, sparse->column[s], sum);
    }
}
