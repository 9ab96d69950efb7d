/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TABLE_GROUP_H
#define TABLE_GROUP_H

/* Which columns of a block form groups, and where each group keeps its order. */

#include "table/block.h"

struct block_group {
    enum sp_keep keep;
    const struct conditions *when;
    const char *order_name; /* NULL for min and max */
    size_t order_column;    /* index into the block's columns, or GROUP_HIDDEN */
    struct mark mark;
};

#define GROUP_HIDDEN SIZE_MAX

struct block_groups {
    struct block_group *items;
    size_t count;
    size_t *of_column; /* the group of each column of the block; GROUP_HIDDEN for keys */
};

void groups_form(const struct block *block, struct diag *diag, struct sp_arena *arena,
                 struct block_groups *out);

/* Whether the column always holds just the order of its event. */
bool group_reads_order(const struct block *block, const struct block_column *column);

#endif
