/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_KIT_ROWS_H
#define TESTS_KIT_ROWS_H

/* Tables and rows for sinks, and what a table must hold after any rows were written. */

#include "kit.h"

/* Compiles the block as the core does, with a name that no table had: a "%s" in it. */
const struct sp_table *rows_table(struct kit *kit, const char *block);
/* Another table of the same name. */
const struct sp_table *rows_table_named(struct kit *kit, const char *block, const char *name);

/* The index of a column. */
size_t rows_column(const struct sp_table *table, const char *name);

/* A table with the key Id, and Number (the order) and Word in one group that keeps the last. */
const struct sp_table *rows_word_table(struct kit *kit);
/* So many rows of it, from an id on, all with one order and word (NULL: none). */
struct sp_value *rows_words(struct sp_arena *arena, const struct sp_table *table, int64_t first_id,
                            size_t count, int64_t order, const char *word);

/* Tables with columns of every type in groups of every kind. */
enum { ROWS_SHAPES = 7 };
const struct sp_table *rows_shape(struct kit *kit, size_t shape);

/* A random row: a key of few, and what one event or several of it leave in each group.  What stands in a
 * group follows from key and order: equal order is the same event. */
void rows_random(struct kit *kit, const struct sp_table *table, struct sp_value *row);
/* A value of the column's type; the same for the same hash. */
struct sp_value rows_value(struct kit *kit, const struct sp_column *column, uint64_t hash);
/* How many values rows_value() has of a type, before they repeat, at most. */
enum { ROWS_VALUES = 64 };

int rows_compare_keys(const struct sp_table *table, const struct sp_value *a, const struct sp_value *b);
/* Puts a batch's rows in the order that sinks are promised. */
void rows_sort(const struct sp_table *table, struct sp_value *rows, size_t count);
/* "column Word is 'a', not NULL", or NULL where the rows are equal. */
const char *rows_difference(struct kit *kit, const struct sp_table *table, const struct sp_value *got,
                            const struct sp_value *expected);

/* What the table must hold. */
struct model {
    const struct sp_table *table;
    struct sp_value *rows;
    size_t count, room;
};

void model_init(struct model *model, const struct sp_table *table);
void model_fini(struct model *model);
void model_join(struct model *model, const struct sp_value *row);

#endif
