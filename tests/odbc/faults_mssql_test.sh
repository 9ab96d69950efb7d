#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What SQL Server's sink and state say, through the real FreeTDS, of errors in SQL Server's own words, of connections
# that are cut before and after the commit, of answers that never come, and what arrives at the server.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"
# shellcheck source=tests/odbc/mssql.sh
. "$root/tests/odbc/mssql.sh"
# shellcheck source=tests/odbc/callers.sh
. "$root/tests/odbc/callers.sh"

object=$(plugin sink_mssql) || skip_all "the sink mssql was not built"
reason=$(mssql_find) || skip_all "$reason"
calls=$build/tests/odbc/calls
[ -x "$calls" ] || skip_all "tests/odbc/calls was not built"

end_all() {
    exec 2>/dev/null
    callers_end
    mssql_stop
    clean_up
}
trap end_all EXIT
mssql_start "$scratch" proxy || { echo "Bail out! the TDS server does not start"; exit 99; }

start() { # NAME [CONNECTION [PASSWORD]]
    caller "$1" "${2:-$mssql_connection}" "${3:-$mssql_password}"
}

order=1
writes() { # NAME [TIMEOUT-MS]: three rows, each time newer ones
    call "$1" "write 1 3 $order word ${2:-20000}"
}

writes_again() { # WHAT [TOUCHED]: the same rows are written, and so many were not there
    call one "write 1 3 $order word"
    says "$1" ok "${2:-3}"
    order=$((order + 1))
}

# plays STEPS [TIMES] [MATCH]: what is answered to the next writes
plays() {
    mssql_tell rules "rules=[{\"match\": \"${3:-INSERT INTO \\\\[Words\\\\]}\", \"times\": ${2:-1}, \"answer\": [$1]}]"
}

# ---- The stories

what_arrives() {
    local word number
    word='x😀ü'
    mssql_tell records >"$scratch/before"
    call one "write 1 3 0 $word"
    says 'given rows' ok 3
    number=$(mssql_tell records 'where={"event": "sql", "sql": "INSERT INTO .Words."}' | tail -n 1 |
        sed 's/.*"n": \([0-9]*\).*/\1/')
    has 'the parameter is one, and long' "$(mssql_tell records 'where={"event": "sql", "sql": "INSERT INTO .Words."}')" '"json": 3'
    has 'and it is JSON in ASCII' "$(mssql_tell value "n=$number" 'param="@P1"')" 'x\\ud83d\\ude00\\u00fc'
    call one 'read 2'
    says 'and a text comes back as it was' ok "0 $word"
    word=$(printf '%01900d' 7)
    call one "write 100 3000 1 $word"
    says 'given several megabytes' ok 3000
    call one 'read 3099'
    says 'then the last row is whole' ok "1 $word"
    call one "write 100 3000 1 $word"
    says 'and a repeat changes nothing' ok ' 0'
    mssql_tell records 'where={"event": "login", "user": "scanpipe"}' | head -n 1 >"$scratch/login"
    grep -q '"application": "scanpipe".*"tds": "74' "$scratch/login"
    ok 'the login is of TDS 7.4, and names the program' $? "$(cat "$scratch/login")"
}

# error NUMBER CLASS [PART] [AGAIN]: played once, or so often
error() {
    plays "{\"error\": $1}" "${4:-1}"
    writes one
    says "given error $1" "$2" "${3:-/$1}"
    mssql_tell clear
    writes_again "error $1: and then it is written"
}

errors() {
    error 1205 contended
    error 1222 contended
    error 3960 contended
    plays '{"error": 2627}' # a race, perhaps: it is tried a second time at once
    writes one
    says 'given error 2627, once' ok 3
    writes_again 'error 2627, once: it is there already' 0
    error 2627 rejected '' 2
    error 2601 rejected '' 2
    error 547 rejected
    error 515 rejected
    error 8115 rejected
    error 8114 rejected
    error 8134 rejected
    error '{"number": 50001, "text": "the trigger says no"}' rejected 'says no'
    error 9002 unavailable 'back up'
    error 1105 unavailable 'make room'
    error 701 unavailable
    error 49918 throttled
    error 229 refused GRANT
    error '{"number": 208, "table": "OPENJSON"}' refused COMPATIBILITY_LEVEL
    error '{"number": 60000000, "text": "x"}' rejected x
    error 7105 unknown
}

logged_in() {
    mssql_tell records 'where={"event": "login", "user": "scanpipe"}' | wc -l
}

# What a server cannot compile when it comes to it, no CATCH of the batch sees: its transaction may stay open.
an_open_transaction() {
    local before
    before=$(logged_in)
    error 547 rejected
    error 1205 contended
    is 'what the batch has rolled back leaves the connection' "$(logged_in)" "$before"
    error 208 refused
    error 8628 unavailable
    is 'other errors of a write do not' "$(logged_in)" $((before + 2))
}

too_long() {
    call one "write 1 1 $order $(printf '%02001d' 7)"
    says 'given a text that is too long, by 2628' ok
    plays '{"error": {"number": 2628, "column": "Word"}}'
    call one "write 1 1 $order word"
    says 'given a text that is too long, by 2628' rejected 'blames Word: SQL Server ('
    mssql_tell clear
    plays '{"error": 8152}'
    call one "write 1 1 $order word"
    says 'given a text that fits, and 8152, which names no column' rejected 'would be truncated'
    mssql_tell clear
}

second_result() {
    plays '{"columns": [["", "int"]], "rows": [[3]]}, {"error": 547}'
    writes one
    says 'given an error in a second result' rejected 547
    mssql_tell clear
    plays '{"info": "a note"}, {"default": true}'
    writes one
    says 'given a note before the result' ok 3
    writes_again 'and nothing is lost' 0
}

a_cut_connection() {
    plays '{"cut": "reset"}'
    writes one
    says 'given a connection that is lost before the commit' uncertain
    mssql_tell clear
    writes_again 'and written again it is there'
    plays '{"default": true}, {"cut": "reset"}'
    writes one
    says 'given one that is lost after the commit' uncertain
    mssql_tell clear
    writes_again 'and written again it was there' 0
    mssql_proxy rules 'rules=[{"match": "INSERT INTO .Words.", "when": "after", "do": "cut"}]'
    writes one
    says 'given an answer that is lost on its way' uncertain
    mssql_proxy clear
    writes_again 'and written again it was there' 0
    plays '{"error": 596}'
    writes one
    says 'given a session that is killed' uncertain
    mssql_tell clear
    writes_again 'and written again it is there'
    mssql_proxy cut
    call one 'read 1'
    says 'given a connection that was cut while it was not used, when it is read' unavailable
    call one 'read 1'
    says 'and the next one connects' ok
    mssql_proxy cut
    sleep 3.5
    writes one
    says 'given one that was cut and has idled, when it is written' ok 3
    order=$((order + 1))
}

an_idle_connection() {
    mssql_proxy rules 'rules=[{"match": "SELECT 1", "do": "swallow"}]'
    sleep 3.5
    writes one
    says 'given one that was lost without a word while it idled, when it is written' ok 3
    within 'and it is not waited for until there is no time left' 15000
    mssql_proxy clear
    order=$((order + 1))
}

a_silent_server() {
    plays '{"hang": true}'
    writes one 2000
    says 'given a statement that hangs' uncertain
    it_returns
    mssql_tell clear
    writes_again 'and written again it is there'
    plays '{"hang": true, "deaf": true}'
    writes one 2000
    says 'given a server that hears nothing any more' uncertain
    it_returns
    mssql_tell clear
    writes_again 'and written again it is there'
    plays '{"default": true}, {"swallow": true}'
    writes one 2000
    says 'given an answer that never comes' uncertain
    it_returns
    mssql_tell clear
    writes_again 'and written again it was there' 0
    mssql_tell freeze
    start frozen
    call frozen probe
    says 'given a server that is frozen, when somebody connects' unavailable
    it_returns
    mssql_tell thaw
    call frozen probe
    says 'and when it goes on' ok
}

logins() {
    start wrong "$mssql_connection" 'not it'
    call wrong probe
    says 'given a wrong password' refused 'password'
    [[ $answer != *'not it'* ]]
    ok 'and it is not told' $? "$answer"
    start nowhere "${mssql_connection/Database=scans/Database=nowhere}"
    call nowhere probe
    says 'given a database that is not there' refused 'correct Database='
    start unseen
    plays '{"error": 300}' 1 client_tcp_port
    call unseen probe
    says 'given a user who may not see the connections' ok
    mssql_tell clear
    start azure
    mssql_tell rules 'rules=[{"on": "login", "times": 1, "answer": [{"error": 40613}]}]'
    call azure probe
    says 'given a database that is away for now' unavailable
    call azure probe
    says 'and then it is there' ok
    start away "${mssql_connection/Port=$mssql_port/Port=1}"
    call away probe
    says 'given a port where nobody listens' unavailable
    "$calls" "$object" "$mssql_connection" 'a};b' </dev/null >"$scratch/told" 2>&1
    has 'a password that FreeTDS cannot be told is refused' "$(cat "$scratch/told")" 'takes for its end'
}

a_rotated_password() {
    start rotated
    call rotated probe
    says 'given a connection' ok
    mssql_tell user name=scanpipe password=new
    mssql_proxy cut
    writes rotated
    says 'when the password is changed and connections are cut' uncertain
    writes rotated
    says 'then the old one is refused' refused password
    mssql_tell user name=scanpipe "password=\"$(sed 's/"/\\"/g' <<<"$mssql_password")\""
    call rotated probe
    says 'and when it is back' ok
}

the_state() {
    call one 'put poller {"at":"83269","x":"😀"} 0'
    says 'given a record that is made' ok swapped
    local version=${answer##* }
    call two 'get poller'
    says 'then others see it' ok "$version {\"at\":\"83269\",\"x\":\"😀\"}"
    call two 'put poller x 0'
    says 'and who expects none changes nothing' ok "kept $version"
    is 'ProcessingState shows it' "$(mssql_dump ProcessingState)" '{"Pipeline": "calls", "LastEventId": 83269}'
    plays '{"default": true}, {"cut": "reset"}' 1 'UPDATE \\[PipelineState'
    call one "put poller {\"at\":\"83270\"} $version"
    says 'given a swap whose answer is lost' uncertain
    call one 'get poller'
    says 'then whoever looks finds it done' ok 83270
    mssql_tell clear
    plays '{"error": 1205}' 1 'UPDATE \\[PipelineState'
    call one "put poller {\"at\":\"83271\"} ${answer:5:1}"
    says 'given a deadlock' contended
    mssql_tell clear
}

start one
start two
call one migrate
says 'given a server' ok
if [ $# -gt 0 ]; then
    for story in "$@"; do "$story"; done
else
    what_arrives
    errors
    an_open_transaction
    too_long
    second_result
    a_cut_connection
    an_idle_connection
    a_silent_server
    logins
    a_rotated_password
    the_state
fi
is 'nothing that no client may send, and no text of an unknown shape' "$(mssql_tell records 'where={"event": "violation"}'
    mssql_tell records 'where={"event": "broken"}'
    mssql_tell records 'where={"event": "done", "error": 50000}')" ''
finish
