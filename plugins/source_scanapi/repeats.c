/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "repeats.h"

_Static_assert(REPEATS_WINDOW<UINT16_MAX && REPEATS_SLOTS> 2 * REPEATS_WINDOW, "slots hold places");

static size_t slot_home(struct sp_digest128 digest)
{
    return digest.low & (REPEATS_SLOTS - 1);
}

static size_t slot_after(size_t slot)
{
    return (slot + 1) & (REPEATS_SLOTS - 1);
}

/* The slot of the digest, or the free one where it belongs. */
static size_t find_slot(const struct repeats *repeats, struct sp_digest128 digest)
{
    size_t slot = slot_home(digest);
    for (; repeats->slots[slot]; slot = slot_after(slot)) {
        const struct sp_digest128 *one = &repeats->ring[repeats->slots[slot] - 1];
        if (one->low == digest.low && one->high == digest.high)
            break;
    }
    return slot;
}

/* Frees a slot and moves up what was only put behind it because it was taken. */
static void free_slot(struct repeats *repeats, size_t hole)
{
    for (size_t slot = slot_after(hole); repeats->slots[slot]; slot = slot_after(slot)) {
        size_t home = slot_home(repeats->ring[repeats->slots[slot] - 1]);
        size_t from_home = (slot - home) & (REPEATS_SLOTS - 1);
        size_t from_hole = (slot - hole) & (REPEATS_SLOTS - 1);
        if (from_home >= from_hole) {
            repeats->slots[hole] = repeats->slots[slot];
            hole = slot;
        }
    }
    repeats->slots[hole] = 0;
}

void repeats_clear(struct repeats *repeats)
{
    repeats->count = repeats->oldest = 0;
    memset(repeats->slots, 0, sizeof repeats->slots);
}

bool repeats_add(struct repeats *repeats, struct sp_digest128 digest)
{
    size_t slot = find_slot(repeats, digest);
    if (repeats->slots[slot])
        return false;
    size_t place = repeats->count;
    if (repeats->count < REPEATS_WINDOW) {
        repeats->count++;
    } else {
        place = repeats->oldest;
        repeats->oldest = (repeats->oldest + 1) % REPEATS_WINDOW;
        free_slot(repeats, find_slot(repeats, repeats->ring[place]));
        slot = find_slot(repeats, digest);
    }
    repeats->ring[place] = digest;
    repeats->slots[slot] = (uint16_t)(place + 1);
    return true;
}
