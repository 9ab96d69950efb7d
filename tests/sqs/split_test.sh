#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is refused as too much at once is sent in halves, down to one message, and only what is too much alone is
# a dead letter.
set -u
# shellcheck source=tests/e2e/lib.sh
. "${srcdir:-.}/tests/e2e/lib.sh"
# shellcheck source=tests/sqs/servers.sh
. "$root/tests/sqs/servers.sh"
trap 'stop_all_sqs; clean_up' EXIT
[ -e "$build/plugins/queue_sqs/.libs/queue_sqs.so" ] || skip_all "queue_sqs was not built"
begin_with_stub

# The half that sends, of 40 events, each a message; SendMessageBatch fails as told.
sends() { # NAME CODE CALLS EXPECTED-IN-QUEUE EXPECTED-LETTERS
    new_data "$1"
    stub_faults '[]'
    queue=$(sqs_make_queue "$1")
    seq -f '{"EventId":%g}' 40 >"$SCANPIPE_DATA/events.ndjson"
    cat >"$scratch/$1.yaml" <<END
name: parcels
single_machine: true
source: {plugin: file, path: "\${SCANPIPE_DATA}/events.ndjson", $quick}
queue: {plugin: sqs, url: "$queue", senders: 1, pack: {events: 1}, $quick}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/state.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/letters.db"}
END
    stub_admin clear >/dev/null
    stub_faults "[{\"fault\": \"error\", \"code\": $2, \"operation\": \"SendMessageBatch\", \"calls\": \"$3\"}]"
    timeout -k 5 $((60 * patience)) "${scanpipe[@]}" run -c "$scratch/$1.yaml" --until-caught-up \
        >"$scratch/$1.out" 2>"$scratch/$1.log"
    is "$1: exit status" $? 0
    is "$1: in the queue, each once" "$(stub_admin "messages?name=$1" | python3 -c 'import json, sys
all = json.load(sys.stdin)
all = all["messages"] if isinstance(all, dict) else all
bodies = [message.get("body") or message["Body"] for message in all]
print(len(bodies), len(set(bodies)))')" "$4 $4"
    is "$1: dead letters" "$("${scanpipe[@]}" dlq list -c "$scratch/$1.yaml" --json 2>/dev/null | wc -l)" "$5"
    is "$1: nothing waits for it" "$(grep -c ' error \| warn .*queue:' "$scratch/$1.log")" 0
}

# Given a batch that is too long, and a half of it that is, then all of it is sent.
sends long '"BatchRequestTooLong"' 1-2 40 0
at_least 'long: it was sent in parts' "$(stub_stat requests SendMessageBatch)" 6
sends many '"TooManyEntriesInBatchRequest"' 3 40 0
# Given a proxy that takes no request so large, then it is the same,
sends proxy 413 1 40 0
# and given an answer that says of a batch what is true of one message, the others are sent.
sends contents '"InvalidMessageContents"' 1-4 39 1
is 'the stand-in did not crash' "$(stub_stat crashes)" 0
finish
