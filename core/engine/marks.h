/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_MARKS_H
#define ENGINE_MARKS_H

/*
 * The state's record `marks`: who tries to write which suspects.  Pure: whether a holder is gone is asked of
 * the caller.
 *
 * A suspect is a message that was received before: its holder may have died of it.  Whoever writes suspects
 * enters them here first and takes them out when the write returns.  An entry whose holder is gone has died
 * once more.  The third death, and each after it, halves the entry: messages first, then the events of one
 * message; a single event that dies so may be convicted.  So a killer is found among n in about 3 + log2(n)
 * deaths, and only it.
 *
 * Halving harms nobody; a conviction needs evidence that it was the event, and not somebody who kills while
 * the sink hangs.  Either there is a witness: since the death before, the sink has taken or rejected another
 * write, so it is well.  Or, as there is none where the queue holds nothing else, the last five deaths in a
 * row tell: each came in the first moment of the write, or long past its deadline.  Who is killed in an
 * outage dies in between, and where he lives for longer, the write returns and has killed nobody.  Else the
 * event waits, and goes behind all others meanwhile: they are the witnesses.
 *
 * An entry that nobody holds remembers deaths.  Lists live in arenas.
 */

#include "engine/holder.h"
#include <scanpipe/arena.h>
#include <scanpipe/error.h>
#include <scanpipe/host.h>

#define MARKS_RECORD "marks"

/* Half a SHA-256 of a message's body. */
struct mark_digest {
    unsigned char bytes[16];
};

/* Messages, or events of one message. */
struct mark_what {
    const struct mark_digest *digests;
    size_t count;
    uint64_t from, until; /* of one message: its events from..until-1; until 0: whole messages */
};

/* How far its holder has come with the write. */
enum mark_phase {
    MARK_BEGINS,
    MARK_LASTS,   /* for longer than a moment */
    MARK_OVERDUE, /* the deadline is over, and it has not returned */
};

struct mark_entry {
    uint64_t nonce; /* names this holding of it; new each time it is claimed */
    bool held;
    struct holder holder; /* where held */
    uint64_t run;         /* of the holder: a pid comes again, this does not */
    uint64_t beat;        /* grows while the holder lives */
    enum mark_phase phase;
    int64_t deaths;
    int64_t telling;      /* the last of them, in a row, that came as the write began or was overdue */
    bool witnessed;       /* since the last of them the sink has answered a write */
    bool convicted;       /* a single event: it is not to be written again */
    int64_t seen_wall_ms; /* when it was claimed last; only to forget what nobody meets any more */
    struct mark_what what;
};

struct marks {
    struct mark_entry *entries;
    size_t count;
};

struct mark_digest mark_digest_of(struct sp_slice body);

/* An empty value is an empty list.  -1: no record of ours (SP_REFUSED). */
int marks_parse(struct sp_slice value, struct sp_arena *arena, struct marks *out,
                struct sp_error *err) SP_MUST_CHECK;
struct sp_slice marks_format(const struct marks *marks, struct sp_arena *arena);

/* Counts the deaths of entries whose holder is gone; halves, and convicts where there is evidence; then
 * nobody holds them. */
void marks_bury(struct marks *marks, bool (*gone)(const struct mark_entry *mark, void *context),
                void *context, struct sp_arena *arena);

/* The entry that has the event `number` of the message; NULL: none.  *next_out: the first event behind
 * `number` that belongs to another entry than this one, or to none; UINT64_MAX: there is none. */
const struct mark_entry *marks_find(const struct marks *marks, struct mark_digest digest, uint64_t number,
                                    uint64_t *next_out);

/* Whether an entry that is held, by another run than `run`, has any of the message. */
bool marks_held_by_other(const struct marks *marks, struct mark_digest digest, uint64_t run);

/*
 * Makes an entry of `what`, held as `claim` says (holder, run, nonce, wall clock, deaths so far, witnessed);
 * takes it out of the entries that had it; it inherits from the one of most deaths, which are claim->deaths
 * then. False, and nothing changed, where it overlaps an entry that another run holds, or one of another
 * shape (the list has changed since `what` was chosen).
 */
bool marks_claim(struct marks *marks, struct mark_entry *claim, const struct mark_what *what,
                 struct sp_arena *arena);

/* Ends a holding.  `survived`: the write returned well, so the entry goes; else it stays, held by nobody, as
 * far as it has deaths to remember.  False: there is no such entry. */
bool marks_release(struct marks *marks, uint64_t nonce, bool survived);

/* The same for every entry that a run holds, none survived.  True where there was one. */
bool marks_release_run(struct marks *marks, uint64_t run);

/* The holder lives, and has come so far.  False: there is no such entry. */
bool marks_renew(struct marks *marks, uint64_t nonce, enum mark_phase phase);

/* The sink has answered a write: what dies from now on may be to blame. */
void marks_witness(struct marks *marks);

/* Whether the entry is one event that has died often enough, and waits for a witness. */
bool marks_waits(const struct mark_entry *mark);

/* Forgets what nobody holds and nobody has met for long: convictions after an hour, which is for copies of
 * their message that are still in the queue; deaths after fifteen days, longer than queues keep messages.
 * Wall clock: it decides nothing but how much is remembered. */
void marks_prune(struct marks *marks, int64_t now_wall_ms);

#endif
