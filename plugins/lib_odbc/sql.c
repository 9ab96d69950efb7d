/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sql.h"

#include <stdlib.h>

void sql_start(struct sql_text *text)
{
    text->stream = open_memstream(&text->data, &text->size);
    if (!text->stream)
        abort();
}

char *sql_end(struct sql_text *text)
{
    if (fclose(text->stream) != 0)
        abort();
    return text->data;
}

const struct sp_column *sql_decider(const struct sp_table *table, size_t group)
{
    if (sql_has_order(table, group))
        return &table->columns[table->groups[group].order_column];
    for (size_t i = table->key_count; i < table->column_count; i++) {
        if (table->columns[i].group == (int32_t)group)
            return &table->columns[i];
    }
    return NULL;
}

bool sql_has_order(const struct sp_table *table, size_t group)
{
    return table->groups[group].order_column >= 0;
}

bool sql_goes_up(const struct sp_table *table, size_t group)
{
    return table->groups[group].keep == SP_KEEP_LAST || table->groups[group].keep == SP_KEEP_MAX;
}
