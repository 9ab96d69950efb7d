/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SINK_FILE_INSIDE_H
#define SINK_FILE_INSIDE_H

/* What target.c, file.c and stream.c share. */

#include "target.h"

#include <pthread.h>
#include <sys/stat.h>

struct target {
    const struct target_options *options;
    bool standard; /* standard output */

    pthread_mutex_t lock;
    pthread_cond_t turn;
    bool busy; /* under the lock; who set it owns all that follows */

    int fd; /* -1: not open */
    struct stat about;
    bool emptied;       /* `append: false` was done */
    int64_t known_size; /* of a file, as this process left it; -1: look at it again */
    char *rest;         /* of a line that a stream took in part */
    size_t rest_size;
};

/* A system error while doing `what`, in its class, with a cure where there is one. */
int target_fail(const struct target *target, int error, const char *what, struct sp_error *err);

/* Each writes all of it, or fails; the target is open. */
int file_append(struct target *target, const char *data, size_t size, struct sp_error *err) SP_MUST_CHECK;
int stream_write(struct target *target, const char *data, size_t size, const struct patience *patience,
                 struct sp_error *err) SP_MUST_CHECK;

void target_close_fd(struct target *target);

#endif
