/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_SIZE = 100, LOG_HEADER_SIZE = 32, FRAME_HEADER_SIZE = 24, USUAL_PAGE_SIZE = 8192 };

/* SQLite's own limit; what says more is damaged. */
#define PAGES_MOST ((uint32_t)1 << 30)

static const unsigned char magic[16] = "SQLite format 3";

static bool read_at(int file, int64_t offset, void *out, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t some = pread(file, (char *)out + got, size - got, offset + (int64_t)got);
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return false;
        got += (size_t)some;
    }
    return true;
}

static bool is_page_size(size_t size)
{
    return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

static size_t written_page_size(const unsigned char *at)
{
    size_t size = pages_get16(at);
    return size == 1 ? 65536 : size;
}

/* ---- the log */

struct sum {
    uint32_t first, second;
};

static uint32_t word(const unsigned char *at, bool highest_first)
{
    return highest_first ? pages_get32(at)
                         : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void add_to_sum(struct sum *sum, const unsigned char *data, size_t size, bool highest_first)
{
    for (size_t at = 0; at + 8 <= size; at += 8) {
        sum->first += word(data + at, highest_first) + sum->second;
        sum->second += word(data + at + 4, highest_first) + sum->first;
    }
}

static bool sum_is(const struct sum *sum, const unsigned char *written)
{
    return sum->first == pages_get32(written) && sum->second == pages_get32(written + 4);
}

struct log_reading {
    struct pages *pages;
    unsigned char header[LOG_HEADER_SIZE];
    bool highest_first;
    struct sum sum;
    uint32_t commits_pages; /* that the file has after the last commit */
};

static int64_t frame_at(const struct pages *pages, uint32_t index)
{
    return LOG_HEADER_SIZE + (int64_t)index * (int64_t)(FRAME_HEADER_SIZE + pages->page_size);
}

/* Adds up one frame; false at the end of what is good. */
static bool check_frame(struct log_reading *reading, uint32_t index, unsigned char *frame)
{
    struct pages *pages = reading->pages;
    if (!read_at(pages->log, frame_at(pages, index), frame, FRAME_HEADER_SIZE + pages->page_size) ||
        memcmp(frame + 8, reading->header + 16, 8) != 0)
        return false;
    add_to_sum(&reading->sum, frame, 8, reading->highest_first);
    add_to_sum(&reading->sum, frame + FRAME_HEADER_SIZE, pages->page_size, reading->highest_first);
    if (!sum_is(&reading->sum, frame + 16))
        return false;
    uint32_t count = pages_get32(frame + 4);
    if (count > 0) { /* a commit */
        pages->log_commit = index + 1;
        reading->commits_pages = count;
    }
    return true;
}

/* Takes down where the newest bytes of each page are. */
static void index_log(struct log_reading *reading)
{
    struct pages *pages = reading->pages;
    uint32_t count = reading->commits_pages < PAGES_MOST ? reading->commits_pages : PAGES_MOST;
    int64_t *places = calloc((size_t)count + 1, sizeof *places);
    if (!places)
        return;
    for (uint32_t index = 0; index < pages->log_commit; index++) {
        unsigned char header[4];
        if (!read_at(pages->log, frame_at(pages, index), header, sizeof header))
            break;
        uint32_t number = pages_get32(header);
        if (number > 0 && number <= count)
            places[number] = frame_at(pages, index) + FRAME_HEADER_SIZE;
    }
    pages->log_places = places;
    pages->count = count;
}

static void read_log(struct pages *pages)
{
    struct log_reading reading = {.pages = pages};
    if (!read_at(pages->log, 0, reading.header, LOG_HEADER_SIZE))
        return;
    uint32_t kind = pages_get32(reading.header);
    size_t page_size = pages_get32(reading.header + 8);
    reading.highest_first = kind & 1;
    add_to_sum(&reading.sum, reading.header, LOG_HEADER_SIZE - 8, reading.highest_first);
    if ((kind & ~1U) != 0x377f0682 || !is_page_size(page_size) ||
        !sum_is(&reading.sum, reading.header + LOG_HEADER_SIZE - 8)) {
        pages->log_unread = true;
        return;
    }
    /* The log has a sum over its header, the file has none: it is believed rather. */
    if (page_size != pages->page_size) {
        pages->page_size = pages->usable = page_size;
        pages->file_count = pages->count = (uint32_t)(pages->file_size / (int64_t)page_size);
    }
    unsigned char *frame = malloc(FRAME_HEADER_SIZE + page_size);
    for (uint32_t index = 0; frame && check_frame(&reading, index, frame); index++)
        continue;
    free(frame);
    if (pages->log_commit > 0)
        index_log(&reading);
}

/* ---- the file */

/* Whether the first page, of this size, holds the top of a tree: a sign of its size where the header is gone.
 */
static bool looks_like_first(const unsigned char *page, size_t size)
{
    const unsigned char *head = page + HEADER_SIZE;
    size_t cells = pages_get16(head + 3), content = pages_get16(head + 5);
    size_t header = head[0] == 0x05 ? 12 : 8;
    return (head[0] == 0x0d || head[0] == 0x05) && content <= size &&
           HEADER_SIZE + header + 2 * cells <= (content ? content : 65536);
}

static void guess_page_size(struct pages *pages)
{
    static const size_t sizes[] = {USUAL_PAGE_SIZE, 4096, 1024, 2048, 16384, 32768, 65536, 512};
    unsigned char *page = calloc(1, 65536);
    pages->page_size = pages->usable = USUAL_PAGE_SIZE;
    for (size_t i = 0; page && i < sizeof sizes / sizeof *sizes; i++)
        if (read_at(pages->file, 0, page, sizes[i]) && looks_like_first(page, sizes[i])) {
            pages->page_size = pages->usable = sizes[i];
            break;
        }
    free(page);
}

/* The size and what follows from it; false where the header is none. */
static bool take_header(struct pages *pages, const unsigned char *header)
{
    size_t page_size = written_page_size(header + 16);
    size_t reserved = header[20];
    if (memcmp(header, magic, sizeof magic) != 0 || !is_page_size(page_size) || page_size - reserved < 480)
        return false;
    pages->page_size = page_size;
    pages->usable = page_size - reserved;
    return true;
}

static void read_header(struct pages *pages)
{
    unsigned char header[HEADER_SIZE];
    bool there = read_at(pages->file, 0, header, sizeof header);
    pages->header_good = there && take_header(pages, header);
    if (!pages->header_good)
        guess_page_size(pages);
    pages->file_count = pages->count = (uint32_t)(pages->file_size / (int64_t)pages->page_size);
    if (pages->log >= 0)
        read_log(pages);
    /* The header that counts is the newest one. */
    if (pages->log_places && pages->log_places[1] &&
        read_at(pages->log, pages->log_places[1], header, sizeof header))
        pages->header_good = take_header(pages, header);
    /* The number of pages is right where the last writer knew of that field. */
    if (pages->header_good && memcmp(header + 24, header + 92, 4) == 0)
        pages->claimed = pages_get32(header + 28);
}

int pages_open(struct pages *pages, const char *path, struct sp_error *err)
{
    struct stat about;
    char log[4200];
    *pages = (struct pages){.file = open(path, O_RDONLY | O_CLOEXEC), .log = -1};
    if (pages->file < 0 || fstat(pages->file, &about) != 0) {
        sp_fail(err, SP_REFUSED, "%s: %s", path, strerror(errno));
        pages_close(pages);
        return -1;
    }
    if (!S_ISREG(about.st_mode)) {
        sp_fail(err, SP_REFUSED, "%s is no file", path);
        pages_close(pages);
        return -1;
    }
    pages->file_size = about.st_size;
    if ((size_t)snprintf(log, sizeof log, "%s-wal", path) < sizeof log)
        pages->log = open(log, O_RDONLY | O_CLOEXEC);
    read_header(pages);
    return 0;
}

void pages_close(struct pages *pages)
{
    if (pages->file >= 0)
        close(pages->file);
    if (pages->log >= 0)
        close(pages->log);
    free(pages->log_places);
    *pages = (struct pages){.file = -1, .log = -1};
}

bool pages_read(const struct pages *pages, uint32_t number, unsigned char *out)
{
    if (number == 0 || number > pages->count)
        return false;
    if (pages->log_places && pages->log_places[number])
        return read_at(pages->log, pages->log_places[number], out, pages->page_size);
    return read_at(pages->file, (int64_t)(number - 1) * (int64_t)pages->page_size, out, pages->page_size);
}
