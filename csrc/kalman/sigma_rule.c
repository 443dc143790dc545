/* Rules of sigma points: spread, abscissae and weights. See sigma.h. */
#include <math.h>
#include <string.h>

#include "kalman/scalar.h"
#include "kalman/sigma.h"

pt_status pt_sigma_rule_make(int n, double alpha, double beta, double kappa, pt_sigma_rule *rule)
{
    double c = alpha * alpha * (n + kappa);
    if (!(c > 0.0) || !s_finite(c) || !s_finite(beta)) return PT_BAD_ARGUMENT;
    *rule = (pt_sigma_rule){.root = __builtin_sqrt(c), .w = 0.5 / c, .bend = beta - alpha * alpha};
    return PT_OK;
}

void pt_sigma_rule_cubature(int n, double *weight, pt_sigma_rule *rule)
{
    *rule = (pt_sigma_rule){.root = __builtin_sqrt((double)n), .w = 0.5 / n, .weight = weight};
}

/* ---- Gauss-Hermite ---- */

/* Orthonormal polynomials under exp(-x^2/2) / sqrt(2 pi):  sqrt(k+1) h_{k+1} = x h_k - sqrt(k) h_{k-1}.
 * Returns h_n(x); *below: sum of h_k^2, k < n, whose inverse is the weight of a root. */
static double hermite(int n, double x, double *below)
{
    double h = 1.0, previous = 0.0;
    *below = 0.0;
    for (int k = 0; k < n; k++) {
        const double next = (x * h - __builtin_sqrt((double)k) * previous) / __builtin_sqrt(k + 1.0);
        *below += h * h;
        previous = h;
        h = next;
    }
    return h;
}

/* The root of h_n between two points where its signs differ, by halving until nothing lies between. */
static double bisect(int n, double low, double high)
{
    double below;
    const int rising = hermite(n, high, &below) > 0.0;
    for (;;) {
        const double middle = 0.5 * (low + high);
        if (!(middle > low && middle < high)) return middle;
        if ((hermite(n, middle, &below) > 0.0) == rising)
            high = middle;
        else
            low = middle;
    }
}

/* Roots of h_n, which lie one by one between those of h_{n-1} and a bound on all of them. */
static void hermite_roots(int n, double *root)
{
    double last[PT_HERMITE_MAX + 2];
    root[0] = 0.0;
    for (int k = 2; k <= n; k++) {
        last[0] = -2.0 * __builtin_sqrt((double)k);
        memcpy(last + 1, root, (size_t)(k - 1) * sizeof *root);
        last[k] = -last[0];
        for (int i = 0; i < k; i++) root[i] = bisect(k, last[i], last[i + 1]);
        for (int i = 0; i < k / 2; i++) root[k - 1 - i] = -root[i];
        if (k % 2) root[k / 2] = 0.0;
    }
}

void pt_sigma_rule_hermite(int n_node, double *weight, pt_sigma_rule *rule)
{
    *rule = (pt_sigma_rule){.root = __builtin_sqrt(3.0), .w = 1.0 / 6.0, .weight = weight, .n_node = n_node};
    hermite_roots(n_node, rule->node);
    for (int i = 0; i < n_node; i++) {
        double below;
        hermite(n_node, rule->node[i], &below);
        rule->node_weight[i] = 1.0 / below;
    }
}

int64_t pt_sigma_hermite_points(int n_node, int n)
{
    int64_t count = 1;
    for (int k = 0; k < n; k++) {
        count *= n_node;
        if (count > PT_MOST_POINTS) return -1;
    }
    return count;
}

/* ---- weights ---- */

pt_sigma_rule pt_sigma_shrunk(const pt_sigma_rule *rule, double share)
{
    if (share == 1.0) return *rule;
    const double root = share * rule->root;
    return (pt_sigma_rule){.root = root, .w = 0.5 / (root * root), .bend = rule->weight ? 2.0 : rule->bend};
}

static void product_weights(const pt_sigma_rule *rule, int n_point)
{
    rule->weight[0] = 1.0;
    for (int count = 1; count < n_point; count *= rule->n_node)
        for (int q = rule->n_node - 1; q >= 0; q--)
            for (int i = 0; i < count; i++)
                rule->weight[q * count + i] = rule->weight[i] * rule->node_weight[q];
}

void pt_sigma_weights(const pt_sigma_rule *rule, int n, int n_point)
{
    if (!rule->weight) return;
    if (rule->n_node) {
        product_weights(rule, n_point);
        return;
    }
    for (int i = 1; i < n_point; i++) rule->weight[i] = rule->w;
    rule->weight[0] = (double)(n - n_point / 2) / n;
}

void pt_sigma_base(const pt_sigma_rule *rule, int n, int n_point, const double *X, double *base)
{
    memcpy(base, X, (size_t)n * sizeof *base);
    if (!rule->weight) return;
    for (int j = 0; j < n; j++) base[j] = 0.0;
    for (int i = 0; i < n_point; i++)
        for (int j = 0; j < n; j++) base[j] += rule->weight[i] * X[(size_t)i * n + j];
}
