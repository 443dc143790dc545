/* Memory and threads: alignment, the failing nth allocation, order of failures, cancelling. */
#include "check.h"
#include "pytwin.h"

static void test_alloc(void)
{
    int64_t before = pt_alloc_live();
    char *p = pt_alloc(100);
    CHECK(p && (uintptr_t)p % 64 == 0 && pt_alloc_live() == before + 1);
    for (int i = 0; i < 100; i++) CHECK(p[i] == 0);
    pt_free(p);
    pt_free(NULL);
    CHECK(pt_alloc_live() == before);
    pt_alloc_fail_at(2);
    void *a = pt_alloc(8), *b = pt_alloc(8), *c = pt_alloc(8);
    CHECK(a && !b && c);
    pt_free(a);
    pt_free(c);
    pt_alloc_fail_at(0);
    CHECK(pt_alloc_live() == before);
}

static pt_status count(void *work, int worker, int64_t i)
{
    (void)worker;
    int *seen = work;
    seen[i]++;
    return PT_OK;
}

static pt_status fail_late(void *work, int worker, int64_t i)
{
    (void)work, (void)worker;
    return i == 30 ? PT_SINGULAR : i == 40 ? PT_NOT_FINITE : PT_OK;
}

static int stop_at_once(void *context)
{
    (void)context;
    return 1;
}

static void test_parallel(void)
{
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        pt_control control = {.n_threads = n_threads};
        int seen[100] = {0};
        CHECK(pt_parallel(100, &control, count, seen) == PT_OK);
        for (int i = 0; i < 100; i++) CHECK(seen[i] == 1);
        CHECK(pt_parallel(100, &control, fail_late, NULL) == PT_SINGULAR);
        control.stop = stop_at_once;
        CHECK(pt_parallel(100, &control, count, seen) == PT_CANCELLED);
    }
    CHECK(pt_parallel(0, NULL, count, NULL) == PT_OK);
}

static void test_parallel_without_memory(void)
{
    pt_control control = {.n_threads = 2};
    int seen[10] = {0};
    int64_t before = pt_alloc_live();
    pt_alloc_fail_at(1);
    CHECK(pt_parallel(10, &control, count, seen) == PT_NO_MEMORY);
    pt_alloc_fail_at(0);
    CHECK(pt_alloc_live() == before);
}

int main(void)
{
    test_alloc();
    test_parallel();
    test_parallel_without_memory();
    for (int s = 0; s < PT_N_STATUS; s++)
        CHECK(pt_status_name((pt_status)s)[0] && pt_status_message((pt_status)s)[0]);
    return check_report();
}
