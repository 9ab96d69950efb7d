/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sqlite_stage.h"

#include <pthread.h>
#include <scanpipe/time.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local struct sp_error err;

/* ---- tables */

#define KEY(name, type)                                                                                      \
    {                                                                                                        \
        name, type, 0, 0, 0, SP_ROLE_KEY, -1, false, false, NULL                                             \
    }
#define VALUE(name, type, group)                                                                             \
    {                                                                                                        \
        name, type, 0, 9, 2, SP_ROLE_VALUE, group, true, false, NULL                                         \
    }
#define ORDER(name, type, group, hidden)                                                                     \
    {                                                                                                        \
        name, type, 0, 0, 0, SP_ROLE_ORDER, group, false, hidden, NULL                                       \
    }

/* Every keep, orders visible, hidden and as a timestamp, and a name that needs quoting. */
static const struct sp_column all_columns[] = {
    KEY("Id", SP_TYPE_INT),
    ORDER("LastId", SP_TYPE_BIGINT, 0, false),
    VALUE("Last \"Text\"", SP_TYPE_TEXT, 0),
    VALUE("LastFlag", SP_TYPE_BOOLEAN, 0),
    VALUE("FirstAt", SP_TYPE_TIMESTAMP, 1),
    VALUE("FirstJson", SP_TYPE_JSON, 1),
    VALUE("MinNumber", SP_TYPE_BIGINT, 2),
    VALUE("MaxAmount", SP_TYPE_DECIMAL, 3),
    VALUE("MinAmount", SP_TYPE_DECIMAL, 4),
    VALUE("MaxAt", SP_TYPE_TIMESTAMP, 5),
    ORDER("SeenAt", SP_TYPE_TIMESTAMP, 6, false),
    VALUE("Select", SP_TYPE_DECIMAL, 6),
    ORDER("Order_1", SP_TYPE_BIGINT, 1, true),
};
static const struct sp_group all_groups[] = {
    {SP_KEEP_LAST, 1, NULL}, {SP_KEEP_FIRST, 12, NULL}, {SP_KEEP_MIN, -1, NULL},   {SP_KEEP_MAX, -1, NULL},
    {SP_KEEP_MIN, -1, NULL}, {SP_KEEP_MAX, -1, NULL},   {SP_KEEP_FIRST, 10, NULL},
};
#define COLUMNS 13
static const struct sp_table all_keeps = {sizeof all_keeps, "All keeps", all_columns, COLUMNS, 1,
                                          all_groups,       7,           false,       0};

static const struct sp_column history_columns[] = {
    KEY("Name", SP_TYPE_TEXT),
    KEY("At", SP_TYPE_TIMESTAMP),
    VALUE("Note", SP_TYPE_TEXT, 0),
};
static const struct sp_group history_groups[] = {{SP_KEEP_LAST, -1, NULL}};
static const struct sp_table history = {sizeof history, "History", history_columns, 3, 2, history_groups, 1,
                                        true,           0};

static const struct sp_column plain_columns[] = {
    KEY("Id", SP_TYPE_INT),
    ORDER("EventId", SP_TYPE_BIGINT, 0, false),
    VALUE("Note", SP_TYPE_TEXT, 0),
};
static const struct sp_group plain_groups[] = {{SP_KEEP_LAST, 1, NULL}};
static const struct sp_table plain = {sizeof plain, "Plain", plain_columns, 3, 1, plain_groups, 1, false, 0};

/* ---- values */

static struct sp_value number(int64_t n)
{
    return (struct sp_value){.number = n, .present = true};
}

static struct sp_value text(const char *t)
{
    return (struct sp_value){.text = t, .length = (uint32_t)strlen(t), .present = true};
}

static const struct sp_value null;

static bool is_number(enum sp_type type)
{
    return type == SP_TYPE_INT || type == SP_TYPE_BIGINT || type == SP_TYPE_BOOLEAN ||
           type == SP_TYPE_TIMESTAMP;
}

static bool same(enum sp_type type, const struct sp_value *a, const struct sp_value *b)
{
    if (!a->present || !b->present)
        return a->present == b->present;
    if (is_number(type))
        return a->number == b->number;
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* ---- a sink with its table made */

struct desk {
    struct stage stage;
    void *handle;
    struct sp_arena *arena;
    const char *path;
    struct sp_written written;
    struct sp_result results[64];
};

static void desk_open(struct desk *desk, const struct sp_table *table, const char *path)
{
    stage_configure(&desk->stage, SP_SINK, path);
    desk->stage.about.table = table;
    stage_load(&desk->stage);
    desk->handle = stage_open(&desk->stage);
    desk->arena = arena_new(4096);
    desk->path = path;
    desk->written = (struct sp_written){.size = sizeof desk->written};
}

static void desk_close(struct desk *desk)
{
    desk->stage.plugin->close(desk->handle);
    stage_end(&desk->stage);
    arena_free(desk->arena);
}

static int migrate(struct desk *desk, enum sp_migrate_mode mode, const char **plan)
{
    return desk->stage.plugin->sink->migrate(desk->handle, mode, desk->arena, plan, within(5000), &err);
}

static void desk_start(struct desk *desk, const struct sp_table *table)
{
    desk_open(desk, table, new_path("sink.db"));
    WORKS(migrate(desk, SP_MIGRATE_APPLY, NULL));
    WORKS(desk->stage.plugin->probe(desk->handle, within(5000), &err));
}

static int write_rows(struct desk *desk, const struct sp_value *values, size_t rows)
{
    struct sp_batch batch = {sizeof batch, desk->stage.about.table, values, rows, NULL, 0};
    memset(desk->results, 0, sizeof desk->results);
    return desk->stage.plugin->sink->write(desk->handle, &batch, desk->results, &desk->written, within(5000),
                                           &err);
}

static int read_rows(struct desk *desk, const struct sp_value *keys, size_t rows, struct sp_value *out,
                     bool *found)
{
    struct sp_batch batch = {sizeof batch, desk->stage.about.table, keys, rows, NULL, 0};
    return desk->stage.plugin->sink->read(desk->handle, &batch, desk->arena, out, found, within(5000), &err);
}

/* ---- the model: what a join is, said plainly */

static int compare_values(enum sp_type type, const struct sp_value *a, const struct sp_value *b)
{
    if (type == SP_TYPE_DECIMAL) {
        double x = strtod(a->text, NULL), y = strtod(b->text, NULL);
        return (x > y) - (x < y);
    }
    return (a->number > b->number) - (a->number < b->number);
}

static bool model_wins(const struct sp_group *group, enum sp_type type, const struct sp_value *stored,
                       const struct sp_value *new)
{
    if (!new->present)
        return false;
    if (!stored->present)
        return true;
    int order = compare_values(type, new, stored);
    return group->keep == SP_KEEP_LAST    ? order >= 0
           : group->keep == SP_KEEP_FIRST ? order <= 0
           : group->keep == SP_KEEP_MAX   ? order > 0
                                          : order < 0;
}

/* True where the row changed. */
static bool model_join(const struct sp_table *table, struct sp_value *row, const struct sp_value *new)
{
    bool changed = false;
    for (size_t g = 0; g < table->group_count; g++) {
        size_t by = table->key_count;
        while (table->columns[by].group != (int32_t)g)
            by++;
        if (table->groups[g].order_column >= 0)
            by = (size_t)table->groups[g].order_column;
        if (!model_wins(&table->groups[g], table->columns[by].type, &row[by], &new[by]))
            continue;
        for (size_t i = table->key_count; i < table->column_count; i++) {
            if (table->columns[i].group != (int32_t)g)
                continue;
            changed |= !same(table->columns[i].type, &row[i], &new[i]);
            row[i] = new[i];
        }
    }
    return changed;
}

/* ---- random rows: few keys and few values, so that they meet */

static uint64_t seed;

static unsigned dice(unsigned sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % sides;
}

static struct sp_value random_value(enum sp_type type)
{
    static const char *const texts[] = {"", "a", "B", "\xc3\xa9", "it's"};
    static const char *const json[] = {"{}", "[1, 2]", "null", "\"x\""};
    static const char *const decimals[] = {"-10.00", "-9.50", "-0.00", "0.00",
                                           "0.05",   "9.99",  "10.00", "100.00"};
    switch (type) {
    case SP_TYPE_TEXT:
        return text(texts[dice(5)]);
    case SP_TYPE_JSON:
        return text(json[dice(4)]);
    case SP_TYPE_DECIMAL:
        return text(decimals[dice(8)]);
    case SP_TYPE_TIMESTAMP:
        return number((dice(2) ? INT64_C(636503616000000000) : 0) + dice(12));
    case SP_TYPE_BOOLEAN:
        return number(dice(2));
    default:
        return number((int64_t)dice(12) - 6);
    }
}

/* As the fold hands it out: a group without an event is NULL throughout; a group's values follow from its
 * order, as an event's do. */
static void random_row(const struct sp_table *table, int64_t key, struct sp_value *row)
{
    row[0] = number(key);
    for (size_t g = 0; g < table->group_count; g++) {
        bool present = dice(3) > 0;
        int32_t order = table->groups[g].order_column;
        struct sp_value by = order >= 0 ? random_value(table->columns[order].type) : null;
        uint64_t before = seed;
        if (order >= 0)
            seed = (uint64_t)by.number * 977 + (uint64_t)key * 31 + g;
        for (size_t i = table->key_count; i < table->column_count; i++) {
            if (table->columns[i].group == (int32_t)g)
                row[i] = present && (order < 0 || dice(4)) ? random_value(table->columns[i].type) : null;
        }
        if (order >= 0) {
            row[order] = present ? by : null;
            seed = before;
        }
    }
}

#define KEYS 12

struct model {
    struct sp_value rows[KEYS][COLUMNS];
    bool there[KEYS];
};

/* Makes a batch of random rows, sorted by key; joins them into the model; how many it touched. */
static size_t random_batch(struct model *model, struct sp_value (*batch)[COLUMNS], uint64_t *touched)
{
    size_t count = 0;
    *touched = 0;
    for (int key = 0; key < KEYS; key++) {
        if (dice(2))
            continue;
        random_row(&all_keeps, key - 3, batch[count]);
        if (!model->there[key]) {
            memcpy(model->rows[key], batch[count], sizeof batch[count]);
            *touched += 1;
        } else {
            *touched += model_join(&all_keeps, model->rows[key], batch[count]);
        }
        model->there[key] = true;
        count++;
    }
    return count;
}

static void compare_with_model(struct desk *desk, const struct model *model)
{
    struct sp_value keys[KEYS][COLUMNS] = {{{.present = false}}}, got[KEYS][COLUMNS];
    bool found[KEYS] = {false};
    for (int key = 0; key < KEYS; key++)
        keys[key][0] = number(key - 3);
    WORKS(read_rows(desk, keys[0], KEYS, got[0], found));
    for (int key = 0; key < KEYS; key++) {
        CU_ASSERT_EQUAL(found[key], model->there[key]);
        for (size_t i = 0; found[key] && i < COLUMNS; i++) {
            bool right = same(all_columns[i].type, &got[key][i], &model->rows[key][i]);
            CU_ASSERT(right);
            if (!right)
                printf("# key %d column %s\n", key - 3, all_columns[i].name);
        }
    }
}

static void a_write_joins_as_the_model_does(void)
{
    uint64_t start = sp_random();
    printf("# seed %llu\n", (unsigned long long)start);
    seed = start;
    for (int round = 0; round < 10; round++) {
        struct desk desk;
        struct model *model = calloc(1, sizeof *model);
        struct sp_value batch[KEYS][COLUMNS];
        desk_start(&desk, &all_keeps);
        for (int i = 0; i < 30; i++) {
            uint64_t touched;
            size_t count = random_batch(model, batch, &touched);
            WORKS(write_rows(&desk, batch[0], count));
            CU_ASSERT_EQUAL(desk.written.rows_touched, touched);
            /* the same again changes nothing */
            WORKS(write_rows(&desk, batch[0], count));
            CU_ASSERT_EQUAL(desk.written.rows_touched, 0);
        }
        compare_with_model(&desk, model);
        desk_close(&desk);
        free(model);
    }
}

static void the_same_event_again_fills_what_was_missing(void)
{
    /* as after a column was added and the feed is read again */
    struct desk desk;
    desk_start(&desk, &plain);
    struct sp_value row[] = {number(1), number(7), null};
    WORKS(write_rows(&desk, row, 1));
    row[2] = text("x");
    WORKS(write_rows(&desk, row, 1));
    CU_ASSERT_EQUAL(desk.written.rows_touched, 1);
    row[1] = number(6);
    row[2] = text("older");
    WORKS(write_rows(&desk, row, 1));
    CU_ASSERT_EQUAL(desk.written.rows_touched, 0);
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM Plain WHERE EventId = 7 AND Note = 'x'"), 1);
    desk_close(&desk);
}

static void timestamps_are_text_that_sorts(void)
{
    struct desk desk;
    int64_t ticks;
    CU_ASSERT_PTR_NULL(sp_time_parse(sp_slice_of("2018-01-01T00:00:00.1234567Z"), &ticks));
    desk_start(&desk, &history);
    struct sp_value rows[] = {text("a"), number(ticks), null, text("a"), number(ticks + 1), text("")};
    WORKS(write_rows(&desk, rows, 2));
    CU_ASSERT_EQUAL(desk.written.rows_touched, 2);
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM History WHERE typeof(At) = 'text'"
                                   " AND At = '2018-01-01T00:00:00.1234567Z' AND Note IS NULL"),
                    1);
    desk_close(&desk);
}

static void an_append_never_changes_a_row(void)
{
    struct desk desk;
    desk_start(&desk, &history);
    struct sp_value rows[] = {text("a"), number(1), text("x"), text("b"), number(1), text("y")};
    WORKS(write_rows(&desk, rows, 1));
    rows[2] = text("z");
    WORKS(write_rows(&desk, rows, 2));
    CU_ASSERT_EQUAL(desk.written.rows_touched, 1);
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM History WHERE Note IN ('x', 'y')"), 2);
    /* and hides no other rule of the table's owner */
    ask(desk.path, "CREATE UNIQUE INDEX OneNote ON History (Note)");
    struct sp_value twice[] = {text("c"), number(1), text("x")};
    FAILS(write_rows(&desk, twice, 1), SP_REJECTED);
    desk_close(&desk);
}

static void every_culprit_is_named_and_nothing_is_written(void)
{
    struct desk desk;
    desk_open(&desk, &plain, new_path("sink.db"));
    ask(desk.path, "CREATE TABLE Plain (Id INTEGER PRIMARY KEY, EventId INTEGER, Note TEXT NOT NULL CHECK"
                   " (Note <> 'bad'))");
    struct sp_value rows[] = {number(1), number(1), text("good"), number(2), number(1), text("bad"),
                              number(3), number(1), null,         number(4), number(1), text("good")};
    FAILS(write_rows(&desk, rows, 4), SP_REJECTED);
    CU_ASSERT_EQUAL(desk.results[0].class, SP_OK);
    CU_ASSERT_EQUAL(desk.results[1].class, SP_REJECTED);
    CU_ASSERT_EQUAL(desk.results[2].class, SP_REJECTED);
    CU_ASSERT_EQUAL(desk.results[3].class, SP_OK);
    CU_ASSERT_EQUAL(desk.results[1].column, SP_NO_COLUMN);
    CU_ASSERT_EQUAL(desk.results[2].column, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(desk.results[2].text, "Plain.Note"));
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM Plain"), 0);
    /* without them it goes */
    WORKS(write_rows(&desk, rows, 1));
    WORKS(write_rows(&desk, rows + 9, 1));
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM Plain"), 2);
    /* a trigger may even roll back on its own */
    ask(desk.path, "CREATE TRIGGER No BEFORE INSERT ON Plain WHEN new.Id = 7 BEGIN"
                   " SELECT RAISE(ROLLBACK, 'seven'); END");
    struct sp_value seven[] = {number(6), number(1), text("good"), number(7), number(1), text("good")};
    FAILS(write_rows(&desk, seven, 2), SP_REJECTED);
    CU_ASSERT_EQUAL(desk.results[1].class, SP_REJECTED);
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM Plain"), 2);
    WORKS(write_rows(&desk, seven, 1));
    desk_close(&desk);
}

static void a_missing_table_is_refused_with_its_cure(void)
{
    struct desk desk;
    struct sp_value row[] = {number(1), number(1), text("x")};
    desk_open(&desk, &plain, new_path("sink.db"));
    FAILS(desk.stage.plugin->probe(desk.handle, within(5000), &err), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "there is no table Plain"));
    CU_ASSERT_NOT_EQUAL(access(desk.path, F_OK), 0); /* to look makes no file */
    FAILS(write_rows(&desk, row, 1), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "there is no table Plain"));
    CU_ASSERT_STRING_EQUAL(
        err.cure, "say scanpipe migrate, or set `migrate: auto`; scanpipe table prints the statement");
    /* it is there: the same handle goes on */
    WORKS(migrate(&desk, SP_MIGRATE_APPLY, NULL));
    WORKS(write_rows(&desk, row, 1));
    /* it is dropped under a prepared statement */
    ask(desk.path, "DROP TABLE Plain");
    FAILS(write_rows(&desk, row, 1), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "there is no table Plain"));
    desk_close(&desk);
}

static void a_missing_column_is_refused_and_migrate_adds_it(void)
{
    struct desk desk;
    struct sp_value row[] = {number(1), number(1), text("x")};
    desk_open(&desk, &plain, new_path("sink.db"));
    ask(desk.path, "CREATE TABLE Plain (id INTEGER PRIMARY KEY, Note TEXT)");
    ask(desk.path, "INSERT INTO Plain VALUES (1, 'old'), (2, 'old')");
    FAILS(desk.stage.plugin->probe(desk.handle, within(5000), &err), SP_REFUSED);
    FAILS(write_rows(&desk, row, 1), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "has no column EventId"));
    CU_ASSERT_STRING_EQUAL(
        err.cure,
        "say scanpipe migrate, or set `migrate: auto`; scanpipe check --online prints the statement");
    const char *plan = NULL;
    WORKS(migrate(&desk, SP_MIGRATE_DRY_RUN, &plan));
    CU_ASSERT_STRING_EQUAL(plan, "ALTER TABLE \"Plain\" ADD COLUMN \"EventId\" INTEGER;\n");
    FAILS(write_rows(&desk, row, 1), SP_REFUSED);
    WORKS(migrate(&desk, SP_MIGRATE_APPLY, &plan));
    WORKS(migrate(&desk, SP_MIGRATE_APPLY, &plan));
    CU_ASSERT_STRING_EQUAL(plan, "");
    WORKS(write_rows(&desk, row, 1));
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM Plain WHERE Note = 'x' AND EventId = 1"), 1);
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM Plain WHERE Note = 'old'"), 1);
    desk_close(&desk);
}

static void a_table_with_another_key_is_refused(void)
{
    struct desk desk;
    desk_open(&desk, &plain, new_path("sink.db"));
    ask(desk.path, "CREATE TABLE Plain (Id INTEGER, EventId INTEGER, Note TEXT)");
    FAILS(desk.stage.plugin->probe(desk.handle, within(5000), &err), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.cure, "primary key"));
    ask(desk.path, "CREATE UNIQUE INDEX ById ON Plain (Id)");
    WORKS(desk.stage.plugin->probe(desk.handle, within(5000), &err));
    ask(desk.path, "DROP TABLE Plain");
    ask(desk.path, "CREATE TABLE Plain (EventId INTEGER, Note TEXT)");
    FAILS(migrate(&desk, SP_MIGRATE_APPLY, NULL), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "which is its key"));
    desk_close(&desk);
}

static void a_dry_run_makes_nothing(void)
{
    struct desk desk;
    const char *plan = NULL;
    desk_open(&desk, &all_keeps, new_path("sink.db"));
    WORKS(migrate(&desk, SP_MIGRATE_DRY_RUN, &plan));
    printf("# %s", plan);
    CU_ASSERT_PTR_NOT_NULL(strstr(plan, "CREATE TABLE \"All keeps\" (\"Id\" INTEGER PRIMARY KEY NOT NULL, "));
    CU_ASSERT_PTR_NOT_NULL(strstr(plan, "\"Last \"\"Text\"\"\" TEXT"));
    CU_ASSERT_NOT_EQUAL(access(desk.path, F_OK), 0);
    desk_close(&desk);
    desk_open(&desk, &history, new_path("sink.db"));
    WORKS(migrate(&desk, SP_MIGRATE_DRY_RUN, &plan));
    CU_ASSERT_STRING_EQUAL(plan, "CREATE TABLE \"History\" (\"Name\" TEXT NOT NULL, \"At\" TEXT NOT NULL, "
                                 "\"Note\" TEXT, PRIMARY KEY (\"Name\", \"At\")) WITHOUT ROWID;\n");
    desk_close(&desk);
}

/* As anybody but root, who may write everything: the plan for a file that is only to be read. */
static int plan_as_nobody(const char *path)
{
    struct desk desk;
    const char *plan = NULL;
    if (geteuid() == 0 && (chmod(tap_scratch_dir(), 0777) < 0 || setresuid(65534, 65534, 65534) < 0))
        return 1;
    desk_open(&desk, &history, path);
    bool told = migrate(&desk, SP_MIGRATE_DRY_RUN, &plan) < 0 && err.class == SP_UNAVAILABLE && err.cure[0];
    return told ? 0 : 2;
}

/* Given a file that may only be read, when a plan is asked for, then nothing is opened: SQLite would leave
 * files beside it that are as read-only, and stay so when the file may be written again. */
static void a_dry_run_leaves_nothing_read_only(void)
{
    static const char *const endings[] = {"-wal", "-shm"};
    struct desk desk;
    const char *path = new_path("sink.db"), *plan = "";
    desk_open(&desk, &history, path);
    WORKS(migrate(&desk, SP_MIGRATE_APPLY, NULL));
    desk_close(&desk);
    chmod(path, 0444);
    pid_t child = fork();
    if (child == 0)
        _exit(plan_as_nobody(path));
    int status;
    waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    chmod(tap_scratch_dir(), 0700);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s%s", path, endings[i]);
        CU_ASSERT_NOT_EQUAL(access(file, F_OK), 0);
    }
    chmod(path, 0644);
    desk_open(&desk, &history, path);
    WORKS(migrate(&desk, SP_MIGRATE_DRY_RUN, &plan));
    CU_ASSERT_STRING_EQUAL(plan, "");
    WORKS(migrate(&desk, SP_MIGRATE_APPLY, NULL));
    desk_close(&desk);
}

static void what_is_no_value_of_its_type_is_told(void)
{
    struct desk desk;
    desk_start(&desk, &history);
    ask(desk.path, "INSERT INTO History VALUES ('a', '2018-01-01T00:00:00.0000000Z', 'x')");
    struct sp_value keys[] = {text("a"), number(636503616000000000), null, text("b"), number(0), null},
                    got[6];
    bool found[2];
    WORKS(read_rows(&desk, keys, 2, got, found));
    CU_ASSERT(found[0] && !found[1]);
    CU_ASSERT(same(SP_TYPE_TEXT, &got[2], &(struct sp_value){.text = "x", .length = 1, .present = true}));
    CU_ASSERT_EQUAL(got[1].number, keys[1].number);
    desk_close(&desk);
    desk_start(&desk, &plain);
    ask(desk.path, "INSERT INTO Plain VALUES (1, 'soon', 'x')");
    struct sp_value key[] = {number(1), null, null};
    FAILS(read_rows(&desk, key, 1, got, found), SP_REJECTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "EventId"));
    desk_close(&desk);
}

static void a_decimal_is_written_in_one_way(void)
{
    static const char *const written[] = {"1.50", "-1.50", "0.00", "1.5", "1.500", "15", "1.5x", ".50", ""};
    static const struct sp_column columns[] = {
        KEY("Id", SP_TYPE_INT),
        {.name = "Weight", .type = SP_TYPE_DECIMAL, .precision = 9, .scale = 2, .group = 0},
    };
    static const struct sp_group groups[] = {{SP_KEEP_MAX, -1, NULL}};
    static const struct sp_table table = {sizeof table, "Decimals", columns, 2, 1, groups, 1, false, 0};
    struct desk desk;
    struct sp_value key[] = {number(1), null}, got[2];
    bool found;
    desk_start(&desk, &table);
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO Decimals VALUES (1, '%s')", written[i]);
        ask(desk.path, sql);
        if (i < 3)
            WORKS(read_rows(&desk, key, 1, got, &found));
        else
            FAILS(read_rows(&desk, key, 1, got, &found), SP_REJECTED);
    }
    desk_close(&desk);
}

static void reading_makes_nothing_and_knows_its_columns(void)
{
    /* given no file */
    struct desk desk;
    struct sp_value key[] = {number(1), null, null}, got[3];
    bool found;
    desk_open(&desk, &plain, new_path("sink.db"));
    FAILS(read_rows(&desk, key, 1, got, &found), SP_REFUSED);
    CU_ASSERT(access(desk.path, F_OK) != 0);
    /* given a table without one of the columns, then its name is not taken for a text */
    ask(desk.path, "CREATE TABLE Plain (Id INTEGER PRIMARY KEY, EventId INTEGER)");
    ask(desk.path, "INSERT INTO Plain VALUES (1, 2)");
    FAILS(read_rows(&desk, key, 1, got, &found), SP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Note"));
    desk_close(&desk);
}

/* ---- several at once */

struct worker {
    struct desk *desk;
    int first;
    pthread_t thread;
};

static void *write_many(void *argument)
{
    struct worker *worker = argument;
    struct desk desk = *worker->desk;
    desk.handle = stage_open(&desk.stage);
    for (int i = 0; i < 100; i++) {
        struct sp_value rows[] = {number(i % 7),     number(worker->first + i), text("x"),
                                  number(i % 7 + 1), number(worker->first + i), text("y")};
        if (write_rows(&desk, rows, 2) < 0)
            abort();
    }
    desk.stage.plugin->close(desk.handle);
    return NULL;
}

static void workers_write_at_once(void)
{
    struct desk desk;
    struct worker workers[3];
    desk_start(&desk, &plain);
    for (int i = 0; i < 3; i++) {
        workers[i] = (struct worker){.desk = &desk, .first = i * 1000};
        pthread_create(&workers[i].thread, NULL, write_many, &workers[i]);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(workers[i].thread, NULL);
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM Plain WHERE EventId >= 2090"), 8);
    desk_close(&desk);
}

static void a_locked_file_is_contended(void)
{
    struct desk desk;
    sqlite3 *other;
    desk_start(&desk, &plain);
    sqlite3_open(desk.path, &other);
    sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    struct sp_value row[] = {number(1), number(1), text("x")};
    struct sp_batch batch = {sizeof batch, &plain, row, 1, NULL, 0};
    FAILS(desk.stage.plugin->sink->write(desk.handle, &batch, desk.results, &desk.written, within(50), &err),
          SP_CONTENDED);
    sqlite3_close(other);
    WORKS(write_rows(&desk, row, 1));
    desk_close(&desk);
}

static void sink_state_and_letters_live_in_one_file(void)
{
    struct desk desk;
    struct stage state, letters;
    desk_start(&desk, &plain);
    stage_start(&state, SP_STATE, desk.path);
    stage_start(&letters, SP_LETTERS, desk.path);
    void *s = stage_open(&state), *l = stage_open(&letters);
    struct sp_value row[] = {number(1), number(1), text("x")};
    struct sp_letter letter = {.pipeline = "parcels", .attempts = 1};
    struct sp_result result;
    int64_t version = 0;
    bool swapped;
    for (int i = 0; i < 10; i++) {
        row[0] = number(i);
        WORKS(write_rows(&desk, row, 1));
        WORKS(state.plugin->state->put(s, "poller", sp_slice_of("x"), version, &swapped, &version,
                                       within(5000), &err));
        CU_ASSERT(swapped);
        letter.id[0] = (unsigned char)i;
        WORKS(letters.plugin->letters->put(l, &letter, 1, &result, within(5000), &err));
    }
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM Plain"), 10);
    CU_ASSERT_EQUAL(ask(desk.path, "SELECT count(*) FROM FailedEvents"), 10);
    state.plugin->close(s);
    letters.plugin->close(l);
    stage_end(&state);
    stage_end(&letters);
    desk_close(&desk);
}

static void a_sink_needs_a_table(void)
{
    struct stage stage;
    stage_configure(&stage, SP_SINK, new_path("sink.db"));
    FAILS(stage.plugin->load(stage.config, &stage.about, &stage.loaded, &err), SP_REFUSED);
    free(stage.config);
}

int main(void)
{
    struct tap_test tests[] = {
        {"a write joins as the model does", a_write_joins_as_the_model_does},
        {"the same event again fills what was missing", the_same_event_again_fills_what_was_missing},
        {"timestamps are text that sorts", timestamps_are_text_that_sorts},
        {"an append never changes a row", an_append_never_changes_a_row},
        {"every culprit is named and nothing is written", every_culprit_is_named_and_nothing_is_written},
        {"a missing table is refused with its cure", a_missing_table_is_refused_with_its_cure},
        {"a missing column is refused, and migrate adds it", a_missing_column_is_refused_and_migrate_adds_it},
        {"a table with another key is refused", a_table_with_another_key_is_refused},
        {"a dry run makes nothing", a_dry_run_makes_nothing},
        {"a dry run leaves nothing read-only beside the file", a_dry_run_leaves_nothing_read_only},
        {"what is no value of its type is told", what_is_no_value_of_its_type_is_told},
        {"a decimal is written in one way", a_decimal_is_written_in_one_way},
        {"reading makes nothing, and knows its columns", reading_makes_nothing_and_knows_its_columns},
        {"workers write at once", workers_write_at_once},
        {"a locked file is contended", a_locked_file_is_contended},
        {"sink, state and letters live in one file", sink_state_and_letters_live_in_one_file},
        {"a sink needs a table", a_sink_needs_a_table},
    };
    return tap_run("sink_sqlite", tests, sizeof tests / sizeof *tests);
}
