/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/record_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void json_put_at(json_object **object)
{
    json_object_put(*object);
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

json_object *json_of_holder(const struct holder *holder)
{
    json_object *object = json_object_new_object();
    json_object_object_add(object, "host", json_object_new_string(holder->host));
    json_object_object_add(object, "pid", json_object_new_int64(holder->pid));
    json_object_object_add(object, "boot", json_object_new_string(holder->boot));
    json_object_object_add(object, "namespace", json_object_new_string(holder->namespace));
    return object;
}

json_object *json_of_nonce(uint64_t nonce)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, nonce);
    return json_object_new_string(text);
}
