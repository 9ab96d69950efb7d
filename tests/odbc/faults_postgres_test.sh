#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What PostgreSQL's sink and state say while something is done to a real server: killed, frozen, shut down,
# full, locked, its table dropped, permissions taken, the password changed.  calls.c makes the calls.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"
# shellcheck source=tests/odbc/postgres.sh
. "$root/tests/odbc/postgres.sh"
# shellcheck source=tests/odbc/callers.sh
. "$root/tests/odbc/callers.sh"

# shellcheck disable=SC2034 # callers.sh uses it
object=$(plugin sink_postgres) || skip_all "the sink postgres was not built"
reason=$(postgres_find) || skip_all "$reason"
calls=$build/tests/odbc/calls
[ -x "$calls" ] || skip_all "tests/odbc/calls was not built"

end_all() {
    exec 2>/dev/null
    callers_end
    thaw
    postgres_stop
    [ -z "${holder:-}" ] || "${as_root[@]}" kill -KILL "$holder"
    clean_up
}
trap end_all EXIT

# start NAME [PASSWORD]
start() {
    caller "$1" "$postgres_connection" "${2:-$postgres_password}"
}

sql() {
    postgres_sql postgres "$1"
}

# hold SQL: a session that keeps its locks until `let_go`, by a name of its own: the one before may still be going
holds=0
hold() {
    holds=$((holds + 1))
    mkfifo "$scratch/session.in"
    PGPASSWORD=$postgres_password PGAPPNAME=hold-$holds "$(postgres_bin)/psql" -X -q -h 127.0.0.1 -p "$postgres_port" \
        -U scanpipe postgres <"$scratch/session.in" >"$scratch/session.out" 2>&1 &
    session=$!
    exec {session_in}>"$scratch/session.in"
    rm "$scratch/session.in"
    go_on "BEGIN; $1;"
    wait_for "SELECT count(*) > 0 FROM pg_stat_activity
        WHERE application_name = 'hold-$holds' AND state = 'idle in transaction' AND query LIKE '%Words%'"
}

go_on() { # SQL, in the session that holds
    echo "$1" >&"$session_in"
}

let_go() {
    exec {session_in}>&-
    wait "$session" 2>/dev/null
}

wait_for() { # SQL: until it says t
    local end=$((SECONDS + 60))
    while [ $SECONDS -lt $end ]; do
        [ "$(sql "$1" 2>/dev/null)" = t ] && return 0
        sleep 0.05
    done
    echo "# it never came: $1"
    return 1
}

a_write_waits() {
    wait_for "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT%'"
}

server_pids() {
    echo "$postgres_pid" $(pgrep -P "$postgres_pid")
}

freeze() {
    frozen=$(server_pids)
    # shellcheck disable=SC2086 # several words
    kill -STOP $frozen
}

thaw() {
    # shellcheck disable=SC2086
    [ -z "${frozen:-}" ] || kill -CONT $frozen 2>/dev/null
    frozen=
}

# ---- The stories

a_slow_server() {
    hold 'LOCK TABLE "Words"'
    call one 'write 1 10 2 late 2000'
    says 'given a locked table, when a write is out of time' unavailable timeout
    it_returns
    let_go
    call one 'write 1 10 2 word'
    says 'and the same connection writes afterwards' ok
}

# Who waits looks for a circle once, after its deadlock_timeout, and never again.  So the session waits first and does
# not look for long; and the write, which has its first row, waits for the second only when it does.
a_deadlock() {
    sql 'CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP PERFORM pg_sleep(0.05); END LOOP;
               RETURN new; END$$;
         CREATE TRIGGER gate BEFORE INSERT ON "Words" FOR EACH ROW WHEN (new."Id" = 2) EXECUTE FUNCTION gate()'
    hold "SET LOCAL deadlock_timeout = '1h'; UPDATE \"Words\" SET \"Number\" = 2 WHERE \"Id\" = 2"
    say one 'write 1 3 3 deadlock'
    wait_for "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    go_on 'UPDATE "Words" SET "Number" = 2 WHERE "Id" = 1;'
    hear one
    says 'given a deadlock, when the write is its victim' contended 40P01
    let_go
    sql 'DROP TRIGGER gate ON "Words"'
    call one 'write 1 3 3 again'
    says 'and written again it is there' ok
}

a_lock_timeout() {
    sql "ALTER ROLE scanpipe SET lock_timeout = '200ms'"
    start impatient
    hold 'UPDATE "Words" SET "Number" = 2 WHERE "Id" = 2'
    call impatient 'write 1 3 4 timeout'
    says 'given a lock_timeout of the server' contended 55P03
    let_go
    sql "ALTER ROLE scanpipe RESET lock_timeout"
}

a_table_that_goes() {
    sql 'ALTER TABLE "Words" RENAME TO "Elsewhere"'
    call one 'write 1 3 5 gone'
    says 'given a table that was taken away' refused 'scanpipe table prints the statement'
    call one 'probe'
    says 'and a probe says so too' refused 'there is no table'
    says 'and what to do, whole' refused '= say scanpipe migrate, or set `migrate: true`; scanpipe table prints the statement'
    sql 'ALTER TABLE "Elsewhere" RENAME TO "Words"; ALTER TABLE "Words" RENAME COLUMN "Word" TO "Other"'
    call one 'write 1 3 5 gone'
    says 'given a column that was taken away' refused 'scanpipe check --online prints the statement'
    sql 'ALTER TABLE "Words" RENAME COLUMN "Other" TO "Word"'
    call one 'write 1 3 5 back'
    says 'and when it is back, so is the sink' ok
}

permission_taken() {
    sql "CREATE ROLE clerk LOGIN PASSWORD 'c}l{e;rk'; GRANT SELECT, INSERT, UPDATE ON \"Words\" TO clerk"
    local owner=$postgres_connection
    postgres_connection=${owner/UID=scanpipe/UID=clerk}
    start clerk 'c}l{e;rk'
    postgres_connection=$owner
    call clerk 'write 1 3 6 clerk'
    says 'given a user who may write' ok
    sql 'REVOKE INSERT ON "Words" FROM clerk'
    call clerk 'write 1 3 7 clerk'
    says 'when the permission is taken' refused GRANT
    sql 'GRANT INSERT ON "Words" TO clerk'
    call clerk 'write 1 3 7 clerk'
    says 'and given back' ok
    call one 'put sequence x 0'
    says 'given the tables of the state, of another user' ok swapped
    sql 'GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO clerk; GRANT CREATE ON SCHEMA public TO clerk'
    call clerk 'put clerk x 0'
    says 'and no permission for their sequence' refused 'GRANT the user USAGE on the sequence'
    sql 'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO clerk'
    call clerk 'put clerk x 0'
    says 'and when it is given' ok swapped
}

too_many() {
    sql "CREATE ROLE many LOGIN PASSWORD 'x' CONNECTION LIMIT 0"
    local owner=$postgres_connection
    postgres_connection=${owner/UID=scanpipe/UID=many}
    start many x
    postgres_connection=$owner
    call many probe
    says 'given a user with too many connections' unavailable 'too many'
}

a_password_changed() {
    call clerk 'write 1 3 8 before' # else it may have idled for so long that it is tried first
    says 'given a connection in use' ok
    sql "ALTER ROLE clerk PASSWORD 'another one'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk'" >/dev/null
    call clerk 'write 1 3 8 rotated'
    says 'when the password is changed, and the connection is cut' uncertain
    call clerk 'write 1 3 8 rotated'
    says 'and when it connects again' refused 'password'
    [[ $answer != *'c}l'* ]]
    ok 'and the password is not told' $? "$answer"
    postgres_connection=${postgres_connection/UID=scanpipe/UID=clerk}
    start rotated 'another one'
    postgres_connection=${postgres_connection/UID=clerk/UID=scanpipe}
    call rotated 'write 1 3 8 rotated'
    says 'and with the new one it works' ok
}

one_culprit() {
    sql 'ALTER TABLE "Words" ADD CONSTRAINT "NoPoison" CHECK ("Word" <> '"'poison'"')'
    call one 'write 1 3 9 poison'
    says 'given a row that a constraint rejects' rejected NoPoison
    sql 'ALTER TABLE "Words" DROP CONSTRAINT "NoPoison"; ALTER TABLE "Words" ALTER "Word" TYPE varchar(5) USING left("Word", 5)'
    call one 'write 1 1 9 longer'
    says 'given a text that is too long for the column' rejected 'blames Word: PostgreSQL ('
    call one 'read 1'
    says 'and it is not there, cut' ok "8 rotat"
    sql 'ALTER TABLE "Words" ALTER "Word" TYPE varchar(2000)'
}

a_cut_connection() {
    hold 'LOCK TABLE "Words"'
    say one 'write 1 3 10 cut'
    a_write_waits
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'INSERT%'" >/dev/null
    hear one
    says 'given a connection that is cut while it writes' uncertain
    let_go
    call one 'write 1 3 10 cut'
    says 'and written again it is there' ok
}

killed() {
    call one turn
    call one 'read 3'
    call one turn
    hold 'LOCK TABLE "Words"'
    say one 'write 1 3 11 killed'
    a_write_waits
    postgres_kill
    hear one
    says 'given a server that is killed while it writes' uncertain
    let_go
    call one 'write 1 3 11 killed'
    says 'while it is away' unavailable
    call one 'probe'
    says 'and a probe' unavailable
    call one 'get poller'
    says 'and the state' unavailable
    postgres_run
    call one 'write 1 3 11 killed'
    says 'and when it is back' ok
    call one turn
    call one 'read 3'
    says 'all of it is there, and another thread whose connection the server has taken along sees it at once' ok '11 killed'
}

frozen() {
    freeze
    call one 'write 1 3 12 frozen 1500'
    says 'given a server that is frozen, when the call is late and interrupted' uncertain
    it_returns
    call one 'write 1 3 12 frozen 5000'
    says 'when it connects to a frozen server' unavailable
    it_returns
    thaw
    call one 'write 1 3 12 frozen'
    says 'and when it goes on' ok
}

# A lock would not do: whoever holds it is sent away too, and the write may be through before its own turn.
shut_down() {
    sql 'CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN PERFORM pg_sleep(20); RETURN new; END$$;
         CREATE TRIGGER slow BEFORE INSERT ON "Words" EXECUTE FUNCTION slow()'
    say one 'write 1 3 13 down 30000'
    wait_for "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    kill -INT "$postgres_pid"
    hear one
    says 'given a server that is shut down while it writes' uncertain
    postgres_await_end "$postgres_pid"
    postgres_run
    sql 'DROP TRIGGER slow ON "Words"'
    call one 'write 1 3 13 down'
    says 'and when it is back' ok
}

a_full_disk() {
    [ -n "${holder:-}" ] || { ok 'a full disk # SKIP no mount namespace is to be had, by root or by a sudo that asks nothing' 0; return; }
    sql "CREATE TABLESPACE small LOCATION '$scratch/small'"
    sql 'ALTER TABLE "Words" SET TABLESPACE small; ALTER INDEX "Words_pkey" SET TABLESPACE small'
    local long
    long=$(printf '%01500d' 7)
    call one "write 1 20000 14 $long 30000"
    says 'given a disk that is full' unavailable 'No space left'
    says 'and its cure' unavailable 'make room'
    call one 'read 3'
    says 'and nothing of the batch is there' ok '13 down'
    "${as_root[@]}" nsenter -t "$holder" -m -r -w mount -o remount,size=200m "$scratch/small"
    call one "write 1 20000 14 $long 30000"
    says 'and when there is room' ok 20000
}

the_state() {
    call one 'put poller {"at":"83269","cursor":"x"} 0'
    says 'given a poller that writes its record' ok swapped
    is 'then ProcessingState shows where it is' "$(sql 'SELECT "Pipeline", "LastEventId" FROM "ProcessingState"')" 'calls|83269'
    call two 'put poller {"at":"99"} 0'
    says 'and somebody else who expects none writes nothing' ok kept
    local version=${answer##* }
    call two "put poller {\"at\":\"83270\"} $version"
    says 'with the version that it was told it does' ok swapped
    is 'and ProcessingState goes along' "$(sql 'SELECT "LastEventId" FROM "ProcessingState"')" 83270
    call two "put marks {\"at\":\"1\"} 0"
    is 'but not with another record' "$(sql 'SELECT "LastEventId" FROM "ProcessingState"')" 83270
    sql "UPDATE \"ScanpipeSchema\" SET \"Checksum\" = 'another' WHERE \"Part\" = 'state'"
    start third
    call third 'put other x 0'
    says 'given tables that were made by another text' refused 'another text'
    sql "DELETE FROM \"ScanpipeSchema\"; DROP TABLE \"PipelineState\", \"ProcessingState\"; DROP SEQUENCE \"PipelineStateVersions\""
    start fourth
    start fifth
    say fourth 'put other x 0'
    say fifth 'put another x 0'
    hear fourth
    says 'given two that make the tables at once, the first' ok swapped
    hear fifth
    says 'and the second' ok swapped
}

no_driver() {
    local here=$postgres_connection
    postgres_connection='DRIVER={No Such Driver};Server=x;UID=y'
    start lost
    call lost probe
    says 'given a driver that is not installed' refused odbcinst
    start masked 'No Such Driver'
    call masked probe
    says "given a password that the driver's message happens to have in it" refused "lib '**************'"
    postgres_connection=${here/Database=postgres/Database=nowhere}
    start nowhere
    call nowhere probe
    says 'given a database that is not there' refused nowhere
    postgres_connection=$here
}

# A small disk that only the server sees.  In a chroot nothing can be said of how its root's mounts spread.
small_disk() {
    local option=--propagation=private
    "${as_root[@]}" unshare -m "$option" true 2>/dev/null || option=--propagation=unchanged
    "${as_root[@]}" unshare -m "$option" true 2>/dev/null || return
    mkdir "$scratch/small"
    # shellcheck disable=SC2016 # expanded by the inner shell
    "${as_root[@]}" unshare -m "$option" bash -c '
        cd / && mount -t tmpfs -o size=8m,mode=777 small "$0" && echo $$ >"$1.new" && mv "$1.new" "$1" && exec sleep 600' \
        "$scratch/small" "$scratch/mounted" &
    for _ in $(seq 1 100); do
        [ -e "$scratch/mounted" ] && break
        sleep 0.05
    done
    chmod 755 "$scratch"
    holder=$(cat "$scratch/mounted") || return
    # The server wants a folder of its own for a tablespace.
    "${as_root[@]}" nsenter -t "$holder" -m -r -w chown "$(postgres_who)" "$scratch/small"
    # shellcheck disable=SC2034 # postgres.sh uses it
    postgres_inside=("${as_root[@]}" nsenter -t "$holder" -m -r -w)
}

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
small_disk
postgres_start deadlock_timeout=200ms || { echo "Bail out! PostgreSQL does not start"; exit 99; }

start one
start two
call one migrate
says 'given a server' ok
call one 'write 1 3 1 word'
says 'and rows' ok 3
if [ $# -gt 0 ]; then
    for story in "$@"; do "$story"; done
else
    a_slow_server
    a_deadlock
    a_lock_timeout
    a_table_that_goes
    permission_taken
    too_many
    a_password_changed
    one_culprit
    a_cut_connection
    killed
    frozen
    shut_down
    a_full_disk
    the_state
    no_driver
fi
finish
