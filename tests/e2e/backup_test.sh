#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Backup and restore as docs/operating.md says: first the place, then the queue, then the sink's database, while the
# pipeline runs; and back again on what is then an older day, without an event lost.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

feed=(--generate --seed "$seed" --events 6000 --parcels 3000 --window 300)
sim_print "$scratch/events" "${feed[@]}"
sim_start "${feed[@]}"
new_data backup
saved=$scratch/saved
mkdir "$saved"
cd "$SCANPIPE_DATA" || exit 1
sed -e 's/poll_interval: 5s/poll_interval: 50ms\n  rate_limit: ${RATE}\n  page_size: 50/; /^  page_size: 1000/d' \
    "$conf/quickstart.yaml" >parcels.yaml

scan() { "${scanpipe[@]}" "$@" -c parcels.yaml; }
place() { field cursor "$(scan cursor show --json)"; }
has_waiting() { [ "$(sqlite3 quickstart.queue.db 'SELECT count(*) FROM QueueMessages')" -gt 3 ]; }
has_no_line() { ! has_line "$@"; }
is_beyond() { local at; at=$(place) && [ "${at:-0}" -gt "$1" ] 2>/dev/null; }

RATE=10/s start_pipeline before parcels.yaml
RATE=1/s
export RATE
wait_until 30 is_beyond 200
# What was read waits in the queue, so that the copies differ by much.
check "writing rests" scan pause deliver
wait_until 30 has_waiting

# The backup, in this order.
saved_place=$(place)
check "the queue is copied" sqlite3 quickstart.queue.db ".backup $saved/quickstart.queue.db"
wait_until 30 is_beyond $((saved_place + 500))
check "the sink's database is copied" sqlite3 quickstart.db ".backup $saved/quickstart.db"
kill_hard "$PID"

# The machine is gone; another one gets the copies.
rm -f quickstart.*db*
cp "$saved"/*.db .
check "the queue that came back is sound" scan queue check
check "writing goes on" scan resume deliver
RATE=1000/s
at_least "the cursor that came back is beyond what the queue that came back was sent" "$(place)" $((saved_place + 400))
check "back to the place" scan cursor rewind "$saved_place"
runs after parcels.yaml
table_equals "no event is missing" quickstart.db "$scratch/events"
check "and verify says so" scan verify

# That this could have failed: the same copies, and the cursor left where it was.
rm -f quickstart.*db*
cp "$saved"/*.db .
scan resume deliver >"$scratch/careless.resume"
run_pipeline careless parcels.yaml
scan verify >"$scratch/careless.out" 2>&1
is "without going back, what was between the copies would be missing" $? 65

# Given a queue that holds events, when its file is lost, then the next start says so with its cure, and only that one.
lost='the file .*/quickstart.queue.db is gone, .*; the cursor stands at [0-9]'
rm -f quickstart.*db*
RATE=10/s start_pipeline whole parcels.yaml
wait_until 30 is_beyond 200
check "writing rests again" scan pause deliver
wait_until 30 has_waiting
kill_hard "$PID"
check "a file that is new with its pipeline is none that was lost" has_no_line "$scratch/whole.log" "$lost"
rm -f quickstart.queue.db*
check "writing goes on again" scan resume deliver
run_pipeline lost parcels.yaml
check "the lost queue is told" has_line "$scratch/lost.log" "$lost"
check "with its cure" has_line "$scratch/lost.log" 'scanpipe verify .*scanpipe cursor rewind'
scan verify >"$scratch/lost.out" 2>&1
is "for what it held is missing" $? 65
check "the cure is taken" scan cursor set --to-start
runs cured parcels.yaml
check "and it is told no more" has_no_line "$scratch/cured.log" "$lost"
table_equals "no event is missing then" quickstart.db "$scratch/events"

# Given the same loss, when the cure is taken before the start, then that says nothing; the next loss is told again.
rm -f quickstart.queue.db*
check "the cursor goes back first" scan cursor rewind "$saved_place"
runs rewound parcels.yaml
check "and nothing is told" has_no_line "$scratch/rewound.log" "$lost"
rm -f quickstart.queue.db*
runs again parcels.yaml
check "but at the next loss" has_line "$scratch/again.log" "$lost"

# Given the same loss with the machine of who polled, when another machine has waited for its lease, then it says so.
rm -f quickstart.*db*
sed '/^name:/a poller_lease: 6s' parcels.yaml >lease.yaml
RATE=10/s start_pipeline machine lease.yaml
wait_until 30 is_beyond 200
kill_hard "$PID"
python3 "$here/tool.py" execute quickstart.db "UPDATE PipelineState SET
    Value = json_set(Value, '$.holder.host', 'elsewhere', '$.holder.boot', 'another') WHERE Name = 'poller'"
rm -f quickstart.queue.db*
run_pipeline other lease.yaml
check "another machine stands by first" has_line "$scratch/other.log" 'stands by: .* on elsewhere polls'
check "and tells the loss then" has_line "$scratch/other.log" "$lost"

# Given two processes of a pipeline that is new, when one looks only after the other one has read, then nothing is
# lost.  Its own file is one that the other one may have made.
use_test_plugins
threads_run() { local all=(/proc/"$1"/task/*); [ "${#all[@]}" -gt 4 ]; } # and so the stages are open
rm -f quickstart.*db*
sed "/^queue:/i state: {$(around hang sqlite 'path: quickstart.db' "operation: get, while_file: '$scratch/late.holds'")}" \
    parcels.yaml >late.yaml
touch "$scratch/late.holds"
start_pipeline late late.yaml
late=$PID
wait_until 30 threads_run "$late"
check "the late one has made no file yet" test ! -e quickstart.queue.db
RATE=10/s start_pipeline first parcels.yaml
wait_until 30 is_beyond 200
rm "$scratch/late.holds"
check "who comes late stands by" wait_until 30 has_line "$scratch/late.log" 'stands by'
check "and tells of no loss" has_no_line "$scratch/late.log" "$lost"
stop "$PID"
stop "$late"
finish
