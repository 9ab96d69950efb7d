/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_PURGE_H
#define OPS_PURGE_H

/*
 * Removing dead letters for good, in two steps, so that a person sees what goes before it goes: look, then
 * remove what was seen.  What arrives in between, or fails again, stays.
 */

#include "ops/choose.h"
#include "ops/remove.h"

/* Classes beyond these are counted together. */
enum { PURGE_CLASSES = 12 };

struct purge {
    const struct pipeline *pipeline;
    struct hand letters;
    struct seen_letter *seen; /* 48 bytes a letter */
    size_t count, capacity;
    struct purge_class {
        char name[24];
        uint64_t count;
    } classes[PURGE_CLASSES]; /* the first class_count are filled */
    size_t class_count;
};

/* {.pipeline} is the start; purge_close() in any case. */
int purge_look(struct purge *purge, const struct letters_query *query, struct sp_error *err) SP_MUST_CHECK;

/* Removes what was seen; `go_on` is asked now and then, and may be answered with false. */
int purge_remove(struct purge *purge, bool (*go_on)(void *context, uint64_t done), void *context,
                 uint64_t *removed_out, struct sp_error *err) SP_MUST_CHECK;

void purge_close(struct purge *purge);

#endif
