/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_REPEATS_H
#define SCANAPI_REPEATS_H

/*
 * The digests of the last distinct events: what has the bytes of one of them is a repeat.
 *
 * Invariant: `slots` is an open-addressed set, probed one by one, of exactly those places of `ring`
 * that hold a digest; it is at most a third full.
 */

#include <scanpipe/host.h>

#define REPEATS_WINDOW 10000
#define REPEATS_SLOTS  32768 /* a power of two */

struct repeats {
    struct sp_digest128 ring[REPEATS_WINDOW];
    size_t count, oldest;
    uint16_t slots[REPEATS_SLOTS]; /* place in the ring + 1; 0: free */
};

void repeats_clear(struct repeats *repeats);

/* Adds the digest, at the cost of the oldest where the window is full.  False: it is there already. */
bool repeats_add(struct repeats *repeats, struct sp_digest128 digest);

#endif
