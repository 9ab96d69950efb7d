/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_FEED_H
#define SCANAPI_SIM_FEED_H

/*
 * A feed is a sequence of slots 0 ... count - 1, sorted by position.  A slot is an event, good or bad; its
 * position is the id by which FromEventId finds it, whatever id its bytes bear.  Feeds do not change once
 * they are open: threads may share them.
 */

#include "settings.h"
#include "text.h"

enum slot_kind {
    SLOT_GOOD,
    SLOT_WIDE_PARCEL, /* well-formed, but no INT */
    SLOT_NUL_NOTE,    /* well-formed, with \u0000 in a member Note */
    SLOT_NUL_STATUS,  /* well-formed, with \u0000 in StatusCode */
    SLOT_BAD,         /* those before this are well-formed, those from here on are not */
    SLOT_NO_ID = SLOT_BAD,
    SLOT_MALFORMED,
    SLOT_BROKEN,
    SLOT_UNBALANCED,
    SLOT_INVALID_UTF8,
    SLOT_NUL_RAW,
    SLOT_UNREADABLE, /* no feed has these: pages make them of others */
};

struct slot {
    uint64_t index;
    int64_t position;
    enum slot_kind kind;
};

struct feed {
    uint64_t count;
    struct slot (*slot)(const struct feed *feed, uint64_t index);
    /* The first slot at or after this position; count where there is none. */
    uint64_t (*find)(const struct feed *feed, int64_t position);
    void (*append)(const struct feed *feed, const struct slot *slot, struct text *out);
    /* What is wrong with a bad slot, for people and tests. */
    const char *(*fault)(const struct feed *feed, const struct slot *slot);
    void (*close)(struct feed *feed);
};

/* NULL: message says why, and *status is the exit status for it. */
struct feed *feed_open(const struct feed_options *options, char *message, size_t room, int *status);
void feed_close(struct feed *feed);

struct feed *feed_generated_open(const struct feed_options *options);
struct feed *feed_file_open(const struct feed_options *options, char *message, size_t room, int *status);

static inline bool slot_is_good(const struct slot *slot)
{
    return slot->kind < SLOT_BAD;
}

#endif
