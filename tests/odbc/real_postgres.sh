#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A PostgreSQL server for one test, with a database for each of its stories; to be sourced behind lib.sh.
# shellcheck shell=bash

# shellcheck source=tests/odbc/postgres.sh
. "$root/tests/odbc/postgres.sh"
# shellcheck source=tests/odbc/rows.sh
. "$root/tests/odbc/rows.sh"
# shellcheck source=tests/odbc/jobs.sh
. "$root/tests/odbc/jobs.sh"

[ -e "$build/plugins/sink_postgres/.libs/sink_postgres.so" ] || skip_all "the sink postgres was not built"
reason=$(postgres_find) || skip_all "$reason"
trap 'postgres_stop; clean_up' EXIT
postgres_start || bail "PostgreSQL does not start"
use_test_plugins
printf '%s' "$postgres_password" >"$scratch/secret"

sql() {
    postgres_sql "$database" "$1"
}

new_database() { # NAME: sets `database`
    new_data "$1"
    postgres_sql postgres "CREATE DATABASE $1"
    database=$1
}

stage_there() {
    stage postgres "${postgres_connection/Database=postgres/Database=$database}"
}

rows() {
    postgres_rows "$database"
}

oracle() { # EVENTS
    postgres_oracle "$1"
}
