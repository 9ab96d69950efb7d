/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TABLE_SORT_H
#define TABLE_SORT_H

#include <scanpipe/table.h>

struct sort_entry {
    uint64_t key;
    uint32_t row;
};

/* The rows' numbers in the order of their keys.  `space` has room for twice as many entries as there
 * are rows; the answer is one half of it. */
const struct sort_entry *sort_rows(const struct sp_table *table, const struct sp_value *rows, size_t count,
                                   struct sort_entry *space);

#endif
