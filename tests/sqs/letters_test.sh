#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Dead letters in SQS, as people meet them: listing, sending back, removing, kills, what SQS gave up by itself,
# and what it would soon forget.
set -u
# shellcheck source=tests/e2e/lib.sh
. "${srcdir:-.}/tests/e2e/lib.sh"
# shellcheck source=tests/sqs/servers.sh
. "$root/tests/sqs/servers.sh"
trap 'stop_all_sqs; clean_up' EXIT
[ -e "$build/plugins/queue_sqs/.libs/queue_sqs.so" ] || skip_all "queue_sqs was not built"
begin_with_stub

retention='{"MessageRetentionPeriod": "1209600"}' # 14 days

# A pipeline over a file of events; the key has a bound that a person can mend.
write_pipeline() { # FILE BOUND
    cat >"$1" <<END
name: parcels
source: {plugin: file, path: "\${SCANPIPE_DATA}/events.ndjson", $quick}
queue: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db", visibility_timeout: 3s, $quick}
sink: {plugin: sqlite, path: "\${SCANPIPE_DATA}/sink.db", stop_at: {percent: 100}, $quick}
dead_letters: {plugin: sqs, url: "\${LETTERS}", $quick}
table:
  name: ParcelSummary
  order: /EventId
  columns:
    ParcelId: {from: /ParcelId, type: bigint, min: 1, max: $2, key: true}
    LatestEventId: {from: /EventId, type: bigint, min: 1}
END
}

write_events() { # FIRST LAST
    awk -v first="$1" -v last="$2" \
        'BEGIN { for (i = first; i <= last; i++) printf "{\"EventId\":%d,\"ParcelId\":%d}\n", i, 1000 + i }'
}

dlq() { # NAME ARGUMENT...: leaves NAME.out, NAME.err and STATUS
    local name=$1
    shift
    timeout -k 5 $((120 * patience)) "${scanpipe[@]}" dlq "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" </dev/null
    STATUS=$?
}

dlq_works() { # NAME ARGUMENT...
    dlq "$@"
    ok "dlq ${*:2:1} ($1)" "$STATUS" "exit status $STATUS" "$(last_lines "$scratch/$1.err")"
}

# What a Python expression over the list `letters` says; each letter is an object.
of_letters() { # EXPRESSION [FILTER...]
    "${scanpipe[@]}" dlq list -c "$strict" --json "${@:2}" 2>"$scratch/list.err" | python3 -c '
import json, sys
letters = [json.loads(line) for line in sys.stdin]
print(eval(sys.argv[1]))' "$1"
}

rows() {
    query "$SCANPIPE_DATA/sink.db" 'SELECT count(*) FROM ParcelSummary'
}

new_store() { # NAME [ATTRIBUTES]
    new_data "$1"
    LETTERS=$(sqs_make_queue "$1" "${2:-$retention}")
    export LETTERS
}

strict=$scratch/strict.yaml mended=$scratch/mended.yaml
write_pipeline "$strict" 1003
write_pipeline "$mended" 9999

# ---- Looking, sending back, removing

new_store look
{
    write_events 1 30
    printf '{"EventId":99,\xff\x00\xfe}\n'
} >"$SCANPIPE_DATA/events.ndjson"
runs look "$strict"
is "three rows fit" "$(rows)" 3
is "the others are dead letters" "$(of_letters 'len(letters)')" 28
is "listing them hides none of them" "$(of_letters 'len(letters)')" 28
is "by class" "$(of_letters 'len(letters)' --class malformed)" 1
is "no more than so many" "$(of_letters 'len(letters)' --limit 3)" 3
is "which hides the others from nobody" "$(of_letters 'len(letters)')" 28
is "they are where they were: in the queue, for all to see" \
    "$(stub_stat queues look visible) $(stub_stat queues look in_flight)" '28 0'
id=$(of_letters 'letters[0]["id"]' --event-id 7)
dlq_works show show -c "$strict" "$id"
has "one of them whole" "$(cat "$scratch/show.out")" '"ParcelId":1007'
dlq_works export export -c "$strict" --class malformed
is "bytes that are no text survive" "$(od -An -tx1 "$scratch/export.out" | tr -d ' \n')" \
    "$(printf '{"EventId":99,\xff\x00\xfe}\n' | od -An -tx1 | tr -d ' \n')"
dlq_works redrive redrive -c "$strict" --class value
is "sent back, they are in the queue alone" "$(of_letters 'len(letters)')" 1
runs again "$strict"
is "and fail again, with their history" \
    "$(of_letters '[len(letters), {l["attempts"] for l in letters}]' --class value)" '[27, {2}]'
dlq_works mended redrive -c "$mended" --class value
runs mend "$mended"
is "mended, they are written" "$(rows)" 30
dlq_works purge purge -c "$mended" --all --yes
is "removed, they are gone" "$(of_letters 'len(letters)') $(stub_stat queues look visible)" '0 0'

# ---- Killed in the midst

holds_some() {
    [ "$(stub_stat queues kill in_flight)" -gt 30 ]
}

new_store kill
python3 "$root/tests/sqs/letters_fill.py" "$sqs_url" "$LETTERS" parcels 300
stub_admin 'set?latency_ms=100' >/dev/null
"${scanpipe[@]}" dlq list -c "$strict" >/dev/null 2>&1 &
lister=$!
wait_until 20 holds_some
kill -KILL "$lister"
wait "$lister" 2>/dev/null
stub_admin 'set?latency_ms=0' >/dev/null
at_most "a list that is killed hides letters" "$(of_letters 'len(letters)')" 299
has "which is said" "$(cat "$scratch/list.err")" 'are held by another scan'
stub_admin 'advance?seconds=60' >/dev/null
is "for a minute at most" "$(of_letters 'len(letters)')" 300
kill_redrive() {
    "${scanpipe[@]}" dlq redrive -c "$mended" --rate 100/s >/dev/null 2>&1 &
    lister=$!
    sleep "1.$(dice 9)"
    kill -KILL "$lister"
    wait "$lister" 2>/dev/null
    sleep 1.2 # a poll of its may be in the server still
    stub_admin 'advance?seconds=60' >/dev/null
}
kill_redrive
kill_redrive
dlq_works rest redrive -c "$mended"
: >"$SCANPIPE_DATA/events.ndjson"
runs killed "$mended"
is "whatever is killed, all arrive" "$(rows)" 300
is "and none is left" "$(of_letters 'len(letters)')" 0

# ---- What SQS gave up by itself

new_store bare
put() { # BODY [FORMAT]
    python3 - "$sqs_url" "$LETTERS" "$1" "${2:-}" "$root" <<'END'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[5] + "/tests/sqs")
from sqs_client import Client
attributes = {"scanpipe-format": {"DataType": "String", "StringValue": sys.argv[4]}} if sys.argv[4] else {}
Client(sys.argv[1]).call("SendMessage", QueueUrl=sys.argv[2], MessageBody=sys.argv[3], MessageAttributes=attributes)
END
}
put "$(write_events 1 25)" ndjson
put '{
  "EventId": 26,
  "ParcelId": 1026
}'
put 'neither envelope nor JSON' envelope
stub_faults '[{"fault": "cut", "operation": "DeleteMessageBatch", "calls": "1-2", "where": "before"}]'
is "each event that SQS gave up is a letter" \
    "$(of_letters 'sorted({(l["class"], l["attempts"]) for l in letters})') $(of_letters 'len(letters)')" \
    "[('given_up', 1)] 27"
is "none of them is bare any more" "$(of_letters 'len(letters)') $(stub_stat queues bare visible)" \
    "27 $(stub_stat queues bare visible)"
: >"$SCANPIPE_DATA/events.ndjson"
dlq_works bare redrive -c "$mended"
runs bare "$mended"
is "and can be sent back" "$(rows) $(of_letters '[l["class"] for l in letters]')" "26 ['malformed']"

# ---- Larger than the queue can hold

# stores_large NAME KIBIBYTES-OF-THE-QUEUE BYTES-OF-THE-EVENT
stores_large() {
    new_store "$1" "{\"MaximumMessageSize\": \"$(($2 * 1024))\"}"
    {
        write_events 7 7
        python3 -c 'import sys; print("{\"EventId\":8,\"ParcelId\":1008,\"Note\":\"" + "x" * int(sys.argv[1]) + "\"}")' "$3"
    } >"$SCANPIPE_DATA/events.ndjson"
    sed 's|^dead_letters: {|&oversize: "${SCANPIPE_DATA}/large", |' "$strict" >"$scratch/folder.yaml"
    sed 's|^dead_letters: {|&oversize: "${SCANPIPE_DATA}/large", |' "$mended" >"$scratch/mended-folder.yaml"
    start_pipeline "$1.holding" "$strict"
    wait_until 20 has_line "$scratch/$1.holding.log" 'name a folder for such events with dead_letters.oversize'
    ok "$1: without a folder the stage holds, and says what to do" $? "$(last_lines "$scratch/$1.holding.log")"
    stop "$PID"
    runs "$1" "$scratch/folder.yaml"
    is "$1: both are letters" "$(of_letters 'sorted(l["event_id"] for l in letters)' | tr -d ' ')" "['7','8']"
    is "$1: of the large one the bytes are in a file" "$(find "$SCANPIPE_DATA/large" -name '*.event' | wc -l)" 1
    dlq_works "$1.redrive" redrive -c "$scratch/mended-folder.yaml"
    runs "$1.mended" "$scratch/mended-folder.yaml"
    is "$1: with the table mended both are written" "$(rows) $(of_letters 'len(letters)')" '2 0'
}

stores_large larger 256 300000
has "larger: how much a letter may have is said" "$(cat "$scratch/larger.holding.log")" 'can hold, which is '
stores_large small 64 100000
has "small: what the queue says is told" "$(cat "$scratch/small.holding.log")" 'can hold: '

# ---- What SQS would soon forget

new_store old
write_events 1 23 >"$SCANPIPE_DATA/events.ndjson"
runs first "$strict"
dlq_works twice redrive -c "$strict" --event-id 9
runs second "$strict"
before=$(of_letters 'sorted((l["event_id"], l["attempts"], l["first"], l["last"]) for l in letters)')
has "letters with a history" "$before" "'9', 2,"
stub_admin 'advance?seconds=950000' >/dev/null # 11 days
python3 "$here/tool.py" execute "$SCANPIPE_DATA/sink.db" "DELETE FROM PipelineState WHERE Name = 'upkeep'"
ok "an hour later" $?
sed '/^source:/d' "$strict" >"$scratch/deliver.yaml"
start_pipeline keeper "$scratch/deliver.yaml"
wait_until 60 grep -q 'sent to it again' "$scratch/keeper.log"
ok "old letters are sent again" $? "$(last_lines "$scratch/keeper.log")"
kill -TERM "$PID"
wait "$PID"
stub_admin 'advance?seconds=400000' >/dev/null # 15 days and a half
is "and are as they were" "$(of_letters 'sorted((l["event_id"], l["attempts"], l["first"], l["last"]) for l in letters)')" \
    "$before"
is "once each" "$(stub_stat queues old visible)" 20
stub_admin 'advance?seconds=1000000' >/dev/null
is "without that they would be gone" "$(of_letters 'len(letters)')" 0

# ---- Sent back slowly, while very many are listed

new_store slow
python3 "$root/tests/sqs/letters_fill.py" "$sqs_url" "$LETTERS" parcels 300
"${scanpipe[@]}" dlq redrive -c "$mended" --rate 30/m >"$scratch/slow.out" 2>&1 &
lister=$!
slow_since=$SECONDS

# ---- Very many

most=100000 # HELD_MOST in plugins/queue_sqs
many=$(scaled $((most + 50)))
new_store many
python3 "$root/tests/sqs/letters_fill.py" "$sqs_url" "$LETTERS" parcels "$many"
timeout $((300 * patience)) python3 "$here/tool.py" peak "$scratch/rss" \
    "${scanpipe[@]}" dlq list -c "$strict" --json >"$scratch/many.out" 2>"$scratch/many.err"
ok "very many are listed" $? "$(last_lines "$scratch/many.err")"
if [ "$many" -gt "$most" ]; then
    at_least "as far as there is room" "$(wc -l <"$scratch/many.out")" "$most"
    has "which is said" "$(cat "$scratch/many.err")" 'and there are more'
else
    is "all of them" "$(wc -l <"$scratch/many.out")" "$many"
fi
sanitized || at_most "in bounded memory (KiB)" "$(cat "$scratch/rss")" 65536
while [ $((SECONDS - slow_since)) -lt 62 ]; do # no lease lasts as long by itself
    sleep 1
done
at_least "what is sent back slowly is held" "$(stub_stat queues slow in_flight)" 1
is "and nothing of it is shown meanwhile" "$(stub_stat queues slow visible)" 0
kill -TERM "$lister"
wait "$lister"
is "the stand-in did not crash" "$(stub_stat crashes)" 0
finish
