#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts a PostgreSQL server on loopback and runs odbc_bench against it.
#
# usage: bench/odbc.sh BUILD [ROUNDS [WRITER...]]
set -u
# shellcheck source=tests/odbc/postgres.sh
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/../tests/odbc/postgres.sh"

build=$1
shift
postgres_find || exit 77
trap postgres_stop EXIT
# Checkpoints and the vacuum come when they like, and then hit one of the three.
postgres_start max_wal_size=8GB checkpoint_timeout=1h autovacuum=off || exit 1
# All that the plugin would add is said here, so that the connections are alike.
settings="UseServerSidePrepare=1;LFConversion=0;UseDeclareFetch=0;BoolsAsChar=1;Protocol=7.4-0"
settings+=";Pqopt={keepalives_idle=30 keepalives_interval=10 keepalives_count=3 tcp_user_timeout=45000}"
${BENCH_UNDER:-} "$build/bench/odbc_bench" "$build/plugins/sink_postgres/.libs/sink_postgres.so" \
    "$postgres_connection;PWD={${postgres_password//\}/\}\}}};$settings" "$@"
