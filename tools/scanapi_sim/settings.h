/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_SETTINGS_H
#define SCANAPI_SIM_SETTINGS_H

/* All that the command line, or /_sim/set while it runs, can say. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACES_MAX 16

/* "5%" is a share of the requests, "5" is the next five of them. */
struct share {
    double percent;
    uint64_t count;
};

struct place {
    int64_t id;
    uint64_t size;
};

struct places {
    size_t count;
    struct place at[PLACES_MAX];
};

/* What the feed holds: fixed from the start, or the feed would not be the same one. */
struct feed_options {
    char file[1024];
    bool generate;
    uint64_t seed;
    uint64_t events;
    uint64_t parcels;
    uint64_t window;
    uint64_t gaps;
    double unknown_types;
    double odd;
    double wide_parcels;
    double malformed;
    double broken;
    double unbalanced;
    double invalid_utf8;
    double nul;
    struct places page_of_malformed;
};

/* How pages are made of it. */
struct page_options {
    bool shuffle;
    bool indent;
    double repeat;
    double stale;
    uint64_t retention;
    uint64_t max_limit;
    struct places huge_events;
    struct places unreadable;
};

/* What goes wrong for a while.  Counts go down as they are used up; times are of CLOCK_MONOTONIC, in ns. */
struct fault_options {
    struct share fail_401;
    struct share fail_429;
    struct share fail_503;
    struct share html;
    struct share cut;
    struct share reset;
    int64_t html_until;
    int64_t down_until;
    uint64_t max_streak;
};

/* How answers travel. */
struct wire_options {
    char auth[512];
    uint64_t retry_after;
    bool retry_after_date;
    uint64_t slow;
    uint64_t delay;
    uint64_t latency;
    bool gzip;
    bool chunked;
};

struct run_options {
    uint64_t port;
    char port_file[1024];
    uint64_t lifetime;
    double live;
    uint64_t live_from;
    bool print;
    bool print_all;
    bool print_bad;
    bool log;
    bool help;
};

struct settings {
    struct feed_options feed;
    struct page_options page;
    struct fault_options faults;
    struct wire_options wire;
    struct run_options run;
};

#define RETRY_AFTER_NONE UINT64_MAX

#endif
