/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUEUE_SQLITE_RESCUE_H
#define QUEUE_SQLITE_RESCUE_H

/*
 * What a file that SQLite cannot read any more still holds: its tables, found by the schema or by what their
 * rows look like, and the rows of each in order, with a mark wherever something is missing.
 *
 * A page that no tree leads to any more counts only for a table that lacks some: it may be one that was given
 * up long ago, and then messages come again that were settled.
 */

#include "tree.h"

/* A place of a table: the number of a leaf, or of a page that cannot be read. */
#define RESCUE_LOST    UINT32_C(0x80000000)
#define RESCUE_COLUMNS 2000 /* SQLite's own limit */

struct rescue_table {
    struct rescue_table *next;
    char type;        /* 't': table, 'i': index, 'g': trigger, 'v': view */
    char *name;       /* heap, as what follows */
    char *on;         /* the table that it belongs to; may be NULL */
    char *sql;        /* NULL where it was found by its rows */
    uint32_t root;    /* 0: not known, or none */
    uint32_t *places; /* in the order of the keys */
    size_t count, capacity;
    bool damaged; /* a place is lost */
};

struct rescue {
    struct pages pages;
    struct rescue_table schema, *tables;
    unsigned char *used; /* by page number: does a tree lead there, or is it free? */
    bool totals_known;   /* of the queue, with what follows */
    int64_t last_id;
    uint64_t total_messages;
    uint32_t unplaced_pages; /* leaves of which it is not known what they are of */
};

/* Opens the file and finds the tables.  -1: it cannot be read at all. */
int rescue_open(struct rescue *rescue, const char *path, struct sp_error *err) SP_MUST_CHECK;
void rescue_close(struct rescue *rescue);

/* NULL: there is no sign of it. */
const struct rescue_table *rescue_find(const struct rescue *rescue, const char *name);

enum rescue_step {
    RESCUE_END,
    RESCUE_ROW,       /* columns may be cut */
    RESCUE_LOST_ROW,  /* there is a row, and nothing of it can be read but, perhaps, its id */
    RESCUE_LOST_PAGE, /* rows may be missing here */
};

struct rescue_rows {
    const struct rescue *rescue;
    const struct rescue_table *table;
    bool beginnings;     /* only what stands on the leaf itself: the rest of a row is cut */
    size_t place, cell;  /* what comes next */
    unsigned char *page; /* heap, as what follows */
    struct tree_page tree;
    bool loaded;
    struct tree_room room;
    struct tree_value *values;
};

/* Lives until the next one. */
struct rescue_row {
    int64_t id;
    uint32_t page;
    const struct tree_value *values;
    size_t count;
};

void rescue_rows_open(struct rescue_rows *rows, const struct rescue *rescue, const struct rescue_table *table,
                      size_t place);
void rescue_rows_close(struct rescue_rows *rows);
enum rescue_step rescue_next(struct rescue_rows *rows, struct rescue_row *out);

/* Whether these are the columns of a row of that table; those that are cut may be anything. */
bool rescue_is_message(const struct tree_value *values, size_t count);

#endif
