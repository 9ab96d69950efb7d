#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Killed at any moment, again and again, nothing is lost, nothing is stuck, nothing is buried that was
# only near, and each new process is at work at once: it waits for no lease.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

slowest_start=0 # ms from a start to the first request for the feed
kills=0

asks_again() { # REQUESTS-BEFORE
    local now
    now=$(sim_stat requests)
    [ -n "$now" ] && [ "$now" -gt "$1" ]
}

# Waits until the process that was just started asks the feed, and notes how long that took.
await_work() { # REQUESTS-BEFORE STARTED-MS
    local took
    wait_until 10 asks_again "$1" || return 1
    took=$(($(now_ms) - $2))
    [ "$took" -le "$slowest_start" ] || slowest_start=$took
}

pause_ms() {
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

# One life of the whole pipeline: started, at work, killed.  Every fifth is killed before it is at work.
live_and_die() { # NUMBER
    local before started
    before=$(sim_stat requests)
    started=$(now_ms)
    start_pipeline whole "$scratch/whole.yaml"
    if [ $(($1 % 5)) -ne 0 ]; then
        await_work "$before" "$started" || ok "life $1: asks the feed within 10 s" 1
        pause_ms "$(dice 700)"
    else
        pause_ms "$(dice 60)"
    fi
    ended "$PID" && ok "life $1: lives until it is killed" 1 "$(last_lines "$scratch/whole.log")"
    kill_hard "$PID"
    kills=$((kills + 1))
}

whole_conf() { # PAGE-SIZE
    write_conf "$scratch/whole.yaml" <<YAML
name: kill
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: $1, poll_interval: 200ms}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 100}, visibility_timeout: 2s}
sink: {path: "\${SCANPIPE_DATA}/out.db", workers: 2, batch: {events: 1000}}
YAML
}

# Given a feed that takes longer to read than all those lives, when the process is killed again and again, then
# the last one ends with the oracle's table.
whole_pipeline() {
    local events=$scratch/whole.ndjson life count lives=${SCANPIPE_TEST_KILLS:-22} pages
    count=$(scaled 200000 20000)
    pages=$((lives * 200 / 22))
    local feed=(--generate --seed "$seed" --events "$count" --parcels 20000 --malformed 0.2
        --wide-parcels 0.1)
    new_data whole
    whole_conf $((count / pages))
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --shuffle --repeat 1 --delay 60
    for ((life = 1; life <= lives; life++)); do
        live_and_die "$life"
    done
    is 'the feed was not read to its end before the last kill' "$(sim_stat caught_up)" false
    sim_set delay=0
    runs whole "$scratch/whole.yaml"
    at_least 'killed at random moments' "$kills" "$lives"
    at_most 'each new process asked the feed in time, in ms' "$slowest_start" $((4000 * patience))
    table_equals "the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    letters_equal 'the dead letters are what can be in no row' "$events" "$scratch/whole.yaml"
    queue_is_empty 'the queue is empty' "$SCANPIPE_DATA/queue.db"
}

# Given a database that is away, when the process is killed while it waits for it, then it is all there
# afterwards: the cursor never passes what is not in the queue, no message goes before its events are written.
killed_while_away() { # QUEUE-OR-OUT
    local name="killed while $1.db is away" events=$scratch/away.ndjson before at
    local feed=(--generate --seed "$seed" --events 20000)
    new_data "away-$1"
    whole_conf 100
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --delay 30
    start_pipeline away "$scratch/whole.yaml"
    check "$name: at work" wait_until 10 has_rows "$SCANPIPE_DATA/out.db"
    lock "$SCANPIPE_DATA/$1.db"
    before=$(sim_stat requests)
    sleep 0.6 # twice as long as it takes to commit what the queue has
    at=$(cursor "$SCANPIPE_DATA/out.db")
    check "$name: reads ahead" wait_until 10 asks_again $((before + 30))
    is "$name: the cursor stays" "$(cursor "$SCANPIPE_DATA/out.db")" "$at"
    kill_hard "$PID"
    unlock
    sim_set delay=0
    runs "$name" "$scratch/whole.yaml"
    table_equals "$name: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    queue_is_empty "$name: the queue is empty" "$SCANPIPE_DATA/queue.db"
}

# Given the two halves in processes of their own, when now the one and now the other is killed, then the
# others go on, and the table is the oracle's.
two_halves() {
    local events=$scratch/halves.ndjson pids=() kinds=(ingest ingest deliver deliver) round one
    local feed=(--generate --seed "$seed" --events "$(scaled 60000 6000)" --parcels 6000)
    new_data halves
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --shuffle --delay 60
    for one in 0 1 2 3; do
        start_pipeline "${kinds[one]}" "$conf/${kinds[one]}.yaml"
        pids[one]=$PID
    done
    for round in {1..12}; do
        pause_ms $((100 + $(dice 300)))
        one=$((round % 4))
        kill_hard "${pids[one]}"
        start_pipeline "${kinds[one]}" "$conf/${kinds[one]}.yaml"
        pids[one]=$PID
    done
    check 'halves: some process still writes' wait_until 20 has_rows "$SCANPIPE_DATA/parcels.db"
    for one in 0 1; do kill_hard "${pids[one]}"; done
    sim_set delay=0
    runs 'last ingest' "$conf/ingest.yaml"
    for one in 2 3; do kill_hard "${pids[one]}"; done
    runs 'last deliver' "$conf/deliver.yaml"
    table_equals "halves: the table is the oracle's" "$SCANPIPE_DATA/parcels.db" "$events"
    is 'halves: no dead letter' "$(letters "$SCANPIPE_DATA/parcels.db")" 0
    queue_is_empty 'halves: the queue is empty' "$SCANPIPE_DATA/parcels.queue.db"
}

whole_pipeline
killed_while_away queue
killed_while_away out
two_halves
finish
