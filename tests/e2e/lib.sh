# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by the tests
#
# For the end-to-end tests to source: TAP, a scratch folder, processes that end with the test, and
# pipelines to run.  Nothing here waits without a bound.
#
#   top_builddir, SCANPIPE, SCANAPI_SIM   where the programs are
#   SCANPIPE_TEST_SCALE                   a factor for the numbers of events (0.1: a tenth)
#   SCANPIPE_SANITIZED=1                  slower by far: times are longer, memory is not looked at
#   SCANPIPE_TEST_KEEP=1                  leaves the scratch folder
#   SCANPIPE_TEST_SEED                    repeats a run's chance

set -u
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
conf=$root/conf
build=$(cd "${top_builddir:-.}" && pwd)
# shellcheck source=tests/e2e/tap.sh
. "$here/tap.sh"
read -ra scanpipe <<<"${SCANPIPE:-$build/scanpipe}"
sim=${SCANAPI_SIM:-$build/tools/scanapi_sim/scanapi-sim}
seed=${SCANPIPE_TEST_SEED:-$((SRANDOM % 1000000))}

declare -A children=() # pid -> name
scratch=$(mktemp -d "${TMPDIR:-/tmp}/scanpipe-e2e-XXXXXX")
sim_pid=''
STATUS=0 PID=0 ELAPSED_MS=0

clean_up() {
    local pid
    exec 2>/dev/null
    for pid in "${!children[@]}"; do
        kill -KILL "$pid"
    done
    wait
    if [ -n "${SCANPIPE_TEST_KEEP:-}" ]; then
        echo "# kept: $scratch"
    else
        rm -rf "$scratch"
    fi
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# ---- TAP, beside tap.sh

last_lines() { # FILE [LINES]
    if [ -s "$1" ]; then
        echo "${1##*/}:"
        tail -n "${2:-15}" "$1"
    fi
}

# check NAME COMMAND...: passes where the command does
check() {
    local name=$1 status
    shift
    "$@" >"$scratch/check.out" 2>&1
    status=$?
    ok "$name" "$status" "failed: $*" "$(last_lines "$scratch/check.out" 30)"
}

# at_most NAME GOT BOUND
at_most() {
    local status=0
    [ -n "$2" ] && [ "$2" -le "$3" ] || status=1
    ok "$1 ($2, at most $3)" "$status"
}

# at_least NAME GOT BOUND
at_least() {
    local status=0
    [ -n "$2" ] && [ "$2" -ge "$3" ] || status=1
    ok "$1 ($2, at least $3)" "$status"
}

# skip NAME REASON
skip() {
    ok "$1 # SKIP $2" 0
}

skip_all() { # REASON
    echo "1..0 # SKIP $1"
    exit 0
}

finish() {
    plan "$tap_told"
    tap_end
    exit
}

bail() {
    echo "Bail out! $1"
    exit 1
}

# ---- What slow builds need

sanitized() {
    [ -n "${SCANPIPE_SANITIZED:-}" ] || grep -aqs -e __asan_init -e __tsan_init "${scanpipe[-1]}"
}

patience=1
if sanitized; then
    patience=5
fi
leisure=4 # what comes at once may take so many times as long where others work beside; who waits loses nothing
permille=$(awk -v factor="${SCANPIPE_TEST_SCALE:-1}" 'BEGIN { printf "%d", factor * 1000 }')

scaled() { # NUMBER [LEAST]
    local number=$(($1 * permille / 1000))
    echo $((number > ${2:-1} ? number : ${2:-1}))
}

[ -x "$sim" ] || skip_all "scanapi-sim was not built ($sim)"
command -v "${scanpipe[0]}" >/dev/null || skip_all "scanpipe was not built (${scanpipe[0]})"
command -v python3 >/dev/null || skip_all "python3 is not installed"
echo "# seed $seed (SCANPIPE_TEST_SEED repeats it)"

# A number below BOUND, from the seed.
RANDOM=$((seed % 32768))
dice() { # BOUND
    echo $(((RANDOM * 32768 + RANDOM) % $1))
}

# ---- Time and processes

now_ms() {
    echo $((${EPOCHREALTIME/./} / 1000))
}

wait_until() { # SECONDS COMMAND...: looks again and again; fails where time runs out on a machine with time
    local end=$(($(now_ms) + $1 * 1000 * patience * leisure))
    shift
    until "$@"; do
        [ "$(now_ms)" -lt "$end" ] || return 1
        sleep 0.02
    done
}

ended() { # PID
    ! kill -0 "$1" 2>/dev/null
}

exists() {
    [ -e "$1" ]
}

has_line() { # FILE PATTERN
    grep -qs -e "$2" "$1"
}

adopt() { # PID NAME
    children[$1]=$2
}

# Waits for the end of a child; STATUS is its exit status, 124 where it had to be killed.
await_end() { # PID SECONDS
    local killed=''
    wait_until "$2" ended "$1" || { killed=1; kill -KILL "$1"; }
    wait "$1" 2>/dev/null
    STATUS=$?
    [ -z "$killed" ] || STATUS=124
    unset "children[$1]"
}

stop() { # PID [SIGNAL [SECONDS]]: STATUS as await_end, ELAPSED_MS how long it took
    local begun
    begun=$(now_ms)
    kill "-${2:-TERM}" "$1"
    await_end "$1" "${3:-20}"
    ELAPSED_MS=$(($(now_ms) - begun))
}

# Ends a child as a crash would, and reaps it, as supervision does.
kill_hard() { # PID
    kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    unset "children[$1]"
}

# ---- The feed

sim_start() { # OPTION...: sets sim_pid, sim_port, SCAN_API_URL
    sim_stop
    rm -f "$scratch/sim.out" # of another one: its address is not ours
    "$sim" "$@" --port 0 --lifetime 1800 >"$scratch/sim.out" 2>"$scratch/sim.err" &
    sim_pid=$!
    adopt "$sim_pid" sim
    wait_until 10 has_line "$scratch/sim.out" '^listening' ||
        bail "scanapi-sim $* does not start: $(cat "$scratch/sim.err")"
    SCAN_API_URL=$(sed -n 's/^listening on //p' "$scratch/sim.out")
    export SCAN_API_URL
    sim_port=${SCAN_API_URL##*:}
}

sim_stop() {
    [ -z "$sim_pid" ] || kill_hard "$sim_pid"
    sim_pid=''
}

sim_get() { # PATH: prints the body's first line
    local line socket
    exec {socket}<>"/dev/tcp/127.0.0.1/$sim_port" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n' "$1" >&"$socket"
    while IFS= read -r -t 10 line <&"$socket" && [ "$line" != $'\r' ]; do :; done
    IFS= read -r -t 10 line <&"$socket"
    exec {socket}>&-
    printf '%s\n' "$line"
}

sim_set() { # NAME=VALUE[&...]
    [ "$(sim_get "/_sim/set?$1")" = '{"set":true}' ] || bail "scanapi-sim does not take $1"
}

sim_stat() { # NAME
    field "$1" "$(sim_get /_sim/stats)"
}

# All elements of the feed, good and bad, one a line, for the oracle.
sim_print() { # FILE OPTION...
    "$sim" "${@:2}" --print-all >"$1" ||
        bail "scanapi-sim ${*:2} --print-all fails"
}

# ---- Pipelines

field() { # NAME JSON: the value of a member that is a number, a word or plain text
    [[ $2 =~ \"$1\":\"?([^,\"}]*) ]] && echo "${BASH_REMATCH[1]}"
}

# Every test of the main job folds by the table that the project ships.
write_conf() { # FILE, the rest of it on standard input
    { cat && sed -n '/^table:/,$p' "$conf/quickstart.yaml"; } >"$1"
}

# Pauses that fit a test; for any stage.
quick='retry: {initial: 20ms, max: 200ms, refused: 100ms}'

# A folder for one story's database files, named by SCANPIPE_DATA.
new_data() { # NAME
    export SCANPIPE_DATA=$scratch/$1
    rm -rf "$SCANPIPE_DATA"
    mkdir -p "$SCANPIPE_DATA"
}

# Runs until all is done; STATUS is its exit status (124: it did not end in time), the summary is in
# NAME.json and the log in NAME.log.
longest=60
run_pipeline() { # NAME FILE [OPTION...]
    timeout -k 5 $((longest * patience * leisure)) "${scanpipe[@]}" -c "$2" --until-caught-up --json "${@:3}" \
        >"$scratch/$1.json" 2>"$scratch/$1.log"
    STATUS=$?
}

start_pipeline() { # NAME FILE [OPTION...]: sets PID
    "${scanpipe[@]}" -c "$2" "${@:3}" >"$scratch/$1.json" 2>>"$scratch/$1.log" &
    PID=$!
    adopt "$PID" "$1"
}

runs() { # NAME FILE [OPTION...]: run_pipeline as a test
    run_pipeline "$@"
    ok "$1 ends by itself" "$STATUS" "exit status $STATUS" "$(last_lines "$scratch/$1.log")"
}

summary() { # NAME FIELD
    field "$2" "$(cat "$scratch/$1.json")"
}

query() { # DB SQL [VALUE...]
    python3 "$here/tool.py" query "$@"
}

# Another process has the database for itself from lock to unlock.
lock() { # DB
    python3 "$here/tool.py" lock "$1" "$scratch/locked" &
    lock_pid=$!
    adopt "$lock_pid" lock
    wait_until 10 exists "$scratch/locked" || bail "no lock of $1 is to be had"
}

unlock() {
    rm "$scratch/locked"
    await_end "$lock_pid" 10
}

# Freezes a process while it is in no transaction: inside one it would hold the file, as any lock does.
freeze() { # PID DB
    local try
    for try in {1..50}; do
        kill -STOP "$1"
        sleep 0.05
        python3 "$here/tool.py" is-free "$2" && return
        kill -CONT "$1"
        sleep "0.0$((try % 7))"
    done
    bail "process $1 is always in a transaction of $2"
}

has_rows() { # DB [MORE-THAN]
    local count
    count=$(query "$1" 'SELECT count(*) FROM ParcelSummary' 2>/dev/null)
    [ "${count:-0}" -gt "${2:-0}" ]
}

leases() { # QUEUE-DB: how many messages somebody holds
    query "$1" 'SELECT count(*) FROM QueueLeases WHERE EndsAt > 0' 2>/dev/null
}

has_leases() { # QUEUE-DB
    [ "$(leases "$1")" -gt 0 ]
}

has_no_leases() { # QUEUE-DB
    ! has_leases "$1"
}

cursor() { # STATE-DB: the id up to which the feed was read
    query "$1" "SELECT json_extract(CAST(Value AS TEXT), '\$.at') FROM PipelineState WHERE Name = 'poller'" \
        2>/dev/null
}

cursor_beyond() { # STATE-DB ID
    local at
    at=$(cursor "$1")
    [ "${at:-0}" -gt "$2" ]
}

letters() { # DB [WHERE]: how many dead letters there are; the store is made when there is one
    if [ -n "$(query "$1" "SELECT 1 FROM sqlite_master WHERE name = 'FailedEvents'" 2>/dev/null)" ]; then
        query "$1" "SELECT count(*) FROM FailedEvents WHERE ${2:-1}"
    else
        echo 0
    fi
}

# table_equals NAME DB EVENTS: the table is the oracle's
table_equals() {
    check "$1" python3 "$here/oracle.py" --compare "$2" "$3"
}

# letters_equal NAME EVENTS FILE...: the dead letters of the files' pipelines are what the oracle says cannot
# be in the table
letters_equal() {
    local name=$1 events=$2 number=0 file options=()
    shift 2
    for file; do
        number=$((number + 1))
        "${scanpipe[@]}" dlq list -c "$file" --json >"$scratch/letters.$number" 2>"$scratch/dlq.err" ||
            ok "$name: dlq list" 1 "$(last_lines "$scratch/dlq.err")"
        options+=(--letters "$scratch/letters.$number")
    done
    check "$name" python3 "$here/oracle.py" "${options[@]}" "$events"
}

# queue_is_empty NAME DB
queue_is_empty() {
    is "$1" '0|0' \
        "$(query "$2" 'SELECT (SELECT count(*) FROM QueueMessages), (SELECT count(*) FROM QueueLeases)')"
}

# ---- Stages that misbehave on purpose (tests/plugins)

use_test_plugins() {
    local folder path=$build/tests/plugins/.libs
    for folder in "$build"/plugins/*/.libs; do
        path+=:$folder
    done
    export SCANPIPE_PLUGIN_PATH=$path
    [ -e "$build/tests/plugins/.libs/sink_fault.so" ] || skip_all "the plugins of tests/plugins were not built"
    ulimit -c 0
}

# around WRAPPER INNER OPTIONS [MORE]: the body of a stage's block, in one line; MORE is what the wrapper and
# the core are told
around() {
    echo "plugin: $1, inner: $2, options: {$3}${4:+, $4}"
}
