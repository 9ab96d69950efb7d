#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stopping is prompt and clean, and there is one poller: a standby takes over by itself, whoever was frozen
# steps down, and the cursor never goes back.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

write_conf "$scratch/whole.yaml" <<YAML
name: stop
shutdown_grace: 10s
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 500, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 50}, visibility_timeout: 10m}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db"}
sink: {path: "\${SCANPIPE_DATA}/out.db", workers: 2, batch: {events: 200}, $quick}
YAML

# Given a pipeline at work, when it is asked to stop, then it ends in time, well, and holds nothing; and the
# next one does the rest.
stops_under_load() { # SIGNAL
    local events=$scratch/stop.ndjson feed=(--generate --seed "$seed" --events "$(scaled 20000 4000)")
    new_data "stop-$1"
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --delay 30 --max-limit 20 # not all of it before one looks
    start_pipeline "$1" "$scratch/whole.yaml" --until-caught-up --json
    check "$1: at work" wait_until 10 has_rows "$SCANPIPE_DATA/out.db"
    stop "$PID" "$1"
    is "$1: ends well" "$STATUS" 0
    at_most "$1: ends promptly, in ms" "$ELAPSED_MS" $((6000 * patience))
    is "$1: the summary says that it was stopped" "$(summary "$1" stopped)" true
    is "$1: nothing is held" "$(leases "$SCANPIPE_DATA/queue.db")" 0
    sim_set 'delay=0&max-limit=10000'
    runs "after $1" "$scratch/whole.yaml"
    table_equals "$1: the next one does the rest" "$SCANPIPE_DATA/out.db" "$events"
    queue_is_empty "$1: the queue is empty" "$SCANPIPE_DATA/queue.db"
}

# Given a sink that is locked, so that nothing in flight can be finished, when the pipeline is asked to stop,
# then it hands back what it holds.
stops_while_the_sink_is_locked() {
    local events=$scratch/stop.ndjson
    new_data stop-locked
    sim_start --generate --seed "$seed" --events "$(scaled 20000 4000)" --delay 300 --max-limit 20
    start_pipeline 'locked stop' "$scratch/whole.yaml"
    wait_until 10 has_rows "$SCANPIPE_DATA/out.db"
    lock "$SCANPIPE_DATA/out.db"
    sim_set 'delay=0&max-limit=10000' # most of the feed comes now, however long the lock took
    check 'locked stop: messages are held' wait_until 10 has_leases "$SCANPIPE_DATA/queue.db"
    stop "$PID"
    is 'locked stop: ends well' "$STATUS" 0
    at_most 'locked stop: within its grace, in ms' "$ELAPSED_MS" $((12000 * patience))
    is 'locked stop: what it held is handed back' "$(leases "$SCANPIPE_DATA/queue.db")" 0
    unlock
    runs 'after the lock' "$scratch/whole.yaml"
    table_equals 'locked stop: the next one does the rest' "$SCANPIPE_DATA/out.db" "$events"
    is 'locked stop: nothing is buried' "$(letters "$SCANPIPE_DATA/queue.db")" 0
}

cat >"$scratch/ingest.yaml" <<YAML
name: pair
poller_lease: 6s
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 200, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
YAML
write_conf "$scratch/deliver.yaml" <<YAML
name: pair
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db"}
sink: {path: "\${SCANPIPE_DATA}/out.db"}
YAML

polls() { # NAME TIMES: it has become the poller so often
    [ "$(grep -cs 'polls from' "$scratch/$1.log")" -ge "$2" ]
}

# Given two processes of which one polls, when that one is frozen, then the other takes over; thawed, it steps
# down; and when the other is killed, it takes over at once.  The cursor only ever went forward.
one_poller() {
    local events=$scratch/pair.ndjson first second watcher at began
    local feed=(--generate --seed "$seed" --events "$(scaled 40000 8000)")
    new_data pair
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --delay 50 --max-limit 20
    start_pipeline first "$scratch/ingest.yaml"
    first=$PID
    check 'the first process polls' wait_until 10 polls first 1
    start_pipeline second "$scratch/ingest.yaml"
    second=$PID
    check 'the second stands by' wait_until 10 has_line "$scratch/second.log" 'stands by'
    wait_until 10 cursor_beyond "$SCANPIPE_DATA/queue.db" 1
    python3 "$here/tool.py" watch-cursor "$SCANPIPE_DATA/queue.db" "$scratch/watching" "$scratch/watched" &
    watcher=$!
    adopt "$watcher" watcher
    wait_until 10 exists "$scratch/watching"

    freeze "$first" "$SCANPIPE_DATA/queue.db"
    began=$(now_ms)
    check 'the first is frozen: the second takes over' wait_until 10 polls second 1
    at_most 'in two leases and a half at most, in ms' $(($(now_ms) - began)) $((15000 * patience))
    at=$(cursor "$SCANPIPE_DATA/queue.db")
    check 'and moves the cursor' wait_until 10 cursor_beyond "$SCANPIPE_DATA/queue.db" "$at"
    kill -CONT "$first"
    check 'the first thaws and steps down' wait_until 10 has_line "$scratch/first.log" 'steps down'
    is 'the second does not' "$(grep -c 'steps down' "$scratch/second.log")" 0

    kill_hard "$second"
    began=$(now_ms)
    check 'the second is killed: the first takes over' wait_until 10 polls first 2
    at_most 'at once, in ms' $(($(now_ms) - began)) $((3000 * patience))
    at=$(cursor "$SCANPIPE_DATA/queue.db")
    check 'and moves the cursor' wait_until 10 cursor_beyond "$SCANPIPE_DATA/queue.db" "$at"

    start_pipeline third "$scratch/ingest.yaml"
    wait_until 10 has_line "$scratch/third.log" 'stands by'
    stop "$first"
    is 'the first ends on SIGTERM' "$STATUS" 0
    began=$(now_ms)
    check 'it gave the record back: the third takes over' wait_until 10 polls third 1
    at_most 'at once, in ms' $(($(now_ms) - began)) $((3000 * patience))
    sim_set 'delay=0&max-limit=10000'
    stop "$PID"

    runs ingest "$scratch/ingest.yaml"
    runs deliver "$scratch/deliver.yaml"
    rm "$scratch/watching"
    await_end "$watcher" 10
    at_least 'the cursor was seen moving' "$(head -n 1 "$scratch/watched")" 2
    is 'and never back' "$(tail -n +2 "$scratch/watched")" ''
    table_equals "the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
}

stops_under_load TERM
stops_under_load INT
stops_while_the_sink_is_locked
one_poller
finish
