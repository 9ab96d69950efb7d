/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "care.h"

#include <stdlib.h>

static const char doing[] = "writing the new file";

/* Versions and ids of rows that are lost must not come again. */
#define LEAP "1000000"

/* Parts whose tables are made as they always are. */
static const struct part {
    const struct lite_part *part;
    const char *table;
} parts[] = {{&queue_part, "QueueMessages"},
             {&lite_state_part, "PipelineState"},
             {&lite_letters_part, "FailedEvents"}};
enum { PARTS = sizeof parts / sizeof *parts };

struct building {
    struct queue_handle *handle;
    struct rescue rescue;
    sqlite3 *file; /* NULL: only counts */
    struct seen seen;
    struct rebuilt *out;
    struct sp_error *err;
};

static int run(struct building *building, const char *sql)
{
    return building->file ? sqlite3_exec(building->file, sql, NULL, NULL, NULL) : SQLITE_OK;
}

/* ---- tables */

/* Up to which migration a part had come; 0: not known. */
static int64_t old_version(const struct building *building, const char *part)
{
    const struct rescue_table *table = rescue_find(&building->rescue, "ScanpipeSchema");
    struct rescue_rows rows;
    struct rescue_row row;
    int64_t version = 0;
    if (!table)
        return 0;
    rescue_rows_open(&rows, &building->rescue, table, 0);
    for (enum rescue_step step; (step = rescue_next(&rows, &row)) != RESCUE_END;)
        if (step == RESCUE_ROW && row.count == 2 && row.values[0].type == TREE_TEXT &&
            sp_slice_equal(row.values[0].bytes, sp_slice_of(part)) && row.values[1].type == TREE_INTEGER)
            version = row.values[1].integer;
    rescue_rows_close(&rows);
    return version;
}

/* Makes the tables of a part as they were in the old file, or else as they are now. */
static int make_part(struct building *building, const struct lite_part *part)
{
    int64_t wanted = old_version(building, part->name), known = (int64_t)part->migration_count;
    return lite_make_part(part, building->file, wanted < 1 || wanted > known ? known : wanted);
}

static bool is_ours(const char *name)
{
    static const char *const names[] = {"ScanpipeSchema", "ScanpipeCounters", "ScanpipeMigrations",
                                        "QueueMessages",  "QueueLeases",      "QueueHolders",
                                        "QueueTotals",    "PipelineState",    "FailedEvents"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return strncmp(name, "sqlite_", 7) == 0;
}

/* Only the first statement, and only one that makes something: the text comes from a damaged file. */
static void make_other(struct building *building, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_strnicmp(sql, "CREATE ", 7) == 0 && sqlite3_strnicmp(sql, "CREATE VIRTUAL ", 15) != 0 &&
        sqlite3_prepare_v2(building->file, sql, -1, &statement, NULL) == SQLITE_OK)
        (void)sqlite3_step(statement);
    sqlite3_finalize(statement);
}

/* What other programs, or a sink, keep in the file: tables first, what hangs on them when they are full. What
 * is there already, or cannot be made, is passed over. */
static void make_others(struct building *building, bool tables)
{
    for (const struct rescue_table *table = building->rescue.tables; building->file && table;
         table = table->next)
        if (table->sql && (table->type == 't') == tables && !is_ours(table->name) &&
            !(table->on && is_ours(table->on)))
            make_other(building, table->sql);
}

static int make_tables(struct building *building)
{
    if (!building->file)
        return SQLITE_OK;
    int rc = lite_make_shared(building->file);
    for (size_t i = 0; rc == SQLITE_OK && i < PARTS; i++)
        if (parts[i].part == &queue_part || rescue_find(&building->rescue, parts[i].table))
            rc = make_part(building, parts[i].part);
    if (rc == SQLITE_OK)
        make_others(building, true);
    return rc;
}

/* ---- rows */

static int bind(sqlite3_stmt *statement, int index, const struct tree_value *value)
{
    struct sp_slice bytes = {value->bytes.size ? value->bytes.data : "", value->bytes.size};
    switch (value->type) {
    case TREE_INTEGER:
        return sqlite3_bind_int64(statement, index, value->integer);
    case TREE_REAL:
        return sqlite3_bind_double(statement, index, value->real);
    case TREE_TEXT:
        return sqlite3_bind_text64(statement, index, bytes.data, bytes.size, SQLITE_STATIC, SQLITE_UTF8);
    case TREE_BLOB:
        return sqlite3_bind_blob64(statement, index, bytes.data, bytes.size, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(statement, index);
    }
}

/* Steps an insert; a row that the table does not take is none of the others' trouble. */
static int insert(struct building *building, sqlite3_stmt *statement, bool *inserted_out)
{
    int rc = sqlite3_step(statement);
    *inserted_out = rc == SQLITE_DONE && sqlite3_changes(building->file) > 0;
    lite_reset(statement);
    bool not_taken = (rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_MISMATCH;
    return rc == SQLITE_DONE || not_taken ? SQLITE_OK : rc;
}

static int put_message(struct building *building, sqlite3_stmt *statement, const struct rescue_row *row,
                       int64_t id)
{
    /* An attribute that cannot be read would stop who receives the message. */
    static const struct tree_value none = {.type = TREE_NULL};
    const struct tree_value *values = row->values;
    if (id > 0)
        sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, (int64_t)values[5].bytes.size);
    sqlite3_bind_int64(statement, 3, tree_is_number(&values[2]) ? values[2].integer : sp_clock_wall_ms());
    sqlite3_bind_int64(statement, 4, tree_is_number(&values[3]) ? values[3].integer : 0);
    bind(statement, 5, salvage_attributes_are_good(row) ? &values[4] : &none);
    bind(statement, 6, &row->values[5]);
    bool inserted;
    int rc = insert(building, statement, &inserted);
    /* Another message has the id: one of the two ids is damaged. */
    if (rc == SQLITE_OK && !inserted && id > 0)
        return put_message(building, statement, row, 0);
    return rc;
}

static int take_message(struct building *building, sqlite3_stmt *statement, const struct rescue_row *row)
{
    struct rebuilt *out = building->out;
    const char *why;
    enum sp_salvage outcome = salvage_judge(row, &why);
    if (outcome == SP_SALVAGE_LOST) {
        out->lost++;
        return SQLITE_OK;
    }
    if (!seen_add(&building->seen, row->id, row->values[5].bytes))
        return SQLITE_OK;
    out->messages++;
    out->doubtful += outcome == SP_SALVAGE_DOUBTFUL;
    bool good = row->id > 0 && row->id < INT64_C(1) << 60;
    return statement ? put_message(building, statement, row, good ? row->id : 0) : SQLITE_OK;
}

/* What the new file has by an interrupted repair. */
static int see_messages(struct building *building)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(building->file, "SELECT Id, Body FROM QueueMessages", -1, &statement, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct sp_slice body = {sqlite3_column_blob(statement, 1),
                                (size_t)sqlite3_column_bytes(statement, 1)};
        seen_add(&building->seen, sqlite3_column_int64(statement, 0), body);
        building->out->messages++;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int copy_messages(struct building *building)
{
    const struct rescue_table *table = rescue_find(&building->rescue, "QueueMessages");
    sqlite3_stmt *statement = NULL;
    struct rescue_rows rows;
    struct rescue_row row;
    int rc = building->file ? see_messages(building) : SQLITE_OK;
    if (rc == SQLITE_OK && building->file)
        rc = sqlite3_prepare_v2(building->file,
                                "INSERT OR IGNORE INTO QueueMessages VALUES (?, ?, ?, ?, ?, ?)", -1,
                                &statement, NULL);
    if (rc != SQLITE_OK || !table) {
        building->out->pages_lost = !table && building->rescue.schema.damaged;
        sqlite3_finalize(statement);
        return rc;
    }
    rescue_rows_open(&rows, &building->rescue, table, 0);
    for (enum rescue_step step; rc == SQLITE_OK && (step = rescue_next(&rows, &row)) != RESCUE_END;) {
        building->out->pages_lost |= step == RESCUE_LOST_PAGE;
        building->out->lost += step == RESCUE_LOST_ROW;
        if (step == RESCUE_ROW)
            rc = take_message(building, statement, &row);
        if (rc == SQLITE_OK && care_go_on(building->handle, building->err) < 0)
            rc = SQLITE_INTERRUPT;
    }
    rescue_rows_close(&rows);
    sqlite3_finalize(statement);
    return rc;
}

/* How the rows of any table go into the one of the same name. */
struct copying {
    const struct rescue_table *table;
    sqlite3_stmt *statement; /* NULL: only counts */
    int columns;
    int places[RESCUE_COLUMNS]; /* of the row's n-th value in the statement */
    int id_place;               /* of the column that is the row's id; 0: none */
};

/* In a table without row ids the columns of the key come first. */
static void order_columns(struct copying *copying, const int *keys, bool keyed, bool integer_key)
{
    int next = 0, key_columns = 0;
    for (int i = 0; i < copying->columns; i++)
        key_columns += keys[i] > 0;
    for (int key = 1; keyed && key <= key_columns; key++)
        for (int i = 0; i < copying->columns; i++)
            if (keys[i] == key)
                copying->places[next++] = i + 1;
    for (int i = 0; i < copying->columns; i++)
        if (!keyed || keys[i] == 0)
            copying->places[next++] = i + 1;
    for (int i = 0; !keyed && key_columns == 1 && integer_key && i < copying->columns; i++)
        if (keys[i] > 0)
            copying->id_place = i + 1;
}

static int look_at_columns(struct building *building, struct copying *copying, bool keyed)
{
    sqlite3_stmt *statement = NULL;
    int keys[RESCUE_COLUMNS];
    bool integer_key = false;
    int rc = sqlite3_prepare_v2(building->file, "SELECT pk, type FROM pragma_table_info(?) ORDER BY cid", -1,
                                &statement, NULL);
    lite_bind_text(statement, 1, copying->table->name);
    while (rc == SQLITE_OK && copying->columns < RESCUE_COLUMNS &&
           (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *type = (const char *)sqlite3_column_text(statement, 1);
        keys[copying->columns] = sqlite3_column_int(statement, 0);
        integer_key |= keys[copying->columns] > 0 && type && sqlite3_stricmp(type, "INTEGER") == 0;
        copying->columns++;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    order_columns(copying, keys, keyed, integer_key);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The newest version of a record counts, and counters never go back. */
static const char *conflict_of(const char *name)
{
    if (strcmp(name, "PipelineState") == 0)
        return " ON CONFLICT DO UPDATE SET Version = excluded.Version, Value = excluded.Value,"
               " ChangedAtMs = excluded.ChangedAtMs WHERE excluded.Version > Version";
    if (strcmp(name, "ScanpipeCounters") == 0)
        return " ON CONFLICT DO UPDATE SET Value = max(Value, excluded.Value)";
    return " ON CONFLICT DO NOTHING";
}

static int prepare_copying(struct building *building, struct copying *copying, bool keyed)
{
    int rc = look_at_columns(building, copying, keyed);
    if (rc != SQLITE_OK || copying->columns == 0)
        return rc;
    sqlite3_str *sql = sqlite3_str_new(building->file);
    sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES (?", copying->table->name);
    for (int i = 1; i < copying->columns; i++)
        sqlite3_str_appendall(sql, ", ?");
    sqlite3_str_appendf(sql, ")%s", conflict_of(copying->table->name));
    char *text = sqlite3_str_finish(sql);
    rc = text ? sqlite3_prepare_v2(building->file, text, -1, &copying->statement, NULL) : SQLITE_NOMEM;
    sqlite3_free(text);
    return rc;
}

static bool is_whole(const struct rescue_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->values[i].type == TREE_CUT)
            return false;
    return true;
}

static int take_any_row(struct building *building, struct copying *copying, const struct rescue_row *row)
{
    bool inserted = true;
    if (!is_whole(row)) {
        building->out->rows_lost++;
        return SQLITE_OK;
    }
    if (strcmp(copying->table->name, "FailedEvents") == 0)
        building->out->letters++;
    else
        building->out->rows++;
    if (!copying->statement)
        return SQLITE_OK;
    for (size_t i = 0; i < row->count && i < (size_t)copying->columns; i++)
        bind(copying->statement, copying->places[i], &row->values[i]);
    if (copying->id_place)
        sqlite3_bind_int64(copying->statement, copying->id_place, row->id);
    return insert(building, copying->statement, &inserted);
}

static int copy_table(struct building *building, const struct rescue_table *table)
{
    struct copying *copying = calloc(1, sizeof *copying);
    struct rescue_rows rows;
    struct rescue_row row;
    bool prepared = false;
    int rc = copying ? SQLITE_OK : SQLITE_NOMEM;
    if (rc != SQLITE_OK)
        return rc;
    copying->table = table;
    rescue_rows_open(&rows, &building->rescue, table, 0);
    for (enum rescue_step step; rc == SQLITE_OK && (step = rescue_next(&rows, &row)) != RESCUE_END;) {
        building->out->rows_lost += step != RESCUE_ROW;
        if (step != RESCUE_ROW)
            continue;
        bool keyed = rows.tree.kind == TREE_INDEX_LEAF || rows.tree.kind == TREE_INDEX_INNER;
        if (building->file && !prepared)
            rc = prepare_copying(building, copying, keyed);
        prepared = true;
        if (rc == SQLITE_OK)
            rc = take_any_row(building, copying, &row);
        if (rc == SQLITE_OK && care_go_on(building->handle, building->err) < 0)
            rc = SQLITE_INTERRUPT;
    }
    rescue_rows_close(&rows);
    sqlite3_finalize(copying->statement);
    free(copying);
    return rc;
}

/* Everything but the messages; leases and holders are left out: whoever held a message is gone. */
static int copy_others(struct building *building)
{
    int rc = SQLITE_OK;
    for (const struct rescue_table *table = building->rescue.tables; table && rc == SQLITE_OK;
         table = table->next) {
        if (table->type != 't' || strncmp(table->name, "Queue", 5) == 0 ||
            strcmp(table->name, "ScanpipeSchema") == 0 || strncmp(table->name, "sqlite_", 7) == 0)
            continue;
        rc = copy_table(building, table);
        if (strcmp(table->name, "PipelineState") == 0)
            building->out->state_lost |= table->damaged;
    }
    building->out->state_lost |=
        building->rescue.schema.damaged && !rescue_find(&building->rescue, "PipelineState");
    building->out->unplaced_pages = building->rescue.unplaced_pages;
    return rc;
}

/* ---- all of it */

static int set_counters(struct building *building)
{
    if (!building->file)
        return SQLITE_OK;
    char *sql = sqlite3_mprintf(
        "UPDATE QueueTotals SET LastId = max(LastId, %lld, (SELECT coalesce(max(Id), 0) FROM QueueMessages)) + " LEAP,
        (long long)building->rescue.last_id);
    int rc = sql ? run(building, sql) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc == SQLITE_OK && rescue_find(&building->rescue, "PipelineState"))
        rc = run(building,
                 "UPDATE ScanpipeCounters SET Value = max(Value, (SELECT coalesce(max(Version), 0) FROM"
                 " PipelineState)) + " LEAP " WHERE Name = 'state'");
    if (rc == SQLITE_OK && rescue_find(&building->rescue, "FailedEvents"))
        rc = run(building,
                 "UPDATE ScanpipeCounters SET Value = max(Value, (SELECT coalesce(max(Version), 0) FROM"
                 " FailedEvents)) + " LEAP " WHERE Name = 'letters'");
    return rc;
}

static int build(struct building *building)
{
    int rc = run(building, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK)
        rc = make_tables(building);
    if (rc == SQLITE_OK)
        rc = copy_messages(building);
    if (rc == SQLITE_OK)
        rc = copy_others(building);
    if (rc == SQLITE_OK)
        rc = set_counters(building);
    if (rc == SQLITE_OK)
        make_others(building, false);
    return rc == SQLITE_OK ? run(building, "COMMIT") : rc;
}

static int open_new(struct building *building, const char *path)
{
    char sql[100];
    int rc = sqlite3_open_v2(path, &building->file,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA page_size = %d; PRAGMA synchronous = FULL", LITE_PAGE_SIZE);
    return rc == SQLITE_OK ? run(building, sql) : rc;
}

static int refuse_newer(const struct building *building, struct sp_error *err)
{
    for (size_t i = 0; i < PARTS; i++) {
        const struct lite_part *part = parts[i].part;
        if (old_version(building, part->name) > (int64_t)part->migration_count) {
            sp_fail(err, SP_REFUSED, "%s: its %s was made by a newer scanpipe",
                    building->handle->queue->config->lite.path, part->name);
            return sp_fail_cure(err, "repair it with the newer scanpipe");
        }
    }
    return 0;
}

int rebuild(struct queue_handle *handle, const char *path, struct rebuilt *out, struct sp_error *err)
{
    struct building building = {.handle = handle, .out = out, .err = err};
    *out = (struct rebuilt){0};
    if (rescue_open(&building.rescue, handle->queue->config->lite.path, err) < 0)
        return -1;
    int failed = refuse_newer(&building, err);
    if (failed == 0) {
        int rc = path ? open_new(&building, path) : SQLITE_OK;
        if (rc == SQLITE_OK)
            rc = build(&building);
        if (rc != SQLITE_OK)
            failed = rc == SQLITE_INTERRUPT ? care_go_on(handle, err)
                                            : look_fail(handle, building.file, rc, doing, err);
        sqlite3_close(building.file);
    }
    seen_fini(&building.seen);
    rescue_close(&building.rescue);
    return failed;
}
