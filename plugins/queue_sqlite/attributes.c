/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "queue_sqlite.h"

#include <stdlib.h>

/* Each slice is its length, four bytes of this machine's order (a file is read where it was written: the
 * log beside it is not portable either), and its bytes.  Names and values take turns. */

/* What the core's own messages carry; nearly all do, so it costs no bytes. */
static const struct sp_attribute usual = {
    .name = {"scanpipe-format", sizeof "scanpipe-format" - 1},
    .value = {"ndjson", sizeof "ndjson" - 1},
};

static char *put_slice(char *at, struct sp_slice slice)
{
    uint32_t size = (uint32_t)slice.size;
    memcpy(at, &size, sizeof size);
    if (size)
        memcpy(at + sizeof size, slice.data, size);
    return at + sizeof size + size;
}

size_t attributes_encode(const struct sp_message *message, char **blob_out)
{
    const struct sp_attribute *attributes = message->attributes;
    *blob_out = NULL;
    if (message->attribute_count == 1 && sp_slice_equal(attributes[0].name, usual.name) &&
        sp_slice_equal(attributes[0].value, usual.value))
        return 0;
    size_t size = 0;
    for (size_t i = 0; i < message->attribute_count; i++) {
        if (attributes[i].name.size > UINT32_MAX || attributes[i].value.size > UINT32_MAX)
            return ATTRIBUTES_FAILED;
        size += 2 * sizeof(uint32_t) + attributes[i].name.size + attributes[i].value.size;
    }
    char *at = *blob_out = malloc(size + 1);
    if (!at)
        return ATTRIBUTES_FAILED;
    for (size_t i = 0; i < message->attribute_count; i++)
        at = put_slice(put_slice(at, attributes[i].name), attributes[i].value);
    return size;
}

static bool take_slice(struct sp_slice *rest, struct sp_slice *out)
{
    uint32_t size;
    if (rest->size < sizeof size)
        return false;
    memcpy(&size, rest->data, sizeof size);
    if (rest->size - sizeof size < size)
        return false;
    *out = (struct sp_slice){rest->data + sizeof size, size};
    *rest = (struct sp_slice){rest->data + sizeof size + size, rest->size - sizeof size - size};
    return true;
}

bool attributes_next(struct sp_slice *rest, struct sp_attribute *out)
{
    return take_slice(rest, &out->name) && take_slice(rest, &out->value);
}

bool attributes_decode(struct sp_slice blob, struct sp_arena *arena, struct sp_received *received)
{
    if (!blob.data) {
        received->attributes = &usual;
        received->attribute_count = 1;
        return true;
    }
    struct sp_slice rest = sp_arena_copy(arena, blob);
    struct sp_attribute *attributes =
        sp_arena_alloc(arena, (blob.size / (2 * sizeof(uint32_t)) + 1) * sizeof *attributes);
    size_t count = 0;
    while (rest.size) {
        if (!attributes_next(&rest, &attributes[count]))
            return false;
        count++;
    }
    received->attributes = attributes;
    received->attribute_count = count;
    return true;
}
