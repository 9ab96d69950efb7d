/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_TABLE_H
#define SCANPIPE_TABLE_H

/*
 * A folded table, as sinks see it.
 *
 * Invariants: key columns come first, in the order of the file (of an append table the order comes
 * after them, unless it is itself marked `key: true`); every other column belongs to
 * exactly one group; an order column belongs to the group whose order it holds.  Rows are arrays of
 * `column_count` values.  Within a batch each key stands once, and rows are sorted by key (integers
 * and times by value, text by bytes, column by column).
 */

#include <scanpipe/base.h>

enum sp_type {
    SP_TYPE_INT,       /* number, 32 bits                                           */
    SP_TYPE_BIGINT,    /* number, 64 bits                                           */
    SP_TYPE_DECIMAL,   /* text: -?digits[.digits], exactly `scale` digits after the point */
    SP_TYPE_BOOLEAN,   /* number, 0 or 1                                            */
    SP_TYPE_TEXT,      /* text, UTF-8 without NUL, at most `length` code points (0: no limit) */
    SP_TYPE_TIMESTAMP, /* number, ticks (scanpipe/time.h), cut to the sink's digits */
    SP_TYPE_JSON,      /* text, one JSON value                                      */
};

enum sp_keep { SP_KEEP_LAST, SP_KEEP_FIRST, SP_KEEP_MIN, SP_KEEP_MAX };

enum sp_role {
    SP_ROLE_KEY,
    SP_ROLE_VALUE, /* a column of the file                                                   */
    SP_ROLE_ORDER, /* holds its group's order: of the file, or hidden (a bigint that the core added) */
};

/* Frozen within an ABI major. */
struct sp_value {
    union {
        int64_t number;
        const char *text; /* not terminated */
    };
    uint32_t length; /* of text, in bytes */
    bool present;    /* false: NULL */
};

/* Frozen within an ABI major. */
struct sp_column {
    const char *name;
    enum sp_type type;
    uint32_t length;           /* text(n): code points; 0: any */
    uint32_t precision, scale; /* decimal(precision, scale) */
    enum sp_role role;
    int32_t group; /* index into groups; -1 for a key */
    bool nullable; /* may a present group hold NULL here (a group without an event is always NULL) */
    bool hidden;   /* added by the core, not named in `columns` */
    const void *reserved;
};

/*
 * A last or first group is replaced, whole, when the stored order is NULL or the new one is >= (last)
 * or <= (first) than the stored.  A row whose own order is NULL has nothing to say for the group.
 * Min and max groups have one value column each, ignore NULL and have no order.
 * Frozen within an ABI major.
 */
struct sp_group {
    enum sp_keep keep;
    int32_t order_column; /* index into columns; -1 for min and max */
    const void *reserved;
};

struct sp_table {
    size_t size; /* of this struct; fields are only added at the tail */
    const char *name;
    const struct sp_column *columns;
    size_t column_count;
    size_t key_count;
    const struct sp_group *groups;
    size_t group_count;
    bool append;          /* one row an event: insert where the key is not there, never change a row */
    size_t newest_column; /* holds the largest order of all events of a row; 0: none does */
};

/*
 * For adding the order column of a first group to a table whose rows were not folded by us.  Where such a row
 * has a value for the group, it is of an event that is not newer than the newest of the row: with that order,
 * newer events leave it alone, and reading the source again finds the true one.  Returns the column with that
 * order, 0 where there is none; there[i] says which columns the table has.  Pure.
 */
SP_API size_t sp_table_order_bound(const struct sp_table *table, size_t column, const bool *there);

SP_API const char *sp_type_name(enum sp_type type);
SP_API const char *sp_keep_name(enum sp_keep keep);

#endif
