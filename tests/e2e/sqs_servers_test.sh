#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job and its dead letters over servers of SQS that others wrote: fauxqs and local-aws-sqs, which
# ./check installs.
# shellcheck source=tests/e2e/sqs.sh
. "$(dirname "${BASH_SOURCE[0]}")/sqs.sh"

use_environment

number_of() { # QUEUE-URL ATTRIBUTE
    sqs_call GetQueueAttributes "{\"QueueUrl\": \"$1\", \"AttributeNames\": [\"$2\"]}" |
        python3 -c 'import json, sys; print(*json.load(sys.stdin)["Attributes"].values())'
}

# Given one process that reads and writes and one that writes, of which that is killed, then the table is the
# oracle's and the letters, in a queue as well, are the rest.
main_job() { # SERVER
    local name=$1 events=$scratch/$1.ndjson file=$scratch/$1.yaml count other letters
    count=$(scaled 15000 3000)
    # fauxqs refuses characters above U+FFFF, which SQS takes: the feed has none.
    local feed=(--generate --seed "$seed" --events "$count" --parcels $((count / 8)) --malformed 0.3 --odd 0)
    queue=$(sqs_make_queue events '{"VisibilityTimeout": "2"}')
    letters=$(sqs_make_queue letters '{"VisibilityTimeout": "2"}')
    new_data "$name"
    write_sqs_conf "$file" "endpoint: '$sqs_url', pack: {events: 30}"
    sed -i "s|^dead_letters:.*|dead_letters: {plugin: sqs, url: '$letters', endpoint: '$sqs_url', $quick}|" "$file"
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --shuffle --delay 20
    sed '/^source:/d' "$file" >"$scratch/$name.deliver.yaml"
    start_pipeline "$name.other" "$scratch/$name.deliver.yaml"
    other=$PID
    start_pipeline "$name.first" "$file"
    check "$name: they are at work" wait_until 30 has_rows "$SCANPIPE_DATA/out.db"
    kill_hard "$other"
    stop "$PID"
    is "$name: one ends on SIGTERM" "$STATUS" 0
    runs "$name" "$file"
    table_equals "$name: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    letters_equal "$name: the dead letters are what can be in no row" "$events" "$file"
    is "$name: the queue is empty" "$(number_of "$queue" ApproximateNumberOfMessages)" 0
    is "$name: nothing is held" "$(number_of "$queue" ApproximateNumberOfMessagesNotVisible)" 0
    no_secrets "$name"
}

for server in fauxqs local-aws-sqs; do
    if ! "start_${server//-/_}"; then
        skip "$server" "$sqs_reason"
        continue
    fi
    main_job "$server"
    stop_all_sqs
done
finish
