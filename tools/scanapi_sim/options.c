/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum option_type {
    OPTION_GROUP, /* no option: a heading of --help */
    OPTION_SWITCH,
    OPTION_NUMBER,
    OPTION_RATE,
    OPTION_PERCENT,
    OPTION_SHARE,
    OPTION_TEXT,
    OPTION_PLACES,
    OPTION_UNTIL,
};

struct option_row {
    const char *name;
    enum option_type type;
    bool live;
    size_t offset;
    uint64_t limit; /* NUMBER: the greatest; TEXT: room for it; PLACES: the size where none is said */
    const char *value;
    const char *summary;
};

#define AT(member) offsetof(struct settings, member)
#define GROUP(title)                                                                                         \
    {                                                                                                        \
        .type = OPTION_GROUP, .summary = title                                                               \
    }

/* Ids then stay below 10^12: no arithmetic on them overflows or rounds. */
#define EVENTS_MAX UINT64_C(10000000000)

static const struct option_row rows[] = {
    GROUP("The feed, one of:"),
    {"file", OPTION_TEXT, false, AT(feed.file), 1024, "PATH",
     "events as NDJSON, plain or gzip, sorted by EventId"},
    {"generate", OPTION_SWITCH, false, AT(feed.generate), 0, NULL, "events made up from --seed"},

    GROUP("What is generated:"),
    {"seed", OPTION_NUMBER, false, AT(feed.seed), UINT64_MAX, "N", "all chance comes from it (1)"},
    {"events", OPTION_NUMBER, false, AT(feed.events), EVENTS_MAX, "N",
     "how many, malformed ones included (100000)"},
    {"parcels", OPTION_NUMBER, false, AT(feed.parcels), 2000000000, "N",
     "of how many parcels (a fifth of events)"},
    {"window", OPTION_NUMBER, false, AT(feed.window), 2000000000, "N",
     "parcels under way at a time; 0: all, all the time (1000)"},
    {"gaps", OPTION_NUMBER, false, AT(feed.gaps), 99, "PERCENT",
     "of ids that no event has, a whole number (10)"},
    {"unknown-types", OPTION_PERCENT, false, AT(feed.unknown_types), 0, "PERCENT", "of events (5)"},
    {"odd", OPTION_PERCENT, false, AT(feed.odd), 0, "PERCENT",
     "of events odd but right: missing, null, empty, unicode, escapes, offsets (10)"},
    {"wide-parcels", OPTION_PERCENT, false, AT(feed.wide_parcels), 0, "PERCENT",
     "of events with a ParcelId over 2^31; well-formed"},

    GROUP("Bad events in the feed (a file gets them between its own):"),
    {"malformed", OPTION_PERCENT, false, AT(feed.malformed), 0, "PERCENT", "against one of the four rules"},
    {"broken", OPTION_PERCENT, false, AT(feed.broken), 0, "PERCENT",
     "no JSON, but brackets and quotes match"},
    {"unbalanced", OPTION_PERCENT, false, AT(feed.unbalanced), 0, "PERCENT",
     "no JSON, and no page with one in it can be read"},
    {"invalid-utf8", OPTION_PERCENT, false, AT(feed.invalid_utf8), 0, "PERCENT",
     "with bytes that are no UTF-8"},
    {"nul", OPTION_PERCENT, false, AT(feed.nul), 0, "PERCENT",
     "with a NUL, raw (bad) or as \\u0000 in Note or StatusCode (well-formed)"},
    {"page-of-malformed", OPTION_PLACES, false, AT(feed.page_of_malformed), 1000, "ID[:COUNT]",
     "nothing but malformed ones from ID on (1000)"},

    GROUP("How pages are made:"),
    {"shuffle", OPTION_SWITCH, true, AT(page.shuffle), 0, NULL, "in random order"},
    {"repeat", OPTION_PERCENT, true, AT(page.repeat), 0, "PERCENT", "of events come again in the same page"},
    {"stale", OPTION_PERCENT, true, AT(page.stale), 0, "PERCENT", "of events bring one older than asked for"},
    {"indent", OPTION_SWITCH, true, AT(page.indent), 0, NULL, "JSON over many lines"},
    {"retention", OPTION_NUMBER, true, AT(page.retention), INT64_MAX, "ID", "older events are gone"},
    {"max-limit", OPTION_NUMBER, true, AT(page.max_limit), 1000000, "N", "the most events of a page (10000)"},
    {"huge-event", OPTION_PLACES, true, AT(page.huge_events), 10485760, "ID[:BYTES]",
     "the event at ID is well-formed and this large (10485760)"},
    {"unreadable", OPTION_PLACES, true, AT(page.unreadable), 0, "ID",
     "a page with the event at ID in it cannot be read"},

    GROUP("Faults (SHARE: a percentage 5% of the requests, or 5, the next five):"),
    {"fail-401", OPTION_SHARE, true, AT(faults.fail_401), 0, "SHARE", "answered 401"},
    {"fail-429", OPTION_SHARE, true, AT(faults.fail_429), 0, "SHARE", "answered 429"},
    {"fail-503", OPTION_SHARE, true, AT(faults.fail_503), 0, "SHARE", "answered 503"},
    {"html", OPTION_SHARE, true, AT(faults.html), 0, "SHARE", "answered 200 with a proxy's HTML page"},
    {"cut", OPTION_SHARE, true, AT(faults.cut), 0, "SHARE", "cut short, in several ways"},
    {"reset", OPTION_SHARE, true, AT(faults.reset), 0, "SHARE", "ended by RST, before the answer or within"},
    {"html-for", OPTION_UNTIL, true, AT(faults.html_until), 0, "SECONDS", "HTML only, from now on so long"},
    {"down", OPTION_UNTIL, true, AT(faults.down_until), 0, "SECONDS", "RST only, from now on so long"},
    {"max-streak", OPTION_NUMBER, true, AT(faults.max_streak), UINT64_MAX, "N",
     "the most faults in a row that percentages may give (3)"},

    GROUP("How answers travel:"),
    {"auth", OPTION_TEXT, true, AT(wire.auth), 512, "TOKEN", "401 without this bearer token; empty: none"},
    {"retry-after", OPTION_NUMBER, true, AT(wire.retry_after), 1000000, "SECONDS",
     "header of 429 and 503 (no such header)"},
    {"retry-after-date", OPTION_SWITCH, true, AT(wire.retry_after_date), 0, NULL,
     "as a date, not as seconds"},
    {"slow", OPTION_NUMBER, true, AT(wire.slow), UINT64_MAX, "BYTES", "a second of every answer"},
    {"delay", OPTION_NUMBER, true, AT(wire.delay), 86400000, "MS", "before every answer"},
    {"latency", OPTION_NUMBER, true, AT(wire.latency), 86400000, "MS", "up to so much more, by chance"},
    {"gzip", OPTION_SWITCH, true, AT(wire.gzip), 0, NULL, "for whoever accepts it"},
    {"chunked", OPTION_SWITCH, true, AT(wire.chunked), 0, NULL, "no Content-Length"},

    GROUP("Running:"),
    {"port", OPTION_NUMBER, false, AT(run.port), 65535, "N", "on 127.0.0.1; 0: any that is free (0)"},
    {"port-file", OPTION_TEXT, false, AT(run.port_file), 1024, "PATH", "where to write the port"},
    {"lifetime", OPTION_NUMBER, false, AT(run.lifetime), 1000000000, "SECONDS",
     "then it ends by itself (3600)"},
    {"live", OPTION_RATE, false, AT(run.live), 0, "RATE", "events appear over time, so many a second"},
    {"live-from", OPTION_NUMBER, false, AT(run.live_from), EVENTS_MAX, "N",
     "events that are there at the start (0)"},
    {"log", OPTION_SWITCH, true, AT(run.log), 0, NULL, "a line a request to standard error"},
    {"print", OPTION_SWITCH, false, AT(run.print), 0, NULL,
     "write the well-formed events as NDJSON, and end"},
    {"print-all", OPTION_SWITCH, false, AT(run.print_all), 0, NULL,
     "write all elements, one a line, and end"},
    {"print-bad", OPTION_SWITCH, false, AT(run.print_bad), 0, NULL,
     "write place and kind of the bad ones, and end"},
    {"help", OPTION_SWITCH, false, AT(run.help), 0, NULL, "write this, and end"},
};

#define ROWS (sizeof rows / sizeof rows[0])

void options_defaults(struct settings *settings)
{
    *settings = (struct settings){
        .feed = {.seed = 1, .events = 100000, .window = 1000, .gaps = 10, .unknown_types = 5, .odd = 10},
        .page = {.max_limit = 10000},
        .faults = {.max_streak = 3},
        .wire = {.retry_after = RETRY_AFTER_NONE},
        .run = {.lifetime = 3600},
    };
}

static const struct option_row *row_find(const char *name, size_t length)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].name && strlen(rows[i].name) == length && !memcmp(rows[i].name, name, length))
            return &rows[i];
    return NULL;
}

static int read_number(const char *text, uint64_t limit, const char **end, uint64_t *out)
{
    if (*text < '0' || *text > '9')
        return -1;
    char *stop;
    errno = 0;
    unsigned long long number = strtoull(text, &stop, 10);
    if (errno || number > limit)
        return -1;
    *end = stop;
    *out = number;
    return 0;
}

static int read_decimal(const char *text, double limit, const char **end, double *out)
{
    if (*text < '0' || *text > '9')
        return -1;
    char *stop;
    double number = strtod(text, &stop);
    if (!isfinite(number) || number > limit)
        return -1;
    *end = stop;
    *out = number;
    return 0;
}

static int read_share(const char *text, const char **end, struct share *out)
{
    struct share share = {0};
    if (strchr(text, '%')) {
        if (read_decimal(text, 100, end, &share.percent) < 0 || **end != '%')
            return -1;
        ++*end;
    } else if (read_number(text, UINT64_MAX, end, &share.count) < 0) {
        return -1;
    }
    *out = share;
    return 0;
}

/* One place after the other; 0 forgets them all. */
static int read_places(const char *text, uint64_t size, const char **end, struct places *out)
{
    struct places places = *out;
    for (;;) {
        uint64_t id;
        struct place place = {.size = size};
        if (read_number(text, INT64_MAX, end, &id) < 0)
            return -1;
        place.id = (int64_t)id;
        if (**end == ':' && size && read_number(*end + 1, UINT64_C(1) << 30, end, &place.size) < 0)
            return -1;
        if (!id)
            places.count = 0;
        else if (places.count == PLACES_MAX)
            return -1;
        else
            places.at[places.count++] = place;
        if (**end != ',')
            break;
        text = *end + 1;
    }
    *out = places;
    return 0;
}

static int read_until(const char *text, int64_t now, const char **end, int64_t *out)
{
    double seconds;
    if (read_decimal(text, 1e9, end, &seconds) < 0)
        return -1;
    *out = seconds > 0 ? now + (int64_t)(seconds * 1e9) : 0;
    return 0;
}

static int read_switch(const char *text, const char **end, bool *out)
{
    bool on = !text || !strcmp(text, "1") || !strcmp(text, "true") || !*text;
    if (!on && strcmp(text, "0") && strcmp(text, "false"))
        return -1;
    *out = on;
    *end = "";
    return 0;
}

static int read_text(const char *text, size_t room, const char **end, char *out)
{
    size_t length = strlen(text);
    if (length >= room)
        return -1;
    memcpy(out, text, length + 1);
    *end = "";
    return 0;
}

static int row_read(const struct option_row *row, struct settings *settings, const char *value, int64_t now,
                    const char **end)
{
    void *field = (char *)settings + row->offset;
    switch (row->type) {
    case OPTION_SWITCH:
        return read_switch(value, end, field);
    case OPTION_NUMBER:
        return read_number(value, row->limit, end, field);
    case OPTION_RATE:
        return read_decimal(value, 1e9, end, field);
    case OPTION_PERCENT:
        return read_decimal(value, 100, end, field);
    case OPTION_SHARE:
        return read_share(value, end, field);
    case OPTION_TEXT:
        return read_text(value, row->limit, end, field);
    case OPTION_PLACES:
        return read_places(value, row->limit, end, field);
    case OPTION_UNTIL:
        return read_until(value, now, end, field);
    case OPTION_GROUP:
        break;
    }
    return -1;
}

static int row_set(const struct option_row *row, struct settings *settings, const char *value, int64_t now,
                   char message[OPTIONS_MESSAGE_SIZE])
{
    if (!value && row->type != OPTION_SWITCH) {
        snprintf(message, OPTIONS_MESSAGE_SIZE, "--%s needs a value: %s", row->name, row->value);
        return -1;
    }
    struct settings changed = *settings;
    const char *end = "";
    if (row_read(row, &changed, value, now, &end) < 0 || *end) {
        snprintf(message, OPTIONS_MESSAGE_SIZE, "--%s: '%.80s' is no good as %s", row->name,
                 value ? value : "", row->value ? row->value : "a switch (0 or 1)");
        return -1;
    }
    *settings = changed;
    return 0;
}

static int check_together(struct settings *settings, char message[OPTIONS_MESSAGE_SIZE])
{
    struct feed_options *feed = &settings->feed;
    double bad = feed->malformed + feed->broken + feed->unbalanced + feed->invalid_utf8 + feed->nul +
                 feed->wide_parcels;
    const char *wrong = NULL;
    if (feed->generate == (*feed->file != '\0'))
        wrong = "say either --file PATH or --generate";
    else if (bad > 100)
        wrong = "the percentages of bad events and wide parcels are more than 100 together";
    else if (*feed->file && feed->wide_parcels > 0)
        wrong = "--wide-parcels needs --generate: a file has the parcels that it has";
    else if (settings->page.max_limit < 1)
        wrong = "--max-limit must be at least 1";
    if (!feed->parcels)
        feed->parcels = feed->events / 5 ? feed->events / 5 : 1;
    if (!wrong)
        return 0;
    snprintf(message, OPTIONS_MESSAGE_SIZE, "%s", wrong);
    return -1;
}

int options_parse(struct settings *settings, int argc, char **argv, int64_t now,
                  char message[OPTIONS_MESSAGE_SIZE])
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        size_t length = strcspn(word, "=");
        const struct option_row *row =
            length > 2 && !strncmp(word, "--", 2) ? row_find(word + 2, length - 2) : NULL;
        if (!row) {
            snprintf(message, OPTIONS_MESSAGE_SIZE, "no such option: %.80s", word);
            return -1;
        }
        const char *value = word[length] ? word + length + 1 : NULL;
        if (!value && row->type != OPTION_SWITCH && i + 1 < argc)
            value = argv[++i];
        if (row_set(row, settings, value, now, message) < 0)
            return -1;
    }
    return settings->run.help ? 0 : check_together(settings, message);
}

int options_set_live(struct settings *settings, const char *name, const char *value, int64_t now,
                     char message[OPTIONS_MESSAGE_SIZE])
{
    const struct option_row *row = row_find(name, strlen(name));
    if (!row || !row->live) {
        snprintf(message, OPTIONS_MESSAGE_SIZE,
                 row ? "%.80s cannot be changed while it runs" : "no such option: %.80s", name);
        return -1;
    }
    struct settings changed = *settings;
    if (row_set(row, &changed, value, now, message) < 0 || check_together(&changed, message) < 0)
        return -1;
    *settings = changed;
    return 0;
}

void options_help(FILE *to)
{
    fputs(
        "Usage: scanapi-sim --file PATH | --generate [OPTION]...\n"
        "Serves the feed GET {base}/v1/scans/scanevents?FromEventId=&Limit= on 127.0.0.1, and misbehaves\n"
        "as it is told.  GET /_sim/stats tells what it did; GET or POST /_sim/set?OPTION=VALUE&... changes\n"
        "the options marked with * while it runs.\n",
        to);
    for (size_t i = 0; i < ROWS; i++) {
        char left[64];
        if (rows[i].type == OPTION_GROUP) {
            fprintf(to, "\n%s\n", rows[i].summary);
            continue;
        }
        snprintf(left, sizeof left, "--%s %s", rows[i].name, rows[i].value ? rows[i].value : "");
        fprintf(to, "%c %-31s %s\n", rows[i].live ? '*' : ' ', left, rows[i].summary);
    }
}
