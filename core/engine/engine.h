/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

/*
 * A pipeline at work.  The caller's thread is the main one: it waits, reports, and asks for the stop;
 * the engine's threads do the rest.
 */

#include "engine/pipeline.h"

struct engine;

/* Counts since the start of this process. */
struct engine_report {
    uint64_t pages_read, events_read, events_repeated, not_events;
    uint64_t messages_sent, events_sent;
    uint64_t messages_received, events_received;
    uint64_t events_written;  /* taken by the sink, folded or as they came */
    uint64_t events_unwanted; /* dropped by the table's `where` */
    uint64_t rows_touched;
    uint64_t writes;
    uint64_t letters_stored; /* all dead letters, from ingest and deliver */
    struct engine_reason {
        const char *class; /* constant text; NULL ends the list */
        uint64_t count;
    } letters_by_class[16];
    uint64_t queue_visible, queue_leased; /* as last seen, a second ago or so */
    bool queue_known;
    bool has_source;   /* else this process only writes */
    bool holds_poller; /* this process moves the cursor */
    bool caught_up;
    const char *trouble; /* the stage that is in trouble, or NULL; ... */
    int64_t trouble_ns;  /* ... for how long, and what the last failure said */
    char trouble_why[160];
    const char *halted; /* what people, or stop_at, have halted; constant text, or NULL */
    int64_t elapsed_ns; /* since the start */
    char cursor[128];   /* text of the cursor that is committed, for people; may be empty */
};

/* Starts the threads.  `until_caught_up`: they end by themselves once the source is caught up,
 * nothing is held, and the queue is empty.  Failing here is the system's (no threads). */
int engine_start(const struct pipeline *pipeline, bool until_caught_up, struct engine **out,
                 struct sp_error *err) SP_MUST_CHECK;

/* Waits at most `ns`; true once all is done (caught up, or stopped). */
bool engine_wait(struct engine *engine, int64_t ns);

/* The look at the threads that engine_wait() has with it, for who does something else meanwhile: it ends the
 * process where a call hangs. */
void engine_watch(struct engine *engine);

/* Asks all threads to stop; returns at once.  Safe to call again. */
void engine_stop(struct engine *engine);

/* Any time from the main thread. */
void engine_report(struct engine *engine, struct engine_report *out);

/* The name of one of the engine's own threads that stands still: engine_watch() has seen it for longer than
 * this neither go on nor wait, nor inside a plugin, whose hangs end the process; or NULL. */
const char *engine_stuck(const struct engine *engine, int64_t slack_ns);

/* To be called now and then while engine_end() waits for the threads, and while it closes the stages. */
void engine_on_await(struct engine *engine, void (*tick)(void *context), void *context);

/* Joins the threads (they must have been asked to stop, or be done) and frees everything.  Where a plugin
 * does not return within the grace, it is told, and the process ends with _exit: what is held comes back by
 * its lease. */
void engine_end(struct engine *engine, struct engine_report *out);

#endif
