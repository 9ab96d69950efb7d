/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_LETTERS_H
#define SCANPIPE_LETTERS_H

/* A store of dead letters: events that can never be written, with the reason, kept for people. */

#include <scanpipe/arena.h>
#include <scanpipe/error.h>
#include <scanpipe/host.h>

/*
 * Frozen within an ABI major.  Texts may be NULL where there is nothing to say.
 *
 * `id` is the digest of pipeline and bytes: what is stored twice is one letter.  A put of a letter
 * that is there gives it a new version, keeps the earlier first_wall_ms, sets attempts to the larger of
 * one more than there were and the letter's own, and replaces the rest.  So a letter that was redriven and
 * fails again has its history once, whether or not it was removed meanwhile.
 *
 * A store that is SP_HOLDS can only look at letters by taking them out of others' sight.  There, a scan hides
 * what it has seen from every other scan until it has ended, or its handle is closed; who is killed in the
 * midst hides it for a while.  It goes on only on its own handle (SP_REFUSED elsewhere).  A letter's version
 * and history are what the scan has seen: remove() removes that, and what was put since stays, as a letter of
 * its own history; such a letter may be counted as removed.
 */
struct sp_letter {
    unsigned char id[SP_SHA256_SIZE];
    int64_t version;       /* given by the store; above 0 in what it returns */
    struct sp_slice event; /* its bytes, whatever they are */
    const char *pipeline;
    const char *stage;     /* "source", "table", "sink", ... */
    const char *plugin;    /* "scanapi", "sqlite", ... */
    const char *SP_CLASS;  /* reason class for counting: "malformed", "value", "rejected", "too_large",
                            "killed", "given_up": a queue gave up its message by itself */
    const char *reason;    /* one sentence */
    const char *column;    /* of the table */
    const char *pointer;   /* JSON Pointer */
    const char *event_id;  /* the event's order, as text, where it could be read */
    const char *event_key; /* its key, as text */
    const char *cursor;    /* where in the source, as text */
    const char *place;     /* the file that has the event's bytes, where `event` is only their head: too
                              large for the store */
    int64_t attempts;
    int64_t first_wall_ms, last_wall_ms;
};

struct sp_letter_ref {
    unsigned char id[SP_SHA256_SIZE];
    int64_t version;
};

struct sp_letter_filter {
    size_t size;
    const char *pipeline;                                 /* never NULL */
    const char *SP_CLASS, *column, *event_id, *event_key; /* NULL: any */
    int64_t from_wall_ms, until_wall_ms; /* by last_wall_ms; 0: no bound; until is exclusive */
};

/* Whether a scan with this filter shows the letter.  For stores that look at each; pure. */
static inline bool sp_letter_passes(const struct sp_letter *letter, const struct sp_letter_filter *filter)
{
    const char *const pairs[][2] = {{filter->pipeline, letter->pipeline},
                                    {filter->SP_CLASS, letter->SP_CLASS},
                                    {filter->column, letter->column},
                                    {filter->event_id, letter->event_id},
                                    {filter->event_key, letter->event_key}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i][0] && (!pairs[i][1] || strcmp(pairs[i][0], pairs[i][1]) != 0))
            return false;
    return (!filter->from_wall_ms || letter->last_wall_ms >= filter->from_wall_ms) &&
           (!filter->until_wall_ms || letter->last_wall_ms < filter->until_wall_ms);
}

struct sp_letters_ops {
    size_t size;

    /* Durable when it returns 0 and results[i].class is SP_OK.  The core hands over no more at once than the
     * plugin's batch_messages; a store that bounds the bytes of a call as well splits by those itself. */
    int (*put)(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
               int64_t deadline, struct sp_error *err);

    /* The next at most `max` letters that pass the filter, behind `after` (empty: from the start);
     * *next_out is what to hand in next time, empty at the end.  There may be none and still more to come:
     * where looking takes longer than a call may. */
    int (*scan)(void *handle, const struct sp_letter_filter *filter, struct sp_slice after, size_t max,
                struct sp_arena *arena, const struct sp_letter **letters_out, size_t *count_out,
                struct sp_slice *next_out, int64_t deadline, struct sp_error *err);

    /* Removes those whose version is still the one named; *removed_out counts them. */
    int (*remove)(void *handle, const struct sp_letter_ref *refs, size_t count, uint64_t *removed_out,
                  int64_t deadline, struct sp_error *err);

    /* What a store must do now and then (send again what would expire); may be NULL.  Called hourly, by one
     * process at a time; a call that does not come to its end is made again soon, and goes on. */
    int (*upkeep)(void *handle, int64_t deadline, struct sp_error *err);
};

#endif
