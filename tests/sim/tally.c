/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tally.h"

#include <inttypes.h>

enum { LINE = 100 };

static const char *const names[HAPPENINGS] = {
    [A_KILL] = "kill",
    [AN_ABORT] = "abort",
    [AN_EXIT] = "exit",
    [AN_END] = "end",
    [A_FREEZE] = "freeze",
    [A_STALL] = "stall",
    [A_WAIT_FOR_NOTHING] = "spurious-wakeup",
    [A_STOP] = "stop",
    [A_WALL_JUMP] = "wall-clock-jump",
    [A_REFUSAL_OF_THE_SYSTEM] = "system-refuses",
    [SEVERAL_PROCESSES] = "several-processes",
    [SOURCE_AWAY] = "source-away",
    [QUEUE_AWAY] = "queue-away",
    [SINK_AWAY] = "sink-away",
    [STATE_AWAY] = "state-away",
    [LETTERS_AWAY] = "letters-away",
    [A_BLACK_HOLE] = "black-hole",
    [FAILED_UNAVAILABLE] = "unavailable",
    [FAILED_THROTTLED] = "throttled",
    [FAILED_CONTENDED] = "contended",
    [FAILED_UNCERTAIN] = "uncertain",
    [FAILED_REFUSED] = "refused",
    [FAILED_UNKNOWN] = "unknown",
    [FAILED_AND_DONE] = "failed-and-done",
    [FAILED_AND_DONE_LATER] = "failed-and-done-later",
    [FAILED_IN_PART] = "failed-in-part",
    [TOLD_WHEN_TO_RETRY] = "retry-after",
    [A_HANG] = "hang",
    [AN_INTERRUPT] = "interrupt",
    [GIVEN_TO_TWO] = "given-to-two",
    [A_FALSE_SUSPECT] = "false-suspect",
    [A_FOREIGN_MESSAGE] = "foreign-message",
    [A_LOST_LEASE] = "lost-lease",
    [AN_EXTENDED_LEASE] = "extended-lease",
    [HANDED_BACK] = "handed-back",
    [TAKEN_OVER] = "taken-over",
    [A_LOST_RACE] = "lost-race",
    [A_MARK] = "mark",
    [A_BURIAL] = "burial",
    [WRITE_REJECTED_NAMED] = "write-rejected-named",
    [WRITE_REJECTED] = "write-rejected",
    [WRITE_UNKNOWN] = "write-unknown",
    [WRITE_HANGS] = "write-hangs",
    [WRITE_KILLS] = "write-kills",
    [LETTER_REJECTED] = "letter-rejected",
    [LETTER_VALUE] = "letter-value",
    [LETTER_MALFORMED] = "letter-malformed",
    [LETTER_TOO_LARGE] = "letter-too-large",
    [LETTER_KILLED] = "letter-killed",
    [LETTER_OF_AN_INNOCENT] = "letter-of-an-innocent",
};

static uint64_t nobody_asks[HAPPENINGS], *into = nobody_asks;

void tally_into(uint64_t *counts)
{
    into = counts;
}

void tally(enum happening what)
{
    into[what]++;
}

bool tally_complete(const uint64_t *counts)
{
    for (int i = 0; i < HAPPENINGS; i++)
        if (counts[i] == 0 && i != LETTER_OF_AN_INNOCENT)
            return false;
    return true;
}

static void tell(const uint64_t *counts, bool happened, const char *head, FILE *out)
{
    int width = 0;
    for (int i = 0; i < HAPPENINGS; i++) {
        if ((counts[i] > 0) != happened)
            continue;
        if (width == 0)
            width = fprintf(out, "%s:", head);
        width += happened ? fprintf(out, " %s %" PRIu64, names[i], counts[i]) : fprintf(out, " %s", names[i]);
        if (width > LINE) {
            fputc('\n', out);
            width = 0;
        }
    }
    if (width > 0)
        fputc('\n', out);
}

void tally_tell(const uint64_t *counts, FILE *out)
{
    tell(counts, true, "happened", out);
    tell(counts, false, "never", out);
}
