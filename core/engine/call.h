/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_CALL_H
#define ENGINE_CALL_H

/*
 * Calling plugins: deadlines, the stage's breaker, telling trouble once, and interrupting at a stop.
 *
 * The shape of every call, with a fresh deadline each time:
 *
 *     do {
 *         int64_t deadline = call_begin(seat, 0);
 *         failed = call_end(seat, ops->write(seat->handle, ..., deadline, &err), &err);
 *     } while (failed && call_again(seat, &err));
 */

#include "engine/breaker.h"
#include "engine/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>

/* A stage as it was loaded with one configuration.  When its secrets change there is a new one, and seats
 * move over one by one. */
struct edition {
    struct edition *next;      /* that was loaded before */
    const struct stage *stage; /* with the configuration */
    struct pipeline *pipeline; /* that the stage is part of, where it was read for this; else NULL */
    void *loaded;
    size_t seats; /* whose handles are open */
};

/* A stage that was loaded, shared by its seats. */
struct crew {
    const struct stage *stage; /* as it is told; its options but for the plugin's */
    pthread_mutex_t lock;      /* of all below; may be taken while the stop's lock is held */
    struct edition *newest;
    bool reading_again;        /* some seat reads the configuration again */
    struct breaker breaker;    /* who may call */
    _Atomic unsigned troubled; /* seats whose last call failed */
    int64_t troubled_since;    /* sp_clock_now() of the first failure */
    char trouble[160];         /* what the last failure said, for people */
    int64_t told_at;           /* when trouble was told last, and which */
    enum sp_class told_class;
};

/* The stop flag, and whatever else all threads watch. */
struct stop {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the stop, or whose turn it is */
    atomic_bool asked;
};

/* When the stop was asked for, calls at work are interrupted ... */
enum at_stop {
    BREAK_LATE,    /* when most of the grace is over: a write gets the time to finish */
    BREAK_AT_ONCE, /* nothing is lost by it: a read, a receive */
    BREAK_NEVER,   /* the last thing to do: handing back what is held */
};

/* A handle of a stage, used by one thread. */
struct seat {
    struct seat *next; /* of all seats, for the watch */
    struct crew *crew;
    struct stop *stop;
    void *handle;
    struct edition *edition; /* that the handle belongs to */
    bool refused;            /* the last call was, in a way that a person must look after */
    struct caller caller;
    int64_t
        patience_ns;    /* probes so long after a failure, though the others still wait; 0: waits with them */
    struct retry races; /* lost in a row */
    bool troubled;
    const char *speaker;     /* in whose name the thread speaks outside of calls */
    int64_t began;           /* the call at work, or the last one */
    int64_t lasts_ns;        /* how long it may take */
    int64_t contended_since; /* when the first of the races began that were lost in a row; 0: none was */
    int64_t overdue_ns, overdue_deadline; /* the watch's: how long the call at work was seen overdue */
    _Atomic int64_t deadline;             /* of the call at work; 0: none */
    _Atomic int at_stop;                  /* enum at_stop: what a stop does to the call at work */
};

void stop_init(struct stop *stop);
void stop_fini(struct stop *stop);
void stop_ask(struct stop *stop);
static inline bool stop_asked(const struct stop *stop)
{
    return atomic_load_explicit(&stop->asked, memory_order_relaxed);
}
/* Waits; false where the stop was asked for before the time was over. */
bool stop_wait(struct stop *stop, int64_t ns);
/* Whoever waits on `changed` looks again. */
void stop_wake(struct stop *stop);

/* Condition variables wait by the monotonic clock. */
void cond_init_monotonic(pthread_cond_t *condition);
/* `lock` is held; waits at most `ns`. */
void cond_wait_ns(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t ns);

/* Loads a stage.  A stage without a plugin gives a crew without an edition. */
int crew_load(struct crew *crew, const struct stage *stage, struct sp_error *err) SP_MUST_CHECK;
/* Its seats are closed. */
void crew_unload(struct crew *crew);

/*
 * A stage refuses us.  Reads the variables and files again that the pipeline's text names, and where that
 * changes the stage's configuration, loads it anew.  True where it did: the seats move over with their next
 * call.  What cannot be read is told, and changes nothing.
 */
bool crew_read_again(struct crew *crew);
/* The part of it behind the reading: takes the pipeline over, in any case. */
bool crew_renew(struct crew *crew, struct pipeline *pipeline);

/* Opens a handle and puts the seat on the list. */
int seat_open(struct seat *seat, struct crew *crew, struct stop *stop, struct seat **list,
              struct sp_error *err) SP_MUST_CHECK;
/* Closes the handle where it is open, and unloads what nobody else uses any more. */
void seat_close(struct seat *seat);
/* Between calls, by the seat's thread: where the stage was loaded anew, the handle is replaced. */
void seat_move(struct seat *seat);

/*
 * Waits until the stage may be called, and begins: while its breaker is open, one seat at a time may. Returns
 * the deadline of the call, which may take `extra_ns` longer than the stage's timeout (a long poll).
 *
 * A seat that waits is not at work: no deadline runs.  The stop ends the wait: the call is then to be made
 * all the same, once, with a short deadline where the stage is in trouble.
 */
int64_t call_begin(struct seat *seat, int64_t extra_ns);

/* The same, for those who must not be held up: waits for at most `most_ns`.  False: it was not this seat's
 * turn, no call has begun, and err says so. */
bool call_begin_within(struct seat *seat, int64_t extra_ns, int64_t most_ns, int64_t *deadline_out,
                       struct sp_error *err);

/* Whether the call that has begun finds out if the stage is back: others wait for it, a long poll would be
 * too long. */
static inline bool call_probes(const struct seat *seat)
{
    return seat->caller.probe != 0;
}

/* Takes note of how the call came out (`rc` is what it returned), tells trouble and its end once a
 * stage.  True where it failed. */
bool call_end(struct seat *seat, int rc, const struct sp_error *err);

/* The same for a caller that knows what to do about `rejected`: the stage has answered, it is not in
 * trouble. */
bool call_end_rejectable(struct seat *seat, int rc, const struct sp_error *err);

/* The same for a call that only asks whether the next one is worth making.  An answer ends no trouble: a sink
 * that lets us in need not write. */
bool call_end_asked(struct seat *seat, int rc, const struct sp_error *err);

/* The same for a failure that says nothing of the stage, or of a call that is of no use to the work: it is
 * told, but holds up nobody else. */
bool call_end_aside(struct seat *seat, int rc, const struct sp_error *err);

/* Outside of a call: the seat holds, for what it has found.  Told as any trouble, until it goes on. */
void call_hold(struct seat *seat, const struct sp_error *err);
void call_go_on(struct seat *seat);

/* After a failure: how long to pause before call_begin(). */
int64_t call_pause_ns(struct seat *seat, const struct sp_error *err);

/* Pauses as the failure asks for, or until the stage answers somebody; false where there is no point in
 * trying again: the stop was asked for. */
bool call_again(struct seat *seat, const struct sp_error *err);
/* The same, and pauses no longer than `most_ns`. */
bool call_again_within(struct seat *seat, const struct sp_error *err, int64_t most_ns);

/* Makes calls at work return that may be broken off by now; `late`: most of the grace is over. */
void seats_interrupt(struct seat *list, bool late);

/* A call that was seen past its deadline for longer than `slack_ns`, or NULL.  To be called often: time
 * between two calls counts for a second at most, so that a process that was frozen convicts nobody. */
struct seat *seats_overdue(struct seat *list, int64_t now, int64_t since_last_ns, int64_t slack_ns);

/* A seat with a call at work, or NULL: for messages. */
struct seat *seats_at_work(struct seat *list);

#endif
