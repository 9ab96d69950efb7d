/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lite.h"

#include "../lib_sql/text.h"

#include <sql/sqlite_migrations.h>

struct letters_config {
    struct lite_config lite;
};

static const char *const migrations[] = {LETTERS_MIGRATIONS};

enum { LETTERS_COUNT, LETTERS_PUT, LETTERS_SCAN, LETTERS_REMOVE, LETTERS_STATEMENTS };
static const char *const statements[] = {
    [LETTERS_COUNT] = LITE_COUNT("letters"),
    [LETTERS_PUT] =
        "INSERT INTO FailedEvents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (Id) DO UPDATE SET Version = excluded.Version, Pipeline = excluded.Pipeline,"
        " Stage = excluded.Stage, Plugin = excluded.Plugin, Class = excluded.Class, Reason = excluded.Reason,"
        " ColumnName = excluded.ColumnName, Pointer = excluded.Pointer, EventId = excluded.EventId,"
        " EventKey = excluded.EventKey, SourceCursor = excluded.SourceCursor,"
        " Attempts = max(FailedEvents.Attempts + 1, excluded.Attempts),"
        " FirstSeenMs = min(FailedEvents.FirstSeenMs, excluded.FirstSeenMs),"
        " LastSeenMs = excluded.LastSeenMs, Event = excluded.Event, Place = excluded.Place",
    /* By the first time, which never becomes later: who puts letters while he scans does not meet them
     * twice. */
    [LETTERS_SCAN] =
        "SELECT Id, Version, Pipeline, Stage, Plugin, Class, Reason, ColumnName, Pointer, EventId, EventKey,"
        " SourceCursor, Attempts, FirstSeenMs, LastSeenMs, Event, Place FROM FailedEvents"
        " WHERE Pipeline = ?1 AND (FirstSeenMs, Id) > (?2, ?3)"
        " AND (?4 IS NULL OR Class = ?4) AND (?5 IS NULL OR ColumnName = ?5)"
        " AND (?6 IS NULL OR EventId = ?6) AND (?7 IS NULL OR EventKey = ?7)"
        " AND (?8 = 0 OR LastSeenMs >= ?8) AND (?9 = 0 OR LastSeenMs < ?9)"
        " ORDER BY FirstSeenMs, Id LIMIT ?10",
    [LETTERS_REMOVE] = "DELETE FROM FailedEvents WHERE Id = ? AND Version = ?",
};

const struct lite_part lite_letters_part = {
    .name = "letters",
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof *migrations,
    .statements = statements,
    .statement_count = LETTERS_STATEMENTS,
};

static void letters_check(const void *config, struct sp_check *check)
{
    lite_check(&((const struct letters_config *)config)->lite, check);
}

static int letters_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    return lite_simple_load(&lite_letters_part, &((const struct letters_config *)config)->lite, stage, loaded,
                            err);
}

/* As text people can read it and use json_extract(); what is none stays bytes. */
static int bind_event(sqlite3_stmt *put, int index, struct sp_slice event)
{
    if (event.size == 0 || !sql_can_be_text(event))
        return sqlite3_bind_blob64(put, index, event.size ? event.data : "", event.size, SQLITE_STATIC);
    return sqlite3_bind_text64(put, index, event.data, event.size, SQLITE_STATIC, SQLITE_UTF8);
}

static int put_one(struct lite *db, const struct sp_letter *letter)
{
    int64_t version;
    int rc = lite_count(db->statements[LETTERS_COUNT], &version);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_stmt *put = db->statements[LETTERS_PUT];
    const char *texts[] = {letter->pipeline,  letter->stage,  letter->plugin,  letter->class,
                           letter->reason,    letter->column, letter->pointer, letter->event_id,
                           letter->event_key, letter->cursor};
    sqlite3_bind_blob(put, 1, letter->id, sizeof letter->id, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, version);
    for (int i = 0; i < 10; i++)
        lite_bind_text(put, 3 + i, texts[i]);
    sqlite3_bind_int64(put, 13, letter->attempts);
    sqlite3_bind_int64(put, 14, letter->first_wall_ms);
    sqlite3_bind_int64(put, 15, letter->last_wall_ms);
    lite_bind_text(put, 17, letter->place);
    rc = bind_event(put, 16, letter->event);
    if (rc == SQLITE_OK)
        return lite_run(put);
    lite_reset(put);
    return rc;
}

static int letters_put(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
                       int64_t deadline, struct sp_error *err)
{
    static const char doing[] = "storing dead letters";
    struct lite *db = handle;
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        int rc = put_one(db, &letters[i]);
        if (rc == SQLITE_TOOBIG)
            results[i] = (struct sp_result){SP_REJECTED, SP_NO_COLUMN, "is larger than SQLite can hold"};
        else if (rc == SQLITE_OK)
            results[i] = (struct sp_result){SP_OK, SP_NO_COLUMN, NULL};
        else
            return lite_fail(db, rc, doing, err);
        if (lite_go_on(db, doing, err) < 0)
            return -1;
    }
    return lite_commit(db, doing, err);
}

/* So many at most, whatever is asked for: the memory for them is taken beforehand. */
#define SCAN_MAX 1000

/* What a scan goes on behind. */
struct position {
    int64_t first_wall_ms;
    unsigned char id[SP_SHA256_SIZE];
};

static void bind_scan(sqlite3_stmt *scan, const struct sp_letter_filter *filter, const struct position *after,
                      size_t id_size, size_t max)
{
    lite_bind_text(scan, 1, filter->pipeline);
    sqlite3_bind_int64(scan, 2, after->first_wall_ms);
    sqlite3_bind_blob(scan, 3, after->id, (int)id_size, SQLITE_STATIC);
    lite_bind_text(scan, 4, filter->class);
    lite_bind_text(scan, 5, filter->column);
    lite_bind_text(scan, 6, filter->event_id);
    lite_bind_text(scan, 7, filter->event_key);
    sqlite3_bind_int64(scan, 8, filter->from_wall_ms);
    sqlite3_bind_int64(scan, 9, filter->until_wall_ms);
    sqlite3_bind_int64(scan, 10, (int64_t)max);
}

static void take_letter(sqlite3_stmt *scan, struct sp_arena *arena, struct sp_letter *letter)
{
    *letter = (struct sp_letter){
        .version = sqlite3_column_int64(scan, 1),
        .pipeline = lite_column_text(scan, 2, arena),
        .stage = lite_column_text(scan, 3, arena),
        .plugin = lite_column_text(scan, 4, arena),
        .class = lite_column_text(scan, 5, arena),
        .reason = lite_column_text(scan, 6, arena),
        .column = lite_column_text(scan, 7, arena),
        .pointer = lite_column_text(scan, 8, arena),
        .event_id = lite_column_text(scan, 9, arena),
        .event_key = lite_column_text(scan, 10, arena),
        .cursor = lite_column_text(scan, 11, arena),
        .attempts = sqlite3_column_int64(scan, 12),
        .first_wall_ms = sqlite3_column_int64(scan, 13),
        .last_wall_ms = sqlite3_column_int64(scan, 14),
        .event = lite_column_slice(scan, 15, arena),
        .place = lite_column_text(scan, 16, arena),
    };
    const void *id = sqlite3_column_blob(scan, 0);
    size_t size = (size_t)sqlite3_column_bytes(scan, 0);
    if (id)
        memcpy(letter->id, id, size < sizeof letter->id ? size : sizeof letter->id);
}

static int letters_scan(void *handle, const struct sp_letter_filter *filter, struct sp_slice after,
                        size_t max, struct sp_arena *arena, const struct sp_letter **letters_out,
                        size_t *count_out, struct sp_slice *next_out, int64_t deadline, struct sp_error *err)
{
    static const char doing[] = "reading dead letters";
    struct lite *db = handle;
    bool there;
    if (lite_look(db, deadline, &there, err) < 0)
        return -1;
    if (!there) {
        *count_out = 0;
        *next_out = (struct sp_slice){"", 0};
        return 0;
    }
    struct position position = {.first_wall_ms = INT64_MIN};
    max = max < SCAN_MAX ? max : SCAN_MAX;
    if (after.size == sizeof position)
        memcpy(&position, after.data, sizeof position);
    else if (after.size)
        return sp_fail(err, SP_REFUSED, "the place to go on from is none of this store");
    sqlite3_stmt *scan = db->statements[LETTERS_SCAN];
    bind_scan(scan, filter, &position, after.size ? sizeof position.id : 0, max);
    struct sp_letter *letters = sp_arena_alloc(arena, (max ? max : 1) * sizeof *letters);
    size_t count = 0;
    int rc = SQLITE_DONE;
    while (count < max && (rc = sqlite3_step(scan)) == SQLITE_ROW) {
        take_letter(scan, arena, &letters[count++]);
        if (lite_go_on(db, doing, err) < 0)
            return -1;
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return lite_fail(db, rc, doing, err);
    lite_reset(scan);
    *next_out = (struct sp_slice){"", 0};
    if (count == max && count > 0) {
        position.first_wall_ms = letters[count - 1].first_wall_ms;
        memcpy(position.id, letters[count - 1].id, sizeof position.id);
        *next_out = sp_arena_copy(arena, (struct sp_slice){(const char *)&position, sizeof position});
    }
    *letters_out = letters;
    *count_out = count;
    return 0;
}

static int letters_remove(void *handle, const struct sp_letter_ref *refs, size_t count, uint64_t *removed_out,
                          int64_t deadline, struct sp_error *err)
{
    static const char doing[] = "removing dead letters";
    struct lite *db = handle;
    if (lite_enter(db, deadline, err) < 0 || lite_begin(db, LITE_DURABLE, err) < 0)
        return -1;
    uint64_t removed = 0;
    sqlite3_stmt *statement = db->statements[LETTERS_REMOVE];
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_blob(statement, 1, refs[i].id, sizeof refs[i].id, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, refs[i].version);
        int rc = lite_run(statement);
        if (rc != SQLITE_OK)
            return lite_fail(db, rc, doing, err);
        removed += (uint64_t)sqlite3_changes64(db->file);
        if (lite_go_on(db, doing, err) < 0)
            return -1;
    }
    if (lite_commit(db, doing, err) < 0)
        return -1;
    *removed_out = removed;
    return 0;
}

static const struct sp_option options[] = {LITE_OPTIONS(struct letters_config, "1MiB")};

static const struct sp_capabilities capabilities = {
    .size = sizeof capabilities,
    .flags = SP_DURABLE | SP_LOCAL | SP_EMBEDDED,
};

static const struct sp_letters_ops ops = {
    .size = sizeof ops,
    .put = letters_put,
    .scan = letters_scan,
    .remove = letters_remove,
};

const struct sp_plugin lite_letters_plugin = {
    SP_PLUGIN_HEAD,
    .kind = SP_LETTERS,
    .name = "sqlite",
    .version = PACKAGE_VERSION,
    .summary = "Keeps dead letters in a SQLite file, as the table FailedEvents",
    .capabilities = &capabilities,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .config_size = sizeof(struct letters_config),
    .check = letters_check,
    .load = letters_load,
    .unload = lite_simple_unload,
    .open = lite_simple_open,
    .close = lite_simple_close,
    .probe = lite_simple_probe,
    .interrupt = lite_simple_interrupt,
    .letters = &ops,
    .migrate = lite_simple_migrate,
};
