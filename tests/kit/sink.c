/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks of rows: tables, values, all or nothing. */
#include <config.h>

#include "sink_kit.h"

#include <inttypes.h>
#include <stdlib.h>

static void migrate_and_again(struct kit *kit)
{
    sink_needs_tables(kit);
    struct sink sink = sink_join(kit, rows_word_table(kit));
    if (!sink.ops->migrate)
        kit_not_for("it has no migrate()");
    const char *plan = sink_migrate(&sink, sink.one, SP_MIGRATE_DRY_RUN);
    const char *again = sink_migrate(&sink, sink.other, SP_MIGRATE_DRY_RUN);
    REQUIRE(strcmp(plan, again) == 0, "a second dry run has another plan: '%s'", again);
    REQUIRE(!*plan || strstr(plan, sink.table->name), "the plan does not name the table: '%s'", plan);
    sink_migrate(&sink, sink.one, SP_MIGRATE_APPLY);
    sink_migrate(&sink, sink.other, SP_MIGRATE_APPLY);
    plan = sink_migrate(&sink, sink.other, SP_MIGRATE_DRY_RUN);
    REQUIRE(!*plan, "when all is made there is still a plan: '%s'", plan);
    WORKS(sink.ops->migrate(sink.one, SP_MIGRATE_APPLY, kit->arena, NULL, kit_soon(kit), &kit_error));
    WORKS(kit->plugin->about.probe(sink.other, kit_soon(kit), &kit_error));
    sink_write(&sink, sink.one, rows_words(kit->arena, sink.table, 1, 3, 1, "a"), 3);
}

static void statement_is_described(struct kit *kit)
{
    sink_needs_tables(kit);
    struct sink sink = sink_join(kit, rows_word_table(kit));
    const char *sql = NULL, *plan;
    if (!sink.ops->describe)
        kit_not_for("it has no describe()");
    WORKS(sink.ops->describe(sink.one, kit->arena, &sql, &kit_error));
    REQUIRE(sql && strstr(sql, sink.table->name), "the statement does not name the table: '%s'",
            sql ? sql : "");
    for (size_t i = 0; i < sink.table->column_count; i++)
        REQUIRE(strstr(sql, sink.table->columns[i].name), "the statement has no column %s: '%s'",
                sink.table->columns[i].name, sql);
    plan = sink.ops->migrate ? sink_migrate(&sink, sink.one, SP_MIGRATE_DRY_RUN) : "";
    REQUIRE(!*plan || strcmp(plan, sql) == 0, "migrate() makes another table: '%s', not '%s'", plan, sql);
}

static size_t misfits(struct sink *sink, const struct sp_misfit **out)
{
    size_t count = 0;
    *out = NULL;
    WORKS(sink->ops->compare(sink->other, sink->kit->arena, out, &count, kit_soon(sink->kit), &kit_error));
    for (size_t i = 0; i < count; i++)
        REQUIRE((*out)[i].text && (*out)[i].text[0] && (*out)[i].cure && (*out)[i].cure[0],
                "a misfit says nothing, or has no cure");
    return count;
}

static void table_is_compared(struct kit *kit)
{
    sink_needs_tables(kit);
    struct sink sink = sink_join(kit, rows_word_table(kit));
    const struct sp_misfit *found;
    if (!sink.ops->compare || !sink.ops->migrate)
        kit_not_for("it has no compare()");
    if (*sink_migrate(&sink, sink.one, SP_MIGRATE_DRY_RUN))
        REQUIRE(misfits(&sink, &found) == 1 && found[0].migrates,
                "a missing table is not one misfit that migrate() makes right");
    sink_migrate(&sink, sink.one, SP_MIGRATE_APPLY);
    size_t count = misfits(&sink, &found);
    REQUIRE(count == 0, "migrate() has made a table that does not fit: %s", count ? found[0].text : "");
}

static void table_is_made_afresh(struct kit *kit)
{
    sink_needs_read(kit);
    struct sink sink = sink_begin(kit, rows_word_table(kit));
    struct sp_value *rows = rows_words(kit->arena, sink.table, 1, 5, 1, "old");
    const char *plan = NULL;
    if (!sink.ops->rebuild)
        kit_not_for("it has no rebuild()");
    sink_write(&sink, sink.one, rows, 5);
    WORKS(sink.ops->rebuild(sink.other, SP_MIGRATE_DRY_RUN, kit->arena, &plan, kit_soon(kit), &kit_error));
    REQUIRE(plan && strstr(plan, "_before_"), "the plan does not say what becomes of the table: '%s'",
            plan ? plan : "");
    sink_require(&sink, sink.one, rows, 5);
    WORKS(sink.ops->rebuild(sink.other, SP_MIGRATE_APPLY, kit->arena, &plan, kit_soon(kit), &kit_error));
    sink_require_absent(&sink, sink.one, rows, 5);
    sink_write(&sink, sink.one, rows, 5);
    sink_require(&sink, sink.other, rows, 5);
}

static void missing_table_is_refused(struct kit *kit)
{
    sink_needs_tables(kit);
    struct sink sink = sink_join(kit, rows_word_table(kit));
    if (!sink.ops->migrate || !*sink_migrate(&sink, sink.one, SP_MIGRATE_DRY_RUN))
        kit_not_for("it needs nothing to be made");
    struct sp_value *rows = rows_words(kit->arena, sink.table, 1, 1, 1, "a");
    struct sp_result result;
    REQUIRE(sink_try(&sink, sink.one, rows, 1, &result) != 0, "it writes into a table that is not there");
    REQUIRE(kit_error.class == SP_REFUSED, "a missing table is %s, not refused: %s",
            sp_class_name(kit_error.class), kit_error.text);
    REQUIRE(kit_error.text[0] && kit_error.cure[0], "it is not told what to do about a missing table");
    REQUIRE(kit->plugin->about.probe(sink.one, kit_soon(kit), &kit_error) != 0 &&
                kit_error.class == SP_REFUSED,
            "probe() does not refuse where the table is missing");
    sink_migrate(&sink, sink.other, SP_MIGRATE_APPLY);
    sink_write(&sink, sink.one, rows, 1);
}

static void column_is_added(struct kit *kit)
{
    static const char block[] = "name: %s\norder: /n\ncolumns:\n  Id: {from: /id, type: int, key: true}\n"
                                "  Number: {from: /n, type: bigint}\n  Word: {from: /w, type: text(50)}\n"
                                "  Later: {from: /l, type: text(20)}\n"
                                "  First: {from: /w, type: timestamp, keep: first, when: {/a: b}}\n";
    sink_needs_read(kit);
    struct sink before = sink_begin(kit, rows_word_table(kit));
    struct sp_value *rows = rows_words(kit->arena, before.table, 1, 20, 5, "word");
    sink_write(&before, before.one, rows, 20);
    struct sink after = sink_join(kit, rows_table_named(kit, block, before.table->name));
    REQUIRE(strstr(sink_migrate(&after, after.one, SP_MIGRATE_DRY_RUN), "Later"),
            "the plan does not name the new column");
    sink_require(&before, before.one, rows, 20);
    sink_migrate(&after, after.one, SP_MIGRATE_APPLY);
    sink_require(&after, after.other, rows_words(kit->arena, after.table, 1, 20, 5, "word"), 20);
    struct sp_value *newer = rows_words(kit->arena, after.table, 1, 5, 6, "newer");
    for (size_t i = 0; i < 5; i++)
        newer[i * after.table->column_count + rows_column(after.table, "Later")] =
            (struct sp_value){.text = "later", .length = 5, .present = true};
    sink_write(&after, after.one, newer, 5);
    sink_require(&after, after.other, newer, 5);
    sink_require(&before, before.other, rows_words(kit->arena, before.table, 1, 5, 6, "newer"), 5);
}

/* One row a value: each column has all that its type can have. */
static void every_value(struct kit *kit)
{
    sink_needs_read(kit);
    for (size_t shape = 0; shape < 5; shape += 2) {
        struct sink sink = sink_begin(kit, rows_shape(kit, shape));
        size_t width = sink.table->column_count;
        struct sp_value *rows = sp_arena_zalloc(kit->arena, ROWS_VALUES * width * sizeof *rows);
        size_t count = 0;
        for (uint64_t i = 0; i < ROWS_VALUES; i++) {
            struct sp_value *row = rows + count * width;
            for (size_t j = 0; j < width; j++)
                row[j] = rows_value(kit, &sink.table->columns[j], i);
            bool known = false;
            for (size_t j = 0; j < count; j++)
                known |= rows_compare_keys(sink.table, rows + j * width, row) == 0;
            count += !known;
        }
        rows_sort(sink.table, rows, count);
        sink_write(&sink, sink.one, rows, count);
        sink_require(&sink, sink.other, rows, count);
    }
}

static void keys_are_byte_for_byte(struct kit *kit)
{
    static const char *const keys[] = {"",   " ",         "A",        "Gro\xc3\x9f", "Gross",       "a",
                                       "a ", "a\xcc\x81", "\xc3\x81", "\xc3\xa1",    "\xef\xbc\xa1"};
    enum { COUNT = sizeof keys / sizeof *keys };
    sink_needs_read(kit);
    struct sink sink =
        sink_begin(kit,
                   rows_table(kit,
                              "name: %s\norder: /n\ncolumns:\n  Key: {from: /k, type: text(20), key: true}\n"
                              "  N: {from: /n, type: bigint}\n"));
    struct sp_value rows[COUNT * 2];
    for (size_t i = 0; i < COUNT; i++) {
        rows[i * 2] =
            (struct sp_value){.text = keys[i], .length = (uint32_t)strlen(keys[i]), .present = true};
        rows[i * 2 + 1] = (struct sp_value){.number = (int64_t)i + 1, .present = true};
    }
    rows_sort(sink.table, rows, COUNT);
    REQUIRE(sink_write(&sink, sink.one, rows, COUNT) == COUNT, "not every key makes a row");
    sink_require(&sink, sink.other, rows, COUNT);
}

static void unknown_keys(struct kit *kit)
{
    sink_needs_read(kit);
    struct sink sink = sink_begin(kit, rows_word_table(kit));
    sink_require_absent(&sink, sink.one, rows_words(kit->arena, sink.table, 1, 10, 0, NULL), 10);
    struct sp_value *rows = rows_words(kit->arena, sink.table, 3, 4, 1, "a");
    sink_write(&sink, sink.one, rows, 4);
    /* What stands in other columns than the key does not count. */
    bool *found;
    struct sp_value *keys = rows_words(kit->arena, sink.table, 1, 10, 77, "other");
    struct sp_value *got = sink_read(&sink, sink.other, keys, 10, &found);
    for (size_t i = 0; i < 10; i++)
        REQUIRE(found[i] == (i >= 2 && i < 6), "row %zu is %s", i, found[i] ? "found" : "not found");
    for (size_t i = 0; i < 4; i++) {
        const char *difference = rows_difference(kit, sink.table, got + (i + 2) * sink.table->column_count,
                                                 rows + i * sink.table->column_count);
        REQUIRE(!difference, "%s", difference);
    }
}

static void values_live_in_the_arena(struct kit *kit)
{
    sink_needs_read(kit);
    struct sink sink = sink_begin(kit, rows_word_table(kit));
    struct sp_value *rows = rows_words(kit->arena, sink.table, 1, 10, 1, "the word that was read first");
    sink_write(&sink, sink.one, rows, 10);
    void *handle = kit_open(sink.stage);
    bool *found;
    struct sp_value *got = sink_read(&sink, handle, rows, 10, &found), *other;
    struct sp_value *newer = rows_words(kit->arena, sink.table, 1, 10, 2, "XXXXXXXXXXXXXXXXXXXXXXXXXXXX");
    sink_write(&sink, handle, newer, 10);
    other = sink_read(&sink, handle, rows, 10, &found);
    kit_close(sink.stage, handle);
    for (size_t i = 0; i < 10; i++) {
        size_t at = i * sink.table->column_count;
        REQUIRE(!rows_difference(kit, sink.table, got + at, rows + at), "values that were read have changed");
        REQUIRE(!rows_difference(kit, sink.table, other + at, newer + at), "values are not what was written");
    }
}

static void touched_rows_are_counted(struct kit *kit)
{
    sink_needs_read(kit);
    struct sink sink = sink_begin(kit, rows_word_table(kit));
    struct sp_value *rows = rows_words(kit->arena, sink.table, 1, 20, 5, "a");
    struct sp_value *older = rows_words(kit->arena, sink.table, 1, 20, 4, "b");
    struct sp_value *some = rows_words(kit->arena, sink.table, 11, 20, 6, "c");
    const struct {
        const char *what;
        const struct sp_value *rows;
        uint64_t touched;
    } steps[] = {{"new rows", rows, 20},
                 {"the same rows", rows, 0},
                 {"older ones", older, 0},
                 {"newer and new", some, 20},
                 {"all again", rows, 0}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        uint64_t touched = sink_write(&sink, i % 2 ? sink.one : sink.other, steps[i].rows, 20);
        REQUIRE(touched == steps[i].touched, "20 rows, %s: rows_touched is %" PRIu64 ", not %" PRIu64,
                steps[i].what, touched, steps[i].touched);
    }
}

static void written_twice_is_once(struct kit *kit)
{
    sink_needs_read(kit);
    if (!kit_can(kit, SP_IDEMPOTENT))
        kit_not_for("it is not idempotent");
    struct sink sink = sink_begin(kit, rows_shape(kit, 0));
    size_t width = sink.table->column_count;
    struct sp_value *row = sp_arena_zalloc(kit->arena, width * sizeof *row);
    for (int i = 0; i < 20; i++) {
        struct model model;
        bool *found;
        rows_random(kit, sink.table, row);
        model_init(&model, sink.table);
        sink_write(&sink, sink.one, row, 1);
        model_join(&model, sink_read(&sink, sink.one, row, 1, &found));
        REQUIRE(sink_write(&sink, sink.other, row, 1) == 0, "the same row again counts as a change");
        sink_require(&sink, sink.one, model.rows, 1);
        model_fini(&model);
    }
}

static void groups_come_one_by_one(struct kit *kit)
{
    static const char block[] =
        "name: %s\norder: /n\ncolumns:\n  Id: {from: /i, type: int, key: true}\n"
        "  A: {from: /a, type: text(20), when: {/k: a}, order_column: AOrder}\n"
        "  B: {from: /a, type: int, keep: first, when: {/k: b}, order_column: BOrder}\n"
        "  C: {from: /a, type: timestamp, keep: min}\n";
    sink_needs_read(kit);
    struct sink sink = sink_begin(kit, rows_table(kit, block));
    size_t width = sink.table->column_count;
    struct sp_value *all = sp_arena_zalloc(kit->arena, width * sizeof *all);
    all[0] = (struct sp_value){.number = 7, .present = true};
    sink_write(&sink, sink.one, all, 1); /* any event of a key makes its row */
    sink_require(&sink, sink.other, all, 1);
    for (size_t i = 1; i < width; i++) {
        struct sp_value *row = sp_arena_zalloc(kit->arena, width * sizeof *row);
        const struct sp_column *column = &sink.table->columns[i];
        row[0] = all[0];
        if (column->role == SP_ROLE_ORDER)
            continue;
        int32_t order = sink.table->groups[column->group].order_column;
        row[i] = all[i] = rows_value(kit, column, 4);
        if (order >= 0)
            row[order] = all[order] = (struct sp_value){.number = 10 - (int64_t)i, .present = true};
        sink_write(&sink, sink.one, row, 1);
        sink_require(&sink, sink.other, all, 1);
    }
}

static void last_and_first_decide_by_order(struct kit *kit)
{
    static const char block[] = "name: %s\norder: /n\ncolumns:\n  Id: {from: /i, type: int, key: true}\n"
                                "  Last: {from: /a, type: int, order_column: LastOrder}\n"
                                "  First: {from: /a, type: int, keep: first, order_column: FirstOrder}\n";
    static const int64_t orders[] = {5, 3, 8, 8, -4, INT64_MAX, INT64_MIN, 0};
    sink_needs_read(kit);
    struct sink sink = sink_begin(kit, rows_table(kit, block));
    size_t width = sink.table->column_count;
    size_t last = rows_column(sink.table, "Last"), first = rows_column(sink.table, "First");
    size_t last_order = rows_column(sink.table, "LastOrder");
    size_t first_order = rows_column(sink.table, "FirstOrder");
    struct sp_value *row = sp_arena_zalloc(kit->arena, 2 * width * sizeof *row), *all = row + width;
    row[0] = all[0] = (struct sp_value){.number = 1, .present = true};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct sp_value order = {.number = orders[i], .present = true};
        /* Of two values one is NULL: the group is replaced whole. */
        struct sp_value value = {.number = (int64_t)i, .present = i % 4 != 2};
        row[last] = row[first] = value;
        row[last_order] = row[first_order] = order;
        bool wins_last = i == 0 || orders[i] >= all[last_order].number;
        bool wins_first = i == 0 || orders[i] <= all[first_order].number;
        all[last] = wins_last ? value : all[last];
        all[last_order] = wins_last ? order : all[last_order];
        all[first] = wins_first ? value : all[first];
        all[first_order] = wins_first ? order : all[first_order];
        sink_write(&sink, i % 2 ? sink.one : sink.other, row, 1);
        sink_require(&sink, sink.one, all, 1);
    }
}

static void appended_rows_never_change(struct kit *kit)
{
    sink_needs_read(kit);
    struct sink sink = sink_begin(kit, rows_shape(kit, 6));
    size_t width = sink.table->column_count, text = rows_column(sink.table, "Text");
    struct sp_value *rows = sp_arena_zalloc(kit->arena, 20 * width * sizeof *rows);
    for (size_t i = 0; i < 20; i++) {
        struct sp_value *row = rows + i * width;
        for (size_t j = 0; j < width; j++)
            row[j] = rows_value(kit, &sink.table->columns[j], i + 8);
        row[0].number = (int64_t)i / 2;
        row[rows_column(sink.table, "N")].number = (int64_t)i;
    }
    REQUIRE(sink_write(&sink, sink.one, rows, 10) == 10, "new rows are not counted");
    struct sp_value *changed = sp_arena_alloc(kit->arena, 20 * width * sizeof *changed);
    memcpy(changed, rows, 20 * width * sizeof *changed);
    for (size_t i = 0; i < 20; i++)
        changed[i * width + text] = (struct sp_value){.text = "changed", .length = 7, .present = true};
    uint64_t touched = sink_write(&sink, sink.other, changed, 20);
    REQUIRE(touched == 10, "10 of 20 rows are there, and rows_touched is %" PRIu64, touched);
    sink_require(&sink, sink.one, rows, 10);
    sink_require(&sink, sink.one, changed + 10 * width, 10);
}

static void large_batch(struct kit *kit)
{
    enum { COUNT = 10000 };
    sink_needs_read(kit);
    struct sink sink = sink_begin(kit, rows_word_table(kit));
    struct sp_value *rows = rows_words(kit->arena, sink.table, 1, COUNT, 5,
                                       "Gr\xc3\xbc\xc3\x9f"
                                       "e");
    REQUIRE(sink_write(&sink, sink.one, rows, COUNT) == COUNT, "not every row of 10,000 is counted");
    sink_require(&sink, sink.other, rows, COUNT);
    REQUIRE(sink_write(&sink, sink.other, rows, COUNT) == 0, "10,000 rows change although they are the same");
}

static void wide_table(struct kit *kit)
{
    enum { COLUMNS = 200 };
    static const char *const types[] = {"int", "text(30)", "timestamp", "\"decimal(12,3)\"", "boolean"};
    sink_needs_read(kit);
    char *block = sp_arena_printf(kit->arena, "name: %%s\norder: /n\ncolumns:\n"
                                              "  Id: {from: /i, type: int, key: true}\n");
    for (int i = 0; i < COLUMNS; i++)
        block = sp_arena_printf(kit->arena, "%s  Column%03d: {from: /a, type: %s}\n", block, i, types[i % 5]);
    struct sink sink = sink_begin(kit, rows_table(kit, block));
    size_t width = sink.table->column_count;
    struct sp_value *rows = sp_arena_zalloc(kit->arena, 50 * width * sizeof *rows);
    for (size_t i = 0; i < 50; i++) {
        for (size_t j = 1; j < width; j++)
            rows[i * width + j] = rows_value(kit, &sink.table->columns[j], i + j);
        rows[i * width] = (struct sp_value){.number = (int64_t)i, .present = true};
    }
    sink_write(&sink, sink.one, rows, 50);
    sink_require(&sink, sink.other, rows, 50);
}

static void tables_are_apart(struct kit *kit)
{
    sink_needs_read(kit);
    struct sink one = sink_begin(kit, rows_word_table(kit)), other = sink_begin(kit, rows_word_table(kit));
    struct sp_value *rows = rows_words(kit->arena, one.table, 1, 5, 1, "one");
    sink_write(&one, one.one, rows, 5);
    sink_require_absent(&other, other.one, rows_words(kit->arena, other.table, 1, 5, 1, NULL), 5);
    struct sp_value *others = rows_words(kit->arena, other.table, 1, 5, 1, "other");
    sink_write(&other, other.one, others, 5);
    sink_require(&one, one.other, rows, 5);
    sink_require(&other, other.other, others, 5);
}

/* ---- Rows that are rejected */

static struct sink picky_begin(struct kit *kit)
{
    sink_needs_read(kit);
    if (!kit->picky)
        kit_skip("it is not known how it rejects a row: --picky COMMAND");
    struct sink sink = sink_begin(kit, rows_word_table(kit));
    setenv("KIT_TABLE", sink.table->name, 1);
    setenv("KIT_DIR", kit->folder, 1);
    REQUIRE(system(kit->picky) == 0, "the command of --picky fails");
    return sink;
}

static void poison(struct sink *sink, struct sp_value *rows, size_t at)
{
    rows[at * sink->table->column_count + rows_column(sink->table, "Word")] =
        (struct sp_value){.text = "poison", .length = 6, .present = true};
}

static bool is_poison(size_t at)
{
    return at == 0 || at == 41 || at == 99;
}

static void rejected_batch_leaves_nothing(struct kit *kit)
{
    struct sink sink = picky_begin(kit);
    struct sp_result results[100];
    struct sp_value *rows = rows_words(kit->arena, sink.table, 1, 100, 5, "good");
    size_t named = 0;
    sink_write(&sink, sink.one, rows_words(kit->arena, sink.table, 51, 100, 4, "before"), 100);
    for (size_t i = 0; i < 100; i++)
        if (is_poison(i))
            poison(&sink, rows, i);
    REQUIRE(sink_try(&sink, sink.one, rows, 100, results) != 0, "poison is written");
    REQUIRE(kit_error.class == SP_REJECTED, "poison is %s, not rejected: %s", sp_class_name(kit_error.class),
            kit_error.text);
    sink_require_absent(&sink, sink.other, rows_words(kit->arena, sink.table, 1, 50, 0, NULL), 50);
    sink_require(&sink, sink.other, rows_words(kit->arena, sink.table, 51, 50, 4, "before"), 50);
    for (size_t i = 0; i < 100; i++) {
        REQUIRE(results[i].class == SP_OK || results[i].class == SP_REJECTED, "row %zu is %s", i,
                sp_class_name(results[i].class));
        REQUIRE(results[i].class == SP_OK || is_poison(i), "row %zu is named, it is not the culprit", i);
        REQUIRE(results[i].class == SP_OK || results[i].text, "row %zu is named, without a reason", i);
        named += results[i].class == SP_REJECTED;
    }
    REQUIRE(named == 0 || named == 3, "%zu of 3 culprits are named: all or none", named);
}

static void neighbours_of_poison_are_written(struct kit *kit)
{
    struct sink sink = picky_begin(kit);
    struct sp_result result;
    struct sp_value *rows = rows_words(kit->arena, sink.table, 1, 3, 5, "good");
    size_t width = sink.table->column_count;
    poison(&sink, rows, 1);
    for (int times = 0; times < 3; times++)
        REQUIRE(sink_try(&sink, sink.one, rows + width, 1, &result) != 0 && kit_error.class == SP_REJECTED,
                "poison alone is not rejected: %s", kit_error.text);
    sink_write(&sink, sink.one, rows, 1);
    sink_write(&sink, sink.other, rows + 2 * width, 1);
    sink_require_absent(&sink, sink.other, rows + width, 1);
    sink_require(&sink, sink.one, rows, 1);
    sink_require(&sink, sink.one, rows + 2 * width, 1);
}

static const struct check checks[] = {
    {"given no table, when migrated dry, really and again, then it is made once, and the plan is told",
     migrate_and_again},
    {"given no table, when the statement that makes it is asked for, then it is what migrate() does",
     statement_is_described},
    {"given no table, when what is there is compared before and after it is made, then it fits after",
     table_is_compared},
    {"given a table with rows, when it is made afresh, then it is empty, and can be written by all",
     table_is_made_afresh},
    {"given no table, when rows are written, then that is refused with a cure, until it is made",
     missing_table_is_refused},
    {"given a table with rows, when it is migrated to one with more columns, then its rows stay",
     column_is_added},
    {"given rows with every value that a type can have, when they are read, then they are as they were",
     every_value},
    {"given keys that differ in case, accents or blanks, when written, then each is a row of its own",
     keys_are_byte_for_byte},
    {"given keys of which some are there, when they are read, then these are found and no others",
     unknown_keys},
    {"given values that were read, when the handle went on and was closed, then they are still there",
     values_live_in_the_arena},
    {"given rows that are new, newer, older and the same, when written, then the changed ones are counted",
     touched_rows_are_counted},
    {"given random rows, when each is written twice, then nothing changes by the second",
     written_twice_is_once},
    {"given a row without any group, when its groups come one by one, then each is filled",
     groups_come_one_by_one},
    {"given orders in any order, when written, then last and first groups are replaced, whole, as they say",
     last_and_first_decide_by_order},
    {"given a table that is appended to, when a key comes again, then its row is as it was",
     appended_rows_never_change},
    {"given a batch of 10,000 rows, when it is written, then all are there", large_batch},
    {"given a table of 200 columns, when rows are written, then they are as they were", wide_table},
    {"given two tables in one place, when both are written, then they share nothing", tables_are_apart},
    {"given a batch with three rows that are rejected, when written, then nothing of it is there",
     rejected_batch_leaves_nothing},
    {"given a row that is rejected, when its neighbours are written alone, then they are there",
     neighbours_of_poison_are_written},
};

CHECK_LIST(sink_checks, checks);
