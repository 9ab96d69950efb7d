/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in the spill. */
#include <config.h>

#include "ops/verify_inside.h"

#include "table/join.h"

void verify_lay_out(struct verify *verify)
{
    const struct sp_table *table = verify->table;
    struct verify_layout *layout = &verify->layout;
    size_t most = table->column_count + table->group_count;
    layout->is_text = sp_arena_zalloc(verify->arena, most * sizeof *layout->is_text);
    layout->note_of = sp_arena_zalloc(verify->arena, table->group_count * sizeof *layout->note_of);
    for (size_t i = 0; i < table->column_count; i++)
        layout->is_text[i] = value_is_text(table->columns[i].type);
    layout->count = table->column_count;
    for (size_t i = 0; i < table->group_count; i++) {
        if (table->groups[i].order_column >= 0)
            continue;
        layout->is_text[layout->count] = true;
        layout->note_of[i] = layout->count++;
        layout->has_notes = true;
    }
}

/* Before the row is joined in: which minima and maxima will be the event's? */
static void take_notes(const struct verify *verify, struct sp_value *into, const struct sp_value *row,
                       const char *event)
{
    const struct sp_table *table = verify->table;
    for (size_t i = table->key_count; event && i < table->column_count; i++) {
        size_t group = (size_t)table->columns[i].group, note = verify->layout.note_of[group];
        if (note && join_value_wins(table->groups[group].keep, table->columns[i].type, &into[i], &row[i]))
            into[note] = (struct sp_value){.text = event, .length = (uint32_t)strlen(event), .present = true};
    }
}

static int store(struct verify *verify, enum verify_shelf shelf, struct sp_slice key,
                 const struct sp_value *row, struct sp_error *err)
{
    SP_AUTO(buffer_fini) struct buffer bytes = {0};
    cells_add(&bytes, row, verify->layout.is_text, verify->layout.count);
    return spill_put(verify->spill, shelf, key, (struct sp_slice){bytes.data, bytes.size}, err);
}

int verify_join(struct verify *verify, enum verify_shelf shelf, const struct sp_value *row, const char *event,
                bool *made_out, struct sp_error *err)
{
    const struct sp_table *table = verify->table;
    const struct verify_layout *layout = &verify->layout;
    SP_AUTO(buffer_fini) struct buffer text = {0};
    bool found;
    struct sp_slice bytes;
    cells_add_key(&text, table, row);
    struct sp_slice key = {text.data, text.size};
    arena_reset(verify->scratch, (size_t)1 << 20);
    if (spill_get(verify->spill, shelf, key, verify->scratch, &found, &bytes, err) != 0)
        return -1;
    struct sp_value *into = sp_arena_zalloc(verify->scratch, layout->count * sizeof *into);
    if (found)
        cells_take(bytes, layout->is_text, layout->count, into);
    take_notes(verify, into, row, event);
    if (!found)
        memcpy(into, row, table->column_count * sizeof *into);
    *made_out = !found;
    if (found && !fold_join(table, into, row))
        return 0;
    return store(verify, shelf, key, into, err);
}

int verify_has(struct verify *verify, enum verify_shelf shelf, const struct sp_value *row, bool *has_out,
               struct sp_error *err)
{
    SP_AUTO(buffer_fini) struct buffer key = {0};
    cells_add_key(&key, verify->table, row);
    return spill_get(verify->spill, shelf, (struct sp_slice){key.data, key.size}, NULL, has_out, NULL, err);
}

int verify_load(struct verify *verify, enum verify_shelf shelf, struct sp_slice key, struct sp_arena *arena,
                const struct sp_value **row_out, struct sp_error *err)
{
    const struct verify_layout *layout = &verify->layout;
    struct sp_slice bytes;
    bool found;
    if (spill_get(verify->spill, shelf, key, arena, &found, &bytes, err) != 0)
        return -1;
    *row_out = NULL;
    if (!found)
        return 0;
    struct sp_value *row = sp_arena_alloc(arena, layout->count * sizeof *row);
    cells_take(bytes, layout->is_text, layout->count, row);
    *row_out = row;
    return 0;
}
