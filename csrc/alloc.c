/* Memory of the core: 64-byte aligned (a cache line, and the widest vector), zeroed, counted.
 *
 * The count and the failure hook exist for the tests that fail the nth allocation for every n. They
 * are the only mutable data with static storage in the core; both are atomic. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pytwin.h"

#define ALIGNMENT ((size_t)64)

static _Atomic int64_t n_live;
static _Atomic int64_t until_failure; /* allocations until one fails; 0: none will */

static int must_fail(void)
{
    if (atomic_load_explicit(&until_failure, memory_order_relaxed) == 0) return 0;
    return atomic_fetch_sub(&until_failure, 1) == 1;
}

void *pt_alloc(size_t n_bytes)
{
    if (must_fail() || n_bytes > SIZE_MAX - 2 * ALIGNMENT) return NULL;
    /* aligned_alloc wants a multiple of the alignment; no bytes still give a block that can be freed. */
    size_t rounded = n_bytes ? (n_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    void *p = aligned_alloc(ALIGNMENT, rounded);
    if (!p) return NULL;
    memset(p, 0, rounded);
    atomic_fetch_add_explicit(&n_live, 1, memory_order_relaxed);
    return p;
}

void pt_free(void *p)
{
    if (!p) return;
    atomic_fetch_sub_explicit(&n_live, 1, memory_order_relaxed);
    free(p);
}

void pt_alloc_fail_at(int64_t nth) { atomic_store(&until_failure, nth > 0 ? nth : 0); }

int64_t pt_alloc_live(void) { return atomic_load(&n_live); }
