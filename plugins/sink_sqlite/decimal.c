/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

/* The digits before the point, without leading zeros, and those behind it, without trailing ones. */
struct decimal {
    bool negative;
    const char *whole, *fraction;
    size_t whole_size, fraction_size;
};

static struct decimal decimal_of(const char *text, size_t size)
{
    struct decimal out = {.negative = size && *text == '-'};
    const char *at = text + (size && (*text == '-' || *text == '+')), *end = text + size;
    while (at < end && *at == '0')
        at++;
    const char *point = memchr(at, '.', (size_t)(end - at));
    out.whole = at;
    out.whole_size = (size_t)((point ? point : end) - at);
    out.fraction = point ? point + 1 : end;
    while (end > out.fraction && end[-1] == '0')
        end--;
    out.fraction_size = (size_t)(end - out.fraction);
    out.negative = out.negative && out.whole_size + out.fraction_size > 0; /* -0 is 0 */
    return out;
}

static int compare_magnitude(const struct decimal *a, const struct decimal *b)
{
    if (a->whole_size != b->whole_size)
        return a->whole_size < b->whole_size ? -1 : 1;
    int order = a->whole_size ? memcmp(a->whole, b->whole, a->whole_size) : 0;
    if (order)
        return order;
    size_t shared = a->fraction_size < b->fraction_size ? a->fraction_size : b->fraction_size;
    order = shared ? memcmp(a->fraction, b->fraction, shared) : 0;
    if (order)
        return order;
    return (a->fraction_size > b->fraction_size) - (a->fraction_size < b->fraction_size);
}

static void compare(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    const char *first = (const char *)sqlite3_value_text(values[0]);
    const char *second = (const char *)sqlite3_value_text(values[1]);
    if (!first || !second)
        return;
    struct decimal a = decimal_of(first, (size_t)sqlite3_value_bytes(values[0]));
    struct decimal b = decimal_of(second, (size_t)sqlite3_value_bytes(values[1]));
    int order = compare_magnitude(&a, &b);
    if (a.negative != b.negative)
        order = a.negative ? -1 : 1;
    else if (a.negative)
        order = -order;
    sqlite3_result_int(context, (order > 0) - (order < 0));
}

int decimal_register(sqlite3 *file)
{
    return sqlite3_create_function_v2(file, "scanpipe_compare", 2,
                                      SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, compare,
                                      NULL, NULL, NULL);
}
