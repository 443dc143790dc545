/* Outputs that the BLAS path lacks are lent to it: whole matrices in the place of packed ones, and the
 * smoothed moments, in which it keeps the filtered ones until it comes back. */
#include "kalman/linear.h"

typedef struct {
    double *whole, **at,
        *asked;      /* lent; where it stands among the outputs; what the caller wants there, or null */
    int64_t rows, k; /* matrices (k, k); k = 0: vectors, which are not packed */
} loan;

enum { N_LOAN = 5 };

static void pack(const loan *l)
{
    for (int64_t row = 0; row < l->rows; row++) {
        const double *whole = l->whole + row * l->k * l->k;
        double *packed = l->asked + row * (l->k * (l->k + 1) / 2);
        for (int64_t i = 0; i < l->k; i++)
            for (int64_t j = 0; j <= i; j++) *packed++ = whole[i * l->k + j];
    }
}

static pt_status lend(loan *l, int packed, int smooths, int64_t n)
{
    l->asked = *l->at;
    const int needed = l->asked ? packed && l->k : smooths;
    if (!needed) return PT_OK;
    l->whole = pt_alloc((size_t)(l->rows * (l->k ? n * n : n)) * sizeof(double));
    if (!l->whole) return PT_NO_MEMORY;
    *l->at = l->whole;
    return PT_OK;
}

pt_status pt_linear_lend(pt_linear_call *call, const pt_control *control)
{
    pt_linear_output *out = call->out;
    const int64_t n = call->in->n, S = call->in->n_series, all = S * call->in->n_time;
    const int packed = out->packed;
    loan loans[N_LOAN] = {
        {.at = &out->cov, .rows = all, .k = n},          {.at = &out->predicted_cov, .rows = all, .k = n},
        {.at = &out->last_cov, .rows = S, .k = n},       {.at = &out->smoothed_mean, .rows = all},
        {.at = &out->smoothed_cov, .rows = all, .k = n},
    };
    pt_status status = PT_OK;
    for (int k = 0; k < N_LOAN && status == PT_OK; k++)
        status = lend(loans + k, packed, k > 2 && call->smooth, n);
    out->packed = 0;
    if (status == PT_OK) status = pt_linear_blas(call, control);
    out->packed = packed;
    for (int k = 0; k < N_LOAN; k++) {
        if (!loans[k].whole) continue;
        *loans[k].at = loans[k].asked;
        if (loans[k].asked && status == PT_OK) pack(loans + k);
        pt_free(loans[k].whole);
    }
    return status;
}
