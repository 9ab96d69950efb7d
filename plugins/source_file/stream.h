/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_FILE_STREAM_H
#define SOURCE_FILE_STREAM_H

/*
 * The bytes of one file, or of standard input, after decompression.
 *
 * What was read and not yet taken stands in data[0..size); `line` and `offset` say where data[0] is.
 * Whether it is gzip is told by its first two bytes.
 */

#include "place.h"

#include <sys/stat.h>
#include <zlib.h>

enum { HEAD_SIZE = 1024, RAW_SIZE = 65536 };

enum stream_form { FORM_UNKNOWN, FORM_PLAIN, FORM_GZIP };

enum stream_state {
    STREAM_MORE,  /* something was read */
    STREAM_QUIET, /* standard input has nothing yet */
    STREAM_END,
    STREAM_CUT, /* the end, in the middle of gzip data */
};

struct stream {
    int fd;
    bool standard;     /* input: no head, no way back */
    const char *title; /* for people */
    struct stat about; /* as it was when it was opened */

    enum stream_form form;
    unsigned char *raw; /* read, and not yet decompressed: raw[raw_at..raw_size) */
    size_t raw_at, raw_size;
    int64_t raw_offset; /* bytes read from the file */
    z_stream inflating;
    bool inflate_ready, in_member;
    int64_t skip; /* bytes to drop until data begins */

    char head[HEAD_SIZE];
    size_t head_size;

    char *data;
    size_t size, capacity;
    int64_t cut; /* bytes of the first line, which is too long, that are not in data */
    int64_t offset;
    uint64_t line;
    uint32_t generation;
    uint64_t wanted_line; /* lines before it are passed over */
};

/* NULL with errno; EISDIR where it is no file.  `title` must outlive the stream. */
struct stream *stream_open(const char *path, const char *title);
/* Standard input; it is not closed. */
struct stream *stream_open_standard(void);
void stream_free(struct stream *stream);

/* Goes to the place; false where this is not the file that the place speaks of, and then nothing is done. */
bool stream_resume(struct stream *stream, const struct place *place);

/* Reads a piece, however small.  Standard input is waited for up to wait_ms. */
int stream_fill(struct stream *stream, int wait_ms, enum stream_state *state_out,
                struct sp_error *err) SP_MUST_CHECK;

/* Drops all but the first `keep` bytes of data, which are of one line. */
void stream_shorten(struct stream *stream, size_t keep);

/* Takes what was `lines` lines from the front. */
void stream_take(struct stream *stream, size_t bytes, uint64_t lines);

/* Whether what was read so far is still what the file holds: it was neither replaced in place nor cut. */
bool stream_is_same(struct stream *stream);

uint64_t stream_head_hash(const struct stream *stream, size_t size);

#endif
