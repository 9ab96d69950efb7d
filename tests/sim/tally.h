/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_TALLY_H
#define SIM_TALLY_H

/* What really happened in the runs, and how often: a fault that never comes, and a verdict that is never
 * given, prove nothing. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum happening {
    /* To processes. */
    A_KILL,
    AN_ABORT,
    AN_EXIT,
    AN_END,
    A_FREEZE,
    A_STALL,
    A_WAIT_FOR_NOTHING,
    A_STOP,
    A_WALL_JUMP,
    A_REFUSAL_OF_THE_SYSTEM,
    SEVERAL_PROCESSES,
    /* To calls. */
    SOURCE_AWAY,
    QUEUE_AWAY,
    SINK_AWAY,
    STATE_AWAY,
    LETTERS_AWAY,
    A_BLACK_HOLE,
    FAILED_UNAVAILABLE,
    FAILED_THROTTLED,
    FAILED_CONTENDED,
    FAILED_UNCERTAIN,
    FAILED_REFUSED,
    FAILED_UNKNOWN,
    FAILED_AND_DONE,
    FAILED_AND_DONE_LATER,
    FAILED_IN_PART,
    TOLD_WHEN_TO_RETRY,
    A_HANG,
    AN_INTERRUPT,
    /* In the queue. */
    GIVEN_TO_TWO,
    A_FALSE_SUSPECT,
    A_FOREIGN_MESSAGE,
    A_LOST_LEASE,
    AN_EXTENDED_LEASE,
    HANDED_BACK,
    /* To the poller's record. */
    TAKEN_OVER,
    A_LOST_RACE,
    /* To the marks. */
    A_MARK,
    A_BURIAL,
    /* In the sink. */
    WRITE_REJECTED_NAMED,
    WRITE_REJECTED,
    WRITE_UNKNOWN,
    WRITE_HANGS,
    WRITE_KILLS,
    /* Dead letters. */
    LETTER_REJECTED,
    LETTER_VALUE,
    LETTER_MALFORMED,
    LETTER_TOO_LARGE,
    LETTER_KILLED,
    LETTER_OF_AN_INNOCENT, /* which shared the deaths of others: rare */
    HAPPENINGS
};

void tally(enum happening what);

/* Where to count, from now on: HAPPENINGS numbers. */
void tally_into(uint64_t *counts);

/* Whether everything has happened that is not rare. */
bool tally_complete(const uint64_t *counts);

/* What happened, and what never did. */
void tally_tell(const uint64_t *counts, FILE *out);

#endif
