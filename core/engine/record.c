/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/buffer.h"
#include "engine/record.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static void put_json(json_object **object)
{
    json_object_put(*object);
}

static const char *text_in(json_object *object, const char *key)
{
    json_object *value;
    if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
        return "";
    return json_object_get_string(value);
}

static int64_t number_in(json_object *object, const char *key)
{
    json_object *value;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : 0;
}

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
    SP_AUTO(put_json) json_object *root = json_tokener_parse(sp_arena_text(arena, value.data, value.size));
    json_object *holder;
    if (!json_object_is_type(root, json_type_object) ||
        !decode_cursor(text_in(root, "cursor"), arena, &record.cursor)) {
        sp_fail(err, SP_REFUSED, "the state's record 'poller' is not one that scanpipe wrote");
        return sp_fail_cure(err, "restore it, or remove it to read the source from its start");
    }
    record.held =
        json_object_object_get_ex(root, "holder", &holder) && json_object_is_type(holder, json_type_object);
    if (record.held) {
        snprintf(record.holder.boot, sizeof record.holder.boot, "%s", text_in(holder, "boot"));
        snprintf(record.holder.namespace, sizeof record.holder.namespace, "%s", text_in(holder, "namespace"));
        snprintf(record.holder.host, sizeof record.holder.host, "%s", text_in(holder, "host"));
        record.holder.pid = number_in(holder, "pid");
    }
    const char *at = text_in(root, "at"), *nonce = text_in(root, "nonce");
    record.token = number_in(root, "token");
    record.nonce = strtoull(nonce, NULL, 16);
    record.at = *at ? sp_arena_text(arena, at, strlen(at)) : NULL;
    *out = record;
    return 0;
}

static json_object *holder_json(const struct holder *holder)
{
    json_object *object = json_object_new_object();
    json_object_object_add(object, "host", json_object_new_string(holder->host));
    json_object_object_add(object, "pid", json_object_new_int64(holder->pid));
    json_object_object_add(object, "boot", json_object_new_string(holder->boot));
    json_object_object_add(object, "namespace", json_object_new_string(holder->namespace));
    return object;
}

struct sp_slice record_format(const struct record *record, struct sp_arena *arena)
{
    char nonce[17];
    SP_AUTO(buffer_fini) struct buffer cursor = {0};
    buffer_add_base64(&cursor, record->cursor);
    snprintf(nonce, sizeof nonce, "%016" PRIx64, record->nonce);
    SP_AUTO(put_json) json_object *root = json_object_new_object();
    json_object_object_add(root, "at", record->at ? json_object_new_string(record->at) : NULL);
    json_object_object_add(root, "cursor", json_object_new_string(buffer_text(&cursor)));
    json_object_object_add(root, "token", json_object_new_int64(record->token));
    json_object_object_add(root, "nonce", json_object_new_string(nonce));
    json_object_object_add(root, "holder", record->held ? holder_json(&record->holder) : NULL);
    const char *text =
        json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    return sp_arena_copy(arena, sp_slice_of(text));
}
