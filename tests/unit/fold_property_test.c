/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * Law 2: any order of arrival, any repetition and any division into batches ends as if the events had
 * been applied once each, by their order.
 *
 * The model below knows nothing of groups, rows in memory or joins: it looks at all events of a key,
 * one by one, for each column.  SCANPIPE_SEED replays a run.
 */

#include "table/fold.h"
#include "table_fixture.h"

#include <scanpipe/time.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS     400
#define MAX_EVENTS 60
#define KEYS       4
#define ABSENT     INT64_MIN

/* Times are seconds since 2018 and tenths of microseconds, so that a sink of six digits cuts them. */
static const char block_format[] =
    "name: T\n"
    "order: %s\n"
    "columns:\n"
    "  LastN: {from: /N, type: int}\n"
    "  LastText: {from: /Text, type: text, case: upper, default: none}\n"
    "  K1: {from: /K1, type: int, key: true}\n"
    "  FirstN: {from: /N, type: int, keep: first}\n"
    "  FirstOrder: {from: /Id, type: bigint, keep: first}\n"
    "  LastA: {from: /N, type: int, when: {/Type: a}, order_column: LastAOrder}\n"
    "  LastAText: {from: /Text, type: text, when: {/Type: [A]}}\n"
    "  FirstAB: {from: /Time, type: timestamp, when: {/Type: [a, b]}, keep: first}\n"
    "  LastNone: {from: /N, type: bigint, when: {/Type: ~}}\n"
    "  LastFlagA: {from: /Flag, type: boolean, when: {/Type: a, /Flag: true}}\n"
    "  MinN: {from: /N, type: int, keep: min}\n"
    "  MaxN: {from: /N, type: int, keep: max}\n"
    "  MinDecimal: {from: /Decimal, type: \"decimal(8,2)\", keep: min}\n"
    "  MaxDecimalB: {from: /Decimal, type: \"decimal(8,2)\", keep: max, when: {/Type: b}}\n"
    "  MaxTime: {from: /Time, type: timestamp, keep: max}\n"
    "  MinTimeA: {from: /Time, type: timestamp, keep: min, when: {/Type: a}}\n"
    "  K2: {from: /K2, type: text, case: lower, key: true}\n"
    "  LastJson: {from: /Json, type: json}\n";

enum kind { TYPE_A, TYPE_B, TYPE_C, TYPE_NULL, TYPE_NONE };

struct happening {
    int64_t order, n, decimal, time; /* n, decimal, time: ABSENT */
    int key1, key2;
    enum kind kind;
    int flag, text; /* -1: absent */
    const char *json;
    bool broken;
};

struct world {
    uint64_t seed;
    struct sp_arena *arena; /* of the events' bytes */
    struct happening events[MAX_EVENTS];
    size_t count;
};

static uint64_t random_next(struct world *world)
{
    world->seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = (world->seed ^ world->seed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

static int64_t below(struct world *world, int64_t bound)
{
    return (int64_t)(random_next(world) % (uint64_t)bound);
}

static int64_t maybe(struct world *world, int64_t value)
{
    return below(world, 4) ? value : ABSENT;
}

/* Ticks since 2018-01-01 as a time with all its digits, in some offset from UTC. */
static const char *time_text(int64_t ticks, bool shifted, char out[64])
{
    int64_t seconds = ticks / 10000000 + (shifted ? 3600 : 0);
    snprintf(out, 64, "2018-01-01T%02d:%02d:%02d.%07d%s", (int)(seconds / 3600), (int)(seconds / 60 % 60),
             (int)(seconds % 60), (int)(ticks % 10000000), shifted ? "+01:00" : "Z");
    return out;
}

static const char *const kinds[] = {"\"a\"", "\"B\"", "\"c\"", "null", NULL};
static const char *const texts[] = {"x", "yz", "", "none"};
static const char *const upper_texts[] = {"X", "YZ", "", "NONE"};

static const char *field(struct sp_arena *arena, const char *name, const char *value)
{
    return value ? sp_arena_printf(arena, ",\"%s\" : %s", name, value) : "";
}

static const char *quoted(struct sp_arena *arena, const char *text)
{
    return sp_arena_printf(arena, "\"%s\"", text);
}

static const char *decimal_text(struct sp_arena *arena, int64_t hundredths, const char *tail)
{
    return sp_arena_printf(arena, "%s%lld.%02lld%s", hundredths < 0 ? "-" : "",
                           (long long)llabs(hundredths / 100), (long long)llabs(hundredths % 100), tail);
}

/* Writes the event as JSON; half of the events have their fields the other way around. */
static void write_json(struct world *world, struct happening *it)
{
    struct sp_arena *arena = world->arena;
    char time[64];
    const char *n = it->n == ABSENT ? NULL : sp_arena_printf(arena, "%lld", (long long)it->n);
    const char *decimal = decimal_text(arena, it->decimal, below(world, 2) ? "0e0" : "");
    bool shifted = below(world, 2), around = below(world, 2);
    const char *const fields[] = {
        field(arena, "Type", kinds[it->kind]),
        field(arena, "N", it->broken ? "\"broken\"" : n),
        field(arena, "Decimal", it->decimal == ABSENT ? "null" : decimal),
        field(arena, "Time", it->time == ABSENT ? NULL : quoted(arena, time_text(it->time, shifted, time))),
        field(arena, "Flag",
              it->flag < 0 ? NULL
              : it->flag   ? "true"
                           : "false"),
        field(arena, "Text", it->text < 0 ? NULL : quoted(arena, texts[it->text])),
        field(arena, "At", quoted(arena, time_text(it->order * 3, false, time))),
        sp_arena_printf(arena, ",\"K1\":%d,\"K2\":\"%c\"", it->key1,
                        (below(world, 2) ? 'a' : 'A') + it->key2),
    };
    struct buffer json SP_AUTO(buffer_fini) = {0};
    buffer_printf(&json, "{\"Id\":%lld", (long long)it->order);
    for (size_t i = 0; i < 8; i++)
        buffer_add_text(&json, fields[around ? 7 - i : i]);
    buffer_printf(&json, ",\"Json\":{\"o\":%lld}}", (long long)it->order);
    it->json = sp_arena_text(arena, json.data, json.size);
}

static void make_world(struct world *world)
{
    arena_reset(world->arena, 1 << 20);
    world->count = 1 + (size_t)below(world, MAX_EVENTS);
    for (size_t i = 0; i < world->count; i++) {
        struct happening *it = &world->events[i];
        *it = (struct happening){
            .order = 1 + (int64_t)i,
            .n = maybe(world, below(world, 2001) - 1000),
            .decimal = maybe(world, below(world, 200001) - 100000),
            .time = maybe(world, below(world, INT64_C(80000) * 10000000)),
            .key1 = (int)below(world, KEYS) - 1,
            .key2 = (int)below(world, 2),
            .kind = (enum kind)below(world, 5),
            .flag = (int)below(world, 3) - 1,
            .text = (int)below(world, 5) - 1,
            .broken = below(world, 10) == 0,
        };
        write_json(world, it);
    }
}

/* ---- the model ---- */

static bool any(const struct happening *it)
{
    (void)it;
    return true;
}

static bool is_a(const struct happening *it)
{
    return it->kind == TYPE_A;
}

static bool is_b(const struct happening *it)
{
    return it->kind == TYPE_B;
}

static bool is_a_or_b(const struct happening *it)
{
    return it->kind == TYPE_A || it->kind == TYPE_B;
}

static bool is_none(const struct happening *it)
{
    return it->kind == TYPE_NONE || it->kind == TYPE_NULL;
}

static bool is_a_with_flag(const struct happening *it)
{
    return it->kind == TYPE_A && it->flag == 1;
}

static void show_n(const struct happening *it, char out[64])
{
    snprintf(out, 64, it->n == ABSENT ? "NULL" : "%lld", (long long)it->n);
}

static void show_order(const struct happening *it, char out[64])
{
    snprintf(out, 64, "%lld", (long long)it->order);
}

/* Where the order is a time, the hidden column has its ticks, uncut. */
static bool order_is_time;

static void show_stored_order(const struct happening *it, char out[64])
{
    int64_t midnight_2018 = INT64_C(736694) * 86400 * SP_TICKS_PER_SECOND;
    snprintf(out, 64, "%lld", (long long)(order_is_time ? midnight_2018 + it->order * 3 : it->order));
}

static void show_text(const struct happening *it, char out[64])
{
    snprintf(out, 64, "%s", it->text < 0 ? "NONE" : upper_texts[it->text]);
}

static void show_plain_text(const struct happening *it, char out[64])
{
    snprintf(out, 64, "%s", it->text < 0 ? "NULL" : texts[it->text]);
}

static void show_time(const struct happening *it, char out[64])
{
    if (it->time == ABSENT)
        snprintf(out, 64, "NULL");
    else
        time_text(it->time / 10 * 10, false, out);
}

static void show_decimal(const struct happening *it, char out[64])
{
    if (it->decimal == ABSENT)
        snprintf(out, 64, "NULL");
    else
        snprintf(out, 64, "%s%lld.%02lld", it->decimal < 0 ? "-" : "", (long long)llabs(it->decimal / 100),
                 (long long)llabs(it->decimal % 100));
}

static void show_flag(const struct happening *it, char out[64])
{
    snprintf(out, 64, "%s", it->flag < 0 ? "NULL" : it->flag ? "1" : "0");
}

static void show_json(const struct happening *it, char out[64])
{
    snprintf(out, 64, "{\"o\":%lld}", (long long)it->order);
}

static int64_t by_order(const struct happening *it)
{
    return it->order;
}

static int64_t by_n(const struct happening *it)
{
    return it->n;
}

static int64_t by_decimal(const struct happening *it)
{
    return it->decimal;
}

static int64_t by_time(const struct happening *it)
{
    return it->time;
}

/* The cell is what `show` says of the event with the least (most) `rank` among those that `count`. */
static const struct {
    const char *column;
    bool (*counts)(const struct happening *);
    int64_t (*rank)(const struct happening *);
    bool most;
    void (*show)(const struct happening *, char out[64]);
} model[] = {
    {"LastN", any, by_order, true, show_n},
    {"LastText", any, by_order, true, show_text},
    {"LastJson", any, by_order, true, show_json},
    {"FirstN", any, by_order, false, show_n},
    {"FirstOrder", any, by_order, false, show_order},
    {"LastA", is_a, by_order, true, show_n},
    {"LastAText", is_a, by_order, true, show_plain_text},
    {"LastAOrder", is_a, by_order, true, show_stored_order},
    {"FirstAB", is_a_or_b, by_order, false, show_time},
    {"LastNone", is_none, by_order, true, show_n},
    {"LastFlagA", is_a_with_flag, by_order, true, show_flag},
    {"MinN", any, by_n, false, show_n},
    {"MaxN", any, by_n, true, show_n},
    {"MinDecimal", any, by_decimal, false, show_decimal},
    {"MaxDecimalB", is_b, by_decimal, true, show_decimal},
    {"MaxTime", any, by_time, true, show_time},
    {"MinTimeA", is_a, by_time, false, show_time},
};

static bool model_cell(const struct world *world, int key1, int key2, size_t column, char out[64])
{
    const struct happening *best = NULL;
    bool row_exists = false;
    for (size_t i = 0; i < world->count; i++) {
        const struct happening *it = &world->events[i];
        if (it->broken || it->key1 != key1 || it->key2 != key2)
            continue;
        row_exists = true;
        int64_t rank = model[column].rank(it);
        if (!model[column].counts(it) || rank == ABSENT)
            continue;
        if (!best || (model[column].most ? rank > model[column].rank(best) : rank < model[column].rank(best)))
            best = it;
    }
    snprintf(out, 64, "NULL");
    if (best)
        model[column].show(best, out);
    return row_exists;
}

/* ---- what is tested ---- */

/* A table in a sink: rows that outlive the batches. */
struct stored {
    const struct table_fixture *table;
    struct sp_arena *arena;
    struct sp_value *rows[KEYS * 2];
    size_t count;
};

static bool is_number(enum sp_type type)
{
    return type == SP_TYPE_INT || type == SP_TYPE_BIGINT || type == SP_TYPE_BOOLEAN ||
           type == SP_TYPE_TIMESTAMP;
}

static struct sp_value *stored_copy(struct stored *stored, const struct sp_value *row)
{
    const struct sp_table *table = stored->table->table;
    struct sp_value *copy = sp_arena_alloc(stored->arena, table->column_count * sizeof *copy);
    for (size_t i = 0; i < table->column_count; i++) {
        copy[i] = row[i];
        if (row[i].present && !is_number(table->columns[i].type))
            copy[i].text = sp_arena_text(stored->arena, row[i].text, row[i].length);
    }
    return copy;
}

static bool same_key(const struct sp_table *table, const struct sp_value *a, const struct sp_value *b)
{
    for (size_t i = 0; i < table->key_count; i++)
        if (fold_compare(&table->columns[i], &a[i], &b[i]) != 0)
            return false;
    return true;
}

static void stored_write(struct stored *stored, const struct sp_batch *batch)
{
    const struct sp_table *table = batch->table;
    for (size_t i = 0; i < batch->row_count; i++) {
        struct sp_value *row = stored_copy(stored, batch->values + i * table->column_count);
        size_t at = 0;
        while (at < stored->count && !same_key(table, stored->rows[at], row))
            at++;
        if (at < stored->count) {
            fold_join(table, stored->rows[at], row);
            CU_ASSERT(!fold_join(table, stored->rows[at], row)); /* twice is once */
        } else {
            CU_ASSERT_FATAL(stored->count < KEYS * 2);
            stored->rows[stored->count++] = row;
        }
    }
}

static const char *shown(const struct sp_column *column, const struct sp_value *value, char out[64])
{
    if (!value->present)
        snprintf(out, 64, "NULL");
    else if (column->type == SP_TYPE_TIMESTAMP)
        sp_time_format(value->number, 7, out);
    else if (is_number(column->type))
        snprintf(out, 64, "%lld", (long long)value->number);
    else
        snprintf(out, 64, "%.*s", (int)value->length, value->text);
    return out;
}

static size_t compare_row(const struct world *world, const struct stored *stored, int key1, int key2)
{
    const struct sp_value *row = NULL;
    size_t wrong = 0;
    for (size_t i = 0; i < stored->count; i++)
        if (stored->rows[i][0].number == key1 && *stored->rows[i][1].text == 'a' + key2)
            row = stored->rows[i];
    for (size_t i = 0; i < sizeof model / sizeof *model; i++) {
        char wanted[64], found[64];
        size_t at = table_fixture_column(stored->table, model[i].column);
        bool exists = model_cell(world, key1, key2, i, wanted);
        if (exists != (row != NULL))
            return 1;
        if (row && strcmp(shown(&stored->table->table->columns[at], &row[at], found), wanted) != 0) {
            printf("# key %d %d, %s: %s, not %s\n", key1, key2, model[i].column, found, wanted);
            wrong++;
        }
    }
    return wrong;
}

/* Hands the events over in a random order, some of them several times, in random batches. */
static void deliver(struct world *world, struct fold *fold, struct stored *stored)
{
    size_t order[MAX_EVENTS * 2];
    size_t count = world->count + (size_t)below(world, (int64_t)world->count + 1);
    for (size_t i = 0; i < count; i++)
        order[i] = i < world->count ? i : (size_t)below(world, (int64_t)world->count);
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)below(world, (int64_t)i), swap = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swap;
    }
    struct sp_batch batch;
    int64_t batch_size = 1 + below(world, (int64_t)count);
    fold_start(fold);
    for (size_t i = 0; i < count; i++) {
        const struct happening *it = &world->events[order[i]];
        struct fold_reject why;
        enum fold_verdict verdict = fold_add(fold, sp_slice_of(it->json), (uint32_t)i, &why);
        CU_ASSERT_EQUAL(verdict, it->broken ? FOLD_REJECTED : FOLD_TAKEN);
        if (verdict == FOLD_REJECTED && !it->broken)
            printf("# %s: %s\n", it->json, why.reason);
        if (below(world, batch_size) == 0 || i + 1 == count) {
            fold_finish(fold, &batch);
            stored_write(stored, &batch);
            fold_start(fold);
        }
    }
}

static size_t run_world(struct world *world, const struct table_fixture *table)
{
    struct fold *fold = fold_new(table->plan);
    size_t wrong = 0;
    make_world(world);
    for (int times = 0; times < 3; times++) {
        struct stored stored = {.table = table, .arena = arena_new(16384)};
        deliver(world, fold, &stored);
        for (int key1 = -1; key1 < KEYS - 1; key1++)
            for (int key2 = 0; key2 < 2; key2++)
                wrong += compare_row(world, &stored, key1, key2);
        arena_free(stored.arena);
    }
    fold_free(fold);
    return wrong;
}

static uint64_t first_seed(void)
{
    const char *given = getenv("SCANPIPE_SEED");
    uint64_t seed = given && *given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("# SCANPIPE_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* The order is an integer in half of the worlds, else a time of which the sink cuts the last digit. */
static void test_any_order_repetition_and_split(void)
{
    struct world world = {.seed = first_seed(), .arena = arena_new(65536)};
    struct table_fixture tables[2];
    size_t wrong = 0;
    for (int i = 0; i < 2; i++) {
        char block[2048];
        snprintf(block, sizeof block, block_format, i ? "{from: /At, type: timestamp}" : "/Id");
        tables[i] = table_fixture_good(block, 6);
    }
    for (int round = 0; round < ROUNDS && wrong == 0; round++) {
        order_is_time = round % 2;
        wrong += run_world(&world, &tables[round % 2]);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    arena_free(world.arena);
    for (int i = 0; i < 2; i++)
        table_fixture_close(&tables[i]);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"any order, repetition and division into batches ends the same",
         test_any_order_repetition_and_split},
    };
    return tap_run("fold_property", tests, sizeof tests / sizeof *tests);
}
