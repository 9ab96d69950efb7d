/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_FILE_READER_H
#define SOURCE_FILE_READER_H

/* Reads page by page, through one file after another. */

#include "stream.h"

#include <stdatomic.h>

struct source_options {
    const char *path; /* "-": standard input */
    bool follow;
    int64_t page_size, page_bytes, poll_interval;
};

/* What is the same for every reader of a stage. */
struct source {
    unsigned magic;
    const struct source_options *options;
    bool standard;
    const char *base; /* the path's last part */
    int64_t max_event_bytes;
};

/* Keeps its file open from one page to the next.  {0} has none. */
struct reader {
    struct stream *stream;
    bool in_folder;
    char name[PLACE_NAME_SIZE];   /* of the stream's file */
    int64_t leaving_since;        /* when the path was seen to name another file; 0: it does not */
    char cursor[PLACE_TEXT_SIZE]; /* that the last page ended at: the stream stands there */
    size_t cursor_size;
};

/* What one read is asked. */
struct asked {
    struct sp_slice cursor, until;
    struct sp_arena *arena;
    int64_t deadline;
    const atomic_bool *interrupted;
};

void reader_fini(struct reader *reader);

int reader_read(struct reader *reader, const struct source *source, const struct asked *asked,
                struct sp_page *page, struct sp_error *err) SP_MUST_CHECK;

/* A system error at the path, in its class. */
int source_fail(const struct source *source, const char *name, int error, struct sp_error *err);

#endif
