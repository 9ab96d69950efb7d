/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_mssql.h"

#include <sql/mssql_migrations.h>

static const char *const shared_migrations[] = {SHARED_MIGRATIONS};
static const char *const state_migrations[] = {STATE_MIGRATIONS};
static const char *const letters_migrations[] = {LETTERS_MIGRATIONS};
static const char *const takeover_migrations[] = {TAKEOVER_MIGRATIONS};

static const struct odbc_need state_needs[] = {
    {.thing = "[PipelineState]", .rights = "SELECT,INSERT,UPDATE"},
    {.thing = "[PipelineStateVersions]", .rights = "UPDATE"},
    {.thing = "[ProcessingState]", .rights = "SELECT,INSERT,UPDATE", .only_for = "reading a source"},
    {.thing = "[ScanpipeSchema]", .rights = "SELECT", .to_make = true},
};
static const struct odbc_need letters_needs[] = {
    {.thing = "[FailedEvents]", .rights = "SELECT,INSERT,UPDATE"},
    {.thing = "[FailedEvents]", .rights = "DELETE", .only_for = "dlq redrive or purge"},
    {.thing = "[FailedEventsVersions]", .rights = "UPDATE"},
    {.thing = "[ScanpipeSchema]", .rights = "SELECT", .to_make = true},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define MIGRATIONS(part_name)                                                                                \
    .name = #part_name, .migrations = part_name##_migrations, .migration_count = COUNT(part_name##_migrations)
#define NEEDS(part_name) .needs = part_name##_needs, .need_count = COUNT(part_name##_needs)
static const struct odbc_part shared = {MIGRATIONS(shared)}, takeover = {MIGRATIONS(takeover)},
                              state = {MIGRATIONS(state), NEEDS(state)},
                              letters = {MIGRATIONS(letters), NEEDS(letters)};

/* FreeTDS's own file may say another version of the protocol, which has no long texts; the charset is that of
 * its messages.  Microsoft's driver would mend a connection that has idled by itself, so that its socket was
 * another one than the one that is shut when a call is given up. */
static const struct odbc_keyword keywords[] = {
    {"APP", "scanpipe", NULL},
    {"TDS_Version", "7.4", "tds"},
    {"ClientCharset", "UTF-8", "tds"},
    {"ConnectRetryCount", "0", "ODBC Driver"},
};

/*
 * What the login, the database or the driver may have set otherwise, and the statements rely on.  Without
 * ANSI_WARNINGS a text that is too long is cut in silence.  Who waits for a lock longer than ten seconds
 * hears of it as error 1222, which is milder than the end of the call.
 */
static const char on_connect[] =
    "SET ANSI_NULLS ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; SET ARITHABORT ON; "
    "SET CONCAT_NULL_YIELDS_NULL ON; SET QUOTED_IDENTIFIER ON; "
    "SET NUMERIC_ROUNDABORT OFF; SET IMPLICIT_TRANSACTIONS OFF; "
    "SET XACT_ABORT ON; SET TEXTSIZE 2147483647; SET LOCK_TIMEOUT 10000; "
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";

static const char client_port[] =
    "SELECT client_tcp_port FROM sys.dm_exec_connections WHERE session_id = @@SPID";

/* Texts of SQL are laid out by hand. */
/* clang-format off */

static const char lock[] =
    "DECLARE @lock INT; " MSSQL_LOCK("scanpipe migrations");

static const char schema_read[] =
    MSSQL_HEAD "SELECT s.[Number], s.[Checksum] FROM OPENJSON(@j) WITH ([part] NVARCHAR(50)) AS p "
    "INNER JOIN [ScanpipeSchema] AS s ON s.[Part] = p.[part] " MSSQL_BYTES " ORDER BY s.[Number]";

static const char schema_written[] =
    MSSQL_HEAD "INSERT INTO [ScanpipeSchema] ([Part], [Number], [Checksum], [AppliedAtUtc]) "
    "SELECT p.[part], p.[number], p.[checksum], SYSUTCDATETIME() "
    "FROM OPENJSON(@j) WITH ([part] NVARCHAR(50), [number] INT, [checksum] NVARCHAR(64)) AS p";

/* What is not there, or not to be seen by this user, has no OBJECT_ID.  It is told with its schema: who grants
 * may have another one by default.  Whoever may do it with some columns may with those that are ours, it is to
 * be hoped. */
#define LACKS(right)                                                                                         \
    "CASE WHEN @rights LIKE N'%" right "%' AND HAS_PERMS_BY_NAME(@thing, N'OBJECT', N'" right "') = 0 "      \
    "AND NOT EXISTS (SELECT 1 FROM sys.columns AS c WHERE c.[object_id] = OBJECT_ID(@thing) "                \
    "AND HAS_PERMS_BY_NAME(@thing, N'OBJECT', N'" right "', c.[name], N'COLUMN') = 1) "                      \
    "THEN N', " right "' END"
static const char rights[] =
    MSSQL_HEAD "DECLARE @thing NVARCHAR(600) = JSON_VALUE(@j, '$.thing'), "
    "@rights NVARCHAR(100) = JSON_VALUE(@j, '$.rights'), @lacking NVARCHAR(100), @name NVARCHAR(600); "
    "SET @lacking = CONCAT(" LACKS("SELECT") ", " LACKS("INSERT") ", " LACKS("UPDATE") ", " LACKS("DELETE") "); "
    "SET @lacking = SUBSTRING(@lacking, 3, 100); "
    "SET @name = QUOTENAME(OBJECT_SCHEMA_NAME(OBJECT_ID(@thing))) + N'.' "
    "+ QUOTENAME(OBJECT_NAME(OBJECT_ID(@thing))); "
    "SELECT N'the user ' + USER_NAME() + N' has no ' + @lacking + N' on ' + @name, "
    "N'GRANT ' + @lacking + N' ON ' + @name + N' TO ' + QUOTENAME(USER_NAME()) "
    "WHERE OBJECT_ID(@thing) IS NOT NULL AND @lacking > N''";

static const char predecessor[] =
    "SELECT 1 WHERE COL_LENGTH(N'ProcessingState', N'Id') IS NOT NULL "
    "AND COL_LENGTH(N'ProcessingState', N'LastEventId') IS NOT NULL "
    "AND COL_LENGTH(N'ProcessingState', N'Pipeline') IS NULL";

static const char place_before[] = "SELECT [LastEventId] FROM [ProcessingState] WHERE [Id] = 1";

static const char place_after[] =
    MSSQL_HEAD "SELECT s.[LastEventId] FROM OPENJSON(@j) WITH ([pipeline] NVARCHAR(200)) AS p "
    "INNER JOIN [ProcessingState] AS s ON s.[Pipeline] = p.[pipeline] " MSSQL_BYTES " AND s.[Id] = 1";

/* 'a' equals 'a ' in T-SQL, whatever the collation. */
#define SAME(column, text) column " = " text " AND DATALENGTH(" column ") = DATALENGTH(" text ") "
#define THE_RECORD         SAME("[Pipeline]", "@pipeline") "AND " SAME("[Name]", "@name")

static const char state_get[] =
    MSSQL_HEAD "DECLARE @pipeline NVARCHAR(200), @name NVARCHAR(200); "
    "SELECT @pipeline = p.[pipeline], @name = p.[name] "
    "FROM OPENJSON(@j) WITH ([pipeline] NVARCHAR(200), [name] NVARCHAR(200)) AS p; "
    "SELECT [Version], [Value] FROM [PipelineState] WHERE " THE_RECORD;

/*
 * Compare and swap: the record, or the gap where it is missing, is locked by whoever looks at it first; the
 * next one waits, and finds another version.  A version comes from a sequence, which never goes back.
 * ProcessingState is kept up in the same transaction.
 */
static const char state_put[] =
    MSSQL_HEAD "DECLARE @pipeline NVARCHAR(200), @name NVARCHAR(200), @expected BIGINT, @at BIGINT, "
    "@value VARCHAR(MAX), @now DATETIMEOFFSET(7) = SYSUTCDATETIME(), @version BIGINT, @swapped INT = 0; "
    "SELECT @pipeline = p.[pipeline], @name = p.[name], @expected = p.[expected], @at = p.[at] "
    "FROM OPENJSON(@j) WITH ([pipeline] NVARCHAR(200), [name] NVARCHAR(200), [expected] BIGINT, "
    "[at] BIGINT) AS p; "
    "SELECT @value = o.[value] FROM OPENJSON(@j) AS o WHERE o.[key] = 'value'; "
    "SET @version = NEXT VALUE FOR PipelineStateVersions; " MSSQL_BEGIN("scanpipe state")
    "IF @expected <> 0 BEGIN "
    "UPDATE [PipelineState] WITH (UPDLOCK, SERIALIZABLE) SET [Version] = @version, [Value] = @value, "
    "[ChangedAtUtc] = @now WHERE " THE_RECORD "AND [Version] = @expected; SET @swapped = @@ROWCOUNT; END "
    "ELSE BEGIN "
    "INSERT INTO [PipelineState] ([Pipeline], [Name], [Version], [Value], [ChangedAtUtc]) "
    "SELECT @pipeline, @name, @version, @value, @now WHERE NOT EXISTS "
    "(SELECT 1 FROM [PipelineState] WITH (UPDLOCK, SERIALIZABLE) WHERE " THE_RECORD "); "
    "SET @swapped = @@ROWCOUNT; END; "
    "IF @swapped = 1 AND @at IS NOT NULL BEGIN "
    "UPDATE [ProcessingState] WITH (UPDLOCK, SERIALIZABLE) SET [UpdatedAtUtc] = "
    "CASE WHEN [LastEventId] = @at THEN [UpdatedAtUtc] ELSE @now END, [LastEventId] = @at "
    "WHERE [Pipeline] = @pipeline; "
    "IF @@ROWCOUNT = 0 INSERT INTO [ProcessingState] ([Pipeline], [LastEventId], [UpdatedAtUtc]) "
    "VALUES (@pipeline, @at, @now); END; " MSSQL_COMMIT "SELECT @version WHERE @swapped = 1";

/* A time from milliseconds since 1970, and back.  In steps: DATEADD takes an INT, and Babelfish rounds where
 * one step has hours and milliseconds. */
#define EPOCH "CAST('1970-01-01T00:00:00+00:00' AS DATETIMEOFFSET(7))"
#define TIME_OF(ms)                                                                                          \
    "DATEADD(MILLISECOND, " ms " % 1000, DATEADD(SECOND, " ms " / 1000 % 86400, DATEADD(DAY, " ms            \
    " / 86400000, " EPOCH ")))"
#define MS_OF(time) "DATEDIFF_BIG(MILLISECOND, " EPOCH ", " time ")"

#define LETTERS                                                                                              \
    "FROM OPENJSON(@j) WITH ([id] VARCHAR(64), [pipeline] NVARCHAR(200), [stage] NVARCHAR(MAX), "            \
    "[plugin] NVARCHAR(MAX), [class] NVARCHAR(MAX), [reason] NVARCHAR(MAX), [column_name] NVARCHAR(MAX), "   \
    "[pointer] NVARCHAR(MAX), [event_id] NVARCHAR(MAX), [event_key] NVARCHAR(MAX), "                         \
    "[source_cursor] NVARCHAR(MAX), [place] NVARCHAR(MAX), [attempts] BIGINT, [first] BIGINT, "              \
    "[last] BIGINT, [text] NVARCHAR(MAX), [bytes] VARCHAR(MAX)) AS p "
#define THE_LETTER "f.[Id] = p.[id] " MSSQL_BYTES " "
#define IN_ORDER   "OPTION (LOOP JOIN, FORCE ORDER, MAXDOP 1); "

/* As rows are written: see table.c. */
static const char letters_put[] =
    MSSQL_HEAD "DECLARE @version BIGINT; SET @version = NEXT VALUE FOR FailedEventsVersions; "
    MSSQL_BEGIN("scanpipe letters")
    "UPDATE f SET [Version] = @version, [Pipeline] = p.[pipeline], [Stage] = p.[stage], "
    "[Plugin] = p.[plugin], [Class] = p.[class], [Reason] = p.[reason], [ColumnName] = p.[column_name], "
    "[Pointer] = p.[pointer], [EventId] = p.[event_id], [EventKey] = p.[event_key], "
    "[SourceCursor] = p.[source_cursor], [Place] = p.[place], "
    "[Attempts] = CASE WHEN p.[attempts] > f.[Attempts] THEN p.[attempts] ELSE f.[Attempts] + 1 END, "
    "[FirstSeenUtc] = CASE WHEN " TIME_OF("p.[first]") " < f.[FirstSeenUtc] "
    "THEN " TIME_OF("p.[first]") " ELSE f.[FirstSeenUtc] END, "
    "[LastSeenUtc] = " TIME_OF("p.[last]") ", [Event] = p.[text], [Bytes] = p.[bytes] " LETTERS
    "INNER JOIN [FailedEvents] AS f WITH (UPDLOCK, SERIALIZABLE) ON " THE_LETTER IN_ORDER
    "INSERT INTO [FailedEvents] ([Id], [Version], [Pipeline], [Stage], [Plugin], [Class], [Reason], "
    "[ColumnName], [Pointer], [EventId], [EventKey], [SourceCursor], [Place], [Attempts], [FirstSeenUtc], "
    "[LastSeenUtc], [Event], [Bytes]) "
    "SELECT p.[id], @version, p.[pipeline], p.[stage], p.[plugin], p.[class], p.[reason], "
    "p.[column_name], p.[pointer], p.[event_id], p.[event_key], p.[source_cursor], p.[place], "
    "p.[attempts], " TIME_OF("p.[first]") ", " TIME_OF("p.[last]") ", p.[text], p.[bytes] " LETTERS
    "WHERE NOT EXISTS (SELECT 1 FROM [FailedEvents] AS f WITH (UPDLOCK, SERIALIZABLE) WHERE " THE_LETTER
    ") " IN_ORDER MSSQL_COMMIT;

/* By the first time, which never becomes later: who puts letters while he scans does not meet them twice.
 * The smallest number stands for the start. */
static const char letters_scan[] =
    MSSQL_HEAD "DECLARE @pipeline NVARCHAR(200), @first DATETIMEOFFSET(7), @id VARCHAR(64), "
    "@class NVARCHAR(MAX), "
    "@column_name NVARCHAR(MAX), @event_id NVARCHAR(MAX), @event_key NVARCHAR(MAX), "
    "@from DATETIMEOFFSET(7), @until DATETIMEOFFSET(7), @most BIGINT; "
    "SELECT @pipeline = p.[pipeline], "
    "@first = CASE WHEN p.[first] > -9223372036854775808 THEN " TIME_OF("p.[first]") " END, "
    "@id = p.[id], @class = p.[class], @column_name = p.[column_name], @event_id = p.[event_id], "
    "@event_key = p.[event_key], @from = CASE WHEN p.[from] <> 0 THEN " TIME_OF("p.[from]") " END, "
    "@until = CASE WHEN p.[until] <> 0 THEN " TIME_OF("p.[until]") " END, @most = p.[most] "
    "FROM OPENJSON(@j) WITH ([pipeline] NVARCHAR(200), [first] BIGINT, [id] VARCHAR(64), "
    "[class] NVARCHAR(MAX), [column_name] NVARCHAR(MAX), [event_id] NVARCHAR(MAX), "
    "[event_key] NVARCHAR(MAX), [from] BIGINT, [until] BIGINT, [most] BIGINT) AS p; "
    "SELECT TOP (@most) f.[Id], f.[Version], f.[Pipeline], f.[Stage], f.[Plugin], f.[Class], f.[Reason], "
    "f.[ColumnName], f.[Pointer], f.[EventId], f.[EventKey], f.[SourceCursor], f.[Place], f.[Attempts], "
    MS_OF("f.[FirstSeenUtc]") ", " MS_OF("f.[LastSeenUtc]") ", f.[Event], f.[Bytes] "
    "FROM [FailedEvents] AS f WHERE f.[Pipeline] = @pipeline AND (@first IS NULL OR "
    "f.[FirstSeenUtc] > @first OR (f.[FirstSeenUtc] = @first AND f.[Id] > @id)) "
    "AND (@class IS NULL OR f.[Class] = @class) "
    "AND (@column_name IS NULL OR f.[ColumnName] = @column_name) "
    "AND (@event_id IS NULL OR (" SAME("f.[EventId]", "@event_id") ")) "
    "AND (@event_key IS NULL OR (" SAME("f.[EventKey]", "@event_key") ")) "
    "AND (@from IS NULL OR f.[LastSeenUtc] >= @from) AND (@until IS NULL OR f.[LastSeenUtc] < @until) "
    "ORDER BY f.[FirstSeenUtc], f.[Id]";

static const char letters_remove[] =
    MSSQL_HEAD "DELETE f FROM OPENJSON(@j) WITH ([id] VARCHAR(64), [version] BIGINT) AS p "
    "INNER JOIN [FailedEvents] AS f ON " THE_LETTER "AND f.[Version] = p.[version]; "
    "SELECT @@ROWCOUNT";

/* NVARCHAR counts units of two bytes; -1 is without a bound. */
static const char columns[] =
    MSSQL_HEAD "SELECT c.[name], CASE WHEN t.[name] IN ('nvarchar', 'nchar') AND c.[max_length] > 0 "
    "THEN c.[max_length] / 2 WHEN t.[name] IN ('varchar', 'char') AND c.[max_length] > 0 "
    "THEN c.[max_length] END "
    "FROM sys.columns AS c INNER JOIN sys.types AS t ON t.[user_type_id] = c.[user_type_id] "
    "WHERE c.[object_id] = OBJECT_ID(JSON_VALUE(@j, '$.table'))";

/*
 * A type of one's own is told as what it is made of.  The collation is told where it is none of the
 * database's: ALTER COLUMN without it would take that.  What the server fills by itself nobody needs to
 * name: defaults, identities, computed columns, row versions, periods.  Six digits of a time are all that
 * Babelfish has.
 */
static const char layout[] =
    MSSQL_HEAD "SELECT c.[name], c.[kind], c.[kind] + CASE "
    "WHEN c.[kind] IN ('nvarchar', 'varchar', 'varbinary') AND c.[max_length] < 0 THEN '(max)' "
    "WHEN c.[kind] IN ('nvarchar', 'nchar') THEN '(' + CAST(c.[max_length] / 2 AS NVARCHAR(9)) + ')' "
    "WHEN c.[kind] IN ('varchar', 'char', 'varbinary', 'binary') "
    "THEN '(' + CAST(c.[max_length] AS NVARCHAR(9)) + ')' "
    "WHEN c.[kind] IN ('decimal', 'numeric') THEN '(' + CAST(c.[precision] AS NVARCHAR(9)) + ',' "
    "+ CAST(c.[scale] AS NVARCHAR(9)) + ')' "
    "WHEN c.[kind] IN ('datetimeoffset', 'datetime2', 'time') "
    "THEN '(' + CAST(c.[scale] AS NVARCHAR(9)) + ')' ELSE '' END "
    "+ CASE WHEN c.[collation_name] <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS NVARCHAR(128)) "
    "THEN ' COLLATE ' + c.[collation_name] ELSE '' END, "
    "CASE WHEN c.[kind] = 'nvarchar' AND c.[max_length] > 0 THEN c.[max_length] / 2 ELSE -1 END, "
    "CASE WHEN c.[kind] IN ('decimal', 'numeric') THEN c.[precision] "
    "WHEN c.[kind] IN ('datetimeoffset', 'datetime2') THEN c.[scale] "
    "+ CASE WHEN c.[scale] = 6 AND CAST(SERVERPROPERTY('Babelfish') AS INT) = 1 THEN 1 ELSE 0 END "
    "ELSE -1 END, "
    "CASE WHEN c.[kind] IN ('decimal', 'numeric') THEN c.[scale] ELSE -1 END, "
    "CASE WHEN c.[is_nullable] = 1 OR c.[default_object_id] <> 0 OR c.[is_identity] = 1 "
    "OR c.[is_computed] = 1 OR c.[generated_always_type] <> 0 OR c.[kind] = 'timestamp' THEN 0 ELSE 1 END "
    "FROM (SELECT x.*, COALESCE(TYPE_NAME(x.[system_type_id]), TYPE_NAME(x.[user_type_id])) AS [kind] "
    "FROM sys.columns AS x) AS c "
    "WHERE c.[object_id] = OBJECT_ID(JSON_VALUE(@j, '$.table')) ORDER BY c.[column_id]";

/* Whole, and of columns; the length that stands beside a key of text (see table.c) adds nothing to it. */
static const char unique[] =
    MSSQL_HEAD "SELECT i.[index_id], c.[name] FROM sys.indexes AS i "
    "INNER JOIN sys.index_columns AS x ON x.[object_id] = i.[object_id] AND x.[index_id] = i.[index_id] "
    "INNER JOIN sys.columns AS c ON c.[object_id] = i.[object_id] AND c.[column_id] = x.[column_id] "
    "WHERE i.[object_id] = OBJECT_ID(JSON_VALUE(@j, '$.table')) AND i.[is_unique] = 1 "
    "AND i.[is_disabled] = 0 AND i.[has_filter] = 0 AND i.[is_hypothetical] = 0 "
    "AND x.[is_included_column] = 0 AND NOT (c.[is_computed] = 1 AND EXISTS (SELECT 1 "
    "FROM sys.index_columns AS y INNER JOIN sys.columns AS d ON d.[object_id] = y.[object_id] "
    "AND d.[column_id] = y.[column_id] WHERE y.[object_id] = i.[object_id] "
    "AND y.[index_id] = i.[index_id] AND d.[name] + '_Bytes' = c.[name])) ORDER BY i.[index_id]";

/* Of VARCHAR the collation decides what it can hold, and NCHAR adds blanks.  A time without a zone is taken
 * as UTC, whatever the session. */
static const char *const types[] = {
    [SP_TYPE_INT] = " int bigint decimal numeric ",
    [SP_TYPE_BIGINT] = " bigint decimal numeric ",
    [SP_TYPE_DECIMAL] = " decimal numeric ",
    [SP_TYPE_BOOLEAN] = " bit ",
    [SP_TYPE_TEXT] = " nvarchar ",
    [SP_TYPE_TIMESTAMP] = " datetimeoffset datetime2 ",
    [SP_TYPE_JSON] = " nvarchar ",
};

/* clang-format on */

const struct odbc_dialect mssql_dialect = {
    .name = "mssql",
    .title = "SQL Server",
    .keywords = keywords,
    .keyword_count = sizeof keywords / sizeof *keywords,
    .plain_braces = "tds",
    .wide = true,
    .counts_utf16 = true,
    .classes = mssql_classes,
    .class_count = MSSQL_CLASSES,
    .parameter_type = SQL_WLONGVARCHAR,
    .name_max = 128,
    .any_case = true,
    .time_digits = 7,
    .before_column = "column '",
    .behind_column = "'",
    .tells_numbers = true,
    .on_connect = on_connect,
    .alive = "SELECT 1",
    .client_port = client_port,
    .begin = "BEGIN TRANSACTION",
    .commit = "COMMIT TRANSACTION",
    .step_end = ";\nGO\n",
    .lock = lock,
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
    .quote = mssql_quote,
    .create = mssql_create,
    .add_column = mssql_add_column,
    .fill_order = mssql_fill_order,
    .rename = mssql_rename,
    .layout = layout,
    .unique = unique,
    .types = types,
    .alter_type = mssql_alter_type,
    .make_key = mssql_make_key,
    .let_be_null = mssql_let_be_null,
    .upsert = mssql_upsert,
    .select = mssql_select,
};
