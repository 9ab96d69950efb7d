/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_SOURCE_H
#define SCANPIPE_SOURCE_H

/* A source is read page by page with a cursor.  It never waits for events: it says how long to. */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>

/* What the source returned that is no event at all.  Frozen within an ABI major. */
struct sp_not_event {
    struct sp_slice bytes;
    const char *reason;  /* in the page's arena, or constant */
    const char *pointer; /* JSON Pointer of the field to blame, or NULL */
};

/*
 * One read.  All of it lives in the arena that was handed to read(), or is constant.
 */
struct sp_page {
    size_t size; /* set by the core */
    const struct sp_slice *events;
    size_t event_count;
    const struct sp_not_event *not_events;
    size_t not_event_count;
    uint64_t repeated;      /* events left out because they were read before */
    struct sp_slice cursor; /* where to go on after this page; opaque to the core */
    bool caught_up;         /* the source had nothing newer */
    bool ended;             /* there will never be more (a file that is not followed) */
    int64_t wait_ns;        /* how long to wait before the next read */
    const char *gap; /* not NULL: the source no longer has what the cursor asked for; says so for people */
};

struct sp_source_ops {
    size_t size;

    /*
     * Reads what follows `cursor` (empty: from the start), at most up to `until` (empty: no bound).
     * A page without events whose cursor is unchanged and that is not caught up is allowed: it asks
     * to be called again (the source tries another way).  Blocks until `deadline`.
     */
    int (*read)(void *handle, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
                struct sp_page *page, int64_t deadline, struct sp_error *err);

    /* The cursor that a person means by `text` ("83269"), and back.  Pure; err is SP_REJECTED. */
    int (*cursor_of)(void *handle, const char *text, struct sp_arena *arena, struct sp_slice *out,
                     struct sp_error *err);
    int (*text_of)(void *handle, struct sp_slice cursor, struct sp_arena *arena, const char **out,
                   struct sp_error *err);

    /* <0, 0, >0 as a stands before, at or after b.  Pure. */
    int (*compare)(void *handle, struct sp_slice a, struct sp_slice b);

    /* The cursor after what a person means by `text`, for the end of a range that has it; as cursor_of.
     * NULL: cursor_of() itself stands after it ("events.ndjson:17" is after line 17). */
    int (*cursor_behind)(void *handle, const char *text, struct sp_arena *arena, struct sp_slice *out,
                         struct sp_error *err);
};

#endif
