/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "odbc.h"

#include <stdlib.h>

static void forget(struct odbc *db, SQLHSTMT handle)
{
    for (size_t i = 0; i < ODBC_STATEMENTS; i++) {
        if (db->statements[i].handle == handle && db->statements[i].sql)
            db->statements[i] = (struct odbc_statement){0};
    }
}

/* A statement that has failed once may fail for ever (FreeTDS): it is made anew where it is needed next. */
static int fail(struct odbc *db, SQLHSTMT handle, enum odbc_kind kind, const char *doing,
                struct sp_error *err)
{
    SQLHDBC connection = db->connection;
    db->running = NULL;
    odbc_fail(db, SQL_HANDLE_STMT, handle, kind, doing, err);
    if (connection == db->connection) {
        forget(db, handle);
        SQLFreeHandle(SQL_HANDLE_STMT, handle);
    }
    return -1;
}

static struct odbc_statement *find(struct odbc *db, const char *sql)
{
    for (size_t i = 0; i < ODBC_STATEMENTS; i++) {
        if (db->statements[i].sql == sql)
            return &db->statements[i];
    }
    return NULL;
}

static struct odbc_statement *take_place(struct odbc *db)
{
    struct odbc_statement *place = &db->statements[db->next_statement];
    db->next_statement = (db->next_statement + 1) % ODBC_STATEMENTS;
    if (place->sql)
        SQLFreeHandle(SQL_HANDLE_STMT, place->handle);
    *place = (struct odbc_statement){0};
    return place;
}

static int prepare(struct odbc *db, const char *sql, SQLHSTMT *out, const char *doing, struct sp_error *err)
{
    struct odbc_statement *statement = find(db, sql);
    if (statement) {
        *out = statement->handle;
        return 0;
    }
    SQLHSTMT handle;
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, db->connection, &handle)))
        return odbc_fail(db, SQL_HANDLE_DBC, db->connection, ODBC_READS, doing, err);
    /* Braces mean nothing in our texts. */
    SQLSetStmtAttr(handle, SQL_ATTR_NOSCAN, (SQLPOINTER)(intptr_t)SQL_NOSCAN_ON, 0);
    if (strchr(sql, '?')) {
        if (!SQL_SUCCEEDED(SQLPrepare(handle, (SQLCHAR *)sql, SQL_NTS)))
            return fail(db, handle, ODBC_READS, doing, err);
        statement = take_place(db);
        *statement = (struct odbc_statement){sql, handle};
    }
    *out = handle;
    return 0;
}

/* Seconds of the server's own watch over the statement: the call's time, rounded up, so that it hardly ever
 * changes and costs no round trip. */
static void limit(const struct odbc *db, SQLHSTMT handle)
{
    int64_t left = (db->deadline - sp_clock_now() + SP_SECOND - 1) / SP_SECOND;
    SQLSetStmtAttr(handle, SQL_ATTR_QUERY_TIMEOUT, (SQLPOINTER)(intptr_t)(left > 1 ? left : 1), 0);
}

static SQLRETURN bind(struct odbc *db, SQLHSTMT handle, SQLLEN *size)
{
    *size = (SQLLEN)db->json.size;
    return SQLBindParameter(handle, 1, SQL_PARAM_INPUT, SQL_C_CHAR, db->store->dialect->parameter_type,
                            (SQLULEN)(db->json.size ? db->json.size : 1), 0, db->json.data, *size, size);
}

static void set_executing(struct odbc *db, SQLHSTMT handle)
{
    pthread_mutex_lock(&db->lock);
    db->executing = handle;
    pthread_mutex_unlock(&db->lock);
}

int odbc_run(struct odbc *db, const char *sql, enum odbc_kind kind, const char *doing, struct sp_error *err)
{
    SQLHSTMT handle = NULL;
    SQLLEN size;
    SQLRETURN rc = SQL_SUCCESS;
    if (sp_clock_now() >= db->deadline)
        return sp_fail(err, SP_UNAVAILABLE, "%s: %s took longer than it may", db->store->place, doing);
    if (prepare(db, sql, &handle, doing, err) < 0)
        return -1;
    limit(db, handle);
    if (strchr(sql, '?'))
        rc = bind(db, handle, &size);
    if (SQL_SUCCEEDED(rc)) {
        set_executing(db, handle);
        rc = strchr(sql, '?') ? SQLExecute(handle) : SQLExecDirect(handle, (SQLCHAR *)sql, SQL_NTS);
        set_executing(db, NULL);
    }
    if (!SQL_SUCCEEDED(rc) && rc != SQL_NO_DATA)
        return fail(db, handle, kind, doing, err);
    db->used_at = sp_clock_now();
    db->running = handle;
    db->kind = kind;
    return 0;
}

/* Ready for the next use; a statement that is not kept is freed. */
static void finish(struct odbc *db)
{
    SQLHSTMT handle = db->running;
    db->running = NULL;
    for (size_t i = 0; i < ODBC_STATEMENTS; i++) {
        if (db->statements[i].sql && db->statements[i].handle == handle) {
            SQLFreeStmt(handle, SQL_CLOSE);
            SQLFreeStmt(handle, SQL_RESET_PARAMS);
            return;
        }
    }
    SQLFreeHandle(SQL_HANDLE_STMT, handle);
}

/* An error of a later statement of a batch is told by SQLMoreResults() alone. */
int odbc_end(struct odbc *db, const char *doing, struct sp_error *err)
{
    SQLRETURN rc;
    while (SQL_SUCCEEDED(rc = SQLMoreResults(db->running)))
        continue;
    if (rc != SQL_NO_DATA)
        return fail(db, db->running, db->kind, doing, err);
    finish(db);
    return 0;
}

int odbc_fetch(struct odbc *db, const char *doing, struct sp_error *err)
{
    SQLRETURN rc = SQLFetch(db->running);
    if (SQL_SUCCEEDED(rc))
        return 1;
    if (rc != SQL_NO_DATA)
        return fail(db, db->running, db->kind, doing, err);
    return odbc_end(db, doing, err);
}

/* A statement of several steps tells how many rows it changed as a row of its own; others by their count. */
static int take_count(struct odbc *db, uint64_t *rows_out, const char *doing, struct sp_error *err)
{
    SQLSMALLINT columns = 0;
    SQLLEN rows = 0;
    int64_t told = 0;
    int more;
    SQLNumResultCols(db->running, &columns);
    if (columns == 0) {
        if (SQL_SUCCEEDED(SQLRowCount(db->running, &rows)) && rows > 0)
            told = rows;
        *rows_out = (uint64_t)told;
        return odbc_end(db, doing, err);
    }
    while ((more = odbc_fetch(db, doing, err)) > 0) {
        if (odbc_number(db, 1, &told, doing, err) < 0)
            return -1;
    }
    if (more == 0)
        *rows_out = (uint64_t)told;
    return more;
}

int odbc_do(struct odbc *db, const char *sql, enum odbc_kind kind, uint64_t *rows_out, const char *doing,
            struct sp_error *err)
{
    if (odbc_run(db, sql, kind, doing, err) < 0)
        return -1;
    return rows_out ? take_count(db, rows_out, doing, err) : odbc_end(db, doing, err);
}

/* All of it as one of ODBC's types, whose characters have `unit` bytes, with a zero behind; data NULL: NULL.
 */
static int take_data(struct odbc *db, SQLUSMALLINT index, SQLSMALLINT type, size_t unit,
                     struct sp_arena *arena, struct sp_slice *out, const char *doing, struct sp_error *err)
{
    size_t used = 0, room = 128;
    char *text = sp_arena_alloc(arena, room);
    for (;;) {
        SQLLEN got = 0;
        SQLRETURN rc = SQLGetData(db->running, index, type, text + used, (SQLLEN)(room - used), &got);
        if (!SQL_SUCCEEDED(rc))
            return fail(db, db->running, ODBC_READS, doing, err);
        if (got == SQL_NULL_DATA) {
            *out = (struct sp_slice){NULL, 0};
            return 0;
        }
        size_t fits = room - used - unit;
        if (got != SQL_NO_TOTAL && (size_t)got <= fits) {
            used += (size_t)got;
            break;
        }
        used += fits;
        size_t more = got == SQL_NO_TOTAL ? room : (size_t)got - fits;
        text = sp_arena_resize(arena, text, room, room + more);
        room += more;
    }
    text = sp_arena_resize(arena, text, room, used + unit);
    memset(text + used, 0, unit);
    *out = (struct sp_slice){text, used};
    return 0;
}

int odbc_text(struct odbc *db, SQLUSMALLINT index, struct sp_arena *arena, struct sp_slice *out,
              const char *doing, struct sp_error *err)
{
    struct sp_slice wide;
    if (!db->store->dialect->wide)
        return take_data(db, index, SQL_C_CHAR, 1, arena, out, doing, err);
    if (take_data(db, index, SQL_C_WCHAR, sizeof(SQLWCHAR), arena, &wide, doing, err) < 0)
        return -1;
    *out = (struct sp_slice){NULL, 0};
    if (!wide.data)
        return 0;
    size_t count = wide.size / sizeof(SQLWCHAR), room = 3 * count + 1;
    char *text = sp_arena_alloc(arena, room);
    size_t size = odbc_narrow((const SQLWCHAR *)(const void *)wide.data, count, text);
    *out = (struct sp_slice){sp_arena_resize(arena, text, room, size + 1), size};
    return 0;
}

int odbc_number(struct odbc *db, SQLUSMALLINT index, int64_t *out, const char *doing, struct sp_error *err)
{
    char text[32] = "";
    SQLLEN got = 0;
    if (!SQL_SUCCEEDED(SQLGetData(db->running, index, SQL_C_CHAR, text, sizeof text, &got)))
        return fail(db, db->running, ODBC_READS, doing, err);
    *out = got == SQL_NULL_DATA ? 0 : strtoll(text, NULL, 10);
    return 0;
}

int odbc_begin(struct odbc *db, const char *doing, struct sp_error *err)
{
    if (odbc_do(db, db->store->dialect->begin, ODBC_READS, NULL, doing, err) < 0)
        return -1;
    db->in_transaction = true;
    return 0;
}

int odbc_commit(struct odbc *db, const char *doing, struct sp_error *err)
{
    if (odbc_do(db, db->store->dialect->commit, ODBC_WRITES, NULL, doing, err) < 0)
        return -1;
    db->in_transaction = false;
    return 0;
}
