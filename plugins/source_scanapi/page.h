/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_PAGE_H
#define SCANAPI_PAGE_H

/*
 * Slices the body of an answer into the elements of its array of events, one by one, so that a broken
 * element fails alone.  Copies nothing, allocates nothing.  Pure.
 *
 *     struct page page;
 *     struct page_element element;
 *     enum page_step step = page_open(&page, body, "/ScanEvents", paths, found);
 *     while (step == PAGE_MORE && (step = page_next(&page, &element)) == PAGE_MORE)
 *         ...
 *     // PAGE_END: those were all.  Else: the page cannot be read, forget what came.
 *
 * Where the scanner refuses an element, the page is walked on from there, minding strings and
 * brackets, for the place where the next element starts:
 *
 *   - a comma outside all strings and brackets ends the broken element, as it should;
 *   - a comma within a string, or directly within an object, ends it where a whole valid object
 *     follows, and a comma or the array's end behind that: the string was not closed, or the object
 *     was not.  No rightly closed string can hold such an object, for it has quotes;
 *   - a bracket is the array's end where all that follows it is the rest of the envelope;
 *   - where all this finds no end, objects within arrays count as elements, too.
 *
 * Broken elements that stand side by side may come as one run.  What is no element and no comma comes
 * as a run, too: every byte of the array but white space and commas comes back in exactly one element.
 */

#include <scanpipe/json.h>

/* How deep in the envelope the array may be. */
#define PAGE_DEPTH 16

enum page_step {
    PAGE_MORE,
    PAGE_END,
    PAGE_NO_ARRAY,  /* there is no array at the pointer */
    PAGE_EMPTY_CUT, /* the array begins, and nothing follows */
    PAGE_CUT,       /* the array begins, and has no end */
};

struct page_element {
    struct sp_slice bytes;
    const char *broken; /* NULL: a JSON value, and `found` of page_open() has its answers; else why not */
    size_t broken_at;   /* offset of what is wrong in bytes */
    bool separated;     /* follows a comma or opens the array: certainly an element of its own */
    size_t at_most;     /* elements that a broken run may hold; 1 for a value */
};

struct page {
    struct sp_slice body;
    const struct sp_json_paths *paths;
    struct sp_json_value *found;
    size_t at;
    char closers[PAGE_DEPTH]; /* of the containers around the array, from the outermost */
    size_t depth;
    bool separated, broken_seen, any_seen;
    bool nested_too;            /* brackets were found to be wrong, see above */
    size_t budget;              /* bytes that may yet be spent on trying whether an element starts */
    struct sp_json_fault fault; /* of a page that cannot be read */
};

enum page_step page_open(struct page *page, struct sp_slice body, const char *pointer,
                         const struct sp_json_paths *paths, struct sp_json_value *found) SP_MUST_CHECK;

enum page_step page_next(struct page *page, struct page_element *out) SP_MUST_CHECK;

#endif
