/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "stats.h"

#include <inttypes.h>

#define SECOND INT64_C(1000000000)

void stats_request(struct stats *stats, int64_t now)
{
    stats->requests++;
    if (now / SECOND != stats->second) {
        stats->second = now / SECOND;
        stats->requests_in_second = 0;
    }
    stats->requests_in_second++;
    if (stats->requests_in_second > stats->busiest_second)
        stats->busiest_second = stats->requests_in_second;
    if (!stats->caught_up)
        return;
    stats->requests_since_caught_up++;
    /* The second in which it caught up was a busy one. */
    bool idle = stats->second > stats->caught_up_at / SECOND;
    if (idle && stats->requests_in_second > stats->busiest_idle_second)
        stats->busiest_idle_second = stats->requests_in_second;
}

void stats_page(struct stats *stats, const struct page_request *request, const struct page_facts *facts,
                size_t bytes, int64_t now)
{
    stats->pages++;
    stats->events += facts->elements;
    stats->bytes += bytes;
    stats->last_from = request->from;
    stats->last_limit = request->limit;
    stats->last_elements = facts->elements;
    if (request->from > stats->highest_from)
        stats->highest_from = request->from;
    if (facts->reaches_end && !stats->caught_up) {
        stats->caught_up_at = now;
        stats->requests_since_caught_up = 0;
        stats->busiest_idle_second = 0;
    }
    stats->caught_up = facts->reaches_end;
}

void stats_write(const struct stats *stats, uint64_t visible, int64_t now, struct text *out)
{
    double idle = stats->caught_up ? (double)(now - stats->caught_up_at) / SECOND : 0;
    text_format(out,
                "{\"seconds\":%.3f,\"events_in_feed\":%" PRIu64 ",\"requests\":%" PRIu64
                ",\"pages\":%" PRIu64,
                (double)(now - stats->started) / SECOND, visible, stats->requests, stats->pages);
    text_format(out, ",\"events_served\":%" PRIu64 ",\"bytes_served\":%" PRIu64 ",\"unauthorised\":%" PRIu64,
                stats->events, stats->bytes, stats->unauthorised);
    text_format(out, ",\"bad_requests\":%" PRIu64 ",\"faults\":{", stats->bad_requests);
    for (unsigned i = FAULT_NONE + 1; i < FAULT_COUNT; i++)
        text_format(out, "%s\"%s\":%" PRIu64, i > 1 ? "," : "", fault_name((enum fault)i), stats->faults[i]);
    text_format(out,
                "},\"last_from_event_id\":%" PRId64 ",\"last_limit\":%" PRIu64 ",\"last_elements\":%" PRIu64,
                stats->last_from, stats->last_limit, stats->last_elements);
    text_format(out,
                ",\"highest_from_event_id\":%" PRId64 ",\"caught_up\":%s,\"seconds_since_caught_up\":%.3f",
                stats->highest_from, stats->caught_up ? "true" : "false", idle);
    text_format(out, ",\"requests_since_caught_up\":%" PRIu64 ",\"max_requests_per_second\":%" PRIu64,
                stats->caught_up ? stats->requests_since_caught_up : 0, stats->busiest_second);
    text_format(out, ",\"max_idle_requests_per_second\":%" PRIu64 "}\n", stats->busiest_idle_second);
}
