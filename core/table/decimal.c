/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/value.h"

/* Enough for any number that fits: sign, VALUE_MAX_PRECISION digits, a zero, the point. */
#define DECIMAL_SIZE (VALUE_MAX_PRECISION + 3)

/*
 * A number as its digits: those of the whole part, then those of the fraction, with the point before
 * digit number `point`.  Only digits first .. last-1 are not leading or trailing zeros.
 */
struct number {
    bool negative;
    const char *whole, *fraction;
    int64_t whole_size, point, first, last;
};

static char digit_at(const struct number *number, int64_t i)
{
    if (i < number->first || i >= number->last)
        return '0';
    return i < number->whole_size ? number->whole[i] : number->fraction[i - number->whole_size];
}

/* An exponent far over what could fit changes nothing any more. */
static int64_t read_exponent(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    int64_t exponent = 0;
    for (; at < end; at++)
        if (exponent < INT64_C(1000000000000))
            exponent = exponent * 10 + (*at - '0');
    return negative ? -exponent : exponent;
}

static struct number number_of(struct sp_slice text)
{
    struct number number = {0};
    const char *at = text.data, *end = at + text.size;
    number.negative = *at == '-';
    number.whole = at += number.negative;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    number.whole_size = at - number.whole;
    number.point = number.whole_size;
    number.last = number.whole_size;
    number.fraction = at;
    if (at < end && *at == '.') {
        number.fraction = ++at;
        while (at < end && *at >= '0' && *at <= '9')
            at++;
        number.last += at - number.fraction;
    }
    if (at < end)
        number.point += read_exponent(at + 1, end);
    while (number.first < number.last && digit_at(&number, number.first) == '0')
        number.first++;
    while (number.last > number.first && digit_at(&number, number.last - 1) == '0')
        number.last--;
    return number;
}

static size_t number_print(const struct number *number, uint32_t scale, char out[DECIMAL_SIZE])
{
    size_t size = 0;
    bool zero = number->first == number->last;
    int64_t point = zero ? 0 : number->point;
    if (number->negative && !zero)
        out[size++] = '-';
    if (zero || point <= number->first)
        out[size++] = '0';
    for (int64_t i = number->first; i < point; i++)
        out[size++] = digit_at(number, i);
    if (scale)
        out[size++] = '.';
    for (int64_t i = point; i < point + scale; i++)
        out[size++] = digit_at(number, i);
    return size;
}

/* Whether the text is one JSON number and nothing else. */
static bool is_number(struct sp_slice text)
{
    struct sp_json_fault fault;
    size_t length;
    if (text.size == 0 || (text.data[0] != '-' && (text.data[0] < '0' || text.data[0] > '9')))
        return false;
    return sp_json_scan(NULL, text, NULL, &length, &fault) == 0 && length == text.size;
}

static const char *too_many(uint32_t digits, const char *where, struct sp_arena *arena)
{
    return sp_arena_printf(arena, "has more than %u digit%s %s the point", digits, digits == 1 ? "" : "s",
                           where);
}

const char *decimal_read(struct sp_slice text, uint32_t precision, uint32_t scale, struct sp_arena *arena,
                         struct sp_value *out)
{
    if (!is_number(text))
        return "is not a number, but text";
    struct number number = number_of(text);
    if (number.first < number.last) {
        if (number.last - number.point > (int64_t)scale)
            return too_many(scale, "after", arena);
        if (number.point - number.first > (int64_t)(precision - scale))
            return too_many(precision - scale, "before", arena);
    }
    char plain[DECIMAL_SIZE];
    size_t size = number_print(&number, scale, plain);
    bool same = size == text.size && memcmp(plain, text.data, size) == 0;
    out->text = same ? text.data : sp_arena_text(arena, plain, size);
    out->length = (uint32_t)size;
    out->present = true;
    return NULL;
}

int decimal_compare(struct sp_slice a, struct sp_slice b)
{
    bool a_negative = a.data[0] == '-', b_negative = b.data[0] == '-';
    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    /* With one scale, and no leading zeros, the longer one is further from zero. */
    int further = a.size != b.size ? (a.size < b.size ? -1 : 1) : memcmp(a.data, b.data, a.size);
    return a_negative ? -further : further;
}
