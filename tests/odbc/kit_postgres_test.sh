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
conforms "state postgres" state "$object" "${server[@]}" "${away[@]}"
conforms "letters postgres" letters "$object" "${server[@]}" "${away[@]}"
finish
