/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "status.h"

#include <stdio.h>
#include <strings.h>

/* Nobody means a pause of more than a day. */
#define LONGEST_PAUSE 86400

bool status_is_markup(const struct status_answer *answer)
{
    const char *type = answer->content_type ? answer->content_type : "";
    if (strncasecmp(type, "text/html", 9) == 0 || strncasecmp(type, "application/xhtml", 17) == 0)
        return true;
    for (size_t i = 0; i < answer->head.size; i++)
        if (!strchr(" \t\r\n", answer->head.data[i]))
            return answer->head.data[i] == '<';
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

void status_describe(const struct scanapi_config *config, const struct status_answer *answer, char *out,
                     size_t size)
{
    enum { QUOTED = 80 };
    struct sp_slice head = answer->head;
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

/* "https://host:port" of an address, without what may be a secret. */
static int origin_size(const char *url)
{
    const char *host = strstr(url, "://");
    if (!host)
        return 0;
    host += 3;
    size_t authority = strcspn(host, "/?#");
    return memchr(host, '@', authority) ? 0 : (int)(host - url) + (int)authority;
}

static void fail_redirect(const struct status_answer *answer, struct sp_error *err)
{
    const char *where = answer->redirect ? answer->redirect : "";
    (void)sp_fail(err, SP_REFUSED, "the feed answered %ld and sends us to %.*s", answer->status,
                  origin_size(where), where);
    (void)sp_fail_cure(err, "put the right address into url: redirects are not followed, so that the "
                            "token goes nowhere else");
}

static void fail_told(const struct scanapi_config *config, const struct status_answer *answer,
                      enum sp_class class, const char *cure, struct sp_error *err)
{
    char told[256];
    status_describe(config, answer, told, sizeof told);
    (void)sp_fail(err, class, "the feed answered %ld: it %s", answer->status, told);
    if (cure)
        (void)sp_fail_cure(err, "%s", cure);
}

static void fail_client(const struct scanapi_config *config, const struct status_answer *answer,
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

void status_fail(const struct scanapi_config *config, const struct status_answer *answer,
                 struct sp_error *err)
{
    if (answer->status >= 300 && answer->status < 400)
        fail_redirect(answer, err);
    else if (answer->status >= 400 && answer->status < 500)
        fail_client(config, answer, err);
    else
        fail_told(config, answer, SP_UNAVAILABLE, NULL, err);
    int64_t pause = answer->retry_after < LONGEST_PAUSE ? answer->retry_after : LONGEST_PAUSE;
    if (pause > 0 && (answer->status == 429 || answer->status == 503))
        err->retry_after_ns = pause * SP_SECOND;
}

static const char *refusal_cure(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return "check the server's certificate; tls.ca names the certificates to trust";
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CRL_BADFILE:
        return "check the file in tls.ca";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "check url, path and proxy";
    default:
        return NULL;
    }
}

void status_fail_transfer(const struct scanapi_config *config, CURLcode code, const char *detail,
                          const struct status_answer *answer, struct sp_error *err)
{
    const char *cure = refusal_cure(code);
    int size = origin_size(config->url);
    (void)sp_fail(err, cure ? SP_REFUSED : SP_UNAVAILABLE, "%.*s: %s%s", size, config->url,
                  *detail ? detail : curl_easy_strerror(code),
                  answer->size && !cure ? " (the answer had begun)" : "");
    if (cure)
        (void)sp_fail_cure(err, "%s", cure);
}
