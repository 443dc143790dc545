/* A test program: CHECK what must hold, end main with `return check_report();`. */
#ifndef PT_TESTS_CHECK_H
#define PT_TESTS_CHECK_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int check_count, check_failures;

static inline int check_that(int holds, const char *file, int line, const char *text)
{
    check_count++;
    if (holds) return 1;
    check_failures++;
    printf("%s:%d: does not hold: %s\n", file, line, text);
    return 0;
}

static inline void check_near(double got, double expected, double tolerance, const char *file, int line,
                              const char *text)
{
    int same = got == expected || (isnan(got) && isnan(expected));
    if (!check_that(same || fabs(got - expected) <= tolerance, file, line, text))
        printf("    got %.17g, expected %.17g, tolerance %g\n", got, expected, tolerance);
}

/* equal to the bit; any NaN equals any other */
static inline void check_bits(double got, double expected, const char *file, int line, const char *text)
{
    int same = memcmp(&got, &expected, sizeof got) == 0 || (isnan(got) && isnan(expected));
    if (!check_that(same, file, line, text)) printf("    got %a, expected %a\n", got, expected);
}

#define CHECK(condition)           check_that(!!(condition), __FILE__, __LINE__, #condition)
#define CHECK_NEAR(got, want, tol) check_near(got, want, tol, __FILE__, __LINE__, #got)
#define CHECK_BITS(got, want)      check_bits(got, want, __FILE__, __LINE__, #got)

static inline int check_report(void)
{
    printf("%d checks, %d failed\n", check_count, check_failures);
    return check_failures != 0;
}

#endif
