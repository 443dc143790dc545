/* The lane type: every operation against its scalar meaning, in every lane. */
#include "check.h"
#include "lanes/vmath.h"

static const double values[] = {
    0.0,    -0.0,  1.0,    -1.0,     0.5,       1.5, 2.5,    -2.5,    3.7,    -3.7,
    1e-310, 1e300, -1e300, INFINITY, -INFINITY, NAN, 0x1p52, -0x1p52, 0x1p53, 4503599627370495.5};
enum { N = sizeof values / sizeof values[0] };

static vec spread(int from)
{
    vec a = v_set(0.0);
    for (int i = 0; i < PT_W; i++) a[i] = values[(from + 7 * i) % N];
    return a;
}

static void test_comparisons(vec a, vec b)
{
    for (int i = 0; i < PT_W; i++) {
        CHECK((v_lt(a, b)[i] != 0) == (a[i] < b[i]));
        CHECK((v_le(a, b)[i] != 0) == (a[i] <= b[i]));
        CHECK((v_gt(a, b)[i] != 0) == (a[i] > b[i]));
        CHECK((v_ge(a, b)[i] != 0) == (a[i] >= b[i]));
        CHECK((v_eq(a, b)[i] != 0) == (a[i] == b[i]));
        CHECK((v_ne(a, b)[i] != 0) == (a[i] != b[i]));
        CHECK((v_isnan(a)[i] != 0) == !!isnan(a[i]));
        CHECK((v_isfinite(a)[i] != 0) == !!isfinite(a[i]));
        CHECK_BITS(v_max(a, b)[i], a[i] > b[i] ? a[i] : b[i]);
        CHECK_BITS(v_min(a, b)[i], a[i] < b[i] ? a[i] : b[i]);
        CHECK_BITS(v_if(v_lt(a, b), a, b)[i], a[i] < b[i] ? a[i] : b[i]);
        CHECK_BITS(v_copysign(a, b)[i], copysign(a[i], b[i]));
    }
}

static void test_rounding(vec a)
{
    for (int i = 0; i < PT_W; i++) {
        CHECK_BITS(v_abs(a)[i], fabs(a[i]));
        CHECK_BITS(v_floor(a)[i], floor(a[i]));
        CHECK_BITS(v_ceil(a)[i], ceil(a[i]));
        CHECK_BITS(v_round(a)[i], nearbyint(a[i]));
        CHECK_BITS(v_sqrt(v_abs(a))[i], sqrt(fabs(a[i])));
    }
}

static void test_masks(void)
{
    for (int i = 0; i < PT_W; i++) {
        vmask m = m_set(0);
        CHECK(!m_any(m) && !m_all(m));
        m[i] = -1;
        CHECK(m_any(m) && m_all(m) == (PT_W == 1));
        CHECK(m_all(~m_set(0)) && m_any(~m));
    }
}

static void test_integers(void)
{
    const double whole[] = {0, 1, -1, 1e9, -1e9, 0x1p50, -0x1p50};
    for (int k = 0; k < 7; k++) {
        CHECK(v_to_int(v_set(whole[k]))[PT_W - 1] == (int64_t)whole[k]);
        CHECK_BITS(v_from_int(m_set((int64_t)whole[k]))[0], whole[k]);
    }
    CHECK(v_to_int(v_set(2.5))[0] == 2 && v_to_int(v_set(-3.5))[0] == -4);
}

static void test_exact_arithmetic(void)
{
    vec e, third = v_set(1.0) / v_set(3.0);
    vec p = v_two_prod(third, third, &e);
    /* (1/3)^2 in 106 bits: compare with long division of the exact product by hand-split halves */
    CHECK(p[0] == (1.0 / 3) * (1.0 / 3));
    CHECK_BITS(e[0], fma(1.0 / 3, 1.0 / 3, -p[0]));
    vec s = v_two_sum(v_set(0x1p-60), v_set(1.0), &e);
    CHECK(s[0] == 1.0 && e[0] == 0x1p-60);
#if PT_HAS_FMA
    CHECK_BITS(v_fma(third, v_set(3.0), v_set(-1.0))[0], fma(1.0 / 3, 3.0, -1.0));
#endif
}

int main(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) test_comparisons(spread(i), spread(j));
        test_rounding(spread(i));
    }
    test_masks();
    test_integers();
    test_exact_arithmetic();
    return check_report();
}
