/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_postgres.h"

#include <sql/postgres_migrations.h>

static const char *const shared_migrations[] = {SHARED_MIGRATIONS};
static const char *const state_migrations[] = {STATE_MIGRATIONS};
static const char *const letters_migrations[] = {LETTERS_MIGRATIONS};
static const char *const takeover_migrations[] = {TAKEOVER_MIGRATIONS};

static const struct odbc_need state_needs[] = {
    {.thing = "\"PipelineState\"", .rights = "SELECT,INSERT,UPDATE"},
    {.thing = "\"PipelineStateVersions\"", .rights = "USAGE"},
    {.thing = "\"ProcessingState\"", .rights = "SELECT,INSERT,UPDATE"},
    {.thing = "\"ScanpipeSchema\"", .rights = "SELECT", .to_make = true},
};
static const struct odbc_need letters_needs[] = {
    {.thing = "\"FailedEvents\"", .rights = "SELECT,INSERT,UPDATE"},
    {.thing = "\"FailedEvents\"", .rights = "DELETE", .only_for = "dlq redrive or purge"},
    {.thing = "\"FailedEventsVersions\"", .rights = "USAGE"},
    {.thing = "\"ScanpipeSchema\"", .rights = "SELECT", .to_make = true},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define MIGRATIONS(part_name)                                                                                \
    .name = #part_name, .migrations = part_name##_migrations, .migration_count = COUNT(part_name##_migrations)
#define NEEDS(part_name) .needs = part_name##_needs, .need_count = COUNT(part_name##_needs)
static const struct odbc_part shared = {MIGRATIONS(shared)}, takeover = {MIGRATIONS(takeover)},
                              state = {MIGRATIONS(state), NEEDS(state)},
                              letters = {MIGRATIONS(letters), NEEDS(letters)};

/* Statements that are prepared once and run often; rows as they are, whatever the driver thinks of them; and
 * a peer that is gone without a word is noticed within a minute. */
static const struct odbc_keyword keywords[] = {
    {"UseServerSidePrepare", "1", NULL},
    {"LFConversion", "0", NULL},
    {"UseDeclareFetch", "0", NULL},
    {"BoolsAsChar", "1", NULL},
    {"Protocol", "7.4-0", NULL},
    {"Pqopt", "{keepalives_idle=30 keepalives_interval=10 keepalives_count=3 tcp_user_timeout=45000}", NULL},
};

static const char *const error_tails[] = {
    ";\nError while ",
    "\n\tThis probably means ",
    "\n\tIs the server running ",
    ";\nThe connection has been lost",
    NULL,
};

/*
 * What the session's user or database may have set otherwise, and the statements rely on;
 * `synchronous_commit` is left alone where it says more than `on`.  client_connection_check_interval: a
 * statement whose client has given up ends soon, and with it its locks; older servers do not know it.
 */
static const char on_connect[] =
    "SELECT set_config('client_encoding', 'UTF8', false), set_config('TimeZone', 'UTC', false),"
    " set_config('standard_conforming_strings', 'on', false), set_config('bytea_output', 'hex', false),"
    " set_config('default_transaction_isolation', 'read committed', false),"
    " CASE WHEN current_setting('synchronous_commit') = 'off'"
    " THEN set_config('synchronous_commit', 'on', false) END,"
    " CASE WHEN current_setting('client_connection_check_interval', true) = '0'"
    " THEN set_config('client_connection_check_interval', '1s', false) END";

/* Texts of SQL are laid out by hand. */
/* clang-format off */

#define FROM_OBJECT(columns) " FROM json_to_record(CAST(? AS json)) AS p (" columns ")"
#define FROM_ARRAY(columns)  " FROM json_to_recordset(CAST(? AS json)) AS p (" columns ")"

static const char schema_read[] =
    "SELECT s.\"Number\", s.\"Checksum\"" FROM_OBJECT("part text")
    " JOIN \"ScanpipeSchema\" AS s ON s.\"Part\" = p.part ORDER BY s.\"Number\"";

static const char schema_written[] =
    "INSERT INTO \"ScanpipeSchema\" SELECT p.part, p.number, p.checksum, now()"
    FROM_OBJECT("part text, number integer, checksum text");

/* With its schema: who grants may have another search_path.  Whoever may do it with some columns may with
 * those that are ours, it is to be hoped. */
static const char rights[] =
    "SELECT format('the user %s has no %s on %I.%I', current_user, string_agg(n.need, ', '),"
    " s.nspname, c.relname),"
    " format('GRANT %s ON %s%I.%I TO %I', string_agg(n.need, ', '),"
    " CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, s.nspname, c.relname, current_user)"
    FROM_OBJECT("thing text, rights text")
    " JOIN pg_catalog.pg_class AS c ON c.oid = to_regclass(p.thing)"
    " JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace,"
    " unnest(string_to_array(p.rights, ',')) AS n (need)"
    " WHERE NOT CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, n.need || ', UPDATE')"
    " WHEN n.need = 'DELETE' THEN has_table_privilege(c.oid, n.need)"
    " ELSE has_any_column_privilege(c.oid, n.need) END"
    " GROUP BY s.nspname, c.relname, c.relkind";

static const char predecessor[] =
    "SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass('\"ProcessingState\"')"
    " AND NOT attisdropped AND attname IN ('Id', 'LastEventId', 'Pipeline') HAVING count(*) = 2"
    " AND bool_and(attname <> 'Pipeline')";

static const char place_before[] =
    "SELECT s.\"LastEventId\"" FROM_OBJECT("pipeline text")
    " JOIN \"ProcessingState\" AS s ON s.\"Id\" = 1";

static const char place_after[] =
    "SELECT s.\"LastEventId\"" FROM_OBJECT("pipeline text")
    " JOIN \"ProcessingState\" AS s ON s.\"Id\" = 1 AND s.\"Pipeline\" = p.pipeline";

static const char state_get[] =
    "SELECT s.\"Version\", encode(s.\"Value\", 'hex')" FROM_OBJECT("pipeline text, name text")
    " JOIN \"PipelineState\" AS s ON s.\"Pipeline\" = p.pipeline AND s.\"Name\" = p.name";

/*
 * Compare and swap: who waits for the row decides by what is there then, and finds another version.  A
 * version comes from a sequence, which never goes back.  ProcessingState is kept up in the same statement.
 */
static const char state_put[] =
    "WITH p AS (SELECT *" FROM_OBJECT("pipeline text, name text, expected bigint, value text, at bigint") "),"
    " swapped AS (UPDATE \"PipelineState\" AS s SET \"Version\" = nextval('\"PipelineStateVersions\"'),"
    " \"Value\" = decode(p.value, 'hex'), \"ChangedAtUtc\" = now() FROM p"
    " WHERE s.\"Pipeline\" = p.pipeline AND s.\"Name\" = p.name AND s.\"Version\" = p.expected"
    " AND p.expected <> 0 RETURNING s.\"Version\"),"
    " made AS (INSERT INTO \"PipelineState\" SELECT p.pipeline, p.name,"
    " nextval('\"PipelineStateVersions\"'), decode(p.value, 'hex'), now() FROM p WHERE p.expected = 0"
    " ON CONFLICT DO NOTHING RETURNING \"Version\"),"
    " done AS (SELECT \"Version\" FROM swapped UNION ALL SELECT \"Version\" FROM made),"
    " shown AS (INSERT INTO \"ProcessingState\" AS s (\"Pipeline\", \"LastEventId\", \"UpdatedAtUtc\")"
    " SELECT p.pipeline, p.at, now() FROM p, done"
    " WHERE p.at IS NOT NULL ON CONFLICT (\"Pipeline\") DO UPDATE SET"
    " \"LastEventId\" = excluded.\"LastEventId\", \"UpdatedAtUtc\" = excluded.\"UpdatedAtUtc\""
    " WHERE s.\"LastEventId\" <> excluded.\"LastEventId\")"
    " SELECT \"Version\" FROM done";

#define TIME_OF(ms) "timestamptz 'epoch' + " ms " * interval '1 millisecond'"
#define MS_OF(time) "round(extract(epoch FROM " time ") * 1000)::bigint"

static const char letters_put[] =
    "INSERT INTO \"FailedEvents\" AS f (\"Id\", \"Version\", \"Pipeline\", \"Stage\", \"Plugin\", \"Class\","
    " \"Reason\", \"ColumnName\", \"Pointer\", \"EventId\", \"EventKey\", \"SourceCursor\", \"Place\","
    " \"Attempts\", \"FirstSeenUtc\", \"LastSeenUtc\", \"Event\", \"Bytes\")"
    " SELECT decode(p.id, 'hex'), nextval('\"FailedEventsVersions\"'), p.pipeline, p.stage, p.plugin,"
    " p.class,"
    " p.reason, p.column_name, p.pointer, p.event_id, p.event_key, p.source_cursor, p.place, p.attempts, "
    TIME_OF("p.first") ", " TIME_OF("p.last") ", p.text, decode(p.bytes, 'hex')"
    FROM_ARRAY("id text, pipeline text, stage text, plugin text, class text, reason text, column_name text,"
               " pointer text, event_id text, event_key text, source_cursor text, place text,"
               " attempts bigint, first bigint, last bigint, text text, bytes text")
    " ORDER BY p.id ON CONFLICT (\"Id\") DO UPDATE SET \"Version\" = excluded.\"Version\","
    " \"Pipeline\" = excluded.\"Pipeline\", \"Stage\" = excluded.\"Stage\", \"Plugin\" = excluded.\"Plugin\","
    " \"Class\" = excluded.\"Class\", \"Reason\" = excluded.\"Reason\","
    " \"ColumnName\" = excluded.\"ColumnName\", \"Pointer\" = excluded.\"Pointer\","
    " \"EventId\" = excluded.\"EventId\", \"EventKey\" = excluded.\"EventKey\","
    " \"SourceCursor\" = excluded.\"SourceCursor\", \"Place\" = excluded.\"Place\","
    " \"Attempts\" = greatest(f.\"Attempts\" + 1, excluded.\"Attempts\"),"
    " \"FirstSeenUtc\" = least(f.\"FirstSeenUtc\", excluded.\"FirstSeenUtc\"),"
    " \"LastSeenUtc\" = excluded.\"LastSeenUtc\", \"Event\" = excluded.\"Event\","
    " \"Bytes\" = excluded.\"Bytes\"";

/* By the first time, which never becomes later: who puts letters while he scans does not meet them twice.
 * The smallest number stands for the start. */
static const char letters_scan[] =
    "WITH p AS (SELECT *"
    FROM_OBJECT("pipeline text, first bigint, id text, class text, column_name text, event_id text,"
                " event_key text, \"from\" bigint, until bigint, most bigint")
    ")"
    " SELECT encode(f.\"Id\", 'hex'), f.\"Version\", f.\"Pipeline\", f.\"Stage\", f.\"Plugin\", f.\"Class\","
    " f.\"Reason\", f.\"ColumnName\", f.\"Pointer\", f.\"EventId\", f.\"EventKey\", f.\"SourceCursor\","
    " f.\"Place\", f.\"Attempts\", " MS_OF("f.\"FirstSeenUtc\"") ", " MS_OF("f.\"LastSeenUtc\"") ","
    " f.\"Event\", encode(f.\"Bytes\", 'hex')"
    " FROM p"
    " JOIN \"FailedEvents\" AS f ON f.\"Pipeline\" = p.pipeline"
    " WHERE (f.\"FirstSeenUtc\", f.\"Id\") >"
    " (CASE WHEN p.first > -9223372036854775808 THEN " TIME_OF("p.first") " ELSE '-infinity' END,"
    " decode(p.id, 'hex'))"
    " AND (p.class IS NULL OR f.\"Class\" = p.class)"
    " AND (p.column_name IS NULL OR f.\"ColumnName\" = p.column_name)"
    " AND (p.event_id IS NULL OR f.\"EventId\" = p.event_id)"
    " AND (p.event_key IS NULL OR f.\"EventKey\" = p.event_key)"
    " AND (p.\"from\" = 0 OR f.\"LastSeenUtc\" >= " TIME_OF("p.\"from\"") ")"
    " AND (p.until = 0 OR f.\"LastSeenUtc\" < " TIME_OF("p.until") ")"
    " ORDER BY f.\"FirstSeenUtc\", f.\"Id\" LIMIT (SELECT most FROM p)";

static const char letters_remove[] =
    "DELETE FROM \"FailedEvents\" AS f USING json_to_recordset(CAST(? AS json)) AS p"
    " (id text, version bigint)"
    " WHERE f.\"Id\" = decode(p.id, 'hex') AND f.\"Version\" = p.version";

/* clang-format on */

/* To be looked up by catalogue, so that it does not matter what may be selected. */
static const char columns[] =
    "SELECT a.attname, CASE WHEN a.atttypid = 'varchar'::regtype AND a.atttypmod > 4 THEN a.atttypmod - 4 END"
    " FROM json_to_record(CAST(? AS json)) AS p (\"table\" text)"
    " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = to_regclass(p.\"table\")"
    " WHERE a.attnum > 0 AND NOT a.attisdropped";

static const char layout[] =
    "SELECT a.attname, t.typname, format_type(a.atttypid, a.atttypmod),"
    " CASE WHEN t.typname = 'varchar' AND a.atttypmod > 4 THEN a.atttypmod - 4 ELSE -1 END,"
    " CASE WHEN t.typname = 'numeric' AND a.atttypmod > 4 THEN (a.atttypmod - 4) >> 16"
    " WHEN t.typname = 'timestamptz' THEN a.atttypmod ELSE -1 END,"
    " CASE WHEN t.typname = 'numeric' AND a.atttypmod > 4 THEN (a.atttypmod - 4) & 2047 ELSE -1 END,"
    " CASE WHEN a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' THEN 1 ELSE 0 END"
    " FROM json_to_record(CAST(? AS json)) AS p (\"table\" text)"
    " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = to_regclass(p.\"table\")"
    " JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid"
    " WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/* Those that ON CONFLICT takes: whole, valid, checked at once, of columns alone. */
static const char unique[] =
    "SELECT i.indexrelid::bigint, a.attname FROM json_to_record(CAST(? AS json)) AS p (\"table\" text)"
    " JOIN pg_catalog.pg_index AS i ON i.indrelid = to_regclass(p.\"table\")"
    " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid"
    " AND a.attnum = ANY ((i.indkey::smallint[])[0:i.indnkeyatts - 1])"
    " WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL"
    " ORDER BY 1, 2";

static const char *const types[] = {
    [SP_TYPE_INT] = " int4 int8 numeric ",
    [SP_TYPE_BIGINT] = " int8 numeric ",
    [SP_TYPE_DECIMAL] = " numeric ",
    [SP_TYPE_BOOLEAN] = " bool ",
    [SP_TYPE_TEXT] = " varchar text ",
    [SP_TYPE_TIMESTAMP] = " timestamptz ",
    [SP_TYPE_JSON] = " json ",
};

const struct odbc_dialect postgres_dialect = {
    .name = "postgres",
    .title = "PostgreSQL",
    .keywords = keywords,
    .keyword_count = sizeof keywords / sizeof *keywords,
    .classes = postgres_classes,
    .class_count = POSTGRES_CLASSES,
    .parameter_type = SQL_LONGVARCHAR,
    .name_max = 63,
    .time_digits = 6,
    .before_column = "\"",
    .behind_column = "\"",
    .cancel_waits = true,
    .error_tails = error_tails,
    .on_connect = on_connect,
    .alive = "SELECT 1",
    .client_port = "SELECT inet_client_port()",
    .begin = "BEGIN",
    .commit = "COMMIT",
    .step_end = ";\n",
    .lock = "SELECT pg_advisory_xact_lock(7165914, hashtext(current_schema()))",
    .schema_read = schema_read,
    .schema_written = schema_written,
    .rights = rights,
    .takeover = &takeover,
    .predecessor = predecessor,
    .place_before = place_before,
    .place_after = place_after,
    .shared = &shared,
    .state = &state,
    .letters = &letters,
    .state_get = state_get,
    .state_put = state_put,
    .letters_put = letters_put,
    .letters_scan = letters_scan,
    .letters_remove = letters_remove,
    .columns = columns,
    .quote = postgres_quote,
    .create = postgres_create,
    .add_column = postgres_add_column,
    .fill_order = postgres_fill_order,
    .rename = postgres_rename,
    .layout = layout,
    .unique = unique,
    .types = types,
    .alter_type = postgres_alter_type,
    .make_key = postgres_make_key,
    .let_be_null = postgres_let_be_null,
    .upsert = postgres_upsert,
    .select = postgres_select,
};
