/* Philox4x32-10: the published known answers (Random123, kat_vectors), the layout of the counter, and
 * independence of shape. */
#include "check.h"
#include "pytwin.h"

#include "lanes/philox.h"

static void known_answer(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1,
                         const uint32_t *expected)
{
    pt_philox_block c = {{b_set(c0), b_set(c1), b_set(c2), b_set(c3)}};
    c = v_philox(c, k0 | (uint64_t)k1 << 32);
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < PT_W; i++) CHECK(c.word[j][i] == expected[j]);
}

static void test_known_answers(void)
{
    const uint32_t ones = 0xffffffff;
    known_answer(0, 0, 0, 0, 0, 0, (uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    known_answer(ones, ones, ones, ones, ones, ones,
                 (uint32_t[]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    known_answer(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
                 (uint32_t[]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

static void test_layout(void)
{
    uint32_t words[8], again[3];
    CHECK(pt_philox(7, 3, -5, 11, 2, 8, words) == PT_OK);
    CHECK(pt_philox(7, 3, -5, 11, 3, 3, again) == PT_OK);
    CHECK(memcmp(words + 4, again, sizeof again) == 0);
    CHECK(pt_philox(7, 256, 0, 0, 0, 1, words) == PT_BAD_ARGUMENT);
    CHECK(pt_philox(7, 0, 0, 1LL << 32, 0, 1, words) == PT_BAD_ARGUMENT);
    CHECK(pt_philox(7, 0, 0, 0, 1LL << 24, 1, words) == PT_BAD_ARGUMENT);
}

/* element (s, d, i) is the same whatever the shape it is asked in */
static void test_shapes(void)
{
    enum { S = 3, D = 5, N = 7 };
    const int64_t patient[S] = {42, -1, 1LL << 40};
    double u[S][D][N], z[S][D][N], row[N];
    CHECK(pt_uniforms(1, PT_PURPOSE_POSTERIOR, S, patient, D, N, &u[0][0][0]) == PT_OK);
    CHECK(pt_normals(1, PT_PURPOSE_POSTERIOR, S, patient, D, N, &z[0][0][0]) == PT_OK);
    for (int s = 0; s < S; s++)
        for (int n = 0; n <= N; n++) {
            CHECK(pt_normals(1, PT_PURPOSE_POSTERIOR, 1, patient + s, 1, n, row) == PT_OK);
            for (int i = 0; i < n; i++) CHECK_BITS(row[i], z[s][0][i]);
        }
    uint32_t words[2 * N + 2];
    CHECK(pt_philox(1, PT_PURPOSE_POSTERIOR, patient[2], D - 1, 0, 2 * N + 2, words) == PT_OK);
    for (int i = 0; i < N; i++) {
        uint64_t k = (words[2 * i] | (uint64_t)words[2 * i + 1] << 32) >> 12;
        CHECK_BITS(u[2][D - 1][i], ((double)k + 0.5) * 0x1p-52);
        CHECK(u[2][D - 1][i] > 0 && u[2][D - 1][i] < 1);
    }
}

static void test_ends_of_uniform(void)
{
    vbits ones = b_set(0xffffffff), none = b_set(0);
    CHECK_BITS(v_uniform(none, none)[0], 0x1p-53);
    CHECK_BITS(v_uniform(ones, ones)[0], 1.0 - 0x1p-53);
}

int main(void)
{
    test_known_answers();
    test_layout();
    test_shapes();
    test_ends_of_uniform();
    return check_report();
}
