#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scanpipe migrate, table and check --online against a real SQL Server, or Babelfish: real_mssql.sh says which.  Not one
# of `make check`: `tests/check-all.sh . mssql` runs it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
# shellcheck source=tests/odbc/real_mssql.sh
. "$root/tests/odbc/real_mssql.sh"
# shellcheck source=tests/e2e/migrate.sh
. "$here/migrate.sh"

fresh() { # NAME
    new_data "$1"
    new_database "$1"
}

parcels() { # [MIGRATE]
    write_parcels "$file" "$(stage_there)" "${1:-false}"
}

# Names as the server has them; Babelfish's are in small letters.
tables() {
    sql "$database" "SELECT LOWER(name) FROM sys.tables" | tr -d '[]"' | sort | paste -sd,
}

one() { # SQL: the rows on one line, without what JSON puts around them
    sql "$database" "$1" | tr -d '[]" ' | paste -sd'|'
}

# As sqlcmd: a line GO ends a batch.
by_batches() { # FILE
    python3 -c 'import subprocess, sys
batches = open(sys.argv[2]).read().split("\nGO\n")
command = ["python3", "-B", sys.argv[1], sys.argv[3]]
sys.exit(subprocess.call(command + [one for one in batches if one.strip()]))' \
        "$root/tests/odbc/mssql_sql.py" "$1" "$database"
}

as_the_oracle() { # NAME [EVENTS]
    table_as_the_oracle "$1" "${2:-$events}"
}

# ---- Tables of scanpipe's own

by_hand() {
    fresh by_hand
    parcels
    migrate 'a dry run' 0 --dry-run
    is 'makes nothing' "$(tables)" ''
    sed '/^-- queue$/,/^-- sink$/d' "$scratch/out" | grep -v '^--' >"$scratch/script"
    by_batches "$scratch/script"
    is 'what it prints, done by hand, makes all' "$(tables)" \
        failedevents,parcelsummary,pipelinestate,processingstate,scanpipeschema
    migrate 'then' 0
    is 'nothing is left to do but for the queue' "$(grep -c ': nothing to do$' "$scratch/out")" 3
    runs by_hand "$file"
    as_the_oracle 'the pipeline works with it'
}

at_once() {
    fresh once
    parcels
    migrate_at_once 4
    is 'each step ran once' "$(one 'SELECT Part, Number FROM ScanpipeSchema ORDER BY 1, 2')" 'letters,1|state,1'
}

failing() {
    fresh failing
    parcels
    sql "$database" 'CREATE TABLE FailedEvents (Id INT)'
    migrate 'a step that fails' 69
    complains 'is told' '[Ff]ailed[Ee]vents'
    is 'the steps before it are done, of it nothing is' "$(one 'SELECT Part FROM ScanpipeSchema')" state
    is 'not even its sequence' "$(one "SELECT COUNT(*) FROM sys.sequences WHERE name = 'FailedEventsVersions'")" 0
    sql "$database" 'DROP TABLE FailedEvents'
    migrate 'when the cause is gone' 0
    says 'it goes on there' '^-- state: nothing to do'
    sql "$database" "UPDATE ScanpipeSchema SET Checksum = 'x' WHERE Part = 'letters'"
    migrate 'another text under an old number' 69
    complains 'is refused' 'step 1 of its tables of letters was made by another text'
}

rebuilt() {
    fresh rebuilt
    parcels
    sed -i 's/keep: first/keep: last/' "$file"
    migrate 'made by other rules' 0
    runs other_rules "$file"
    local before
    before=$(one 'SELECT COUNT(*) FROM ParcelSummary')
    parcels
    migrate 'changed rules' 69
    complains 'are refused' "'PickedUpAtUtc' was kept by "
    other_rules_are_told
    migrate 'afresh, dry' 0 --rebuild --dry-run
    says 'it says what becomes of the table' "EXEC sp_rename @old, N'ParcelSummary_before_"
    migrate 'afresh' 0 --rebuild
    is 'the old rows are all there' "$(one "SELECT COUNT(*) FROM [$(tables | tr ',' '\n' |
        grep '^parcelsummary_before_')]")" "$before"
    runs rebuilt "$file"
    as_the_oracle 'all is read again, by the new rules'
}

# ---- Tables of one's own

# Given a table of one's own that does not fit, when one asks, then each misfit is told, with its cure.
compared() {
    fresh compared
    parcels
    migrate 'all' 0
    online 'what was made' 0
    sql "$database" 'DROP TABLE ParcelSummary'
    online 'no table' 69
    says 'it is missing' 'error: there is no table ParcelSummary; CREATE TABLE'
    sql "$database" "CREATE TABLE ParcelSummary (ParcelId BIGINT NOT NULL, LatestEventId INT NULL,
        LatestType NVARCHAR(20) NULL, LatestCreatedDateTimeUtc DATETIME NULL, LatestStatusCode NVARCHAR(MAX) NOT NULL,
        LatestRunId VARCHAR(50) NULL, PickedUpAtUtc DATETIMEOFFSET(3) NOT NULL, [Weight net] INT NOT NULL,
        Colour NVARCHAR(9) NOT NULL DEFAULT 'x', PickedUpEventId DECIMAL(12,2) NULL, DeliveredEventId DECIMAL(19) NULL)"
    sql "$database" 'CREATE UNIQUE INDEX BothOfThem ON ParcelSummary (ParcelId, LatestEventId)'
    online 'a table that does not fit' 69
    says 'a missing column' 'error: table ParcelSummary has no column DeliveredAtUtc; ALTER TABLE'
    says 'a number too small' 'error: column LatestEventId is to hold bigint, and is int, which is another type; ALTER'
    says 'a text too short' 'error: column LatestType is to hold text\(50\), and is nvarchar\(20\).*, which holds less'
    says 'a time that rounds' 'error: column LatestCreatedDateTimeUtc is to hold timestamp, and is datetime, which'
    says 'a text of another kind' 'error: column LatestRunId is to hold text\(50\), and is varchar\(50\).*, which is another'
    says 'a time of few digits' 'error: column PickedUpAtUtc is to hold timestamp, and is datetimeoffset\(3\), which holds less'
    says 'what may be nothing' 'error: column PickedUpAtUtc is NOT NULL, and a row may have nothing for it; .* NULL$'
    says 'a decimal that is too small' 'error: column PickedUpEventId is to hold bigint, and is decimal\(12,2\), which holds'
    says 'what nobody fills' 'error: column [Ww]eight net is NOT NULL without a default.*\[[Ww]eight net\] int NULL$'
    says 'a key that is none' 'error: table ParcelSummary has no primary key or unique index of just ParcelId; CREATE'
    is 'and no more' "$(grep -c error: "$scratch/out")" 10
    [ "$babelfish" = '["0"]' ] || return # where ALTER COLUMN cannot say NULL
    sed -n 's/^ *error: [^;]*; //p' "$scratch/out" >"$scratch/cures"
    while IFS= read -r cure; do
        sql "$database" "$cure" || ok "$cure" 1
    done <"$scratch/cures"
    online 'all is cured' 0
}

as_clerk() {
    parcels
    sed -i "s/UID=[^;\"]*/UID=$clerk/" "$file"
}

lacks() { # NAME RIGHTS THING [LEVEL]: Babelfish's names are in small letters
    local thing="\\[dbo\\]\\.\\[$3\\]"
    check "$1" grep -iE "^    ${4:-error}: the user $clerk has no $2 on $thing.*; GRANT $2 ON $thing TO \\[$clerk\\]$" \
        "$scratch/out"
}

cure_all() {
    sed -n 's/^ *\(error\|warning\): .*; \(GRANT .*\)/\2/p' "$scratch/out" >"$scratch/cures"
    while IFS= read -r cure; do
        sql "$database" "$cure" || ok "$cure" 1
    done <"$scratch/cures"
}

# Given tables of another user, when one asks, then each right that is missing is told with its GRANT, and with those,
# and no more, the pipeline works.  Of what a user may do nothing with he sees nothing.  In Babelfish only administrators
# may look at their connections, and who may not cannot work.
granted() {
    fresh granted
    parcels
    migrate 'by their owner' 0
    clerk=scanpipe_test_clerk_$$
    logins+=("$clerk")
    sql master "CREATE LOGIN $clerk WITH PASSWORD = '$SCANPIPE_MSSQL_PASSWORD'"
    sql "$database" "CREATE USER $clerk FOR LOGIN $clerk" "GRANT SELECT ON ParcelSummary TO $clerk" \
        "GRANT SELECT ON PipelineState TO $clerk" "GRANT SELECT, UPDATE ON ProcessingState TO $clerk" \
        "GRANT SELECT, INSERT ON FailedEvents TO $clerk" "GRANT UPDATE ON FailedEventsVersions TO $clerk" \
        "GRANT UPDATE ON PipelineStateVersions TO $clerk"
    as_clerk
    online 'a user who may little' 69
    lacks 'the rows' 'INSERT, UPDATE' ParcelSummary
    lacks 'the records' 'INSERT, UPDATE' PipelineState
    lacks 'the place for people' INSERT ProcessingState warning
    lacks 'the letters' UPDATE FailedEvents
    lacks 'what some commands need' DELETE FailedEvents warning
    is 'and no more' "$(grep -c GRANT "$scratch/out")" 5
    cure_all
    online 'all is granted' 0
    is 'nothing is lacking' "$(grep -c GRANT "$scratch/out")" 0
    sql "$database" "REVOKE INSERT ON ProcessingState FROM $clerk"
    sed -i '/^source:/d' "$file"
    online 'one who only writes rows' 0
    lacks 'what he does not need' INSERT ProcessingState warning
    sql "$database" "GRANT INSERT ON ProcessingState TO $clerk"
    as_clerk
    [ "$babelfish" = '["0"]' ] || return
    runs granted "$file"
    as_the_oracle 'and the pipeline works with it'
}

own_table() {
    fresh own
    parcels
    migrate 'the others' 0
    sql "$database" 'DROP TABLE ParcelSummary'
    "${scanpipe[@]}" table -c "$file" >"$scratch/out"
    by_batches "$scratch/out"
    online 'a table made by hand' 0
}

# ---- The worker that scanpipe replaces

quiet_feed

# Its tables, as if it had read up to an id in the midst.  Sets old_place.
old_tables() {
    old_place=$(python3 -B "$root/tests/odbc/old_events.py" "$quiet_events" "$scratch/old.ndjson")
    sql "$database" "CREATE TABLE ParcelSummary (ParcelId INT NOT NULL PRIMARY KEY, LatestEventId BIGINT NOT NULL,
        LatestType NVARCHAR(50) NOT NULL, LatestCreatedDateTimeUtc DATETIMEOFFSET NOT NULL,
        LatestStatusCode NVARCHAR(50) NOT NULL, LatestRunId NVARCHAR(50) NOT NULL, PickedUpAtUtc DATETIMEOFFSET NULL,
        DeliveredAtUtc DATETIMEOFFSET NULL)" \
        "CREATE TABLE ProcessingState (Id INT NOT NULL DEFAULT 1 CONSTRAINT PK_State PRIMARY KEY
        CONSTRAINT OneRow CHECK (Id = 1), LastEventId BIGINT NOT NULL DEFAULT 1, UpdatedAtUtc DATETIMEOFFSET NOT NULL)" \
        "INSERT INTO ProcessingState VALUES (1, $old_place, '2026-01-02T03:04:05+00:00')"
    python3 "$here/oracle.py" "$scratch/old.ndjson" | python3 -c 'import json, sys
def sql(value):
    return "NULL" if value is None else str(value) if isinstance(value, int) else "N\x27" + value.replace("\x27", "\x27\x27") + "\x27"
def time(value):
    return "NULL" if value is None else "CAST(\x27" + value + "\x27 AS DATETIMEOFFSET)"
for line in sys.stdin:
    print("INSERT INTO ParcelSummary VALUES (" + ", ".join((time if at in (3, 6, 7) else sql)(value) for at, value in enumerate(json.loads(line)[:8])) + ");")' >"$scratch/rows.sql"
    split -l 100 "$scratch/rows.sql" "$scratch/rows.sql."
    for part in "$scratch"/rows.sql.*; do sql "$database" "$(cat "$part")"; done
}

taken_over() {
    sim_start "${quiet[@]}"
    fresh taken
    parcels true
    old_tables
    start_pipeline untaken "$file"
    local pid=$PID
    check 'a pipeline does not take it over by itself' wait_until 60 has_line "$scratch/untaken.log" \
        'ProcessingState is that of another program'
    stop "$pid"
    is 'that state is as it was' "$(one 'SELECT Id, LastEventId FROM ProcessingState')" "1,$old_place"
    sql "$database" 'DROP TABLE ParcelSummary' 'DROP TABLE ProcessingState'
    old_tables
    parcels
    online 'the table of before' 69
    says 'whose state it is' 'error: the table ProcessingState is that of another program; stop that one, and take it over: scanpipe migrate'
    says 'what is missing is filled as well' "column PickedUpEventId; ALTER TABLE .*; EXEC .*UPDATE .*\[PickedUpAtUtc\] IS NOT NULL"
    migrate 'a dry run' 0 --dry-run
    says 'it says where the cursor will be' "^-- the cursor is to be set to $old_place:"
    says 'what becomes of the state' 'ADD \[Pipeline\]'
    is 'nothing was done' "$(tables)" parcelsummary,processingstate
    migrate 'taken over' 0
    says 'it says so' "^-- the cursor was set to $old_place: so far the program before had come"
    is 'the cursor is there' "$(cursor_at)" "$old_place"
    is 'orders are bounds, or nothing' "$(one 'SELECT COUNT(*) FROM ParcelSummary WHERE
        COALESCE(PickedUpEventId, -1) <> CASE WHEN PickedUpAtUtc IS NOT NULL THEN LatestEventId ELSE -1 END OR
        COALESCE(DeliveredEventId, -1) <> CASE WHEN DeliveredAtUtc IS NOT NULL THEN LatestEventId ELSE -1 END')" 0
    at_least 'and there are some' "$(one 'SELECT COUNT(PickedUpEventId) FROM ParcelSummary')" 50
    migrate 'again' 0
    is 'nothing is left to do' "$(grep -vc ': nothing to do$' "$scratch/out")" 0
    online 'and it fits' 0
    runs rest "$file"
    at_most 'only the rest was read' "$(summary rest events_read)" $(($(wc -l <"$quiet_events") * 6 / 10))
    values_as_the_oracle 'the table is the oracle'"'"'s' "$quiet_events"
    is 'ProcessingState is one row as before' "$(one 'SELECT COUNT(*), MIN(Id), MIN(Pipeline) FROM ProcessingState')" 1,1,parcels
    is 'and shows how far it came' "$(one 'SELECT LastEventId FROM ProcessingState WHERE Id = 1')" "$(cursor_at)"
    check 'all is sent again' "${scanpipe[@]}" replay -c "$file" --from 1 --to "$old_place"
    runs mended "$file"
    as_the_oracle 'and all orders are right' "$quiet_events"
    [ "$babelfish" != '["0"]' ] || check 'verify agrees' "${scanpipe[@]}" verify -c "$file"
}

# Given a database that was taken over, then another pipeline there inherits nothing.
only_once() {
    local first=$file
    sed 's/^name: parcels/name: others/; s/name: ParcelSummary/name: OtherSummary/' "$first" >"$scratch/others.yaml"
    file=$scratch/others.yaml
    migrate 'another pipeline' 0
    is 'has no cursor' "$(cursor_at)" null
    runs others "$file"
    is 'and a row of its own' "$(one 'SELECT Id, Pipeline FROM ProcessingState ORDER BY 2')" 'null,others|1,parcels'
    file=$first
    sql "$database" "DELETE FROM PipelineState WHERE Name = 'poller' AND Pipeline = 'parcels'"
    migrate 'when the cursor was taken away' 0
    is 'it does not come back' "$(cursor_at)" null
}

if [ $# -gt 0 ]; then
    "$@"
else
    compared
    granted
    own_table
    by_hand
    at_once
    failing
    rebuilt
    taken_over
    only_once
fi
finish
