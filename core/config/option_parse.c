/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/options.h"

#include <inttypes.h>
#include <stdio.h>

struct unit {
    const char *name;
    int64_t worth;
};

/* From the largest to the smallest: the order in which a duration has them. */
static const struct unit times[] = {
    {"d", 86400 * SP_SECOND},
    {"h", 3600 * SP_SECOND},
    {"m", 60 * SP_SECOND},
    {"s", SP_SECOND},
    {"ms", SP_MILLISECOND},
    {"us", 1000},
    {"ns", 1},
};

static const struct unit sizes[] = {
    {"TiB", INT64_C(1) << 40},
    {"TB", INT64_C(1000000000000)},
    {"GiB", INT64_C(1) << 30},
    {"GB", INT64_C(1000000000)},
    {"MiB", INT64_C(1) << 20},
    {"MB", INT64_C(1000000)},
    {"KiB", INT64_C(1) << 10},
    {"KB", INT64_C(1000)},
    {"B", 1},
    {"", 1},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Digits from the start of the text; false where there are none, or too many. */
static bool take_number(const char **text, int64_t *out)
{
    const char *at = *text;
    int64_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
            return false;
    if (at == *text)
        return false;
    *text = at;
    *out = value;
    return true;
}

bool option_parse_integer(const char *text, int64_t *out)
{
    bool is_negative = *text == '-';
    int64_t value = 0;
    text += is_negative || *text == '+';
    if (!*text)
        return false;
    /* Downwards, because the least number has no positive twin. */
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *text - '0', &value))
            return false;
    }
    if (!is_negative && value == INT64_MIN)
        return false;
    *out = is_negative ? value : -value;
    return true;
}

bool option_parse_size(const char *text, int64_t *out)
{
    int64_t count;
    if (!take_number(&text, &count))
        return false;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        int64_t bytes;
        if (strcmp(text, sizes[i].name) == 0 && !__builtin_mul_overflow(count, sizes[i].worth, &bytes)) {
            *out = bytes;
            return true;
        }
    }
    return false;
}

static size_t letters_of(const char *text)
{
    size_t length = 0;
    while (text[length] >= 'a' && text[length] <= 'z')
        length++;
    return length;
}

bool option_parse_duration(const char *text, int64_t *out)
{
    int64_t total = 0;
    if (strcmp(text, "0") == 0) {
        *out = 0;
        return true;
    }
    for (size_t next = 0; next == 0 || *text;) {
        int64_t count;
        if (!take_number(&text, &count))
            return false;
        size_t length = letters_of(text), i = next;
        while (i < COUNT_OF(times) &&
               (strlen(times[i].name) != length || memcmp(text, times[i].name, length) != 0))
            i++;
        if (i == COUNT_OF(times) || __builtin_mul_overflow(count, times[i].worth, &count) ||
            __builtin_add_overflow(total, count, &total))
            return false;
        text += length;
        next = i + 1;
    }
    *out = total;
    return true;
}

bool option_parse_rate(const char *text, struct sp_rate *out)
{
    struct sp_rate rate;
    if (strcmp(text, "0") == 0) {
        *out = (struct sp_rate){0, SP_SECOND};
        return true;
    }
    if (!take_number(&text, &rate.count) || *text++ != '/')
        return false;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        if (strlen(times[i].name) == 1 && strcmp(text, times[i].name) == 0) {
            rate.per_ns = times[i].worth;
            *out = rate;
            return true;
        }
    }
    return false;
}

void option_format_duration(int64_t ns, char out[32])
{
    /* The longest, 106751d23h47m16s854ms775us807ns, just fits. */
    uint64_t left = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    int used = snprintf(out, 32, "%s", ns < 0 ? "-" : ns == 0 ? "0" : "");
    for (size_t i = 0; i < COUNT_OF(times) && used < 32; i++) {
        uint64_t count = left / (uint64_t)times[i].worth;
        left %= (uint64_t)times[i].worth;
        if (count)
            used += snprintf(out + used, 32 - (size_t)used, "%" PRIu64 "%s", count, times[i].name);
    }
}

void option_format_size(int64_t bytes, char out[32])
{
    snprintf(out, 32, "%" PRId64, bytes);
    /* A unit reads better than as many digits. */
    size_t best = strlen(out) + 1;
    for (size_t i = 0; bytes > 0 && i < COUNT_OF(sizes); i++) {
        char text[32];
        int length = snprintf(text, sizeof text, "%" PRId64 "%s", bytes / sizes[i].worth, sizes[i].name);
        if (bytes % sizes[i].worth == 0 && (size_t)length < best) {
            memcpy(out, text, sizeof text);
            best = (size_t)length;
        }
    }
}
