#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scanpipe migrate, scanpipe table and scanpipe check --online against a real PostgreSQL server.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
# shellcheck source=tests/odbc/real_postgres.sh
. "$root/tests/odbc/real_postgres.sh"
# shellcheck source=tests/e2e/migrate.sh
. "$here/migrate.sh"

parcels() { # [MIGRATE]
    write_parcels "$file" "$(stage_there)" "${1:-false}"
}

tables() {
    sql "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
}

as_the_oracle() { # NAME [EVENTS]
    table_as_the_oracle "$1" "${2:-$events}"
}

by_hand() {
    new_database by_hand
    parcels
    migrate 'a dry run' 0 --dry-run
    is 'makes nothing' "$(tables)" ''
    says 'of the queue it says that it needs nobody' '^-- queue: sqlite needs no server: scanpipe makes its tables$'
    sql "$(cat "$scratch/out")"
    is 'what it prints, done by hand, makes all' "$(tables)" 'FailedEvents,ParcelSummary,PipelineState,ProcessingState,ScanpipeSchema'
    migrate 'then' 0
    is 'nothing is left to do but for the queue' "$(grep -c ': nothing to do$' "$scratch/out")" 3
    runs by_hand "$file"
    as_the_oracle 'the pipeline works with it'
}

at_once() {
    new_database once
    parcels
    migrate_at_once 6
    is 'each step ran once' "$(sql 'SELECT "Part", "Number" FROM "ScanpipeSchema" ORDER BY 1, 2' | paste -s)" $'letters|1\tstate|1'
    runs once "$file"
    as_the_oracle 'the pipeline works with it'
}

# Given `migrate: true`, then nobody has to say anything; given `false`, a process waits until somebody does.
by_itself() {
    new_database itself
    parcels true
    runs itself "$file"
    as_the_oracle 'migrate: true makes all'
    new_database waits
    parcels
    online 'migrate: false, and nothing is made' 69
    says 'the state refuses' '^  state         refused$'
    is 'and no table does' "$(grep -c '^  table  *refused' "$scratch/out")" 0
    start_pipeline waits "$file" --until-caught-up --json
    local pid=$PID
    check 'migrate: false makes nothing' wait_until 20 has_line "$scratch/waits.log" 'PipelineState.* does not exist\|there is no table'
    migrate 'somebody says it' 0
    await_end "$pid" 60
    is 'the process went on by itself' "$STATUS" 0
    as_the_oracle 'and fills the table'
}

is_locked() {
    [ -n "$(sql "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted")" ]
}

end_lock() { # with its session
    sql "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
}

# Given a lock that somebody holds in the midst of a step, then others wait and are told; given a step that fails,
# nothing of it is there.
under_a_lock() {
    new_database locked
    parcels
    sql 'SELECT pg_advisory_lock(7165914, hashtext(current_schema())), pg_sleep(600)' >/dev/null 2>&1 &
    local pid=$!
    adopt "$pid" lock
    wait_until 20 is_locked
    : >"$scratch/err"
    { wait_until 20 has_line "$scratch/err" 'trying again'; end_lock; } >/dev/null &
    migrate 'while another is at it' 0
    complains 'it is told' 'trying again'
    await_end "$pid" 20
    new_database failing
    parcels
    sql 'CREATE TABLE "FailedEvents" ("Id" int)'
    migrate 'a step that fails' 69
    complains 'is told' 'FailedEvents.* already exists'
    is 'the steps before it are done, of it nothing is' "$(sql 'SELECT "Part" FROM "ScanpipeSchema"')" state
    is 'not even its sequence' "$(sql "SELECT count(*) FROM pg_class WHERE relname = 'FailedEventsVersions'")" 0
    sql 'DROP TABLE "FailedEvents"'
    migrate 'when the cause is gone' 0
    says 'it goes on there' '^-- state: nothing to do'
    says 'with that step' '^CREATE TABLE "FailedEvents"'
}

changed_text() {
    new_database changed
    parcels
    migrate 'made' 0
    sql "UPDATE \"ScanpipeSchema\" SET \"Checksum\" = 'x' WHERE \"Part\" = 'letters'"
    migrate 'another text under an old number' 69
    complains 'is refused' 'step 1 of its tables of letters was made by another text'
    migrate 'and by a dry run' 69 --dry-run
    sql "UPDATE \"ScanpipeSchema\" SET \"Number\" = 9 WHERE \"Part\" = 'letters'"
    migrate 'a step of a newer program' 69
    complains 'is refused too' 'made by a newer scanpipe'
}

rebuilt() {
    new_database rebuilt
    parcels
    sed -i 's/keep: first/keep: last/' "$file"
    migrate 'made by other rules' 0
    runs other_rules "$file"
    local before
    before=$(sql 'SELECT count(*) FROM "ParcelSummary"')
    parcels
    migrate 'changed rules' 69
    complains 'are refused' "'PickedUpAtUtc' was kept by "
    other_rules_are_told
    migrate 'afresh, dry' 0 --rebuild --dry-run
    says 'it says what becomes of the table' 'ALTER TABLE "ParcelSummary" RENAME TO "ParcelSummary_before_'
    is 'nothing was done' "$(tables | tr ',' '\n' | grep -c '^ParcelSummary')" 1
    migrate 'afresh' 0 --rebuild
    is 'the old rows are all there' "$(sql "SELECT count(*) FROM \"$(tables | tr ',' '\n' |
        grep '^ParcelSummary_before_')\"")" "$before"
    is 'ProcessingState shows no place any more, or an old one' "$(sql 'SELECT count(*) FROM "ProcessingState"')" 1
    runs rebuilt "$file"
    as_the_oracle 'all is read again, by the new rules'
}

# Given a table of one's own that does not fit, when one asks, then each misfit is told, and its cure cures it.
compared() {
    new_database compared
    parcels
    migrate 'all' 0
    online 'what was made' 0
    sql 'DROP TABLE "ParcelSummary"'
    online 'no table' 69
    says 'it is missing' 'error: there is no table ParcelSummary; CREATE TABLE'
    sql 'CREATE TABLE "ParcelSummary" ("ParcelId" bigint NOT NULL, "LatestEventId" int, "LatestType" varchar(20),
        "LatestCreatedDateTimeUtc" timestamp, "LatestStatusCode" text NOT NULL, "LatestRunId" char(50),
        "PickedUpAtUtc" timestamptz(3) NOT NULL, "Weight ""net""" int NOT NULL, "Colour" text NOT NULL DEFAULT 1,
        "PickedUpEventId" numeric(12,2), "DeliveredEventId" numeric);
        CREATE UNIQUE INDEX ON "ParcelSummary" ("ParcelId", "LatestEventId");
        CREATE UNIQUE INDEX ON "ParcelSummary" ("ParcelId") WHERE "ParcelId" > 0'
    online 'a table that does not fit' 69
    says 'a missing column' 'error: table ParcelSummary has no column DeliveredAtUtc; ALTER TABLE'
    says 'a number too small' 'error: column LatestEventId is to hold bigint, and is integer, which is another type; ALTER'
    says 'a text too short' 'error: column LatestType is to hold text\(50\), and is character varying\(20\), which holds less'
    says 'a time without a zone' 'error: column LatestCreatedDateTimeUtc is to hold timestamp, and is timestamp without'
    says 'a text of another kind' 'error: column LatestRunId is to hold text\(50\), and is character\(50\), which is another'
    says 'a time that rounds' 'error: column PickedUpAtUtc is to hold timestamp, and is timestamp\(3\) with .* holds less'
    says 'what may be nothing' 'error: column PickedUpAtUtc is NOT NULL, and a row may have nothing for it'
    says 'a decimal that is too small' 'error: column PickedUpEventId is to hold bigint, and is numeric\(12,2\), which holds'
    says 'what nobody fills' 'error: column Weight "net" is NOT NULL without a default'
    says 'a key that is none' 'error: table ParcelSummary has no primary key or unique index of just ParcelId; CREATE'
    is 'and no more' "$(grep -c error: "$scratch/out")" 10
    sed -n 's/^ *error: [^;]*; //p' "$scratch/out" >"$scratch/cures"
    while IFS= read -r cure; do
        sql "$cure" || ok "$cure" 1
    done <"$scratch/cures"
    online 'all is cured' 0
    runs cured "$file"
    as_the_oracle 'and the pipeline works with it'
}

as_clerk() { # [MIGRATE]
    parcels "${1:-false}"
    sed -i 's/UID=scanpipe/UID=Clerk/' "$file"
}

lacks() { # NAME RIGHTS THING [LEVEL]
    says "$1" "^    ${4:-error}: the user Clerk has no $2 on \"Work\"\.\"$3\".*; $(
        )GRANT $2 ON (SEQUENCE )?\"Work\"\.\"$3\" TO \"Clerk\"$"
}

cure_all() { # by somebody who has another search_path
    sed -n 's/^ *\(error\|warning\): .*; \(GRANT .*\)/\2/p' "$scratch/out" >"$scratch/cures"
    while IFS= read -r cure; do
        sql "SET search_path = pg_temp; $cure" >/dev/null || ok "$cure" 1
    done <"$scratch/cures"
}

# Given tables of another user, when one asks, then each right that is missing is told with its GRANT, and with those,
# and no more, the pipeline works.
granted() {
    new_database granted
    sql 'CREATE SCHEMA "Work"; ALTER DATABASE granted SET search_path = "Work"'
    parcels
    migrate 'by their owner' 0
    sql "CREATE ROLE \"Clerk\" LOGIN PASSWORD '$postgres_password'; GRANT USAGE ON SCHEMA \"Work\" TO \"Clerk\""
    as_clerk
    online 'a user who may nothing' 69
    lacks 'the rows' 'SELECT, INSERT, UPDATE' ParcelSummary
    lacks 'the records' 'SELECT, INSERT, UPDATE' PipelineState
    lacks 'their sequence' USAGE PipelineStateVersions
    lacks 'the place for people' 'SELECT, INSERT, UPDATE' ProcessingState
    lacks 'the letters' 'SELECT, INSERT, UPDATE' FailedEvents
    lacks 'what some commands need' DELETE FailedEvents warning
    lacks 'the sequence of the letters' USAGE FailedEventsVersions
    is 'and no more' "$(grep -c GRANT "$scratch/out")" 7
    sql 'GRANT SELECT, INSERT ON "ParcelSummary" TO "Clerk"'
    online 'one who may not change' 69
    lacks 'what is still missing' UPDATE ParcelSummary
    cure_all
    online 'all is granted' 0
    is 'nothing is lacking' "$(grep -c GRANT "$scratch/out")" 0
    runs granted "$file"
    as_the_oracle 'and the pipeline works with it'
    as_clerk true
    online 'who brings tables up to date' 69
    lacks 'has to look' SELECT ScanpipeSchema
    cure_all
    online 'and may' 0
    runs granted_too "$file"
}

# Given a table that was made by hand of what `scanpipe table` prints, then it fits.
own_table() {
    new_database own
    parcels
    migrate 'the others' 0
    sql 'DROP TABLE "ParcelSummary"'
    "${scanpipe[@]}" table -c "$file" >"$scratch/out"
    sql "$(cat "$scratch/out")"
    online 'a table made by hand' 0
}

# ---- The worker that scanpipe replaces

quiet_feed

# Its tables, as if it had read up to an id in the midst.  Sets old_place.
old_tables() {
    old_place=$(python3 -B "$root/tests/odbc/old_events.py" "$quiet_events" "$scratch/old.ndjson")
    sql 'CREATE TABLE "ParcelSummary" ("ParcelId" int NOT NULL PRIMARY KEY, "LatestEventId" bigint NOT NULL,
        "LatestType" varchar(50) NOT NULL, "LatestCreatedDateTimeUtc" timestamptz NOT NULL,
        "LatestStatusCode" varchar(50) NOT NULL, "LatestRunId" varchar(50) NOT NULL, "PickedUpAtUtc" timestamptz,
        "DeliveredAtUtc" timestamptz);
        CREATE TABLE "ProcessingState" ("Id" int NOT NULL DEFAULT 1 CONSTRAINT "PK_State" PRIMARY KEY
            CONSTRAINT "One" CHECK ("Id" = 1), "LastEventId" bigint NOT NULL DEFAULT 1,
            "UpdatedAtUtc" timestamptz NOT NULL)'
    sql "INSERT INTO \"ProcessingState\" VALUES (1, $old_place, '2026-01-02T03:04:05Z')"
    postgres_oracle "$scratch/old.ndjson" | python3 -c 'import json, sys
def sql(value):
    return "NULL" if value is None else str(value) if isinstance(value, int) else "\x27" + value.replace("\x27", "\x27\x27") + "\x27"
rows = ["(" + ", ".join(sql(value) for value in json.loads(line)[:8]) + ")" for line in sys.stdin]
print("INSERT INTO \"ParcelSummary\" VALUES " + ",\n".join(rows))' >"$scratch/rows.sql"
    sql "$(cat "$scratch/rows.sql")"
}

# Given that worker's tables with data, when they are taken over, then nothing is lost, the rest of the feed makes
# the oracle's table, and reading all again mends the orders that were bounds.
taken_over() {
    sim_start "${quiet[@]}"
    new_database taken
    parcels true
    old_tables
    start_pipeline untaken "$file"
    local pid=$PID
    check 'a pipeline does not take it over by itself' wait_until 20 has_line "$scratch/untaken.log" \
        'ProcessingState is that of another program'
    check 'it says what to do' has_line "$scratch/untaken.log" 'scanpipe migrate'
    stop "$pid"
    is 'that state is as it was' "$(sql 'SELECT * FROM "ProcessingState"')" "1|$old_place|2026-01-02 03:04:05+00"
    sql 'ALTER TABLE "ParcelSummary" DROP COLUMN IF EXISTS "PickedUpEventId", DROP COLUMN IF EXISTS "DeliveredEventId"'
    parcels
    online 'the table of before' 69
    says 'whose state it is' 'error: the table ProcessingState is that of another program; stop that one, and take it over: scanpipe migrate'
    says 'what is missing is filled as well' 'column PickedUpEventId; ALTER TABLE .*; UPDATE .*"PickedUpAtUtc" IS NOT NULL'
    migrate 'a dry run' 0 --dry-run
    says 'it says where the cursor will be' "^-- the cursor is to be set to $old_place:"
    says 'what becomes of the state' 'ADD COLUMN "Pipeline"'
    says 'and of the orders' '^UPDATE "ParcelSummary" SET "PickedUpEventId" = "LatestEventId" WHERE "PickedUpAtUtc" IS NOT NULL;'
    is 'nothing was done' "$(tables)" ParcelSummary,ProcessingState
    migrate 'taken over' 0
    says 'it says so' "^-- the cursor was set to $old_place: so far the program before had come"
    is 'the cursor is there' "$(cursor_at)" "$old_place"
    is 'orders are bounds, or nothing' "$(sql 'SELECT count(*) FROM "ParcelSummary" WHERE
        "PickedUpEventId" IS DISTINCT FROM CASE WHEN "PickedUpAtUtc" IS NOT NULL THEN "LatestEventId" END OR
        "DeliveredEventId" IS DISTINCT FROM CASE WHEN "DeliveredAtUtc" IS NOT NULL THEN "LatestEventId" END')" 0
    at_least 'and there are some' "$(sql 'SELECT count("PickedUpEventId") FROM "ParcelSummary"')" 50
    migrate 'again' 0
    is 'nothing is left to do' "$(grep -vc ': nothing to do$' "$scratch/out")" 0
    runs rest "$file"
    at_most 'only the rest was read' "$(summary rest events_read)" $(($(wc -l <"$quiet_events") * 6 / 10))
    values_as_the_oracle 'the table is the oracle'"'"'s' "$quiet_events"
    is 'ProcessingState is one row as before' "$(sql 'SELECT count(*), min("Id"), min("Pipeline") FROM "ProcessingState"')" \
        '1|1|parcels'
    is 'and shows how far it came' "$(sql 'SELECT "LastEventId" FROM "ProcessingState" WHERE "Id" = 1')" "$(cursor_at)"
    check 'all is sent again' "${scanpipe[@]}" replay -c "$file" --from 1 --to "$old_place"
    runs mended "$file"
    as_the_oracle 'and all orders are right' "$quiet_events"
    check 'verify agrees' "${scanpipe[@]}" verify -c "$file"
}

# Given a database that was taken over, then another pipeline there inherits nothing, and neither does the same one
# when its cursor was taken away on purpose.
only_once() {
    local first=$file
    sed 's/^name: parcels/name: others/; s/name: ParcelSummary/name: OtherSummary/' "$first" >"$scratch/others.yaml"
    file=$scratch/others.yaml
    migrate 'another pipeline' 0
    is 'has no cursor' "$(cursor_at)" null
    runs others "$file"
    is 'and a row of its own' "$(sql 'SELECT "Id", "Pipeline" FROM "ProcessingState" ORDER BY 2' | paste -s)" $'|others\t1|parcels'
    file=$first
    sql "DELETE FROM \"PipelineState\" WHERE \"Name\" = 'poller' AND \"Pipeline\" = 'parcels'"
    migrate 'when the cursor was taken away' 0
    is 'it does not come back' "$(cursor_at)" null
}

compared
granted
own_table
by_hand
at_once
by_itself
under_a_lock
changed_text
rebuilt
taken_over
only_once
finish
