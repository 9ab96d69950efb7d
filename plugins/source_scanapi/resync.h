/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_RESYNC_H
#define SCANAPI_RESYNC_H

/* Where a broken element ends: page.h says by which rules.  Pure.  And what both files step with. */

#include "page.h"

#define RESYNC_NONE SIZE_MAX

/* `start` is where the broken element starts.  The comma or bracket that ends it, behind `start`. */
size_t resync_find(struct page *page, size_t start);

/* Is the bracket at `at` the array's end: does the rest of the envelope follow, and nothing else? */
bool resync_is_end(struct page *page, size_t at);

/* The first place from `at` on that is not white space. */
static inline size_t skip_space(struct sp_slice body, size_t at)
{
    while (at < body.size &&
           (body.data[at] == ' ' || body.data[at] == '\n' || body.data[at] == '\r' || body.data[at] == '\t'))
        at++;
    return at;
}

static inline bool char_is(const struct page *page, size_t at, char c)
{
    return at < page->body.size && page->body.data[at] == c;
}

#endif
