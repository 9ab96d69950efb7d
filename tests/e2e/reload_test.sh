#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SIGHUP reads the file again: a good one is followed by the process as it runs, a bad one changes nothing.  And
# the cursor stands for what one queue was sent, and for no other.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# reload_conf FILE [SED-EXPRESSION...]: the usual pipeline, edited
reload_conf() {
    local file=$1 edits=()
    shift
    for edit; do
        edits+=(-e "$edit")
    done
    write_conf "$file.new" <<YAML
name: reload
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 200, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 50}}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/state.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/state.db"}
sink: {path: "\${SCANPIPE_DATA}/out.db", workers: 2, batch: {events: 200}, timeout: 1s, $quick}
log: {level: info}
YAML
    [ "${#edits[@]}" -eq 0 ] || sed -i "${edits[@]}" "$file.new"
    mv "$file.new" "$file" # at once: the file is never half written
}

logged() { # NAME PATTERN TIMES
    [ "$(grep -cs -e "$2" "$scratch/$1.log")" -ge "$3" ]
}

reloaded() { # NAME TIMES: has gone on with what the file says so often
    logged "$1" 'goes on with what' "$2"
}

# Given a pipeline at work, when its file changes and it gets SIGHUP, then the new options are in force, and all
# events arrive once in effect; the summary counts both parts.
followed_under_load() {
    local events=$scratch/load.ndjson yaml=$scratch/load.yaml pid
    local feed=(--generate --seed "$seed" --events "$(scaled 20000 4000)" --malformed 1)
    new_data load
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --delay 50
    reload_conf "$yaml"
    start_pipeline load "$yaml" --until-caught-up --json
    pid=$PID
    check 'at work' wait_until 20 has_rows "$SCANPIPE_DATA/out.db"
    reload_conf "$yaml" 's/workers: 2/workers: 5/' 's/events: 200/events: 37/' 's/level: info/format: json/' \
        's/page_size: 200/page_size: 100/'
    kill -HUP "$pid"
    check 'the new file is followed' wait_until 20 reloaded load 1
    check 'with its options' wait_until 20 has_line "$scratch/load.log" '"message":"polls from'
    sed -i 's/workers: 5/workerz: 5/' "$yaml"
    kill -HUP "$pid"
    check 'a mistake is told as the log is' wait_until 20 has_line "$scratch/load.log" '^{.*unknown key .workerz'
    reload_conf "$yaml"
    kill -HUP "$pid"
    check 'and the next one' wait_until 20 reloaded load 2
    kill -HUP "$pid"
    kill -HUP "$pid"
    check 'and two at once' wait_until 20 reloaded load 3
    sim_set delay=0
    await_end "$pid" 60
    is 'it ends by itself' "$STATUS" 0
    table_equals "the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    letters_equal 'and so are the dead letters' "$events" "$yaml"
    queue_is_empty 'the queue is empty' "$SCANPIPE_DATA/queue.db"
    # What was read ahead when the file changed is read again; so no more than this is sure.
    at_least 'the summary counts what was written before and after' "$(summary load events_written)" \
        "$(($(wc -l <"$events") - $(letters "$SCANPIPE_DATA/state.db" 1=1)))"
    is 'and is not called stopped' "$(summary load stopped)" false
}

# Given a pipeline at work, when the file is wrong, or is another pipeline's, then that is told, and it goes on as
# before.
refused_changes_nothing() {
    local events=$scratch/refused.ndjson yaml=$scratch/refused.yaml pid line
    local feed=(--generate --seed "$seed" --events "$(scaled 8000 3000)")
    new_data refused
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --delay 100
    reload_conf "$yaml"
    start_pipeline refused "$yaml"
    pid=$PID
    check 'refused: at work' wait_until 20 has_rows "$SCANPIPE_DATA/out.db"

    reload_conf "$yaml" 's/workers: 2/workerz: 2/'
    line=$(grep -n workerz "$yaml" | cut -d: -f1)
    kill -HUP "$pid"
    check 'a mistake is told with its place' wait_until 10 has_line "$scratch/refused.log" \
        "refused.yaml:$line:.*unknown key 'workerz'"
    check 'with what was meant' has_line "$scratch/refused.log" "did you mean 'workers'"
    check 'and that it goes on' wait_until 10 has_line "$scratch/refused.log" 'cannot be used as it is'
    rm "$yaml"
    kill -HUP "$pid"
    check 'a file that is not there' wait_until 10 has_line "$scratch/refused.log" \
        'cannot read .*refused.yaml: No such file.*; going on as before'
    is 'is told once' "$(grep -c 'No such file' "$scratch/refused.log")" 1
    is 'and only so' "$(grep -c 'cannot be used as it is' "$scratch/refused.log")" 1

    reload_conf "$yaml" 's/^name: reload/name: other/'
    kill -HUP "$pid"
    check 'another name' wait_until 10 has_line "$scratch/refused.log" "now called 'other', and was 'reload'"
    reload_conf "$yaml" 's/queue.db/elsewhere.db/'
    kill -HUP "$pid"
    check 'another queue' wait_until 10 has_line "$scratch/refused.log" 'the queue is now .*elsewhere.db.*abandon'
    reload_conf "$yaml" '/^state:/s/state.db/cursor.db/'
    kill -HUP "$pid"
    check 'another state' wait_until 10 has_line "$scratch/refused.log" 'the state is now .*cursor.db'
    reload_conf "$yaml" '/PickedUpAtUtc/s/keep: first/keep: last/'
    kill -HUP "$pid"
    check 'other rules' wait_until 10 has_line "$scratch/refused.log" "the table's rules are not those"
    is 'refused: it has never stopped' "$(grep -c 'polls from' "$scratch/refused.log")" 1
    is 'refused: and follows none of them' "$(grep -c 'goes on with what' "$scratch/refused.log")" 0

    reload_conf "$yaml" 's/workers: 2/workers: 3/'
    kill -HUP "$pid"
    check 'the next good one is followed' wait_until 20 reloaded refused 1
    sim_set delay=0
    check "refused: the table is the oracle's" \
        wait_until 30 python3 "$here/oracle.py" --compare "$SCANPIPE_DATA/out.db" "$events"
    stop "$pid"
    is 'refused: it ends on SIGTERM' "$STATUS" 0
    check 'refused: nothing went elsewhere' nothing_elsewhere
}

nothing_elsewhere() {
    ! exists "$SCANPIPE_DATA/elsewhere.db" && ! exists "$SCANPIPE_DATA/cursor.db"
}

# Given a queue in memory, then it is not drained into nothing.
memory_is_not_lost() {
    local yaml=$scratch/memory.yaml
    new_data memory
    sim_start --generate --seed "$seed" --events 500
    reload_conf "$yaml" 's/^queue:.*/queue: {plugin: memory}/' 's/^state:.*/state: {plugin: memory}/'
    start_pipeline memory "$yaml"
    wait_until 20 has_rows "$SCANPIPE_DATA/out.db"
    kill -HUP "$PID"
    check 'a queue in memory is not given up' wait_until 10 has_line "$scratch/memory.log" 'would lose what it holds'
    stop "$PID"
    is 'memory: it ends on SIGTERM' "$STATUS" 0
}

# Given a sink that is away, when the file changes, then the new options hold for the same events; and a stop in
# the midst of it ends the process.
in_an_outage() {
    local events=$scratch/outage.ndjson yaml=$scratch/outage.yaml pid
    local feed=(--generate --seed "$seed" --events "$(scaled 6000 2000)")
    new_data outage
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}"
    reload_conf "$yaml" 's|/out.db|/away/out.db|'
    start_pipeline outage "$yaml"
    pid=$PID
    check 'a sink that is away is told' wait_until 20 has_line "$scratch/outage.log" 'away/out.db'
    reload_conf "$yaml"
    kill -HUP "$pid"
    check 'outage: the file is followed' wait_until 20 reloaded outage 1
    check 'outage: into the sink that is there' \
        wait_until 30 python3 "$here/oracle.py" --compare "$SCANPIPE_DATA/out.db" "$events"
    is 'outage: nothing is buried' "$(letters "$SCANPIPE_DATA/state.db")" 0
    stop "$pid"
    is 'outage: it ends on SIGTERM' "$STATUS" 0

    # Locked, so that what is in flight takes its time to be handed back.
    rm -f "$SCANPIPE_DATA"/*.db*
    sim_start "${feed[@]}" --delay 30
    start_pipeline 'outage stop' "$yaml"
    pid=$PID
    wait_until 20 has_rows "$SCANPIPE_DATA/out.db"
    lock "$SCANPIPE_DATA/out.db"
    wait_until 10 has_leases "$SCANPIPE_DATA/queue.db"
    kill -HUP "$pid"
    wait_until 10 has_line "$scratch/outage stop.log" 'the file is good'
    stop "$pid"
    is 'a stop while the file is followed ends the process' "$STATUS" 0
    at_most 'promptly, in ms' "$ELAPSED_MS" $((8000 * patience))
    is 'and what it held is handed back' "$(leases "$SCANPIPE_DATA/queue.db")" 0
    unlock
    sim_set delay=0
    runs 'outage: the rest' "$yaml"
    table_equals "outage: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
}

# Given a cursor that stands for what one queue was sent, when the pipeline is started with another queue, then it
# does not poll but says so; with --abandon it does.
another_queue_at_the_start() {
    local yaml=$scratch/queue.yaml pid
    new_data queue
    sim_start --generate --seed "$seed" --events 2000
    reload_conf "$yaml"
    runs 'queue: first' "$yaml"
    reload_conf "$yaml" 's/queue.db/elsewhere.db/'
    start_pipeline queue "$yaml" --until-caught-up
    pid=$PID
    check 'another queue is told, with the cure' wait_until 10 has_line "$scratch/queue.log" \
        'the cursor stands for what the queue .*queue.db.*elsewhere.db.*abandon'
    sleep 1
    is 'and nothing is read' "$(grep -c 'polls from' "$scratch/queue.log")" 0
    check 'it waits' kill -0 "$pid"
    stop "$pid"
    is 'queue: it ends on SIGTERM' "$STATUS" 0
    runs 'queue: abandoned' "$yaml" --abandon
    check 'with --abandon that is told' has_line "$scratch/queue: abandoned.log" 'leaves what the queue'
    runs 'queue: from then on it is the queue' "$yaml"
    is 'queue: and that is told no more' "$(grep -c 'leaves what the queue' "$scratch/queue: from then on it is the queue.log")" 0
}

followed_under_load
refused_changes_nothing
memory_is_not_lost
in_an_outage
another_queue_at_the_start
finish
