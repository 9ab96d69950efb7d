#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL's sink, state and letters keep the contract, against a real server.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"
# shellcheck source=tests/odbc/postgres.sh
. "$root/tests/odbc/postgres.sh"

object=$(plugin sink_postgres) || skip_all "the sink postgres was not built"
reason=$(postgres_find) || skip_all "$reason"
trap 'postgres_stop; clean_up' EXIT
postgres_start || { echo "Bail out! PostgreSQL does not start"; exit 99; }

export PSQL PGPASSWORD=$postgres_password PGHOST=127.0.0.1 PGPORT=$postgres_port PGUSER=scanpipe PGDATABASE=postgres
PSQL=$(postgres_bin)/psql
server=("connection=$postgres_connection" "password=$postgres_password")
away=(--away "connection=DRIVER={$(postgres_driver)};Server=127.0.0.1;Port=1;Database=postgres;UID=scanpipe")

conforms "sink postgres" sink "$object" "${server[@]}" "${away[@]}" \
    --picky "'$here/../odbc/picky.sh' \"\$KIT_TABLE\""
# What needs two places is done below, with two databases.
conforms_in_one_place() { # as conforms
    conforms "$@" >"$scratch/told"
    sed 's/ # SKIP no option names ${KIT_DIR}.*/ (with two databases, below)/' "$scratch/told"
}

conforms_in_one_place "state postgres" state "$object" "${server[@]}" "${away[@]}"
conforms_in_one_place "letters postgres" letters "$object" "${server[@]}" "${away[@]}"

# Given two databases, when one is used, then the other has nothing of it.
apart() { # KIND TABLE PART-OF-A-NAME
    local before
    before=$(postgres_sql postgres "SELECT count(*) FROM \"$2\"")
    conforms "$1 of another database" "$1" "$object" "connection=${postgres_connection/Database=postgres/Database=apart}" \
        "password=$postgres_password" --only "$3"
    is "$1: the first database has nothing of it" "$(postgres_sql postgres "SELECT count(*) FROM \"$2\"")" "$before"
    has "$1: the other one has" "$(postgres_sql apart "SELECT count(*) > 0 FROM \"$2\"")" t
}
postgres_sql postgres 'CREATE DATABASE apart'
apart state PipelineState 'no version comes twice'
apart letters FailedEvents 'when it is put and scanned'
finish
