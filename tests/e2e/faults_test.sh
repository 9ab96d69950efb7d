#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the system that this one replaces gets wrong: eight faults, a story each; and a
# token that is rotated.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

good_event='{"EventId":%d,"ParcelId":%d,"Type":"%s","CreatedDateTimeUtc":"2021-05-11T21:11:%02d.1506147Z"}\n'

usual_conf() { # FILE, more of it on standard input
    write_conf "$1" <<YAML
name: faults
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
sink: {path: "\${SCANPIPE_DATA}/out.db"}
$(cat)
YAML
}

feed_conf() { # FILE [POLL-INTERVAL [PAGE-SIZE]]
    usual_conf "$1" <<YAML
source:
  plugin: scanapi
  url: \${SCAN_API_URL}
  poll_interval: ${2:-100ms}
  page_size: ${3:-1000}
  $quick
YAML
}

file_conf() { # FILE
    usual_conf "$1" <<'YAML'
source: {plugin: file, path: "${EVENTS}"}
YAML
}

# 1. Given a delivery that was written before the pickup came, then the row has both times, and the latest
# of all is the delivery.
pickup_comes_late() {
    local type id=4
    new_data late
    file_conf "$scratch/late.yaml"
    mkdir "$SCANPIPE_DATA/events"
    export EVENTS=$SCANPIPE_DATA/events
    for type in DELIVERY status Pickup; do
        id=$((id - 1))
        # shellcheck disable=SC2059
        printf "$good_event" "$id" 5002 "$type" "$id" >"$EVENTS/after-$((9 - id)).ndjson"
        runs "late: $type" "$scratch/late.yaml"
    done
    cat "$EVENTS"/*.ndjson >"$scratch/late.ndjson"
    table_equals '1. a pickup that comes after later events of its parcel' "$SCANPIPE_DATA/out.db" \
        "$scratch/late.ndjson"
    is '1. has its time in the row' '2021-05-11T21:11:01.1506147Z' \
        "$(query "$SCANPIPE_DATA/out.db" 'SELECT PickedUpAtUtc FROM ParcelSummary')"
}

# 2. Given a feed that is caught up, then it is asked once a poll_interval, and no message is sent, although
# each answer has the last event again.
idle_is_idle() {
    local before began asked sent
    new_data idle
    feed_conf "$scratch/idle.yaml" 500ms
    sim_start --generate --seed "$seed" --events 2000
    runs 'idle: first' "$scratch/idle.yaml"
    sent=$(query "$SCANPIPE_DATA/queue.db" 'SELECT LastId FROM QueueTotals')
    start_pipeline idle "$scratch/idle.yaml"
    wait_until 10 asked_more "$(sim_stat requests)"
    began=$(now_ms) before=$(sim_stat requests)
    sleep 3
    asked=$(($(sim_stat requests) - before))
    at_most "2. a feed that is caught up is asked once a poll_interval" "$asked" \
        $((($(now_ms) - began) / 500 + 1))
    at_least '2. and goes on being asked' "$asked" 2
    stop "$PID"
    is 'idle: ends on SIGTERM' "$STATUS" 0
    is '2. no message was sent' "$(query "$SCANPIPE_DATA/queue.db" 'SELECT LastId FROM QueueTotals')" "$sent"
}

asked_more() { # THAN
    [ "$(sim_stat requests)" -gt "$1" ]
}

# 3. Given a database that is locked for longer than three visibility timeouts, then no event becomes a dead
# letter for it, and when it is free all is written without a hand.
outage_is_no_failure() {
    local events=$scratch/outage.ndjson
    local feed=(--generate --seed "$seed" --events "$(scaled 8000 2000)")
    new_data outage
    write_conf "$scratch/outage.yaml" <<YAML
name: outage
source: {plugin: scanapi, url: "\${SCAN_API_URL}", poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 50}, visibility_timeout: 1s}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/letters.db"}
sink: {path: "\${SCANPIPE_DATA}/away/out.db", workers: 2, timeout: 500ms, $quick}
YAML
    sim_start "${feed[@]}"
    sim_print "$events" "${feed[@]}"

    start_pipeline outage "$scratch/outage.yaml"
    wait_until 10 has_line "$scratch/outage.log" 'away/out.db'
    check '3. a sink that is not there is told' has_line "$scratch/outage.log" 'away/out.db'
    mkdir "$SCANPIPE_DATA/away"
    check '3. the table is written once its folder is there' \
        wait_until 10 has_rows "$SCANPIPE_DATA/away/out.db"
    stop "$PID"
    is 'outage: ends on SIGTERM' "$STATUS" 0

    rm -r "$SCANPIPE_DATA/away" "$SCANPIPE_DATA"/queue.db*
    mkdir "$SCANPIPE_DATA/away"
    sim_start "${feed[@]}" --delay 100
    start_pipeline locked "$scratch/outage.yaml"
    wait_until 10 has_rows "$SCANPIPE_DATA/away/out.db"
    lock "$SCANPIPE_DATA/away/out.db"
    sim_set delay=0
    sleep 4
    is '3. three visibility timeouts of a locked database bury nothing' \
        "$(letters "$SCANPIPE_DATA/letters.db")" 0
    unlock
    check '3. all is written once the lock is gone' \
        wait_until 20 python3 "$here/oracle.py" --compare "$SCANPIPE_DATA/away/out.db" "$events"
    stop "$PID"
    is 'locked: ends on SIGTERM' "$STATUS" 0
    is '3. and nothing was buried' "$(letters "$SCANPIPE_DATA/letters.db")" 0
    queue_is_empty '3. the queue is empty' "$SCANPIPE_DATA/queue.db"
}

# 4. Given parcels over 2^31 and whole pages of malformed events, then what follows is read all the same.
poison_holds_nothing_up() {
    local events=$scratch/poison.ndjson count wide db
    count=$(scaled 6000 2500)
    local feed=(--generate --seed "$seed" --events "$count" --wide-parcels 1
        --page-of-malformed "1:200,1000:450,$((count - 100)):50")
    new_data poison
    db=$SCANPIPE_DATA/out.db
    feed_conf "$scratch/poison.yaml" 100ms 200
    sim_start "${feed[@]}"
    sim_print "$events" "${feed[@]}"
    runs poison "$scratch/poison.yaml"
    table_equals '4. pages of malformed events do not hold up what follows' "$db" "$events"
    letters_equal '4. each of them is a dead letter' "$events" "$scratch/poison.yaml"
    wide=$(grep -c '"ParcelId":214748[0-9]\{4\}[,}]' "$events")
    is '4. a ParcelId over 2^31 is a dead letter that names column and pointer' "$wide" \
        "$(letters "$db" "(Class, ColumnName, Pointer) = ('value', 'ParcelId', '/ParcelId')")"
    at_least '4. there were some' "$wide" 1
}

# 5. Given what is malformed in the feed, or no event at all in the queue, then it is kept with its bytes and
# the reason, and does not come again.
nothing_is_only_logged() {
    local body=$scratch/body.ndjson db
    new_data kept
    db=$SCANPIPE_DATA
    file_conf "$scratch/kept.yaml"
    export EVENTS=$scratch/kept.ndjson
    # shellcheck disable=SC2059
    printf "$good_event" 7 5002 STATUS 7 >"$EVENTS"
    runs 'kept: first' "$scratch/kept.yaml"

    # Another program puts a message there that holds a good event between two that are none.
    # shellcheck disable=SC2059
    { echo 'no event at all'; printf "$good_event" 8 5003 STATUS 8; printf '{"EventId":9,"Parc'; } >"$body"
    python3 "$here/tool.py" execute "$db/queue.db" \
        'INSERT INTO QueueMessages (Id, Size, SentAtMs, Events, Body)
         SELECT LastId + 1, ?, 0, 3, ? FROM QueueTotals' "$(wc -c <"$body")" "@$body"
    runs kept "$scratch/kept.yaml"
    is '5. a message that cannot be parsed whole: its good event is written' \
        "$(query "$db/out.db" "SELECT ParcelId FROM ParcelSummary ORDER BY 1")" $'5002\n5003'
    is '5. the others are kept, with their bytes' \
        "$(query "$db/out.db" 'SELECT Event FROM FailedEvents ORDER BY 1')" \
        $'no event at all\n{"EventId":9,"Parc'
    is '5. and why' "$(letters "$db/out.db" "Class IS NULL OR Reason IS NULL OR Reason = ''")" 0
    queue_is_empty '5. the message does not come again' "$db/queue.db"
}

# 6. Given many events, then they travel by the hundred: in messages, requests and transactions.
many_at_once() {
    local count
    count=$(scaled 30000 5000)
    new_data many
    feed_conf "$scratch/many.yaml" 5s
    sim_start --generate --seed "$seed" --events "$count"
    runs many "$scratch/many.yaml"
    is '6. all is written' "$(summary many events_written)" "$count"
    at_most '6. in few messages' "$(summary many messages_sent)" $((count / 500 + 2))
    at_most '6. in few writes' "$(summary many writes)" $((count / 500 + 2))
    at_most '6. in few requests' "$(sim_stat requests)" $((count / 1000 + 5))
}

# 7. Given many workers of several processes that write the same few parcels, then none fails on a key that
# another has just inserted, and no event is lost.
no_race_for_a_key() {
    local events=$scratch/race.ndjson one pids=()
    local feed=(--generate --seed "$seed" --events "$(scaled 20000 3000)" --parcels 40)
    new_data race
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --shuffle
    cat >"$scratch/race-ingest.yaml" <<YAML
name: faults
source: {plugin: scanapi, url: "\${SCAN_API_URL}", poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 20}}
YAML
    write_conf "$scratch/race.yaml" <<'YAML'
name: faults
queue: {path: "${SCANPIPE_DATA}/queue.db"}
sink: {path: "${SCANPIPE_DATA}/out.db", workers: 4, batch: {events: 60}}
YAML
    runs 'race: ingest' "$scratch/race-ingest.yaml"
    for one in 1 2; do
        start_pipeline "race $one" "$scratch/race.yaml"
        pids+=("$PID")
    done
    runs race "$scratch/race.yaml"
    for one in "${pids[@]}"; do
        stop "$one"
        is '7. a process that writes beside others ends well' "$STATUS" 0
    done
    table_equals '7. workers that insert the same parcels lose nothing' "$SCANPIPE_DATA/out.db" "$events"
    is '7. and bury nothing' "$(letters "$SCANPIPE_DATA/out.db")" 0
    queue_is_empty '7. the queue is empty' "$SCANPIPE_DATA/queue.db"
}

# 8. Given a feed that wants a token, then a wrong one is told with its cure and never printed; the pipeline
# waits, and goes on by itself once it is let in; a rate limit is kept; the dead letters can be looked at.
let_in_and_looked_at() {
    local events=$scratch/token.ndjson started shown again
    local feed=(--generate --seed "$seed" --events 3000 --malformed 1)
    new_data token
    usual_conf "$scratch/token.yaml" <<YAML
source:
  plugin: scanapi
  url: \${SCAN_API_URL}
  page_size: 200
  poll_interval: 100ms
  auth: {bearer: "\${file:$SCANPIPE_DATA/token}"}
  rate_limit: 10/s
  $quick
YAML
    sim_start "${feed[@]}" --auth old-token-4711
    sim_print "$events" "${feed[@]}"
    echo new-token-4712 >"$SCANPIPE_DATA/token"
    start_pipeline token "$scratch/token.yaml" --until-caught-up --json
    check '8. a feed that refuses us is told, with the cure' \
        wait_until 10 has_line "$scratch/token.log" 'refused.*auth.bearer'
    check '8. and asked again' wait_until 5 refused_often 3
    started=$(now_ms)
    sim_set auth=new-token-4712
    await_end "$PID" 20
    is '8. once it lets us in, all is read' "$STATUS" 0
    at_least '8. the rate limit is kept, in ms for 15 pages' $(($(now_ms) - started)) 1300
    at_most '8. and in no second broken' "$(sim_stat max_requests_per_second)" 11
    is '8. no token is printed' "$(cat "$scratch"/token.{log,json} | grep -c '471[12]')" 0
    table_equals "8. the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    shown=$("${scanpipe[@]}" dlq list -c "$scratch/token.yaml" --json 2>/dev/null | wc -l)
    is '8. dlq list shows the dead letters' "$shown" "$(letters "$SCANPIPE_DATA/out.db")"
    at_least '8. there were some' "$shown" 1
    # The last event is read again at each start: where it is malformed it is rejected again.
    again=$(query "$SCANPIPE_DATA/out.db" 'SELECT Event FROM FailedEvents' | grep -cxF "$(tail -n 1 "$events")")
    run_pipeline 'fail on rejected' "$scratch/token.yaml" --fail-on-rejected
    is '8. --fail-on-rejected: nothing new was rejected' "$STATUS" $((again * 65))
    rm "$SCANPIPE_DATA"/*.db*
    run_pipeline 'fail on rejected' "$scratch/token.yaml" --fail-on-rejected
    is '8. --fail-on-rejected: something was rejected' "$STATUS" 65
}

refused_often() { # TIMES
    [ "$(sim_stat unauthorised)" -ge "$1" ]
}

# 9. Given a token that is rotated while the pipeline runs, on the server first, and in the file after a while
# in which there is none, then it goes on by itself, and no token is ever printed.
token_is_rotated() {
    local events=$scratch/rotated.ndjson read_before
    local feed=(--generate --seed "$seed" --events 6000)
    new_data rotated
    usual_conf "$scratch/rotated.yaml" <<YAML
source:
  plugin: scanapi
  url: \${SCAN_API_URL}
  page_size: 100
  poll_interval: 100ms
  auth: {bearer: "\${file:$SCANPIPE_DATA/token}"}
  retry: {initial: 20ms, max: 200ms, refused: 300ms}
YAML
    sim_start "${feed[@]}" --auth first-token-4711 --delay 20
    sim_print "$events" "${feed[@]}"
    echo first-token-4711 >"$SCANPIPE_DATA/token"
    start_pipeline rotated "$scratch/rotated.yaml"
    check '9. it reads with the first token' wait_until 10 cursor_beyond "$SCANPIPE_DATA/out.db" 1
    rm "$SCANPIPE_DATA/token"
    sim_set auth=second-token-4712
    check '9. the server has a new token: that is told' \
        wait_until 10 has_line "$scratch/rotated.log" 'refused.*auth.bearer'
    check '9. the file is missing meanwhile: that is told' \
        wait_until 10 has_line "$scratch/rotated.log" 'cannot read its secrets again.*token'
    echo second-token-4712 >"$SCANPIPE_DATA/token.new"
    mv "$SCANPIPE_DATA/token.new" "$SCANPIPE_DATA/token"
    check '9. the file has the new one: it goes on' \
        wait_until 10 has_line "$scratch/rotated.log" 'works again'

    # The other way round: the file first.  Then nobody waits for retry.refused.
    sed -i 's/refused: 300ms/refused: 1h/' "$scratch/rotated.yaml"
    stop "$PID"
    start_pipeline rotated "$scratch/rotated.yaml"
    wait_until 10 polls_again 2
    read_before=$(cursor "$SCANPIPE_DATA/out.db")
    check '9. it reads with the second token' wait_until 10 cursor_beyond "$SCANPIPE_DATA/out.db" "$read_before"
    echo third-token-4713 >"$SCANPIPE_DATA/token"
    sim_set auth=third-token-4713
    sim_set delay=0
    check '9. the new token was there before it was needed: nothing waits' \
        wait_until 20 python3 "$here/oracle.py" --compare "$SCANPIPE_DATA/out.db" "$events"
    stop "$PID"
    is '9. it ends on SIGTERM' "$STATUS" 0
    is '9. no token was printed' "$(cat "$scratch"/rotated.{log,json} | grep -c '471[123]')" 0
}

polls_again() { # TIMES
    [ "$(grep -cs 'polls from' "$scratch/rotated.log")" -ge "$1" ]
}

pickup_comes_late
idle_is_idle
outage_is_no_failure
poison_holds_nothing_up
nothing_is_only_logged
many_at_once
no_race_for_a_key
let_in_and_looked_at
token_is_rotated
finish
