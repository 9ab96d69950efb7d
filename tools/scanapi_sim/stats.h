/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_STATS_H
#define SCANAPI_SIM_STATS_H

/* What the server did, for tests to look at.  Pure: time is an argument, in ns. */

#include "faults.h"
#include "page.h"

struct stats {
    int64_t started;
    uint64_t requests; /* for the feed; those that failed too */
    uint64_t pages;
    uint64_t events;
    uint64_t bytes;
    uint64_t unauthorised;
    uint64_t bad_requests;
    uint64_t faults[FAULT_COUNT];
    int64_t last_from;
    uint64_t last_limit;
    uint64_t last_elements;
    int64_t highest_from;
    bool caught_up; /* the last page had the end of the feed */
    int64_t caught_up_at;
    uint64_t requests_since_caught_up;
    int64_t second; /* the one that is being counted */
    uint64_t requests_in_second;
    uint64_t busiest_second;
    uint64_t busiest_idle_second;
};

void stats_request(struct stats *stats, int64_t now);
void stats_page(struct stats *stats, const struct page_request *request, const struct page_facts *facts,
                size_t bytes, int64_t now);
void stats_write(const struct stats *stats, uint64_t visible, int64_t now, struct text *out);

#endif
