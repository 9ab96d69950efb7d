/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "routes.h"

#include "dice.h"
#include "options.h"
#include "server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define FEED_PATH     "/v1/scans/scanevents"
#define LIMIT_DEFAULT 100

static const char html[] =
    "<!DOCTYPE html>\n<html><head><title>Please wait</title></head>\n"
    "<body><h1>We will be right back</h1><p>The service is being maintained.</p></body></html>\n";

void routes_init(struct routes *routes, const struct feed *feed, const struct settings *settings, int64_t now)
{
    *routes = (struct routes){.feed = feed, .seed = settings->feed.seed, .settings = *settings};
    pthread_mutex_init(&routes->lock, NULL);
    routes->faults = (struct faults){.options = settings->faults, .seed = dice_mix(~settings->feed.seed)};
    routes->stats.started = now;
}

void routes_fini(struct routes *routes)
{
    pthread_mutex_destroy(&routes->lock);
}

void routes_scratch_fini(struct routes_scratch *scratch)
{
    page_maker_fini(&scratch->maker);
    text_fini(&scratch->body);
}

static uint64_t visible_at(const struct routes *routes, int64_t now)
{
    const struct run_options *run = &routes->settings.run;
    if (run->live <= 0)
        return routes->feed->count;
    double visible = (double)run->live_from + (double)(now - routes->stats.started) / 1e9 * run->live;
    return visible < (double)routes->feed->count ? (uint64_t)visible : routes->feed->count;
}

static int reply_error(struct http_connection *connection, const struct http_request *request, int status,
                       const char *headers, const char *message)
{
    char body[OPTIONS_MESSAGE_SIZE + 32];
    int length = snprintf(body, sizeof body, "{\"error\":\"");
    for (; *message; message++)
        body[length++] = *message < ' ' || *message == '"' || *message == '\\' ? '?' : *message;
    length += snprintf(body + length, sizeof body - (size_t)length, "\"}\n");
    struct http_reply reply = {.status = status,
                               .type = "application/json",
                               .headers = headers,
                               .body = body,
                               .length = (size_t)length};
    return http_write(connection, request, &reply);
}

static int reply_text(struct http_connection *connection, const struct http_request *request,
                      const struct text *body)
{
    struct http_reply reply = {.status = 200,
                               .type = "application/json",
                               .body = body->data,
                               .length = body->length};
    return http_write(connection, request, &reply);
}

/* 0 where the parameter is missing or right. */
static int number_parameter(const struct http_request *request, const char *name, int64_t *number)
{
    char room[32];
    const char *text = http_parameter(request, name, room, sizeof room);
    if (!text)
        return 0;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end)
        return -1;
    *number = value;
    return 0;
}

static int page_request_parse(const struct http_request *request, const struct page_options *options,
                              struct page_request *out)
{
    int64_t from = 1, limit = LIMIT_DEFAULT;
    if (number_parameter(request, "FromEventId", &from) < 0 ||
        number_parameter(request, "Limit", &limit) < 0 || limit < 1)
        return -1;
    out->from = from;
    out->limit = (uint64_t)limit < options->max_limit ? (uint64_t)limit : options->max_limit;
    return 0;
}

/* All that one request for a page needs to know, taken under the lock once. */
struct turn {
    struct wire_options wire;
    struct page_options page;
    struct page_request asked;
    bool asked_well;
    bool authorised;
    bool log;
    enum fault fault;
    uint64_t chance;
};

static bool is_authorised(const struct http_request *request, const char *token)
{
    return !*token ||
           (!strncmp(request->authorization, "Bearer ", 7) && !strcmp(request->authorization + 7, token));
}

static void turn_begin(struct routes *routes, const struct http_request *request, struct turn *turn)
{
    int64_t now = server_now();
    pthread_mutex_lock(&routes->lock);
    stats_request(&routes->stats, now);
    turn->wire = routes->settings.wire;
    turn->page = routes->settings.page;
    turn->log = routes->settings.run.log;
    turn->asked.visible = visible_at(routes, now);
    turn->asked_well = page_request_parse(request, &turn->page, &turn->asked) == 0;
    turn->authorised = is_authorised(request, turn->wire.auth);
    turn->fault = faults_next(&routes->faults, now, &turn->chance);
    routes->stats.faults[turn->fault]++;
    bool refused = turn->fault == FAULT_NONE || turn->fault == FAULT_CUT;
    if (refused && !turn->authorised)
        routes->stats.unauthorised++;
    else if (refused && !turn->asked_well)
        routes->stats.bad_requests++;
    pthread_mutex_unlock(&routes->lock);
}

static void turn_log(const struct turn *turn, const struct page_facts *facts, size_t length)
{
    if (turn->log)
        fprintf(stderr,
                "scanapi-sim: from %" PRId64 " limit %" PRIu64 ": %s, %" PRIu64 " elements, %zu bytes\n",
                turn->asked.from, turn->asked.limit, fault_name(turn->fault), facts->elements, length);
}

static int reply_busy(struct http_connection *connection, const struct http_request *request,
                      const struct turn *turn)
{
    char header[128] = "";
    if (turn->wire.retry_after != RETRY_AFTER_NONE && turn->wire.retry_after_date) {
        time_t when = time(NULL) + (time_t)turn->wire.retry_after;
        struct tm parts;
        strftime(header, sizeof header, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n",
                 gmtime_r(&when, &parts));
    } else if (turn->wire.retry_after != RETRY_AFTER_NONE) {
        snprintf(header, sizeof header, "Retry-After: %" PRIu64 "\r\n", turn->wire.retry_after);
    }
    int status = turn->fault == FAULT_429 ? 429 : 503;
    return reply_error(connection, request, status, header, status == 429 ? "too many requests" : "not now");
}

static int reply_fault(struct http_connection *connection, const struct http_request *request,
                       const struct turn *turn)
{
    struct http_reply page = {.status = 200,
                              .type = "text/html; charset=utf-8",
                              .body = html,
                              .length = sizeof html - 1};
    if (turn->fault == FAULT_HTML)
        return http_write(connection, request, &page);
    if (turn->fault == FAULT_401)
        return reply_error(connection, request, 401, "WWW-Authenticate: Bearer\r\n", "unauthorised");
    if (turn->fault != FAULT_RESET)
        return reply_busy(connection, request, turn);
    http_reset(connection);
    return -1;
}

static void cut_choose(const struct turn *turn, struct http_reply *reply)
{
    uint64_t chance = turn->chance;
    if (turn->fault == FAULT_CUT)
        reply->cut = HTTP_CUT_LENGTH + chance % (HTTP_CUT_BODY - HTTP_CUT_LENGTH + 1);
    else if (turn->fault == FAULT_RESET)
        reply->cut = HTTP_CUT_RESET;
    reply->cut_at = 1 + dice_below(dice_mix(chance), reply->length - 1);
}

static int reply_page(struct routes *routes, struct routes_scratch *scratch,
                      struct http_connection *connection, const struct http_request *request,
                      const struct turn *turn)
{
    struct page_facts facts;
    scratch->maker.feed = routes->feed;
    scratch->maker.seed = routes->seed;
    scratch->maker.options = turn->page;
    scratch->body.length = 0;
    page_make(&scratch->maker, &turn->asked, &scratch->body, &facts);
    turn_log(turn, &facts, scratch->body.length);
    if (turn->fault == FAULT_NONE) {
        pthread_mutex_lock(&routes->lock);
        stats_page(&routes->stats, &turn->asked, &facts, scratch->body.length, server_now());
        pthread_mutex_unlock(&routes->lock);
    }
    struct http_reply reply = {.status = 200,
                               .type = "application/json; charset=utf-8",
                               .body = scratch->body.data,
                               .length = scratch->body.length,
                               .gzip = turn->wire.gzip,
                               .chunked = turn->wire.chunked,
                               .slow = turn->wire.slow};
    cut_choose(turn, &reply);
    return http_write(connection, request, &reply);
}

static int answer_feed(struct routes *routes, struct routes_scratch *scratch,
                       struct http_connection *connection, const struct http_request *request)
{
    struct turn turn;
    turn_begin(routes, request, &turn);
    uint64_t more = turn.wire.latency ? dice_below(dice_mix(~turn.chance), turn.wire.latency + 1) : 0;
    http_pause(&routes->stop, turn.wire.delay + more);
    /* Half of the resets come in the middle of a page that would have been there. */
    bool page =
        turn.fault == FAULT_NONE || turn.fault == FAULT_CUT || (turn.fault == FAULT_RESET && turn.chance & 1);
    if (page && turn.authorised && turn.asked_well)
        return reply_page(routes, scratch, connection, request, &turn);
    turn_log(&turn, &(struct page_facts){0}, 0);
    if (turn.fault != FAULT_NONE && turn.fault != FAULT_CUT)
        return reply_fault(connection, request, &turn);
    if (!turn.authorised)
        return reply_error(connection, request, 401, "WWW-Authenticate: Bearer\r\n", "unauthorised");
    return reply_error(connection, request, 400, NULL,
                       "FromEventId and Limit must be whole numbers, Limit over 0");
}

static int answer_stats(struct routes *routes, struct routes_scratch *scratch,
                        struct http_connection *connection, const struct http_request *request)
{
    int64_t now = server_now();
    scratch->body.length = 0;
    pthread_mutex_lock(&routes->lock);
    stats_write(&routes->stats, visible_at(routes, now), now, &scratch->body);
    pthread_mutex_unlock(&routes->lock);
    return reply_text(connection, request, &scratch->body);
}

/* All or nothing: the settings change when every parameter is right. */
static int set_all(struct routes *routes, char *query, char message[OPTIONS_MESSAGE_SIZE])
{
    char *name, *value;
    pthread_mutex_lock(&routes->lock);
    struct settings changed = routes->settings;
    changed.faults = routes->faults.options;
    int outcome = 0;
    while (outcome == 0 && http_next_parameter(&query, &name, &value))
        outcome = options_set_live(&changed, name, value, server_now(), message);
    if (outcome == 0) {
        routes->settings = changed;
        routes->faults.options = changed.faults;
    }
    pthread_mutex_unlock(&routes->lock);
    return outcome;
}

static int answer_set(struct routes *routes, struct routes_scratch *scratch,
                      struct http_connection *connection, struct http_request *request)
{
    char message[OPTIONS_MESSAGE_SIZE];
    if (set_all(routes, request->query, message) < 0)
        return reply_error(connection, request, 400, NULL, message);
    scratch->body.length = 0;
    text_literal(&scratch->body, "{\"set\":true}\n");
    return reply_text(connection, request, &scratch->body);
}

static bool ends_with(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);
    return length >= tail && !strcmp(path + length - tail, end);
}

int routes_answer(struct routes *routes, struct routes_scratch *scratch, struct http_connection *connection,
                  struct http_request *request)
{
    bool get = !strcmp(request->method, "GET");
    bool post = !strcmp(request->method, "POST");
    if (get && ends_with(request->path, FEED_PATH))
        return answer_feed(routes, scratch, connection, request);
    if (get && ends_with(request->path, "/_sim/stats"))
        return answer_stats(routes, scratch, connection, request);
    if ((get || post) && ends_with(request->path, "/_sim/set"))
        return answer_set(routes, scratch, connection, request);
    if (!get)
        return reply_error(connection, request, 405, "Allow: GET\r\n", "GET only");
    return reply_error(connection, request, 404, NULL, "no such path: the feed is " FEED_PATH);
}
