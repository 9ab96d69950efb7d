/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "grant.h"

#include "sts_xml.h"

#include <json-c/json.h>
#include <scanpipe/time.h>
#include <stdio.h>
#include <stdlib.h>

#define MINUTE (60 * SP_SECOND)

enum { CODE_SIZE = 96, MESSAGE_SIZE = 2048 };

static bool is_visible(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

/* "": it is not there. */
static int set_one(char *out, size_t size, const char *value, bool needed, const char *name,
                   struct sp_error *err)
{
    value = value ? value : "";
    if (needed && !*value)
        return sp_fail(err, SP_REFUSED, "the %s is missing", name);
    if (strlen(value) >= size)
        return sp_fail(err, SP_REFUSED, "the %s is too long", name);
    if (!is_visible(value))
        return sp_fail(err, SP_REFUSED, "the %s has a space, a line end or another character that none has",
                       name);
    memcpy(out, value, strlen(value) + 1);
    return 0;
}

int grant_set(const char *access_key_id, const char *secret_access_key, const char *session_token,
              struct grant *out, struct sp_error *err)
{
    struct aws_credentials *to = &out->credentials;
    if (set_one(to->access_key_id, sizeof to->access_key_id, access_key_id, true, "access key id", err) !=
            0 ||
        set_one(to->secret_access_key, sizeof to->secret_access_key, secret_access_key, true,
                "secret access key", err) != 0)
        return -1;
    return set_one(to->session_token, sizeof to->session_token, session_token, false, "session token", err);
}

void grant_shorten(const char *access_key_id, char out[16])
{
    size_t size = strlen(access_key_id);
    if (size >= 16)
        snprintf(out, 16, "%.4s…%s", access_key_id, access_key_id + size - 4);
    else
        snprintf(out, 16, "%.*s…", (int)(size / 4), access_key_id);
}

static int set_life(const char *expiration, const struct grant_source *source, struct grant *out,
                    struct sp_error *err)
{
    static const int64_t epoch = INT64_C(621355968000000000); /* 1970 in ticks */
    int64_t ticks;
    out->lives_ns = 0;
    if (!expiration || !*expiration)
        return 0;
    if (sp_time_parse(sp_slice_of(expiration), &ticks) != NULL)
        return sp_fail(err, SP_UNAVAILABLE, "%s: its Expiration is no time", source->who);
    int64_t left_ms = (ticks - epoch) / 10000 - source->wall_ms;
    if (left_ms > INT64_C(10) * 365 * 24 * 3600 * 1000)
        return 0;
    if (left_ms > 0)
        out->lives_ns = left_ms * SP_MILLISECOND;
    else if (source->extend)
        out->lives_ns = 15 * MINUTE;
    else
        return sp_fail(err, SP_UNAVAILABLE, "%s gave credentials that have expired", source->who);
    return 0;
}

static bool tells_secret(const char *text, const char *const *secrets)
{
    for (; secrets && *secrets; secrets++)
        if (**secrets && strstr(text, *secrets))
            return true;
    return false;
}

static enum sp_class class_of(long status, const char *code)
{
    if (status == 429 || strstr(code, "Throttl") || strstr(code, "TooManyRequests") ||
        !strcmp(code, "SlowDown"))
        return SP_THROTTLED;
    static const char *const away[] = {"IDPCommunicationError", "InternalFailure", "InternalError",
                                       "ServiceUnavailable", "RequestTimeout"};
    for (size_t i = 0; i < sizeof away / sizeof *away; i++)
        if (strncmp(code, away[i], strlen(away[i])) == 0)
            return SP_UNAVAILABLE;
    return status >= 500 || status == 408 ? SP_UNAVAILABLE : SP_REFUSED;
}

int grant_fail(long status, const char *code, const char *message, const struct grant_source *source,
               struct sp_error *err)
{
    bool told = *message && !tells_secret(message, source->secrets) && !tells_secret(code, source->secrets);
    bool named = *code && !tells_secret(code, source->secrets);
    return sp_fail(err, class_of(status, code), "%s answered %ld%s%s%s%s", source->who, status,
                   named ? " " : "", named ? code : "", told ? ": " : "", told ? message : "");
}

int grant_fail_xml(long status, struct sp_slice body, const struct grant_source *source, struct sp_error *err)
{
    char code[CODE_SIZE] = "", message[MESSAGE_SIZE] = "";
    struct sts_field fields[] = {{"ErrorResponse/Error/Code", code, sizeof code, false},
                                 {"ErrorResponse/Error/Message", message, sizeof message, false}};
    if (sts_xml_read(body, fields, 2) != NULL)
        code[0] = message[0] = '\0';
    return grant_fail(status, code, message, source, err);
}

static void put_json(json_object **object)
{
    json_object_put(*object);
}

static json_object *parse(struct sp_slice body)
{
    json_tokener *tokener = json_tokener_new_ex(8);
    if (!tokener)
        return NULL;
    json_object *object = json_tokener_parse_ex(tokener, body.size ? body.data : "", (int)body.size);
    json_tokener_free(tokener);
    if (object && json_object_is_type(object, json_type_object))
        return object;
    json_object_put(object);
    return NULL;
}

/* A text of it without NUL; NULL: there is none. */
static const char *text_of(json_object *object, const char *key)
{
    json_object *value;
    if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
        return NULL;
    const char *text = json_object_get_string(value);
    return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

static int fail_of(json_object *object, long status, const struct grant_source *source, struct sp_error *err)
{
    const char *code = object ? text_of(object, "Code") : NULL;
    const char *message = object ? text_of(object, "Message") : NULL;
    code = code ? code : object ? text_of(object, "code") : NULL;
    message = message ? message : object ? text_of(object, "message") : NULL;
    return grant_fail(status, code ? code : "", message ? message : "", source, err);
}

int grant_fail_json(long status, struct sp_slice body, const struct grant_source *source,
                    struct sp_error *err)
{
    SP_AUTO(put_json) json_object *object = parse(body);
    return fail_of(object, status, source, err);
}

int grant_from_json(struct sp_slice body, const struct grant_source *source, struct grant *out,
                    struct sp_error *err)
{
    SP_AUTO(put_json) json_object *object = parse(body);
    if (!object)
        return sp_fail(err, SP_UNAVAILABLE, "%s answered no JSON", source->who);
    const char *code = text_of(object, "Code");
    if (code && strcmp(code, "Success") != 0)
        return fail_of(object, 200, source, err);
    if (grant_set(text_of(object, "AccessKeyId"), text_of(object, "SecretAccessKey"),
                  text_of(object, "Token"), out, err) != 0) {
        sp_error_context(err, "%s", source->who);
        return -1;
    }
    return set_life(text_of(object, "Expiration"), source, out, err);
}

int grant_from_xml(struct sp_slice body, const struct grant_source *source, struct grant *out,
                   struct sp_error *err)
{
#define CREDENTIALS "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/"
    struct aws_credentials *to = &out->credentials;
    struct aws_credentials read = {.access_key_id = ""};
    char expiration[64] = "";
    struct sts_field fields[] = {
        {CREDENTIALS "AccessKeyId", read.access_key_id, sizeof to->access_key_id, false},
        {CREDENTIALS "SecretAccessKey", read.secret_access_key, sizeof to->secret_access_key, false},
        {CREDENTIALS "SessionToken", read.session_token, sizeof to->session_token, false},
        {CREDENTIALS "Expiration", expiration, sizeof expiration, false}};
    const char *fault = sts_xml_read(body, fields, 4);
    if (fault)
        return sp_fail(err, SP_UNAVAILABLE, "%s: its answer %s", source->who, fault);
    int rc = grant_set(read.access_key_id, read.secret_access_key, read.session_token, out, err);
    explicit_bzero(&read, sizeof read);
    if (rc != 0) {
        sp_error_context(err, "%s", source->who);
        return -1;
    }
    return set_life(expiration, source, out, err);
}
