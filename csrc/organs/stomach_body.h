/* Emptying of the stomach, included once in each organ that has one (no guard: each organ has a namespace of
 * its own in organs/dual.cpp).
 *
 * Dalla Man C, Camilleri M, Cobelli C. A system model of oral glucose absorption. IEEE Trans Biomed Eng
 * 2006;53:2472-8.
 */

#define STOMACH_LIMIT                                                                                        \
    300.0 /* of twice the argument of a tanh: the product of two exponentials stays finite */

/* What emptying needs of kmin, kmax, b and d */
typedef struct {
    vec kmax, range;      /* kmax - kmin */
    vec slope_b, slope_d; /* 5/(1 - b), 5/d: twice the slopes in r */
    vec at_b;             /* 5 b/(1 - b) */
} stomach;

/* kmin + (kmax - kmin)/2 (tanh(5/2 (r - b)/(1 - b)) - tanh(5/2 (r - d)/d) + 2), r = q/Dbar; kmax where Dbar
 * is 0. (tanh(A) - tanh(B))/2 = (e^2A - e^2B)/((1 + e^2A)(1 + e^2B)): two exponentials and one division. */
PT_LANE vec emptying(vec q, vec Dbar, stomach s)
{
    const vec one = v_set(1), r = q / Dbar;
    const vec A2 = v_clamp(s.slope_b * r - s.at_b, -STOMACH_LIMIT, STOMACH_LIMIT);
    const vec B2 = v_clamp(s.slope_d * r - v_set(5), -STOMACH_LIMIT, STOMACH_LIMIT);
    const vec A = v_exp_bounded(A2), B = v_exp_bounded(B2);
    const vec kgut = s.kmax + s.range * ((A - B) / ((one + A) * (one + B)));
    return v_if(v_gt(Dbar, v_set(0)), kgut, s.kmax);
}
