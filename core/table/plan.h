/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TABLE_PLAN_H
#define TABLE_PLAN_H

/* A compiled table, as the files of this folder see it. */

#include "table/condition.h"
#include "table/table.h"
#include "table/value.h"

/* What is read from an event for one column. */
struct plan_field {
    const char *pointer;
    uint32_t path; /* PLAN_THE_ORDER: a hidden column, which holds the event's order */
    struct value_rule rule;
};

#define PLAN_THE_ORDER UINT32_MAX

struct plan_group {
    enum sp_keep keep;
    struct conditions when;
    int32_t order_column;
    const uint32_t *columns; /* those that the group decides on */
    size_t column_count;
};

struct table_plan {
    struct sp_table table;
    const struct sp_json_paths *paths;
    const struct sp_json_paths *identity; /* the order, then the columns that the file calls keys */
    struct conditions where;
    struct plan_field order;
    const char *order_name;          /* of a column that reads the order, for messages; or NULL */
    const struct plan_field *fields; /* one a column of the table */
    const struct plan_group *groups; /* one a group of the table */
};

/* The most columns that a table may have, hidden ones included. */
#define PLAN_MAX_COLUMNS 1000

#endif
