/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_WORK_H
#define ENGINE_WORK_H

/* What the engine's threads share: the pipeline, its loaded stages, the stop, the counts. */

#include "engine/call.h"
#include "engine/engine.h"
#include "engine/letter.h"

/* One counter a thing worth telling; added to a batch or a page at a time. */
struct counters {
    _Atomic uint64_t pages_read, events_read, events_repeated, not_events;
    _Atomic uint64_t messages_sent, events_sent;
    _Atomic uint64_t messages_received, events_received;
    _Atomic uint64_t events_written, events_unwanted, rows_touched, writes;
    _Atomic uint64_t letters[LETTER_CLASSES];
};

static inline void count_add(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

struct work {
    const struct pipeline *pipeline;
    struct crew source, queue, sink, state, letters;
    struct stop stop;
    struct seat *seats; /* all of them; the list stands still once threads run */
    struct counters counters;
};

/* Stores letters, however long it takes; fills in pipeline, digest and times.  False: the stop came first. */
bool letters_store(struct work *work, struct seat *seat, struct sp_letter *letters, size_t count);

#endif
