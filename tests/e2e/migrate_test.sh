#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scanpipe migrate over SQLite: what it prints, makes and refuses, several at once, and a table made afresh.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# shellcheck source=tests/e2e/migrate.sh
. "$here/migrate.sh"

# All in one file, but for the state where that is said.
parcels() { # [STATE [SINK]]
    write_conf "$file" <<YAML
name: parcels
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 500, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/parcels.db", $quick}
sink: {plugin: sqlite, path: "\${SCANPIPE_DATA}/parcels.db", ${2:-migrate: false}, $quick}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/${1:-parcels}.db", timeout: 2s, $quick}
YAML
}

script() { # DB: executes what migrate printed
    python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())' "$1" <"$scratch/out"
}

tables() {
    query "$SCANPIPE_DATA/parcels.db" "SELECT group_concat(name) FROM (SELECT name FROM sqlite_master
        WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name)"
}

nothing_is_there() {
    new_data nothing
    parcels
    migrate 'a dry run' 0 --dry-run
    says 'it prints what would be done' '^CREATE TABLE PipelineState'
    says 'the table of the pipeline too' '^CREATE TABLE "ParcelSummary"'
    is 'and makes nothing' "$(ls "$SCANPIPE_DATA")" ''
    start_pipeline unmade "$file" --until-caught-up --json
    local pid=$PID
    check 'without its table nothing is written' wait_until 20 has_line "$scratch/unmade.log" 'there is no table'
    migrate 'made under a process that waits for it' 0
    says 'it says so' '^CREATE TABLE "ParcelSummary"'
    await_end "$pid" 30
    check 'that process goes on by itself' has_line "$scratch/unmade.json" '"caught_up":true'
    table_equals 'and fills it' "$SCANPIPE_DATA/parcels.db" "$events"
    migrate 'again' 0
    is 'there is nothing to do' "$(grep -vc ': nothing to do$' "$scratch/out")" 0
}

by_hand() {
    new_data first
    parcels
    migrate 'a dry run for one who does it by hand' 0 --dry-run
    script "$SCANPIPE_DATA/parcels.db"
    is 'all tables are there' "$(tables)" "FailedEvents,ParcelSummary,PipelineState,QueueHolders,QueueLeases,$(
        )QueueMessages,QueueTotals,ScanpipeCounters,ScanpipeMigrations,ScanpipeSchema"
    migrate 'what was done by hand' 0
    is 'is done' "$(grep -vc ': nothing to do$' "$scratch/out")" 0
    runs by_hand "$file"
    table_equals 'the pipeline works with it' "$SCANPIPE_DATA/parcels.db" "$events"
}

at_once() {
    new_data once
    parcels
    migrate_at_once 6
    is 'each step ran once' "$(query "$SCANPIPE_DATA/parcels.db" 'SELECT count(*) FROM ScanpipeMigrations')" 4
}

changed_text() {
    new_data changed
    parcels
    migrate 'made' 0
    echo "UPDATE ScanpipeMigrations SET Checksum = 'x' WHERE Part = 'letters' AND Number = 1" >"$scratch/out"
    script "$SCANPIPE_DATA/parcels.db"
    migrate 'another text under an old number' 69
    complains 'is refused' 'step 1 of its tables of letters was made by another text'
    migrate 'and by a dry run' 69 --dry-run
}

other_rules() {
    new_data rules
    parcels
    sed -i 's/keep: first/keep: last/' "$file"
    migrate 'made by other rules' 0
    runs other_rules "$file"
    parcels
    migrate 'changed rules' 69
    complains 'are refused, and it is said which' "'PickedUpAtUtc' was kept by "
    complains 'with the cure' 'put the block back; or stop all, and make the table afresh: scanpipe migrate --rebuild'
    other_rules_are_told
    migrate 'afresh, dry' 0 --rebuild --dry-run
    says 'it says what becomes of the table' 'ALTER TABLE "ParcelSummary" RENAME TO "ParcelSummary_before_'
    says 'and of the cursor' '^-- the cursor is to be set back from [0-9]+ to the start'
    is 'nothing was done' "$(tables | tr ',' '\n' | grep -c '^ParcelSummary')" 1
}

# Given a sink that has no table to make afresh, then the cure of changed rules is another one, and it cures.
other_rules_for_a_log() {
    new_data log
    parcels
    sed -i '/^sink:/d; s/keep: first/keep: last/' "$file"
    echo 'sink: {plugin: file, path: "${SCANPIPE_DATA}/rows.ndjson"}' >>"$file"
    runs log "$file"
    sed -i 's/keep: last/keep: first/' "$file"
    local cure="put the block back; or begin as another pipeline, with its own name, queue and sink: 'file' cannot make a table afresh"
    migrate 'changed rules of a log' 69
    complains 'are refused with what can be done' "$cure"
    migrate 'afresh, for a log' 69 --rebuild
    complains 'is none of that' "$cure"
    online 'a log by other rules' 69
    says 'the same is told' "error: the table's rules are not those it was folded by: .*; $cure"
    start_pipeline log_refused "$file" --until-caught-up
    check 'the pipeline refuses them so too' wait_until 20 has_line "$scratch/log_refused.log" "begin as another pipeline"
    stop "$PID"
    sed -i 's/^name: parcels/name: afresh/; s/rows\.ndjson/afresh.ndjson/; s/parcels\.db/afresh.db/' "$file"
    online 'another pipeline' 0
    runs afresh "$file"
    at_least 'another pipeline reads all' "$(wc -l <"$SCANPIPE_DATA/afresh.ndjson")" 400
}

rebuilt() {
    other_rules
    local pid rows
    rows=$(query "$SCANPIPE_DATA/parcels.db" 'SELECT count(*) FROM ParcelSummary')
    sed '/^sink:/d; /^table:/,$d' "$file" >"$scratch/ingest.yaml"
    start_pipeline poller "$scratch/ingest.yaml"
    pid=$PID
    check 'a process polls' wait_until 20 has_line "$scratch/poller.log" 'polls from'
    migrate 'afresh while one polls' 69 --rebuild
    complains 'that is refused' "process $pid on .* polls"
    is 'and nothing was done' "$(tables | tr ',' '\n' | grep -c '^ParcelSummary')" 1
    stop "$pid"
    migrate 'afresh' 0 --rebuild
    local aside
    aside=$(tables | tr ',' '\n' | grep '^ParcelSummary_before_')
    is 'the old rows are all there' "$(query "$SCANPIPE_DATA/parcels.db" "SELECT count(*) FROM $aside")" "$rows"
    is 'the new table is empty' "$(query "$SCANPIPE_DATA/parcels.db" 'SELECT count(*) FROM ParcelSummary')" 0
    runs rebuilt "$file"
    table_equals 'and is filled by the new rules' "$SCANPIPE_DATA/parcels.db" "$events"
    migrate 'afresh once more' 0 --rebuild
    says 'there is no need to' 'it stays'
    is 'and nothing is done' "$(tables | tr ',' '\n' | grep -c '^ParcelSummary')" 2
}

# Given a state that cannot be written, when a rebuild has made the table and comes no further, then the pipeline
# still refuses the new rules, and saying it again does the rest.
broken_off() {
    new_data broken
    parcels state
    sed -i 's/keep: first/keep: last/' "$file"
    migrate 'made, with a state of its own' 0
    runs broken "$file"
    parcels state
    lock "$SCANPIPE_DATA/state.db"
    migrate 'broken off' 69 --rebuild
    unlock
    is 'the table is new' "$(query "$SCANPIPE_DATA/parcels.db" 'SELECT count(*) FROM ParcelSummary')" 0
    migrate 'its rules are not' 69
    sleep 1.1 # names have a second
    migrate 'said again' 0 --rebuild
    runs mended "$file"
    table_equals 'all is right' "$SCANPIPE_DATA/parcels.db" "$events"
    check 'the first rows are still there' test "$(query "$SCANPIPE_DATA/parcels.db" "SELECT count(*) FROM $(
        tables | tr ',' '\n' | grep '^ParcelSummary_before_' | head -n 1)")" -gt 0
}

# Given a file that only writes, when its table is made afresh, then the cursor of the other half moves.
half() {
    new_data half
    parcels
    sed -i 's/keep: first/keep: last/' "$file"
    migrate 'made, for a half' 0
    runs half "$file"
    parcels
    sed '/^source:/d' "$file" >"$scratch/deliver.yaml"
    sed '/^sink:/d' "$file" >"$scratch/ingest.yaml"
    local whole=$file
    file=$scratch/ingest.yaml
    online 'the half that reads, with a block of other rules' 69
    says 'its cure names the other file' "make the table afresh with the file that has the sink: scanpipe migrate --rebuild\$"
    migrate 'that half makes no table afresh' 69 --rebuild
    complains 'and says so' 'ingest.yaml has no sink, so it has no table to make afresh'
    complains 'with what to do' '= say it with the file that has the sink'
    file=$scratch/deliver.yaml
    migrate 'a half makes it afresh' 0 --rebuild
    says 'and sets the cursor back' 'the cursor was set back .* to the start'
    file=$whole
    runs whole "$file"
    table_equals 'all was read again' "$SCANPIPE_DATA/parcels.db" "$events"
}

statement() { # executes one of the cures that are told, by a pattern
    sed -n "s/.*error: .*$1.*; //p" "$scratch/out" >"$scratch/cure"
    query "$SCANPIPE_DATA/parcels.db" 'SELECT 1' >/dev/null
    python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())' "$SCANPIPE_DATA/parcels.db" <"$scratch/cure"
}

# Given tables of one's own that do not fit, when one asks, then each misfit is told, with what makes it right.
compared() {
    new_data compared
    parcels
    migrate 'the other tables' 0
    echo 'DROP TABLE ParcelSummary' >"$scratch/out"
    script "$SCANPIPE_DATA/parcels.db"
    online 'no table' 69
    says 'it is missing' 'error: there is no table ParcelSummary; CREATE TABLE'
    parcels parcels 'migrate: true'
    online 'no table, and one that makes it' 0
    says 'it is to come' '^    there is no table ParcelSummary yet: the pipeline makes it'
    parcels
    cat >"$scratch/out" <<'SQL'
CREATE TABLE ParcelSummary (ParcelId INTEGER NOT NULL, LatestEventId TEXT, LatestType VARCHAR(9),
    LatestCreatedDateTimeUtc DATETIME, LatestStatusCode TEXT NOT NULL, PickedUpAtUtc TEXT NOT NULL, Weight INTEGER NOT NULL,
    Colour TEXT NOT NULL DEFAULT 'red', PickedUpEventId INTEGER, DeliveredEventId INTEGER, LatestRunId)
SQL
    script "$SCANPIPE_DATA/parcels.db"
    online 'a table that does not fit' 69
    says 'a missing column' 'error: table ParcelSummary has no column DeliveredAtUtc; ALTER TABLE'
    says 'a number as text' 'error: column LatestEventId is to hold bigint, and is TEXT'
    says 'a time as a number' 'error: column LatestCreatedDateTimeUtc is to hold timestamp, and is DATETIME'
    says 'what may be nothing' 'error: column PickedUpAtUtc is NOT NULL, and a row may have nothing for it'
    says 'what nobody fills' 'error: column Weight is NOT NULL without a default, and the table block does not fill'
    says 'a key that is none' 'error: table ParcelSummary has no primary key or unique index of just ParcelId; CREATE'
    is 'and no more' "$(grep -c error: "$scratch/out")" 6
    statement 'has no column'
    statement 'has no primary key'
    online 'two cures' 69
    is 'cure two' "$(grep -c error: "$scratch/out")" 4
}

# Given rows of another program without the orders of their first values, when the columns are added, then each has
# the row's newest order, an upper bound, and reading all again mends it.
bounds() {
    new_data bounds
    parcels
    migrate 'all' 0
    runs bounds "$file"
    printf 'ALTER TABLE ParcelSummary DROP COLUMN %s;\n' PickedUpEventId DeliveredEventId >"$scratch/out"
    script "$SCANPIPE_DATA/parcels.db"
    online 'without orders' 69
    says 'each cure fills the column as well' 'column PickedUpEventId; ALTER TABLE .*; UPDATE "ParcelSummary" SET'
    migrate 'the orders are added' 0
    says 'and filled' '^UPDATE "ParcelSummary" SET "DeliveredEventId" = "LatestEventId" WHERE "DeliveredAtUtc" IS NOT NULL;'
    is 'as bounds' "$(query "$SCANPIPE_DATA/parcels.db" 'SELECT count(*) FROM ParcelSummary WHERE
        PickedUpEventId IS NOT CASE WHEN PickedUpAtUtc IS NOT NULL THEN LatestEventId END OR
        DeliveredEventId IS NOT CASE WHEN DeliveredAtUtc IS NOT NULL THEN LatestEventId END')" 0
    check 'all is read again' "${scanpipe[@]}" cursor set --to-start -c "$file"
    runs again "$file"
    table_equals 'and all orders are right' "$SCANPIPE_DATA/parcels.db" "$events"
}

compared
bounds
other_rules_for_a_log
nothing_is_there
by_hand
at_once
changed_text
rebuilt
broken_off
half
finish
