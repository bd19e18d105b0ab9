/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histogram tables. */
#include "run/private.h"
#include "tests/check.h"

static u64 n[HIST_LINEAR_MAX_BUCKETS];
static const struct hist_style usual = {50, 2};

static void expect(const struct ir_hist *h, const struct hist_style *style, const char *want)
{
    struct strbuf out = {0};
    format_hist(&out, h, n, style);
    CHECK_STR(out.p ? out.p : "", want);
    strbuf_free(&out);
    memset(n, 0, sizeof n);
}

#define BAR50 "--------------------------------------------------"
#define PAD50 "                                                  "
#define AT50 "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@"

static void logarithmic(void)
{
    struct ir_hist h = {.nbuckets = HIST_LOG_BUCKETS};
    expect(&h, &usual, "");

    n[64] = 1;
    expect(&h, &usual,
           "value |" BAR50 " count\n"
           "    0 |@"
           "                                                  1\n"
           "    1 |" PAD50 " 0\n"
           "    2 |" PAD50 " 0\n\n");

    /* 300 sevens and a nine: scaled by six. */
    n[67] = 300;
    n[68] = 1;
    expect(&h, &usual,
           "value |" BAR50 " count\n"
           "    1 |" PAD50 "   0\n"
           "    2 |" PAD50 "   0\n"
           "    4 |" AT50 " 300\n"
           "    8 |" PAD50 "   1\n"
           "   16 |" PAD50 "   0\n"
           "   32 |" PAD50 "   0\n\n");

    /* The ends of the range, and what lies between left out. */
    n[0] = 1;
    n[127] = 1;
    expect(&h, &usual,
           "               value |" BAR50 " count\n"
           "-9223372036854775808 |@"
           "                                                  1\n"
           "-4611686018427387904 |" PAD50 " 0\n"
           "-2305843009213693952 |" PAD50 " 0\n"
           "                     ~\n"
           " 1152921504606846976 |" PAD50 " 0\n"
           " 2305843009213693952 |" PAD50 " 0\n"
           " 4611686018427387904 |@"
           "                                                  1\n\n");

    const struct hist_style all = {10, -1};
    n[65] = 20;
    n[71] = 10;
    expect(&h, &all,
           "value |---------- count\n"
           "    0 |            0\n"
           "    1 |@@@@@@@@@@ 20\n"
           "    2 |            0\n"
           "    4 |            0\n"
           "    8 |            0\n"
           "   16 |            0\n"
           "   32 |            0\n"
           "   64 |@@@@@      10\n"
           "  128 |            0\n"
           "  256 |            0\n\n");
}

static void linear(void)
{
    /* @hist_linear(s, 0, 40, 10): below, five rows, above. */
    struct ir_hist h = {.linear = true, .low = 0, .high = 40, .step = 10, .nbuckets = 7};
    const struct hist_style narrow = {4, 2};
    n[1] = 3;
    n[2] = 1;
    expect(&h, &narrow,
           "value |---- count\n"
           "    0 |@@@  3\n"
           "   10 |@    1\n"
           "   20 |     0\n"
           "   30 |     0\n\n");
    n[0] = 2;
    n[6] = 1;
    expect(&h, &narrow,
           "value |---- count\n"
           "   <0 |@@   2\n"
           "    0 |     0\n"
           "   10 |     0\n"
           "      ~\n"
           "   30 |     0\n"
           "   40 |     0\n"
           "  >40 |@    1\n\n");
    /* Empty open ends are not shown. */
    n[4] = 1;
    expect(&h, &narrow,
           "value |---- count\n"
           "   10 |     0\n"
           "   20 |     0\n"
           "   30 |@    1\n"
           "   40 |     0\n\n");
}

int main(void)
{
    logarithmic();
    linear();
    return check_report();
}
