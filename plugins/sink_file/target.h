/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SINK_FILE_TARGET_H
#define SINK_FILE_TARGET_H

/*
 * Where lines go: a file, standard output, a pipe or a device.  One a stage, shared by its handles.
 *
 * Lines stay whole.  In a file a write that fails is taken back, and a torn last line that a crash left
 * is cut off before the next write.  What a pipe has taken cannot be taken back: the line that it took
 * in part is finished before anything else is written.
 */

#include <scanpipe/plugin.h>

#include <stdatomic.h>

struct target;

struct target_options {
    const char *path; /* "-": standard output */
    bool append, sync;
};

/* How long a call may take. */
struct patience {
    int64_t deadline;
    const atomic_bool *interrupted;
};

struct target *target_new(const struct target_options *options); /* NULL: no memory */
void target_free(struct target *target);

/* All of it, or an error; durable where `sync` says so.  Waits for its turn. */
int target_write(struct target *target, const char *data, size_t size, const struct patience *patience,
                 struct sp_error *err) SP_MUST_CHECK;

/* Looks, and changes nothing. */
int target_probe(struct target *target, struct sp_error *err) SP_MUST_CHECK;

#endif
