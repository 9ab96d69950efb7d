/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SINK_FILE_LINES_H
#define SINK_FILE_LINES_H

/* A batch as NDJSON.  Pure. */

#include <scanpipe/plugin.h>

/* {0} is empty.  `failed` is sticky: memory ran out, and the text is not to be used. */
struct lines {
    char *data;
    size_t size, capacity;
    bool failed;
};

void lines_fini(struct lines *lines);

/* Replaces what is there by the batch: a line a row where it has a table, else a line an event.  -1: no
 * memory. */
int lines_of_batch(struct lines *lines, const struct sp_batch *batch);

#endif
