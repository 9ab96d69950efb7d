#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A disk that is full, or read-only, is an outage: it is told with its cure, nothing crashes or is lost, and work
# goes on by itself when there is room.  On a small tmpfs in a mount namespace of its own; where this system
# allows none, a shim says what a full disk says.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
use_test_plugins

small=$scratch/small
shim=$build/tests/faults/.libs/shim.so
flag=$scratch/disk-is-ill # for the shim: while it is there
plain=("${scanpipe[@]}")
inside=()                 # what runs a command where the small disk is

# A process that keeps the namespace; false where there may be none.
namespace() { # OPTION-OF-UNSHARE...
    local ready=$scratch/namespace.$#
    unshare "$@" bash -c 'mount -t tmpfs -o size=64m small "$0" && : >"$1" && exec sleep 600' "$small" "$ready" \
        2>/dev/null &
    local keeper=$!
    if wait_until 5 looks_done "$keeper" "$ready" && exists "$ready"; then
        adopt "$keeper" namespace
        inside=(nsenter -t "$keeper" -m)
        [ $# -eq 1 ] || inside=(nsenter -t "$keeper" -U --preserve-credentials -m)
        return
    fi
    kill -KILL "$keeper" 2>/dev/null
    wait "$keeper" 2>/dev/null
    return 1
}

looks_done() { # PID FILE
    ended "$1" || exists "$2"
}

mkdir "$small"
if namespace -m || namespace -r -m; then
    scanpipe=("${inside[@]}" "${plain[@]}")
    resize() { "${inside[@]}" mount -o "remount,size=$1" "$small"; }
    make_full() { resize 3m; }
    make_room() { resize 64m; }
    make_read_only() { "${inside[@]}" mount -o remount,ro "$small"; }
    make_writable() { "${inside[@]}" mount -o remount,rw "$small"; }
elif [ -e "$shim" ] && ! sanitized; then
    echo '# no mount namespace is to be had: a shim says what a full disk says'
    writes=write,pwrite,pwrite64,ftruncate,ftruncate64,fsync,fdatasync
    full_code=1 read_only_code=4
    ill() {
        : >"$flag"
        scanpipe=(env "LD_PRELOAD=$shim" SHIM_FAMILY=file "SHIM_CALLS=$writes" "SHIM_WHILE=$flag" "SHIM_CODE=$1"
            "${plain[@]}")
    }
    make_full() { ill $full_code; }
    make_room() { rm -f "$flag"; }
    make_read_only() { ill $read_only_code; }
    make_writable() { rm -f "$flag"; }
else
    skip_all 'neither a mount namespace nor the shim is to be had'
fi

feed=(--generate --seed "$seed" --events "$(scaled 12000 12000)" --malformed 0.2)
events=$scratch/events.ndjson
sim_print "$events" "${feed[@]}"
sim_start "${feed[@]}"

# disk_conf FILE FOLDER-OF-THE-QUEUE FOLDER-OF-THE-REST
disk_conf() {
    write_conf "$1" <<YAML
name: disk
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 500, poll_interval: 100ms, $quick}
queue: {path: "$2/queue.db", pack: {events: 100}, visibility_timeout: 1s, $quick}
state: {plugin: sqlite, path: "$3/state.db", $quick}
dead_letters: {plugin: sqlite, path: "$3/letters.db", $quick}
sink: {$(around fault sqlite "path: \"$3/out.db\"" "rules: [any unavailable while=$scratch/away]"),
  timeout: 2s, workers: 2, batch: {events: 500}, $quick}
YAML
}

# What is on the small disk is copied to where the others can look at it.
fetch() { # FOLDER
    "${inside[@]}" sh -c 'cp "$0"/*.db* "$1"/' "$small" "$1"
}

small_is_empty() {
    "${inside[@]}" sh -c 'rm -f "$0"/*' "$small"
}

done_inside() { # FILE
    "${inside[@]}" python3 "$here/oracle.py" --compare "$1" "$events" >"$scratch/compared" 2>&1
}

at_most() { # COUNT PATTERN FILE
    [ "$(grep -c -- "$2" "$3")" -le "$1" ]
}

# Given a feed that is larger than the disk under the queue, and a sink that is away, then the disk fills up;
# that is told, with the cure; a crash changes nothing; and with room again all is done.
full() { # NAME FOLDER-OF-THE-REST
    local name=$1 rest=$2
    new_data "$name"
    small_is_empty
    disk_conf "$scratch/$name.yaml" "$small" "$rest"
    : >"$scratch/away"
    make_full
    start_pipeline "$name" "$scratch/$name.yaml"
    check "$name: it is told, with the cure" wait_until 20 has_line "$scratch/$name.log" 'unavailable.*make room on the disk'
    sleep 1
    check "$name: it waits" kill -0 "$PID"
    check "$name: it is not told at every try" at_most 3 'state: unavailable' "$scratch/$name.log"
    kill_hard "$PID"
    start_pipeline "$name" "$scratch/$name.yaml"
    sleep 1
    check "$name: killed and started again, it waits" kill -0 "$PID"
    rm "$scratch/away"
    make_room
    check "$name: with room again it goes on by itself" wait_until 30 done_inside "$rest/out.db"
    stop "$PID"
    is "$name: ends well" "$STATUS" 0
    runs "after $name" "$scratch/$name.yaml"
    [ "$rest" != "$small" ] || fetch "$SCANPIPE_DATA"
    table_equals "$name: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    letters_equal "$name: the dead letters are the rest" "$events" "$scratch/$name.yaml"
    "${inside[@]}" cp "$small/queue.db" "$scratch/$name-queue.db"
    queue_is_empty "$name: the queue is empty" "$scratch/$name-queue.db"
}

# Given a disk that cannot be written, then that is told; and when it can, work goes on by itself.
read_only() {
    local told='queue: .*queue\.db'
    [ ${#inside[@]} -gt 0 ] || told='state: .*state\.db' # the shim knows but one disk
    new_data read-only
    small_is_empty
    make_room
    disk_conf "$scratch/read-only.yaml" "$small" "$SCANPIPE_DATA"
    make_read_only
    start_pipeline read-only "$scratch/read-only.yaml"
    check 'read-only: it is told' wait_until 20 has_line "$scratch/read-only.log" "$told"
    sleep 1
    check 'read-only: it waits' kill -0 "$PID"
    make_writable
    check 'read-only: it goes on by itself' wait_until 30 done_inside "$SCANPIPE_DATA/out.db"
    stop "$PID"
    is 'read-only: ends well' "$STATUS" 0
    letters_equal 'read-only: the dead letters are the rest' "$events" "$scratch/read-only.yaml"
}

new_data full-queue
full 'full-queue' "$SCANPIPE_DATA"
full 'full-everything' "$small"
read_only
finish
