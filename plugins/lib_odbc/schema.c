/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rows.h"

#include <stdlib.h>
#include <strings.h>

static const char looking[] = "looking at the table", making[] = "making the table";

/* Which columns of the table the database has; all false where there is no such table. */
struct look {
    bool table;
    bool *columns;
    int64_t *lengths; /* as the database counts; 0: no bound */
};

static void look_fini(struct look *look)
{
    free(look->columns);
    free(look->lengths);
}

static int take_column(struct odbc_sink_handle *handle, struct look *look, struct sp_error *err)
{
    const struct sp_table *table = handle->sink->table;
    bool any_case = handle->sink->store.dialect->any_case;
    char name[256] = "";
    int64_t length;
    SQLLEN got = 0;
    if (!SQL_SUCCEEDED(SQLGetData(handle->db.running, 1, SQL_C_CHAR, name, sizeof name, &got)))
        return odbc_fail(&handle->db, SQL_HANDLE_STMT, handle->db.running, ODBC_READS, looking, err);
    if (odbc_number(&handle->db, 2, &length, looking, err) < 0)
        return -1;
    look->table = true;
    for (size_t i = 0; i < table->column_count; i++) {
        const char *wanted = table->columns[i].name;
        if ((any_case ? strcasecmp(name, wanted) : strcmp(name, wanted)) != 0)
            continue;
        look->columns[i] = true;
        look->lengths[i] = length;
    }
    return 0;
}

static int look_at(struct odbc_sink_handle *handle, struct look *look, struct sp_error *err)
{
    struct odbc *db = &handle->db;
    int more;
    look->columns = calloc(handle->sink->table->column_count, sizeof *look->columns);
    look->lengths = calloc(handle->sink->table->column_count, sizeof *look->lengths);
    if (!look->columns || !look->lengths)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    json_clear(&db->json);
    json_text_member(&db->json, "{\"table\":", handle->sink->quoted);
    json_raw(&db->json, "}");
    if (odbc_run(db, db->store->dialect->columns, ODBC_READS, looking, err) < 0)
        return -1;
    while ((more = odbc_fetch(db, looking, err)) > 0) {
        if (take_column(handle, look, err) < 0)
            return -1;
    }
    return more;
}

static size_t first_missing(const struct sp_table *table, const struct look *look)
{
    size_t i = 0;
    while (i < table->column_count && look->columns[i])
        i++;
    return i;
}

/* Which column bounds an order that is missing; 0: nothing is known of it. */
static size_t bound_of(const struct odbc_sink *sink, const struct look *look, size_t column)
{
    if (!look->table || look->columns[column] || !sink->store.dialect->fill_order)
        return 0;
    return sp_table_order_bound(sink->table, column, look->columns);
}

static int fail_missing(const struct odbc_sink *sink, const struct look *look, struct sp_error *err)
{
    const struct sp_table *table = sink->table;
    size_t missing = first_missing(table, look);
    if (!look->table)
        sp_fail(err, SP_REFUSED, "%s: there is no table %s", sink->store.place, table->name);
    else
        sp_fail(err, SP_REFUSED, "%s: table %s has no column %s", sink->store.place, table->name,
                table->columns[missing].name);
    if (look->table && bound_of(sink, look, missing) > 0)
        sp_fail_cure(err, "say scanpipe migrate, or set `migrate: true`: it is also filled");
    else
        sp_fail_cure(err, "say scanpipe migrate, or set `migrate: true`; scanpipe %s prints the statement",
                     look->table ? "check --online" : "table");
    return -1;
}

int schema_verify(struct odbc_sink_handle *handle, struct sp_error *err)
{
    SP_AUTO(look_fini) struct look look = {0};
    if (look_at(handle, &look, err) < 0)
        return -1;
    if (first_missing(handle->sink->table, &look) < handle->sink->table->column_count)
        return fail_missing(handle->sink, &look, err);
    return 0;
}

/* In characters, or in units of UTF-16, of which one that takes four bytes has two. */
static int64_t length_of(const struct sp_value *value, bool utf16)
{
    int64_t count = 0;
    for (uint32_t i = 0; i < value->length; i++) {
        unsigned char byte = (unsigned char)value->text[i];
        count += (byte & 0xc0) != 0x80;
        count += utf16 && byte >= 0xf0;
    }
    return count;
}

uint32_t schema_too_long(struct odbc_sink_handle *handle, const struct sp_value *row)
{
    SP_AUTO(look_fini) struct look look = {0};
    const struct sp_table *table = handle->sink->table;
    bool utf16 = handle->sink->store.dialect->counts_utf16;
    struct sp_error err;
    if (look_at(handle, &look, &err) < 0)
        return SP_NO_COLUMN;
    for (size_t i = 0; i < table->column_count; i++) {
        bool text = table->columns[i].type == SP_TYPE_TEXT && row[i].present;
        if (text && look.lengths[i] > 0 && length_of(&row[i], utf16) > look.lengths[i])
            return (uint32_t)i;
    }
    return SP_NO_COLUMN;
}

int schema_describe(void *opaque, struct sp_arena *arena, const char **sql_out, struct sp_error *err)
{
    const struct odbc_sink *sink = ((struct odbc_sink_handle *)opaque)->sink;
    char *sql = sink->store.dialect->create(sink->table);
    (void)err;
    *sql_out = sp_arena_printf(arena, "%s%s", sql, sink->store.dialect->step_end);
    free(sql);
    return 0;
}

/* When all columns are there, the orders that were added are filled. */
static char *next_fill(const struct odbc_sink *sink, const struct look *look, size_t *at)
{
    size_t count = sink->table->column_count, bound = 0;
    while (*at < 2 * count && (bound = bound_of(sink, look, *at - count)) == 0)
        (*at)++;
    return *at < 2 * count
               ? sink->store.dialect->fill_order(sink->table, (*at)++ - count, bound, look->columns)
               : NULL;
}

/* The statement number `*at` of what is to be done; NULL at the end. */
static char *next_step(const struct odbc_sink *sink, const struct look *look, size_t *at)
{
    const struct sp_table *table = sink->table;
    if (!look->table)
        return (*at)++ == 0 ? sink->store.dialect->create(table) : NULL;
    while (*at < table->column_count && look->columns[*at])
        (*at)++;
    if (*at < table->column_count)
        return sink->store.dialect->add_column(table, (*at)++);
    return next_fill(sink, look, at);
}

static const char *plan_text(const struct odbc_sink *sink, const struct look *look, struct sp_arena *arena)
{
    const char *plan = "";
    size_t at = 0;
    for (char *sql; (sql = next_step(sink, look, &at)); free(sql))
        plan = sp_arena_printf(arena, "%s%s%s", plan, sql, sink->store.dialect->step_end);
    return plan;
}

/* A key cannot be added to rows that are there. */
static int check_keys(const struct odbc_sink *sink, const struct look *look, struct sp_error *err)
{
    for (size_t i = 0; look->table && i < sink->table->key_count; i++) {
        if (look->columns[i])
            continue;
        sp_fail(err, SP_REFUSED, "%s: table %s has no column %s, which is its key", sink->store.place,
                sink->table->name, sink->table->columns[i].name);
        return sp_fail_cure(err, "let the pipeline's table have another name, or move this one away");
    }
    return 0;
}

/* In a transaction, under the lock of all who migrate. */
static int apply(struct odbc_sink_handle *handle, struct look *look, struct sp_error *err)
{
    struct odbc *db = &handle->db;
    size_t at = 0;
    int rc = odbc_begin(db, making, err);
    if (rc == 0)
        rc = odbc_do(db, db->store->dialect->lock, ODBC_READS, NULL, making, err);
    if (rc == 0)
        rc = look_at(handle, look, err);
    if (rc == 0)
        rc = check_keys(handle->sink, look, err);
    for (char *sql; rc == 0 && (sql = next_step(handle->sink, look, &at)); free(sql))
        rc = odbc_do(db, sql, ODBC_READS, NULL, making, err);
    return rc == 0 ? odbc_commit(db, making, err) : -1;
}

static int dry_run(struct odbc_sink_handle *handle, struct look *look, struct sp_error *err)
{
    return look_at(handle, look, err) < 0 ? -1 : check_keys(handle->sink, look, err);
}

int schema_migrate(void *opaque, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err)
{
    struct odbc_sink_handle *handle = opaque;
    SP_AUTO(look_fini) struct look look = {0};
    int rc = odbc_enter(&handle->db, deadline, err);
    if (rc == 0)
        rc = mode == SP_MIGRATE_DRY_RUN ? dry_run(handle, &look, err) : apply(handle, &look, err);
    if (rc == 0 && plan)
        *plan = plan_text(handle->sink, &look, arena);
    return odbc_leave(&handle->db, rc);
}
