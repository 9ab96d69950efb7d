/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <scanpipe/time.h>

#include <assert.h>

#define SECONDS_PER_DAY  INT64_C(86400)
#define DAYS_OF_400YEARS 146097
/* From 0000-03-01, where the arithmetic below starts, to 0001-01-01, where ticks do. */
#define DAYS_TO_TICK_ZERO 306
/* To 9999-12-31, the last day. */
#define LAST_DAY 3652058

/* Years that start in March put the leap day last: the day of the year follows from the month alone. */
static int64_t days_of_date(int year, int month, int day)
{
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * DAYS_OF_400YEARS + day_of_era - DAYS_TO_TICK_ZERO;
}

static void date_of_days(int64_t days, int *year, int *month, int *day)
{
    int64_t since_march = days + DAYS_TO_TICK_ZERO;
    int era = (int)(since_march / DAYS_OF_400YEARS);
    int day_of_era = (int)(since_march % DAYS_OF_400YEARS);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted + (shifted < 10 ? 3 : -9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int days_in_month(int year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* The number that two digits are, or something over 99. */
static unsigned two_digits(const char *at)
{
    unsigned tens = (unsigned char)(at[0] - '0'), ones = (unsigned char)(at[1] - '0');
    return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

struct fields {
    int year, month, day;
    unsigned hour, minute, second;
    int64_t fraction; /* ticks */
    int offset;       /* minutes */
};

/* "2018-01-01T00:00:00", 19 bytes that are there. */
static const char *parse_date_time(const char *at, struct fields *out)
{
    unsigned century = two_digits(at), year = two_digits(at + 2);
    unsigned month = two_digits(at + 5), day = two_digits(at + 8);
    out->hour = two_digits(at + 11);
    out->minute = two_digits(at + 14);
    out->second = two_digits(at + 17);
    if (century > 99 || year > 99 || month > 99 || day > 99 || out->hour > 99 || out->minute > 99 ||
        out->second > 99 || at[4] != '-' || at[7] != '-' || (at[10] != 'T' && at[10] != 't') ||
        at[13] != ':' || at[16] != ':')
        return "is no RFC 3339 time such as 2018-01-01T00:00:00Z";
    out->year = (int)(century * 100 + year);
    out->month = (int)month;
    out->day = (int)day;
    if (month < 1 || month > 12 || day < 1 || out->day > days_in_month(out->year, out->month))
        return "is no RFC 3339 time: there is no such day";
    if (out->hour > 23 || out->minute > 59 || out->second > 60)
        return "is no RFC 3339 time: there is no such time of day";
    return NULL;
}

static const char *parse_fraction(const char **at, const char *end, struct fields *out)
{
    out->fraction = 0;
    if (*at == end || **at != '.')
        return NULL;
    const char *digit = *at + 1;
    int64_t unit = SP_TICKS_PER_SECOND / 10;
    for (; digit < end && *digit >= '0' && *digit <= '9'; digit++, unit /= 10)
        out->fraction += (*digit - '0') * unit;
    if (digit == *at + 1)
        return "is no RFC 3339 time: no digit follows the point";
    *at = digit;
    return NULL;
}

static const char *parse_offset(const char *at, const char *end, struct fields *out)
{
    out->offset = 0;
    if (end - at == 1 && (*at == 'Z' || *at == 'z'))
        return NULL;
    if (at == end)
        return "is no RFC 3339 time: it has no offset from UTC";
    if (end - at != 6 || (*at != '+' && *at != '-') || at[3] != ':')
        return "is no RFC 3339 time: it does not end in Z or +hh:mm";
    unsigned hours = two_digits(at + 1), minutes = two_digits(at + 4);
    if (hours > 23 || minutes > 59)
        return "is no RFC 3339 time: there is no such offset from UTC";
    out->offset = (int)(hours * 60 + minutes) * (*at == '-' ? -1 : 1);
    return NULL;
}

static bool ends_month(int64_t days)
{
    int year, month, day;
    date_of_days(days, &year, &month, &day);
    return day == days_in_month(year, month);
}

const char *sp_time_parse(struct sp_slice text, int64_t *ticks_out)
{
    if (text.size < 19)
        return "is no RFC 3339 time such as 2018-01-01T00:00:00Z";
    struct fields fields;
    const char *at = text.data + 19, *end = text.data + text.size;
    const char *wrong = parse_date_time(text.data, &fields);
    if (!wrong)
        wrong = parse_fraction(&at, end, &fields);
    if (!wrong)
        wrong = parse_offset(at, end, &fields);
    if (wrong)
        return wrong;
    bool leap = fields.second == 60;
    int64_t seconds = days_of_date(fields.year, fields.month, fields.day) * SECONDS_PER_DAY +
                      fields.hour * 3600 + fields.minute * 60 + (leap ? 59 : fields.second) -
                      fields.offset * 60;
    if (seconds < 0 || seconds >= (LAST_DAY + 1) * SECONDS_PER_DAY)
        return "lies outside the years 1 to 9999";
    if (leap) {
        /* Leap seconds end the last day of a month, by UTC. */
        if (seconds % SECONDS_PER_DAY != SECONDS_PER_DAY - 1 || !ends_month(seconds / SECONDS_PER_DAY))
            return "is no RFC 3339 time: there can be no leap second";
        fields.fraction = SP_TICKS_PER_SECOND - 1;
    }
    *ticks_out = seconds * SP_TICKS_PER_SECOND + fields.fraction;
    return NULL;
}

static char *put_digits(char *at, int64_t number, int width)
{
    for (int i = width - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + width;
}

size_t sp_time_format(int64_t ticks, unsigned digits, char out[SP_TIME_TEXT_SIZE])
{
    assert(digits <= 7 && ticks >= 0 && ticks < (LAST_DAY + 1) * SECONDS_PER_DAY * SP_TICKS_PER_SECOND);
    int64_t seconds = ticks / SP_TICKS_PER_SECOND;
    int64_t of_day = seconds % SECONDS_PER_DAY;
    int year, month, day;
    date_of_days(seconds / SECONDS_PER_DAY, &year, &month, &day);
    char *at = put_digits(out, year, 4);
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    at = put_digits(at, day, 2);
    *at++ = 'T';
    at = put_digits(at, of_day / 3600, 2);
    *at++ = ':';
    at = put_digits(at, of_day / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, of_day % 60, 2);
    if (digits) {
        *at++ = '.';
        put_digits(at, ticks % SP_TICKS_PER_SECOND, 7);
        at += digits;
    }
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - out);
}
