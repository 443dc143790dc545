/* Elementary functions: special values of C17 Annex F, known values, and independence of the neighbours.
 * The accuracy is tested from Python against mpmath (tests/lanes). */
#include <fenv.h>

#include "check.h"
#include "pytwin.h"

#include "lanes/vmath.h"

static double at(const char *name, double x)
{
    double y = 0.0;
    CHECK(pt_lanes_apply(name, 1, &x, NULL, &y) == PT_OK);
    return y;
}

static double power(double x, double y)
{
    double r = 0.0;
    CHECK(pt_lanes_apply("pow", 1, &x, &y, &r) == PT_OK);
    return r;
}

static void test_special(void)
{
    static const struct {
        const char *name;
        double x, y;
    } cases[] = {
        {"exp", 0.0, 1.0},
        {"exp", -INFINITY, 0.0},
        {"exp", INFINITY, INFINITY},
        {"exp", NAN, NAN},
        {"exp", 710.0, INFINITY},
        {"exp", -746.0, 0.0},
        {"exp", -1e300, 0.0},
        {"exp", 1e300, INFINITY},
        {"exp", -745.0, 0x1p-1074},
        {"expm1", -0.0, -0.0},
        {"expm1", -INFINITY, -1.0},
        {"expm1", 0x1p-1074, 0x1p-1074},
        {"expm1", 1e5, INFINITY},
        {"expm1", NAN, NAN},
        {"log", 0.0, -INFINITY},
        {"log", -0.0, -INFINITY},
        {"log", 1.0, 0.0},
        {"log", INFINITY, INFINITY},
        {"log", -1.0, NAN},
        {"log", NAN, NAN},
        {"log", -INFINITY, NAN},
        {"log1p", -1.0, -INFINITY},
        {"log1p", -0.0, -0.0},
        {"log1p", -2.0, NAN},
        {"log1p", INFINITY, INFINITY},
        {"log1p", NAN, NAN},
        {"log1p", 0x1p-1074, 0x1p-1074},
        {"sin", -0.0, -0.0},
        {"sin", INFINITY, NAN},
        {"sin", NAN, NAN},
        {"cos", 0.0, 1.0},
        {"cos", -INFINITY, NAN},
        {"tanh", -0.0, -0.0},
        {"tanh", 50.0, 1.0},
        {"tanh", -INFINITY, -1.0},
        {"tanh", NAN, NAN},
        {"erf", -0.0, -0.0},
        {"erf", 10.0, 1.0},
        {"erf", -INFINITY, -1.0},
        {"erf", NAN, NAN},
        {"erfc", 0.0, 1.0},
        {"erfc", INFINITY, 0.0},
        {"erfc", -INFINITY, 2.0},
        {"erfc", NAN, NAN},
        {"normcdf", 0.0, 0.5},
        {"normcdf", -INFINITY, 0.0},
        {"normcdf", INFINITY, 1.0},
        {"normcdf", NAN, NAN},
        {"norminv", 0.5, 0.0},
        {"norminv", 0.0, -INFINITY},
        {"norminv", 1.0, INFINITY},
        {"norminv", -0.1, NAN},
        {"norminv", 1.1, NAN},
        {"norminv", NAN, NAN},
        {"sqrt", -1.0, NAN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double y = at(cases[i].name, cases[i].x);
        if (!check_that((isnan(y) && isnan(cases[i].y)) ||
                            (y == cases[i].y && signbit(y) == signbit(cases[i].y)),
                        __FILE__, __LINE__, cases[i].name))
            printf("    %s(%g) = %g\n", cases[i].name, cases[i].x, y);
    }
}

static void test_pow_special(void)
{
    const double inf = INFINITY;
    static const double xs[] = {0.0,  -0.0,   1.0,     -1.0,     2.0,       -2.0, 0.5,
                                -0.5, 1e-310, -1e-310, INFINITY, -INFINITY, NAN};
    static const double ys[] = {0.0,  -0.0, 1.0,    -1.0,  2.0,    3.0,      -3.0,      0.5,
                                -0.5, 1e17, 0x1p53, 1e300, -1e300, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof xs / sizeof xs[0]; i++)
        for (size_t j = 0; j < sizeof ys / sizeof ys[0]; j++) {
            double got = power(xs[i], ys[j]), want = pow(xs[i], ys[j]);
            int exact = want == 0 || isinf(want) || isnan(want) || want == 1;
            if (exact)
                CHECK_BITS(got, want);
            else
                CHECK_NEAR(got, want, 1e-15 * fabs(want));
        }
    CHECK(power(2.0, 1023.0) == 0x1p1023 && power(2.0, -1074.0) == 0x1p-1074 && power(2.0, 1024.0) == inf);
    CHECK(power(10.0, 15.0) == 1e15 && power(3.0, 2.0) == 9.0);
}

static void test_ldexp(void)
{
    static const double xs[] = {0.0,     -0.0,     1.0, -1.75, 1e-310, 0x1.fffffffffffffp-1022,
                                1.7e308, INFINITY, NAN};
    for (size_t i = 0; i < sizeof xs / sizeof xs[0]; i++)
        for (int k = -2200; k <= 2200; k += 50) {
            double x = xs[i], e = k, y = 0.0;
            CHECK(pt_lanes_apply("ldexp", 1, &x, &e, &y) == PT_OK);
            CHECK_BITS(y, ldexp(x, k));
        }
}

/* a lane's bits do not depend on what stands beside it */
static void test_neighbours(void)
{
    static const char *const names[] = {"exp",  "log", "log1p",   "sin",  "cos",
                                        "tanh", "erf", "norminv", "expm1"};
    static const double ugly[] = {-1.0, 0.0, 1e-310, NAN, INFINITY, 1e22, 1e-12, 0.999};
    double a[17], y[17], alone;
    for (size_t f = 0; f < sizeof names / sizeof names[0]; f++)
        for (int where = 0; where < 17; where++) {
            for (int i = 0; i < 17; i++) a[i] = ugly[(i + where) % 8];
            a[where] = 0.37;
            CHECK(pt_lanes_apply(names[f], 17, a, NULL, y) == PT_OK);
            CHECK(pt_lanes_apply(names[f], 1, a + where, NULL, &alone) == PT_OK);
            CHECK_BITS(y[where], alone);
        }
}

/* a caller that rounds upward gets the same bits, and keeps its own rounding */
/* e^x without a care for bounds has the bits of exp where there are none near. */
static void test_exp_bounded(void)
{
    for (double x = -700; x <= 700; x += 0.37) {
        const vec y = v_exp_bounded(v_set(x));
        CHECK_BITS(y[0], at("exp", x));
    }
}

static void test_rounding_mode(void)
{
    double x = 0.7, usual = at("exp", x), z, z_usual;
    const int64_t patient = 3;
    CHECK(pt_normals(1, PT_PURPOSE_TEST, 1, &patient, 1, 1, &z_usual) == PT_OK);
    fesetround(FE_UPWARD);
    double upward = at("exp", x);
    pt_status status = pt_normals(1, PT_PURPOSE_TEST, 1, &patient, 1, 1, &z);
    CHECK(fegetround() == FE_UPWARD && status == PT_OK);
    fesetround(FE_TONEAREST);
    CHECK_BITS(upward, usual);
    CHECK_BITS(z, z_usual);
}

static void test_arguments(void)
{
    double x = 1.0, y;
    CHECK(pt_lanes_apply("no such function", 1, &x, NULL, &y) == PT_UNKNOWN_NAME);
    CHECK(pt_lanes_apply("exp", 1, &x, &x, &y) == PT_BAD_ARGUMENT);
    CHECK(pt_lanes_apply("pow", 1, &x, NULL, &y) == PT_BAD_ARGUMENT);
    CHECK(pt_lanes_apply("exp", 0, NULL, NULL, NULL) == PT_OK);
}

int main(void)
{
    test_special();
    test_pow_special();
    test_ldexp();
    test_neighbours();
    test_exp_bounded();
    test_rounding_mode();
    test_arguments();
    return check_report();
}
