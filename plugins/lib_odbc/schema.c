/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rows.h"

#include "../lib_sql/missing.h"

#include <stdlib.h>
#include <strings.h>

static const char looking[] = "looking at the table", making[] = "making the table";

struct look {
    struct sql_there there;
    int64_t *lengths; /* as the database counts; 0: no bound */
};

static struct sql_needed needed_by(const struct odbc_sink *sink)
{
    const struct odbc_dialect *dialect = sink->store.dialect;
    return (struct sql_needed){
        .table = sink->table,
        .place = sink->store.place,
        .migrate = "true",
        .end = dialect->step_end,
        .create = dialect->create,
        .add_column = dialect->add_column,
        .fill_order = dialect->fill_order,
    };
}

static void look_fini(struct look *look)
{
    free(look->there.columns);
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
    look->there.table = true;
    for (size_t i = 0; i < table->column_count; i++) {
        const char *wanted = table->columns[i].name;
        if ((any_case ? strcasecmp(name, wanted) : strcmp(name, wanted)) != 0)
            continue;
        look->there.columns[i] = true;
        look->lengths[i] = length;
    }
    return 0;
}

static int look_at(struct odbc_sink_handle *handle, struct look *look, struct sp_error *err)
{
    struct odbc *db = &handle->db;
    int more;
    look->there.columns = calloc(handle->sink->table->column_count, sizeof *look->there.columns);
    look->lengths = calloc(handle->sink->table->column_count, sizeof *look->lengths);
    if (!look->there.columns || !look->lengths)
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

int schema_verify(struct odbc_sink_handle *handle, struct sp_error *err)
{
    SP_AUTO(look_fini) struct look look = {0};
    if (look_at(handle, &look, err) < 0)
        return -1;
    const struct sql_needed needed = needed_by(handle->sink);
    return sql_check_there(&needed, &look.there, err);
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

/* In a transaction, under the lock of all who migrate. */
static int apply(struct odbc_sink_handle *handle, struct look *look, struct sp_error *err)
{
    const struct sql_needed needed = needed_by(handle->sink);
    struct odbc *db = &handle->db;
    size_t at = 0;
    int rc = odbc_begin(db, making, err);
    if (rc == 0)
        rc = odbc_do(db, db->store->dialect->lock, ODBC_READS, NULL, making, err);
    if (rc == 0)
        rc = look_at(handle, look, err);
    if (rc == 0)
        rc = sql_check_keys(&needed, &look->there, err);
    for (char *sql; rc == 0 && (sql = sql_next_step(&needed, &look->there, &at)); free(sql))
        rc = odbc_do(db, sql, ODBC_READS, NULL, making, err);
    return rc == 0 ? odbc_commit(db, making, err) : -1;
}

static int dry_run(struct odbc_sink_handle *handle, struct look *look, struct sp_error *err)
{
    const struct sql_needed needed = needed_by(handle->sink);
    return look_at(handle, look, err) < 0 ? -1 : sql_check_keys(&needed, &look->there, err);
}

int schema_migrate(void *opaque, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err)
{
    struct odbc_sink_handle *handle = opaque;
    const struct sql_needed needed = needed_by(handle->sink);
    SP_AUTO(look_fini) struct look look = {0};
    int rc = odbc_enter(&handle->db, deadline, err);
    if (rc == 0)
        rc = mode == SP_MIGRATE_DRY_RUN ? dry_run(handle, &look, err) : apply(handle, &look, err);
    if (rc == 0 && plan)
        *plan = sql_plan(&needed, &look.there, arena);
    return odbc_leave(&handle->db, rc);
}
