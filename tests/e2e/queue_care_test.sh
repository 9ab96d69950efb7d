#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A damaged file of the embedded queue: the pipeline says so and waits, check tells, export reads what is left,
# repair mends, whatever kills it, and what was lost is got again from the source.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

events=$scratch/events.ndjson
feed=(--generate --seed "$seed" --events "$(scaled 4000 2000)" --malformed 5)
shim=$build/tests/faults/.libs/shim.so

# Ingest and deliver by files of their own, so that the queue can be filled first.  The state is in the queue's
# file, or, with the sink, in another.
for state in queue out; do
    cat >"$scratch/ingest-$state.yaml" <<YAML
name: broken
poller_lease: 2s
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 200, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 40}, $quick}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/$state.db", $quick}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/$state.db", $quick}
YAML
    write_conf "$scratch/whole-$state.yaml" <<YAML
$(cat "$scratch/ingest-$state.yaml")
sink: {path: "\${SCANPIPE_DATA}/out.db", $quick}
YAML
done

# What a disk does to a file, by chance from the seed.
damage() { # FILE KIND SEED
    python3 - "$@" <<'PY'
import os, random, sys
path, kind, dice = sys.argv[1], sys.argv[2], random.Random(sys.argv[3])
size, page = os.path.getsize(path), 8192
pages = size // page
with open(path, "r+b") as file:
    def put(at, data):
        file.seek(at)
        file.write(data)
    if kind == "page":
        put(dice.randrange(2, pages) * page, bytes(page))
    elif kind == "pages":
        for _ in range(4):
            put(dice.randrange(1, pages) * page, bytes(page))
    elif kind == "garbage":
        for _ in range(3):
            put(dice.randrange(page, size - 600), dice.randbytes(600))
    elif kind == "flips":
        for _ in range(40):
            put(dice.randrange(size), bytes([dice.randrange(256)]))
    elif kind == "header":
        put(0, bytes(100))
    elif kind == "other-header":
        put(0, b"PK\x03\x04" + dice.randbytes(96))
    elif kind == "first-page":
        put(0, bytes(page))
    elif kind == "short":
        file.truncate(dice.randrange(size // 2, size - page))
PY
}

# What is wrong in a file that SQLite opens.  Leaves the log where there is one, as a killed process does.
spoil() { # FILE KIND SEED
    python3 - "$@" <<'PY'
import os, random, sqlite3, sys
path, kind, dice = sys.argv[1], sys.argv[2], random.Random(sys.argv[3])
db = sqlite3.connect(path, isolation_level=None)
db.execute("PRAGMA wal_autocheckpoint = 0")
some = (dice.randint(1, 40),)
if kind == "index":
    size, = db.execute("PRAGMA page_size").fetchone()
    page, = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'QueueLeasesByEnd'").fetchone()
    db.close()
    with open(path, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(dice.randbytes(size))
elif kind == "size":
    db.execute("UPDATE QueueMessages SET Size = Size + 1 WHERE Id = ?", some)
elif kind == "attributes":
    db.execute("UPDATE QueueMessages SET Attributes = x'ffffffff61' WHERE Id = ?", some)
elif kind == "time":
    db.execute("UPDATE QueueMessages SET SentAtMs = -SentAtMs WHERE Id = ?", some)
elif kind == "totals":
    db.execute("UPDATE QueueTotals SET Messages = Messages + 1")
elif kind == "more":
    db.execute("INSERT INTO QueueMessages SELECT NULL, Size, SentAtMs + 1, Events, Attributes, Body"
               " FROM QueueMessages ORDER BY Id LIMIT 10")
os._exit(0)
PY
}

fill() { # NAME STATE: the queue has all events
    new_data "$1"
    queue=$SCANPIPE_DATA/queue.db
    run_pipeline "$1-ingest" "$scratch/ingest-$2.yaml"
    [ "$STATUS" -eq 0 ] || bail "$1: ingest ends with $STATUS"
}

care() { # STATE WORDS...: STATUS, $scratch/out, $scratch/err
    timeout -k 5 $((60 * patience)) "${scanpipe[@]}" queue "${@:2}" -c "$scratch/whole-$1.yaml" \
        >"$scratch/out" 2>"$scratch/err"
    STATUS=$?
}

# Sends again what a command said was lost; prints what it did.
get_again() { # STATE JSON
    python3 - "$2" "$scratch/whole-$1.yaml" "${scanpipe[@]}" <<'PY'
import json, subprocess, sys
loss, file, program = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3:]
def run(*words):
    print(*words)
    subprocess.run([*program, *words, "-c", file], check=True)
if any(one["from"] is None for one in loss["ranges"]):
    run("cursor", "set", "--to-start")
else:
    for one in loss["ranges"]:
        cursor = subprocess.run([*program, "cursor", "show", "--json", "-c", file], check=True, capture_output=True)
        at = json.loads(cursor.stdout)["cursor"]
        if one["to"] is None and at is None:
            print("the source is read from its start anyway")
        else:
            run("replay", "--from", one["from"], "--to", one["to"] or at)
PY
}

# Given a queue with damage of a kind, then check tells it, export reads, repair plans and changes nothing, repair
# --apply mends, a run ends, and when what was lost is sent again the table is the oracle's.
mends() { # KIND STATE [SEED]
    local name="$1, state in $2" before exported
    fill "$1-$2" "$2"
    cp "$queue" "$scratch/whole.db"
    damage "$queue" "$1" "${3:-$seed}"
    care "$2" check --json
    if [ "$1" = flips ] || [ "$1" = garbage ]; then # it may all have hit what no row needs
        check "$name: check ends" test "$STATUS" -eq 0 -o "$STATUS" -eq 65
    else
        is "$name: check tells" "$STATUS" 65
    fi
    check "$name: in JSON" python3 -m json.tool "$scratch/out"
    care "$2" export --output "$scratch/$1-$2.ndjson" --json
    check "$name: export reads on" test "$STATUS" -eq 0 -o "$STATUS" -eq 65
    exported=$(member messages)
    check "$name: what is exported was sent" only_sent "$scratch/$1-$2.ndjson"
    before=$(sha256sum <"$queue")
    care "$2" repair --json
    is "$name: repair plans" "$STATUS" 0
    is "$name: a plan changes nothing" "$(sha256sum <"$queue")" "$before"
    if [ "$(member needed)" = true ]; then
        care "$2" repair --apply --json
        is "$name: repair mends" "$STATUS" 0
        is "$name: it was applied" "$(member applied)" true
        is "$name: all that was exported is in the queue" \
            "$(query "$queue" 'SELECT count(*) FROM QueueMessages')" "$exported"
        check "$name: the damaged file is kept" kept "$before"
    fi
    cp "$scratch/out" "$scratch/loss.json"
    care "$2" check --quick
    is "$name: then it is sound" "$STATUS" 0
    runs "$name: the pipeline" "$scratch/whole-$2.yaml"
    queue_is_empty "$name: the queue is empty" "$queue"
    if [ "$1" != flips ]; then # a digit that became another one is nobody's to find
        check "$name: what was lost is sent again" get_again "$2" "$scratch/loss.json"
        runs "$name: with that" "$scratch/whole-$2.yaml"
        table_equals "$name: the table is whole" "$SCANPIPE_DATA/out.db" "$events"
    fi
}

member() { # NAME
    field "$1" "$(cat "$scratch/out")"
}

kept() { # SHA256: of one of the files beside
    local file
    for file in "$queue".damaged-*; do
        [ "$(sha256sum <"$file")" = "$1" ] && return
    done
    return 1
}

# Lines that are JSON objects are events of the feed; damage makes others, a few.
only_sent() { # EXPORT
    python3 - "$1" "$events" <<'PY'
import json, sys
sent = set()
for line in open(sys.argv[2], "rb"):
    sent.add(line.strip())
strange = sum(1 for line in open(sys.argv[1], "rb") if line.strip() not in sent)
total = sum(1 for _ in open(sys.argv[1], "rb"))
sys.exit(0 if strange <= 45 else "%d of %d lines were never sent" % (strange, total))
PY
}

# Given a mistake that costs no message, then repair mends it, and every message is there afterwards.
mends_without_loss() { # KIND
    fill "$1" out
    messages "$scratch/before"
    spoil "$queue" "$1" "$seed"
    care out check
    is "$1: check tells" "$STATUS" 65
    care out repair --apply --json
    is "$1: repair mends" "$STATUS" 0
    is "$1: nothing is lost" "$(member lost)" 0
    care out check --quick
    is "$1: then it is sound" "$STATUS" 0
    messages "$scratch/after"
    check "$1: each message is there" same_messages "$scratch/before" "$scratch/after"
    runs "$1: the pipeline" "$scratch/whole-out.yaml"
    table_equals "$1: the table is whole" "$SCANPIPE_DATA/out.db" "$events"
}

messages() { # FILE: the bodies of those that can be read
    "${scanpipe[@]}" queue export --messages -c "$scratch/whole-out.yaml" 2>"$scratch/err" |
        grep -v '"outcome":"lost"' | sed 's/.*,"body/"body/' | sort >"$1"
}

same_messages() { # BEFORE AFTER: none lost, none twice
    diff "$1" "$2" | cut -c 1-200 | head -n 20
    [ -s "$1" ] && cmp -s "$1" "$2"
}

# Given a message that stops who receives it, then the pipeline says what to do.
says_the_cure_of_what_stops_it() { # KIND
    fill "stuck-$1" out
    spoil "$queue" "$1" "$seed"
    start_pipeline "stuck-$1" "$scratch/whole-out.yaml"
    check "$1: the pipeline says the cure" wait_until 30 has_line "$scratch/stuck-$1.log" 'scanpipe queue repair'
    stop "$PID"
    care out repair --apply
    is "$1: repaired" "$STATUS" 0
    runs "$1: then it ends" "$scratch/whole-out.yaml"
    table_equals "$1: nothing is missing" "$SCANPIPE_DATA/out.db" "$events"
}

# Given a pipeline that meets the damage, then it says so, with the cure, holds, and when the file is repaired it
# goes on by itself.
goes_on_when_repaired() {
    fill met out
    damage "$queue" header "$seed"
    start_pipeline met "$scratch/whole-out.yaml"
    check 'the pipeline says what is wrong' wait_until 30 has_line "$scratch/met.log" \
        'queue: refused.*file is not a database'
    check 'and the cure' has_line "$scratch/met.log" 'scanpipe queue repair'
    check 'it holds' fails has_rows "$SCANPIPE_DATA/out.db"
    check 'it is repaired while the pipeline waits' wait_until 20 repaired
    check 'the pipeline goes on by itself' wait_until 60 has_rows "$SCANPIPE_DATA/out.db"
    stop "$PID"
    runs 'the rest' "$scratch/whole-out.yaml"
    table_equals 'nothing is missing' "$SCANPIPE_DATA/out.db" "$events"
}

repaired() { # a pipeline that waits has the file for a moment, now and then
    care out repair --apply
    [ "$STATUS" -eq 0 ] && has_line "$scratch/out" 'done:'
}

# Given a pipeline that has the file open, then repair says which process, and touches nothing.
refuses_while_in_use() {
    local before
    fill used out
    start_pipeline used "$scratch/whole-out.yaml"
    check 'in use: the pipeline works' wait_until 30 has_rows "$SCANPIPE_DATA/out.db"
    wait_until 30 is_drained
    python3 "$here/tool.py" execute "$queue" 'UPDATE QueueTotals SET Messages = Messages + 1'
    care out repair
    is 'in use: a plan is made' "$STATUS" 0
    check 'in use: it begins with the process' has_line "$scratch/out" "before: stop process $PID"
    before=$(sha256sum <"$queue")
    care out repair --apply
    is 'in use: repair refuses' "$STATUS" 69
    check 'in use: it names the process' has_line "$scratch/err" "in use by process $PID"
    check 'in use: and the cure' has_line "$scratch/err" 'stop every process'
    is 'in use: nothing was touched' "$(sha256sum <"$queue")" "$before"
    check 'in use: nothing was made' fails compgen -G "$queue.*"
    stop "$PID"
    care out repair --apply
    is 'not in use any more: repaired' "$STATUS" 0
    care out check
    is 'and sound' "$STATUS" 0
}

is_drained() {
    [ "$(query "$queue" 'SELECT count(*) FROM QueueMessages')" = 0 ]
}

# Messages in the log alone, and a page of the file that is gone; what can be read is in $scratch/readable.
given_a_log() {
    fill logged out
    spoil "$queue" more "$seed"
    damage "$queue" page "$seed"
    spoil "$queue" totals "$seed"
    messages "$scratch/readable"
    rm -rf "$scratch/given"
    cp -r "$SCANPIPE_DATA" "$scratch/given"
}

given_again() {
    rm -rf "$SCANPIPE_DATA"
    cp -r "$scratch/given" "$SCANPIPE_DATA"
}

dying_repair() { # CALLS NUMBER: repair, killed at that call
    local preload=$shim
    sanitized && preload="$(ldd "${scanpipe[-1]}" | awk '/lib[at]san/ { print $3 }') $shim"
    rm -f "$scratch/calls"
    { # the shell would say that it was killed
        env "LD_PRELOAD=$preload" SHIM_FAMILY=file SHIM_KILL=1 SHIM_AT="$2" SHIM_CALLS="$1" \
            SHIM_COUNT="$scratch/calls" "${scanpipe[@]}" queue repair --apply -c "$scratch/whole-out.yaml" \
            >"$scratch/out" 2>"$scratch/err"
        STATUS=$?
    } 2>/dev/null
}

# Given a repair that is killed at a call into the file system, and often the next one too, then the last ends, and
# every message that could be read is there.  At every call near the end, where files change their names, and at a
# sample of those before.
loses_nothing_when_killed() {
    local number calls trials=0 lost='' every=1
    local writing=open,open64,rename,link,unlink,fsync,fdatasync,ftruncate,ftruncate64,pwrite,pwrite64,write
    [ "$permille" -ge 1000 ] || every=4 # in a small run
    given_a_log
    dying_repair "$writing" 0
    is 'not killed: it ends' "$STATUS" 0
    calls=$(od -An -tu8 -N8 "$scratch/calls" | tr -d ' ')
    at_least 'calls to be killed at' "$calls" 40
    for ((number = 1; number <= calls; number++)); do
        [ $((number % every)) -eq 0 ] || continue
        [ "$number" -gt $((calls - 24)) ] || [ "$(dice "$calls")" -lt $((20 * permille / 1000)) ] || continue
        given_again
        dying_repair "$writing" "$number"
        [ "$STATUS" -eq 137 ] || lost+=" $number:status-$STATUS"
        [ "$(dice 3)" -eq 0 ] || dying_repair "$writing" $((1 + $(dice "$calls")))
        care out repair --apply
        [ "$STATUS" -eq 0 ] || lost+=" $number:repair-$STATUS"
        care out check --quick
        [ "$STATUS" -eq 0 ] || lost+=" $number:check-$STATUS"
        messages "$scratch/after"
        same_messages "$scratch/readable" "$scratch/after" >"$scratch/diff" || lost+=" $number:messages"
        trials=$((trials + 1))
    done
    at_least 'repairs were killed' "$trials" $((24 / every))
    is 'none of them lost a message' "$lost" ''
}

# Given a repair that was killed before its last step, then a pipeline does not go on with half of the messages: it
# says what to do, and goes on when that was done.  Nor does a repair lose them that is killed while it takes up what
# the first one left.
waits_for_the_end_of_a_repair() {
    local pipeline
    given_again
    dying_repair rename 2
    is 'killed before the last step' "$STATUS" 137
    check 'its new file is there' exists "$queue.repaired"
    start_pipeline half "$scratch/whole-out.yaml"
    pipeline=$PID
    check 'the pipeline says so' wait_until 30 has_line "$scratch/half.log" 'a repair was interrupted'
    check 'and the cure' has_line "$scratch/half.log" 'scanpipe queue repair --apply'
    check 'it writes nothing' fails has_rows "$SCANPIPE_DATA/out.db"
    dying_repair fsync,fdatasync 2
    is 'the second is killed too' "$STATUS" 137
    check 'the repair is ended' wait_until 20 repaired
    check 'it tells what it took up' has_line "$scratch/out" 'queue.db.repaired'
    check 'with all that could be read' has_line "$scratch/out" "read: $(wc -l <"$scratch/readable") messages"
    check 'the pipeline goes on' wait_until 60 has_rows "$SCANPIPE_DATA/out.db"
    stop "$pipeline"
}

# Given a cursor that was moved back, when the last message before that is damaged, then no range is told that ends
# before it begins: what is lost may be anything.
knows_no_range_across_a_rewind() {
    local count
    fill rewound out
    count=$(query "$queue" 'SELECT max(Id) FROM QueueMessages')
    "${scanpipe[@]}" cursor set --to-start -c "$scratch/whole-out.yaml" >"$scratch/out" 2>&1
    runs 'rewound: read again' "$scratch/ingest-out.yaml"
    python3 "$here/tool.py" execute "$queue" "UPDATE QueueMessages SET Body = 'x' || substr(Body, 2) WHERE Id = $count"
    care out check --json
    is 'rewound: check tells' "$STATUS" 65
    check 'rewound: everything is to be read again' has_line "$scratch/out" '"ranges":.{"from":null,"to":null}]'
    care out repair
    check 'rewound: the command for that is told' has_line "$scratch/out" 'scanpipe cursor set --to-start -c'
}

# Given a process that was killed, and somebody who deletes its log, then only the source tells what stood there alone;
# where the cursor stood there too, all is read again.
loses_its_log() { # STATE
    local name="no log, state in $1"
    new_data "nolog-$1"
    queue=$SCANPIPE_DATA/queue.db
    start_pipeline "nolog-$1" "$scratch/ingest-$1.yaml"
    check "$name: all is read" wait_until 30 reads_all "$1"
    kill_hard "$PID"
    check "$name: there was one" test -s "$queue-wal"
    damage "$queue-wal" header "$seed"
    care "$1" check
    check "$name: a damaged one is told" has_line "$scratch/out" 'warning: .*-wal'
    rm -f "$queue-wal" "$queue-shm"
    care "$1" check
    check "$name: check ends" test "$STATUS" -eq 0 -o "$STATUS" -eq 65
    [ "$STATUS" -eq 0 ] || care "$1" repair --apply
    runs "$name: the pipeline" "$scratch/whole-$1.yaml"
    [ "$1" = queue ] || gets_all_again "$name"
    table_equals "$name: the table is whole" "$SCANPIPE_DATA/out.db" "$events"
}

reads_all() { # STATE
    [ "$(cursor "$SCANPIPE_DATA/$1.db")" = "$last" ]
}

gets_all_again() { # NAME
    timeout $((60 * patience)) "${scanpipe[@]}" verify -c "$scratch/whole-out.yaml" >"$scratch/out" 2>"$scratch/err"
    is "$1: verify tells what is missing" "$?" 65
    "${scanpipe[@]}" replay --from 1 --to "$last" -c "$scratch/whole-out.yaml" >"$scratch/out" 2>"$scratch/err"
    is "$1: it is sent again" "$?" 0
    runs "$1: and written" "$scratch/whole-out.yaml"
}

# Words, and a queue that keeps no file.
says_what_it_cannot() {
    new_data words
    care out check
    is 'no file yet: no damage' "$STATUS" 0
    check 'no file yet: that is told' has_line "$scratch/out" '^the queue of broken is not there yet$'
    care out repair
    check 'no file yet: nothing to repair' has_line "$scratch/out" 'is not there yet: there is nothing to repair'
    check 'no file yet: and none was made' fails exists "$SCANPIPE_DATA/queue.db"
    care out export
    is 'no file yet: nothing to export' "$STATUS" 69
    care out mend
    is 'no such command' "$STATUS" 64
    care out check --apply
    is 'an option of another one' "$STATUS" 64
    : >"$scratch/there"
    care out export --output "$scratch/there"
    check 'export writes over nothing' test "$STATUS" -ne 0 -a ! -s "$scratch/there"
    sed 's/^queue:.*/queue: {plugin: memory}/; /^state:/d; /^dead_letters:/d; s/^sink:.*/sink: {plugin: "null"}/' \
        "$scratch/whole-out.yaml" | sed '/^table:/,$d' >"$scratch/memory.yaml"
    timeout 20 "${scanpipe[@]}" queue check -c "$scratch/memory.yaml" >"$scratch/out" 2>"$scratch/err"
    is 'a queue without a file' "$?" 0
    check 'says so' has_line "$scratch/err" 'keeps no file'
    timeout 20 "${scanpipe[@]}" queue check --json -c "$scratch/memory.yaml" >"$scratch/out" 2>"$scratch/err"
    is 'and is not damaged' "$(member damaged)" false
}

fails() {
    ! "$@"
}

sim_print "$events" "${feed[@]}"
sim_start "${feed[@]}"
says_what_it_cannot
for kind in page garbage flips header; do
    mends "$kind" out
done
last=$(cursor "$SCANPIPE_DATA/out.db")
for kind in pages other-header first-page short; do
    mends "$kind" queue
done
mends pages out $((seed + 1))
for kind in index size attributes time totals; do
    mends_without_loss "$kind"
done
knows_no_range_across_a_rewind
loses_its_log queue
loses_its_log out
says_the_cure_of_what_stops_it size
says_the_cure_of_what_stops_it attributes
goes_on_when_repaired
refuses_while_in_use
if [ -e "$shim" ]; then
    loses_nothing_when_killed
    waits_for_the_end_of_a_repair
else
    skip 'repairs that are killed' 'the shim was not built'
fi
finish
