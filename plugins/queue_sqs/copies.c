/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "copies.h"

#include <inttypes.h>
#include <stdio.h>

/* So many puts of one letter in a millisecond have versions of their own. */
enum { VERSIONS_A_MS = 1000 };

int copies_compare(const struct copy *a, const struct copy *b)
{
    if (a->put_ms != b->put_ms)
        return a->put_ms < b->put_ms ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return a->renewed - b->renewed; /* it stands for the other, and is no put behind it */
}

void copies_fold(struct history *history, const struct copy *copy)
{
    int64_t before = history->attempts + (history->version && !copy->renewed);
    int64_t version = copy->put_ms * VERSIONS_A_MS;
    bool same_ms = history->version / VERSIONS_A_MS == copy->put_ms;
    if (same_ms && history->version % VERSIONS_A_MS < VERSIONS_A_MS - 1 && !copy->renewed)
        version = history->version + 1;
    else if (same_ms)
        version = history->version;
    if (history->version == 0 || copy->first_ms < history->first_ms)
        history->first_ms = copy->first_ms;
    history->attempts = copy->attempts > before ? copy->attempts : before;
    history->version = version;
}

struct copy copies_renewed(const struct history *history, const struct copy *newest)
{
    return (struct copy){newest->put_ms, newest->order, history->attempts, history->first_ms, true};
}

void copies_format(const struct copy *renewed, char out[COPIES_TEXT])
{
    snprintf(out, COPIES_TEXT, "%" PRId64 " %" PRIu64 " %" PRId64 " %" PRId64, renewed->put_ms,
             renewed->order, renewed->attempts, renewed->first_ms);
}

bool copies_parse(const char *text, struct copy *out)
{
    struct copy copy = {.renewed = true};
    int end = 0;
    if (strlen(text) >= COPIES_TEXT ||
        sscanf(text, "%" SCNd64 " %" SCNu64 " %" SCNd64 " %" SCNd64 "%n", &copy.put_ms, &copy.order,
               &copy.attempts, &copy.first_ms, &end) != 4 ||
        text[end] || copy.put_ms <= 0 || copy.put_ms > COPY_NUMBER_MOST || copy.attempts < 0 ||
        copy.attempts > COPY_NUMBER_MOST || copy.first_ms < -COPY_NUMBER_MOST ||
        copy.first_ms > COPY_NUMBER_MOST)
        return false;
    *out = copy;
    return true;
}

bool copies_are_old(int64_t sent_ms, int64_t wall_ms, int64_t retention_s)
{
    return retention_s > 0 && wall_ms - sent_ms > retention_s * 750;
}

bool copies_are_due(int64_t seen_ns, int64_t oldest_ms, int64_t wall_ms, int64_t retention_s)
{
    return seen_ns / SP_SECOND > retention_s / 16 ||
           (oldest_ms > 0 && copies_are_old(oldest_ms, wall_ms, retention_s));
}
