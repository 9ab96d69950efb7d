/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "fold_world.h"

#include <scanpipe/time.h>
#include <stdlib.h>
#include <time.h>

#define INT_KEYS  4
#define TEXT_KEYS 2
#define ABSENT    INT64_MIN

const struct world_shape world_shapes[WORLD_SHAPES] = {
    {"integer order, two keys", false, false, true, true},
    {"time order, two keys", true, false, true, true},
    {"integer order, integer key", false, false, true, false},
    {"time order, integer key", true, false, true, false},
    {"integer order, text key", false, false, false, true},
    {"time order, text key", true, false, false, true},
    {"append, integer order, two keys", false, true, true, true},
    {"append, time order, text key", true, true, false, true},
    {"append, integer order, integer key", false, true, true, false},
};

/* ---- chance */

static uint64_t random_next(struct world *world)
{
    world->seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = (world->seed ^ world->seed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

int64_t world_below(struct world *world, int64_t bound)
{
    return (int64_t)(random_next(world) % (uint64_t)bound);
}

static int64_t maybe(struct world *world, int64_t value)
{
    return world_below(world, 4) ? value : ABSENT;
}

uint64_t world_first_seed(void)
{
    const char *given = getenv("SCANPIPE_SEED");
    uint64_t seed = given && *given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("# SCANPIPE_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* ---- events */

enum kind { KIND_NONE = -1, KIND_A, KIND_B, KIND_C };

static const char *const kinds[] = {"\"a\"", "\"B\"", "\"c\""};
static const char *const texts[] = {"x", "yz", "", "none", "it's \xc3\xa9"};
static const char *const upper_texts[] = {"X", "YZ", "", "NONE", "IT'S \xc3\xa9"};

/* Ticks since 2018-01-01 as a time with all its digits, in some offset from UTC. */
static const char *time_text(int64_t ticks, bool shifted, char out[64])
{
    int64_t seconds = ticks / 10000000 + (shifted ? 3600 : 0);
    snprintf(out, 64, "2018-01-01T%02d:%02d:%02d.%07d%s", (int)(seconds / 3600), (int)(seconds / 60 % 60),
             (int)(seconds % 60), (int)(ticks % 10000000), shifted ? "+01:00" : "Z");
    return out;
}

static const char *decimal_text(int64_t hundredths, char out[64])
{
    snprintf(out, 64, "%s%lld.%02lld", hundredths < 0 ? "-" : "", (long long)llabs(hundredths / 100),
             (long long)llabs(hundredths % 100));
    return out;
}

/* Members of the event that is being written. */
struct members {
    struct world *world;
    const char *texts[16];
    size_t count;
};

/* `value` is JSON; NULL: the event does not have it, or has null. */
static void add(struct members *members, const char *name, const char *value)
{
    const char *text = "";
    if (!value && world_below(members->world, 2))
        value = "null";
    if (value)
        text = sp_arena_printf(members->world->arena, ",\"%s\" : %s", name, value);
    members->texts[members->count++] = text;
}

static void add_number(struct members *members, const char *name, int64_t value)
{
    const char *text = sp_arena_printf(members->world->arena, "%lld", (long long)value);
    add(members, name, value == ABSENT ? NULL : text);
}

static void add_text(struct members *members, const char *name, const char *value)
{
    add(members, name, sp_arena_printf(members->world->arena, "\"%s\"", value));
}

static void add_time(struct members *members, const char *name, int64_t ticks)
{
    char text[64];
    if (ticks == ABSENT)
        add(members, name, NULL);
    else
        add_text(members, name, time_text(ticks, world_below(members->world, 2), text));
}

static void add_decimal(struct members *members, const char *name, int64_t hundredths)
{
    char text[64];
    if (hundredths == ABSENT)
        add(members, name, NULL);
    else
        add(members, name,
            sp_arena_printf(members->world->arena, "%s%s", decimal_text(hundredths, text),
                            world_below(members->world, 2) ? "0e0" : ""));
}

static void add_all(struct members *members, const struct world_event *it)
{
    struct world *world = members->world;
    char letter[2] = {(char)((world_below(world, 2) ? 'a' : 'A') + it->key2), '\0'};
    add_number(members, "K1", it->key1);
    add(members, "Type", it->kind == KIND_NONE ? NULL : kinds[it->kind]);
    if (it->broken)
        add_text(members, "N", "broken");
    else
        add_number(members, "N", it->n);
    add_number(members, "Big", it->big);
    add_decimal(members, "Decimal", it->decimal);
    add_time(members, "Time", it->time);
    add(members, "Flag", it->flag < 0 ? NULL : it->flag ? "true" : "false");
    if (it->text < 0)
        add(members, "Text", NULL);
    else
        add_text(members, "Text", texts[it->text]);
    add_time(members, "At", it->at);
    add_text(members, "K2", letter);
    add(members, "Json", it->object < 0 ? NULL : sp_arena_printf(world->arena, "{\"o\":%d}", it->object));
}

/* Half of the events have their members the other way around. */
static void write_json(struct world *world, struct world_event *it)
{
    struct members members = {.world = world};
    struct buffer json SP_AUTO(buffer_fini) = {0};
    bool around = world_below(world, 2);
    add_all(&members, it);
    buffer_printf(&json, "{\"Id\":%lld", (long long)it->id);
    for (size_t i = 0; i < members.count; i++)
        buffer_add_text(&json, members.texts[around ? members.count - 1 - i : i]);
    buffer_add_text(&json, "}");
    it->json = sp_arena_text(world->arena, json.data, json.size);
}

static void make_event(struct world *world, struct world_event *it, int rank, int64_t first_id)
{
    *it = (struct world_event){.rank = rank, .id = first_id + rank, .at = rank * 3};
    it->n = maybe(world, world_below(world, 2001) - 1000);
    it->big = maybe(world, (int64_t)random_next(world));
    it->decimal = maybe(world, world_below(world, 200001) - 100000);
    it->time = maybe(world, world_below(world, INT64_C(80000) * 10000000));
    it->key1 = (int)world_below(world, INT_KEYS) - 1;
    it->key2 = (int)world_below(world, TEXT_KEYS);
    it->kind = world_below(world, 5) < 2 ? KIND_NONE : (int)world_below(world, 3);
    it->flag = (int)world_below(world, 3) - 1;
    it->text = (int)world_below(world, 6) - 1;
    it->object = world_below(world, 4) ? rank : -1;
    it->broken = world_below(world, 10) == 0;
    write_json(world, it);
}

/* Orders are small, around zero, too large for a double, or the last ones there are. */
void world_make(struct world *world, const struct world_shape *shape, unsigned time_digits)
{
    static const int64_t first_ids[] = {0, -20, INT64_C(1) << 53, INT64_MAX - WORLD_MAX_EVENTS};
    arena_reset(world->arena, 1 << 20);
    world->shape = shape;
    world->time_digits = time_digits;
    world->count = 1 + (size_t)world_below(world, WORLD_MAX_EVENTS);
    int64_t first_id = first_ids[world_below(world, 4)];
    for (size_t i = 0; i < world->count; i++)
        make_event(world, &world->events[i], (int)i + 1, first_id);
}

static size_t shuffle(struct world *world, size_t order[WORLD_MAX_EVENTS * 2])
{
    size_t count = world->count + (size_t)world_below(world, (int64_t)world->count + 1);
    for (size_t i = 0; i < count; i++)
        order[i] = i < world->count ? i : (size_t)world_below(world, (int64_t)world->count);
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)world_below(world, (int64_t)i), swap = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swap;
    }
    return count;
}

void world_deliver(struct world *world, struct fold *fold, world_write *write, void *to)
{
    size_t order[WORLD_MAX_EVENTS * 2], count = shuffle(world, order);
    struct sp_batch batch;
    int64_t batch_size = 1 + world_below(world, (int64_t)count);
    fold_start(fold);
    for (size_t i = 0; i < count; i++) {
        const struct world_event *it = &world->events[order[i]];
        struct fold_reject why;
        enum fold_verdict verdict = fold_add(fold, sp_slice_of(it->json), (uint32_t)i, &why);
        CU_ASSERT_EQUAL(verdict, it->broken ? FOLD_REJECTED : FOLD_TAKEN);
        if (verdict == FOLD_REJECTED && !it->broken)
            printf("# %s: %s\n", it->json, why.reason);
        if (world_below(world, batch_size) == 0 || i + 1 == count) {
            fold_finish(fold, &batch);
            write(to, &batch);
            fold_start(fold);
        }
    }
}

/* ---- the model: which events count for a column */

static bool any(const struct world_event *it)
{
    (void)it;
    return true;
}

static bool is_a(const struct world_event *it)
{
    return it->kind == KIND_A;
}

static bool is_b(const struct world_event *it)
{
    return it->kind == KIND_B;
}

static bool is_a_or_b(const struct world_event *it)
{
    return it->kind == KIND_A || it->kind == KIND_B;
}

static bool is_none(const struct world_event *it)
{
    return it->kind == KIND_NONE;
}

static bool is_c_or_none(const struct world_event *it)
{
    return it->kind == KIND_C || it->kind == KIND_NONE;
}

static bool is_a_with_flag(const struct world_event *it)
{
    return it->kind == KIND_A && it->flag == 1;
}

static bool is_b_or_c_without_flag(const struct world_event *it)
{
    return (it->kind == KIND_B || it->kind == KIND_C) && it->flag < 1;
}

/* ---- the model: which of them is the one */

static int64_t by_rank(const struct world_event *it)
{
    return it->rank;
}

static int64_t by_n(const struct world_event *it)
{
    return it->n;
}

static int64_t by_big(const struct world_event *it)
{
    return it->big;
}

static int64_t by_decimal(const struct world_event *it)
{
    return it->decimal;
}

static int64_t by_time(const struct world_event *it)
{
    return it->time;
}

/* ---- the model: what of it the column holds */

static void show_number(int64_t value, char out[64])
{
    snprintf(out, 64, value == ABSENT ? "NULL" : "%lld", (long long)value);
}

static int64_t cut(const struct world *world, int64_t ticks)
{
    return world->time_digits < 7 ? ticks / 10 * 10 : ticks;
}

static void show_n(const struct world *world, const struct world_event *it, char out[64])
{
    (void)world;
    show_number(it->n, out);
}

static void show_big(const struct world *world, const struct world_event *it, char out[64])
{
    (void)world;
    show_number(it->big, out);
}

static void show_id(const struct world *world, const struct world_event *it, char out[64])
{
    (void)world;
    show_number(it->id, out);
}

static void show_at(const struct world *world, const struct world_event *it, char out[64])
{
    time_text(cut(world, it->at), false, out);
}

static int64_t ticks_of(int64_t since_2018)
{
    return INT64_C(736694) * 86400 * SP_TICKS_PER_SECOND + since_2018;
}

/* Where the order is a time, a hidden column has its ticks, uncut. */
static int64_t hidden_order(const struct world *world, const struct world_event *it)
{
    return world->shape->timed ? ticks_of(it->at) : it->id;
}

static void show_hidden_order(const struct world *world, const struct world_event *it, char out[64])
{
    show_number(hidden_order(world, it), out);
}

static void show_upper_text(const struct world *world, const struct world_event *it, char out[64])
{
    (void)world;
    snprintf(out, 64, "%s", it->text < 0 ? "NONE" : upper_texts[it->text]);
}

static void show_text(const struct world *world, const struct world_event *it, char out[64])
{
    (void)world;
    snprintf(out, 64, "%s", it->text < 0 ? "NULL" : texts[it->text]);
}

static void show_time(const struct world *world, const struct world_event *it, char out[64])
{
    if (it->time == ABSENT)
        snprintf(out, 64, "NULL");
    else
        time_text(cut(world, it->time), false, out);
}

static void show_decimal(const struct world *world, const struct world_event *it, char out[64])
{
    (void)world;
    if (it->decimal == ABSENT)
        snprintf(out, 64, "NULL");
    else
        decimal_text(it->decimal, out);
}

static void show_flag(const struct world *world, const struct world_event *it, char out[64])
{
    (void)world;
    snprintf(out, 64, "%s", it->flag < 0 ? "NULL" : it->flag ? "1" : "0");
}

static void show_json(const struct world *world, const struct world_event *it, char out[64])
{
    (void)world;
    snprintf(out, 64, it->object < 0 ? "NULL" : "{\"o\":%d}", it->object);
}

/* ---- the model: columns */

typedef void show_function(const struct world *world, const struct world_event *it, char out[64]);

/* The cell is what `show` says of the event with the least (most) `rank` among those that `counts`. */
struct model_column {
    const char *name, *block;
    bool (*counts)(const struct world_event *);
    int64_t (*rank)(const struct world_event *);
    bool most;
    show_function *show;
};

/* `order_column` names a column that stands in no line: the model tells hidden ones by their group. */
static const struct model_column folded_columns[] = {
    {"LastN", "type: int, from: /N", any, by_rank, true, show_n},
    {"LastText", "type: text, from: /Text, case: upper, default: none", any, by_rank, true, show_upper_text},
    {"LastJson", "type: json, from: /Json", any, by_rank, true, show_json},
    {"LastTime", "type: timestamp, from: /Time", any, by_rank, true, show_time},
    {"FirstN", "type: int, from: /N, keep: first", any, by_rank, false, show_n},
    {"FirstId", "type: bigint, from: /Id, keep: first", any, by_rank, false, show_id},
    {"FirstAt", "type: timestamp, from: /At, keep: first", any, by_rank, false, show_at},
    {"FirstDecimal", "type: \"decimal(8,2)\", from: /Decimal, keep: first", any, by_rank, false,
     show_decimal},
    {"FirstJson", "type: json, from: /Json, keep: first", any, by_rank, false, show_json},
    {"LastA", "type: int, from: /N, when: {/Type: a}, order_column: LastAOrder", is_a, by_rank, true, show_n},
    {"LastAText", "type: text, from: /Text, when: {/Type: [A]}", is_a, by_rank, true, show_text},
    {"FirstAB", "type: timestamp, from: /Time, when: {/Type: [a, b]}, keep: first", is_a_or_b, by_rank, false,
     show_time},
    {"FirstABFlag", "type: boolean, from: /Flag, when: {/Type: [b, a]}, keep: first", is_a_or_b, by_rank,
     false, show_flag},
    {"LastNone", "type: bigint, from: /N, when: {/Type: ~}", is_none, by_rank, true, show_n},
    {"LastFlagA", "type: boolean, from: /Flag, when: {/Type: a, /Flag: true}", is_a_with_flag, by_rank, true,
     show_flag},
    {"FirstCNone", "type: text, from: /Text, when: {/Type: [c, ~]}, keep: first", is_c_or_none, by_rank,
     false, show_text},
    {"LastBCNoFlag", "type: bigint, from: /Big, when: {/Flag: [false, ~], /Type: [b, c]}",
     is_b_or_c_without_flag, by_rank, true, show_big},
    {"MinN", "type: int, from: /N, keep: min", any, by_n, false, show_n},
    {"MaxN", "type: int, from: /N, keep: max", any, by_n, true, show_n},
    {"MinBig", "type: bigint, from: /Big, keep: min", any, by_big, false, show_big},
    {"MaxBigCNone", "type: bigint, from: /Big, keep: max, when: {/Type: [c, ~]}", is_c_or_none, by_big, true,
     show_big},
    {"MinDecimal", "type: \"decimal(8,2)\", from: /Decimal, keep: min", any, by_decimal, false, show_decimal},
    {"MaxDecimalB", "type: \"decimal(8,2)\", from: /Decimal, keep: max, when: {/Type: b}", is_b, by_decimal,
     true, show_decimal},
    {"MaxTime", "type: timestamp, from: /Time, keep: max", any, by_time, true, show_time},
    {"MinTimeA", "type: timestamp, from: /Time, keep: min, when: {/Type: a}", is_a, by_time, false,
     show_time},
    {"MinTwo", "type: int, from: /N, keep: min, when: {/Type: [b, c], /Flag: [~, false]}",
     is_b_or_c_without_flag, by_n, false, show_n},
};

static const struct model_column append_columns[] = {
    {"N", "type: int, from: /N", any, by_rank, true, show_n},
    {"Big", "type: bigint, from: /Big", any, by_rank, true, show_big},
    {"Text", "type: text, from: /Text", any, by_rank, true, show_text},
    {"At", "type: timestamp, from: /At", any, by_rank, true, show_at},
    {"Time", "type: timestamp, from: /Time", any, by_rank, true, show_time},
    {"Decimal", "type: \"decimal(8,2)\", from: /Decimal", any, by_rank, true, show_decimal},
    {"Flag", "type: boolean, from: /Flag", any, by_rank, true, show_flag},
    {"Json", "type: json, from: /Json", any, by_rank, true, show_json},
};

static const struct model_column *model_of(const struct world_shape *shape, size_t *count_out)
{
    *count_out = shape->append ? sizeof append_columns / sizeof *append_columns
                               : sizeof folded_columns / sizeof *folded_columns;
    return shape->append ? append_columns : folded_columns;
}

/* Keys stand among the others, since they come first for the sink wherever they are written. */
struct table_fixture world_table(const struct world_shape *shape, unsigned time_digits)
{
    struct buffer block SP_AUTO(buffer_fini) = {0};
    size_t count;
    const struct model_column *model = model_of(shape, &count);
    buffer_printf(&block, "name: T\norder: %s\n%scolumns:\n",
                  shape->timed ? "{from: /At, type: timestamp}" : "/Id",
                  shape->append ? "append: true\n" : "");
    for (size_t i = 0; i < count; i++) {
        if (i == 2 && shape->int_key)
            buffer_add_text(&block, "  K1: {from: /K1, type: int, key: true}\n");
        if (i == 5 && shape->text_key)
            buffer_add_text(&block, "  K2: {from: /K2, type: text, case: lower, key: true}\n");
        buffer_printf(&block, "  %s: {%s}\n", model[i].name, model[i].block);
    }
    struct table_fixture table = table_fixture_good(buffer_text(&block), time_digits);
    for (size_t i = 0; i < count; i++)
        table_fixture_column(&table, model[i].name);
    if (!shape->append)
        table_fixture_column(&table, "LastAOrder");
    return table;
}

static const struct model_column *model_named(const struct world *world, const char *name)
{
    size_t count;
    const struct model_column *model = model_of(world->shape, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(model[i].name, name) == 0)
            return &model[i];
    return NULL;
}

/* ---- the model: rows and cells */

static bool is_of_row(const struct world *world, const struct world_event *it, const struct world_row *row)
{
    const struct world_shape *shape = world->shape;
    return !it->broken && (!shape->int_key || it->key1 == row->key1) &&
           (!shape->text_key || it->key2 == row->key2) && (!shape->append || it->rank == row->rank);
}

bool world_has_row(const struct world *world, const struct world_row *row)
{
    for (size_t i = 0; i < world->count; i++)
        if (is_of_row(world, &world->events[i], row))
            return true;
    return false;
}

size_t world_rows(const struct world *world, struct world_row out[WORLD_MAX_EVENTS])
{
    size_t count = 0;
    if (world->shape->append) {
        for (; count < world->count; count++) {
            const struct world_event *it = &world->events[count];
            out[count] = (struct world_row){it->key1, it->key2, it->rank};
        }
        return count;
    }
    for (int key1 = 0; key1 < (world->shape->int_key ? INT_KEYS : 1); key1++)
        for (int key2 = 0; key2 < (world->shape->text_key ? TEXT_KEYS : 1); key2++)
            out[count++] = (struct world_row){.key1 = key1 - 1, .key2 = key2};
    return count;
}

static const char *key_text(const struct world_row *row)
{
    static const char *const letters[] = {"a", "b"};
    return letters[row->key2];
}

void world_key(const struct world *world, const struct sp_table *table, const struct world_row *row,
               struct sp_value *values)
{
    for (size_t i = 0; i < table->key_count; i++) {
        const struct sp_column *column = &table->columns[i];
        const struct world_event *it = world->shape->append ? &world->events[row->rank - 1] : NULL;
        values[i] = (struct sp_value){.present = true};
        if (strcmp(column->name, "K1") == 0)
            values[i].number = row->key1;
        else if (strcmp(column->name, "K2") == 0)
            values[i] = (struct sp_value){.text = key_text(row), .length = 1, .present = true};
        else if (it)
            values[i].number = column->hidden ? hidden_order(world, it) : ticks_of(cut(world, it->at));
        else
            CU_FAIL_FATAL("a key that the model does not know");
    }
}

static void model_cell(const struct world *world, const struct world_row *row,
                       const struct model_column *column, show_function *show, char out[64])
{
    const struct world_event *best = NULL;
    for (size_t i = 0; i < world->count; i++) {
        const struct world_event *it = &world->events[i];
        int64_t rank = column->rank(it);
        if (!is_of_row(world, it, row) || !column->counts(it) || rank == ABSENT)
            continue;
        if (!best || (column->most ? rank > column->rank(best) : rank < column->rank(best)))
            best = it;
    }
    snprintf(out, 64, "NULL");
    if (best)
        show(world, best, out);
}

/* Any column of the file that is in the group of a hidden one. */
static const struct model_column *model_of_group(const struct world *world, const struct sp_table *table,
                                                 int32_t group)
{
    for (size_t i = table->key_count; i < table->column_count; i++)
        if (table->columns[i].group == group && !table->columns[i].hidden)
            return model_named(world, table->columns[i].name);
    return NULL;
}

static void wanted_cell(const struct world *world, const struct sp_table *table, const struct world_row *row,
                        size_t at, char out[64])
{
    const struct sp_column *column = &table->columns[at];
    const struct model_column *model = model_named(world, column->name);
    if (strcmp(column->name, "K1") == 0)
        show_number(row->key1, out);
    else if (strcmp(column->name, "K2") == 0)
        snprintf(out, 64, "%s", key_text(row));
    else if (model)
        model_cell(world, row, model, model->show, out);
    else if (column->hidden && world->shape->append)
        model_cell(world, row, append_columns, show_hidden_order, out);
    else if (column->hidden && (model = model_of_group(world, table, column->group)) != NULL)
        model_cell(world, row, model, show_hidden_order, out);
    else
        snprintf(out, 64, "a column that the model does not know");
}

/* ---- comparing */

static bool is_number(enum sp_type type)
{
    return type == SP_TYPE_INT || type == SP_TYPE_BIGINT || type == SP_TYPE_BOOLEAN ||
           type == SP_TYPE_TIMESTAMP;
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

size_t world_compare(const struct world *world, const struct sp_table *table, const struct world_row *row,
                     const struct sp_value *values)
{
    size_t wrong = 0;
    if (world_has_row(world, row) != (values != NULL)) {
        printf("# %s: row %d %s %d is %s\n", world->shape->name, row->key1, key_text(row), row->rank,
               values ? "there" : "missing");
        return 1;
    }
    for (size_t i = 0; values && i < table->column_count; i++) {
        char wanted[64], found[64];
        wanted_cell(world, table, row, i, wanted);
        if (strcmp(shown(&table->columns[i], &values[i], found), wanted) == 0)
            continue;
        printf("# %s: row %d %s %d, %s: %s, not %s\n", world->shape->name, row->key1, key_text(row),
               row->rank, table->columns[i].name, found, wanted);
        wrong++;
    }
    return wrong;
}

void world_copy_values(const struct sp_table *table, const struct sp_value *from, size_t row_count,
                       struct sp_value *to, struct sp_arena *arena)
{
    for (size_t i = 0; i < row_count * table->column_count; i++) {
        to[i] = from[i];
        if (from[i].present && !is_number(table->columns[i % table->column_count].type))
            to[i].text = sp_arena_text(arena, from[i].text, from[i].length);
    }
}
