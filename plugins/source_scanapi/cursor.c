/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cursor.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * "1:<id>:<r|f>:<back>:<mark>:<key>:<digest>,<digest>": a version, how to stand on the id ("r": it was
 * read; "f": from it on), and numbers, the long ones in hexadecimal.
 */

static bool take(struct sp_slice *text, char c)
{
    if (text->size == 0 || *text->data != c)
        return false;
    text->data++, text->size--;
    return true;
}

static bool take_decimal(struct sp_slice *text, int64_t *out)
{
    int64_t value = 0;
    size_t digits = 0;
    for (; text->size && *text->data >= '0' && *text->data <= '9'; text->data++, text->size--, digits++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text->data - '0', &value))
            return false;
    *out = value;
    return digits > 0;
}

static bool take_hex(struct sp_slice *text, uint64_t *out)
{
    uint64_t value = 0;
    if (text->size < 16)
        return false;
    for (size_t i = 0; i < 16; i++) {
        char c = text->data[i];
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    text->data += 16, text->size -= 16;
    *out = value;
    return true;
}

static bool take_digests(struct sp_slice *text, struct cursor *cursor)
{
    while (text->size) {
        struct sp_digest128 digest;
        if (cursor->digest_count == CURSOR_DIGESTS || (cursor->digest_count && !take(text, ',')) ||
            !take_hex(text, &digest.low) || !take_hex(text, &digest.high))
            return false;
        cursor->digests[cursor->digest_count++] = digest;
    }
    return true;
}

int cursor_parse(struct sp_slice text, struct cursor *out)
{
    struct cursor cursor = {0};
    if (!take(&text, '1') || !take(&text, ':') || !take_decimal(&text, &cursor.id) || !take(&text, ':'))
        return -1;
    cursor.seen = take(&text, 'r');
    if ((!cursor.seen && !take(&text, 'f')) || !take(&text, ':') || !take_decimal(&text, &cursor.back) ||
        !take(&text, ':') || !take_hex(&text, &cursor.mark) || !take(&text, ':') ||
        !take_hex(&text, &cursor.key[0]) || !take_hex(&text, &cursor.key[1]) || !take(&text, ':') ||
        !take_digests(&text, &cursor))
        return -1;
    *out = cursor;
    return 0;
}

struct sp_slice cursor_text(const struct cursor *cursor, struct sp_arena *arena)
{
    char text[CURSOR_TEXT_SIZE];
    int size =
        snprintf(text, sizeof text,
                 "1:%" PRId64 ":%c:%" PRId64 ":%016" PRIx64 ":%016" PRIx64 "%016" PRIx64 ":", cursor->id,
                 cursor->seen ? 'r' : 'f', cursor->back, cursor->mark, cursor->key[0], cursor->key[1]);
    for (size_t i = 0; i < cursor->digest_count; i++)
        size += snprintf(text + size, sizeof text - (size_t)size, "%s%016" PRIx64 "%016" PRIx64, i ? "," : "",
                         cursor->digests[i].low, cursor->digests[i].high);
    return sp_arena_copy(arena, (struct sp_slice){text, (size_t)size});
}

void cursor_add_digest(struct cursor *cursor, struct sp_digest128 digest)
{
    for (size_t i = 0; i < cursor->digest_count; i++)
        if (cursor->digests[i].low == digest.low && cursor->digests[i].high == digest.high)
            return;
    if (cursor->digest_count < CURSOR_DIGESTS)
        cursor->digests[cursor->digest_count++] = digest;
}
