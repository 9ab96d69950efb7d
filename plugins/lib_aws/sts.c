/* SPDX-License-Identifier: Apache-2.0 */
/* AWS Security Token Service: a role for the token of another identity provider, and who one is. */
#include <config.h>

#include "grant.h"
#include "inside.h"
#include "sts_xml.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

enum { TOKEN_MOST = 20000, FORM_SIZE = 3 * TOKEN_MOST + 8192, ARN_SIZE = 2048 };

static const char *const form_type = "Content-Type: application/x-www-form-urlencoded; charset=utf-8";

/* The file is read at every refresh: it is renewed by others. */
static int read_token(const char *path, char out[TOKEN_MOST], struct sp_error *err)
{
    char *data = NULL;
    size_t size = 0;
    int trouble = file_read(path, TOKEN_MOST - 1, &data, &size);
    if (trouble) {
        (void)sp_fail(err, SP_REFUSED, "the web identity's token: %s: %s", path, strerror(trouble));
        return sp_fail_cure(err, "let AWS_WEB_IDENTITY_TOKEN_FILE name a file that this user may read");
    }
    while (size && strchr(" \t\r\n", data[size - 1]))
        size--;
    memcpy(out, data, size);
    out[size] = '\0';
    explicit_bzero(data, size);
    free(data);
    return size && strlen(out) == size
               ? 0
               : sp_fail(err, SP_REFUSED, "the web identity's token: %s: no token", path);
}

static bool write_form(const struct chain_choice *choice, const char *token, char *form, size_t *size_out)
{
    struct text text = text_in(form, FORM_SIZE);
    text_say(&text, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=");
    text_quote(&text, sp_slice_of(choice->role_arn), "");
    text_say(&text, "&RoleSessionName=");
    text_quote(&text, sp_slice_of(choice->session_name ? choice->session_name : "scanpipe"), "");
    text_say(&text, "&WebIdentityToken=");
    text_quote(&text, sp_slice_of(token), "");
    *size_out = text.size;
    return !text.full;
}

static int ask_role(struct aws *aws, struct http *http, struct sp_slice form, const struct grant_source *like,
                    struct grant *out, int64_t deadline, struct sp_error *err)
{
    char url[AWS_ENDPOINT_SIZE + 8], buffer[AWS_ANSWER_SIZE];
    struct http_answer answer;
    struct grant_source source = *like;
    snprintf(url, sizeof url, "%s/", aws->place.sts_endpoint);
    struct http_request request = {.method = "POST",
                                   .url = url,
                                   .headers = &form_type,
                                   .header_count = 1,
                                   .body = form,
                                   .max_bytes = sizeof buffer,
                                   .buffer = buffer};
    if (http_send(http, &request, &answer, deadline, err) != 0) {
        sp_error_context(err, "%s", source.who);
        return -1;
    }
    source.wall_ms = answer.date_wall_ms ? answer.date_wall_ms : aws_wall_ms(aws);
    int rc = answer.status == 200 ? grant_from_xml(answer.body, &source, out, err)
                                  : grant_fail_xml(answer.status, answer.body, &source, err);
    explicit_bzero(buffer, sizeof buffer);
    return rc;
}

int sts_web_identity(struct aws *aws, struct http *http, const struct chain_choice *choice, struct grant *out,
                     int64_t deadline, struct sp_error *err)
{
    char token[TOKEN_MOST], shown[16];
    const char *const secrets[] = {token, NULL};
    struct grant_source source = {.who = "STS", .secrets = secrets};
    struct aws_place place; /* STS has its own in each region */
    size_t size;
    if (aws_place(aws, http, &place, deadline, err) != 0 || read_token(choice->token_file, token, err) != 0)
        return -1;
    char *form = malloc(FORM_SIZE);
    if (!form)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    int rc = write_form(choice, token, form, &size)
                 ? ask_role(aws, http, (struct sp_slice){form, size}, &source, out, deadline, err)
                 : sp_fail(err, SP_REFUSED, "AWS_ROLE_ARN is too long");
    explicit_bzero(form, FORM_SIZE);
    free(form);
    explicit_bzero(token, sizeof token);
    if (rc != 0) {
        if (err->class == SP_REFUSED && !err->cure[0])
            (void)sp_fail_cure(
                err, "look whether the role (%.100s) trusts this identity, and whether its token is renewed",
                choice->role_arn);
        return -1;
    }
    grant_shorten(out->credentials.access_key_id, shown);
    snprintf(out->from, sizeof out->from, "role %.160s by web identity (%s)", choice->role_arn, shown);
    return 0;
}

static enum aws_stale stale_of(struct http *http, const struct http_answer *answer)
{
    (void)http;
    char code[96] = "", message[2048] = "";
    struct sts_field fields[] = {{"ErrorResponse/Error/Code", code, sizeof code, false},
                                 {"ErrorResponse/Error/Message", message, sizeof message, false}};
    if (answer->status == 200 || sts_xml_read(answer->body, fields, 2) != NULL)
        return AWS_FRESH;
    if (strncmp(code, "ExpiredToken", 12) == 0 || !strcmp(code, "InvalidClientTokenId"))
        return AWS_STALE_CREDENTIALS;
    bool of_time = !strcmp(code, "RequestExpired") || strstr(message, "Signature expired") ||
                   strstr(message, "not yet current");
    return of_time ? AWS_STALE_CLOCK : AWS_FRESH;
}

static int read_identity(const struct http_answer *answer, struct sp_arena *arena, const char **arn_out,
                         struct sp_error *err)
{
    char arn[ARN_SIZE] = "";
    struct sts_field field = {"GetCallerIdentityResponse/GetCallerIdentityResult/Arn", arn, sizeof arn,
                              false};
    struct grant_source source = {.who = "STS"};
    if (answer->status != 200)
        return grant_fail_xml(answer->status, answer->body, &source, err);
    const char *fault = sts_xml_read(answer->body, &field, 1);
    if (fault || !field.found)
        return sp_fail(err, SP_UNAVAILABLE, "STS: its answer %s", fault ? fault : "has no Arn");
    *arn_out = sp_arena_text(arena, arn, strlen(arn));
    return 0;
}

int aws_identity(struct aws *aws, struct http *http, struct sp_arena *arena, const char **arn_out,
                 int64_t deadline, struct sp_error *err)
{
    char url[AWS_ENDPOINT_SIZE + 8], buffer[AWS_ANSWER_SIZE];
    struct aws_place place;
    struct http_answer answer;
    if (aws_place(aws, http, &place, deadline, err) != 0)
        return -1;
    snprintf(url, sizeof url, "%s/", aws->place.sts_endpoint);
    struct aws_request request = {.http = {.method = "POST",
                                           .url = url,
                                           .headers = &form_type,
                                           .header_count = 1,
                                           .body = sp_slice_of("Action=GetCallerIdentity&Version=2011-06-15"),
                                           .max_bytes = sizeof buffer,
                                           .buffer = buffer},
                                  .service = "sts",
                                  .stale = stale_of};
    if (aws_send(aws, http, &request, &answer, deadline, err) != 0)
        return -1;
    return read_identity(&answer, arena, arn_out, err);
}
