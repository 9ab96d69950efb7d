/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TABLE_BLOCK_H
#define TABLE_BLOCK_H

/* The `table` block as it is written, each column checked on its own. */

#include "table/plan.h"

struct block_column {
    const char *name;
    struct mark mark; /* of the name */
    const char *pointer;
    struct value_rule rule;
    bool typed; /* the type could be read */
    bool key;
    enum sp_keep keep;
    struct conditions when;
    const char *order_column; /* or NULL */
    struct mark order_mark;
};

struct block {
    const char *name;
    struct mark mark;
    bool append;
    struct plan_field order;
    struct conditions where;
    struct block_column *columns;
    size_t count;
    struct pointer_list pointers;
    unsigned time_digits;
};

/* Fills what could be read; what is wrong goes to diag. */
void block_read(const struct yaml_node *node, unsigned time_digits, struct diag *diag, struct sp_arena *arena,
                struct block *out);

/* The column of the mapping's pair; `block` has the pointers and says whether rows are appended. */
void block_read_column(const struct yaml_pair *pair, struct block *block, struct diag *diag,
                       struct sp_arena *arena, struct block_column *out);

/* Reads "decimal(10,2)" and the like; false after an error. */
bool block_read_type(const struct yaml_node *node, unsigned time_digits, struct diag *diag,
                     struct sp_arena *arena, struct value_rule *rule);

/* Tells the keys of the mapping that are not known. */
void block_check_keys(const struct yaml_node *mapping, const char *const *known, size_t count,
                      struct diag *diag, struct sp_arena *arena);

/* Each reads a scalar where the key is there; false after an error, or where it is not there. */
bool block_read_boolean(const struct yaml_node *node, struct diag *diag, bool *out);
bool block_read_choice(const struct yaml_node *node, const char *const *choices, size_t count,
                       struct diag *diag, struct sp_arena *arena, size_t *out);

/* [A-Za-z_][A-Za-z0-9_]*, at most 128; for tables also schema.name. */
bool block_check_name(const char *name, struct mark mark, const char *what, bool with_schema,
                      struct diag *diag);

#endif
