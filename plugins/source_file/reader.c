/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "job.h"

static void close_stream(struct reader *reader)
{
    stream_free(reader->stream);
    reader->stream = NULL;
}

void reader_fini(struct reader *reader)
{
    close_stream(reader);
}

/* Where the stream stands.  Without one: where reading was to go on. */
static struct place place_now(const struct job *job, bool finished)
{
    const struct stream *stream = job->reader->stream;
    struct place place = job->from;
    if (!stream)
        return place;
    place = (struct place){.generation = stream->generation,
                           .line = stream->line,
                           .offset = stream->offset,
                           .head_size = (uint32_t)stream->head_size,
                           .finished = finished};
    strcpy(place.name, job->reader->name);
    if (stream->line < stream->wanted_line) {
        place.line = stream->wanted_line;
        place.offset = PLACE_COUNT_LINES;
    }
    if (stream->head_size > 0)
        place.head_hash = stream_head_hash(stream, stream->head_size);
    return place;
}

/* Copies `made` into the core's page, whose size may be another one's. */
static void hand_over(struct job *job, const struct sp_page *made, bool finished, struct sp_page *page)
{
    struct reader *reader = job->reader;
    struct place place = place_now(job, finished);
    reader->cursor_size = place_print(&place, reader->cursor);
    size_t size = page->size;
    *page = *made;
    page->size = size;
    page->gap = job->gap;
    page->cursor = sp_arena_copy(job->asked->arena, (struct sp_slice){reader->cursor, reader->cursor_size});
}

static void set_follows(const struct job *job, enum follows follows, struct sp_page *page)
{
    page->caught_up = follows == FOLLOWS_WAIT || follows == FOLLOWS_NONE;
    page->ended = follows == FOLLOWS_NONE;
    page->wait_ns = page->caught_up ? job->source->options->poll_interval : 0;
}

/* How many lines may come before `until`. */
static uint64_t line_limit(const struct job *job)
{
    const struct stream *stream = job->reader->stream;
    uint64_t page_size = (uint64_t)job->source->options->page_size;
    if (!job->bounded)
        return page_size;
    int by_name = job->reader->in_folder ? strcmp(job->reader->name, job->until.name) : 0;
    if (by_name < 0 || (by_name == 0 && stream->generation < job->until.generation))
        return page_size;
    if (by_name > 0 || stream->generation > job->until.generation || stream->line >= job->until.line)
        return 0;
    uint64_t left = job->until.line - stream->line;
    return left < page_size ? left : page_size;
}

/* The file was changed under us: it is to be read again, as another one. */
static void restart(struct job *job)
{
    struct reader *reader = job->reader;
    struct place from = {.generation = reader->stream->generation + 1};
    job->gap = sp_arena_printf(job->asked->arena,
                               "%s was replaced or cut short while it was read, at its line %llu: it is read "
                               "again from its start",
                               reader->name, (unsigned long long)reader->stream->line);
    strcpy(from.name, reader->name);
    job->from = from;
    job->behind = false;
    close_stream(reader);
}

static int fail_cut(struct job *job, struct sp_error *err)
{
    sp_fail(err, SP_REFUSED, "%s ends in the middle of its gzip data", job->reader->stream->title);
    if (!job->source->standard)
        close_stream(job->reader); /* a file that took its place meanwhile is seen when it is opened again */
    return sp_fail_cure(err,
                        "is it still being written?  Wait until it is whole, repair it, or take it away");
}

enum step { STEP_AGAIN, STEP_DONE };

static int end_of_file(struct job *job, struct lines *lines, enum follows *follows, struct sp_error *err)
{
    struct stream *stream = job->reader->stream;
    if (find_follows(job, follows, err) != 0)
        return -1;
    if (lines->count > 0)
        job->reader->leaving_since = 0;
    if (*follows == FOLLOWS_WAIT)
        return 0;
    if (lines->state == STREAM_CUT) {
        if (lines->count == 0)
            return fail_cut(job, err);
        *follows = FOLLOWS_MORE;
    } else if (stream->size > lines->bytes) { /* a last line without its end is whole now */
        lines->bytes = stream->size;
        lines->count++;
    }
    return 0;
}

static void move_on(struct job *job)
{
    job->from = place_now(job, true);
    job->behind = true;
    close_stream(job->reader);
}

static int read_stream(struct job *job, struct sp_page *made, enum step *step, bool *finished,
                       struct sp_error *err)
{
    struct stream *stream = job->reader->stream;
    uint64_t limit = line_limit(job);
    struct lines lines;
    enum follows follows = FOLLOWS_MORE;
    *step = STEP_AGAIN;
    if (page_collect(job, limit, &lines, err) != 0) {
        if (!job->source->standard)
            close_stream(job->reader);
        return -1;
    }
    bool at_end = lines.state == STREAM_END || lines.state == STREAM_CUT;
    if ((at_end && stream->skip > 0) || !stream_is_same(stream)) {
        restart(job);
        return 0;
    }
    if (at_end && end_of_file(job, &lines, &follows, err) != 0)
        return -1;
    page_fill(job, &lines, made);
    *finished = lines.state == STREAM_END && stream->size == 0;
    if (follows == FOLLOWS_NEXT && lines.count == 0) {
        move_on(job);
        return 0;
    }
    bool passing_over = follows == FOLLOWS_MORE && limit > 0 && stream->line < stream->wanted_line;
    *step = passing_over ? STEP_AGAIN : STEP_DONE;
    set_follows(job, follows, made);
    if (limit == 0) {
        made->caught_up = true;
        made->wait_ns = job->source->options->poll_interval;
    }
    return 0;
}

static int read_page(struct job *job, struct sp_page *page, struct sp_error *err)
{
    struct sp_page made = {0};
    enum step step = STEP_AGAIN;
    bool finished = false;
    do {
        if (!job->reader->stream && find_stream(job, err) != 0)
            return -1;
        if (!job->reader->stream) {
            set_follows(job, job->source->options->follow ? FOLLOWS_WAIT : FOLLOWS_NONE, &made);
            break;
        }
        made = (struct sp_page){0};
        if (read_stream(job, &made, &step, &finished, err) != 0)
            return -1;
    } while (step == STEP_AGAIN && !job_is_over(job));
    bool nothing = made.event_count == 0 && made.not_event_count == 0 && !made.caught_up && !job->gap;
    if (nothing && atomic_load(job->asked->interrupted))
        return sp_fail(err, SP_STOPPED, "the read was ended");
    hand_over(job, &made, finished, page);
    return 0;
}

int reader_read(struct reader *reader, const struct source *source, const struct asked *asked,
                struct sp_page *page, struct sp_error *err)
{
    struct job job = {.source = source, .asked = asked, .reader = reader, .bounded = asked->until.size > 0};
    if (!place_parse(asked->cursor, &job.from) || !place_parse(asked->until, &job.until)) {
        sp_fail(err, SP_REFUSED, "the stored cursor is none of a file source");
        return sp_fail_cure(err, "give the pipeline another name, or set its cursor anew");
    }
    struct sp_slice here = {reader->cursor, reader->cursor_size};
    if (reader->stream && !sp_slice_equal(here, asked->cursor)) {
        if (!source->standard)
            close_stream(reader);
        else if (job.from.line < reader->stream->line)
            job.gap = "standard input cannot be read a second time";
    }
    return read_page(&job, page, err);
}
