/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks of rows: processes that are killed while they write. */
#include <config.h>

#include "sink_kit.h"

static const char word_block[] = "name: %s\norder: /n\ncolumns:\n  Id: {from: /id, type: int, key: true}\n"
                                 "  Number: {from: /n, type: bigint}\n  Word: {from: /w, type: text(50)}\n";

enum { ROWS = 300 };

/* Writes all rows with an order that rises, and says each that is safe. */
static void write_until_killed(struct kit *kit, struct helper_side *side, void *with)
{
    const char *const *name = with;
    struct sink sink = sink_begin(kit, rows_table_named(kit, word_block, *name));
    bool *found;
    struct sp_value *first = rows_words(kit->arena, sink.table, 1, 1, 0, NULL);
    struct sp_value *got = sink_read(&sink, sink.one, first, 1, &found);
    int64_t order = found[0] ? got[rows_column(sink.table, "Number")].number : 0;
    for (order++;; order++) {
        char *word = sp_arena_printf(kit->arena, "word %d", (int)order);
        sink_write(&sink, sink.one, rows_words(kit->arena, sink.table, 1, ROWS, order, word), ROWS);
        pipe_say(side->to, order);
    }
}

static void require_whole(struct kit *kit, const char *name, int64_t said)
{
    struct sink sink = sink_join(kit, rows_table_named(kit, word_block, name));
    size_t width = sink.table->column_count, number = rows_column(sink.table, "Number");
    bool *found;
    struct sp_value *got =
        sink_read(&sink, sink.one, rows_words(kit->arena, sink.table, 1, ROWS, 0, NULL), ROWS, &found);
    for (size_t i = 0; i < ROWS; i++) {
        REQUIRE(found[i], "row %zu is not there", i);
        int64_t order = got[i * width + number].number;
        REQUIRE(order == got[number].number, "a batch was written in part: row 0 is of %lld, row %zu of %lld",
                (long long)got[number].number, i, (long long)order);
        REQUIRE(order == said || order == said + 1, "batch %lld was written before kill -9, %lld is there",
                (long long)said, (long long)order);
    }
    kit_unload(sink.stage);
}

static void killed_while_writing(struct kit *kit)
{
    sink_needs_read(kit);
    kit_needs_durable(kit);
    const char *name = kit_unique(kit);
    for (int times = 0; times < 5; times++) {
        struct helper helper = helper_start(kit, write_until_killed, &name);
        int64_t said = pipe_hear(helper.from);
        kit_sleep((int64_t)kit_below(&kit->dice, 40) * SP_MILLISECOND);
        helper_kill(&helper);
        while (pipe_drain(helper.from, &said))
            ;
        require_whole(kit, name, said);
    }
}

static const struct check checks[] = {
    {"given a process that writes batches, when it is killed (-9) five times, then only whole ones are there",
     killed_while_writing},
};

CHECK_LIST(sink_crash_checks, checks);
