#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job into what FreeTDS takes for SQL Server (mssql_world.py), with the poller's record and the dead letters
# there too: the table is the oracle's, all seven digits of times included, whatever errors and cuts come between.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
# shellcheck source=tests/odbc/mssql.sh
. "$root/tests/odbc/mssql.sh"
# shellcheck source=tests/odbc/jobs.sh
. "$root/tests/odbc/jobs.sh"

[ -e "$build/plugins/sink_mssql/.libs/sink_mssql.so" ] || skip_all "the sink mssql was not built"
reason=$(mssql_find) || skip_all "$reason"
trap 'mssql_stop; clean_up' EXIT
mssql_start "$scratch" || bail "the TDS server does not start"
use_test_plugins
printf '%s' "$mssql_password" >"$scratch/secret"

rows() {
    mssql_rows
}

as_the_oracle() { # NAME FILE
    table_as_the_oracle "$1: the table is the oracle's" "$events"
    at_least "$1: there are rows" "$(wc -l <"$scratch/rows")" 100
    letters_equal "$1: the dead letters are what can be in no row" "$events" "$2"
    queue_is_empty "$1: the queue is empty" "$SCANPIPE_DATA/queue.db"
    has "$1: ProcessingState shows how far it came" "$(mssql_dump ProcessingState)" \
        "\"LastEventId\": $(mssql_dump PipelineState | python3 -c 'import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row["name"] == "poller": print(json.loads(bytes.fromhex(row["value"]))["at"])')"
}

events=$scratch/events.ndjson
feed=(--generate --seed "$seed" --events "$(scaled 6000 2000)" --parcels 1000 --malformed 1 --repeat 1 --stale 1)
sim_print "$events" "${feed[@]}"
sim_start "${feed[@]}"
new_data main
write_main "$scratch/main.yaml" "$(stage mssql "$mssql_connection")" 500

# What goes wrong now and then: a rule's own tables are those of the sink, of the state and of the letters.
ill() { # MATCH SKIP STEPS
    rules+=("{\"match\": \"$1\", \"skip\": $2, \"times\": 1, \"answer\": [$3]}")
}
rules=()
for number in 1 3 5; do
    ill 'INSERT INTO .ParcelSummary.' $((number + 1)) '{"error": 1205}'
    ill 'INSERT INTO .ParcelSummary.' $((number + 2)) '{"cut": "reset"}'
    ill 'INSERT INTO .ParcelSummary.' $((number + 3)) '{"default": true}, {"cut": "reset"}'
    ill 'UPDATE .PipelineState.' $((number * 2)) '{"default": true}, {"cut": "close"}'
    ill 'UPDATE .PipelineState.' $((number * 2 + 1)) '{"error": 1222}'
    ill 'INSERT INTO .FailedEvents.' $((number - 1)) '{"error": 9002}'
    ill 'INSERT INTO .FailedEvents.' "$number" '{"default": true}, {"cut": "reset"}'
done
mssql_tell rules "rules=[$(IFS=,; echo "${rules[*]}")]"
runs main "$scratch/main.yaml"
mssql_tell clear
as_the_oracle main "$scratch/main.yaml"
check 'main: the server was missed' grep -qE 'sink: (uncertain|unavailable)' "$scratch/main.log"
before=$(mssql_rows | sha256sum)
runs again "$scratch/main.yaml"
is 'a second run leaves the table as it is' "$(mssql_rows | sha256sum)" "$before"
check 'no log tells the password' bash -c "! grep -F '$mssql_password' '$scratch'/*.log"
is 'nothing that no client may send, and no text of an unknown shape' \
    "$(mssql_tell records 'where={"event": "violation"}'; mssql_tell records 'where={"event": "broken"}'
        mssql_tell records 'where={"event": "done", "error": 50000}')" ''
finish
