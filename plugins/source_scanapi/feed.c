/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "feed.h"

#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct feed {
    const struct scanapi_config *config;
    struct http_settings settings;
    struct http *http;
    char **headers;
    size_t header_count;
    struct http_answer answer; /* the last one */
    char description[256];
};

static int add_header(struct feed *feed, const char *name, const char *value)
{
    if (asprintf(&feed->headers[feed->header_count], "%s: %s", name, value) < 0)
        return -1;
    feed->header_count++;
    return 0;
}

static int make_headers(struct feed *feed)
{
    const struct scanapi_config *config = feed->config;
    feed->headers = calloc(config->headers.count + 2, sizeof *feed->headers);
    if (!feed->headers || add_header(feed, "Accept", "application/json") != 0)
        return -1;
    for (size_t i = 0; i < config->headers.count; i++) {
        const struct sp_pair *pair = &config->headers.items[i];
        if (add_header(feed, pair->key, pair->value ? pair->value : "") != 0)
            return -1;
    }
    if (!config->bearer || !*config->bearer)
        return 0;
    char *bearer;
    if (asprintf(&bearer, "Bearer %s", config->bearer) < 0)
        return -1;
    int rc = add_header(feed, "Authorization", bearer);
    free(bearer);
    return rc;
}

int feed_new(const struct scanapi_config *config, struct feed **out, struct sp_error *err)
{
    struct feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    feed->config = config;
    feed->settings = (struct http_settings){.tls_ca = config->tls_ca,
                                            .proxy = config->proxy,
                                            .user_agent = config->user_agent,
                                            .connect_timeout_ns = config->connect_timeout,
                                            .timeout_ns = config->timeout,
                                            .compression = config->compression};
    if (make_headers(feed) != 0)
        (void)sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    else if (http_new(&feed->settings, &feed->http, err) == 0) {
        *out = feed;
        return 0;
    }
    feed_free(feed);
    return -1;
}

void feed_free(struct feed *feed)
{
    if (!feed)
        return;
    http_free(feed->http);
    for (size_t i = 0; i < feed->header_count; i++)
        free(feed->headers[i]);
    free(feed->headers);
    free(feed);
}

void feed_interrupt(struct feed *feed)
{
    http_interrupt(feed->http);
}

static char *make_url(const struct scanapi_config *config, int64_t from, int64_t limit)
{
    size_t base = strlen(config->url);
    while (base && config->url[base - 1] == '/')
        base--;
    char *url;
    if (asprintf(&url, "%.*s%s%c%s=%" PRId64 "&%s=%" PRId64, (int)base, config->url, config->path,
                 strchr(config->path, '?') ? '&' : '?', config->from_parameter, from, config->limit_parameter,
                 limit) < 0)
        return NULL;
    return url;
}

const char *feed_describe(struct feed *feed)
{
    status_describe(feed->config, &feed->answer, feed->description, sizeof feed->description);
    return feed->description;
}

enum feed_outcome feed_get(struct feed *feed, int64_t from, int64_t limit, struct sp_arena *arena,
                           struct feed_answer *out, int64_t deadline, struct sp_error *err)
{
    const struct scanapi_config *config = feed->config;
    struct http_answer *answer = &feed->answer;
    char *url = make_url(config, from, limit);
    if (!url) {
        (void)sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
        return FEED_FAILED;
    }
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .headers = (const char *const *)feed->headers,
                                   .header_count = feed->header_count,
                                   .max_bytes = (size_t)config->max_page_bytes,
                                   .arena = arena};
    int rc = http_send(feed->http, &request, answer, deadline, err);
    free(url);
    if (rc != 0)
        return FEED_FAILED;
    if (answer->status != 200) {
        status_fail(config, answer, err);
        return FEED_FAILED;
    }
    if (answer->too_large) {
        (void)sp_fail(err, SP_REFUSED, "a page is larger than %" PRId64 " bytes", config->max_page_bytes);
        (void)sp_fail_cure(err, "raise max_page_bytes, or lower page_size");
        return FEED_TOO_LARGE;
    }
    *out = (struct feed_answer){answer->body, status_is_markup(answer)};
    return FEED_PAGE;
}
