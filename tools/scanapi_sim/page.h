/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_PAGE_H
#define SCANAPI_SIM_PAGE_H

/* Pages: which slots, in which order, as which bytes.  The same request gives the same bytes. */

#include "feed.h"

struct page_request {
    int64_t from;
    uint64_t limit;
    uint64_t visible; /* slots that are there by now */
};

struct page_maker {
    const struct feed *feed;
    struct page_options options;
    uint64_t seed;
    struct slot *slots; /* room for a page, kept between pages */
    size_t room;
    struct text scratch;
};

struct page_facts {
    uint64_t elements;
    bool reaches_end; /* nothing is newer than what it holds */
};

void page_make(struct page_maker *maker, const struct page_request *request, struct text *out,
               struct page_facts *facts);
void page_maker_fini(struct page_maker *maker);

/* One element as it stands in pages, without indentation. */
void page_append_element(const struct page_maker *maker, const struct slot *slot, struct text *out);

/* Whether a page can show this slot as a well-formed event. */
bool page_shows_good(const struct page_maker *maker, const struct slot *slot);

#endif
