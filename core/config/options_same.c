/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "config/options.h"

static bool same_text(const char *one, const char *other)
{
    return one == other || (one && other && strcmp(one, other) == 0);
}

static bool same_list(const struct sp_list *one, const struct sp_list *other)
{
    bool same = one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
        same = same_text(one->items[i], other->items[i]);
    return same;
}

static bool same_map(const struct sp_map *one, const struct sp_map *other)
{
    bool same = one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
        same = same_text(one->items[i].key, other->items[i].key) &&
               same_text(one->items[i].value, other->items[i].value);
    return same;
}

static bool same_rate(const struct sp_rate *one, const struct sp_rate *other)
{
    return one->count == other->count && one->per_ns == other->per_ns;
}

static bool same_value(enum sp_option_type type, const void *one, const void *other)
{
    switch (type) {
    case SP_OPT_STRING:
    case SP_OPT_SECRET:
        return same_text(*(const char *const *)one, *(const char *const *)other);
    case SP_OPT_INTEGER:
    case SP_OPT_SIZE:
    case SP_OPT_DURATION:
        return *(const int64_t *)one == *(const int64_t *)other;
    case SP_OPT_BOOLEAN:
        return *(const bool *)one == *(const bool *)other;
    case SP_OPT_RATE:
        return same_rate(one, other);
    case SP_OPT_ENUM:
        return *(const int32_t *)one == *(const int32_t *)other;
    case SP_OPT_LIST:
        return same_list(one, other);
    case SP_OPT_MAP:
    case SP_OPT_SECRET_MAP:
        return same_map(one, other);
    }
    return false;
}

bool options_same(const struct sp_option *options, size_t count, const void *one, const void *other)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = options[i].offset;
        if (!same_value(options[i].type, (const char *)one + at, (const char *)other + at))
            return false;
    }
    return true;
}
