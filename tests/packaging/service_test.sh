#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scanpipe as a service: what a service manager hears, when the watchdog is fed and when it is not, and
# whether the unit, the user and the folders are what systemd takes.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

use_test_plugins
# shellcheck disable=SC2016 # the program's variable
out='path: "${SCANPIPE_DATA}/out.db"'
watchdog_ms=2000
sanitized && watchdog_ms=5000
marks=0

service_conf() { # FILE SINK-BLOCK [MORE]
    write_conf "$1" <<YAML
name: service
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 200, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 50}}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/state.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/state.db"}
sink: {$2}
${3:-}
YAML
}

# listen NAME [SOCKET]: what is told from now on comes to NAME.heard
listen() {
    heard=$scratch/$1.heard
    socket=${2:-$scratch/$1.socket}
    python3 "$(dirname "${BASH_SOURCE[0]}")/notify_listener.py" "$socket" "$heard" 2>"$scratch/$1.ear" &
    ear_pid=$!
    adopt "$ear_pid" ear
    wait_until 10 has_line "$heard" LISTENING || bail "nobody listens: $(cat "$scratch/$1.ear")"
}

start_service() { # NAME FILE: with the watchdog of a unit
    NOTIFY_SOCKET=$socket WATCHDOG_USEC=$((watchdog_ms * 1000)) start_pipeline "$1" "$2"
}

# Until all that was told so far is in NAME.heard: it comes in order.
hear_out() {
    marks=$((marks + 1))
    python3 -c 'import socket, sys
name = sys.argv[1]
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(
    sys.argv[2].encode(), "\0" + name[1:] if name.startswith("@") else name)' "$socket" "MARK=$marks
"
    wait_until 20 has_line "$heard" " MARK=$marks\$" || bail "the ear is deaf: $(cat "$scratch"/*.ear)"
}

heard_times() { # PATTERN
    grep -cs -e " $1" "$heard"
}

beats_more() { # THAN
    [ "$(heard_times WATCHDOG=1)" -gt "$1" ]
}

# The longest silence between two heartbeats, in milliseconds, up to the stop, or to when it ended without one.
longest_silence() { # [ENDED-MS]
    python3 - "$heard" "${1:-}" <<'PYTHON'
import sys
lines = [line.split(" ", 1) for line in open(sys.argv[1])]
times = [int(at) for at, text in lines if text == "WATCHDOG=1\n"]
ends = [int(at) for at, text in lines if text == "STOPPING=1\n"] or [int(sys.argv[2])]
print(max(b - a for a, b in zip(times, times[1:] + ends)) if times else 999999)
PYTHON
}

# heard_in_order PATTERN...: each behind the one before, from the READY of the start on
heard_in_order() {
    python3 - "$heard" "$@" <<'PYTHON'
import re, sys
wanted = [" READY=1"] + sys.argv[2:]
for line in open(sys.argv[1]):
    if wanted and re.search(wanted[0], line):
        wanted.pop(0)
sys.exit(bool(wanted))
PYTHON
}

# Given a manager that listens, when a pipeline runs, is reloaded and stopped, then it hears of it in order.
a_life() { # NAME SOCKET
    local yaml=$scratch/$1.yaml pid
    new_data "$1"
    listen "$1" "$2"
    service_conf "$yaml" "$out"
    start_service "$1" "$yaml"
    pid=$PID
    check "$1: READY" wait_until 20 has_line "$heard" ' READY=1'
    check "$1: a status that says how far it is" \
        wait_until 20 has_line "$heard" 'STATUS=caught up; read 500 .*written 500'
    check "$1: the watchdog is fed" wait_until 20 beats_more 3
    kill -HUP "$pid"
    check "$1: SIGHUP: RELOADING, then READY" \
        wait_until 20 heard_in_order ' RELOADING=1' ' MONOTONIC_USEC=[0-9]' ' READY=1'
    sed -i 's/plugin: scanapi/plugin: scanapy/' "$yaml"
    kill -HUP "$pid"
    check "$1: a bad file: also" \
        wait_until 20 heard_in_order ' RELOADING=1' ' READY=1' ' RELOADING=1' ' READY=1'
    check "$1: and the status says so" wait_until 20 has_line "$heard" 'STATUS=.*refused at the last reload'
    stop "$pid"
    is "$1: it ends" "$STATUS" 0
    hear_out
    check "$1: STOPPING, with its bound" heard_in_order ' STOPPING=1' ' EXTEND_TIMEOUT_USEC=25000000'
    at_most "$1: no silence beyond what the manager allows" "$(longest_silence)" "$watchdog_ms"
    kill_hard "$ear_pid"
}

# Given a server that is away from the start, then the service is ready, says what holds it up, and lives on.
away() {
    local yaml=$scratch/away.yaml
    new_data away
    listen away
    service_conf "$yaml" "path: '\${SCANPIPE_DATA}/no/folder/out.db', $quick"
    start_service away "$yaml"
    check 'away: ready all the same' wait_until 20 has_line "$heard" ' READY=1'
    check 'away: the status says what is held, and why' \
        wait_until 20 has_line "$heard" 'STATUS=held up by the sink for [0-9].*folder/out.db'
    check 'away: the watchdog is fed' wait_until 40 beats_more 3
    stop "$PID"
    hear_out
    at_most 'away: no silence' "$(longest_silence)" "$watchdog_ms"
    kill_hard "$ear_pid"
}

# Given a sink that hangs in a call, deaf to everything, for longer than the watchdog waits, then the watchdog is
# fed: a slow server does not count.  When hang_timeout is over, the engine itself ends the process.
slow_sink() {
    local yaml=$scratch/slow.yaml ended
    new_data slow
    listen slow
    service_conf "$yaml" "$(around hang sqlite "$out" 'operation: write, timeout: 1s')" \
        "hang_timeout: $((watchdog_ms * 3 / 1000))s"
    start_service slow "$yaml"
    check 'slow: it hangs' wait_until 20 has_leases "$SCANPIPE_DATA/queue.db"
    await_end "$PID" 60
    ended=$(now_ms)
    hear_out
    is 'slow: past hang_timeout it is aborted' "$STATUS" 134
    check 'slow: which is told' has_line "$scratch/slow.log" 'hangs: a call is past its deadline'
    at_least 'slow: the watchdog was fed all the time' "$(heard_times WATCHDOG=1)" 6
    at_most 'slow: without a silence' "$(longest_silence "$ended")" "$watchdog_ms"
    kill_hard "$ear_pid"
}

# Given a plugin that opens for longer than the watchdog waits, at the start and at a reload, then the watchdog is
# fed: that is the plugin's time.  When hang_timeout is over, it is fed no more.
slow_open() {
    local yaml=$scratch/open.yaml holds=$scratch/open.holds before
    new_data open
    listen open
    service_conf "$yaml" "$(around hang sqlite "$out" "operation: open, while_file: '$holds'")" \
        "hang_timeout: $((watchdog_ms * 3 / 1000))s"
    touch "$holds"
    start_service open "$yaml"
    check 'open: the manager hears how long a start may take' \
        wait_until 20 has_line "$heard" " EXTEND_TIMEOUT_USEC=$((watchdog_ms * 3000 + 5000000))"
    check 'open: the start is slow, and the watchdog is fed' wait_until 20 beats_more 3
    is 'open: it is not ready yet' "$(heard_times READY=1)" 0
    rm "$holds"
    check 'open: ready' wait_until 20 heard_in_order
    before=$(heard_times WATCHDOG=1)
    touch "$holds"
    kill -HUP "$PID"
    check 'open: a reload that is slow, and the watchdog is fed' wait_until 20 beats_more "$((before + 3))"
    check 'open: the manager hears how long a reload may take' \
        heard_in_order ' RELOADING=1' " EXTEND_TIMEOUT_USEC=$((watchdog_ms * 3000 + 25000000))\$"
    at_most 'open: without a silence' "$(longest_silence "$(now_ms)")" "$watchdog_ms"
    check 'open: beyond hang_timeout it is told' \
        wait_until 30 has_line "$scratch/open.log" 'that loads and opens the stages stands still'
    hear_out
    before=$(heard_times WATCHDOG=1)
    sleep $((watchdog_ms / 1000))
    is 'open: and the watchdog is fed no more' "$(heard_times WATCHDOG=1)" "$before"
    rm "$holds"
    check 'open: ready again' wait_until 20 heard_in_order ' RELOADING=1' ' READY=1'
    check 'open: the watchdog is fed again' wait_until 20 beats_more "$((before + 1))"
    stop "$PID"
    is 'open: it ends' "$STATUS" 0
    kill_hard "$ear_pid"
}

# Given stages that take long to open, at the start or at a reload, when it is asked to stop, then it does so at once,
# for nothing is held.
stop_opening() { # NAME [HUP]: stopped at the start, or at a reload
    local yaml=$scratch/$1.yaml holds=$scratch/$1.holds opening=' STATUS=loading and opening'
    new_data "$1"
    listen "$1"
    service_conf "$yaml" "$(around hang sqlite "$out" "operation: open, while_file: '$holds'")"
    [ "${2:-}" ] || touch "$holds"
    start_service "$1" "$yaml"
    if [ "${2:-}" ]; then
        check "$1: ready" wait_until 20 heard_in_order
        touch "$holds"
        kill -HUP "$PID"
        check "$1: it opens" wait_until 30 heard_in_order ' RELOADING=1' "$opening"
    else
        check "$1: it opens" wait_until 20 has_line "$heard" "$opening"
    fi
    sleep 0.5
    stop "$PID" TERM 30
    is "$1: it ends as ever" "$STATUS" 0
    hear_out
    is "$1: it said that it stops" "$(heard_times STOPPING=1)" 1
    check "$1: and so for people" has_line "$scratch/$1.log" 'SIGTERM: stopping'
    kill_hard "$ear_pid"
}

sticky_conf() { # FILE HANGS: a thread stands still outside of every call while HANGS is there
    service_conf "$1" "$out"
    sed -i "s|^source: {plugin: scanapi, \\(.*\\)}\$|source: {$(around hang scanapi 'XXX' \
        "operation: text_of, while_file: '$2'")}|" "$1"
    sed -i 's|XXX|url: "${SCAN_API_URL}", page_size: 200, poll_interval: 100ms|' "$1"
}

# Reading the file again takes until somebody writes to it.
slow_reload() { # NAME FILE PID
    rm "$2"
    mkfifo "$2"
    kill -HUP "$3"
    wait_until 20 has_line "$scratch/$1.log" 'SIGHUP: reads'
}

# Given one thread that stands still outside of every call, while all others go on, then the watchdog is fed no
# more; and again when it goes on.
stuck_thread() {
    local yaml=$scratch/stuck.yaml
    new_data stuck
    listen stuck
    sticky_conf "$yaml" "$scratch/stuck.hangs"
    start_service stuck "$yaml"
    check 'stuck: it runs' wait_until 20 has_line "$heard" 'written 500'
    touch "$scratch/stuck.hangs"
    check 'stuck: the thread is named' wait_until 30 has_line "$scratch/stuck.log" 'the thread [a-z]* stands still'
    hear_out
    before=$(heard_times WATCHDOG=1)
    sleep $((watchdog_ms / 1000))
    is 'stuck: the watchdog is fed no more' "$(heard_times WATCHDOG=1)" "$before"
    rm "$scratch/stuck.hangs"
    check 'stuck: it goes on, and the watchdog is fed again' wait_until 20 beats_more "$((before + 2))"
    stop "$PID"
    is 'stuck: it ends' "$STATUS" 0
    kill_hard "$ear_pid"
}

# Given such a thread, when the file is read again, slowly, then the watchdog is fed no more than before, and
# nothing is said of going on.
stuck_reload() {
    local yaml=$scratch/again.yaml before
    new_data again
    listen again
    sticky_conf "$yaml" "$scratch/again.hangs"
    start_service again "$yaml"
    check 'again: it runs' wait_until 20 has_line "$heard" 'written 500'
    touch "$scratch/again.hangs"
    check 'again: the thread is named' wait_until 30 has_line "$scratch/again.log" 'the thread [a-z]* stands still'
    check 'again: the file is read' slow_reload again "$yaml" "$PID"
    hear_out
    before=$(heard_times WATCHDOG=1)
    sleep "$((watchdog_ms * 2 / 1000))"
    hear_out
    is 'again: the watchdog is not fed' "$(heard_times WATCHDOG=1)" "$before"
    is 'again: no thread is said to go on' "$(grep -c 'go on again' "$scratch/again.log")" 0
    rm "$scratch/again.hangs"
    check 'again: it goes on, while the file is read, and the watchdog is fed again' \
        wait_until 20 beats_more "$((before + 2))"
    echo 'name: service' >"$yaml"
    check 'again: and on as before' wait_until 20 has_line "$scratch/again.log" 'going on as before'
    stop "$PID"
    is 'again: it ends' "$STATUS" 0
    kill_hard "$ear_pid"
}

# Given a sink that hangs in a call, when the file is read again, slowly, then hang_timeout counts meanwhile.
slow_sink_reload() {
    local yaml=$scratch/both.yaml
    new_data both
    listen both
    service_conf "$yaml" "$(around hang sqlite "$out" 'operation: write, timeout: 1s')" 'hang_timeout: 3s'
    start_service both "$yaml"
    check 'both: it hangs' wait_until 20 has_leases "$SCANPIPE_DATA/queue.db"
    check 'both: the file is read' slow_reload both "$yaml" "$PID"
    await_end "$PID" 60
    is 'both: past hang_timeout it is aborted' "$STATUS" 134
    kill_hard "$ear_pid"
}

# Given a process that stands still as a whole, then nothing is told; when it goes on it lives, and blames nobody.
frozen() {
    local yaml=$scratch/frozen.yaml before
    new_data frozen
    listen frozen
    service_conf "$yaml" "$out"
    start_service frozen "$yaml"
    check 'frozen: it runs' wait_until 20 beats_more 1
    freeze "$PID" "$SCANPIPE_DATA/out.db"
    hear_out
    before=$(heard_times WATCHDOG=1)
    sleep "$((watchdog_ms * 2 / 1000))"
    is 'frozen: the watchdog is not fed' "$(heard_times WATCHDOG=1)" "$before"
    kill -CONT "$PID"
    check 'frozen: it lives on' wait_until 20 beats_more "$((before + 3))"
    is 'frozen: no thread is blamed' "$(grep -c 'stands still' "$scratch/frozen.log")" 0
    stop "$PID"
    kill_hard "$ear_pid"
}

# Given a stop that takes its time, because the sink hangs in a write, then the manager is told how long it may
# take, and the watchdog is fed until the end.
slow_stop() {
    local yaml=$scratch/stop.yaml
    new_data stop
    listen stop
    service_conf "$yaml" "$(around hang sqlite "$out" 'operation: write, timeout: 60s')" \
        "shutdown_grace: $((watchdog_ms * 2 / 1000))s"
    start_service stop "$yaml"
    check 'stop: it hangs' wait_until 20 has_leases "$SCANPIPE_DATA/queue.db"
    sleep 0.5
    stop "$PID" TERM 60
    is 'stop: the grace is over: it ends without the sink' "$STATUS" 70
    hear_out
    check 'stop: the bound was told' \
        heard_in_order ' STOPPING=1' " EXTEND_TIMEOUT_USEC=$((watchdog_ms * 2000 + 5000000))"
    check 'stop: the watchdog was fed meanwhile' heard_in_order ' STOPPING=1' ' WATCHDOG=1' ' WATCHDOG=1'
    kill_hard "$ear_pid"
}

# ---- What is installed

made=$build/packaging/systemd

# Given the unit, its program and its user in a root of their own, then systemd takes it, and finds it hardened.
unit() {
    local there=$scratch/root exposure
    mkdir -p "$there/etc" "$there/usr/lib/systemd/system" "$there/usr/bin" "$there/etc/scanpipe"
    cp "$made/scanpipe@.service" "$there/unit"
    sed -e "s|^ExecStart=[^ ]*|ExecStart=$(command -v true)|" -e '/^Documentation=/d' "$there/unit" \
        >"$scratch/scanpipe@.service"
    check 'unit: systemd-analyze verify says nothing' silent systemd-analyze verify "$scratch/scanpipe@.service"
    exposure=$(systemd-analyze security --offline=true "$scratch/scanpipe@.service" |
        sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
    check "unit: exposed by $exposure, at most 1.1" \
        awk -v got="$exposure" 'BEGIN { exit !(got != "" && got <= 1.1) }'
    is 'unit: is not started again where that mends nothing' \
        "$(sed -n 's/^RestartPreventExitStatus=//p' "$there/unit")" '64 66 78'
}

silent() { # COMMAND...
    local said
    said=$("$@" 2>&1) && [ -z "$said" ] || { echo "$said"; return 1; }
}

users_and_folders() {
    local there=$scratch/root2
    mkdir -p "$there/etc"
    check 'systemd-sysusers makes the user' systemd-sysusers --root="$there" "$made/sysusers.d/scanpipe.conf"
    is 'in a folder of its own, without a shell' '/var/lib/scanpipe:/usr/sbin/nologin' \
        "$(sed -n 's/^scanpipe:x:[0-9]*:[0-9]*:[^:]*://p' "$there/etc/passwd")"
    check 'and its group' has_line "$there/etc/group" '^scanpipe:x:'
    if [ "$(id -u)" -eq 0 ]; then
        check 'systemd-tmpfiles makes the folders' \
            systemd-tmpfiles --root="$there" --create "$made/tmpfiles.d/scanpipe.conf"
        is 'what may hold secrets is for root and the service' "$(stat -c '%a %g' "$there$sysconf/scanpipe")" \
            "750 $(sed -n 's/^scanpipe:x:\([0-9]*\).*/\1/p' "$there/etc/group")"
        is 'the data is below its own folder' 755 "$(stat -c %a "$there/var/lib/scanpipe")"
    fi
}

sysconf=$(sed -n 's/^d \(.*\)\/scanpipe 0750 .*/\1/p' "$made/tmpfiles.d/scanpipe.conf")
sim_start --generate --seed "$seed" --events 500
a_life life "$scratch/life.socket"
a_life abstract "@scanpipe-test-$$-$SRANDOM"
away
slow_sink
slow_open
stop_opening early
stop_opening anew HUP
stuck_thread
stuck_reload
slow_sink_reload
frozen
slow_stop
unit
users_and_folders
finish
