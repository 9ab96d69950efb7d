/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "status.h"

#include <stdio.h>
#include <strings.h>

bool status_is_markup(const struct http_answer *answer)
{
    const char *type = answer->content_type ? answer->content_type : "";
    if (strncasecmp(type, "text/html", 9) == 0 || strncasecmp(type, "application/xhtml", 17) == 0)
        return true;
    for (size_t i = 0; i < answer->head_size; i++)
        if (!strchr(" \t\r\n", answer->head[i]))
            return answer->head[i] == '<';
    return false;
}

/* Servers echo what they were sent.  The start of a secret is enough to hold the whole text back. */
static bool holds(struct sp_slice text, const char *secret)
{
    size_t size = secret ? strlen(secret) : 0;
    if (size > 12)
        size = 12;
    return size >= 3 && text.size && memmem(text.data, text.size, secret, size);
}

static bool holds_secret(const struct scanapi_config *config, struct sp_slice text)
{
    bool held = holds(text, config->bearer);
    for (size_t i = 0; i < config->headers.count; i++)
        held = held || holds(text, config->headers.items[i].value);
    return held;
}

void status_describe(const struct scanapi_config *config, const struct http_answer *answer, char *out,
                     size_t size)
{
    enum { QUOTED = 80 };
    struct sp_slice head = {answer->head, answer->head_size};
    const char *type = answer->content_type ? answer->content_type : "something of no type";
    struct sp_slice type_text = sp_slice_of(type);
    if (holds_secret(config, type_text))
        type = "something";
    if (answer->size == 0) {
        snprintf(out, size, "answered with an empty body");
        return;
    }
    if (holds_secret(config, head)) {
        snprintf(out, size, "answered %.60s, %zu bytes", type, answer->size);
        return;
    }
    char quoted[QUOTED + 1];
    size_t length = head.size < QUOTED ? head.size : QUOTED;
    for (size_t i = 0; i < length; i++)
        quoted[i] = head.data[i] >= ' ' && head.data[i] <= '~' ? head.data[i] : ' ';
    quoted[length] = '\0';
    snprintf(out, size, "answered %.60s, %zu bytes, beginning '%s%s'", type, answer->size, quoted,
             answer->size > length ? "..." : "");
}

static void fail_redirect(const struct http_answer *answer, struct sp_error *err)
{
    const char *where = answer->redirect ? answer->redirect : "";
    (void)sp_fail(err, SP_REFUSED, "the feed answered %ld and sends us to %.*s", answer->status,
                  (int)http_origin(where), where);
    (void)sp_fail_cure(err, "put the right address into url: redirects are not followed, so that the "
                            "token goes nowhere else");
}

static void fail_told(const struct scanapi_config *config, const struct http_answer *answer,
                      enum sp_class class, const char *cure, struct sp_error *err)
{
    char told[256];
    status_describe(config, answer, told, sizeof told);
    (void)sp_fail(err, class, "the feed answered %ld: it %s", answer->status, told);
    if (cure)
        (void)sp_fail_cure(err, "%s", cure);
}

static void fail_client(const struct scanapi_config *config, const struct http_answer *answer,
                        struct sp_error *err)
{
    switch (answer->status) {
    case 401:
    case 403:
        (void)sp_fail(err, SP_REFUSED, "the feed answered %ld: it does not let us in", answer->status);
        (void)sp_fail_cure(err, config->bearer ? "check the token in auth.bearer"
                                               : "set auth.bearer to a token that the feed accepts");
        break;
    case 404:
        fail_told(config, answer, SP_REFUSED, "check url and path", err);
        break;
    case 407:
        (void)sp_fail(err, SP_REFUSED, "the proxy answered 407: it does not let us in");
        (void)sp_fail_cure(err, "check proxy");
        break;
    case 408:
    case 425:
        fail_told(config, answer, SP_UNAVAILABLE, NULL, err);
        break;
    case 410:
        fail_told(config, answer, SP_REFUSED,
                  "the feed no longer keeps what follows the cursor: move the cursor to its oldest event",
                  err);
        break;
    case 429:
        (void)sp_fail(err, SP_THROTTLED, "the feed answered 429: we ask too often");
        break;
    default:
        fail_told(config, answer, SP_REFUSED, "check url, path and the names of the parameters", err);
    }
}

void status_fail(const struct scanapi_config *config, const struct http_answer *answer, struct sp_error *err)
{
    if (answer->status >= 300 && answer->status < 400)
        fail_redirect(answer, err);
    else if (answer->status >= 400 && answer->status < 500)
        fail_client(config, answer, err);
    else
        fail_told(config, answer, SP_UNAVAILABLE, NULL, err);
    if (answer->status == 429 || answer->status == 503)
        err->retry_after_ns = answer->retry_after_ns;
}
