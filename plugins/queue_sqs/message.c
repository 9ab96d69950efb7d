/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "message.h"

#include "md5.h"
#include "receipt.h"

static void read_attributes(json_object *item, struct sp_arena *arena, struct sp_received *out)
{
    json_object *all = answer_member(item, "MessageAttributes");
    if (!json_object_is_type(all, json_type_object) || json_object_object_length(all) == 0)
        return;
    size_t most = (size_t)json_object_object_length(all);
    struct sp_attribute *attributes = sp_arena_alloc(arena, most * sizeof *attributes);
    json_object_object_foreach(all, name, value)
    {
        if (!json_object_is_type(answer_member(value, "StringValue"), json_type_string))
            continue; /* bytes: nothing of ours */
        struct sp_slice bytes = answer_bytes(value, "StringValue");
        attributes[out->attribute_count++] =
            (struct sp_attribute){sp_arena_copy(arena, sp_slice_of(name)), sp_arena_copy(arena, bytes)};
    }
    out->attributes = attributes;
}

static bool read(json_object *item, int64_t asked_at, int64_t lease_ns, struct sp_arena *arena,
                 struct sp_received *out)
{
    json_object *attributes = answer_member(item, "Attributes");
    const char *handle = answer_text(item, "ReceiptHandle");
    struct sp_slice bytes = answer_bytes(item, "Body");
    if (!*handle || !md5_fits(bytes, answer_text(item, "MD5OfBody")))
        return false;
    struct receipt receipt = {asked_at, answer_number(attributes, "SentTimestamp", 0), sp_slice_of(handle)};
    *out = (struct sp_received){
        .body = sp_arena_copy(arena, bytes),
        .receipt = receipt_format(&receipt, arena),
        .lease_end = asked_at + lease_ns,
        .sent_wall_ms = receipt.sent_wall_ms,
        .received_before = answer_number(attributes, "ApproximateReceiveCount", 0) > 1,
    };
    read_attributes(item, arena, out);
    return true;
}

size_t message_read_all(json_object *answer, int64_t asked_at, int64_t lease_ns, struct sp_arena *arena,
                        struct sp_received **out, size_t *spoilt_out)
{
    size_t many, count = 0;
    json_object *items = answer_list(answer, "Messages", &many);
    *out = many ? sp_arena_alloc(arena, many * sizeof **out) : NULL;
    for (size_t i = 0; i < many; i++)
        if (read(json_object_array_get_idx(items, i), asked_at, lease_ns, arena, &(*out)[count]))
            count++;
    *spoilt_out = many - count;
    return count;
}
