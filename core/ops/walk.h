/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_WALK_H
#define OPS_WALK_H

/* Reading a range of the source by hand, page by page, outside the pipeline.  One thread's. */

#include "ops/hand.h"

struct walk {
    struct hand *source;
    struct sp_slice at, until; /* the first on the heap; the second is borrowed */
    int64_t standing_since;    /* when the place moved last, or the source said something new */
};

void walk_start(struct walk *walk, struct hand *source, struct sp_slice from, struct sp_slice until);
void walk_fini(struct walk *walk);

/* The next page, in the arena; what passes is tried again.  Blocks. */
int walk_read(struct walk *walk, struct sp_arena *arena, struct sp_page *page,
              struct sp_error *err) SP_MUST_CHECK;

/* Goes on behind the page.  -1: the source stands still, and does not say that this was all. */
int walk_on(struct walk *walk, const struct sp_page *page, struct sp_error *err) SP_MUST_CHECK;

bool walk_is_through(const struct walk *walk);
bool walk_page_has_any(const struct sp_page *page);
/* How long to wait before the next page. */
int64_t walk_pause_ns(const struct sp_page *page);

#endif
