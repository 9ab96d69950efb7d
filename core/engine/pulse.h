/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PULSE_H
#define ENGINE_PULSE_H

/*
 * Whether the engine's own threads go on.  Each says by when it will show itself again: at once where it
 * works on its own, after a wait, or not by itself, while it is inside a plugin, whose deadlines are watched
 * elsewhere, or behind another of these threads.  So a server that is slow or away stops no pulse; a thread
 * that never comes back from a wait, or turns in circles, does.
 */

#include <scanpipe/base.h>

#include <stdatomic.h>

#define PULSE_ELSEWHERE INT64_MAX

struct pulse {
    struct pulse *next;  /* of all, for the watch */
    const char *name;    /* the thread's; constant text */
    _Atomic int64_t due; /* sp_clock_now() by which it shows itself */
    int64_t watched_due; /* the watch's: as it was at its last look ... */
    int64_t overdue_ns;  /* ... and for how long it was seen so, beyond that time */
};

/* From now on the calling thread's own pulse is this one; NULL: it has none, and what follows does nothing.
 * Returns the one it had. */
struct pulse *pulse_adopt(struct pulse *pulse);

/* Of the calling thread: it goes on; */
void pulse_beat(void);
/* it waits, and goes on after `ns` at the latest; */
void pulse_rest(int64_t ns);
/* it goes on when somebody else does.  To be followed by pulse_beat(). */
void pulse_leave(void);

/* The watch, to be called often.  The time between two looks counts for a second at most: who was frozen as a
 * whole, or does not get the processor, convicts nobody. */
void pulses_look(struct pulse *list, int64_t now, int64_t since_last_ns);

/* One that was seen overdue for longer than this, or NULL.  Pure. */
const struct pulse *pulses_late(const struct pulse *list, int64_t slack_ns);

#endif
