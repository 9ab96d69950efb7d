/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQLITE_PAGES_H
#define QUEUE_SQLITE_PAGES_H

/*
 * A SQLite file as it lies on the disk, page by page, with the pages that the log beside it has committed
 * over them.  For damage that SQLite itself does not read past; changes nothing, believes nothing.
 * The formats: https://www.sqlite.org/fileformat2.html
 */

#include <scanpipe/error.h>

struct pages {
    int file;            /* descriptor; -1: not open */
    int log;             /* descriptor; -1: there is none */
    bool header_good;    /* the file begins as a SQLite file does */
    size_t page_size;    /* guessed where the header is no good */
    size_t usable;       /* bytes of a page that hold data */
    int64_t file_size;   /* of the file alone */
    uint32_t claimed;    /* pages that the header speaks of; 0: not known */
    uint32_t file_count; /* pages that the file has */
    uint32_t count;      /* pages, with those that stand in the log alone */
    bool log_unread;     /* its header is damaged, and SQLite passes it over */
    uint32_t log_commit; /* frames of the log up to the last commit */
    int64_t *log_places; /* by page number: where in the log its bytes are; 0: not there.  NULL: no log */
};

/* -1: the file cannot be read (SP_REFUSED). */
int pages_open(struct pages *pages, const char *path, struct sp_error *err) SP_MUST_CHECK;
/* For SP_AUTO too; does nothing to what is {.file = -1, .log = -1}. */
void pages_close(struct pages *pages);

/* Pages count from 1.  False: it is not there, or the disk does not give it. */
bool pages_read(const struct pages *pages, uint32_t number, unsigned char *out) SP_MUST_CHECK;

/* Numbers in SQLite's files have their highest byte first. */
static inline uint32_t pages_get16(const unsigned char *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}
static inline uint32_t pages_get32(const unsigned char *at)
{
    return pages_get16(at) << 16 | pages_get16(at + 2);
}

#endif
