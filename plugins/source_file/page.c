/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to lines, and from lines to events. */
#include <config.h>

#include "job.h"

#include <scanpipe/json.h>

/* A line may be as long as this; of a longer one only the head is kept. */
enum { LINE_LIMIT = 64 << 20, HEAD_KEPT = 1 << 20 };

/* How often an interrupt is looked for while standard input is quiet. */
#define QUIET_SLICE (100 * SP_MILLISECOND)

/* Counts the whole lines that are there, as far as they fit a page.  True where the page is full. */
static bool count_lines(const struct job *job, uint64_t limit, size_t *scanned, struct lines *lines)
{
    const struct stream *stream = job->reader->stream;
    size_t page_bytes = (size_t)job->source->options->page_bytes;
    while (lines->count < limit) {
        size_t left = stream->size - *scanned;
        const char *end = left > 0 ? memchr(stream->data + *scanned, '\n', left) : NULL;
        if (!end) {
            *scanned = stream->size;
            return lines->count > 0 && stream->size > page_bytes;
        }
        size_t next = (size_t)(end - stream->data) + 1;
        if (lines->count > 0 && next > page_bytes)
            return true;
        lines->bytes = *scanned = next;
        lines->count++;
        if (stream->cut > 0) /* that line's length is not what stands in data: a page of its own */
            return true;
    }
    return true;
}

static int wait_ms(int64_t until)
{
    int64_t left = until - sp_clock_now();
    left = left > QUIET_SLICE ? QUIET_SLICE : left;
    return left > 0 ? (int)(left / SP_MILLISECOND) : 0;
}

int page_collect(struct job *job, uint64_t limit, struct lines *out, struct sp_error *err)
{
    struct stream *stream = job->reader->stream;
    struct lines lines = {.state = STREAM_MORE};
    int64_t quiet_until = sp_clock_now() + job->source->options->poll_interval;
    size_t scanned = 0;
    for (;;) {
        if (count_lines(job, limit, &scanned, &lines))
            break;
        if (lines.count == 0 && (stream->cut > 0 || stream->size > LINE_LIMIT)) {
            stream_shorten(stream, HEAD_KEPT);
            scanned = HEAD_KEPT;
        }
        enum stream_state state;
        if (stream_fill(stream, lines.count > 0 ? 0 : wait_ms(quiet_until), &state, err) != 0) {
            if (lines.count > 0) /* first what is whole; the error comes again */
                break;
            return -1;
        }
        lines.state = state;
        if (state == STREAM_END || state == STREAM_CUT)
            break;
        if (state == STREAM_QUIET && (lines.count > 0 || sp_clock_now() >= quiet_until))
            break;
        if (job_is_over(job)) {
            count_lines(job, limit, &scanned, &lines);
            break;
        }
    }
    *out = lines;
    return 0;
}

static bool is_blank(struct sp_slice line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

static struct sp_slice trim_end(struct sp_slice line)
{
    if (line.size > 0 && line.data[line.size - 1] == '\n')
        line.size--;
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* Editors on Windows put a mark before the first line. */
static struct sp_slice trim_mark(struct sp_slice line)
{
    if (line.size >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0)
        return (struct sp_slice){line.data + 3, line.size - 3};
    return line;
}

/* Why a line is no event, or NULL. */
static const char *find_fault(const struct job *job, struct sp_slice line, uint64_t number)
{
    struct sp_arena *arena = job->asked->arena;
    const char *name = job->reader->stream->title;
    unsigned long long n = number;
    size_t limit = (size_t)job->source->max_event_bytes;
    if (job->reader->stream->cut > 0)
        return sp_arena_printf(arena, "line %llu of %s is %lld bytes long: only its first %d are kept", n,
                               name, (long long)(job->reader->stream->cut + (int64_t)line.size), HEAD_KEPT);
    if (limit > 0 && line.size > limit)
        return sp_arena_printf(arena, "line %llu of %s is %zu bytes long; an event may have %zu", n, name,
                               line.size, limit);
    struct sp_json_fault fault;
    if (sp_json_scan_whole(NULL, line, NULL, &fault) != 0)
        return sp_arena_printf(arena, "line %llu of %s is not JSON: %s (at byte %zu)", n, name, fault.reason,
                               fault.offset);
    size_t first = 0;
    while (first < line.size && strchr(" \t\r", line.data[first]))
        first++;
    if (line.data[first] != '{')
        return sp_arena_printf(arena, "line %llu of %s is no JSON object", n, name);
    return NULL;
}

/* Both arrays are filled while the page is made. */
struct filling {
    struct sp_slice *events;
    struct sp_not_event *not_events;
    size_t events_room, event_count, not_event_count;
};

static void take_line(const struct job *job, struct sp_slice line, uint64_t number, struct filling *filling)
{
    line = trim_end(line);
    if (number == 1)
        line = trim_mark(line);
    if (is_blank(line))
        return;
    const char *fault = find_fault(job, line, number);
    if (!fault) {
        filling->events[filling->event_count++] = line;
        return;
    }
    if (!filling->not_events) /* rarely needed: not before the first */
        filling->not_events =
            sp_arena_alloc(job->asked->arena, filling->events_room * sizeof *filling->not_events);
    if (job->reader->stream->cut > 0)
        line.size = HEAD_KEPT;
    filling->not_events[filling->not_event_count++] = (struct sp_not_event){.bytes = line, .reason = fault};
}

static void take_lines(const struct job *job, const struct lines *lines, struct filling *filling)
{
    const struct stream *stream = job->reader->stream;
    struct sp_arena *arena = job->asked->arena;
    struct sp_slice rest = sp_arena_copy(arena, (struct sp_slice){stream->data, lines->bytes});
    filling->events_room = lines->count;
    filling->events = sp_arena_alloc(arena, lines->count * sizeof *filling->events);
    for (uint64_t number = stream->line + 1; rest.size > 0; number++) {
        const char *end = memchr(rest.data, '\n', rest.size);
        size_t size = end ? (size_t)(end - rest.data) + 1 : rest.size;
        if (number > stream->wanted_line)
            take_line(job, (struct sp_slice){rest.data, size}, number, filling);
        rest.data += size;
        rest.size -= size;
    }
}

void page_fill(struct job *job, const struct lines *lines, struct sp_page *page)
{
    struct stream *stream = job->reader->stream;
    struct filling filling = {0};
    if (stream->line + lines->count > stream->wanted_line && lines->count > 0)
        take_lines(job, lines, &filling);
    stream_take(stream, lines->bytes, lines->count);
    page->events = filling.events;
    page->event_count = filling.event_count;
    page->not_events = filling.not_events;
    page->not_event_count = filling.not_event_count;
}
