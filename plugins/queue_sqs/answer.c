/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "answer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MOST INT64_C(0xffffffffffff)

void answer_free(json_object **answer)
{
    json_object_put(*answer);
}

json_object *answer_parse(struct sp_slice body)
{
    if (body.size == 0)
        return json_object_new_object();
    struct json_tokener *tokener = body.size <= INT_MAX ? json_tokener_new() : NULL;
    if (!tokener)
        return NULL;
    json_object *object = json_tokener_parse_ex(tokener, body.data, (int)body.size);
    json_tokener_free(tokener);
    if (object && json_object_is_type(object, json_type_object))
        return object;
    json_object_put(object);
    return NULL;
}

json_object *answer_member(json_object *object, const char *name)
{
    json_object *found = NULL;
    if (json_object_is_type(object, json_type_object))
        json_object_object_get_ex(object, name, &found);
    return found;
}

const char *answer_text(json_object *object, const char *name)
{
    json_object *member = answer_member(object, name);
    return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : "";
}

struct sp_slice answer_bytes(json_object *object, const char *name)
{
    json_object *member = answer_member(object, name);
    if (!json_object_is_type(member, json_type_string))
        return (struct sp_slice){"", 0};
    return (struct sp_slice){json_object_get_string(member), (size_t)json_object_get_string_len(member)};
}

int64_t answer_number(json_object *object, const char *name, int64_t otherwise)
{
    const char *text = answer_text(object, name);
    char *end;
    long long value = strtoll(text, &end, 10);
    return *text && !*end && value >= 0 && value <= NUMBER_MOST ? value : otherwise;
}

json_object *answer_list(json_object *object, const char *name, size_t *count_out)
{
    json_object *items = answer_member(object, name);
    *count_out = json_object_is_type(items, json_type_array) ? json_object_array_length(items) : 0;
    return items;
}

size_t answer_tellable(const char *message)
{
    size_t size = strcspn(message, "\r\n");
    const char *ours = strstr(message, "AWS4-HMAC-SHA256");
    return ours && (size_t)(ours - message) < size ? (size_t)(ours - message) : size;
}

void answer_read_refusal(struct sp_slice body, const char *query_error, struct refusal *out)
{
    *out = (struct refusal){{0}, {0}};
    SP_AUTO(answer_free) json_object *object = answer_parse(body);
    const char *type = answer_text(object, "__type");
    if (!*type && query_error)
        type = query_error;
    code_name(type, out->code);
    const char *message = answer_text(object, "message");
    if (!*message)
        message = answer_text(object, "Message");
    snprintf(out->message, sizeof out->message, "%.*s", (int)answer_tellable(message), message);
}

static bool is_given(const char *text)
{
    return text && *text;
}

static bool is_elsewhere(const struct answer_regions *regions)
{
    return is_given(regions->of_url) && is_given(regions->ours) &&
           strcmp(regions->of_url, regions->ours) != 0;
}

int answer_fail(const char *operation, const struct refusal *refusal, long status,
                const struct answer_regions *regions, struct sp_error *err)
{
    enum sp_class class = code_class(refusal->code, status);
    const char *cure = code_cure(refusal->code);
    if (*refusal->code)
        (void)sp_fail(err, class, "%s: %s%s%s", operation, refusal->code, *refusal->message ? ": " : "",
                      refusal->message);
    else
        (void)sp_fail(err, class, "%s: the server answered %ld, and nothing that SQS would say", operation,
                      status);
    if (class == SP_REFUSED && !code_is_credentials(refusal->code) && is_elsewhere(regions))
        return sp_fail_cure(err, "the url is in %s, and requests are for %s (%s): give `region: %s`",
                            regions->of_url, regions->ours, regions->ours_from ? regions->ours_from : "",
                            regions->of_url);
    return cure ? sp_fail_cure(err, "%s", cure) : -1;
}
