/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_RESYNC_H
#define SCANAPI_RESYNC_H

/* Where a broken element ends: page.h says by which rules.  Pure. */

#include "page.h"

#define RESYNC_NONE SIZE_MAX

/* `start` is where the broken element starts.  The comma or bracket that ends it, behind `start`. */
size_t resync_find(struct page *page, size_t start);

/* Is the bracket at `at` the array's end: does the rest of the envelope follow, and nothing else? */
bool resync_is_end(struct page *page, size_t at);

#endif
