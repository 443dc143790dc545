/* What the machine can do: multiply-adds in registers, and Lorenz's equations in plain loops over one
 * trajectory after another, as a C programmer would write them.
 */
#ifdef __AVX512F__
enum { W = 8 };
#else
enum { W = 4 };
#endif
enum { CHAINS = 10 };

typedef double vec __attribute__((vector_size(8 * W)));

/* n rounds of CHAINS independent fused multiply-adds over W doubles: 2 W CHAINS n operations. */
double multiply_add(long n)
{
    vec x[CHAINS];
    const vec a = (vec){0} + 0.999999, b = (vec){0} + 1e-9;
    for (int k = 0; k < CHAINS; k++) x[k] = (vec){0} + k;
    for (long i = 0; i < n; i++)
        for (int k = 0; k < CHAINS; k++) x[k] = x[k] * a + b;
    for (int k = 1; k < CHAINS; k++) x[0] += x[k];
    return x[0][0];
}

int lanes_of_a_vector(void) { return W; }

typedef struct {
    double a, b, c;
} point;

static point rate(point x, const double *p)
{
    return (point){p[0] * (x.b - x.a), x.a * (p[1] - x.c) - x.b, x.a * x.b - p[2] * x.c};
}

static point along(point x, double h, point k)
{
    return (point){x.a + h * k.a, x.b + h * k.b, x.c + h * k.c};
}

/* x (n, 3) <- after `steps` classical Runge-Kutta steps of h under p (n, 3) */
void lorenz(int n, int steps, double h, const double *p, double *x)
{
    for (int i = 0; i < n; i++, p += 3, x += 3) {
        point at = {x[0], x[1], x[2]};
        for (int s = 0; s < steps; s++) {
            const point k1 = rate(at, p), k2 = rate(along(at, h / 2, k1), p);
            const point k3 = rate(along(at, h / 2, k2), p), k4 = rate(along(at, h, k3), p);
            const point sum = {k1.a + 2 * k2.a + 2 * k3.a + k4.a, k1.b + 2 * k2.b + 2 * k3.b + k4.b,
                               k1.c + 2 * k2.c + 2 * k3.c + k4.c};
            at = along(at, h / 6, sum);
        }
        x[0] = at.a, x[1] = at.b, x[2] = at.c;
    }
}
