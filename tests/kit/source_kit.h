/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_KIT_SOURCE_KIT_H
#define TESTS_KIT_SOURCE_KIT_H

/* What checks of sources have in common. */

#include "kit.h"

struct source {
    struct kit *kit;
    struct kit_stage *stage;
    const struct sp_source_ops *ops;
    void *one, *other;
};

/* What was read, page by page; all of it lives in the check's arena. */
struct feed {
    struct sp_slice *events;
    struct sp_not_event *not_events;
    size_t count, room, not_count, not_room;
    struct feed_page {
        struct sp_slice cursor;  /* after the page */
        size_t count, not_count; /* of the feed's events up to and with this page */
    } * pages;
    size_t page_count, page_room;
    bool caught_up, ended;
};

struct source source_begin(struct kit *kit);

/* One page; what it says of itself is looked at. */
struct sp_page source_read(struct source *source, void *handle, struct sp_slice cursor,
                           struct sp_slice until);

/* From the cursor on until the source says that it has no more. */
struct feed source_read_all(struct source *source, void *handle, struct sp_slice cursor,
                            struct sp_slice until);
/* The same, at most so many pages that bring something. */
struct feed source_read_some(struct source *source, void *handle, struct sp_slice cursor,
                             struct sp_slice until, size_t pages);

/* All of the source, which must have some pages; skips where it has too few. */
struct feed source_whole(struct source *source, size_t least_pages);

/* `got` must be the events of `feed` from `from` up to `to`. */
void source_require_part(struct kit *kit, const struct feed *got, const struct feed *feed, size_t from,
                         size_t to, const char *what);

#endif
