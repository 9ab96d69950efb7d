#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job: whatever the feed does, the table is the oracle's, row by row, all columns; what
# cannot be in it is among the dead letters; and a second run changes nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

real=$root/../shared/data/scan-events-2016-2017.ndjson.gz

table_dump() { # DB
    query "$1" "SELECT * FROM ParcelSummary ORDER BY ParcelId"
}

# Given a database that is caught up, when the pipeline runs again, then nothing is sent or changed.
second_run_changes_nothing() { # NAME FILE
    local db=$SCANPIPE_DATA/out.db before letters
    sim_set 'repeat=0&stale=0&cut=0&reset=0&html=0&fail-401=0&fail-429=0&fail-503=0'
    before=$(table_dump "$db" | sha256sum)
    letters=$(letters "$db")
    runs "$1: second run" "$2"
    is "$1: the second run sends no event" "$(summary "$1: second run" events_sent)" 0
    is "$1: the second run leaves the table as it is" "$(table_dump "$db" | sha256sum)" "$before"
    is "$1: and the dead letters" "$(letters "$db")" "$letters"
}

usual_conf() { # FILE PAGE-SIZE WORKERS
    write_conf "$1" <<YAML
name: main
source:
  plugin: scanapi
  url: \${SCAN_API_URL}
  page_size: $2
  poll_interval: 100ms
  $quick
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 120}}
sink: {path: "\${SCANPIPE_DATA}/out.db", workers: $3, batch: {events: 3000}}
YAML
}

caught_up_as_the_oracle() { # NAME FILE EVENTS
    local name=$1 good bad
    is "$name: has caught up" "$(summary "$name" caught_up)" true
    table_equals "$name: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$3"
    letters_equal "$name: the dead letters are what can be in no row" "$3" "$2"
    queue_is_empty "$name: the queue is empty" "$SCANPIPE_DATA/queue.db"
    good=$(query "$SCANPIPE_DATA/out.db" 'SELECT count(*) FROM ParcelSummary')
    bad=$(letters "$SCANPIPE_DATA/out.db")
    at_least "$name: touched each row" "$(summary "$name" rows_touched)" "$good"
    at_least "$name: told each dead letter" "$(summary "$name" events_rejected)" "$bad"
    at_least "$name: wrote each good event" "$(summary "$name" events_written)" $(($(wc -l <"$3") - bad))
}

# Given a table or dead letters that differ in one place, then the oracle sees it: no test passes because it
# looks at nothing.
oracle_is_not_blind() { # FILE EVENTS
    local db=$SCANPIPE_DATA/altered.db one change
    one="ParcelId = (SELECT min(ParcelId) FROM ParcelSummary WHERE PickedUpAtUtc IS NOT NULL)"
    for change in "UPDATE ParcelSummary SET LatestRunId = LatestRunId || 'x' WHERE $one" \
        "UPDATE ParcelSummary SET PickedUpAtUtc = NULL WHERE $one" \
        "UPDATE ParcelSummary SET PickedUpEventId = PickedUpEventId + 1 WHERE $one" \
        "DELETE FROM ParcelSummary WHERE $one" \
        "UPDATE ParcelSummary SET ParcelId = 1 WHERE $one"; do
        rm -f "$db"
        query "$SCANPIPE_DATA/out.db" 'VACUUM INTO ?' "$db"
        python3 "$here/tool.py" execute "$db" "$change"
        check "the oracle sees ${change% WHERE*}" not python3 "$here/oracle.py" --compare "$db" "$2"
    done
    "${scanpipe[@]}" dlq list -c "$1" --json 2>/dev/null | sed 1d >"$scratch/letters"
    check 'the oracle sees that a dead letter is missing' \
        not python3 "$here/oracle.py" --letters "$scratch/letters" "$2"
}

not() {
    ! "$@"
}

real_events() {
    local events=$scratch/real.ndjson
    if [ ! -r "$real" ]; then
        skip 'real events' "there are no real events at $real"
        return
    fi
    gunzip -c "$real" >"$events"
    new_data real
    usual_conf "$scratch/real.yaml" 1000 2
    sim_start --file "$real"
    runs real "$scratch/real.yaml"
    is 'real: read each event once' "$(summary real events_read)" "$(wc -l <"$events")"
    is 'real: rejected none' "$(summary real events_rejected)" 0
    caught_up_as_the_oracle real "$scratch/real.yaml" "$events"
    second_run_changes_nothing real "$scratch/real.yaml"

    local feed=(--file "$real" --seed "$seed" --malformed 2 --broken 1 --invalid-utf8 1 --nul 1)
    new_data bent
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --shuffle --repeat 5 --stale 5 --indent --gzip --cut 5% --reset 5% --fail-503 5%
    runs bent "$scratch/real.yaml"
    caught_up_as_the_oracle bent "$scratch/real.yaml" "$events"
    second_run_changes_nothing bent "$scratch/real.yaml"
}

# Given a generated feed that does all that is bad, when it was read, then the table is the oracle's.
generated_events() { # NAME COUNT PAGE-SIZE WORKERS OPTION...
    local name=$1 count=$2 page=$3 workers=$4 events=$scratch/$1.ndjson
    local feed=(--generate --seed "$((seed + page))" --events "$count" --parcels $((count / 6)) --odd 20
        --wide-parcels 0.3 --malformed 1 --broken 0.3 --invalid-utf8 0.2 --nul 0.3
        --page-of-malformed "$((count / 3)):$((page + page / 4))")
    new_data "$name"
    usual_conf "$scratch/$name.yaml" "$page" "$workers"
    sim_start "${feed[@]}" --shuffle --repeat 4 --stale 3 --max-limit "$page" --latency 5 --fail-401 1% \
        --fail-429 2% --fail-503 3% --html 2% --cut 4% --reset 3% --retry-after 0 "${@:5}"
    sim_print "$events" "${feed[@]}"
    runs "$name" "$scratch/$name.yaml"
    caught_up_as_the_oracle "$name" "$scratch/$name.yaml" "$events"
    second_run_changes_nothing "$name" "$scratch/$name.yaml"
    [ "$name" != plain ] || oracle_is_not_blind "$scratch/$name.yaml" "$events"
}

# Given pages that no reader can read, when they were read, then only the events that break them are lost
# to the table.
unreadable_pages() {
    local events=$scratch/unreadable.ndjson count
    count=$(scaled 6000 1500)
    local feed=(--generate --seed "$seed" --events "$count" --unbalanced 0.05 --malformed 1)
    new_data unreadable
    usual_conf "$scratch/unreadable.yaml" 400 2
    sim_start "${feed[@]}" --shuffle
    sim_print "$events" "${feed[@]}"
    runs unreadable "$scratch/unreadable.yaml"
    caught_up_as_the_oracle unreadable "$scratch/unreadable.yaml" "$events"
}

# Given events in any order at all, some of them many times, in several files, when they are folded by many
# workers in small batches, then the table is the same.
shuffled_files() {
    local events=$scratch/shuffled.ndjson count
    count=$(scaled 40000 4000)
    new_data shuffled
    mkdir "$SCANPIPE_DATA/events"
    "$sim" --generate --seed "$seed" --events "$count" --parcels 500 --odd 20 --print >"$events"
    python3 "$here/tool.py" shuffle "$seed" "$((count / 2))" 5 "$events" "$SCANPIPE_DATA/events"
    gzip "$SCANPIPE_DATA/events/3.ndjson"
    write_conf "$scratch/shuffled.yaml" <<'YAML'
name: shuffled
source: {plugin: file, path: "${SCANPIPE_DATA}/events"}
queue: {path: "${SCANPIPE_DATA}/queue.db", pack: {events: 37}}
sink: {path: "${SCANPIPE_DATA}/out.db", workers: 4, batch: {events: 500}}
YAML
    runs shuffled "$scratch/shuffled.yaml"
    is 'shuffled: read all, with the repeats' "$(summary shuffled events_read)" $((count + count / 2))
    table_equals "shuffled: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    queue_is_empty 'shuffled: the queue is empty' "$SCANPIPE_DATA/queue.db"
}

# Given one process that reads and three that write, by the files that the project ships, when all was read,
# then the table is the oracle's.
several_processes() {
    local events=$scratch/several.ndjson writers=() one
    local feed=(--generate --seed "$seed" --events "$(scaled 50000 5000)" --parcels 3000 --malformed 0.5
        --wide-parcels 0.2)
    new_data several
    sim_start "${feed[@]}" --shuffle --repeat 3
    sim_print "$events" "${feed[@]}"
    for one in 1 2 3; do
        start_pipeline "deliver $one" "$conf/deliver.yaml"
        writers+=("$PID")
    done
    runs ingest "$conf/ingest.yaml"
    runs 'deliver 4' "$conf/deliver.yaml"
    for one in "${writers[@]}"; do
        stop "$one"
        is 'several: a process that writes ends on SIGTERM' "$STATUS" 0
    done
    table_equals "several: the table is the oracle's" "$SCANPIPE_DATA/parcels.db" "$events"
    letters_equal 'several: the dead letters of both halves are what can be in no row' "$events" \
        "$conf/ingest.yaml" "$conf/deliver.yaml"
    queue_is_empty 'several: the queue is empty' "$SCANPIPE_DATA/parcels.queue.db"
}

real_events
generated_events plain "$(scaled 50000 3000)" 1000 4
generated_events indented "$(scaled 20000 2000)" 250 2 --indent --chunked --gzip
generated_events dated "$(scaled 20000 2000)" 500 1 --retry-after-date --gzip
unreadable_pages
shuffled_files
several_processes
finish
