/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "feed.h"

#include "bad.h"
#include "dice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

/*
 * The lines of a file, kept raw, with the offsets of each.  Bad events ride behind the line before them, at
 * its position, because the ids between lines belong to nobody for sure.
 */
struct line {
    int64_t position;
    size_t offset;
    size_t length;
    enum slot_kind kind;
};

struct file_feed {
    struct feed base;
    uint64_t seed;
    struct bad_kinds kinds;
    const struct places *malformed;
    struct text bytes;
    struct line *lines;
    size_t room;
};

static struct slot file_slot(const struct feed *base, uint64_t index)
{
    const struct line *line = &((const struct file_feed *)base)->lines[index];
    return (struct slot){.index = index, .position = line->position, .kind = line->kind};
}

static uint64_t file_find(const struct feed *base, int64_t position)
{
    const struct line *lines = ((const struct file_feed *)base)->lines;
    uint64_t low = 0, high = base->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (lines[middle].position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct bad_slot file_bad(const struct file_feed *feed, const struct slot *slot)
{
    uint64_t next = slot->index + 1 < feed->base.count ? slot->index + 1 : slot->index;
    return (struct bad_slot){.kind = slot->kind,
                             .draw = dice_at(feed->seed, slot->index),
                             .serial = slot->index + 1,
                             .own = slot->position,
                             .neighbour = feed->lines[next].position};
}

static void file_append(const struct feed *base, const struct slot *slot, struct text *out)
{
    const struct file_feed *feed = (const struct file_feed *)base;
    const struct line *line = &feed->lines[slot->index];
    if (line->length) {
        text_append(out, feed->bytes.data + line->offset, line->length);
    } else {
        struct bad_slot bad = file_bad(feed, slot);
        bad_append(&bad, out);
    }
}

static const char *file_fault(const struct feed *base, const struct slot *slot)
{
    struct bad_slot bad = file_bad((const struct file_feed *)base, slot);
    return bad_name(&bad);
}

static void file_close(struct feed *base)
{
    struct file_feed *feed = (struct file_feed *)base;
    text_fini(&feed->bytes);
    free(feed->lines);
    free(feed);
}

static void line_add(struct file_feed *feed, struct line line)
{
    if (feed->base.count == feed->room) {
        feed->room = feed->room ? feed->room * 2 : 1024;
        feed->lines = realloc(feed->lines, feed->room * sizeof *feed->lines);
        if (!feed->lines)
            abort();
    }
    feed->lines[feed->base.count++] = line;
}

static void bad_lines_add(struct file_feed *feed, int64_t position, uint64_t count, enum slot_kind kind)
{
    while (count--)
        line_add(feed, (struct line){.position = position, .kind = kind});
}

/* Ids begin at 1: what comes before the first line is found from there. */
static int64_t behind(int64_t before)
{
    return before > 1 ? before : 1;
}

/* The id by the first "EventId" of the line; 0 where there is none: then it rides like a bad one. */
static int64_t id_of_line(const char *line, size_t length)
{
    static const char name[] = "\"EventId\"";
    const char *end = line + length;
    const char *at = memmem(line, length, name, sizeof name - 1);
    if (!at)
        return 0;
    for (at += sizeof name - 1; at < end && (*at == ' ' || *at == ':' || *at == '\t');)
        at++;
    int64_t id = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(id, 10, &id) || __builtin_add_overflow(id, *at - '0', &id))
            return 0;
    return id;
}

/* The pages of malformed events that begin between the line before and this one. */
static void places_add(struct file_feed *feed, int64_t before, int64_t id)
{
    for (size_t i = 0; i < feed->malformed->count; i++)
        if (feed->malformed->at[i].id > before && feed->malformed->at[i].id <= id)
            bad_lines_add(feed, behind(before), feed->malformed->at[i].size, SLOT_MALFORMED);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static int lines_find(struct file_feed *feed, char *message, size_t room)
{
    const char *start = feed->bytes.data;
    size_t number = 0;
    int64_t before = 0;
    for (size_t offset = 0, next; offset < feed->bytes.length; offset = next) {
        const char *end = memchr(start + offset, '\n', feed->bytes.length - offset);
        size_t length = end ? (size_t)(end - start) - offset : feed->bytes.length - offset;
        next = offset + length + 1;
        number++;
        for (; length && is_space(start[offset + length - 1]); length--)
            continue;
        for (; length && is_space(start[offset]); length--)
            offset++;
        if (!length)
            continue;
        int64_t id = id_of_line(start + offset, length);
        if (id && id < before) {
            snprintf(message, room, "line %zu: EventId %lld after %lld: sort the file by EventId", number,
                     (long long)id, (long long)before);
            return -1;
        }
        if (id)
            places_add(feed, before, id);
        before = id ? id : before;
        line_add(feed, (struct line){behind(before), offset, length, id ? SLOT_GOOD : SLOT_NO_ID});
        enum slot_kind kind = bad_kind(&feed->kinds, dice_at(~feed->seed, number));
        if (kind != SLOT_GOOD)
            bad_lines_add(feed, behind(before), 1, kind);
    }
    places_add(feed, before, INT64_MAX);
    return 0;
}

static int bytes_read(struct text *bytes, const char *path, char *message, size_t room)
{
    gzFile file = gzopen(path, "rb");
    int got = -1;
    if (file) {
        gzbuffer(file, 1 << 17);
        while ((got = gzread(file, text_reserve(bytes, 1 << 20), 1 << 20)) > 0)
            bytes->length += (size_t)got;
    }
    if (got < 0) {
        int code = 0;
        const char *reason = file ? gzerror(file, &code) : "";
        snprintf(message, room, "%s: %s", path, file && code != Z_ERRNO ? reason : strerror(errno));
    }
    if (file)
        gzclose_r(file);
    return got;
}

struct feed *feed_file_open(const struct feed_options *options, char *message, size_t room, int *status)
{
    struct file_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        abort();
    feed->base = (struct feed){.slot = file_slot,
                               .find = file_find,
                               .append = file_append,
                               .fault = file_fault,
                               .close = file_close};
    feed->seed = options->seed;
    feed->malformed = &options->page_of_malformed;
    bad_kinds_init(&feed->kinds, options, false);
    *status = 66;
    if (bytes_read(&feed->bytes, options->file, message, room) == 0) {
        *status = 65;
        if (lines_find(feed, message, room) == 0)
            return &feed->base;
    }
    file_close(&feed->base);
    return NULL;
}
