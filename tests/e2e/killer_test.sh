#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Poison that kills the process, or never returns, ends alone among the dead letters, whatever it travels with;
# restarts, stops and outages convict nobody.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
use_test_plugins

feed=(--generate --seed "$seed" --events "$(scaled 2000 700)")
sim_print "$scratch/good.ndjson" "${feed[@]}"

# Poison has a parcel of its own, so that no later event of the same parcel hides it.
poison() { # PARCEL
    echo "{\"EventId\":$1,\"ParcelId\":$1,\"Type\":\"STATUS\",\"StatusCode\":\"VENOM\"," \
        "\"CreatedDateTimeUtc\":\"2021-05-11T21:11:34Z\"}"
}

# with_poison NAME GOOD PARCEL...: the good events, with poison at places that the seed chooses, are its feed
with_poison() {
    local name=$1 good=$2 parcel
    shift 2
    {
        cat "$good"
        for parcel; do poison "$parcel"; done
    } | shuf --random-source=<(yes "$seed") >"$scratch/$name.ndjson"
}

# poison_conf NAME WRAPPER MORE EVENTS-A-MESSAGE [TIMEOUT]: NAME.yaml reads NAME.ndjson
poison_conf() {
    new_data "$1"
    write_conf "$scratch/$1.yaml" <<YAML
name: poison
poller_lease: 2s
hang_timeout: 1s
shutdown_grace: 6s
source: {plugin: file, path: "$scratch/$1.ndjson", $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: $4}, visibility_timeout: 60s, $quick}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/state.db", $quick}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/letters.db", $quick}
sink: {$(around "$2" sqlite 'path: "${SCANPIPE_DATA}/out.db"' "$3"), timeout: ${5:-5s}, workers: 2, $quick}
YAML
}

# As supervision does, in the background: starts it again when it dies; how often it died is in LOG.deaths.
declare -A supervisors=()
supervise() { # NAME MOST-DEATHS [LOG]
    local log=${3:-$1}
    supervised "$1" "$2" "$log" 2>/dev/null &
    supervisors[$log]=$!
    adopt $! "supervisor of $log"
}

supervised() { # NAME MOST-DEATHS LOG
    local deaths=0
    until timeout -k 5 $((longest * patience)) "${scanpipe[@]}" -c "$scratch/$1.yaml" --until-caught-up --json \
        >"$scratch/$3.json" 2>>"$scratch/$3.log"; do
        deaths=$((deaths + 1))
        [ "$deaths" -lt "$2" ] || exit 1
        sleep 0.05
    done
    echo "$deaths" >"$scratch/$3.deaths"
}

ends() { # LOG
    await_end "${supervisors[$1]}" 60
    is "$1: comes to an end" "$STATUS" 0
}

# only_poison_died NAME GOOD PARCEL...
only_poison_died() {
    local name=$1 good=$2 data=$scratch/$1
    shift 2
    is "$name: the poison is among the dead letters, killed" "$(printf '%s\n' "$@")" \
        "$(query "$data/letters.db" "SELECT EventKey FROM FailedEvents WHERE Class = 'killed' ORDER BY 1")"
    is "$name: and nothing else" "$#" "$(letters "$data/letters.db")"
    table_equals "$name: all others are in the table" "$data/out.db" "$good"
    queue_is_empty "$name: the queue is empty" "$data/queue.db"
}

# Given an event that kills the process when it is written, and a supervisor that starts it again, then it is
# found among hundreds in a message, in few deaths, and it alone ends among the dead letters.
kills() { # HOW EVENTS-A-MESSAGE
    with_poison "$1-of-$2" "$scratch/good.ndjson" 999999001
    poison_conf "$1-of-$2" abort "bytes: VENOM, how: $1" "$2"
    supervise "$1-of-$2" 40
}

killed() { # NAME
    ends "$1"
    only_poison_died "$1" "$scratch/good.ndjson" 999999001
    at_least "$1: it did kill" "$(cat "$scratch/$1.deaths")" 3
    at_most "$1: in few deaths" "$(cat "$scratch/$1.deaths")" 28
}

# The same with two of them, and two processes beside each other.
two_kill_two() {
    with_poison two "$scratch/good.ndjson" 999999001 999999002
    poison_conf two abort 'bytes: VENOM' 300
    supervise two 80 two-a
    supervise two 80 two-b
}

two_killed_two() {
    ends two-a
    ends two-b
    only_poison_died two "$scratch/good.ndjson" 999999001 999999002
}

# Given a queue with nothing in it but an event that kills, then it is found out too: no other event can show
# that the sink is well.
kills_alone() {
    with_poison alone /dev/null 999999001
    poison_conf alone abort 'bytes: VENOM' 1
    supervise alone 20
}

killed_alone() {
    ends alone
    is 'alone: the poison is among the dead letters, killed' 999999001 \
        "$(query "$SCANPIPE_DATA/letters.db" "SELECT EventKey FROM FailedEvents WHERE Class = 'killed'")"
    at_most 'alone: in few deaths' "$(cat "$scratch/alone.deaths")" 12
    queue_is_empty 'alone: the queue is empty' "$SCANPIPE_DATA/queue.db"
}

# Given an event whose write never returns, then the process tells it and aborts, and the same comes of it.
hangs() {
    head -n 30 "$scratch/good.ndjson" >"$scratch/few.ndjson"
    with_poison hangs "$scratch/few.ndjson" 999999001
    poison_conf hangs hang 'operation: write, bytes: VENOM' 8 100ms
    supervise hangs 20
}

hung() {
    ends hangs
    only_poison_died hangs "$scratch/few.ndjson" 999999001
    has 'hangs: it is told' "$(cat "$scratch/hangs.log")" 'the plugin hang of stage sink hangs'
}

# Given a sink that is slow, and a process that is killed and stopped again and again in the middle of a write,
# then nobody is convicted for it.
restarts_convict_nobody() {
    local how
    cp "$scratch/good.ndjson" "$scratch/restarts.ndjson"
    poison_conf restarts fault "rules: [write ok delay=30s while=$scratch/slow]" 300 60s
    : >"$scratch/slow"
    for how in KILL KILL TERM KILL KILL TERM KILL; do
        start_pipeline restarts "$scratch/restarts.yaml"
        check "restarts: before $how it is at work" wait_until 10 has_leases "$SCANPIPE_DATA/queue.db"
        sleep "0.$((2 + $(dice 3)))"
        if [ $how = KILL ]; then
            kill_hard "$PID"
        else
            stop "$PID"
            is 'restarts: SIGTERM ends well' "$STATUS" 0
        fi
    done
    rm "$scratch/slow"
    runs 'after restarts' "$scratch/restarts.yaml"
    is 'restarts: nobody is convicted' 0 "$(letters "$SCANPIPE_DATA/letters.db")"
    table_equals "restarts: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$scratch/good.ndjson"
    queue_is_empty 'restarts: the queue is empty' "$SCANPIPE_DATA/queue.db"
}

# Given a write under a mark that does not return, when a stop is asked for and its grace is over, then the process
# has taken its mark out: whoever is stopped has not died of what he held.
who_is_stopped_has_not_died() {
    with_poison grace /dev/null 999999001
    poison_conf grace hang 'operation: write, bytes: VENOM' 1 60s
    start_pipeline grace "$scratch/grace.yaml"
    check 'grace: it is at work' wait_until 10 has_leases "$SCANPIPE_DATA/queue.db"
    kill_hard "$PID"
    start_pipeline grace "$scratch/grace.yaml"
    check 'grace: what was held is tried under a mark' wait_until 10 marks_are_held
    stop "$PID"
    at_least 'grace: the stop waited for the write until its grace was over, in ms' "$ELAPSED_MS" 1000
    is 'grace: and leaves no mark' "$(held_marks)" 0
}

# Given a process that only delivers, with a mark to renew, when its state lets itself be read and not written, as on
# a full disk, then that is told once, and when it is over; not at every look.
who_cannot_renew_says_so_once() {
    local again='state: works again' pid
    with_poison full /dev/null 999999001
    poison_conf full hang 'operation: write, bytes: VENOM' 1 60s
    sed -i "s|^state:.*|state: {$(around fault sqlite "path: \"$SCANPIPE_DATA/state.db\"" \
        "rules: [put unavailable while=$scratch/disk-is-full]"), $quick}|" "$scratch/full.yaml"
    sed '/^source:/d' "$scratch/full.yaml" >"$scratch/full-deliver.yaml"
    start_pipeline full "$scratch/full.yaml"
    check 'full: it is at work' wait_until 10 has_leases "$SCANPIPE_DATA/queue.db"
    kill_hard "$PID"
    start_pipeline full-deliver "$scratch/full-deliver.yaml"
    pid=$PID
    check 'full: what was held is tried under a mark' wait_until 10 marks_are_held
    : >"$scratch/disk-is-full"
    check 'full: it is told' wait_until 10 has_line "$scratch/full-deliver.log" 'state: unavailable'
    sleep 4
    is 'full: once, though it is tried again and again' \
        "$(grep -c 'state: unavailable' "$scratch/full-deliver.log") $(grep -c "$again" "$scratch/full-deliver.log")" '1 0'
    rm "$scratch/disk-is-full"
    check 'full: and when it is over' wait_until 10 has_line "$scratch/full-deliver.log" "$again"
    stop "$pid"
}

held_marks() {
    query "$SCANPIPE_DATA/state.db" "SELECT json_array_length(CAST(Value AS TEXT), '\$.marks')
        FROM PipelineState WHERE Name = 'marks'"
}

marks_are_held() {
    [ "$(held_marks)" = 1 ]
}

hangs
restarts_convict_nobody
who_is_stopped_has_not_died
who_cannot_renew_says_so_once
kills_alone
killed_alone
for how in abort:300 segv:1000 kill:1 exit:50; do
    kills "${how%:*}" "${how#*:}"
done
two_kill_two
for how in abort:300 segv:1000 kill:1 exit:50; do
    killed "${how%:*}-of-${how#*:}"
done
two_killed_two
hung
finish
