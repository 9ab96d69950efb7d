/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/sort.h"
#include "table/value.h"

#include <stdlib.h>

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

/* One stable pass by the digit at `shift`. */
static void sort_by_digit(const struct sort_entry *from, struct sort_entry *to, size_t count, unsigned shift)
{
    uint32_t starts[DIGITS] = {0};
    for (size_t i = 0; i < count; i++)
        starts[from[i].key >> shift & (DIGITS - 1)]++;
    uint32_t sum = 0;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        uint32_t size = starts[digit];
        starts[digit] = sum;
        sum += size;
    }
    for (size_t i = 0; i < count; i++)
        to[starts[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

/* Keys become distances from the least one, so that only the digits that differ cost a pass. */
static const struct sort_entry *sort_numbers(const struct sp_table *table, const struct sp_value *rows,
                                             size_t count, struct sort_entry *space)
{
    struct sort_entry *from = space, *to = space + count;
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        int64_t number = rows[i * table->column_count].number;
        least = number < least ? number : least;
        most = number > most ? number : most;
    }
    for (size_t i = 0; i < count; i++)
        from[i] = (struct sort_entry){(uint64_t)rows[i * table->column_count].number - (uint64_t)least,
                                      (uint32_t)i};
    uint64_t span = count ? (uint64_t)most - (uint64_t)least : 0;
    for (unsigned shift = 0; shift < 64 && span >> shift; shift += DIGIT_BITS) {
        sort_by_digit(from, to, count, shift);
        struct sort_entry *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

struct sort_of {
    const struct sp_table *table;
    const struct sp_value *rows;
};

static int compare_entries(const void *left, const void *right, void *context)
{
    const struct sort_of *of = context;
    const struct sort_entry *a = left, *b = right;
    const struct sp_value *row_a = of->rows + a->row * of->table->column_count;
    const struct sp_value *row_b = of->rows + b->row * of->table->column_count;
    for (size_t i = 0; i < of->table->key_count; i++) {
        int order = value_compare(of->table->columns[i].type, &row_a[i], &row_b[i]);
        if (order)
            return order;
    }
    return 0;
}

const struct sort_entry *sort_rows(const struct sp_table *table, const struct sp_value *rows, size_t count,
                                   struct sort_entry *space)
{
    if (table->key_count == 1 && !value_is_text(table->columns[0].type))
        return sort_numbers(table, rows, count, space);
    struct sort_of of = {table, rows};
    for (size_t i = 0; i < count; i++)
        space[i] = (struct sort_entry){0, (uint32_t)i};
    qsort_r(space, count, sizeof *space, compare_entries, &of);
    return space;
}
