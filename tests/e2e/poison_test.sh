#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Poison stays alone: each bad event is a dead letter that says why, and no neighbour is harmed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

use_test_plugins

# The sink rejects two events: of one it names row and column, of the other it only says that the write was
# rejected.
ingest_conf() { # FILE SOURCE
    cat >"$1" <<YAML
name: poison
max_event_bytes: 64KiB
source: $2
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/letters.db"}
YAML
}

deliver_conf() { # FILE, rules of the sink on standard input
    write_conf "$1" <<YAML
name: poison
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/letters.db"}
sink:
  plugin: fault
  inner: sqlite
  options: {path: "\${SCANPIPE_DATA}/out.db"}
  record: \${SCANPIPE_DATA}/calls
  rules:
$(cat)
YAML
}

writes() { # how often the sink was asked to write, whatever it said
    grep -c ' write ' "$SCANPIPE_DATA/calls"
}

# 2k*log2(n) for one bad event among n, and what else a batch with one costs.
halvings() { # EVENTS
    awk -v n="$1" 'BEGIN { printf "%d", 2 * log(n) / log(2) + 4 }'
}

# Given a hundred thousand events with one of each kind of bad ones among them, then there is a letter for
# each of those, with its bytes and the reason, all others are in the table, and they were written in sets.
every_kind() { # SOURCE-PLUGIN SOURCE
    local count known
    count=$(scaled 100000 10000)
    new_data "$1"
    python3 "$here/poison.py" make "$seed" "$count" "$SCANPIPE_DATA" || bail 'no poison is made'
    [ "$1" != scanapi ] || sim_start --file "$SCANPIPE_DATA/feed.ndjson"
    ingest_conf "$scratch/ingest.yaml" "$2"
    deliver_conf "$scratch/deliver.yaml" <<'YAML'
  - write rejected bytes=POISON-NAMED entries=match column=4
  - write rejected bytes=POISON-UNNAMED
YAML
    runs "$1: ingest" "$scratch/ingest.yaml"
    runs "$1: deliver" "$scratch/deliver.yaml"
    table_equals "$1: no neighbour is harmed" "$SCANPIPE_DATA/out.db" "$SCANPIPE_DATA/good.ndjson"
    "${scanpipe[@]}" dlq list -c "$scratch/deliver.yaml" --json >"$scratch/$1.letters"
    check "$1: each bad event is a letter that says why" \
        python3 "$here/poison.py" compare "$1" "$SCANPIPE_DATA" "$scratch/$1.letters"
    known=$(wc -l <"$scratch/$1.letters")
    at_least "$1: of twenty kinds and more" "$known" 20
    at_most "$1: writes stay in sets" "$(writes)" $((count / 5000 + 2 + $(halvings 10000) + 8))
    queue_is_empty "$1: the queue is empty" "$SCANPIPE_DATA/queue.db"
}

# For the stories about what the sink says: a queue of small messages, and small writes.
small_queue() { # NAME EVENTS [ANOTHER-EVENT]
    new_data "$1"
    python3 "$here/poison.py" make "$seed" "$2" "$SCANPIPE_DATA" || bail 'no feed is made'
    [ $# -lt 3 ] || sed -i "1i $3" "$SCANPIPE_DATA/good.ndjson"
    cat >"$scratch/ingest.yaml" <<YAML
name: poison
source: {plugin: file, path: "\${SCANPIPE_DATA}/good.ndjson"}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 50}}
YAML
    runs "$1: ingest" "$scratch/ingest.yaml"
}

small_writes() { # FILE: as deliver_conf
    deliver_conf "$1"
    sed -i "s/^  plugin: fault$/&\n  workers: 2\n  batch: {events: 500}\n  $quick/" "$1"
}

events_of() { # PARCEL...: how many there are
    local parcel count=0
    for parcel; do
        count=$((count + $(grep -c "\"ParcelId\":$parcel," "$SCANPIPE_DATA/good.ndjson")))
    done
    echo "$count"
}

# Given a sink that fails in a way that nobody knows whenever two parcels are written, then their events are
# dead letters, as rejected, and all others are in the table: also of the last batches, behind which nothing
# comes that could show that the sink is well.
unknown_failures_of_events() {
    local events=$scratch/unknown.ndjson count
    count=$(scaled 10000 4000)
    small_queue unknown "$count"
    small_writes "$scratch/deliver.yaml" <<'YAML'
  - write unknown key=5003
  - write unknown key=5200
YAML
    runs unknown "$scratch/deliver.yaml"
    grep -v -e '"ParcelId":5003,' -e '"ParcelId":5200,' "$SCANPIPE_DATA/good.ndjson" >"$events"
    table_equals 'unknown: neighbours are written' "$SCANPIPE_DATA/out.db" "$events"
    is 'unknown: the events that fail alone are dead letters' \
        "$(letters "$SCANPIPE_DATA/letters.db" "Class = 'rejected' AND EventKey IN ('5003', '5200')")" \
        "$(events_of 5003 5200)"
    is 'unknown: and no others' "$(letters "$SCANPIPE_DATA/letters.db")" "$(events_of 5003 5200)"
    queue_is_empty 'unknown: the queue is empty' "$SCANPIPE_DATA/queue.db"
}

# Given a sink that fails in a way that nobody knows whatever is written, then it is asked less and less
# often, nothing is buried, and all is written once it ends.
unknown_failures_of_the_sink() {
    local asked
    small_queue away "$(scaled 10000 4000)"
    small_writes "$scratch/deliver.yaml" <<'YAML'
  - write unknown while=${SCANPIPE_DATA}/away
YAML
    sed -i 's/max: 200ms/max: 1s/' "$scratch/deliver.yaml"
    touch "$SCANPIPE_DATA/away"
    start_pipeline away "$scratch/deliver.yaml" --until-caught-up --json
    wait_until 10 exists "$SCANPIPE_DATA/calls"
    sleep 2
    asked=$(writes)
    sleep 3
    asked=$(($(writes) - asked))
    at_least 'away: the sink is asked again and again' "$asked" 1
    at_most 'away: but with pauses that grow' "$asked" 20
    at_most 'away: and that is told, not every time' "$(grep -c 'sink: unknown' "$scratch/away.log")" 2
    is 'away: nothing is buried' "$(letters "$SCANPIPE_DATA/letters.db")" 0
    rm "$SCANPIPE_DATA/away"
    await_end "$PID" 30
    is 'away: it goes on by itself' "$STATUS" 0
    table_equals 'away: all is written' "$SCANPIPE_DATA/out.db" "$SCANPIPE_DATA/good.ndjson"
    is 'away: nothing was buried' "$(letters "$SCANPIPE_DATA/letters.db")" 0
    queue_is_empty 'away: the queue is empty' "$SCANPIPE_DATA/queue.db"
}

# Given a sink that fails in three writes of ten, by chance, in a way that nobody knows, then that is held against
# no event; and where one parcel always fails so, then its one event is the one dead letter.
a_fickle_sink() { # NAME RULES-BEFORE LETTERS WHAT-IS-NOT-WRITTEN
    local events=$scratch/$1.ndjson count
    count=$(scaled 6000 2000)
    small_queue "$1" "$count" \
        '{"EventId":1000000,"ParcelId":999999,"Type":"STATUS","CreatedDateTimeUtc":"2021-05-11T21:11:34Z"}'
    small_writes "$scratch/deliver.yaml" <<YAML
$2  - write unknown chance=30
YAML
    sed -i "s/batch: {events: 500}/batch: {events: 40}\n  seed: $seed/" "$scratch/deliver.yaml"
    runs "$1" "$scratch/deliver.yaml"
    at_least "$1: the sink did fail so" "$(grep -c ' write .* unknown$' "$SCANPIPE_DATA/calls")" 5
    is "$1: dead letters" "$(letters "$SCANPIPE_DATA/letters.db")" "$3"
    is "$1: of the event that always fails" \
        "$(letters "$SCANPIPE_DATA/letters.db" "Class = 'rejected' AND EventKey = '999999'")" "$3"
    grep -v "$4" "$SCANPIPE_DATA/good.ndjson" >"$events"
    table_equals "$1: all others are in the table" "$SCANPIPE_DATA/out.db" "$events"
    queue_is_empty "$1: the queue is empty" "$SCANPIPE_DATA/queue.db"
}

# Given one event for which the sink is never available, then its batch waits, and nothing else does; when it
# is, that is written as well.
one_that_waits_alone() {
    local held
    small_queue alone "$(scaled 10000 4000)" \
        '{"EventId":1000000,"ParcelId":999999,"Type":"STATUS","CreatedDateTimeUtc":"2021-05-11T21:11:34Z"}'
    small_writes "$scratch/deliver.yaml" <<'YAML'
  - write unavailable key=999999 while=${SCANPIPE_DATA}/away
YAML
    touch "$SCANPIPE_DATA/away"
    start_pipeline alone "$scratch/deliver.yaml" --until-caught-up --json
    check 'alone: all other batches are written' wait_until 10 nothing_is_visible
    held=$(query "$SCANPIPE_DATA/queue.db" 'SELECT count(*) FROM QueueMessages')
    at_most 'alone: one batch of messages waits' "$held" 11
    at_least 'alone: it does' "$held" 1
    rm "$SCANPIPE_DATA/away"
    await_end "$PID" 20
    is 'alone: it goes on by itself' "$STATUS" 0
    table_equals 'alone: all is written' "$SCANPIPE_DATA/out.db" "$SCANPIPE_DATA/good.ndjson"
    is 'alone: nothing was buried' "$(letters "$SCANPIPE_DATA/letters.db")" 0
}

nothing_is_visible() {
    local held all
    held=$(leases "$SCANPIPE_DATA/queue.db")
    all=$(query "$SCANPIPE_DATA/queue.db" 'SELECT count(*) FROM QueueMessages')
    [ "$all" -le 11 ] && [ "$held" = "$all" ]
}

letters_are_more() { # THAN
    [ "$(letters "$SCANPIPE_DATA/letters.db")" -gt "$1" ]
}

told() { # NAME PATTERN TIMES
    [ "$(grep -cs -e "$2" "$scratch/$1.log")" -ge "$3" ]
}

# Given a file with a mistake, so that every event is rejected, then deliver stops after a thousand of them and
# says so once; `resume` lets it have another thousand; and with the mistake mended it does the rest.
a_bad_deploy_empties_no_feed() {
    local count buried held=0
    count=$(scaled 8000 4000)
    small_queue deploy "$count"
    small_writes "$scratch/mended.yaml" <<<'  - settle ok'
    sed -i 's/^name:/poller_lease: 1s\n&/; s/^  workers: 2$/&\n  stop_at: {events: 1000}/' "$scratch/mended.yaml"
    sed 's|from: /Type, type: text|from: /Typ, type: text|' "$scratch/mended.yaml" >"$scratch/deploy.yaml"
    start_pipeline deploy "$scratch/deploy.yaml"
    check 'deploy: stops where all is rejected, and says what to do' \
        wait_until 10 has_line "$scratch/deploy.log" ' error .*stop_at.*mend the file.*scanpipe resume'
    wait_until 5 has_no_leases "$SCANPIPE_DATA/queue.db"
    buried=$(letters "$SCANPIPE_DATA/letters.db")
    at_least 'deploy: after a thousand' "$buried" 900
    at_most 'deploy: and what was under way' "$buried" 2100
    sleep 1.5
    is 'deploy: and stays stopped' "$(letters "$SCANPIPE_DATA/letters.db")" "$buried"
    held=$(query "$SCANPIPE_DATA/queue.db" 'SELECT sum(Events) FROM QueueMessages')
    is 'deploy: the rest is in the queue' $((buried + held)) "$(wc -l <"$SCANPIPE_DATA/good.ndjson")"
    is 'deploy: was told once' "$(grep -c stop_at "$scratch/deploy.log")" 1

    check 'deploy: resume' "${scanpipe[@]}" resume deliver -c "$scratch/deploy.yaml"
    check 'deploy: once resumed it goes on' wait_until 10 letters_are_more "$buried"
    check 'deploy: and stops again' wait_until 10 told deploy stop_at 2
    stop "$PID"
    is 'deploy: ends on SIGTERM' "$STATUS" 0
    buried=$(letters "$SCANPIPE_DATA/letters.db")
    at_most 'deploy: two windows are buried' "$buried" 4200

    runs mended "$scratch/mended.yaml"
    is 'mended: nothing more is buried' "$(letters "$SCANPIPE_DATA/letters.db")" "$buried"
    queue_is_empty 'mended: the queue is empty' "$SCANPIPE_DATA/queue.db"
    query "$SCANPIPE_DATA/letters.db" 'SELECT Event FROM FailedEvents' >"$scratch/buried"
    grep -vxFf "$scratch/buried" "$SCANPIPE_DATA/good.ndjson" >"$scratch/rest.ndjson"
    table_equals 'mended: what was not buried is in the table' "$SCANPIPE_DATA/out.db" "$scratch/rest.ndjson"
}

every_kind file '{plugin: file, path: "${SCANPIPE_DATA}/feed.ndjson"}'
every_kind scanapi "{plugin: scanapi, url: \"\${SCAN_API_URL}\", poll_interval: 100ms, $quick}"
unknown_failures_of_events
unknown_failures_of_the_sink
a_fickle_sink fickle '' 0 '^$'
a_fickle_sink fickle-poison $'  - write unknown key=999999\n' 1 '"ParcelId":999999,'
one_that_waits_alone
a_bad_deploy_empties_no_feed
finish
