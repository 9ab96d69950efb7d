/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_ERROR_H
#define SCANPIPE_ERROR_H

/*
 * Failures.  The class alone decides what the core does; the text is for people.
 *
 * A leaf fills the error once with sp_fail(); callers on the way up add context; the stage that
 * owns the failure tells it, once.  No text ever holds a secret: an option of type secret is never
 * put into one.
 */

#include <scanpipe/base.h>

enum sp_class {
    SP_OK = 0,
    SP_UNAVAILABLE = 1, /* not there, timed out, connection lost, disk full: the core waits        */
    SP_THROTTLED = 2,   /* there, but asks for less; retry_after_ns where it said for how long     */
    SP_CONTENDED = 3,   /* lost a race (deadlock, lock timeout, key race): this worker tries again */
    SP_UNCERTAIN = 4,   /* the write may or may not have happened                                  */
    SP_REJECTED = 5,    /* this event, or some event of this batch, can never be written           */
    SP_REFUSED = 6,     /* authentication, permission, missing table or queue: a person must act   */
    SP_UNKNOWN = 7,     /* a code that the plugin does not know                                    */
    SP_STOPPED = 8,     /* interrupt() ended the call                                              */
};

/* Frozen within an ABI major: plugins keep it on their own stack. */
struct sp_error {
    enum sp_class SP_CLASS;
    int64_t retry_after_ns; /* 0: not said */
    char text[480];         /* one line, no secret */
    char cure[240];         /* what a person can do; may be empty */
};

/*
 * How one entry of a call that was answered entry by entry came out.  `text` belongs to the handle
 * and lives until its next call.  Travels in arrays: frozen within an ABI major.
 */
#define SP_NO_COLUMN UINT32_MAX
struct sp_result {
    enum sp_class SP_CLASS;
    uint32_t column; /* sinks: the column of the table that is to blame, else SP_NO_COLUMN */
    const char *text;
};

/* Fills *err and returns -1, so that `return sp_fail(...)` reads well.  Control characters in what
 * is formatted become '?', what is too long is cut. */
SP_API int sp_fail(struct sp_error *err, enum sp_class error_class, const char *format, ...) SP_PRINTF(3, 4);

/* Says what a person can do about it.  Returns -1. */
SP_API int sp_fail_cure(struct sp_error *err, const char *format, ...) SP_PRINTF(2, 3);

/* Puts "<context>: " before the text. */
SP_API void sp_error_context(struct sp_error *err, const char *format, ...) SP_PRINTF(2, 3);

/* "unavailable", "throttled", ...; "ok" for SP_OK. */
SP_API const char *sp_class_name(enum sp_class error_class);

#endif
