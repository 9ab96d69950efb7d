/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/record_json.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void json_put_at(json_object **object)
{
    json_object_put(*object);
}

/* It fails without a reason where there is no memory; `null` is no object, and no failure. */
json_object *json_parse(const char *text)
{
    enum json_tokener_error why = json_tokener_success;
    json_object *object = json_tokener_parse_verbose(text, &why);
    if (!object && why == json_tokener_success && strncmp(text + strspn(text, " \t\r\n"), "null", 4) != 0)
        mem_exhausted();
    return object;
}

const char *json_text_in(json_object *object, const char *key)
{
    json_object *value;
    if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
        return "";
    return json_object_get_string(value);
}

int64_t json_number_in(json_object *object, const char *key)
{
    json_object *value;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : 0;
}

uint64_t json_nonce_in(json_object *object, const char *key)
{
    return strtoull(json_text_in(object, key), NULL, 16);
}

bool json_flag_in(json_object *object, const char *key)
{
    json_object *value;
    return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

bool json_take_holder(json_object *object, struct holder *out)
{
    json_object *holder;
    if (!json_object_object_get_ex(object, "holder", &holder) ||
        !json_object_is_type(holder, json_type_object))
        return false;
    *out = (struct holder){.pid = json_number_in(holder, "pid")};
    snprintf(out->boot, sizeof out->boot, "%s", json_text_in(holder, "boot"));
    snprintf(out->namespace, sizeof out->namespace, "%s", json_text_in(holder, "namespace"));
    snprintf(out->host, sizeof out->host, "%s", json_text_in(holder, "host"));
    return true;
}

static void add_text(struct buffer *out, const char *text)
{
    buffer_add_json(out, sp_slice_of(text));
}

void json_add_nonce(struct buffer *out, uint64_t nonce)
{
    buffer_printf(out, "\"%016" PRIx64 "\"", nonce);
}

void json_add_holder(struct buffer *out, const struct holder *holder)
{
    if (!holder) {
        buffer_add_text(out, "null");
        return;
    }
    buffer_add_text(out, "{\"host\":");
    add_text(out, holder->host);
    buffer_printf(out, ",\"pid\":%" PRId64 ",\"boot\":", holder->pid);
    add_text(out, holder->boot);
    buffer_add_text(out, ",\"namespace\":");
    add_text(out, holder->namespace);
    buffer_add_char(out, '}');
}
