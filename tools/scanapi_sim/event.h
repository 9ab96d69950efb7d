/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANAPI_SIM_EVENT_H
#define SCANAPI_SIM_EVENT_H

/* One scan event as facts, and how it is written as JSON. */

#include "text.h"

#include <stdbool.h>

/* A piece of JSON; no bytes: the member is left out. */
struct word {
    const char *bytes;
    size_t length;
};

/* WORD_OF is for tables, WORD for everywhere else. */
#define WORD_OF(literal)                                                                                     \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }
#define WORD(literal)                                                                                        \
    (struct word)                                                                                            \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }

struct event {
    uint64_t id;
    uint64_t parcel;
    struct word type;      /* with its quotes */
    int64_t second;        /* of UTC, since 1970 */
    uint32_t ticks;        /* of 100 ns */
    unsigned digits;       /* of the fraction, 0 to 7 */
    int offset_minutes;    /* of the local time that is written */
    struct word zone;      /* how that offset is written */
    struct word status;    /* with its quotes, or null */
    struct word user_head; /* up to the number of the user: {"UserId":"NC */
    uint64_t user;
    struct word user_tail; /* after it, up to the number of the run, or to the end */
    bool has_run;
    uint64_t run;
    uint64_t device;
    struct word extra; /* more members at the end, with their comma */
    bool type_first;
};

/* Fills in what is usual: a STATUS in Z with 7 digits, a user with a run. */
void event_usual(struct event *event, uint64_t id, uint64_t parcel, uint64_t chance);

void event_write(const struct event *event, struct text *out);

#endif
