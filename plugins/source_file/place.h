/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_FILE_PLACE_H
#define SOURCE_FILE_PLACE_H

/* Where reading goes on: the cursor of this source.  Pure. */

#include <scanpipe/plugin.h>

enum { PLACE_NAME_SIZE = 256, PLACE_TEXT_SIZE = 400 };

/* An offset that nobody knows: lines have to be counted from the start of the file. */
#define PLACE_COUNT_LINES INT64_C(-1)

/* All zero is the start of everything. */
struct place {
    char name[PLACE_NAME_SIZE]; /* of the file, in its folder; "-" is standard input */
    uint32_t generation;        /* how often a file of this name was replaced while it was read */
    uint64_t line;              /* lines before this place */
    int64_t offset;             /* bytes before it, after decompression */
    uint32_t head_size;         /* the file's first bytes, as it is stored, ... */
    uint64_t head_hash;         /* ... by which it is known again */
    bool finished;              /* the file's end was seen here */
};

/* False where the bytes are no cursor of this source. */
bool place_parse(struct sp_slice cursor, struct place *out);
/* Returns the length. */
size_t place_print(const struct place *place, char out[PLACE_TEXT_SIZE]);

/* What a person writes: "events.ndjson:17", or "17" where there is one file, called `only`: behind line 17.
 */
bool place_from_text(const char *text, const char *only, struct place *out);

/* By name, then generation, then line. */
int place_compare(const struct place *a, const struct place *b);

#endif
