/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/folded.h"
#include "ops/records.h"
#include "ops/spot.h"
#include "ops/verify_inside.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* While the queue drains. */
static const int64_t look_every_ns = 200 * SP_MILLISECOND;

/* A queue that is far away counts roughly: once empty may be chance. */
enum { EMPTY_LOOKS = 2 };

void verify_progress(struct verify *verify)
{
    verify->listener->progress(verify->listener->context, verify->report);
}

void verify_say(struct verify *verify, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    verify->listener->note(verify->listener->context, text);
}

int verify_check(const struct pipeline *pipeline, struct sp_error *err)
{
    const char *missing = !pipeline->source.plugin ? "source" : !pipeline->sink.plugin ? "sink" : NULL;
    if (!spill_is_built())
        return sp_fail(err, SP_REFUSED, "this scanpipe was built without SQLite, which verify needs");
    if (missing) {
        sp_fail(err, SP_REFUSED, "%s: to compare a source with a table takes both, and there is no %s",
                pipeline->path, missing);
        return sp_fail_cure(err, "where each half has a file of its own, write one with both, and with the "
                                 "same name, state and dead letters");
    }
    if (!pipeline->table) {
        sp_fail(err, SP_REFUSED, "%s: there is no table to compare with", pipeline->path);
        return sp_fail_cure(err, "verify is for pipelines with a 'table:'");
    }
    if (!pipeline->sink.plugin->about.sink->read)
        return sp_fail(err, SP_REFUSED, "%s: the sink %s cannot read rows back", pipeline->path,
                       pipeline->sink.plugin->about.name);
    if (!(pipeline->state.plugin->capabilities.flags & SP_DURABLE)) {
        sp_fail(err, SP_REFUSED,
                "%s: the state %s is in the memory of the process that runs: where that reads is not known",
                pipeline->path, pipeline->state.plugin->about.name);
        return sp_fail_cure(err, "name a 'state:' that is kept, as sqlite");
    }
    return 0;
}

/* ---- Life */

static int open_all(struct verify *verify, struct sp_error *err)
{
    const struct pipeline *pipeline = verify->pipeline;
    struct sp_queue_limits limits;
    if (hand_open(&verify->source, &pipeline->source, err) != 0 ||
        hand_open(&verify->queue, &pipeline->queue, err) != 0 ||
        hand_open(&verify->sink, &pipeline->sink, err) != 0 ||
        hand_open(&verify->state, &pipeline->state, err) != 0 ||
        hand_open(&verify->letters, &pipeline->letters, err) != 0 ||
        hand_limits(&verify->queue, &limits, err) != 0 || spill_open(SHELF_COUNT, &verify->spill, err) != 0)
        return -1;
    verify->limits = pack_limits_of(pipeline, &limits);
    return 0;
}

static void verify_init(struct verify *verify)
{
    verify->table = table_of(verify->pipeline->table);
    verify->arena = arena_new(16384);
    verify->scratch = arena_new(65536);
    verify->fold = fold_new(verify->pipeline->table);
    verify->single = fold_new(verify->pipeline->table);
    verify->span.strict = verify->options->strict;
    verify_lay_out(verify);
}

static void verify_fini(struct verify *verify)
{
    spill_close(verify->spill);
    hand_close(&verify->source);
    hand_close(&verify->queue);
    hand_close(&verify->sink);
    hand_close(&verify->state);
    hand_close(&verify->letters);
    fold_free(verify->fold);
    fold_free(verify->single);
    free((char *)verify->bound.data);
    arena_free(verify->scratch);
    arena_free(verify->arena);
}

/* ---- The state */

static int read_cursor(struct verify *verify, struct sp_arena *arena, struct sp_slice *out,
                       struct sp_error *err)
{
    struct sp_slice value;
    struct record record;
    int64_t version;
    if (records_get(&verify->state, POLLER_RECORD, arena, &value, &version, err) != 0 ||
        record_parse(value, arena, &record, err) != 0)
        return -1;
    *out = record.cursor;
    return 0;
}

/* The block may have changed since the rows were written: that explains differences. */
static int compare_rules(struct verify *verify, struct sp_error *err)
{
    struct folded folded;
    if (folded_read(&verify->state, verify->pipeline, verify->arena, &folded, err) != 0)
        return -1;
    switch (folded.change) {
    case TABLE_SAME:
        break;
    case TABLE_NEW_COLUMNS:
        verify_say(verify, "the table has changed: %s; what was written before lacks it", folded.what);
        break;
    case TABLE_REFUSED:
        verify_say(verify, "the table's rules are not those that its rows were folded by: %s", folded.what);
        break;
    }
    return 0;
}

/* ---- The range */

typedef int find_spot(struct hand *source, const char *text, struct sp_arena *arena, struct sp_slice *out,
                      struct sp_error *err);

static int place(struct verify *verify, const char *option, const char *text, find_spot *find,
                 struct sp_slice *out, struct sp_error *err)
{
    if (find(&verify->source, text, verify->arena, out, err) != 0) {
        sp_error_context(err, "%s", option);
        verify->misplaced = true;
        return -1;
    }
    return 0;
}

static void say_place(const struct verify *verify, struct sp_slice cursor, char *out, size_t size)
{
    const struct sp_source_ops *ops = verify->source.stage->plugin->about.source;
    const char *text = "";
    struct sp_error err;
    if (cursor.size > 0)
        (void)ops->text_of(verify->source.handle, cursor, verify->arena, &text, &err);
    snprintf(out, size, "%s", text);
}

/* The end is the cursor, or behind what was asked for, where that comes first: what the pipeline has not
 * read, the table need not have. */
static int choose_end(struct verify *verify, struct sp_slice *until, struct sp_error *err)
{
    struct sp_slice asked;
    *until = verify->cursor;
    if (!verify->options->to)
        return 0;
    if (place(verify, "--to", verify->options->to, spot_behind, &asked, err) != 0)
        return -1;
    if (spot_compare(&verify->source, asked, verify->cursor) > 0)
        verify_say(verify, "the pipeline has not read up to %s: all that it has read is compared",
                   verify->options->to);
    else
        *until = asked;
    return 0;
}

static int choose_range(struct verify *verify, struct sp_slice *from, struct sp_slice *until,
                        struct sp_error *err)
{
    *from = (struct sp_slice){NULL, 0};
    if (choose_end(verify, until, err) != 0 ||
        (verify->options->from && place(verify, "--from", verify->options->from, spot_of, from, err) != 0))
        return -1;
    if (until->size == 0 || (from->size > 0 && spot_compare(&verify->source, *from, *until) >= 0)) {
        say_place(verify, *until, verify->report->to, sizeof verify->report->to);
        verify->misplaced = true;
        return sp_fail(err, SP_REJECTED, "there is nothing to compare between %s and %s",
                       verify->options->from ? verify->options->from : "the start",
                       verify->report->to[0] ? verify->report->to : "the start");
    }
    verify->span.whole = from->size == 0 && sp_slice_equal(*until, verify->cursor);
    say_place(verify, *from, verify->report->from, sizeof verify->report->from);
    say_place(verify, *until, verify->report->to, sizeof verify->report->to);
    return 0;
}

/* ---- What differs, once more */

static int look_at_queue(struct verify *verify, bool *empty_out, struct sp_error *err)
{
    struct hand *hand = &verify->queue;
    const struct sp_queue_ops *ops = hand->stage->plugin->about.queue;
    struct sp_depth depth;
    bool failed;
    do {
        depth = (struct sp_depth){.size = sizeof depth};
        failed = ops->depth(hand->handle, &depth, hand_begin(hand), err) != 0;
    } while (failed && hand_again(hand, err));
    if (failed)
        return -1;
    hand_well(hand);
    verify->report->queue_left = depth.visible + depth.leased;
    *empty_out = verify->report->queue_left == 0;
    return 0;
}

/*
 * What the table holds and the source did not say may come from what was read since: where orders do not
 * grow along the source they cannot tell.  *moved_out: there was more.
 */
static int read_on(struct verify *verify, bool *moved_out, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct sp_slice now;
    *moved_out = false;
    if (verify->further == 0 || !verify->span.whole)
        return 0;
    if (read_cursor(verify, arena, &now, err) != 0)
        return -1;
    *moved_out =
        verify->source.stage->plugin->about.source->compare(verify->source.handle, now, verify->bound) > 0;
    if (!*moved_out)
        return 0;
    if (verify_read(verify, verify->bound, now, true, err) != 0)
        return -1;
    free((char *)verify->bound.data);
    verify->bound = mem_slice(now);
    return 0;
}

static int look_again(struct verify *verify, bool *moved_out, struct sp_error *err)
{
    return read_on(verify, moved_out, err) != 0 || verify_scan_letters(verify, err) != 0 ||
                   verify_compare_suspects(verify, err) != 0
               ? -1
               : 0;
}

/* Compares what differed again and again, until nothing differs, or the queue is empty, or time is up. */
static int settle(struct verify *verify, struct sp_error *err)
{
    struct verify_report *report = verify->report;
    int64_t until = sp_clock_now() + verify->options->wait_ns, next = sp_clock_now();
    unsigned empty_looks = 0;
    bool over = verify->suspect_count == 0 && verify->reject_count == 0;
    report->phase = VERIFY_WAITING;
    report->waited = !over;
    while (!over) {
        bool empty, moved = false;
        if (look_at_queue(verify, &empty, err) != 0)
            return -1;
        empty_looks = empty ? empty_looks + 1 : 0;
        bool drained = empty_looks >= EMPTY_LOOKS, late = sp_clock_now() >= until;
        if (drained || late || sp_clock_now() >= next) {
            int64_t began = sp_clock_now();
            if (look_again(verify, &moved, err) != 0)
                return -1;
            /* Not more than a fifth of the time for it, however many there are. */
            next = sp_clock_now() + 4 * (sp_clock_now() - began) + SP_SECOND;
        }
        report->drained = drained;
        over = (verify->suspect_count == 0 && verify->reject_count == 0) || (drained && !moved) || late;
        verify_progress(verify);
        if (!over)
            clock_sleep(look_every_ns);
    }
    return 0;
}

static int work(struct verify *verify, struct sp_error *err)
{
    struct sp_slice from, until;
    if (read_cursor(verify, verify->arena, &verify->cursor, err) != 0 || compare_rules(verify, err) != 0)
        return -1;
    if (verify->cursor.size == 0) {
        verify_say(verify, "the pipeline has read nothing yet");
        return 0;
    }
    if (choose_range(verify, &from, &until, err) != 0 || verify_scan_letters(verify, err) != 0)
        return -1;
    verify->bound = mem_slice(until);
    if (verify_read(verify, from, until, false, err) != 0)
        return -1;
    verify->report->phase = VERIFY_COMPARING;
    if (verify_compare_all(verify, err) != 0 || settle(verify, err) != 0)
        return -1;
    verify->report->phase = VERIFY_DONE;
    return verify_tell_suspects(verify, err) != 0 ? -1 : verify_tell_rejects(verify, err);
}

int verify_run(const struct pipeline *pipeline, const struct verify_options *options,
               const struct verify_listener *listener, struct verify_report *report, struct sp_error *err)
{
    struct verify verify = {.pipeline = pipeline, .options = options, .listener = listener, .report = report};
    *report = (struct verify_report){.phase = VERIFY_READING};
    verify_init(&verify);
    int result = open_all(&verify, err) != 0 ? -1 : work(&verify, err);
    if (result != 0 && (verify.misplaced || err->class == SP_REJECTED))
        err->class = verify.misplaced ? SP_REJECTED : SP_UNKNOWN;
    verify_fini(&verify);
    return result;
}

bool verify_is_good(const struct verify_report *report, bool strict)
{
    return report->different == 0 && !(strict && (report->unaccounted > 0 || report->unexplained > 0));
}
