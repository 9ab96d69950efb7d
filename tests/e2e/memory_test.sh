#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A million events pass, or wait for a sink that is away, and the process never has more than 64 MiB.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bound_kib=65536

peak() { # NAME FILE [COMMAND]: runs until all is done
    local command=(-c "$2" --until-caught-up)
    [ $# -lt 3 ] || command=("$3" -c "$2")
    timeout -k 5 $((100 * patience)) python3 "$here/tool.py" peak "$scratch/$1.peak" \
        "${scanpipe[@]}" "${command[@]}" --json >"$scratch/$1.json" 2>"$scratch/$1.log"
    STATUS=$?
    ok "$1 ends by itself" "$STATUS" "exit status $STATUS" "$(last_lines "$scratch/$1.log")"
}

peak_is_bounded() { # NAME
    if sanitized; then
        skip "$1: the peak stays under $bound_kib KiB" 'a sanitizer needs memory of its own'
    else
        at_most "$1: the peak stays within the bound, in KiB" "$(cat "$scratch/$1.peak")" "$bound_kib"
    fi
}

# Given a million events, when the shipped pipeline has read and written them all, then its memory stayed
# within the bound; and so it did when they are compared with the table.
a_million_events() {
    local count
    count=$(scaled 1000000 20000)
    new_data million
    sim_start --generate --seed "$seed" --events "$count" --parcels $((count / 50))
    peak 'a million' "$conf/quickstart.yaml"
    is 'a million: all were read' "$(summary 'a million' events_read)" "$count"
    is 'a million: and written' "$(summary 'a million' events_written)" "$count"
    peak_is_bounded 'a million'
    peak 'verify' "$conf/quickstart.yaml" verify
    is 'verify: all were read' "$(summary verify events)" "$count"
    peak_is_bounded 'verify'
}

# Given large events and a backlog, with many workers, then ceilings in bytes hold all the same.
large_events() {
    local count places
    count=$(scaled 100000 20000)
    places=$(seq -s, -f '%.0f:900000' 1000 1000 16000)
    new_data large
    cat >"$scratch/large-ingest.yaml" <<'YAML'
name: large
source: {plugin: scanapi, url: "${SCAN_API_URL}"}
queue: {path: "${SCANPIPE_DATA}/queue.db"}
YAML
    write_conf "$scratch/large-deliver.yaml" <<'YAML'
name: large
queue: {path: "${SCANPIPE_DATA}/queue.db"}
sink: {path: "${SCANPIPE_DATA}/out.db", workers: 3, batch: {bytes: 4MiB}}
YAML
    sim_start --generate --seed "$seed" --events "$count" --gaps 0 --huge-event "$places"
    peak 'ingest' "$scratch/large-ingest.yaml"
    peak_is_bounded 'ingest'
    peak 'deliver' "$scratch/large-deliver.yaml"
    is 'deliver: all were written' "$(summary 'deliver' events_written)" "$count"
    peak_is_bounded 'deliver'
}

queued() { # EVENTS: so many are in the queue
    local count
    count=$(query "$SCANPIPE_DATA/queue.db" 'SELECT sum(Events) FROM QueueMessages' 2>/dev/null)
    [ "${count:-0}" -ge "$1" ]
}

# Waits in an outage; then notes the peak of the process so far, and stops it.
wait_and_stop() { # NAME EVENTS
    check "$1: all are in the queue" wait_until 60 queued "$2"
    check "$1: deliver holds some" wait_until 10 has_leases "$SCANPIPE_DATA/queue.db"
    sleep 2
    awk '/^VmHWM:/ { print $2 }' "/proc/$PID/status" >"$scratch/$1.peak"
    stop "$PID"
    is "$1: ends on SIGTERM" "$STATUS" 0
    peak_is_bounded "$1"
}

# Given a sink that is away while a million events are read, and still is for the next process, and then is
# back, then memory stays within the bound all the time.
an_outage() {
    local count
    count=$(scaled 1000000 20000)
    new_data outage
    write_conf "$scratch/outage.yaml" <<YAML
name: outage
source: {plugin: scanapi, url: "\${SCAN_API_URL}", poll_interval: 100ms}
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/letters.db"}
sink:
  plugin: fault
  inner: sqlite
  options: {path: "\${SCANPIPE_DATA}/out.db"}
  rules: [write unavailable while=$SCANPIPE_DATA/away]
  $quick
YAML
    sim_start --generate --seed "$seed" --events "$count" --parcels $((count / 50))
    touch "$SCANPIPE_DATA/away"
    start_pipeline outage "$scratch/outage.yaml"
    wait_and_stop outage "$count"
    start_pipeline 'outage goes on' "$scratch/outage.yaml"
    wait_and_stop 'outage goes on' "$count"
    rm "$SCANPIPE_DATA/away"
    peak 'outage is over' "$scratch/outage.yaml"
    peak_is_bounded 'outage is over'
    is 'outage is over: all were written' "$(summary 'outage is over' events_written)" "$count"
    is 'outage is over: nothing was buried' "$(letters "$SCANPIPE_DATA/letters.db")" 0
}

use_test_plugins
a_million_events
large_events
an_outage
finish
