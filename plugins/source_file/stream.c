/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { GZIP_FIRST = 0x1f, GZIP_SECOND = 0x8b, GZIP_ONLY = 16 + MAX_WBITS };

/* What is kept of a buffer that a very long line has made large. */
enum { KEPT_CAPACITY = 8 << 20 };

static void read_head(struct stream *stream, char *head, size_t *size)
{
    *size = 0;
    while (*size < HEAD_SIZE) {
        ssize_t got = pread(stream->fd, head + *size, HEAD_SIZE - *size, (off_t)*size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        *size += (size_t)got;
    }
}

static struct stream *stream_new(int fd, const char *title)
{
    struct stream *stream = calloc(1, sizeof *stream);
    unsigned char *raw = malloc(RAW_SIZE);
    if (!stream || !raw) {
        free(stream);
        free(raw);
        errno = ENOMEM;
        return NULL;
    }
    stream->fd = fd;
    stream->title = title;
    stream->raw = raw;
    return stream;
}

struct stream *stream_open_standard(void)
{
    struct stream *stream = stream_new(STDIN_FILENO, "standard input");
    if (stream)
        stream->standard = true;
    return stream;
}

static bool is_file(int fd, struct stat *about)
{
    if (fstat(fd, about) != 0)
        return false;
    errno = EISDIR;
    return S_ISREG(about->st_mode);
}

struct stream *stream_open(const char *path, const char *title)
{
    /* Non-blocking, so that a named pipe does not hold us before we know that it is one. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return NULL;
    struct stat about;
    struct stream *stream = is_file(fd, &about) ? stream_new(fd, title) : NULL;
    if (!stream) {
        int error = errno;
        close(fd);
        errno = error;
        return NULL;
    }
    stream->about = about;
    read_head(stream, stream->head, &stream->head_size);
    return stream;
}

void stream_free(struct stream *stream)
{
    if (!stream)
        return;
    if (!stream->standard)
        close(stream->fd);
    if (stream->inflate_ready)
        inflateEnd(&stream->inflating);
    free(stream->raw);
    free(stream->data);
    free(stream);
}

uint64_t stream_head_hash(const struct stream *stream, size_t size)
{
    /* Nobody gains by a collision here: a constant key will do. */
    static const uint64_t key[2] = {0x7363616e70697065, 0x66696c6568656164};
    return sp_siphash128(key, stream->head, size).low;
}

static enum stream_form form_of(const unsigned char *bytes, size_t size)
{
    if (size == 0 || (size == 1 && bytes[0] == GZIP_FIRST))
        return FORM_UNKNOWN;
    return bytes[0] == GZIP_FIRST && bytes[1] == GZIP_SECOND ? FORM_GZIP : FORM_PLAIN;
}

bool stream_resume(struct stream *stream, const struct place *place)
{
    if (place->offset == PLACE_COUNT_LINES) {
        stream->generation = place->generation;
        stream->wanted_line = place->line;
        return true;
    }
    if (place->head_size > stream->head_size ||
        (place->head_size > 0 && place->head_hash != stream_head_hash(stream, place->head_size)))
        return false;
    enum stream_form form = form_of((const unsigned char *)stream->head, stream->head_size);
    if (form != FORM_GZIP && place->offset > stream->about.st_size)
        return false;
    if (form == FORM_GZIP) {
        stream->skip = place->offset;
    } else if (place->offset > 0) {
        if (lseek(stream->fd, place->offset, SEEK_SET) < 0)
            return false;
        stream->form = FORM_PLAIN;
        stream->raw_offset = place->offset;
    }
    stream->generation = place->generation;
    stream->offset = place->offset;
    stream->line = stream->wanted_line = place->line;
    return true;
}

static int out_of_memory(const struct stream *stream, struct sp_error *err)
{
    return sp_fail(err, SP_UNAVAILABLE, "%s: there is no memory left", stream->title);
}

static int reserve(struct stream *stream, size_t more, struct sp_error *err)
{
    if (stream->capacity - stream->size >= more)
        return 0;
    size_t capacity = stream->capacity ? stream->capacity : 4 * RAW_SIZE;
    while (capacity - stream->size < more)
        capacity *= 2;
    char *data = realloc(stream->data, capacity);
    if (!data)
        return out_of_memory(stream, err);
    stream->data = data;
    stream->capacity = capacity;
    return 0;
}

/* 1: something came; 0: the end; -1: an error; *quiet: nothing yet. */
static int read_bytes(struct stream *stream, void *into, size_t size, int wait_ms, bool *quiet, size_t *got,
                      struct sp_error *err)
{
    struct pollfd ready = {.fd = stream->fd, .events = POLLIN};
    *quiet = false;
    if (stream->standard && poll(&ready, 1, wait_ms) <= 0) {
        *quiet = true;
        return 1;
    }
    ssize_t count = read(stream->fd, into, size);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        *quiet = true;
        return 1;
    }
    if (count < 0)
        return sp_fail(err, SP_UNAVAILABLE, "%s cannot be read: %s", stream->title, strerrordesc_np(errno));
    stream->raw_offset += count;
    *got = (size_t)count;
    return count > 0;
}

static int fill_plain(struct stream *stream, int wait_ms, enum stream_state *state, struct sp_error *err)
{
    if (reserve(stream, RAW_SIZE, err) != 0)
        return -1;
    bool quiet;
    size_t got;
    int status = read_bytes(stream, stream->data + stream->size, RAW_SIZE, wait_ms, &quiet, &got, err);
    if (status < 0)
        return -1;
    if (status > 0 && !quiet)
        stream->size += got;
    *state = status == 0 ? STREAM_END : quiet ? STREAM_QUIET : STREAM_MORE;
    return 0;
}

/* Reads behind what is left of the raw bytes. */
static int fill_raw(struct stream *stream, int wait_ms, enum stream_state *state, struct sp_error *err)
{
    if (stream->raw_at > 0) {
        memmove(stream->raw, stream->raw + stream->raw_at, stream->raw_size - stream->raw_at);
        stream->raw_size -= stream->raw_at;
        stream->raw_at = 0;
    }
    bool quiet;
    size_t got;
    int status = read_bytes(stream, stream->raw + stream->raw_size, RAW_SIZE - stream->raw_size, wait_ms,
                            &quiet, &got, err);
    if (status < 0)
        return -1;
    if (status > 0 && !quiet)
        stream->raw_size += got;
    *state = status == 0 ? STREAM_END : quiet ? STREAM_QUIET : STREAM_MORE;
    return 0;
}

static int start_member(struct stream *stream, struct sp_error *err)
{
    /* Tapes and disks pad with zeros. */
    while (stream->raw_at < stream->raw_size && stream->raw[stream->raw_at] == 0)
        stream->raw_at++;
    if (stream->raw_at == stream->raw_size)
        return 0;
    if (stream->raw[stream->raw_at] != GZIP_FIRST) {
        sp_fail(err, SP_REFUSED, "%s: something else follows its gzip data", stream->title);
        return sp_fail_cure(err, "repair the file, or take it away");
    }
    int code = stream->inflate_ready ? inflateReset(&stream->inflating)
                                     : inflateInit2(&stream->inflating, GZIP_ONLY);
    if (code != Z_OK)
        return out_of_memory(stream, err);
    stream->inflate_ready = stream->in_member = true;
    return 0;
}

static void drop_skipped(struct stream *stream, size_t before)
{
    int64_t produced = (int64_t)(stream->size - before);
    int64_t dropped = produced < stream->skip ? produced : stream->skip;
    if (dropped == 0)
        return;
    memmove(stream->data + before, stream->data + before + dropped, (size_t)(produced - dropped));
    stream->size -= (size_t)dropped;
    stream->skip -= dropped;
}

static int inflate_some(struct stream *stream, struct sp_error *err)
{
    if (!stream->in_member && start_member(stream, err) != 0)
        return -1;
    if (!stream->in_member)
        return 0;
    if (reserve(stream, RAW_SIZE, err) != 0)
        return -1;
    size_t before = stream->size;
    z_stream *z = &stream->inflating;
    z->next_in = stream->raw + stream->raw_at;
    z->avail_in = (uInt)(stream->raw_size - stream->raw_at);
    z->next_out = (Bytef *)stream->data + stream->size;
    z->avail_out =
        (uInt)(stream->capacity - stream->size > RAW_SIZE ? RAW_SIZE : stream->capacity - stream->size);
    uInt room = z->avail_out;
    int code = inflate(z, Z_NO_FLUSH);
    stream->raw_at = stream->raw_size - z->avail_in;
    stream->size += room - z->avail_out;
    drop_skipped(stream, before);
    if (code == Z_STREAM_END)
        stream->in_member = false;
    else if (code == Z_MEM_ERROR)
        return out_of_memory(stream, err);
    else if (code != Z_OK && code != Z_BUF_ERROR) {
        sp_fail(err, SP_REFUSED, "%s: its gzip data is broken: %s", stream->title, z->msg ? z->msg : "");
        return sp_fail_cure(err, "repair the file, or take it away");
    }
    return 0;
}

static int fill_gzip(struct stream *stream, int wait_ms, enum stream_state *state, struct sp_error *err)
{
    size_t before = stream->size;
    int64_t skip_before = stream->skip;
    if (inflate_some(stream, err) != 0)
        return -1;
    *state = STREAM_MORE;
    /* Inflate may hold back what it has made until it is asked again: only silence means that it wants more.
     */
    if (stream->raw_at < stream->raw_size || stream->size > before || stream->skip < skip_before)
        return 0;
    if (fill_raw(stream, wait_ms, state, err) != 0)
        return -1;
    if (*state == STREAM_END && stream->in_member)
        *state = STREAM_CUT;
    return 0;
}

/* Reads raw bytes until they show what it is. */
static int fill_unknown(struct stream *stream, int wait_ms, enum stream_state *state, struct sp_error *err)
{
    if (fill_raw(stream, wait_ms, state, err) != 0)
        return -1;
    stream->form = form_of(stream->raw, stream->raw_size);
    if (stream->form == FORM_UNKNOWN && *state == STREAM_END && stream->raw_size > 0)
        *state = STREAM_CUT;
    if (stream->form != FORM_PLAIN)
        return 0;
    if (reserve(stream, stream->raw_size, err) != 0)
        return -1;
    memcpy(stream->data + stream->size, stream->raw, stream->raw_size);
    stream->size += stream->raw_size;
    stream->raw_size = 0;
    return 0;
}

int stream_fill(struct stream *stream, int wait_ms, enum stream_state *state_out, struct sp_error *err)
{
    switch (stream->form) {
    case FORM_PLAIN:
        return fill_plain(stream, wait_ms, state_out, err);
    case FORM_GZIP:
        return fill_gzip(stream, wait_ms, state_out, err);
    case FORM_UNKNOWN:
        break;
    }
    return fill_unknown(stream, wait_ms, state_out, err);
}

void stream_shorten(struct stream *stream, size_t keep)
{
    assert(keep <= stream->size);
    stream->cut += (int64_t)(stream->size - keep);
    stream->size = keep;
}

void stream_take(struct stream *stream, size_t bytes, uint64_t lines)
{
    assert(bytes <= stream->size);
    stream->size -= bytes;
    if (stream->size > 0)
        memmove(stream->data, stream->data + bytes, stream->size);
    stream->offset += (int64_t)bytes + stream->cut;
    stream->cut = 0;
    stream->line += lines;
    if (stream->capacity > KEPT_CAPACITY && stream->size < KEPT_CAPACITY / 2) {
        char *smaller = realloc(stream->data, KEPT_CAPACITY);
        stream->data = smaller ? smaller : stream->data;
        stream->capacity = smaller ? KEPT_CAPACITY : stream->capacity;
    }
}

bool stream_is_same(struct stream *stream)
{
    if (stream->standard)
        return true;
    struct stat now;
    if (fstat(stream->fd, &now) == 0 && now.st_size < stream->raw_offset)
        return false;
    char head[HEAD_SIZE];
    size_t size;
    read_head(stream, head, &size);
    if (size < stream->head_size || memcmp(head, stream->head, stream->head_size) != 0)
        return false;
    memcpy(stream->head, head, size);
    stream->head_size = size;
    return true;
}
