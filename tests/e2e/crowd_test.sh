#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several processes on one pipeline, frozen, thawed, stopped and killed: none of it is held against an event.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

use_test_plugins

crowd=()   # their pids
frozen=0   # how often one was frozen ...
in_midst=0 # ... and held a file's lock: it was in a transaction

alive() { # prints the pids of those that live
    local pid
    for pid in "${crowd[@]}"; do
        ended "$pid" || echo "$pid"
    done
}

number_of() { # PID: its place in the crowd
    local at
    for at in "${!crowd[@]}"; do
        [ "${crowd[at]}" != "$1" ] || echo "$at"
    done
}

count_of() { # NUMBER PATTERN: in its log
    grep -cs -e "$2" "$scratch/crowd$1.log"
}

# The process that took the record last.
poller() {
    query "$SCANPIPE_DATA/queue.db" \
        "SELECT json_extract(CAST(Value AS TEXT), '\$.holder.pid') FROM PipelineState WHERE Name = 'poller'"
}

# Freezes a process wherever it is, for longer than all leases.  One that is in a transaction keeps the file
# locked, as anybody would: then the others wait, and go on when it does.
freeze_for() { # PID SECONDS
    frozen=$((frozen + 1))
    kill -STOP "$1"
    sleep 0.1
    for db in queue out; do
        python3 "$here/tool.py" is-free "$SCANPIPE_DATA/$db.db" || { in_midst=$((in_midst + 1)); break; }
    done
    sleep "$2"
    kill -CONT "$1"
}

marks() { # what is left in the record
    query "$SCANPIPE_DATA/queue.db" \
        "SELECT json_extract(CAST(Value AS TEXT), '\$.marks') FROM PipelineState WHERE Name = 'marks'"
}

no_marks() { # NAME
    local left
    left=$(marks)
    is "$1" "${left:-[]}" '[]'
}

crowd_conf() { # crowd.yaml
    write_conf "$scratch/crowd.yaml" <<YAML
name: crowd
poller_lease: 1s
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 500, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 50}, visibility_timeout: 1s, $quick}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db", $quick}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/letters.db"}
sink: {path: "\${SCANPIPE_DATA}/out.db", workers: 2, batch: {events: 500}, $quick}
YAML
}

# Given four processes on one pipeline, when one after the other is frozen for longer than the visibility
# timeout and the poller's lease, and one is killed, then the table is the oracle's and nothing is buried; who
# polled when it was frozen steps down, and the cursor never goes back.
four_processes() {
    local events=$scratch/crowd.ndjson one holder steps watcher
    local freezes=${SCANPIPE_TEST_FREEZES:-2}
    local feed=(--generate --seed "$seed" --events "$((30000 * freezes + 40000))")
    new_data crowd
    crowd_conf
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --delay 60 --max-limit 100 # a minute of it, however long it takes to look
    for one in 0 1 2 3; do
        start_pipeline "crowd$one" "$scratch/crowd.yaml"
        crowd+=("$PID")
    done
    check 'four: they are at work' wait_until 20 cursor_beyond "$SCANPIPE_DATA/queue.db" 1
    python3 "$here/tool.py" watch-cursor "$SCANPIPE_DATA/queue.db" "$scratch/watching" "$scratch/watched" &
    watcher=$!
    adopt "$watcher" watcher
    wait_until 10 exists "$scratch/watching"

    for one in 1 2; do
        holder=$(number_of "$(poller)")
        steps=$(count_of "$holder" 'steps down')
        freeze "${crowd[holder]}" "$SCANPIPE_DATA/queue.db"
        frozen=$((frozen + 1))
        check "four: poller $one is frozen: another takes over" wait_until 15 another_polls "${crowd[holder]}"
        sleep 1
        kill -CONT "${crowd[holder]}"
        check "four: poller $one thaws and steps down" wait_until 10 steps_down "$holder" "$steps"
    done
    for ((one = 0; one < freezes; one++)); do
        freeze_for "${crowd[$(dice 4)]}" 1.5
    done
    kill_hard "${crowd[$(dice 4)]}"
    echo "# frozen $frozen times, $in_midst times of these in a transaction"
    is 'four: the feed was not read to its end meanwhile' "$(sim_stat caught_up)" false
    sim_set 'delay=0&max-limit=10000'
    for one in $(alive); do
        stop "$one"
        is 'four: one that lives ends on SIGTERM' "$STATUS" 0
    done
    runs 'four' "$scratch/crowd.yaml"
    rm "$scratch/watching"
    await_end "$watcher" 10
    at_least 'four: the cursor was seen moving' "$(head -n 1 "$scratch/watched")" 5
    is 'four: and never back' "$(tail -n +2 "$scratch/watched")" ''
    table_equals "four: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    is 'four: nothing is buried' "$(letters "$SCANPIPE_DATA/letters.db")" 0
    no_marks 'four: nobody is under suspicion'
    queue_is_empty 'four: the queue is empty' "$SCANPIPE_DATA/queue.db"
}

another_polls() { # PID
    local now
    now=$(poller)
    [ -n "$now" ] && [ "$now" != "$1" ]
}

steps_down() { # NUMBER TIMES-BEFORE
    [ "$(count_of "$1" 'steps down')" -gt "$2" ]
}

# One life in an outage, ended by a signal.
live_through_outage() { # NAME SIGNAL
    start_pipeline "$1" "$scratch/away.yaml"
    wait_until 10 exists "$SCANPIPE_DATA/calls"
    sleep "0.$((2 + $(dice 5)))"
    if [ "$2" = KILL ]; then
        kill_hard "$PID"
    else
        stop "$PID" "$2"
        is "$1: ends on SIG$2" "$STATUS" 0
        at_most "$1: promptly, in ms" "$ELAPSED_MS" $((8000 * patience))
    fi
    rm -f "$SCANPIPE_DATA/calls"
}

# Given a sink that is away in one way or another, and a few messages that somebody held when he died, when
# deliver is started and stopped, or killed, again and again meanwhile, then no event is blamed for it.  They
# are so few that five deaths would convict one, where it were to blame.
restarts_in_an_outage() { # NAME RULES SIGNAL...
    local name=$1 signal events=$scratch/away.ndjson feed=(--generate --seed "$seed" --events 4 --gaps 0)
    new_data "$name"
    crowd_conf
    sed '/^sink:/,$d; s/pack: {events: 50}/pack: {events: 1}/' "$scratch/crowd.yaml" >"$scratch/ingest.yaml"
    write_conf "$scratch/away.yaml" <<YAML
$(sed '/^source:/d' "$scratch/ingest.yaml")
sink:
  plugin: fault
  inner: sqlite
  options: {path: "\${SCANPIPE_DATA}/out.db"}
  $quick
  record: \${SCANPIPE_DATA}/calls
  rules:
  - write ok delay=5s while=\${SCANPIPE_DATA}/slow
$(sed 's|.*|  - & while=${SCANPIPE_DATA}/away|' <<<"$2")
YAML
    shift 2
    sim_start "${feed[@]}"
    sim_print "$events" "${feed[@]}"
    runs "$name: ingest" "$scratch/ingest.yaml"

    touch "$SCANPIPE_DATA/slow"
    start_pipeline "$name" "$scratch/away.yaml"
    wait_until 10 has_leases "$SCANPIPE_DATA/queue.db"
    touch "$SCANPIPE_DATA/away"
    kill_hard "$PID"
    rm -f "$SCANPIPE_DATA/calls" "$SCANPIPE_DATA/slow"
    for signal; do
        live_through_outage "$name" "$signal"
    done
    is "$name: nothing is buried" "$(letters "$SCANPIPE_DATA/letters.db")" 0
    is "$name: and nobody says that it works" "$(grep -c 'sink: works again' "$scratch/$name.log")" 0
    [ "${*/KILL/}" != "$*" ] || no_marks "$name: who was stopped is not under suspicion"
    rm "$SCANPIPE_DATA/away"
    runs "$name: when it is back" "$scratch/away.yaml"
    table_equals "$name: all is written" "$SCANPIPE_DATA/out.db" "$events"
    is "$name: nothing was buried" "$(letters "$SCANPIPE_DATA/letters.db")" 0
    no_marks "$name: nobody is under suspicion"
}

four_processes
restarts_in_an_outage away $'probe unavailable\nwrite unavailable' TERM KILL KILL KILL KILL KILL KILL TERM
restarts_in_an_outage half-away 'write unavailable' KILL KILL KILL TERM KILL KILL KILL KILL TERM
restarts_in_an_outage slow-to-fail 'write unavailable delay=400ms' TERM TERM TERM TERM TERM
restarts_in_an_outage killed-while-slow 'write unavailable delay=400ms' \
    KILL KILL KILL KILL KILL KILL KILL KILL KILL KILL
finish
