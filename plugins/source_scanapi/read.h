/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_READ_H
#define SCANAPI_READ_H

/* The source's read(): one request, and what follows from its answer. */

#include "advance.h"
#include "feed.h"
#include "narrow.h"
#include "repeats.h"

#include <scanpipe/source.h>

/*
 * What a handle remembers between two reads.  The cursor alone suffices to go on: all this is thrown
 * away where another cursor is handed in than the one returned last.  Then pages that were returned
 * may never have been kept, and what they had must come again.
 *
 * Invariant: whatever is in `repeats` was returned in a page before the cursor `last`.
 */
struct handle {
    const struct scanapi_config *config;
    struct feed *feed;
    struct repeats *repeats;
    struct narrow narrow;
    struct pace pace;
    uint64_t key[2];
    bool has_last;
    char last[CURSOR_TEXT_SIZE];
    size_t last_size;
    bool gap_told, stale_told;
};

int read_page(struct handle *handle, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
              struct sp_page *page, int64_t deadline, struct sp_error *err) SP_MUST_CHECK;

/* Empty is where reading starts. */
int read_cursor(const struct scanapi_config *config, struct sp_slice text, struct cursor *out) SP_MUST_CHECK;

#endif
