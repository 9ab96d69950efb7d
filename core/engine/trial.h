/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_TRIAL_H
#define ENGINE_TRIAL_H

/* Which suspects to try next, given the marks.  Pure. */

#include "engine/marks.h"

/* A suspect message and how far it has come. */
struct suspect {
    struct mark_digest digest;
    uint64_t events;   /* it has */
    uint64_t done;     /* the first so many events are written, dead letters, or wait */
    bool others;       /* another process tries it: to be handed back */
    uint64_t *waiting; /* those of them that go behind all others, for those are their witnesses */
    size_t waiting_count, waiting_room;
};

enum trial_choice {
    TRIAL_NOTHING, /* all are done, or another's */
    TRIAL_WRITE,   /* the events from..until-1 of the members */
    TRIAL_CONVICT, /* the event `from` of the one member is never to be written */
};

struct trial_pick {
    enum trial_choice choice;
    struct mark_what what; /* to be claimed */
    const uint32_t *members;
    size_t member_count;
    uint64_t from, until; /* of a single member; all events of each where there are more */
    int64_t deaths;       /* that the entry remembers */
    bool waited;          /* it is one that waited */
};

/* Sets `others` and what waits on the way.  `run` is one's own.  Lists live in the arena. */
void trial_pick(const struct marks *marks, uint64_t run, struct suspect *suspects, size_t count,
                struct sp_arena *arena, struct trial_pick *out);

/* What was picked is written or a dead letter. */
void trial_take(const struct trial_pick *pick, struct suspect *suspects);

/* Whether all of its events are. */
bool trial_is_done(const struct suspect *suspect);

#endif
