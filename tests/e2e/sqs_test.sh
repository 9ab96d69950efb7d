#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job over SQS: one process and several, killed, and an outage that is much longer than a lease.
# shellcheck source=tests/e2e/sqs.sh
. "$(dirname "${BASH_SOURCE[0]}")/sqs.sh"

use_environment

crowd=() # pids

start_one() { # STORY NUMBER
    start_pipeline "$1.$2" "$scratch/$1.yaml"
    crowd[$2]=$PID
}

stop_crowd() { # NAME
    local one
    for one in "${crowd[@]}"; do
        stop "$one"
        is "$1: a process ends on SIGTERM" "$STATUS" 0
    done
    crowd=()
}

# Given a queue of SQS in the place of the embedded one, when the feed was read, then the table is the oracle's,
# with far fewer requests than messages; and a second run changes nothing.
one_process() {
    local events=$scratch/one.ndjson count
    count=$(scaled 40000 4000)
    local feed=(--generate --seed "$seed" --events "$count" --parcels $((count / 8)) --malformed 0.5
        --wide-parcels 0.2)
    use_stub
    make_queues
    new_data one
    write_sqs_conf "$scratch/one.yaml"
    sim_start "${feed[@]}" --shuffle --repeat 3
    sim_print "$events" "${feed[@]}"
    runs one "$scratch/one.yaml"
    is 'one: has caught up' "$(summary one caught_up)" true
    all_is_well one "$events" "$scratch/one.yaml"
    is 'one: every answer was good' "$(stub_stat codes)" '{}'
    is 'one: every delete was in time' "$(stub_stat queues events stale_deletes)" 0
    is 'one: each message was received once' "$(stub_stat queues events received)" \
        "$(stub_stat queues events sent)"
    runs 'one again' "$scratch/one.yaml"
    is 'one: a second run sends no event' "$(summary 'one again' events_sent)" 0
}

# Given messages of forty events, when they are done, then they are deleted ten at a time or nearly so.
full_batches() {
    local events=$scratch/batches.ndjson count sent
    count=$(scaled 20000 4000)
    use_stub
    make_queues
    new_data batches
    write_sqs_conf "$scratch/batches.yaml" 'pack: {events: 10}'
    sim_start --generate --seed "$seed" --events "$count"
    sim_print "$events" --generate --seed "$seed" --events "$count"
    runs batches "$scratch/batches.yaml"
    all_is_well batches "$events" "$scratch/batches.yaml"
    sent=$(stub_stat queues events sent)
    at_least 'batches: messages' "$sent" $((count / 10))
    at_most 'batches: requests that sent them' "$(stub_stat requests SendMessageBatch)" $((sent / 5))
    at_most 'batches: requests that deleted them' "$(stub_stat requests DeleteMessageBatch)" $((sent / 5))
}

# Given four processes on one pipeline, when one after the other is killed and started again, then the table is
# the oracle's, and nothing is buried.
four_processes() {
    local events=$scratch/four.ndjson count one kill kills
    count=$(scaled 60000 6000)
    kills=$(scaled 10 3)
    local feed=(--generate --seed "$seed" --events "$count" --parcels $((count / 8)) --malformed 0.2)
    use_stub --latency-ms 5
    make_queues
    new_data four
    write_sqs_conf "$scratch/four.yaml" 'pack: {events: 40}'
    sim_start "${feed[@]}" --shuffle --delay 50 --max-limit 200
    sim_print "$events" "${feed[@]}"
    for one in 0 1 2 3; do
        start_one four "$one"
    done
    check 'four: they are at work' wait_until 30 has_rows "$SCANPIPE_DATA/out.db"
    for ((kill = 0; kill < kills; kill++)); do
        sleep "0.$(dice 5)"
        one=$(dice 4)
        kill_hard "${crowd[one]}"
        start_one four "$one"
    done
    is 'four: the feed was not read to its end meanwhile' "$(sim_stat caught_up)" false
    sim_set 'delay=0&max-limit=10000'
    check 'four: all of it is written, by itself' wait_until 60 has_all "$events"
    stop_crowd four
    runs 'four: last' "$scratch/four.yaml"
    all_is_well four "$events" "$scratch/four.yaml"
}

has_all() { # EVENTS: the queue is drained, and the table as it must be
    is_drained && python3 "$here/oracle.py" --compare "$SCANPIPE_DATA/out.db" "$1" >/dev/null 2>&1
}

# Given a database that is away for ten times the visibility timeout, and processes that are stopped and killed
# meanwhile, when it is back, then all is written by itself: no message was given up, no event buried.
long_outage() {
    local events=$scratch/outage.ndjson count end one round=0
    count=$(scaled 20000 10000)
    local feed=(--generate --seed "$seed" --events "$count" --parcels $((count / 8)))
    use_stub
    make_queues
    new_data outage
    write_sqs_conf "$scratch/outage.yaml" 'pack: {events: 50}'
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --delay 20 --max-limit 100
    for one in 0 1; do
        start_one outage "$one"
    done
    check 'outage: they are at work' wait_until 30 has_rows "$SCANPIPE_DATA/out.db"
    lock "$SCANPIPE_DATA/out.db"
    end=$(($(now_ms) + 20000))
    while [ "$(now_ms)" -lt "$end" ]; do
        sleep 2
        one=$((round % 2))
        if ((round % 4 < 2)); then kill_hard "${crowd[one]}"; else stop "${crowd[one]}"; fi
        start_one outage "$one"
        round=$((round + 1))
    done
    at_least 'outage: what was read meanwhile waits in the queue' "$(waiting)" 10
    unlock
    check 'outage: all of it is written, by itself' wait_until 60 has_all "$events"
    stop_crowd outage
    is 'outage: no event is buried' "$(letters "$SCANPIPE_DATA/letters.db")" 0
    all_is_well outage "$events" "$scratch/outage.yaml"
}

# Given a process that waits for messages, when it is told to stop, then it does at once; given one that holds
# some which it cannot write, then it hands them back.
stops_and_hands_back() {
    use_stub
    make_queues
    new_data stop
    write_sqs_conf "$scratch/stop.yaml" 'pack: {events: 50}'
    sed -i -e 's/visibility_timeout: 2s/visibility_timeout: 60s/' -e '1i shutdown_grace: 10s' "$scratch/stop.yaml"
    sim_start --generate --seed "$seed" --events "$(scaled 5000 2000)"
    start_pipeline stop "$scratch/stop.yaml"
    check 'stop: it is at work' wait_until 30 has_rows "$SCANPIPE_DATA/out.db"
    check 'stop: and waits for more' wait_until 30 polls_on
    lock "$SCANPIPE_DATA/out.db"
    put_messages '{"EventId":1000001,"ParcelId":1,"Type":"STATUS","CreatedDateTimeUtc":"2026-01-01T00:00:00Z"}'
    check 'stop: a message is held' wait_until 20 holds_some
    stop "$PID"
    is 'stop: one that holds it ends on SIGTERM' "$STATUS" 0
    at_most 'stop: within the grace (ms)' "$ELAPSED_MS" $((11000 * patience))
    is 'stop: nothing is held' "$(stub_stat queues events in_flight)" 0
    unlock
    start_pipeline stop "$scratch/stop.yaml"
    check 'stop: another one has it at once' wait_until 10 polls_on
    stop "$PID"
    is 'stop: an idle one ends on SIGTERM' "$STATUS" 0
    at_most 'stop: at once (ms)' "$ELAPSED_MS" $((6000 * patience))
}

polls_on() {
    is_drained && [ "$(stub_stat running ReceiveMessage)" -gt 0 ]
}

holds_some() {
    [ "$(stub_stat queues events in_flight)" -gt 0 ]
}

# Given messages that other programs put there, when they are plain events, then they are written as well, one
# a message, however they are laid out.
foreign_messages() {
    local events=$scratch/foreign.ndjson
    use_stub
    make_queues
    new_data foreign
    write_sqs_conf "$scratch/foreign.yaml"
    sim_print "$events" --generate --seed "$seed" --events 30
    mapfile -t bodies < <(head -n 10 "$events")
    put_messages "${bodies[@]}"
    mapfile -t bodies < <(sed -n 11,20p "$events" | indented)
    put_messages "${bodies[@]@E}"
    put_messages "$(sed -n 21,30p "$events")" # several lines, each of them an event
    put_messages 'no event at all'
    deliver_only "$scratch/foreign.yaml" >"$scratch/foreign-deliver.yaml"
    runs foreign "$scratch/foreign-deliver.yaml"
    table_equals "foreign: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    is 'foreign: what is no event is a dead letter' "$(letters "$SCANPIPE_DATA/letters.db")" 1
    is 'foreign: the queue is empty' "$(waiting)" 0
    no_secrets foreign
}

# Each event indented over several lines, told in one line as bash's $'...' has it.
indented() {
    python3 -c 'import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(line), indent=2, ensure_ascii=False).replace("\\", "\\\\").replace("\n", "\\n"))'
}

deliver_only() { # FILE: without its source
    sed '/^source:/d' "$1"
}

# Given a queue that takes messages of 256 KiB, when pages are packed, then none is larger, and it refuses none.
size_of_messages() {
    local events=$scratch/size.ndjson
    use_stub
    make_queues '"MaximumMessageSize": "262144"'
    new_data size
    write_sqs_conf "$scratch/size.yaml" 'pack: {events: 100000, bytes: 1000KiB}'
    sed -i 's/page_size: 500/page_size: 8000/' "$scratch/size.yaml"
    sim_print "$events" --generate --seed "$seed" --events 16000
    sim_start --generate --seed "$seed" --events 16000 --max-limit 8000
    runs size "$scratch/size.yaml"
    all_is_well size "$events" "$scratch/size.yaml"
    is 'size: no message was refused' "$(stub_stat codes)" '{}'
    at_most 'size: they are as large as they may be: messages' "$(stub_stat queues events sent)" 22
}

# Given events of 1 KiB each, with the line's end, then 255 of them are a message: with its attributes it costs
# four times 64 KiB, and 256 would cost a fifth.
size_by_default() {
    local events=$scratch/default.ndjson
    use_stub
    make_queues
    new_data default
    write_sqs_conf "$scratch/default.yaml"
    sim_print "$scratch/short.ndjson" --generate --seed "$seed" --events 512
    python3 - "$scratch/short.ndjson" >"$events" <<'END'
import json, sys
for line in open(sys.argv[1]):
    event = {**json.loads(line), "Note": ""}
    short = len(json.dumps(event).encode())
    print(json.dumps({**event, "Note": "x" * (1023 - short)}))
END
    sed -i "s|^source:.*|source: {plugin: file, path: '$events', page_size: 512, page_bytes: 4MiB}|" "$scratch/default.yaml"
    runs default "$scratch/default.yaml"
    table_equals "default: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    is 'default: messages, of one page' "$(stub_stat queues events sent)" 3
}

# Given a queue that takes messages of 1 KiB, then an event that is larger is a dead letter, and alone.
large_event() {
    local events=$scratch/large.ndjson
    use_stub
    make_queues '"MaximumMessageSize": "1024"'
    new_data large
    write_sqs_conf "$scratch/large.yaml"
    sim_print "$events" --generate --seed "$seed" --events 300
    python3 - "$events" >"$scratch/with-large.ndjson" <<'END'
import json, sys
for number, line in enumerate(open(sys.argv[1])):
    print(line, end="")
    if number == 100:
        print(json.dumps({**json.loads(line), "EventId": 900000001, "Note": "x" * 1000}))
END
    sed -i "s|^source:.*|source: {plugin: file, path: '$scratch/with-large.ndjson'}|" "$scratch/large.yaml"
    runs large "$scratch/large.yaml"
    table_equals "large: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    is 'large: the event is a dead letter' "$(letters "$SCANPIPE_DATA/letters.db" "Class = 'too_large'")" 1
    is 'large: and no other' "$(letters "$SCANPIPE_DATA/letters.db")" 1
    is 'large: no message was refused' "$(stub_stat codes)" '{}'
}

# Given an embedded queue that is left with messages in it, when the pipeline goes on over SQS, then the old file
# without its source writes what was left, beside the new one.
old_queue() {
    local events=$scratch/old.ndjson
    use_stub
    make_queues
    new_data old
    write_sqs_conf "$scratch/new.yaml"
    sed "s|^queue:.*|queue: {plugin: sqlite, path: '$SCANPIPE_DATA/queue.db', $quick}|; /^single_machine/d" \
        "$scratch/new.yaml" >"$scratch/old.yaml"
    sed '/^source:/d' "$scratch/old.yaml" >"$scratch/rest.yaml"
    sim_print "$events" --generate --seed "$seed" --events 4000
    sim_start --generate --seed "$seed" --events 4000
    "${scanpipe[@]}" pause deliver -c "$scratch/old.yaml" >/dev/null
    start_pipeline old "$scratch/old.yaml"
    check 'old queue: it fills' wait_until 30 fills "$SCANPIPE_DATA/queue.db"
    stop "$PID"
    "${scanpipe[@]}" resume deliver -c "$scratch/old.yaml" >/dev/null
    start_pipeline new "$scratch/new.yaml"
    check 'old queue: the cursor is not taken from it' wait_until 30 has_line "$scratch/new.log" '--abandon'
    stop "$PID"
    start_pipeline rest "$scratch/rest.yaml"
    runs new "$scratch/new.yaml" --abandon
    check 'old queue: what was left is written' wait_until 30 table_is "$events"
    stop "$PID"
    is 'old queue: ends well' "$STATUS" 0
    table_equals "old queue: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    is 'old queue: nothing is left in SQS' "$(waiting)" 0
}

fills() { # DB
    [ "$(query "$1" 'SELECT count(*) FROM QueueMessages' 2>/dev/null || echo 0)" -gt 2 ]
}

table_is() { # EVENTS
    python3 "$here/oracle.py" --compare "$SCANPIPE_DATA/out.db" "$1" >/dev/null 2>&1
}

one_process
full_batches
four_processes
long_outage
stops_and_hands_back
foreign_messages
size_of_messages
size_by_default
large_event
old_queue
finish
