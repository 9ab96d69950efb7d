#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `scanpipe verify` finds what the table lacks, and names the event; and of what is right, late, ahead or a
# dead letter it says nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

write_conf "$scratch/whole.yaml" <<YAML
name: verify
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 1000, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
sink: {path: "\${SCANPIPE_DATA}/out.db"}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db"}
YAML
sed '/^sink:/d; /^table:/,$d' "$scratch/whole.yaml" >"$scratch/ingest.yaml"
sed '/^source:/d' "$scratch/whole.yaml" >"$scratch/deliver.yaml"
{ cat "$scratch/ingest.yaml"; echo 'dead_letters: {plugin: sqlite, path: "${SCANPIPE_DATA}/out.db"}'; } \
    >"$scratch/ingest.tmp" && mv "$scratch/ingest.tmp" "$scratch/ingest.yaml"

mkdir "$scratch/tmp"

verify() { # NAME FILE [OPTION...]: STATUS, NAME.out, NAME.err
    TMPDIR=$scratch/tmp timeout -k 5 $((40 * patience)) "${scanpipe[@]}" verify -c "$2" "${@:3}" \
        >"$scratch/$1.out" 2>"$scratch/$1.err"
    STATUS=$?
}

verifies() { # STATUS NAME FILE [OPTION...]: as a test
    verify "${@:2}"
    is "$2: exit status" "$STATUS" "$1"
    [ "$STATUS" = "$1" ] || last_lines "$scratch/$2.err" | sed 's/^/# /'
}

fails() {
    ! "$@"
}

report() { # NAME FIELD: of the summary, after verify --json
    field "$2" "$(tail -n 1 "$scratch/$1.out")"
}

told() { # NAME PATTERN: on standard error
    check "$1: told: $2" has_line "$scratch/$1.err" "$2"
}

dump() { # FILE...: what databases hold
    local file
    for file; do
        python3 -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).iterdump(), sep="\n")' "$file"
    done | cksum
}

change() { # SQL: in the table's database
    python3 "$here/tool.py" execute "$SCANPIPE_DATA/out.db" "$@"
}

# Given a table of a hundred thousand rows, when nothing is wrong with it, then verify finds nothing, and has
# only read; when ten losses of ten kinds are planted, then it finds those, each with its event.
ten_losses() {
    local count events=$scratch/ten.ndjson before rows
    count=$(scaled 250000 20000)
    local feed=(--generate --seed "$seed" --events "$count" --parcels $((count * 3 / 5)) --malformed 1
        --wide-parcels 1)
    new_data ten
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}"
    runs load "$scratch/whole.yaml"
    rows=$(query "$SCANPIPE_DATA/out.db" 'SELECT count(*) FROM ParcelSummary')
    at_least 'the table has rows' "$rows" $((count * 2 / 5))
    before=$(dump "$SCANPIPE_DATA/out.db" "$SCANPIPE_DATA/queue.db")

    verifies 0 clean "$scratch/whole.yaml" --json
    is 'nothing is found' "$(wc -l <"$scratch/clean.out")" 1
    is 'every row was compared' "$(report clean rows)" "$rows"
    is 'all that was rejected is among the dead letters' "$(report clean dead_letters)" \
        "$(letters "$SCANPIPE_DATA/out.db")"
    is 'verify only reads' "$(dump "$SCANPIPE_DATA/out.db" "$SCANPIPE_DATA/queue.db")" "$before"
    is 'no temporary file is left' "$(ls -A "$scratch/tmp")" ''

    python3 "$here/losses.py" plant "$SCANPIPE_DATA/out.db" "$events" "$seed" >"$scratch/planted" ||
        bail 'no losses can be planted'
    verifies 65 ten "$scratch/whole.yaml" --json --progress always
    is 'ten were planted' "$(wc -l <"$scratch/planted")" 10
    is 'those are found, and nothing else' "$(python3 "$here/losses.py" found "$scratch/ten.out" | sort)" \
        "$(sort "$scratch/planted")"
    is 'the queue was seen empty' "$(report ten drained)" true
    check 'progress is shown' has_line "$scratch/ten.err" 'compared .* of'
    verifies 65 text "$scratch/whole.yaml"
    check 'for people: a row that is gone' grep -q 'the row is missing (event [0-9]*)$' "$scratch/text.out"
    check 'for people: a column' grep -q 'LatestStatusCode is ".*?", must be ".*" (event [0-9]*)$' \
        "$scratch/text.out"
    told text 'not every row is accounted for'
    told text '^  = have the source read again from its start: scanpipe cursor set --to-start -c .*whole.yaml$'
}

# Given a pipeline that runs while its feed grows, when verify runs beside it, then it finds nothing.
while_it_runs() {
    local round
    new_data live
    sim_start --generate --seed "$seed" --events 1000000 --parcels 3000 --malformed 1 --live "$(scaled 4000 500)" \
        --live-from "$(scaled 15000 3000)" --fail-503 10%
    start_pipeline live "$scratch/whole.yaml"
    wait_until 20 has_rows "$SCANPIPE_DATA/out.db" 1000 || bail 'the pipeline does not write'
    for round in 1 2 3; do
        verifies 0 "live $round" "$scratch/whole.yaml" --strict --json
        sleep 0.3
    done
    at_least 'rows were compared' "$(report 'live 3' rows)" 1000
    stop "$PID"
}

# Given what was read and not yet written, when nobody writes it, then verify says that it may be in the queue;
# when somebody does meanwhile, then it finds nothing.  What was not read is not asked for.
what_is_in_the_queue() {
    local late
    new_data queue
    sim_print "$scratch/queue.ndjson" --generate --seed "$seed" --events 9000 --parcels 2000 --gaps 0 --wide-parcels 1
    head -n 3000 "$scratch/queue.ndjson" >"$scratch/3000.ndjson"
    head -n 6000 "$scratch/queue.ndjson" >"$scratch/6000.ndjson"
    sim_start --file "$scratch/3000.ndjson"
    runs 'queue: first' "$scratch/whole.yaml"
    sim_start --file "$scratch/6000.ndjson"
    runs 'queue: more is read' "$scratch/ingest.yaml"
    verifies 65 stuck "$scratch/whole.yaml" --wait 1s
    told stuck 'queue .* messages: it was not seen empty'
    told stuck '^  = verify again when the queue is empty$'

    verify late "$scratch/whole.yaml" --wait 30s --json --strict --progress always &
    late=$!
    adopt "$late" late
    check 'verify waits for the queue' wait_until 20 has_line "$scratch/late.err" 'waiting for the queue'
    runs 'queue: the rest is written' "$scratch/deliver.yaml"
    await_end "$late" 40
    is 'what came late is no loss' "$(report late good)|$(report late different)|$(report late drained)" \
        'true|0|true'
    at_least 'and told' "$(report late late)" 100

    sim_start --file "$scratch/queue.ndjson"
    verifies 0 'not read yet' "$scratch/whole.yaml" --strict --json
    is 'what was not read is not asked for' "$(report 'not read yet' to)" 6000
}

# Given a range, when the table goes further, then that is no loss; and what lies outside is not looked at.
ranges() {
    new_data ranges
    sim_start --generate --seed "$seed" --events 6000 --parcels 1500 --gaps 0
    runs 'ranges: load' "$scratch/whole.yaml"
    verifies 0 ahead "$scratch/whole.yaml" --to 3000 --json
    is 'read up to there' "$(report ahead to)|$(report ahead events)" '3000|3000'
    at_least 'rows are ahead' "$(report ahead ahead)" 10
    verifies 0 before "$scratch/whole.yaml" --from 3000 --json
    is 'read from there' "$(report before from)|$(report before events)" '3000|3001'
    at_least 'rows hold earlier events' "$(report before before)" 10
    change "UPDATE ParcelSummary SET PickedUpAtUtc = NULL, PickedUpEventId = NULL WHERE ParcelId =
        (SELECT ParcelId FROM ParcelSummary WHERE PickedUpEventId > 3200 AND PickedUpEventId < 5800 LIMIT 1)"
    verifies 0 'lost elsewhere' "$scratch/whole.yaml" --to 3000
    verifies 65 'lost here' "$scratch/whole.yaml" --from 3000 --to 6000
    is 'the loss is named' "$(grep -c '^ParcelId .* must be .* (event [0-9]*)$' "$scratch/lost here.out")" 2
    told 'lost here' '^  = send the range again: scanpipe replay --from 3000 --to 6000 -c .*whole.yaml$'
    check 'that can be done' "${scanpipe[@]}" replay --from 3000 --to 6000 -c "$scratch/whole.yaml"
    runs 'ranges: again' "$scratch/whole.yaml"
    verifies 0 'mended' "$scratch/whole.yaml" --from 3000 --to 6000
    check 'mended: no cure is told' fails has_line "$scratch/mended.err" '  = '
    verifies 0 'too far' "$scratch/whole.yaml" --from 5900 --to 99999
    told 'too far' 'has not read up to 99999'
    verifies 64 'no place' "$scratch/whole.yaml" --from abc
    verifies 64 'nothing' "$scratch/whole.yaml" --from 50 --to 49
    verifies 0 'one' "$scratch/whole.yaml" --from 50 --to 50 --json
    is 'both ends belong to the range' "$(report one events)" 1
    verifies 64 'after all' "$scratch/whole.yaml" --from 70000
}

# Given rejected events, when their dead letters are gone, then that is told, and a failure with --strict.
rejected_events() {
    new_data rejects
    sim_start --generate --seed "$seed" --events 5000 --malformed 2 --wide-parcels 2
    runs 'rejects: load' "$scratch/whole.yaml"
    verifies 0 'all there' "$scratch/whole.yaml" --strict
    change "DELETE FROM FailedEvents WHERE Id IN (SELECT Id FROM FailedEvents WHERE Class = 'value' LIMIT 2)"
    change "DELETE FROM FailedEvents WHERE Id = (SELECT min(Id) FROM FailedEvents WHERE Class = 'malformed')"
    verifies 0 'gone' "$scratch/whole.yaml"
    is 'they are told' "$(grep -c '^no dead letter: ' "$scratch/gone.out")" 3
    check 'with event, column and reason' \
        grep -q '^no dead letter: value, event [0-9]*, key [0-9]*, column ParcelId, /ParcelId: ' "$scratch/gone.out"
    told gone 'rejected *3 and not among the dead letters'
    verifies 65 'gone, strictly' "$scratch/whole.yaml" --strict --json
    is 'gone, strictly: as JSON' "$(grep -c '^{"no_letter":' "$scratch/gone, strictly.out")" 3
}

# Given a table of minima, maxima and a text key whose owner forbids some rows, when it is right, then what it
# forbids is accounted for by its dead letters; when it is not, then the events are named.
other_tables() {
    new_data other
    cat >"$scratch/other.yaml" <<'YAML'
name: other
source: {plugin: file, path: "${SCANPIPE_DATA}/events"}
queue: {path: "${SCANPIPE_DATA}/queue.db"}
sink: {path: "${SCANPIPE_DATA}/out.db"}
table:
  name: Weights
  order: /At
  columns:
    Name:     {from: /Name, type: text(20), key: true}
    Site:     {from: /Site, type: int, key: true}
    Heaviest: {from: /Weight, type: int, keep: max}
    Lightest: {from: /Weight, type: "decimal(9,2)", keep: min}
    State:    {from: /State, type: text(20)}
    LastAt:   {from: /At, type: timestamp}
    Raw:      {from: /Raw, type: json, keep: first}
YAML
    mkdir "$SCANPIPE_DATA/events"
    python3 - "$seed" "$SCANPIPE_DATA/events" <<'PYTHON'
import json, random, sys
dice = random.Random(int(sys.argv[1]))
events = [{"At": "2024-01-01T00:%02d:%02d.%07dZ" % (i // 60, i % 60, i), "Name": "n\u00e4me %d" % dice.randrange(50),
           "Site": dice.randrange(3), "Weight": dice.randrange(1000), "State": "s%d" % i,
           "Raw": {"i": i}} for i in range(2000)]
events[700].update(Name="only", Weight=5000)
events[1400].update(Site=0, Weight=6000)  # of Site 1 some rows are to be spoilt
events[1999].update(Name="only", Site=events[700]["Site"])
dice.shuffle(events)
for part in range(4):
    with open("%s/%d.ndjson" % (sys.argv[2], part), "w") as file:
        file.writelines(json.dumps(one) + "\n" for one in events[part::4])
PYTHON
    head -n 1 "$SCANPIPE_DATA/events/0.ndjson" >"$SCANPIPE_DATA/first.ndjson"
    sed 's|/events"|/first.ndjson"|; s/^name:.*/name: first/' "$scratch/other.yaml" >"$scratch/first.yaml"
    runs 'other: make the table' "$scratch/first.yaml"
    change "CREATE TRIGGER Guard BEFORE INSERT ON Weights WHEN new.Heaviest >= 5000
        BEGIN SELECT RAISE(ABORT, 'not that'); END"
    runs 'other: load' "$scratch/other.yaml"
    is 'the owner forbids two' "$(letters "$SCANPIPE_DATA/out.db")" 2
    verifies 0 'other' "$scratch/other.yaml" --strict --json
    is 'they are accounted for' "$(report other dead_letters)|$(report other different)" '2|0'

    change "UPDATE Weights SET Heaviest = Heaviest - 1 WHERE Name = 'näme 7' AND Site = 1"
    change "UPDATE Weights SET Lightest = printf('%.2f', Lightest + 1) WHERE Name = 'näme 8' AND Site = 1"
    change "UPDATE Weights SET Raw = '{}' WHERE Name = 'näme 9' AND Site = 1"
    change "UPDATE Weights SET Heaviest = 'heavy' WHERE Name = 'näme 10' AND Site = 1"
    change "UPDATE Weights SET Lightest = '7' WHERE Name = 'näme 12' AND Site = 1"
    change "DELETE FROM FailedEvents WHERE json_extract(Event, '\$.Weight') = 6000"
    verifies 65 'other, wrong' "$scratch/other.yaml"
    local column
    for column in Heaviest:7 Lightest:8 Raw:9; do
        is "${column%:*}: the event is named" "$(grep -c "^Name näme ${column#*:}, Site 1: ${column%:*} is .*, must be \
.* (event 2024-01-01T00:[0-9:.]*Z)$" "$scratch/other, wrong.out")" 1
    done
    is 'what cannot be read does not keep from the rest' \
        "$(grep -c '^Name näme 10, Site 1: .*column Heaviest of table Weights holds what is no integer' \
            "$scratch/other, wrong.out")" 1
    is 'a decimal is written in one way' \
        "$(grep -c '^Name näme 12, Site 1: .*column Lightest of table Weights holds what is no decimal' \
            "$scratch/other, wrong.out")" 1
    check 'without its dead letter an event is missed' \
        grep -q 'Heaviest is .*, must be 6000 (event 2024-01-01T00:23:20.0001400Z)$' "$scratch/other, wrong.out"
    change "UPDATE Weights SET Heaviest = 9999 WHERE Name = 'näme 11' AND Site = 1"
    verify 'other, open' "$scratch/other.yaml" --json
    is 'a maximum beyond what was read is told' "$(report 'other, open' unexplained)" 1
}

# Given files that grow, when more is in them than the pipeline has read, then that is not asked for; and rows
# that are only ever appended are compared as well.
files_and_appended_rows() {
    new_data files
    cat >"$scratch/files.yaml" <<'YAML'
name: files
source: {plugin: file, path: "${SCANPIPE_DATA}/events.ndjson", page_size: 100}
queue: {path: "${SCANPIPE_DATA}/queue.db"}
sink: {path: "${SCANPIPE_DATA}/out.db"}
table:
  name: History
  append: true
  order: /n
  columns:
    Id:   {from: /id, type: int, key: true}
    Text: {from: /text, type: text(20)}
YAML
    local i
    for i in {1..500}; do printf '{"n":%d,"id":%d,"text":"t%d"}\n' $i $((i % 7)) $i; done \
        >"$SCANPIPE_DATA/events.ndjson"
    runs 'files: load' "$scratch/files.yaml"
    for i in {501..900}; do printf '{"n":%d,"id":%d,"text":"t%d"}\n' $i $((i % 7)) $i; done \
        >>"$SCANPIPE_DATA/events.ndjson"
    verifies 0 'files' "$scratch/files.yaml" --json
    is 'only what was read is compared' "$(report files events)|$(report files rows)" '500|500'
    verifies 0 'lines' "$scratch/files.yaml" --json --from 100 --to events.ndjson:300
    is 'a range of lines' "$(report lines rows)" 200
    change "DELETE FROM History WHERE Text = 't123'"
    change "UPDATE History SET Text = 'other' WHERE Text = 't456'"
    verifies 65 'files, wrong' "$scratch/files.yaml"
    is 'two are found' "$(sort "$scratch/files, wrong.out")" \
        "$(printf '%s\n' "$(key_line 123): the row is missing (event 123)" \
            "$(key_line 456): Text is \"other\", must be \"t456\" (event 456)" | sort)"
}

# Given orders that do not grow along the source, when rows get events beyond the range while it is read, then
# reading on explains them.
read_on() {
    local reader
    new_data shuffled
    sed 's|append: true|append: false|; s|{plugin: file, |&rate_limit: 4/s, |' "$scratch/files.yaml" >"$scratch/slow.yaml"
    sed 's|rate_limit: 4/s, ||' "$scratch/slow.yaml" >"$scratch/fast.yaml"
    python3 - "$seed" >"$scratch/shuffled.ndjson" <<'PYTHON'
import random, sys
lines = ['{"n":%d,"id":%d,"text":"t%d"}' % (i, i % 50, i) for i in range(1200)]
random.Random(int(sys.argv[1])).shuffle(lines)
print("\n".join(lines))
PYTHON
    head -n 600 "$scratch/shuffled.ndjson" >"$SCANPIPE_DATA/events.ndjson"
    runs 'shuffled: load' "$scratch/fast.yaml"
    verify slow "$scratch/slow.yaml" --json --strict --progress always &
    reader=$!
    adopt "$reader" slow
    check 'shuffled: verify reads' wait_until 20 has_line "$scratch/slow.err" 'read [1-9]'
    tail -n +601 "$scratch/shuffled.ndjson" >>"$SCANPIPE_DATA/events.ndjson"
    runs 'shuffled: more' "$scratch/fast.yaml"
    await_end "$reader" 40
    is 'shuffled: rows that went on are no losses' "$(report slow good)|$(report slow different)" 'true|0'
    at_least 'shuffled: it took reading on' "$(report slow late)" 10
}

key_line() { # N
    local order
    order=$(query "$SCANPIPE_DATA/out.db" "SELECT name FROM pragma_table_info('History') WHERE pk = 2")
    echo "Id $(($1 % 7)), $order $1"
}

# Given what is in the way, then verify says so and what to do, and makes nothing.
what_is_in_the_way() {
    new_data way
    sim_start --generate --seed "$seed" --events 4000 --parcels 500
    verifies 0 'nothing read' "$scratch/whole.yaml"
    told 'nothing read' 'has read nothing yet'
    is 'nothing was made' "$(ls -A "$SCANPIPE_DATA")" ''
    verifies 78 'no source' "$scratch/deliver.yaml"
    told 'no source' 'there is no source'
    verifies 78 'no sink' "$scratch/ingest.yaml"
    printf '%s\n' 'name: x' 'source: {plugin: file, path: x}' 'queue: {plugin: sqlite, path: q}' \
        'sink: {plugin: file, path: out}' >"$scratch/plain.yaml"
    verifies 78 'no table' "$scratch/plain.yaml"
    told 'no table' 'no table'
    sed 's/^state:.*/state: {plugin: memory}/' "$scratch/whole.yaml" >"$scratch/memory.yaml"
    verifies 78 'state in memory' "$scratch/memory.yaml"
    verifies 64 'usage' "$scratch/whole.yaml" --wait soon

    runs 'way: load' "$scratch/whole.yaml"
    TMPDIR=$scratch/nowhere "${scanpipe[@]}" verify -c "$scratch/whole.yaml" 2>"$scratch/nowhere.err"
    is 'no folder for the temporary file' "$?" 69
    told nowhere 'TMPDIR'
    sed '/LatestRunId/s/LatestRunId/RunId/' "$scratch/whole.yaml" >"$scratch/changed.yaml"
    verifies 69 'a column is missing' "$scratch/changed.yaml"
    told 'a column is missing' 'the table has changed\|rules'
    change 'ALTER TABLE ParcelSummary ADD COLUMN RunId TEXT'
    verifies 65 'a column is new' "$scratch/changed.yaml"
    told 'a column is new' 'RunId'

    # a rate is kept to: 5 pages at least
    sed '/^source:/s/page_size: 1000/page_size: 1000, rate_limit: 5\/s/' "$scratch/whole.yaml" >"$scratch/rate.yaml"
    local began
    began=$(now_ms)
    verifies 0 'rate' "$scratch/rate.yaml"
    at_least 'the source is asked at its rate, in ms' $(($(now_ms) - began)) 700

    # killed in the middle, nothing is left
    sim_set slow=20000
    TMPDIR=$scratch/tmp "${scanpipe[@]}" verify -c "$scratch/whole.yaml" --progress always 2>"$scratch/killed.err" &
    PID=$!
    adopt "$PID" killed
    check 'verify reads' wait_until 10 has_line "$scratch/killed.err" 'reading'
    kill_hard "$PID"
    is 'killed: no temporary file is left' "$(ls -A "$scratch/tmp")" ''

    sim_stop
    sed '/^source:/s/poll_interval: 100ms/poll_interval: 100ms, timeout: 1s/' "$scratch/whole.yaml" >"$scratch/away.yaml"
    verifies 69 'the source is away' "$scratch/away.yaml"
    told 'the source is away' '^scanpipe: source: '
}

ten_losses
while_it_runs
what_is_in_the_queue
ranges
rejected_events
other_tables
files_and_appended_rows
read_on
what_is_in_the_way
finish
