#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The TDS server of tests/tds with mssql_world.py, which FreeTDS takes for SQL Server.  To be sourced:
#
#   mssql_find             is there FreeTDS's ODBC driver?  says why not
#   mssql_start [proxy]    starts it, with the proxy in front; sets mssql_port, mssql_connection, mssql_password
#   mssql_tell VERB ...    tells the server something, mssql_proxy the proxy: see tests/tds/tds_tell.py
#   mssql_dump TABLE       its rows, one JSON object a line
#   mssql_rows             those of ParcelSummary, as tests/e2e/oracle.py prints them
#   mssql_stop
# shellcheck disable=SC2034  # what is set here is used by the tests
# shellcheck shell=bash

mssql_tds=$(cd "$(dirname "${BASH_SOURCE[0]}")/../tds" && pwd)
mssql_pids=()
mssql_password='it; is {a} "secret" %41+= é😀'

mssql_find() {
    command -v python3 >/dev/null || { echo 'python3 is not installed'; return 1; }
    odbcinst -q -d -n FreeTDS >/dev/null 2>&1 || { echo 'no ODBC driver FreeTDS (Debian: tdsodbc)'; return 1; }
    python3 -c 'import ctypes; ctypes.CDLL("libodbc.so.2")' 2>/dev/null || { echo 'there is no libodbc.so.2'; return 1; }
}

mssql_await() { # FILE: both ports
    for _ in $(seq 1 400); do
        [ -e "$1" ] && cat "$1" && return
        sleep 0.05
    done
    return 1
}

mssql_start() { # FOLDER [proxy]
    # The machine's settings, and those of whoever runs this, are not part of the test.
    printf '[global]\n' >"$1/freetds.conf"
    export FREETDSCONF=$1/freetds.conf ODBCINI=$1/odbc.ini
    unset TDSDUMP TDSVER TDSPORT TDSHOST TDSQUERY
    python3 -B "$mssql_tds/tds_server.py" --port-file "$1/tds" --lifetime 900 --password "$mssql_password" \
        --script "$mssql_tds/../odbc/mssql_world.py" &
    mssql_pids+=($!)
    read -r mssql_server mssql_admin < <(mssql_await "$1/tds") || return 1
    mssql_port=$mssql_server
    mssql_tell user name=dump password=Dump-1
    if [ "${2:-}" = proxy ]; then
        python3 -B "$mssql_tds/tds_proxy.py" --target "127.0.0.1:$mssql_server" --port-file "$1/proxy" --lifetime 900 &
        mssql_pids+=($!)
        read -r mssql_port mssql_proxy_admin < <(mssql_await "$1/proxy") || return 1
    fi
    mssql_connection="DRIVER=FreeTDS;Server=127.0.0.1;Port=$mssql_port;Database=scans;UID=scanpipe"
}

mssql_tell() {
    python3 -B "$mssql_tds/tds_tell.py" "$mssql_admin" "$@"
}

mssql_proxy() {
    python3 -B "$mssql_tds/tds_tell.py" "$mssql_proxy_admin" "$@"
}

mssql_dump() { # TABLE
    python3 -B - "$mssql_tds" "$mssql_server" "$1" <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import odbc
string = "DRIVER=FreeTDS;Server=127.0.0.1;Port=%s;UID=dump;PWD=Dump-1;Database=scans;ClientCharset=UTF-8" % sys.argv[2]
with odbc.Connection(string) as connection:
    for row in connection.rows("DUMP " + sys.argv[3]):
        print(row[0])
PYTHON
}

mssql_rows() {
    mssql_dump ParcelSummary | python3 -c 'import json, sys
columns = ["ParcelId", "LatestEventId", "LatestType", "LatestCreatedDateTimeUtc", "LatestStatusCode", "LatestRunId",
           "PickedUpAtUtc", "DeliveredAtUtc", "PickedUpEventId", "DeliveredEventId"]
for line in sys.stdin:
    row = json.loads(line)
    print(json.dumps([row[one] for one in columns], ensure_ascii=False))'
}

mssql_stop() {
    local pid
    for pid in "${mssql_pids[@]}"; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    mssql_pids=()
}
