/* Included once in each organ that needs it (no guard: each organ has a namespace of its own in
 * organs/dual.cpp).
 */

/* The root above 0 of a x^2 + b x - e = 0, a > 0, without cancellation; NaN where e < 0, for which there is
 * none. */
PT_LANE vec positive_root(vec a, vec b, vec e)
{
    const vec s = v_sqrt(b * b + v_set(4) * a * e);
    const vec root = v_if(v_ge(b, v_set(0)), v_set(2) * e / (b + s), (s - b) / (v_set(2) * a));
    return v_if(v_ge(e, v_set(0)), root, v_set(NAN));
}
