/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/buffer.h"
#include "engine/record.h"
#include "engine/record_json.h"

#include <inttypes.h>
#include <openssl/evp.h>

static bool decode_cursor(const char *text, struct sp_arena *arena, struct sp_slice *out)
{
    size_t size = strlen(text);
    unsigned char *bytes = sp_arena_alloc(arena, size + 1);
    int decoded = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)size);
    if (decoded < 0)
        return false;
    /* EVP_DecodeBlock counts the padding as bytes. */
    for (size_t i = size; i > 0 && text[i - 1] == '='; i--)
        decoded--;
    *out = (struct sp_slice){(char *)bytes, (size_t)decoded};
    return true;
}

int record_parse(struct sp_slice value, struct sp_arena *arena, struct record *out, struct sp_error *err)
{
    struct record record = {0};
    if (value.size == 0) {
        *out = record;
        return 0;
    }
    SP_AUTO(json_put_at) json_object *root = json_parse(sp_arena_text(arena, value.data, value.size));
    if (!json_object_is_type(root, json_type_object) ||
        !decode_cursor(json_text_in(root, "cursor"), arena, &record.cursor)) {
        sp_fail(err, SP_REFUSED, "the state's record 'poller' is not one that scanpipe wrote");
        return sp_fail_cure(err, "restore it, or remove it to read the source from its start");
    }
    record.held = json_take_holder(root, &record.holder);
    const char *at = json_text_in(root, "at"), *queue = json_text_in(root, "queue");
    record.moved = json_flag_in(root, "moved");
    record.token = json_number_in(root, "token");
    record.nonce = json_nonce_in(root, "nonce");
    record.at = *at ? sp_arena_text(arena, at, strlen(at)) : NULL;
    record.queue = *queue ? sp_arena_text(arena, queue, strlen(queue)) : NULL;
    *out = record;
    return 0;
}

struct sp_slice record_format(const struct record *record, struct sp_arena *arena)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    buffer_add_text(&text, "{\"at\":");
    if (record->at)
        buffer_add_json(&text, sp_slice_of(record->at));
    else
        buffer_add_text(&text, "null");
    buffer_add_text(&text, ",\"cursor\":\"");
    buffer_add_base64(&text, record->cursor);
    buffer_add_char(&text, '"');
    if (record->queue) {
        buffer_add_text(&text, ",\"queue\":");
        buffer_add_json(&text, sp_slice_of(record->queue));
    }
    if (record->moved)
        buffer_add_text(&text, ",\"moved\":true");
    buffer_printf(&text, ",\"token\":%" PRId64 ",\"nonce\":", record->token);
    json_add_nonce(&text, record->nonce);
    buffer_add_text(&text, ",\"holder\":");
    json_add_holder(&text, record->held ? &record->holder : NULL);
    buffer_add_char(&text, '}');
    return sp_arena_copy(arena, (struct sp_slice){text.data, text.size});
}
