#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real SQL Server, or Babelfish, that somebody else runs; to be sourced behind lib.sh.  Tests make databases of their
# own on it, scanpipe_test_*, and drop them.
#
#   SCANPIPE_MSSQL             the connection string, without the database: DRIVER=FreeTDS;Server=db;Port=1433;UID=sa
#   SCANPIPE_MSSQL_PASSWORD    a password that needs no quotes
# shellcheck shell=bash

# shellcheck source=tests/odbc/jobs.sh
. "$root/tests/odbc/jobs.sh"

object=$build/plugins/sink_mssql/.libs/sink_mssql.so
[ -n "${SCANPIPE_MSSQL:-}" ] || skip_all "SCANPIPE_MSSQL names no server"
[ -e "$object" ] || skip_all "the sink mssql was not built"
export SCANPIPE_MSSQL SCANPIPE_MSSQL_PASSWORD
use_test_plugins
printf '%s' "$SCANPIPE_MSSQL_PASSWORD" >"$scratch/secret"

sql() { # DATABASE SQL...
    python3 -B "$root/tests/odbc/mssql_sql.py" "$@"
}

databases=() logins=()
new_database() { # NAME: sets `database`
    database=scanpipe_test_$$_$1
    sql master "CREATE DATABASE $database" || bail "no database is to be had"
    databases+=("$database")
}

stage_there() {
    stage mssql "$SCANPIPE_MSSQL;Database=$database"
}

end_all() {
    local one
    for one in "${databases[@]}"; do sql master "DROP DATABASE $one" 2>/dev/null; done
    for one in "${logins[@]}"; do sql master "DROP LOGIN $one" 2>/dev/null; done
    clean_up
}
trap end_all EXIT

# shellcheck disable=SC2034  # it is used by the tests
babelfish=$(sql master "SELECT COALESCE(CAST(SERVERPROPERTY('Babelfish') AS INT), 0)") || bail "no server answers"

# same ORACLE ROWS: line by line.  Babelfish keeps fewer digits, so that times may be rounded, by a microsecond at most,
# and leaves texts from JSON escaped.
same() {
    python3 - "$1" "$2" "${babelfish//[^01]/}" <<'PYTHON'
import datetime, json, sys
def moment(text):
    return datetime.datetime.fromisoformat(text[:19] + "." + (text[20:-1] or "0")[:6].ljust(6, "0"))
def alike(a, b):
    if a == b or sys.argv[3] == "0" or not (isinstance(a, str) and isinstance(b, str)):
        return a == b
    if b == json.dumps(a, ensure_ascii=False)[1:-1]:
        return True
    return a[10:11] == b[10:11] == "T" and abs(moment(a) - moment(b)) <= datetime.timedelta(microseconds=1)
oracle, rows = [list(map(json.loads, open(path))) for path in sys.argv[1:3]]
wrong = [(a, b) for a, b in zip(oracle, rows) if not all(map(alike, a, b))]
for a, b in wrong[:5]:
    print(a, b, sep="\n")
sys.exit(len(oracle) != len(rows) or bool(wrong))
PYTHON
}

# Of a driver's texts the numbers are made numbers again.
numbers() {
    python3 -c 'import json, sys
for line in sys.stdin:
    print(json.dumps([int(x) if i in (0, 1, 8, 9) and x is not None else x for i, x in enumerate(json.loads(line))]))'
}

rows() {
    show() { echo "REPLACE(CONVERT(NVARCHAR(27), CAST($1 AS DATETIME2(7)), 121), ' ', 'T') + 'Z'"; }
    local columns="ParcelId, LatestEventId, LatestType"
    columns+=", $(show LatestCreatedDateTimeUtc), LatestStatusCode, LatestRunId"
    columns+=", $(show PickedUpAtUtc), $(show DeliveredAtUtc), PickedUpEventId, DeliveredEventId"
    sql "$database" "SELECT $columns FROM ParcelSummary ORDER BY ParcelId" | numbers
}
