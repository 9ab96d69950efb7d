/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_CURSOR_H
#define SCANAPI_CURSOR_H

/*
 * How far the feed has been read, as a value and as the text that the core keeps.  Pure.
 *
 * A cursor stands either on an event that was read (`seen`) or before an id from which nothing was
 * read yet.  Both ask the feed from `id` on, for the feed's parameter is inclusive.
 */

#include <scanpipe/arena.h>
#include <scanpipe/host.h>

/* How many digests a cursor carries at most; more events than that with one id are sent again. */
#define CURSOR_DIGESTS 16

/* Room for any cursor's text. */
#define CURSOR_TEXT_SIZE 1024

struct cursor {
    int64_t id; /* >= 0 */
    bool seen;
    /* Not 0: `id` is a jump over malformed events, and the feed's answer has yet to show that this id
     * is one of its own; where it does not, reading goes on from `back`. */
    int64_t back;
    /* Different after every page that returned something, so that equal cursors mean: nothing was
     * returned between them.  On that rests which events may be left out as repeats. */
    uint64_t mark;
    uint64_t key[2]; /* of the digests; 0, 0: none was made yet */
    size_t digest_count;
    struct sp_digest128 digests[CURSOR_DIGESTS]; /* of the events with this very id */
};

/* The first id of which nothing was read; above INT64_MAX where there is no such id. */
static inline uint64_t cursor_next(const struct cursor *cursor)
{
    return (uint64_t)cursor->id + cursor->seen;
}

/* -1: the text is no cursor of this plugin. */
int cursor_parse(struct sp_slice text, struct cursor *out) SP_MUST_CHECK;

struct sp_slice cursor_text(const struct cursor *cursor, struct sp_arena *arena);

/* Does nothing where the digest is there already or there is no room. */
void cursor_add_digest(struct cursor *cursor, struct sp_digest128 digest);

#endif
