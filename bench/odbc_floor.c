/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * The floor: what one writes by hand for this one table and these rows, with the strategy of the sink: one
 * prepared statement with all rows of a batch as one JSON text, which decides by each group's order.  It
 * knows that texts need no escapes, that no row lacks its latest event, and what time looks like in the feed.
 * And the way in which it is usually done: the same statement, prepared, row by row.
 */

#include "odbc_bench.h"

#include <sql.h>
#include <sqlext.h>

/* Texts of SQL are laid out by hand. */
/* clang-format off */

#define CREATE(table) \
    "CREATE TABLE \"" table "\" (\"ParcelId\" integer NOT NULL PRIMARY KEY, \"LatestEventId\" bigint," \
    " \"LatestType\" varchar(50), \"LatestCreatedDateTimeUtc\" timestamptz," \
    " \"LatestStatusCode\" varchar(50), \"LatestRunId\" varchar(50), \"PickedUpAtUtc\" timestamptz," \
    " \"PickedUpEventId\" bigint, \"DeliveredAtUtc\" timestamptz, \"DeliveredEventId\" bigint)"

#define CHOOSE(column, when) \
    "\"" column "\" = CASE WHEN " when " THEN excluded.\"" column "\" ELSE t.\"" column "\" END"
#define NEWER  "excluded.\"LatestEventId\" >= t.\"LatestEventId\""
#define EARLIER(order) "excluded.\"" order "\" < t.\"" order "\" OR t.\"" order "\" IS NULL"

#define ON_CONFLICT \
    " ON CONFLICT (\"ParcelId\") DO UPDATE SET " \
    CHOOSE("LatestEventId", NEWER) ", " \
    CHOOSE("LatestType", NEWER) ", " \
    CHOOSE("LatestCreatedDateTimeUtc", NEWER) ", " \
    CHOOSE("LatestStatusCode", NEWER) ", " \
    CHOOSE("LatestRunId", NEWER) ", " \
    CHOOSE("PickedUpAtUtc", EARLIER("PickedUpEventId")) ", " \
    CHOOSE("PickedUpEventId", EARLIER("PickedUpEventId")) ", " \
    CHOOSE("DeliveredAtUtc", EARLIER("DeliveredEventId")) ", " \
    CHOOSE("DeliveredEventId", EARLIER("DeliveredEventId")) \
    " WHERE " NEWER " OR " EARLIER("PickedUpEventId") " OR " EARLIER("DeliveredEventId")

static const char batch_sql[] =
    "INSERT INTO \"ByFloor\" AS t SELECT * FROM json_to_recordset(CAST(? AS json)) AS s (a integer, b bigint,"
    " c text, d timestamptz, e text, f text, g timestamptz, h bigint, i timestamptz, j bigint)" ON_CONFLICT;

static const char single_sql[] =
    "INSERT INTO \"RowByRow\" AS t VALUES (?, ?, ?, ?::timestamptz, ?, ?, ?::timestamptz, ?, ?::timestamptz,"
    " ?)" ON_CONFLICT;

/* clang-format on */

static SQLHSTMT control, batch_statement, single_statement;
static char *json;
static size_t json_room;

static void require(SQLRETURN rc, SQLSMALLINT type, SQLHANDLE handle)
{
    SQLCHAR state[6] = "", text[512] = "no diagnostics";
    if (SQL_SUCCEEDED(rc))
        return;
    SQLGetDiagRec(type, handle, 1, state, NULL, text, sizeof text, NULL);
    DIE("%s %s", (char *)state, (char *)text);
}

static SQLHDBC connect_to(const char *connection)
{
    SQLHENV environment;
    SQLHDBC database;
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment);
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)(intptr_t)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, environment, &database);
    require(SQLDriverConnect(database, NULL, (SQLCHAR *)connection, SQL_NTS, NULL, 0, NULL,
                             SQL_DRIVER_NOPROMPT),
            SQL_HANDLE_DBC, database);
    return database;
}

static SQLHSTMT new_statement(SQLHDBC database)
{
    SQLHSTMT statement;
    require(SQLAllocHandle(SQL_HANDLE_STMT, database, &statement), SQL_HANDLE_DBC, database);
    return statement;
}

static void prepare_statement(SQLHSTMT statement, const char *sql)
{
    require(SQLPrepare(statement, (SQLCHAR *)sql, SQL_NTS), SQL_HANDLE_STMT, statement);
}

static void run(SQLHSTMT statement)
{
    require(SQLExecute(statement), SQL_HANDLE_STMT, statement);
    SQLFreeStmt(statement, SQL_CLOSE);
}

void sql_run(const char *sql)
{
    require(SQLExecDirect(control, (SQLCHAR *)sql, SQL_NTS), SQL_HANDLE_STMT, control);
    SQLFreeStmt(control, SQL_CLOSE);
}

long sql_number(const char *sql)
{
    SQLINTEGER number = 0;
    require(SQLExecDirect(control, (SQLCHAR *)sql, SQL_NTS), SQL_HANDLE_STMT, control);
    require(SQLFetch(control), SQL_HANDLE_STMT, control);
    require(SQLGetData(control, 1, SQL_C_LONG, &number, 0, NULL), SQL_HANDLE_STMT, control);
    SQLFreeStmt(control, SQL_CLOSE);
    return number;
}

static void open_floor(const char *connection, const char *plugin_path)
{
    SQLHDBC database = connect_to(connection);
    (void)plugin_path;
    control = new_statement(database);
    sql_run(CREATE("ByFloor"));
    batch_statement = new_statement(database);
    prepare_statement(batch_statement, batch_sql);
}

/* ---- a batch as one JSON text ----------------------------------------------------------------- */

static char *put(char *at, const char *text)
{
    size_t size = strlen(text);
    memcpy(at, text, size);
    return at + size;
}

static char *put_number(char *at, int64_t number)
{
    char digits[20];
    size_t count = 0;
    for (uint64_t rest = (uint64_t)number; rest || count == 0; rest /= 10)
        digits[count++] = (char)('0' + rest % 10);
    while (count)
        *at++ = digits[--count];
    return at;
}

static char *put_first(char *at, const char *time_name, const char *order_name, const struct row *row)
{
    at = put(put(at, time_name), row->created_text);
    return put_number(put(at, order_name), row->event);
}

static char *put_row(char *at, const struct row *row)
{
    at = put_number(put(at, "{\"a\":"), row->parcel);
    at = put_number(put(at, ",\"b\":"), row->event);
    at = put(put(at, ",\"c\":\""), row->type);
    at = put(put(at, "\",\"d\":\""), row->created_text);
    at = put(put(at, "\",\"e\":\""), row->status);
    at = put(put(put(at, "\",\"f\":\""), row->run), "\"");
    if (row->picked)
        at = put_first(at, ",\"g\":\"", "\",\"h\":", row);
    if (row->delivered)
        at = put_first(at, ",\"i\":\"", "\",\"j\":", row);
    return put(at, "},");
}

static void write_batch(const struct row *rows, size_t count)
{
    enum { ROW_MOST = 512 };
    if (json_room < count * ROW_MOST) {
        free(json);
        json_room = count * ROW_MOST;
        json = malloc(json_room);
        if (!json)
            DIE("no memory");
    }
    char *at = json;
    *at++ = '[';
    for (size_t i = 0; i < count; i++)
        at = put_row(at, &rows[i]);
    at[-1] = ']';
    SQLLEN size = at - json;
    require(SQLBindParameter(batch_statement, 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_LONGVARCHAR, (SQLULEN)size,
                             0, json, size, &size),
            SQL_HANDLE_STMT, batch_statement);
    run(batch_statement);
}

/* ---- row by row -------------------------------------------------------------------------------- */

static void open_single(const char *connection, const char *plugin_path)
{
    (void)plugin_path;
    sql_run(CREATE("RowByRow"));
    single_statement = new_statement(connect_to(connection));
    prepare_statement(single_statement, single_sql);
}

static void bind_number(SQLUSMALLINT index, const int64_t *number, SQLSMALLINT type, SQLLEN *there)
{
    require(SQLBindParameter(single_statement, index, SQL_PARAM_INPUT, SQL_C_SBIGINT, type, 0, 0,
                             (SQLPOINTER)(uintptr_t)number, 0, there),
            SQL_HANDLE_STMT, single_statement);
}

static void bind_text(SQLUSMALLINT index, const char *text, SQLLEN *there)
{
    require(SQLBindParameter(single_statement, index, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 50, 0,
                             (SQLPOINTER)(uintptr_t)text, 0, there),
            SQL_HANDLE_STMT, single_statement);
}

static void write_single(const struct row *row)
{
    SQLLEN always = SQL_NTS, picked = row->picked ? SQL_NTS : SQL_NULL_DATA,
           delivered = row->delivered ? SQL_NTS : SQL_NULL_DATA;
    bind_number(1, &row->parcel, SQL_INTEGER, NULL);
    bind_number(2, &row->event, SQL_BIGINT, NULL);
    bind_text(3, row->type, &always);
    bind_text(4, row->created_text, &always);
    bind_text(5, row->status, &always);
    bind_text(6, row->run, &always);
    bind_text(7, row->created_text, &picked);
    bind_number(8, &row->event, SQL_BIGINT, &picked);
    bind_text(9, row->created_text, &delivered);
    bind_number(10, &row->event, SQL_BIGINT, &delivered);
    run(single_statement);
}

static void write_each(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        write_single(&rows[i]);
}

const struct writer floor_writer = {"ByFloor", open_floor, NULL, write_batch};
const struct writer single_writer = {"RowByRow", open_single, NULL, write_each};
