/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_JUDGE_H
#define SCANAPI_JUDGE_H

/* The elements of a page, each with its id, its digest, and what is wrong with it.  Pure. */

#include "page.h"
#include "wellformed.h"

#include <scanpipe/host.h>

struct element {
    struct sp_slice bytes;
    const char *reason;  /* NULL: a well-formed event */
    const char *pointer; /* of the field to blame, or NULL */
    struct sp_digest128 digest;
    int64_t id; /* -1: has none that can be read */
};

struct elements {
    struct element *items;
    size_t count;
    size_t certain, at_most; /* see struct tally */
    bool broken;
};

struct judging {
    const char *events; /* pointer of the array */
    const struct rules *rules;
    const uint64_t *key; /* of the digests */
    size_t expected;     /* how many elements there may be */
};

/* PAGE_END: all of them are in *out.  Else the page cannot be read; *fault says where and why. */
enum page_step judge_page(const struct judging *judging, struct sp_slice body, struct sp_arena *arena,
                          struct elements *out, struct sp_json_fault *fault) SP_MUST_CHECK;

#endif
