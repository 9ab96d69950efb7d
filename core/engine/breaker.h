/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_BREAKER_H
#define ENGINE_BREAKER_H

/*
 * The breaker of a stage: who may call it now, and how long the others wait.  Pure: time and randomness are
 * arguments, and nothing here locks.
 *
 * Closed, everybody calls.  A failure that says that the stage is in trouble opens it; then nobody calls but
 * one at a time, the probe, whoever comes first after a pause that grows.  An answer closes it: the failures
 * count from nothing again, and those who waited go on one after the other, a few in each instant.  Where the
 * stage asked for less, that must be the answer to a probe that began afterwards, not to a call that was
 * under way.
 *
 * A caller that fails while others are answered is in trouble of its own (a batch that always times out, a
 * permission to send that is missing where one may receive): it pauses alone and holds up nobody.  For the
 * same reason, who has failed last lets others probe first.
 */

#include "engine/retry.h"

struct breaker {
    bool open;
    enum sp_class class;   /* of the failure that keeps it open */
    struct retry retry;    /* the stage's failures in a row */
    int64_t failed_at;     /* the last of them, for which the stage pauses ... */
    int64_t probe_at;      /* ... until the next probe may begin ... */
    int64_t not_before;    /* ... and never before this: the stage said so (Retry-After) */
    uint64_t probe;        /* the number of the probe at work; 0: none */
    int64_t probe_until;   /* it has ended by then, or its right is void */
    uint64_t probes;       /* that there were */
    uint64_t pauses;       /* how often it did */
    uint64_t changes;      /* how often it opened or closed */
    uint64_t reliefs;      /* how often those who waited were let go on */
    int64_t next_place;    /* of the line in which they do: when the next one may go */
    uint64_t answers;      /* calls that the stage has answered */
    uint64_t answers_then; /* as they were at the last failure */
    unsigned alone;        /* callers in trouble of their own */
};

/* One who calls the stage, one call at a time; {0} at first. */
struct caller {
    struct retry retry;     /* its own failures in a row */
    uint64_t probe;         /* the number under which its call probes; 0: it does not */
    uint64_t changes;       /* of the breaker, as its call began */
    uint64_t caused;        /* the last pause of the stage that was for its failure */
    uint64_t line;          /* the relief in whose line it has a place */
    int64_t place;          /* when it may go */
    bool alone;             /* in trouble of its own ... */
    int64_t paused_until;   /* ... or with a failure that tells nothing of the stage as it is now */
    uint64_t paused_relief; /* it need not wait for the rest of that pause once this has changed */
};

/* How long the caller must wait before it calls; 0: it may.  `most_ns` is how long it can bear to wait after
 * a failure of the stage, but for `refused` and Retry-After; INT64_MAX: for ever.  `gap_ns` is the mean time
 * between two in the line. */
int64_t breaker_wait(struct breaker *breaker, struct caller *caller, int64_t now, int64_t most_ns,
                     int64_t gap_ns, uint64_t random);

/* The call begins, and has ended by `until`.  Where `may` (it has not to wait) and the breaker is open, it is
 * the probe; at a stop calls begin that may not. */
void breaker_begin(struct breaker *breaker, struct caller *caller, bool may, int64_t now, int64_t until);

/* The stage has answered.  True where others go on for it. */
bool breaker_answered(struct breaker *breaker, struct caller *caller, int64_t now);

/* The stage has answered the question whether another call is worth making, which the same caller makes now:
 * what becomes of that one tells whether the stage is back.  It has the turn of this one, where nobody was
 * faster. */
void breaker_asked(struct breaker *breaker, struct caller *caller);

/* The call failed, and the failure tells of the stage.  True where the stage's pause has changed. */
bool breaker_failed(struct breaker *breaker, struct caller *caller, const struct retry_policy *policy,
                    const struct sp_error *err, int64_t now, uint64_t random);

/* The call failed in a way that holds up nobody but the caller, who pauses.  True as for breaker_yielded().
 */
bool breaker_failed_aside(struct breaker *breaker, struct caller *caller, const struct retry_policy *policy,
                          const struct sp_error *err, int64_t now, uint64_t random);

/* The call ended in a way that tells nothing of the stage: a lost race, a stop.  A probe gives its right to
 * whoever comes first after `pause_ns`; true where it was one. */
bool breaker_yielded(struct breaker *breaker, struct caller *caller, int64_t now, int64_t pause_ns);

/* Whether a person must act, or a secret be read again. */
bool breaker_refuses(const struct breaker *breaker);

/* How long a caller that failed should pause: for itself, or as breaker_wait() says. */
int64_t breaker_pause(struct breaker *breaker, struct caller *caller, int64_t now, int64_t most_ns,
                      int64_t gap_ns, uint64_t random);

/* What made the stage refuse this caller has changed: nobody need wait for longer than `pause_ns`. */
void breaker_hasten(struct breaker *breaker, struct caller *caller, int64_t now, int64_t pause_ns);

#endif
