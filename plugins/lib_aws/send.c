/* SPDX-License-Identifier: Apache-2.0 */
/* A request, signed as it leaves. */
#include <config.h>

#include "inside.h"

#include <stdlib.h>

enum { MOST_HEADERS = 24 };

/* One go, and what it was signed with. */
struct go {
    struct aws_credentials credentials;
    struct signature signature;
    int64_t clock_offset_ms;
};

static int sign_it(struct aws *aws, const struct aws_request *request, struct go *go, struct sp_error *err)
{
    const struct aws_credentials *who = &go->credentials;
    go->clock_offset_ms = atomic_load(&aws->clock_offset_ms);
    struct sign_request to_sign = {.method = request->http.method,
                                   .url = request->http.url,
                                   .headers = request->http.headers,
                                   .header_count = request->http.header_count,
                                   .body = request->http.body,
                                   .wall_ms = sp_clock_wall_ms() + go->clock_offset_ms,
                                   .region = request->region ? request->region : aws->place.region,
                                   .service = request->service ? request->service : aws->settings.service,
                                   .access_key_id = who->access_key_id,
                                   .secret_access_key = who->secret_access_key,
                                   .session_token = who->session_token};
    struct sign_key key;
    bool own = !request->service && !request->region; /* the key that is kept is for these */
    pthread_mutex_lock(&aws->lock);
    key = aws->key;
    pthread_mutex_unlock(&aws->lock);
    int rc = sign(&to_sign, &key, &go->signature, err);
    pthread_mutex_lock(&aws->lock);
    if (rc == 0 && own)
        aws->key = key;
    pthread_mutex_unlock(&aws->lock);
    explicit_bzero(&key, sizeof key);
    return rc;
}

static int send_it(struct http *http, const struct aws_request *request, const struct go *go,
                   struct http_answer *out, int64_t deadline, struct sp_error *err)
{
    const char *headers[MOST_HEADERS + SIGN_HEADERS];
    struct http_request signed_request = request->http;
    size_t count = request->http.header_count;
    if (count > MOST_HEADERS)
        return sp_fail(err, SP_REFUSED, "a request has too many headers");
    if (count)
        memcpy(headers, request->http.headers, count * sizeof *headers);
    signed_request.headers = headers;
    signed_request.header_count = count + sign_headers(&go->signature, headers + count);
    return http_send(http, &signed_request, out, deadline, err);
}

/* By a minute: all that its signature says of the time is finer. */
static bool has_moved(int64_t from, int64_t to)
{
    return to - from > 60000 || from - to > 60000;
}

/* Whether something was learnt of the refusal, so that it is worth another go.  -1: it cannot be. */
static int learn(struct aws *aws, struct http *http, enum aws_stale stale, const struct http_answer *answer,
                 struct go *go, bool *again, int64_t deadline, struct sp_error *err)
{
    uint64_t edition = go->credentials.edition;
    *again = false;
    if (stale == AWS_STALE_CLOCK) {
        (void)aws_learn_clock(aws, answer->date_wall_ms);
        *again = has_moved(go->clock_offset_ms, atomic_load(&aws->clock_offset_ms));
        return 0;
    }
    if (aws_credentials(aws, http, edition, &go->credentials, deadline, err) != 0)
        return -1;
    *again = go->credentials.edition != edition;
    return 0;
}

static int go_on(struct aws *aws, struct http *http, const struct aws_request *request, struct go *go,
                 struct http_answer *out, int64_t deadline, struct sp_error *err)
{
    bool again;
    if (sign_it(aws, request, go, err) != 0 || send_it(http, request, go, out, deadline, err) != 0)
        return -1;
    enum aws_stale stale = request->stale ? request->stale(http, out) : AWS_FRESH;
    if (stale == AWS_FRESH)
        return 0;
    if (learn(aws, http, stale, out, go, &again, deadline, err) != 0) {
        out->sent = false; /* it was refused, so it was not done */
        return -1;
    }
    if (!again)
        return 0;
    return sign_it(aws, request, go, err) == 0 ? send_it(http, request, go, out, deadline, err) : -1;
}

int aws_send(struct aws *aws, struct http *http, const struct aws_request *request, struct http_answer *out,
             int64_t deadline, struct sp_error *err)
{
    struct go go;
    struct aws_place place;
    *out = (struct http_answer){.status = 0};
    if (aws_place(aws, http, &place, deadline, err) != 0 ||
        aws_credentials(aws, http, 0, &go.credentials, deadline, err) != 0)
        return -1;
    int rc = go_on(aws, http, request, &go, out, deadline, err);
    explicit_bzero(&go, sizeof go);
    return rc;
}
