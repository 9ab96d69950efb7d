/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tap.h"

#include <scanpipe/time.h>
#include <stdio.h>

/* 0001-01-01 to 1970-01-01. */
#define UNIX_DAYS INT64_C(719162)

static int64_t unix_ticks(int64_t seconds, int64_t fraction)
{
    return (UNIX_DAYS * 86400 + seconds) * SP_TICKS_PER_SECOND + fraction;
}

static void reads(const char *text, int64_t ticks)
{
    int64_t found = -1;
    const char *wrong = sp_time_parse(sp_slice_of(text), &found);
    CU_ASSERT_PTR_NULL(wrong);
    CU_ASSERT_EQUAL(found, ticks);
    if (wrong || found != ticks)
        printf("# %s: %s, %lld\n", text, wrong ? wrong : "read", (long long)found);
}

static void refuses(const char *text)
{
    int64_t found = 42;
    const char *wrong = sp_time_parse(sp_slice_of(text), &found);
    CU_ASSERT_PTR_NOT_NULL(wrong);
    CU_ASSERT_EQUAL(found, 42);
    if (!wrong)
        printf("# %s was read as %lld\n", text, (long long)found);
}

static void test_reads(void)
{
    reads("0001-01-01T00:00:00Z", 0);
    reads("1970-01-01T00:00:00Z", unix_ticks(0, 0));
    reads("2018-01-01T00:00:00.1234567Z", unix_ticks(1514764800, 1234567));
    reads("2018-01-01t00:00:00z", unix_ticks(1514764800, 0));
    reads("2000-02-29T23:59:59.5Z", unix_ticks(951868799, 5000000));
    reads("9999-12-31T23:59:59.9999999Z", INT64_C(3155378975999999999));
}

static void test_fractions_are_cut(void)
{
    reads("2018-01-01T00:00:00.12345678Z", unix_ticks(1514764800, 1234567));
    reads("2018-01-01T00:00:00.99999999999999999999999999999999999Z", unix_ticks(1514764800, 9999999));
    reads("2018-01-01T00:00:00.0000000000000001Z", unix_ticks(1514764800, 0));
    reads("2018-01-01T00:00:00.000Z", unix_ticks(1514764800, 0));
}

static void test_offsets(void)
{
    reads("2018-01-01T00:00:00+00:00", unix_ticks(1514764800, 0));
    reads("2018-01-01T00:00:00-00:00", unix_ticks(1514764800, 0));
    reads("2018-01-01T10:30:00.5+10:30", unix_ticks(1514764800, 5000000));
    reads("2017-12-31T14:00:00-10:00", unix_ticks(1514764800, 0));
    reads("0001-01-01T05:00:00+05:00", 0);
    reads("0000-12-31T23:00:00-01:00", 0);
    refuses("0001-01-01T00:59:59+01:00");
    refuses("9999-12-31T23:30:00-00:30");
    reads("9999-12-31T23:29:59-00:30", INT64_C(3155378975990000000));
    refuses("0000-12-31T23:59:59Z");
}

static void test_leap_second(void)
{
    int64_t last_tick = unix_ticks(1483228800, 0) - 1;
    reads("2016-12-31T23:59:60Z", last_tick);
    reads("2016-12-31T23:59:60.9Z", last_tick);
    reads("2016-12-31T15:59:60-08:00", last_tick);
    reads("2017-01-01T09:29:60+09:30", last_tick);
    reads("2015-06-30T23:59:60Z", unix_ticks(1435708800, 0) - 1);
    refuses("2016-12-31T23:58:60Z");
    refuses("2016-12-30T23:59:60Z");
    refuses("2016-12-31T23:59:60+01:00");
    refuses("2016-12-31T23:59:61Z");
}

static void test_refuses(void)
{
    static const char *const bad[] = {
        "",
        "2018",
        "2018-01-01",
        "2018-01-01T00:00:00",
        "2018-01-01T00:00Z",
        "2018-01-01 00:00:00Z",
        "2018-1-1T00:00:00Z",
        "2018-13-01T00:00:00Z",
        "2018-00-01T00:00:00Z",
        "2018-01-00T00:00:00Z",
        "2018-01-32T00:00:00Z",
        "2018-04-31T00:00:00Z",
        "2018-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2018-01-01T24:00:00Z",
        "2018-01-01T00:60:00Z",
        "2018-01-01T00:00:00.Z",
        "2018-01-01T00:00:00,5Z",
        "2018-01-01T00:00:00.5",
        "2018-01-01T00:00:00ZZ",
        "2018-01-01T00:00:00Z ",
        " 2018-01-01T00:00:00Z",
        "2018-01-01T00:00:00+1:00",
        "2018-01-01T00:00:00+0100",
        "2018-01-01T00:00:00+24:00",
        "2018-01-01T00:00:00+01:60",
        "2018-01-01T00:00:00+01:0a",
        "+018-01-01T00:00:00Z",
        "2018-01-01T-1:00:00Z",
        "12018-01-01T00:00:00Z",
        "2018/01/01T00:00:00Z",
        "not a time, is it???",
        "\357\274\222018-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuses(bad[i]);
}

/* A calendar that counts days one by one, as an oracle. */
struct calendar {
    int year, month, day;
};

static void calendar_next(struct calendar *date)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = date->year % 400 == 0 || (date->year % 4 == 0 && date->year % 100 != 0);
    if (++date->day <= days[date->month - 1] + (leap && date->month == 2))
        return;
    date->day = 1;
    if (++date->month > 12) {
        date->month = 1;
        date->year++;
    }
}

static void test_every_day(void)
{
    struct calendar date = {1, 1, 1};
    int64_t day = 0, wrong = 0;
    for (; date.year <= 9999; calendar_next(&date), day++) {
        char wanted[64], found[SP_TIME_TEXT_SIZE];
        int second = (int)(day % 86400);
        int64_t ticks = (day * 86400 + second) * SP_TICKS_PER_SECOND + day % SP_TICKS_PER_SECOND, read = -1;
        snprintf(wanted, sizeof wanted, "%04d-%02d-%02dT%02d:%02d:%02d.%07dZ", date.year, date.month,
                 date.day, second / 3600, second / 60 % 60, second % 60, (int)(day % SP_TICKS_PER_SECOND));
        size_t size = sp_time_format(ticks, 7, found);
        wrong += size != strlen(wanted) || strcmp(found, wanted) != 0;
        wrong += sp_time_parse(sp_slice_of(wanted), &read) != NULL || read != ticks;
    }
    CU_ASSERT_EQUAL(day, 3652059);
    CU_ASSERT_EQUAL(wrong, 0);
}

static void formats(int64_t ticks, unsigned digits, const char *wanted)
{
    char text[SP_TIME_TEXT_SIZE];
    CU_ASSERT_EQUAL(sp_time_format(ticks, digits, text), strlen(wanted));
    CU_ASSERT_STRING_EQUAL(text, wanted);
}

static void test_format_cuts(void)
{
    int64_t ticks = unix_ticks(1514764800, 9999999);
    formats(ticks, 0, "2018-01-01T00:00:00Z");
    formats(ticks, 1, "2018-01-01T00:00:00.9Z");
    formats(ticks, 3, "2018-01-01T00:00:00.999Z");
    formats(ticks, 6, "2018-01-01T00:00:00.999999Z");
    formats(ticks, 7, "2018-01-01T00:00:00.9999999Z");
    formats(0, 7, "0001-01-01T00:00:00.0000000Z");
    formats(INT64_C(3155378975999999999), 7, "9999-12-31T23:59:59.9999999Z");
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"times are read", test_reads},
        {"digits past the seventh are cut", test_fractions_are_cut},
        {"offsets become UTC", test_offsets},
        {"a leap second is the last tick of its minute", test_leap_second},
        {"what is no RFC 3339 time is refused", test_refuses},
        {"every day there is survives a round trip", test_every_day},
        {"formatting cuts and never rounds", test_format_cuts},
    };
    return tap_run("time", tests, sizeof tests / sizeof *tests);
}
