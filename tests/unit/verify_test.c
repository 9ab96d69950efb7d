/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "fold_world.h"
#include "ops/cells.h"
#include "ops/spill.h"
#include "ops/verify_compare.h"
#include "table/value.h"

#include <dirent.h>
#include <stdlib.h>
#ifdef WITH_SQLITE
#include <sqlite3.h>
#endif

/* ---- The spill */

static struct sp_error err;

static struct sp_slice slice(const char *text)
{
    return sp_slice_of(text);
}

static size_t files_in(const char *folder)
{
    size_t count = 0;
    DIR *files = opendir(folder);
    for (const struct dirent *one; files && (one = readdir(files));)
        count += one->d_name[0] != '.';
    closedir(files);
    return count;
}

static void test_spill(void)
{
    /* given a spill in an empty folder */
    struct spill *spill;
    struct sp_arena *arena = arena_new(4096);
    setenv("TMPDIR", tap_scratch_dir(), 1);
    CU_ASSERT_EQUAL_FATAL(spill_open(2, &spill, &err), 0);
    /* then there is no file of it to be seen */
    CU_ASSERT_EQUAL(files_in(tap_scratch_dir()), 0);
    /* when things are put there, then they are found, by shelf, in order, and replaced and removed */
    CU_ASSERT_EQUAL(spill_put(spill, 0, slice("b"), slice("2"), &err), 0);
    CU_ASSERT_EQUAL(spill_put(spill, 0, slice("a"), slice("1"), &err), 0);
    CU_ASSERT_EQUAL(spill_put(spill, 0, slice("a\x80"), slice(""), &err), 0);
    CU_ASSERT_EQUAL(spill_put(spill, 1, slice("a"), slice("other"), &err), 0);
    CU_ASSERT_EQUAL(spill_put(spill, 0, slice("b"), slice("3"), &err), 0);
    bool found;
    struct sp_slice value;
    CU_ASSERT_EQUAL(spill_get(spill, 0, slice("b"), arena, &found, &value, &err), 0);
    CU_ASSERT(found && sp_slice_equal(value, slice("3")));
    CU_ASSERT_EQUAL(spill_get(spill, 1, slice("b"), NULL, &found, NULL, &err), 0);
    CU_ASSERT(!found);
    const struct spill_entry *entries;
    size_t count;
    CU_ASSERT_EQUAL(spill_scan(spill, 0, slice(""), 2, arena, &entries, &count, &err), 0);
    CU_ASSERT(count == 2 && sp_slice_equal(entries[0].key, slice("a")) &&
              sp_slice_equal(entries[1].key, slice("a\x80")) && entries[1].value.size == 0);
    CU_ASSERT_EQUAL(spill_scan(spill, 0, entries[1].key, 2, arena, &entries, &count, &err), 0);
    CU_ASSERT(count == 1 && sp_slice_equal(entries[0].value, slice("3")));
    CU_ASSERT_EQUAL(spill_remove(spill, 0, slice("b"), &err), 0);
    CU_ASSERT_EQUAL(spill_remove(spill, 0, slice("b"), &err), 0);
    CU_ASSERT_EQUAL(spill_scan(spill, 0, slice("a\x80"), 2, arena, &entries, &count, &err), 0);
    CU_ASSERT_EQUAL(count, 0);
    spill_close(spill);
    arena_free(arena);
}

/* Given more than the cache holds, then all of it is there again. */
static void test_spill_grows(void)
{
    enum { ENTRIES = 40000, SIZE = 1000 };
    struct spill *spill;
    struct sp_arena *arena = arena_new(65536);
    CU_ASSERT_EQUAL_FATAL(spill_open(1, &spill, &err), 0);
    char key[16], bytes[SIZE] = "";
    for (unsigned i = 0; i < ENTRIES; i++) {
        snprintf(key, sizeof key, "%08u", i * 7919u % ENTRIES);
        memcpy(bytes, key, 8);
        CU_ASSERT_EQUAL_FATAL(spill_put(spill, 0, slice(key), (struct sp_slice){bytes, SIZE}, &err), 0);
    }
    size_t wrong = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        bool found;
        struct sp_slice value;
        snprintf(key, sizeof key, "%08u", i);
        arena_reset(arena, 65536);
        CU_ASSERT_EQUAL_FATAL(spill_get(spill, 0, slice(key), arena, &found, &value, &err), 0);
        wrong += !found || value.size != SIZE || memcmp(value.data, key, 8) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    spill_close(spill);
    arena_free(arena);
}

static void test_spill_without_a_folder(void)
{
    struct spill *spill;
    setenv("TMPDIR", "/nowhere/at/all", 1);
    CU_ASSERT_EQUAL(spill_open(1, &spill, &err), -1);
    CU_ASSERT_EQUAL(err.class, SP_UNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nowhere/at/all"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "TMPDIR"));
    setenv("TMPDIR", tap_scratch_dir(), 1);
}

#ifdef WITH_SQLITE
static void test_spill_without_memory(void)
{
    /* given no memory for SQLite at all, then a spill says so, and leaves nothing */
    struct spill *spill;
    sqlite3_hard_heap_limit64(1);
    CU_ASSERT_EQUAL(spill_open(1, &spill, &err), -1);
    sqlite3_hard_heap_limit64(0);
    CU_ASSERT_EQUAL(err.class, SP_UNAVAILABLE);
    CU_ASSERT_EQUAL(files_in(tap_scratch_dir()), 0);
}
#endif

/* ---- Rows as bytes */

static struct sp_value number(int64_t value)
{
    return (struct sp_value){.number = value, .present = true};
}

static struct sp_value text(const char *value)
{
    return (struct sp_value){.text = value, .length = (uint32_t)strlen(value), .present = true};
}

static void test_cells(void)
{
    const struct sp_value row[] = {number(INT64_MIN), text(""), {.present = false}, text("abc"), number(7)};
    const bool is_text[] = {false, true, true, true, false};
    struct sp_value out[5];
    struct buffer bytes = {0};
    cells_add(&bytes, row, is_text, 5);
    cells_take((struct sp_slice){bytes.data, bytes.size}, is_text, 5, out);
    for (size_t i = 0; i < 5; i++)
        CU_ASSERT(value_equal(is_text[i] ? SP_TYPE_TEXT : SP_TYPE_BIGINT, &row[i], &out[i]));
    buffer_fini(&bytes);
}

static void test_keys_sort_as_values_do(void)
{
    const struct sp_column columns[] = {{.name = "n", .type = SP_TYPE_BIGINT},
                                        {.name = "t", .type = SP_TYPE_TEXT}};
    const struct sp_table table = {.size = sizeof table,
                                   .columns = columns,
                                   .column_count = 2,
                                   .key_count = 2};
    const struct sp_value rows[][2] = {
        {number(INT64_MIN), text("")}, {number(-256), text("z")}, {number(-1), text("a")},
        {number(0), text("")},         {number(0), text("a")},    {number(0), text("a\x01")},
        {number(0), text("ab")},       {number(1), text("")},     {number(INT64_MAX), text("")},
    };
    struct buffer before = {0}, key = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buffer_clear(&key);
        cells_add_key(&key, &table, rows[i]);
        size_t shared = before.size < key.size ? before.size : key.size;
        int order = shared ? memcmp(before.data, key.data, shared) : -1;
        CU_ASSERT(order < 0 || (order == 0 && before.size < key.size));
        buffer_clear(&before);
        buffer_add(&before, key.data, key.size);
    }
    buffer_fini(&before);
    buffer_fini(&key);
}

/* ---- A row and what the feed says of it */

#define SUMMARY                                                                                              \
    PARCEL_SUMMARY "  Heaviest: {from: /Weight, type: int, keep: max}\n"                                     \
                   "  Lightest: {from: /Weight, type: int, keep: min}\n"

#define EVENT(id, type, weight)                                                                              \
    "{\"EventId\":" #id ",\"ParcelId\":1,\"Type\":\"" type                                                   \
    "\",\"CreatedDateTimeUtc\":\"2018-01-01T00:00:00Z\",\"StatusCode\":\"" #id "\",\"Weight\":" #weight "}"

/* Rows of one parcel, each folded from events. */
struct scene {
    struct table_fixture fixture;
    struct fold *fold;
    struct verify_span span;
};

static struct scene scene_open(void)
{
    struct scene scene = {.fixture = table_fixture_good(SUMMARY, 7),
                          .span = {.any = true, .whole = true, .least = 10, .most = 90}};
    scene.fold = fold_new(scene.fixture.plan);
    return scene;
}

static void scene_close(struct scene *scene)
{
    fold_free(scene->fold);
    table_fixture_close(&scene->fixture);
}

static struct sp_value *row_of(struct scene *scene, const char *const *events)
{
    const struct sp_table *table = scene->fixture.table;
    struct sp_batch batch;
    struct fold_reject why;
    fold_start(scene->fold);
    for (; *events; events++)
        CU_ASSERT_EQUAL_FATAL(fold_add(scene->fold, sp_slice_of(*events), 0, &why), FOLD_TAKEN);
    fold_finish(scene->fold, &batch);
    struct sp_value *row = sp_arena_alloc(scene->fixture.arena, table->column_count * sizeof *row);
    world_copy_values(table, batch.values, 1, row, scene->fixture.arena);
    return row;
}
#define ROW(...) row_of(&scene, (const char *const[]){__VA_ARGS__, NULL})

static enum verify_verdict group(const struct scene *scene, const char *column, const struct sp_value *stored,
                                 const struct sp_value *feed, const struct sp_value *buried)
{
    size_t at = table_fixture_column(&scene->fixture, column);
    return verify_group(scene->fixture.table, (size_t)scene->fixture.table->columns[at].group, stored, feed,
                        buried, &scene->span);
}
#define IS(verdict, column, stored, feed, buried)                                                            \
    CU_ASSERT_EQUAL(group(&scene, column, stored, feed, buried), VERIFY_##verdict)

static void test_last_and_first(void)
{
    struct scene scene = scene_open();
    struct sp_value *early = ROW(EVENT(20, "PICKUP", 1)), *middle = ROW(EVENT(40, "PICKUP", 1)),
                    *ahead = ROW(EVENT(95, "PICKUP", 1)), *before = ROW(EVENT(5, "PICKUP", 1)),
                    *none = ROW(EVENT(40, "SORT", 1));
    IS(SAME, "LatestType", middle, middle, NULL);
    /* last */
    IS(LOST, "LatestType", early, middle, NULL);
    IS(WRONG, "LatestType", middle, early, NULL);
    IS(AHEAD, "LatestType", ahead, middle, NULL);
    IS(LOST, "LatestType", before, middle, NULL);
    /* first */
    IS(LOST, "PickedUpAtUtc", middle, early, NULL);
    IS(LOST, "PickedUpAtUtc", ahead, early, NULL);
    IS(WRONG, "PickedUpAtUtc", early, middle, NULL);
    IS(BEFORE, "PickedUpAtUtc", before, middle, NULL);
    /* a group that only one of them has */
    IS(SAME, "PickedUpAtUtc", none, none, NULL);
    IS(LOST, "PickedUpAtUtc", none, early, NULL);
    IS(WRONG, "PickedUpAtUtc", early, none, NULL);
    IS(AHEAD, "PickedUpAtUtc", ahead, none, NULL);
    IS(BEFORE, "PickedUpAtUtc", before, none, NULL);
    /* where only a part was read, what goes further may come from the rest */
    scene.span.whole = false;
    IS(AHEAD, "LatestType", middle, early, NULL);
    IS(BEFORE, "PickedUpAtUtc", early, middle, NULL);
    IS(LOST, "LatestType", early, middle, NULL);
    scene.span = (struct verify_span){.whole = true};
    IS(AHEAD, "PickedUpAtUtc", middle, none, NULL);
    scene_close(&scene);
}

static void test_the_same_event_has_the_same_values(void)
{
    struct scene scene = scene_open();
    struct sp_value *feed = ROW(EVENT(40, "PICKUP", 1)), *stored = ROW(EVENT(40, "PICKUP", 1));
    stored[table_fixture_column(&scene.fixture, "LatestStatusCode")] = text("41");
    IS(WRONG, "LatestType", stored, feed, NULL);
    IS(SAME, "PickedUpAtUtc", stored, feed, NULL);
    stored[table_fixture_column(&scene.fixture, "PickedUpAtUtc")].present = false;
    IS(WRONG, "PickedUpAtUtc", stored, feed, NULL);
    /* a value beside an order of NULL, where the feed has nothing either */
    feed = ROW(EVENT(40, "SORT", 1));
    stored = ROW(EVENT(40, "SORT", 1));
    stored[table_fixture_column(&scene.fixture, "PickedUpAtUtc")] = number(1);
    IS(WRONG, "PickedUpAtUtc", stored, feed, NULL);
    scene_close(&scene);
}

static void test_dead_letters_account_for_what_is_not_there(void)
{
    struct scene scene = scene_open();
    struct sp_value *early = ROW(EVENT(20, "PICKUP", 1)), *middle = ROW(EVENT(40, "PICKUP", 2)),
                    *late = ROW(EVENT(60, "PICKUP", 3)), *odd = ROW(EVENT(40, "PICKUP", 2));
    /* it became one after the feed was read */
    IS(BURIED, "LatestType", early, middle, middle);
    IS(LOST, "LatestType", early, middle, late);
    IS(BURIED, "Heaviest", early, middle, middle);
    /* it was sent again and is in the table, and its letter is still there */
    IS(BURIED, "LatestType", middle, early, middle);
    IS(BURIED, "LatestType", middle, early, late);
    IS(WRONG, "LatestType", late, early, middle);
    odd[table_fixture_column(&scene.fixture, "LatestStatusCode")] = text("41");
    IS(WRONG, "LatestType", odd, early, middle);
    IS(BURIED, "Heaviest", middle, early, late);
    /* a row that is not there at all */
    CU_ASSERT_EQUAL(verify_missing(scene.fixture.table, middle, NULL), VERIFY_LOST);
    CU_ASSERT_EQUAL(verify_missing(scene.fixture.table, middle, middle), VERIFY_BURIED);
    CU_ASSERT_EQUAL(verify_missing(scene.fixture.table, middle, late), VERIFY_LOST);
    scene_close(&scene);
}

static void test_minimum_and_maximum(void)
{
    struct scene scene = scene_open();
    struct sp_value *light = ROW(EVENT(20, "SORT", 1)), *heavy = ROW(EVENT(20, "SORT", 9)),
                    *nothing = ROW(EVENT(20, "SORT", null));
    IS(LOST, "Heaviest", light, heavy, NULL);
    IS(LOST, "Heaviest", nothing, light, NULL);
    IS(LOST, "Lightest", heavy, light, NULL);
    IS(UNEXPLAINED, "Heaviest", heavy, light, NULL);
    IS(UNEXPLAINED, "Heaviest", heavy, nothing, NULL);
    IS(UNEXPLAINED, "Lightest", light, heavy, NULL);
    IS(SAME, "Heaviest", nothing, nothing, NULL);
    scene.span.strict = true;
    IS(WRONG, "Heaviest", heavy, light, NULL);
    scene.span.whole = false;
    IS(UNEXPLAINED, "Heaviest", heavy, light, NULL);
    scene_close(&scene);
}

/* ---- Whatever the table and the events */

/* What comes of the chosen events. */
struct folded {
    struct fold *fold;
    struct sp_batch rows;
    struct verify_span span;
};

static void fold_chosen(struct folded *folded, const struct world *world, const bool *chosen)
{
    struct fold_reject why;
    fold_start(folded->fold);
    for (size_t i = 0; i < world->count; i++)
        if (chosen[i])
            (void)fold_add(folded->fold, sp_slice_of(world->events[i].json), 0, &why);
    folded->span = (struct verify_span){.whole = true};
    folded->span.any = fold_orders(folded->fold, &folded->span.least, &folded->span.most);
    fold_finish(folded->fold, &folded->rows);
}

static const struct sp_value *find_row(const struct folded *folded, const struct sp_value *key)
{
    const struct sp_table *table = folded->rows.table;
    for (size_t i = 0; i < folded->rows.row_count; i++) {
        const struct sp_value *row = folded->rows.values + i * table->column_count;
        bool same = true;
        for (size_t at = 0; at < table->key_count; at++)
            same = same && fold_compare(&table->columns[at], &row[at], &key[at]) == 0;
        if (same)
            return row;
    }
    return NULL;
}

static enum verify_verdict worst_of(const struct folded *feed, const struct sp_value *stored,
                                    const struct sp_value *row)
{
    enum verify_verdict worst = VERIFY_SAME;
    if (!stored)
        return verify_missing(feed->rows.table, row, NULL);
    for (size_t i = 0; i < feed->rows.table->group_count; i++) {
        enum verify_verdict verdict = verify_group(feed->rows.table, i, stored, row, NULL, &feed->span);
        worst = verdict > worst ? verdict : worst;
    }
    return worst;
}

static bool join_changes(const struct sp_table *table, const struct sp_value *stored,
                         const struct sp_value *row, struct sp_arena *arena)
{
    struct sp_value *joined = sp_arena_alloc(arena, table->column_count * sizeof *joined);
    memcpy(joined, stored, table->column_count * sizeof *joined);
    return fold_join(table, joined, row);
}

/* `kind` 0: the table has any of the events and the feed any; 1: the feed has all that the table has; 2: the
 * feed was read up to a bound, and the table has all of that and more. */
static size_t judge_world(struct world *world, struct folded *stored, struct folded *feed, unsigned kind)
{
    bool in_table[WORLD_MAX_EVENTS], in_feed[WORLD_MAX_EVENTS];
    int bound = (int)world_below(world, WORLD_MAX_EVENTS);
    size_t wrong = 0;
    for (size_t i = 0; i < world->count; i++) {
        in_table[i] = world_below(world, 2);
        in_feed[i] =
            kind == 2 ? world->events[i].rank <= bound : world_below(world, 2) || (kind == 1 && in_table[i]);
        in_table[i] = in_table[i] || (kind == 2 && in_feed[i]);
    }
    fold_chosen(stored, world, in_table);
    fold_chosen(feed, world, in_feed);
    for (size_t i = 0; i < feed->rows.row_count; i++) {
        const struct sp_value *row = feed->rows.values + i * feed->rows.table->column_count;
        const struct sp_value *there = find_row(stored, row);
        enum verify_verdict worst = worst_of(feed, there, row);
        bool lost = !there || join_changes(feed->rows.table, there, row, world->arena);
        wrong += (worst == VERIFY_LOST) != lost;
        wrong += kind == 1 && worst != VERIFY_SAME && worst != VERIFY_LOST;
        wrong += kind == 2 && verify_differs(worst);
    }
    return wrong;
}

static void test_any_world(void)
{
    struct world world = {.seed = world_first_seed(), .arena = arena_new(65536)};
    size_t wrong = 0;
    for (size_t shape = 0; shape < WORLD_SHAPES; shape++) {
        struct table_fixture table = world_table(&world_shapes[shape], 7);
        struct folded stored = {.fold = fold_new(table.plan)}, feed = {.fold = fold_new(table.plan)};
        for (unsigned round = 0; round < 300; round++) {
            world_make(&world, &world_shapes[shape], 7);
            wrong += judge_world(&world, &stored, &feed, round % 3);
        }
        fold_free(stored.fold);
        fold_free(feed.fold);
        table_fixture_close(&table);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    arena_free(world.arena);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"a spill keeps values by their keys, in a file that nobody sees", test_spill},
        {"a spill holds more than its cache", test_spill_grows},
        {"a spill without a folder says so", test_spill_without_a_folder},
#ifdef WITH_SQLITE
        {"a spill without memory says so", test_spill_without_memory},
#endif
        {"a row becomes bytes, and the bytes the row", test_cells},
        {"keys as bytes sort as their values do", test_keys_sort_as_values_do},
        {"the last and the first event of a group", test_last_and_first},
        {"one event has one set of values", test_the_same_event_has_the_same_values},
        {"dead letters account for what is not there", test_dead_letters_account_for_what_is_not_there},
        {"minimum and maximum", test_minimum_and_maximum},
        {"what is lost is what joining would change, whatever the table and the events", test_any_world},
    };
    return tap_run("verify", tests, sizeof tests / sizeof *tests);
}
