/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQLITE_TREE_H
#define QUEUE_SQLITE_TREE_H

/*
 * What stands on the pages of a SQLite file: cells, and the rows in them.  Every number is looked at before
 * it is used, for any of them may be damage.
 */

#include "pages.h"

enum tree_kind {
    TREE_NONE = 0,
    TREE_INDEX_INNER = 0x02,
    TREE_TABLE_INNER = 0x05,
    TREE_INDEX_LEAF = 0x0a,
    TREE_TABLE_LEAF = 0x0d,
};

/* A page of a tree that was read. */
struct tree_page {
    uint32_t number;
    enum tree_kind kind;
    size_t cells;
    uint32_t right; /* inner pages: the last child */
    size_t head;    /* where the page's header begins */
    const unsigned char *bytes;
};

/* False where the bytes are no page of a tree.  They are the caller's. */
bool tree_page_of(const struct pages *pages, uint32_t number, const unsigned char *bytes,
                  struct tree_page *out) SP_MUST_CHECK;

struct tree_cell {
    uint32_t child; /* inner pages */
    int64_t rowid;  /* tables */
    uint64_t size;  /* of the row; 0 in the inner pages of tables */
    const unsigned char *local;
    size_t local_size; /* bytes of the row that stand on the page itself */
    uint32_t overflow; /* the page with those that follow; 0: none */
};

/* False where the cell is damaged. */
bool tree_cell_at(const struct pages *pages, const struct tree_page *page, size_t index,
                  struct tree_cell *out) SP_MUST_CHECK;

/* Room for a row, used again for the next one; free() its bytes. */
struct tree_room {
    unsigned char *bytes;
    size_t capacity;
};

/* The bytes of a row: fewer than cell->size where a page of it cannot be read.  They live as long as the page
 * and until the room's next use. */
struct sp_slice tree_row(const struct pages *pages, const struct tree_cell *cell, struct tree_room *room);

enum tree_type { TREE_NULL, TREE_INTEGER, TREE_REAL, TREE_TEXT, TREE_BLOB, TREE_CUT };

struct tree_value {
    enum tree_type type; /* TREE_CUT: its bytes are not all there */
    int64_t integer;
    double real;
    struct sp_slice bytes; /* of texts and blobs; what there is of them */
};

/* Whether it is a whole number, and not below 0. */
static inline bool tree_is_number(const struct tree_value *value)
{
    return value->type == TREE_INTEGER && value->integer >= 0;
}

/* The row's columns, at most `max`; TREE_BAD where the row is damaged.  `bytes` may be its beginning alone.
 */
#define TREE_BAD ((size_t)-1)
size_t tree_columns(struct sp_slice bytes, uint64_t size, struct tree_value *out, size_t max);

#endif
