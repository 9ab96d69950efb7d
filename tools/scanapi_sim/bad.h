/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_BAD_H
#define SCANAPI_SIM_BAD_H

/* Which slots are bad, and the bytes of bad events.  No two bad events of a feed have the same bytes. */

#include "feed.h"

struct bad_kinds {
    bool any;
    uint64_t upto[8];
    enum slot_kind kind[8];
    size_t count;
};

/* Without `good_too` only kinds that are bad are chosen. */
void bad_kinds_init(struct bad_kinds *kinds, const struct feed_options *options, bool good_too);

/* The kind of a slot by chance; SLOT_GOOD where chance spares it. */
enum slot_kind bad_kind(const struct bad_kinds *kinds, uint64_t draw);

struct bad_slot {
    enum slot_kind kind;
    uint64_t draw;     /* chooses among the ways of being bad */
    uint64_t serial;   /* unique in the feed, and in the bytes */
    int64_t own;       /* the id it should have */
    int64_t neighbour; /* the id of a good event beside it, as far as there is one */
};

void bad_append(const struct bad_slot *bad, struct text *out);
const char *bad_name(const struct bad_slot *bad);

#endif
