#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What people do with a pipeline from outside: they look at the cursor and move it, send a range again, pause and
# resume.  The table never shows it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

events=$scratch/events.ndjson
feed=(--generate --seed "$seed" --events "$(scaled 4000 1500)" --malformed 15)

write_conf "$scratch/whole.yaml" <<YAML
name: care
poller_lease: 2s
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 200, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 50}, $quick}
sink: {path: "\${SCANPIPE_DATA}/out.db", $quick}
YAML

# command NAME EXPECTED-STATUS WORDS...: leaves $scratch/out and $scratch/err
command_is() {
    local name=$1 expected=$2
    shift 2
    timeout -k 5 $((60 * patience)) "${scanpipe[@]}" "$@" >"$scratch/out" 2>"$scratch/err"
    is "$name: exit status" "$?" "$expected"
}

told() { # NAME FILE WORDS
    check "$1" has_line "$scratch/$2" "$3"
}

in_record() { # DB NAME: a field of the poller's record
    query "$1" "SELECT json_extract(CAST(Value AS TEXT), '\$.$2') FROM PipelineState WHERE Name = 'poller'"
}

member() { # NAME: of the JSON that a command printed
    field "$1" "$(cat "$scratch/out")"
}

reads_all() { # DB: has the cursor come to the end?
    [ "$(cursor "$1")" = "$last" ]
}

given_a_feed() {
    new_data "$1"
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}"
}

# Given a pipeline at work, when somebody moves the cursor, then that is refused while it polls; forced, it steps
# down, reads again from there, and the table stays what it was.
moves_the_cursor_under_a_poller() {
    local db=$SCANPIPE_DATA/out.db
    start_pipeline mover "$scratch/whole.yaml"
    check 'cursor: all is read' wait_until 30 reads_all "$db"
    command_is 'cursor show' 0 cursor show -c "$scratch/whole.yaml" --json
    is 'cursor show: where it stands' "$(member cursor)" "$last"
    is 'cursor show: who holds it' "$(member pid)" "$PID"
    command_is 'cursor rewind under a poller' 69 cursor rewind 100 -c "$scratch/whole.yaml"
    told 'it says who polls' err "process $PID on "
    told 'it says how to go on' err '--force'
    is 'nothing was moved' "$(cursor "$db")" "$last"
    command_is 'cursor rewind --force --dry-run' 0 cursor rewind 100 -c "$scratch/whole.yaml" --force --dry-run
    told 'it says what would be' out 'would move the cursor'
    is 'a dry run moves nothing' "$(cursor "$db")" "$last"
    command_is 'cursor rewind --force' 0 cursor rewind 100 -c "$scratch/whole.yaml" --force
    told 'it says who steps down' out "process $PID on .* steps down"
    check 'the poller steps down' wait_until 20 has_line "$scratch/mover.log" 'steps down as the poller'
    check 'it goes on from there' wait_until 20 has_line "$scratch/mover.log" 'polls from 100'
    check 'it reads to the end again' wait_until 30 reads_all "$db"
    stop "$PID"
    runs 'what is left' "$scratch/whole.yaml"
    table_equals 'reading again changes nothing' "$db" "$events"
    letters_equal 'the dead letters are the same' "$events" "$scratch/whole.yaml"
}

# Given a poller that was killed, or one of another machine that is gone, then nobody needs force.
moves_the_cursor_of_the_gone() {
    local db=$SCANPIPE_DATA/out.db begun queue
    start_pipeline killed "$scratch/whole.yaml"
    wait_until 20 has_line "$scratch/killed.log" 'polls from'
    kill_hard "$PID"
    queue=$(in_record "$db" queue)
    check 'the record names the queue' test -n "$queue"
    command_is 'cursor set, the holder killed' 0 cursor set 300 -c "$scratch/whole.yaml"
    is 'it was moved' "$(cursor "$db")" 300
    is 'all else in the record stays' "$(in_record "$db" queue)" "$queue"
    is 'nobody holds it now' "$(in_record "$db" holder)" ''
    start_pipeline elsewhere "$scratch/whole.yaml"
    wait_until 20 has_line "$scratch/elsewhere.log" 'polls from'
    kill_hard "$PID"
    begun=$(now_ms)
    SCANPIPE_BOOT_ID=another command_is 'cursor set, the holder gone elsewhere' 0 \
        cursor set --to-start -c "$scratch/whole.yaml"
    at_least 'it watched for the lease, in ms' $(($(now_ms) - begun)) 1500
    told 'it says that it watches' err 'watching for up to 2s'
    is 'it was moved' "$(cursor "$db")" ''
}

# Given a process that is frozen, when its lease is over the cursor can be moved; when it thaws, its write does
# not succeed.
moves_the_cursor_of_the_frozen() {
    local db=$SCANPIPE_DATA/out.db
    start_pipeline frozen "$scratch/whole.yaml"
    check 'frozen: all is read' wait_until 30 reads_all "$db"
    freeze "$PID" "$db"
    command_is 'cursor set, the holder frozen' 0 cursor set 200 -c "$scratch/whole.yaml"
    kill -CONT "$PID"
    check 'the thawed one steps down' wait_until 20 has_line "$scratch/frozen.log" 'steps down as the poller'
    check 'and reads from there' wait_until 20 has_line "$scratch/frozen.log" 'polls from 200'
    stop "$PID"
}

# Events that are left out are never read, so it has to be said.
skips_only_when_told() {
    local db middle=$((last / 2))
    new_data skip
    db=$SCANPIPE_DATA/out.db
    command_is 'cursor show before the first run' 0 cursor show -c "$scratch/whole.yaml"
    told 'nothing was read' out 'nothing was read yet'
    command_is 'cursor set forward' 64 cursor set "$middle" -c "$scratch/whole.yaml"
    told 'it says where that is' err 'lies after the cursor'
    told 'it asks for --skip' err '--skip'
    command_is 'cursor rewind forward' 64 cursor rewind "$middle" -c "$scratch/whole.yaml"
    command_is 'cursor set to nowhere' 64 cursor set here -c "$scratch/whole.yaml"
    command_is 'cursor set --skip' 0 cursor set "$middle" -c "$scratch/whole.yaml" --skip --json
    is 'it says that it goes forward' "$(member direction)" forward
    runs 'skipping' "$scratch/whole.yaml"
    check 'what was left out was not read' python3 - "$db" "$middle" <<'PY'
import sqlite3, sys
least = sqlite3.connect(sys.argv[1]).execute("SELECT min(LatestEventId) FROM ParcelSummary").fetchone()[0]
sys.exit(0 if least >= int(sys.argv[2]) else "an event before it: %d" % least)
PY
    command_is 'cursor rewind to the start' 0 cursor set --to-start -c "$scratch/whole.yaml"
    runs 'from the start' "$scratch/whole.yaml"
    table_equals 'then all is there' "$db" "$events"
}

# Given rows that somebody deleted, when the range of their events is sent again, then they are back and the
# cursor did not move, also where sending was killed and begun again.
replays_a_range() {
    local db=$SCANPIPE_DATA/out.db from=$((last / 4)) to=$((last / 2)) counted letters rows
    letters=$(letters "$db")
    rows=$(query "$db" 'SELECT count(*) FROM ParcelSummary')
    python3 "$here/tool.py" execute "$db" 'DELETE FROM ParcelSummary WHERE LatestEventId <= CAST(?2 AS INTEGER)
        AND min(coalesce(PickedUpEventId, LatestEventId), coalesce(DeliveredEventId, LatestEventId)) >= CAST(?1 AS INTEGER)' \
        "$from" "$to"
    at_least 'rows are gone' "$(query "$db" "SELECT $rows - count(*) FROM ParcelSummary")" 1
    command_is 'replay --dry-run' 0 replay --from "$from" --to "$to" -c "$scratch/whole.yaml" --dry-run --json
    counted=$(member events_sent)
    at_least 'it counts events' "$counted" 50
    queue_is_empty 'a dry run sends nothing' "$SCANPIPE_DATA/queue.db"
    "${scanpipe[@]}" replay --from "$from" --to "$to" --rate 300/s -c "$scratch/whole.yaml" >"$scratch/replay.out" 2>&1 &
    PID=$!
    adopt "$PID" replay
    wait_until 20 has_messages "$SCANPIPE_DATA/queue.db"
    kill_hard "$PID"
    command_is 'replay' 0 replay --from "$from" --to "$to" -c "$scratch/whole.yaml" --json
    is 'as many events as were counted' "$(member events_sent)" "$counted"
    is 'it came to the end of the range' "$(member reached)" true
    is 'the cursor stays' "$(cursor "$db")" "$last"
    "${scanpipe[@]}" queue export -c "$scratch/whole.yaml" >"$scratch/sent.ndjson" 2>/dev/null
    check 'nothing beside the range was sent' python3 - "$scratch/sent.ndjson" "$from" "$to" <<'PY'
import json, sys
ids = [json.loads(line)["EventId"] for line in open(sys.argv[1])]
least, most = int(sys.argv[2]), int(sys.argv[3])
sys.exit(0 if least <= min(ids) <= least + 30 and most - 30 <= max(ids) <= most else "%d to %d" % (min(ids), max(ids)))
PY
    runs 'after the replay' "$scratch/whole.yaml"
    table_equals 'the rows are back' "$db" "$events"
    is 'no dead letter is new' "$(letters "$db")" "$letters"
    command_is 'replay of one' 0 replay --from "$last" --to "$last" -c "$scratch/whole.yaml" --json
    is 'both ends belong to the range' "$(member events_sent) $(member reached)" '1 true'
    runs 'after more of it' "$scratch/whole.yaml"
    table_equals 'which changes nothing' "$db" "$events"
    is 'nor the cursor' "$(cursor "$db")" "$last"
    command_is 'replay the wrong way round' 64 replay --from "$to" --to "$from" -c "$scratch/whole.yaml"
    command_is 'replay behind the end' 0 replay --from "$last" --to $((last + 1000)) -c "$scratch/whole.yaml" --json
    is 'it says that the source ends' "$(member reached)" false
    is 'the last event belongs to the range' "$(member events_sent)" 1
}

has_messages() { # QUEUE-DB
    [ "$(query "$1" 'SELECT count(*) FROM QueueMessages' 2>/dev/null)" -gt 0 ]
}

# A file's lines are places too.
replays_lines() {
    local number
    new_data lines
    for number in {1..20}; do
        printf '{"EventId":%d,"ParcelId":%d,"Type":"STATUS","CreatedDateTimeUtc":"2021-05-11T22:00:00Z"}\n' \
            "$number" "$number"
    done >"$SCANPIPE_DATA/lines.ndjson"
    write_conf "$scratch/lines.yaml" <<YAML
name: lines
source: {plugin: file, path: "\${SCANPIPE_DATA}/lines.ndjson"}
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
sink: {path: "\${SCANPIPE_DATA}/out.db"}
YAML
    runs 'lines' "$scratch/lines.yaml"
    command_is 'replay of lines' 0 replay --from lines.ndjson:5 --to lines.ndjson:8 -c "$scratch/lines.yaml"
    "${scanpipe[@]}" queue export -c "$scratch/lines.yaml" >"$scratch/sent.ndjson" 2>/dev/null
    is 'behind line 5, up to line 8' "$(sed 's/{"EventId":\([0-9]*\),.*/\1/' "$scratch/sent.ndjson" | tr '\n' ' ')" \
        '6 7 8 '
}

# Given a pipeline, when a half is paused it rests, through a restart too, and goes on when it is resumed.
pauses_and_resumes() {
    local db first second
    new_data pause
    db=$SCANPIPE_DATA/out.db
    command_is 'pause deliver' 0 pause deliver -c "$scratch/whole.yaml"
    told 'it says what was before' out '^deliver  *paused, was at work'
    command_is 'pause --status' 0 pause --status -c "$scratch/whole.yaml" --json
    check 'the status is JSON' grep -q '"paused":{"ingest":false,"deliver":true}' "$scratch/out"
    command_is 'pausing again' 0 pause deliver -c "$scratch/whole.yaml"
    told 'changes nothing' out 'nothing was changed'
    start_pipeline paused "$scratch/whole.yaml"
    first=$PID
    start_pipeline another "$scratch/whole.yaml"
    second=$PID
    check 'ingest goes on' wait_until 30 reads_all "$db"
    check 'deliver rests' fails has_rows "$db"
    command_is 'pause ingest' 0 pause ingest -c "$scratch/whole.yaml"
    check 'the process obeys' wait_until 30 has_line "$scratch/paused.log" 'paused: ingest and deliver'
    check 'so does another' wait_until 30 has_line "$scratch/another.log" 'paused: ingest and deliver'
    stop "$first"
    start_pipeline again "$scratch/whole.yaml"
    check 'after a restart too' wait_until 30 has_line "$scratch/again.log" 'paused: ingest and deliver'
    check 'still nothing is written' fails has_rows "$db"
    stop "$PID"
    command_is 'resume' 0 resume -c "$scratch/whole.yaml"
    told 'both go on' out '^ingest  *at work, was paused'
    check 'deliver goes on' wait_until 30 has_rows "$db"
    stop "$second"
    runs 'after the pause' "$scratch/whole.yaml"
    table_equals 'nothing is missing' "$db" "$events"
    python3 "$here/tool.py" execute "$db" "UPDATE PipelineState SET Value = 'x' WHERE Name = 'pause'"
    command_is 'a record that is none' 69 pause -c "$scratch/whole.yaml"
    told 'the cure is named' err 'scanpipe resume'
    command_is 'the cure' 0 resume -c "$scratch/whole.yaml"
    command_is 'it helped' 0 pause --status -c "$scratch/whole.yaml"
}

# Given a cursor, when it is to be moved back to where it stands, then no other command is named that would do that.
stands_there() {
    local place
    new_data stands
    seq -f '{"EventId":%g,"ParcelId":1}' 3 >"$SCANPIPE_DATA/events.ndjson"
    sed "s|^source:.*|source: {plugin: file, path: $SCANPIPE_DATA/events.ndjson}|" "$scratch/whole.yaml" >"$scratch/stands.yaml"
    runs 'stands' "$scratch/stands.yaml"
    command_is 'cursor show' 0 cursor show -c "$scratch/stands.yaml" --json
    place=$(member cursor)
    command_is 'cursor rewind to where it stands' 64 cursor rewind "$place" -c "$scratch/stands.yaml"
    told 'it says so' err "$place is where the cursor stands"
    told 'it asks for another place' err '= name a place before it'
}

# Given a state that another process has locked, when a command needs it, then the person is told once what is waited
# for, and programs are not; and when it is free again, the command does its work.
says_what_it_waits_for() {
    local pid
    lock "$SCANPIPE_DATA/out.db"
    "${scanpipe[@]}" pause ingest -c "$scratch/whole.yaml" --json >"$scratch/waiting.out" 2>"$scratch/waiting.err" &
    pid=$!
    adopt "$pid" waiting
    check 'waiting: it is told what for' \
        wait_until 20 has_line "$scratch/waiting.err" '^scanpipe: state: .*locked; trying again for up to [0-9]*s$'
    unlock
    await_end "$pid" 20
    is 'waiting: exit status' "$STATUS" 0
    is 'waiting: it is told once' "$(grep -c '' "$scratch/waiting.err")" 1
    is 'waiting: a program gets its JSON' "$(grep -c '^{.*}$' "$scratch/waiting.out") $(grep -c '' "$scratch/waiting.out")" '1 1'
    command_is 'waiting: it is done' 0 resume -c "$scratch/whole.yaml"
}

fails() {
    ! "$@"
}

given_a_feed cursor
run_pipeline first "$scratch/whole.yaml"
last=$(cursor "$SCANPIPE_DATA/out.db")
moves_the_cursor_under_a_poller
moves_the_cursor_of_the_gone
moves_the_cursor_of_the_frozen
skips_only_when_told
replays_a_range
replays_lines
pauses_and_resumes
stands_there
says_what_it_waits_for
finish
