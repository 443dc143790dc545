/* Equations in one unknown, as an organ would write them; included by test_dual.cpp with two meanings of vec.
 */

static vec polynomial(vec x)
{
    return v_set(3) * x * x * x - v_fma(x, x, v_set(2) * x) + 1.5 * x / (x + 2.0);
}
static vec growth(vec x) { return v_exp(-x * x) + v_expm1(x) * v_log(x) - v_log1p(x) / v_sqrt(x); }
static vec waves(vec x) { return v_sin(v_set(3) * x) * v_cos(x) + v_tanh(x); }
static vec hill(vec x)
{
    return v_pow(x, v_set(1.3)) / (v_pow(v_set(0.4), v_set(1.3)) + v_pow(x, v_set(1.3)));
}
static vec tower(vec x) { return v_pow(x, x) + v_pow(v_set(2), x); }
static vec normal(vec x) { return v_normcdf(x) + v_norminv(x) + v_erf(x) * v_erfc(x); }
static vec pieces(vec x)
{
    vec y = v_if(v_gt(x, v_set(0.5)), x * x, v_abs(x - v_set(0.7)));
    return v_max(y, v_set(0.2)) + v_min(x, v_set(0.8)) + v_clamp(x, 0.2, 0.7) + v_floor(x) * x +
           v_ldexp(x, v_set(3));
}

static vec (*const equations[])(vec) = {polynomial, growth, waves, hill, tower, normal, pieces};
enum { n_equations = sizeof equations / sizeof equations[0] };
