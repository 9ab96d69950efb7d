#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each pipeline in conf/ is checked and run, as it stands.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# shellcheck source=tests/sqs/servers.sh
. "$root/tests/sqs/servers.sh"
# shellcheck source=tests/odbc/postgres.sh
. "$root/tests/odbc/postgres.sh"
# shellcheck source=tests/odbc/rows.sh
. "$root/tests/odbc/rows.sh"
# shellcheck source=tests/odbc/mssql.sh
. "$root/tests/odbc/mssql.sh"
trap 'stop_all_sqs; mssql_stop; postgres_stop; clean_up' EXIT

new_data conf
export EVENTS=$scratch/events.ndjson
feed=(--generate --seed "$seed" --events 3000 --parcels 300)
sim_print "$EVENTS" "${feed[@]}"
sim_start "${feed[@]}" --shuffle

# The service manager's part: a folder with what it hands over.
export CREDENTIALS_DIRECTORY=$scratch/credentials
mkdir "$CREDENTIALS_DIRECTORY"
echo a-token >"$CREDENTIALS_DIRECTORY/scan-api-token"

check_passes() { # FILE
    check "${1##*/}: check finds no mistake" "${scanpipe[@]}" check -c "$1"
}

summary_table() { # NAME DB
    runs "$1" "$conf/$1.yaml"
    table_equals "$1.yaml: the table is the oracle's" "$SCANPIPE_DATA/$2" "$EVENTS"
}

# What history.yaml must make of the events, by a few lines that share no code with the core.
known_events() {
    python3 - "$EVENTS" <<'PYTHON'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
for event in sorted(events, key=lambda event: event["EventId"]):
    kind = event["Type"].upper()
    if kind in ("PICKUP", "DELIVERY", "STATUS"):
        print(event["ParcelId"], event["EventId"], kind, event["Device"]["DeviceId"],
              (event.get("User") or {}).get("CarrierId") or "", sep="|")
PYTHON
}

history() {
    local db=$SCANPIPE_DATA/history.db wanted count
    known_events >"$scratch/known"
    count=$(wc -l <"$scratch/known")
    runs history "$conf/history.yaml"
    query "$db" 'SELECT ParcelId, EventId, Type, DeviceId, Carrier FROM ScanHistory ORDER BY EventId' \
        >"$scratch/rows"
    check 'history.yaml: one row an event of a known type' diff "$scratch/known" "$scratch/rows"
    wanted=$(($(wc -l <"$EVENTS") - count))
    is 'history.yaml: the others are counted' "$(summary history events_unwanted)" "$wanted"
    is 'history.yaml: each row has the event itself' "$count" \
        "$(query "$db" "SELECT count(*) FROM ScanHistory WHERE json_extract(Event, '\$.EventId') = EventId")"
    runs 'history again' "$conf/history.yaml"
    is 'history.yaml: a second run adds none' "$(query "$db" 'SELECT count(*) FROM ScanHistory')" "$count"
}

file_to_file() {
    local status
    timeout 60 "${scanpipe[@]}" -c "$conf/file-to-file.yaml" >"$scratch/copied" 2>"$scratch/copied.log"
    status=$?
    ok 'file-to-file.yaml: ends by itself' "$status" "$(last_lines "$scratch/copied.log")"
    check 'file-to-file.yaml: each event once, byte for byte' \
        cmp <(sort "$EVENTS") <(sort "$scratch/copied")
}

# The files of SQS get queues of a stand-in, which `queue create` makes, and who we are from the environment.
use_sqs() {
    [ -e "$build/plugins/queue_sqs/.libs/queue_sqs.so" ] || return 1
    start_stub || bail "$sqs_reason"
    export SCAN_QUEUE_URL=$sqs_url/123456789012/scan-events
    export SCAN_LETTERS_URL=$sqs_url/123456789012/scan-events-dlq
    export AWS_ACCESS_KEY_ID=AKIDSTUB AWS_SECRET_ACCESS_KEY=stub-secret AWS_REGION=us-east-1
    check 'sqs.yaml: queue create makes its queues' "${scanpipe[@]}" queue create -c "$conf/sqs.yaml"
}

over_sqs() {
    if [ -z "$sqs_url" ]; then
        skip 'the files of SQS' 'queue_sqs was not built'
        return
    fi
    summary_table sqs parcels-sqs.db
    rm "$SCANPIPE_DATA/parcels-sqs.db" # the halves have a state of their own
    runs sqs-ingest "$conf/sqs-ingest.yaml"
    summary_table sqs-deliver parcels-sqs.db
}

# What SQL Server is to FreeTDS; the sink makes the table there.
over_mssql() {
    if [ ! -e "$build/plugins/sink_mssql/.libs/sink_mssql.so" ] || ! mssql_find >"$scratch/reason"; then
        skip 'mssql.yaml' "sink_mssql was not built, or $(cat "$scratch/reason" 2>/dev/null)"
        return
    fi
    mssql_start "$scratch" || bail 'the TDS server does not start'
    export SCAN_SQL=$mssql_connection SCAN_SQL_PASSWORD=$mssql_password
    runs mssql "$conf/mssql.yaml"
    mssql_rows >"$scratch/rows"
    python3 "$here/oracle.py" "$EVENTS" >"$scratch/oracle"
    check 'mssql.yaml: the table is the oracle'"'"'s' diff "$scratch/oracle" "$scratch/rows"
}

# The file of PostgreSQL gets a server of its own.
over_postgres() {
    local reason
    reason=$(postgres_find) || { skip 'the file of PostgreSQL' "$reason" && return; }
    postgres_start || bail 'PostgreSQL does not start'
    export SCAN_POSTGRES=$postgres_connection SCAN_POSTGRES_PASSWORD=$postgres_password
    check 'postgres.yaml: migrate makes its tables' "${scanpipe[@]}" migrate -c "$conf/postgres.yaml"
    runs postgres "$conf/postgres.yaml"
    postgres_rows postgres >"$scratch/postgres.rows"
    check 'postgres.yaml: the table is the oracle'"'"'s' diff <(postgres_oracle "$EVENTS") "$scratch/postgres.rows"
    postgres_stop
}

unknown_conf() { # NAME: a file that this test does not know ends by itself, at least
    runs "$1" "$conf/$1.yaml"
}

use_sqs
for file in "$conf"/*.yaml; do
    name=${file##*/}
    case $name in
    sqs*) [ -n "$sqs_url" ] || continue ;;
    mssql*) [ -e "$build/plugins/sink_mssql/.libs/sink_mssql.so" ] || continue ;;
    postgres*) [ -e "$build/plugins/sink_postgres/.libs/sink_postgres.so" ] || continue ;;
    esac
    check_passes "$file"
    case ${name%.yaml} in
    quickstart) summary_table quickstart quickstart.db ;;
    service) summary_table service service.db ;;
    backfill) summary_table backfill backfill.db ;;
    history) history ;;
    file-to-file) file_to_file ;;
    postgres) over_postgres ;;
    ingest | deliver | sqs* | mssql) ;; # together, below
    *) unknown_conf "${name%.yaml}" ;;
    esac
done
runs ingest "$conf/ingest.yaml"
summary_table deliver parcels.db
over_sqs
over_mssql
finish
