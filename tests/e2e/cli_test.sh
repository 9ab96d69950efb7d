#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The command line: what each command prints, and how it exits.
#
# Needs: SCANPIPE (the program; default $top_builddir/scanpipe), srcdir.

set -u
here=$(cd "${srcdir:-.}/tests/e2e" && pwd)
program=$(realpath "${SCANPIPE:-${top_builddir:-.}/scanpipe}")
# shellcheck source=tests/e2e/tap.sh
. "$here/tap.sh"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/scanpipe-cli-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99

cat >events.ndjson <<'END'
{"EventId":1,"ParcelId":5002,"Type":"pickup","CreatedDateTimeUtc":"2021-05-11T21:11:34.1506147Z"}
{"EventId":2,"ParcelId":5003,"Type":"STATUS","CreatedDateTimeUtc":"2021-05-11T22:00:00Z"}
{"EventId":3,"ParcelId":4294967296,"Type":"STATUS","CreatedDateTimeUtc":"2021-05-11T22:00:00Z"}

{"EventId":4,"ParcelId":5002,"Type":"DELIVERY \u001b[31m","CreatedDateTimeUtc":"2021-05-12T07:00:00Z"}
[1,2]
{"EventId":5,"ParcelId":5003
END

cat >parcels.yaml <<'END'
name: parcels
source: {plugin: file, path: events.ndjson}
sink: {plugin: sqlite}
table:
  name: ParcelSummary
  order: /EventId
  columns:
    ParcelId:      {from: /ParcelId, type: int, min: 1, key: true}
    LatestEventId: {from: /EventId, type: bigint, min: 1}
    LatestType:    {from: /Type, type: text(50), case: upper, required: true}
    LatestAt:      {from: /CreatedDateTimeUtc, type: timestamp, required: true}
    PickedUpAt:    {from: /CreatedDateTimeUtc, type: timestamp, when: {/Type: PICKUP}, keep: first}
END
printf 'name: events\nsource: {plugin: file, path: events.ndjson}\nsink: {plugin: "null"}\n' >events.yaml

# run NAME EXPECTED_STATUS ARGS...: leaves $out and $err behind
run()
{
    local name=$1 expected=$2 status
    shift 2
    "$program" "$@" >out 2>err </dev/null
    status=$?
    out=$(cat out)
    err=$(cat err)
    is "$name: exit code" "$status" "$expected"
}

plan 120

# --- the words of the command line

run "version" 0 --version
has "the version names the ABI" "$out" "(plugin ABI 1."
run "help" 0 --help
has "help names the commands" "$out" "scanpipe dlq list"
run "help of a command" 0 check --help
has "that is the command's own" "$out" "Usage: scanpipe check"
run "nothing at all" 64
run "unknown command" 64 chekc -c parcels.yaml
has "the near command is named" "$err" "did you mean 'check'?"
run "help of no command" 64 help verfy
has "the near command is named there too" "$err" "did you mean 'verify'?"
run "help of a command, by its name" 0 help dlq
has "that is the command's as well" "$out" "Usage: scanpipe dlq"
run "unknown option" 64 -c parcels.yaml --until-cought-up
has "the near option is named" "$err" "did you mean '--until-caught-up'?"
run "unknown letter" 64 -x
has "the letter is named" "$err" "unknown option '-x'"
run "option without its value" 64 run -c
has "the option is named" "$err" "needs a value"
run "value for an option without one" 64 run --json=yes
has "that is told" "$err" "takes no value"
run "wrong choice" 64 -c parcels.yaml --log-format xml
has "the choices are named" "$err" "text, json"
run "one argument too many" 64 check -c parcels.yaml parcels.yaml
has "the argument is named" "$err" "unexpected argument 'parcels.yaml'"
while read -r command word option rest; do
    # shellcheck disable=SC2086 # words
    run "$command $word $option" 64 "$command" "$option" $rest "$word" -c parcels.yaml
    has "it is told as another one's" "$err" "option '$option' is nothing for '$command $word'"
done <<'END'
dlq list --yes
dlq show --class value
dlq export --json
dlq purge --rate 5/s
cursor show --force
cursor rewind --skip
queue check --output x
END
has "whose it is, too" "$err" "= it goes with: export"
run "no file named" 64 check
has "the option is asked for" "$err" "-c FILE"
run "no such file" 66 check -c nowhere.yaml
has "the file is named" "$err" "nowhere.yaml: No such file"
run "a folder" 66 -c .
printf 'name: x\n' >bad.yaml
run "a file with a mistake" 78 -c bad.yaml
has "the same errors as of check" "$err" "bad.yaml: error: the file has neither a source nor a sink"

# --- check

run "check" 0 check -c parcels.yaml
has "check says ok" "$out" "parcels.yaml: ok"
has "check names the queue nobody wrote" "$out" "queue         sqlite"
"$program" check -c - <parcels.yaml >out 2>err
ok "check reads standard input" $?
ok "check made no file" "$(find . -name "*.db" | wc -l)"

# --- test

run "test" 0 test -c parcels.yaml events.ndjson
has "test prints rows, escaped" "$out" '    5002              4  DELIVERY \x1b[31M'
has "test names line, column and pointer" "$out" "line 3: ParcelId (/ParcelId): "
has "blank lines are lines" "$out" "line 6: "
has "test counts" "$err" "6 events: 2 rows, 0 unwanted, 3 rejected"
ok "test made no file" "$(find . -name "*.db" | wc -l)"
run "test may fail on rejections" 65 test -c parcels.yaml --fail-on-rejected events.ndjson
run "test prints JSON" 0 test -c parcels.yaml --json events.ndjson
has "a row is an object" "$out" '{"row":{"ParcelId":5002,"LatestEventId":4,'
has "so is a rejection" "$out" '{"rejected":{"line":3,"class":"value","column":"ParcelId","pointer":"/ParcelId"'
is "each line is JSON" "$(jq -c 'keys[0]' <out 2>&1 | sort | uniq -c | tr -s ' ')" ' 3 "rejected"
 2 "row"'
run "test without a table" 0 test -c events.yaml events.ndjson
has "it counts objects" "$err" "6 events: 4 JSON objects, 2 rejected"
run "test without events" 64 test -c parcels.yaml
run "test of no such events" 66 test -c parcels.yaml none.ndjson
gzip -k events.ndjson
run "test of compressed events" 66 test -c parcels.yaml events.ndjson.gz
has "test says how" "$err" "zcat"
truncate -s 65M large.ndjson
run "test of too much" 66 test -c parcels.yaml large.ndjson
has "test says how to take a part" "$err" "head -n"

# --- plugins

run "plugins" 0 plugins
has "plugins lists a sink" "$out" "sink     sqlite"
run "plugins of one" 0 plugins sink sqlite
has "its options" "$out" "synchronous"
has "what the core adds" "$out" "batch.linger"
run "plugins of a kind that is none" 64 plugins sinks sqlite
has "the near kind" "$err" "did you mean 'sink'?"
run "plugins of no plugin" 64 plugins sink sqlit
has "the near plugin" "$err" "did you mean 'sqlite'?"
run "plugins of no name" 0 plugins sink
has "what every sink has" "$out" "batch.linger"
run "plugins of no name, of no kind" 64 plugins sinks
has "the near kind of it" "$err" "did you mean 'sink'?"
"$program" plugins >/dev/full 2>err
is "what cannot be written is no mistake of ours" $? 69
has "and told" "$(cat err)" "cannot write to standard output"

# --- run

run "run until caught up" 0 -c parcels.yaml --until-caught-up
has "the summary counts what was read" "$err" "read      "
has "the summary counts rejections" "$err" "rejected  3"
is "a summary for people stays out of standard output" "$out" ""
ok "not a terminal: no live lines" "$(grep -c $'\033' err)"
run "a second run reads nothing again" 0 -c parcels.yaml --until-caught-up --json
is "the summary is JSON" "$(jq -r '[.pipeline, .caught_up, .events_read, .events_rejected] | @tsv' <out)" \
    "$(printf 'parcels\ttrue\t0\t0')"
rm -f ./*.db*
run "rejections may fail a run" 65 -c parcels.yaml --until-caught-up --fail-on-rejected -q
is "quiet is quiet" "$err" ""
run "live lines on demand" 0 -c parcels.yaml --until-caught-up --progress always --log-level error
has "they are drawn in place" "$err" $'\033[K'

rm -f ./*.db*
printf 'name: parcels\nsource: {plugin: file, path: events.ndjson, follow: true}\n' >follow.yaml
"$program" -c follow.yaml >out 2>err </dev/null &
pid=$!
for _ in $(seq 600); do
    [ -s parcels.queue.db ] && break
    sleep 0.1
done
before=$(date +%s%N)
kill -TERM $pid
wait $pid
is "SIGTERM is no failure" $? 0
took=$((($(date +%s%N) - before) / 1000000))
ok "it stops within ten seconds" $((took > 10000)) "$took ms"
has "the log says why" "$(cat err)" "SIGTERM: stopping"
rm -f ./*.db*

# --- table

run "the statement of the table" 0 table -c parcels.yaml
is "one statement" "$(grep -c 'CREATE TABLE "ParcelSummary" (.*);$' out)" 1
python3 -c 'import sqlite3, sys
db = sqlite3.connect("made.db")
db.executescript(sys.stdin.read())
print(",".join(row[1] for row in db.execute("PRAGMA table_info(ParcelSummary)")))' <out >made 2>&1
has "it makes the table, with the columns of orders" "$(cat made)" \
    "ParcelId,LatestEventId,LatestType,LatestAt,PickedUpAt,Order_"
is "nothing was opened" "$(ls parcels*.db* 2>/dev/null)" ""
sed 's|{plugin: sqlite}|{plugin: sqlite, path: made.db, migrate: false}|' parcels.yaml >made.yaml
run "such a table is good" 0 -c made.yaml --until-caught-up -q
rm -f ./*.db*
run "a file without a table" 78 table -c events.yaml
has "that is told" "$err" "has no table"
sed '/^sink:/d; /^table:/,$d' parcels.yaml >ingest.yaml
run "a file without a sink" 78 table -c ingest.yaml
has "that is told as well" "$err" "has no sink"
run "table of no file" 64 table

# --- dlq

run "dlq list of nothing" 0 dlq list -c parcels.yaml
has "nothing is nothing" "$err" "0 dead letters"
"$program" -c parcels.yaml --until-caught-up -q >/dev/null 2>&1
run "dlq list" 0 dlq list -c parcels.yaml
has "dlq list counts" "$err" "3 dead letters"
has "dlq list says why" "$out" "ParcelId (/ParcelId): "
run "dlq list as JSON" 0 dlq list -c parcels.yaml --json
is "a letter an object" "$(jq -r 'select(.column == "ParcelId") | .event | fromjson | .EventId' <out)" 3
sed 's|{plugin: sqlite}|{plugin: sqlite, path: no/such/folder/parcels.db}|' parcels.yaml >away.yaml
run "dlq list of a store that is away" 69 dlq list -c away.yaml
has "the stage is named" "$err" "scanpipe: dead_letters: "
run "dlq of an unknown verb" 64 dlq lsit -c parcels.yaml

tap_end
