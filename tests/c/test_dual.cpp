/* Dual numbers: derivatives against closed forms and central differences; index sets. */
#define PT_DUAL
#include "lanes/dual.hpp"

#include "check.h"

namespace pt_dual
{
#include "dual_equations.c"

static double central(int k, double x)
{
    double h = 1e-5 * (x < 1 ? 1 : x);
    return (equations[k](v_set(x + h)).v[0] - equations[k](v_set(x - h)).v[0]) / (2 * h);
}

static void test_equations()
{
    const double points[] = {0.1, 0.3, 0.62, 0.9};
    for (int k = 0; k < n_equations; k++)
        for (double x : points) {
            dual y = equations[k]({::v_set(x), ::v_set(1.0)});
            CHECK_NEAR(y.d[PT_W - 1], central(k, x), 2e-8 * (1 + fabs(y.d[0])));
        }
}

/* a constant stays one where the slope is infinite; kinks and steps */
static void test_edges()
{
    dual zero = v_set(0.0), x = {::v_set(0.0), ::v_set(1.0)};
    CHECK(v_sqrt(zero).d[0] == 0.0 && v_log(zero).d[0] == 0.0 && v_pow(zero, v_set(0.5)).d[0] == 0.0);
    CHECK(isinf(v_sqrt(x).d[0]));
    CHECK(v_pow(x, v_set(2.0)).d[0] == 0.0 && v_pow(x, v_set(1.0)).d[0] == 1.0);
    dual minus = {::v_set(-2.0), ::v_set(1.0)};
    CHECK(v_abs(minus).d[0] == -1.0 && v_abs(-minus).d[0] == -1.0);
    CHECK(v_floor(minus).d[0] == 0.0 && v_max(minus, v_set(-3.0)).d[0] == 1.0);
    CHECK(v_pow(minus, v_set(3.0)).d[0] == 12.0);
    dual a = v_set(1.0);
    a += 2.0;
    a *= minus;
    CHECK(a.v[0] == -6.0 && a.d[0] == 3.0 && (2.0 / minus).d[0] == -0.5 && (1.0 - minus).d[0] == -1.0);
}
} // namespace pt_dual

namespace pt_pattern
{
#include "dual_equations.c"

static void test_patterns()
{
    vec x = v_index(3), y = v_index(100), c = v_set(1.0);
    vec s = v_if(v_lt(x, c), v_exp(x) * 2.0, y / c);
    CHECK(s.has(3) && s.has(100) && !s.has(4) && !c.has(3));
    for (int k = 0; k < n_equations; k++) CHECK(equations[k](x).has(3) && !equations[k](x).has(2));
    /* by a comparison alone: no derivative, yet a dependence */
    vec gate = v_if(v_gt(x, c), c, v_set(0.0)) + y;
    CHECK(!gate.has(3) && gate.all.has(3) && gate.has(100) && gate.all.has(100) && !gate.all.has(4));
    CHECK(v_set(0.0).is_zero() && !c.is_zero() && !x.is_zero() && !gate.is_zero());
}
} // namespace pt_pattern

int main()
{
    pt_dual::test_equations();
    pt_dual::test_edges();
    pt_pattern::test_patterns();
    return check_report();
}
