#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Dead letters that a person can work with: looking at them, sending them back, removing them, whatever is
# killed meanwhile.
#
# Needs what lib.sh needs, and STUB_PLUGINS (the folders of tests/plugins, built).
set -u
. "${srcdir:-.}/tests/e2e/lib.sh"
stubs=${STUB_PLUGINS:-$build/tests/plugins:$build/tests/plugins/.libs}
export SCANPIPE_PLUGIN_PATH=$stubs${SCANPIPE_PLUGIN_PATH:+:$SCANPIPE_PLUGIN_PATH}

# A pipeline over a file of events; the key has a bound that a person can mend.
write_pipeline() { # FILE BOUND [LINE...]
    local file=$1 bound=$2
    shift 2
    {
        echo 'name: parcels'
        echo "source: {plugin: file, path: \"\${SCANPIPE_DATA}/events.ndjson\", $quick}"
        echo "queue: {plugin: sqlite, path: \"\${SCANPIPE_DATA}/queue.db\", visibility_timeout: 3s, $quick}"
        echo "sink: {plugin: sqlite, path: \"\${SCANPIPE_DATA}/sink.db\", stop_at: {percent: 100}, $quick}"
        printf '%s\n' "$@"
        cat <<END
table:
  name: ParcelSummary
  order: /EventId
  columns:
    ParcelId: {from: /ParcelId, type: bigint, min: 1, max: $bound, key: true}
    LatestEventId: {from: /EventId, type: bigint, min: 1}
END
    } >"$file"
}

# Events FIRST to LAST, each of a parcel of its own: 1000 and its number.
write_events() { # FIRST LAST
    awk -v first="$1" -v last="$2" \
        'BEGIN { for (i = first; i <= last; i++) printf "{\"EventId\":%d,\"ParcelId\":%d}\n", i, 1000 + i }'
}

dlq() { # NAME ARGUMENT...: leaves NAME.out, NAME.err and STATUS
    local name=$1
    shift
    timeout -k 5 $((60 * patience)) "${scanpipe[@]}" dlq "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" </dev/null
    STATUS=$?
}

dlq_works() { # NAME ARGUMENT...: the same as a test
    dlq "$@"
    ok "dlq ${*:2:1} ($1)" "$STATUS" "exit status $STATUS" "$(last_lines "$scratch/$1.err")"
}

# What a Python expression over the list `letters` says; each letter is an object.
of_letters() { # CONF EXPRESSION [FILTER...]
    "${scanpipe[@]}" dlq list -c "$1" --json "${@:3}" 2>/dev/null | python3 -c '
import json, sys
letters = [json.loads(line) for line in sys.stdin]
print(eval(sys.argv[1]))' "$2"
}

count_letters() { # CONF [FILTER...]
    of_letters "$1" 'len(letters)' "${@:2}"
}

rows() {
    query "$SCANPIPE_DATA/sink.db" 'SELECT count(*) FROM ParcelSummary'
}

strict=$scratch/strict.yaml mended=$scratch/mended.yaml

# ---- Looking

new_data look
write_pipeline "$strict" 1003
write_pipeline "$mended" 9999
{
    write_events 1 8
    printf '{"EventId":9,\xff\x00\xfe}\n'
    printf '{"EventId":10,"ParcelId":"\x1b[31mred"}\n'
    echo '[1,2]'
} >"$SCANPIPE_DATA/events.ndjson"
runs look "$strict"
is "three rows fit" "$(rows)" 3
is "the others are dead letters" "$(count_letters "$strict")" 8
is "by class" "$(count_letters "$strict" --class value) $(count_letters "$strict" --class malformed)" '5 3'
is "by column" "$(count_letters "$strict" --column ParcelId)" 5
is "by event id" "$(of_letters "$strict" 'letters[0]["event_key"]' --event-id 5)" 1005
is "by key" "$(of_letters "$strict" '[l["event_id"] for l in letters]' --key 1007)" "['7']"
is "by both, which must fit" "$(count_letters "$strict" --key 1007 --event-id 5)" 0
is "no more than so many" "$(count_letters "$strict" --limit 3)" 3
is "since an hour ago" "$(count_letters "$strict" --since 1h)" 8
is "until an hour ago" "$(count_letters "$strict" --until 1h)" 0
is "since a time" "$(count_letters "$strict" --since 2001-01-01T00:00:00+01:00 --until 2999-01-01T00:00:00Z)" 8
last=$(of_letters "$strict" 'max(l["last"] for l in letters)')
is "until is exclusive, since is not" \
    "$(count_letters "$strict" --until "$last") $(($(count_letters "$strict" --since "$last") > 0))" \
    "$(of_letters "$strict" "sum(l['last'] < '$last' for l in letters)") 1"
id=$(of_letters "$strict" 'letters[0]["id"]' --event-id 5)
other=$(of_letters "$strict" 'letters[0]["id"]' --event-id 6)
is "by the beginning of ids" \
    "$(of_letters "$strict" 'sorted(l["event_id"] for l in letters)' --id "${id:0:11}" --id "${other^^}")" "['5', '6']"

dlq_works listed list -c "$strict"
has "a list has ids" "$(cat "$scratch/listed.out")" " ${id:0:12} value from the table, event 5"
has "what comes from events is escaped" "$(cat "$scratch/listed.out")" '\x1b[31mred'
ok "and nothing else of it reaches a terminal" "$(grep -c $'\033' "$scratch/listed.out")"
dlq_works shown show -c "$strict" "${id:0:12}"
has "show tells all: the id" "$(cat "$scratch/shown.out")" "id        $id"
has "the reason" "$(cat "$scratch/shown.out")" 'reason    is 1005, but must be at most 1003'
has "and the event" "$(cat "$scratch/shown.out")" '{"EventId":5,"ParcelId":1005}'
dlq none show -c "$strict" 00000000000000000000
is "show of none" "$STATUS" 66
dlq_works json show -c "$strict" "$id" --json
is "show as JSON" "$(python3 -c 'import json,sys; print(json.load(sys.stdin)["event"])' <"$scratch/json.out")" \
    '{"EventId":5,"ParcelId":1005}'

dlq_works exported export -c "$strict"
is "export gives the events' own bytes" "$(sort "$scratch/exported.out" | sha256sum)" \
    "$(tail -n +4 "$SCANPIPE_DATA/events.ndjson" | sort | sha256sum)"
dlq_works envelopes export -c "$strict" --envelopes --output "$scratch/envelopes.ndjson"
is "or envelopes, into a file" \
    "$(python3 -c 'import json,sys; print(sorted({json.loads(l)["class"] for l in open(sys.argv[1])}))' "$scratch/envelopes.ndjson")" \
    "['malformed', 'value']"
dlq nowhere export -c "$strict" --output "$scratch/no/such/file"
is "a file that cannot be" "$STATUS" 69

# Given a good export and a store that breaks, when it is exported again, then the good one is there as it was.
sum=$(sha256sum <"$scratch/envelopes.ndjson")
chmod 640 "$scratch/envelopes.ndjson"
ln -s envelopes.ndjson "$scratch/link.ndjson"
mv "$SCANPIPE_DATA/sink.db" "$scratch/kept.db"
head -c 20000 /dev/urandom >"$SCANPIPE_DATA/sink.db"
dlq broken export -c "$strict" --envelopes --output "$scratch/link.ndjson"
is "an export out of a broken store fails, and what was exported before is as it was" \
    "$STATUS $(sha256sum <"$scratch/envelopes.ndjson")" "69 $sum" "$(last_lines "$scratch/broken.err")"
has "which is told" "$(cat "$scratch/broken.err")" "link.ndjson' is as it was"
mv "$scratch/kept.db" "$SCANPIPE_DATA/sink.db"
dlq_works linked export -c "$strict" --output "$scratch/link.ndjson"
is "a good one replaces it, behind a link and with its mode" \
    "$(sort "$scratch/envelopes.ndjson" | sha256sum) $(stat -c %a "$scratch/envelopes.ndjson")" \
    "$(sort "$scratch/exported.out" | sha256sum) 640"
mkfifo "$scratch/pipe"
sort "$scratch/pipe" >"$scratch/piped.out" &
sorting=$!
dlq_works piped export -c "$strict" --output "$scratch/pipe"
wait "$sorting"
is "what is no file is written as it is" "$(sha256sum <"$scratch/piped.out")" \
    "$(sort "$scratch/exported.out" | sha256sum)"
is "no part is left anywhere" "$(find "$scratch" -name '*.part-*' | wc -l)" 0

# ---- Wrong words

dlq usage purge -c "$strict" --yes
is "purge of everything must be said" "$STATUS" 64
has "and how is told" "$(cat "$scratch/usage.err")" '--all'
dlq usage purge -c "$strict" --all
is "purge without a terminal needs --yes" "$STATUS" 64
dlq usage list -c "$strict" --rate 5/s
is "an option of another verb" "$STATUS" 64
dlq usage list -c "$strict" --since yesterday
is "a time that is none" "$STATUS" 64
dlq usage redrive -c "$strict" --class valeu
is "a class that is none" "$STATUS" 64
has "and the nearest is told" "$(cat "$scratch/usage.err")" "did you mean 'value'?"
dlq usage list -c "$strict" --column parcelid
is "a column that the table does not have" "$STATUS" 64
has "and the nearest is told" "$(cat "$scratch/usage.err")" "did you mean 'ParcelId'?"
sed 's/ParcelId: /IdOfParcel: /' "$strict" >"$scratch/renamed.yaml"
is "a column that the table had: its letters are there" "$(count_letters "$scratch/renamed.yaml" --column ParcelId)" 5
is "none is to blame" "$(count_letters "$strict" --column LatestEventId)" 0
dlq usage list -c "$strict" --since 1h --until 2h
is "an empty range of time" "$STATUS" 64
has "and which is which" "$(cat "$scratch/usage.err")" '--since is the earlier one'
dlq usage list -c "$strict" --id xyz
is "an id that is none" "$STATUS" 64
dlq usage show -c "$strict"
is "show of nothing" "$STATUS" 64
dlq usage redirve -c "$strict"
has "the near verb" "$(cat "$scratch/usage.err")" "did you mean 'redrive'?"
is "nothing was removed by any of it" "$(count_letters "$strict")" 8

# ---- Sending back

facts='sorted((l["id"], l["first"], l.get("event"), l.get("event_base64")) for l in letters)'
before=$(of_letters "$strict" "$facts")
dlq_works dry redrive -c "$strict" --dry-run --json
is "a dry run counts" "$(cat "$scratch/dry.out")" \
    '{"pipeline":"parcels","dry_run":true,"selected":8,"bytes":203,"sent":8,"removed":0,"left":0,"stopped":false}'
is "and does nothing" "$(of_letters "$strict" "$facts")" "$before"
# Given a block that the pipeline would refuse, then nothing is sent back, not even dry, and the cure is told.
sed 's/LatestEventId: {from: \/EventId, type: bigint/LatestEventId: {from: \/EventId, type: int/' "$strict" >"$scratch/refused.yaml"
for how in --json --dry-run; do
    dlq refused redrive -c "$scratch/refused.yaml" "$how"
    is "$how: letters of a table by other rules are not sent back" "$STATUS" 69
    has "$how: which rules" "$(cat "$scratch/refused.err")" "column 'LatestEventId' was of the type bigint and is of the type int"
    has "$how: the cure is told" "$(cat "$scratch/refused.err")" 'scanpipe migrate --rebuild'
done
is "all are there" "$(count_letters "$strict")" 8
is "and the queue is empty" "$(query "$SCANPIPE_DATA/queue.db" 'SELECT count(*) FROM QueueMessages')" 0
# Given a state that does not answer, then those rules are not known, and the letters go back all the same.
away=$scratch/away.yaml
sed "/^table:/i state: {plugin: sqlite, path: \"\${SCANPIPE_DATA}/state.db\", timeout: 1s, $quick}" "$strict" >"$away"
lock "$SCANPIPE_DATA/state.db"
dlq_works unasked redrive -c "$away" --dry-run --json
has "a state that is away keeps nothing back" "$(cat "$scratch/unasked.out")" '"sent":8,'
has "and it is told" "$(cat "$scratch/unasked.err")" 'database is locked; whether the table was folded by other rules is not known: going on'
dlq_works back redrive -c "$away"
unlock
has "redrive counts" "$(cat "$scratch/back.err")" '8 dead letters sent back into the queue'
has "and warns" "$(cat "$scratch/back.err")" 'comes back'
is "what is sent is no letter any more" "$(count_letters "$strict")" 0
runs unmended "$strict"
is "without a change the same letters are back, with the old first time and the same bytes" \
    "$(of_letters "$strict" "$facts")" "$before"
is "and each has failed twice" "$(of_letters "$strict" '{l["attempts"] for l in letters}')" '{2}'
is "last is later" "$(of_letters "$strict" 'all(l["last"] > l["first"] for l in letters)')" True
dlq_works values redrive -c "$mended" --class value --json
runs mended "$mended"
is "with the table mended the rows are there" "$(rows)" 8
is "and only what nothing can mend is back" "$(of_letters "$mended" 'sorted(l["attempts"] for l in letters)')" '[2, 2, 2]'

# ---- Removing

dlq_works dry purge -c "$mended" --class malformed --dry-run
has "a dry run says what would go" "$(cat "$scratch/dry.err")" '3 dead letters (3 malformed) would be removed'
is "and leaves it" "$(count_letters "$mended")" 3
dlq_works purged purge -c "$mended" --class malformed --limit 2 --yes --json
is "purge removes what was named" "$(cat "$scratch/purged.out")" \
    '{"pipeline":"parcels","dry_run":false,"selected":2,"removed":2,"classes":{"malformed":2},"stopped":false}'
is "and nothing else" "$(count_letters "$mended")" 1

# Given a person who thinks about the question, while one of the letters fails again and others come: when
# the answer is yes, then only what was asked about is removed.
new_data thinking
write_pipeline "$strict" 1000
write_events 1 5 >"$SCANPIPE_DATA/events.ndjson"
runs thinking "$strict"
export strict SCANPIPE_DATA
"${scanpipe[@]}" dlq redrive -c "$strict" --event-id 2 >"$scratch/again.log" 2>&1
write_events 6 9 >>"$SCANPIPE_DATA/events.ndjson"
hook="${scanpipe[*]} -c $strict --until-caught-up -q >$scratch/hook.log 2>&1"
timeout $((60 * patience)) python3 "$here/terminal.py" '[y/N]' "$hook" n -- \
    "${scanpipe[@]}" dlq purge -c "$strict" --all >"$scratch/asked.out" 2>&1
has "purge asks" "$(cat "$scratch/asked.out")" 'Remove 4 dead letters (4 value) of the pipeline parcels for good? [y/N]'
is "and no is no" "$(count_letters "$strict")" 9
hook="${scanpipe[*]} dlq redrive -c $strict --event-id 3 && $hook"
write_events 10 11 >>"$SCANPIPE_DATA/events.ndjson"
timeout $((60 * patience)) python3 "$here/terminal.py" '[y/N]' "$hook" y -- \
    "${scanpipe[@]}" dlq purge -c "$strict" --all >"$scratch/asked.out" 2>&1
has "yes is yes" "$(cat "$scratch/asked.out")" '8 of 9 dead letters (9 value) removed'
is "but not for what was stored while the question stood" \
    "$(of_letters "$strict" 'sorted(int(l["event_id"]) for l in letters)')" '[3, 10, 11]'

# ---- Killed and stopped, while deliver is at work

new_data killed
count=$(scaled 300 60)
write_pipeline "$strict" 1000
write_pipeline "$mended" 9999
write_events 1 "$count" >"$SCANPIPE_DATA/events.ndjson"
runs killed "$strict"
is "all are dead letters" "$(count_letters "$strict")" "$count"
first=$(of_letters "$strict" 'sorted((l["id"], l["first"]) for l in letters)')
grep -v '^source' "$strict" >"$scratch/deliver.yaml"
start_pipeline deliver "$scratch/deliver.yaml" -q
deliver=$PID
for _ in {1..12}; do
    "${scanpipe[@]}" dlq redrive -c "$strict" >>"$scratch/redrive.log" 2>&1 &
    redrive=$!
    adopt "$redrive" redrive
    sleep "0.0$(dice 6)$(dice 10)"
    kill_hard "$redrive"
done
has_all() {
    [ "$(of_letters "$strict" 'len({l["event_id"] for l in letters})')" = "$count" ]
}
ok "deliver has them back" "$(wait_until 30 has_all; echo $?)" "$(count_letters "$strict") of $count"
stop "$deliver"
runs settled "$strict"
is "after kill -9 at any moment each event is a dead letter, the same as before" \
    "$(of_letters "$strict" 'sorted((l["id"], l["first"]) for l in letters)')" "$first"
is "and has failed more than once" "$(of_letters "$strict" 'max(l["attempts"] for l in letters) > 1')" True

"${scanpipe[@]}" dlq redrive -c "$strict" --rate 10/s --json >"$scratch/slow.out" 2>"$scratch/slow.err" &
redrive=$!
adopt "$redrive" redrive
fewer() {
    [ "$(count_letters "$strict")" -lt "$((count - 10))" ]
}
wait_until 20 fewer
stop "$redrive" INT 10
is "SIGINT ends a redrive well" "$STATUS" 0 "$(last_lines "$scratch/slow.err")"
at_most "and soon, in ms" "$ELAPSED_MS" $((8000 * patience))
is "it says how far it came" \
    "$(python3 -c 'import json,sys; r = json.load(sys.stdin); print(r["stopped"], r["sent"] == r["removed"], r["sent"])' <"$scratch/slow.out")" \
    "True True $((count - $(count_letters "$strict")))"
queued=$(query "$SCANPIPE_DATA/queue.db" 'SELECT count(*) FROM QueueMessages')
is "what is no letter is in the queue" "$((queued + $(count_letters "$strict")))" "$count"

grep -v '^source' "$mended" >"$scratch/deliver.yaml"
start_pipeline deliver "$scratch/deliver.yaml" -q
deliver=$PID
for _ in {1..4}; do
    "${scanpipe[@]}" dlq redrive -c "$mended" --rate 2000/s >>"$scratch/redrive.log" 2>&1 &
    redrive=$!
    adopt "$redrive" redrive
    sleep "0.$((RANDOM % 2))$(dice 10)"
    kill_hard "$redrive"
done
timeout $((60 * patience)) python3 "$here/terminal.py" -- "${scanpipe[@]}" dlq redrive -c "$mended" >"$scratch/bar.out" 2>&1
has "on a terminal a redrive tells its end" "$(cat "$scratch/bar.out")" 'sent back into the queue'
stop "$deliver"
runs all "$mended"
is "with the table mended all rows are there" "$(rows)" "$count"
is "and no letter is" "$(count_letters "$mended")" 0

# ---- Larger than the store can hold

new_data large
write_pipeline "$strict" 1000 "dead_letters: {plugin: small, path: \"\${SCANPIPE_DATA}/letters\", $quick}"
write_pipeline "$scratch/folder.yaml" 1000 \
    "dead_letters: {plugin: small, path: \"\${SCANPIPE_DATA}/letters\", oversize: \"\${SCANPIPE_DATA}/large\", $quick}"
write_pipeline "$mended" 9999 \
    "dead_letters: {plugin: small, path: \"\${SCANPIPE_DATA}/letters\", oversize: \"\${SCANPIPE_DATA}/large\", $quick}"
{
    write_events 1 3
    python3 -c 'print("{\"EventId\":4,\"ParcelId\":1004,\"Note\":\"" + "x" * 100000 + "\"}")'
    python3 -c 'print("{\"EventId\":5,\"ParcelId\":1005,\"Note\":\"" + "\u20ac" * 9000 + "\"}")'
} >"$SCANPIPE_DATA/events.ndjson"
start_pipeline holding "$strict"
ok "without a folder the stage holds, and says what to do" \
    "$(wait_until 20 has_line "$scratch/holding.log" 'name a folder for such events with dead_letters.oversize'; echo $?)" \
    "$(last_lines "$scratch/holding.log")"
is "the small ones are stored all the same" "$(count_letters "$strict")" 3
stop "$PID"
runs folder "$scratch/folder.yaml"
is "with a folder all are" "$(count_letters "$scratch/folder.yaml")" 5
large=$(of_letters "$scratch/folder.yaml" 'letters[0]["id"]' --event-id 4)
is "the bytes are in a file named by the letter's id" \
    "$(sha256sum <"$SCANPIPE_DATA/large/$large.event")" \
    "$(sed -n 4p "$SCANPIPE_DATA/events.ndjson" | tr -d '\n' | sha256sum)"
is "that only we can read" "$(stat -c %a "$SCANPIPE_DATA/large/$large.event")" 600
is "the letter has their head and says where" \
    "$(of_letters "$scratch/folder.yaml" '(len(letters[0]["event"]), letters[0]["place"])' --event-id 4)" \
    "(1024, '$SCANPIPE_DATA/large/$large.event')"
dlq_works whole export -c "$scratch/folder.yaml" --event-id 5
is "export has them whole" "$(sha256sum <"$scratch/whole.out")" "$(sed -n 5p "$SCANPIPE_DATA/events.ndjson" | sha256sum)"
dlq_works large redrive -c "$scratch/folder.yaml"
is "redrive takes the files along" "$(find "$SCANPIPE_DATA/large" -type f | wc -l)" 0
runs unmended "$scratch/folder.yaml"
is "and back, with their history: the small ones were stored while the others were held" \
    "$(of_letters "$scratch/folder.yaml" 'sorted(l["attempts"] for l in letters)')" '[2, 2, 3, 3, 3]'
is "in their files" "$(find "$SCANPIPE_DATA/large" -name '*.event' | wc -l)" 2
cp -a "$SCANPIPE_DATA/letters" "$SCANPIPE_DATA/large" "$scratch"
mv "$SCANPIPE_DATA/large/$large.event" "$scratch/away.event"
dlq partly redrive -c "$mended"
is "a letter whose bytes are away is left" "$STATUS $(count_letters "$mended")" '65 1' "$(last_lines "$scratch/partly.err")"
has "and told" "$(cat "$scratch/partly.err")" "letter ${large:0:12}: cannot read"
mv "$scratch/away.event" "$SCANPIPE_DATA/large/$large.event"
dlq_works rest redrive -c "$mended"
runs large "$mended"
is "with the table mended all are written" "$(rows) $(count_letters "$mended")" '5 0'

verify() { # sets STATUS
    timeout $((60 * patience)) "${scanpipe[@]}" verify -c "$mended" --json >"$scratch/verify.out" 2>"$scratch/verify.err"
    STATUS=$?
}

rm -r "$SCANPIPE_DATA/letters" "$SCANPIPE_DATA/large"
cp -a "$scratch/letters" "$scratch/large" "$SCANPIPE_DATA"
verify
is "rows of events that are letters as well: verify finds nothing" \
    "$STATUS $(grep -c . "$scratch/verify.out")" '0 1' "$(cat "$scratch/verify.out" "$scratch/verify.err")"
rm "$SCANPIPE_DATA/large/$large.event"
verify
has "it reads letters whole, and tells whose bytes are away" "$(cat "$scratch/verify.err")" "cannot read $SCANPIPE_DATA/large/$large.event"

# ---- The default store, with a folder

new_data default
write_pipeline "$strict" 1000 "dead_letters: {oversize: \"\${SCANPIPE_DATA}/large\"}"
write_events 1 2 >"$SCANPIPE_DATA/events.ndjson"
runs default "$strict"
is "a block without a plugin is the default store" "$(letters "$SCANPIPE_DATA/sink.db")" 2

# ---- Without a table, and into a queue that ends with its process

new_data plain
cat >"$scratch/plain.yaml" <<END
name: plain
source: {plugin: file, path: "\${SCANPIPE_DATA}/events.ndjson", $quick}
queue: {plugin: sqlite, path: "\${SCANPIPE_DATA}/queue.db", $quick}
sink: {plugin: file, path: "\${SCANPIPE_DATA}/out.ndjson", $quick}
END
printf '{"a":1}\n{"b":\xfe}\n' >"$SCANPIPE_DATA/events.ndjson"
runs plain "$scratch/plain.yaml"
before=$(of_letters "$scratch/plain.yaml" "$facts")
dlq_works plain redrive -c "$scratch/plain.yaml"
runs again "$scratch/plain.yaml"
is "without a table what is no event is judged again, and its bytes are the same" \
    "$(of_letters "$scratch/plain.yaml" "$facts") $(of_letters "$scratch/plain.yaml" 'letters[0]["attempts"]')" "$before 2"
is "nothing of it reached the sink" "$(cat "$SCANPIPE_DATA/out.ndjson")" '{"a":1}'
sed -e 's/^queue:.*/queue: {plugin: memory}/' -e '$a state: {plugin: memory}' \
    -e '$a dead_letters: {plugin: sqlite, path: "${SCANPIPE_DATA}/queue.db"}' "$scratch/plain.yaml" >"$scratch/memory.yaml"
dlq memory redrive -c "$scratch/memory.yaml"
is "a redrive into the memory of this process is refused" "$STATUS $(count_letters "$scratch/memory.yaml")" '69 1'
finish
