#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job over an SQS that is ill: throttled, cut off, wrong in parts, with another clock, and with
# credentials that expire.  The table is the oracle's each time, and no message is given up.
# shellcheck source=tests/e2e/sqs.sh
. "$(dirname "${BASH_SOURCE[0]}")/sqs.sh"

use_environment

# begin NAME EVENTS MESSAGES [OPTION OF THE STAND-IN...]: a queue, a feed and a pipeline for one story.  Faults
# come by the call, so that there are as many messages however few events there are.
begin() {
    local feed pack=$(($2 / $3))
    messages=$((($2 + 499) / 500 * ((500 + pack - 1) / pack))) # at most, for a page ends its last one
    events=$scratch/$1.ndjson file=$scratch/$1.yaml
    feed=(--generate --seed "$seed" --events "$2" --parcels $(($2 / 8)) --malformed 0.2)
    use_stub "${@:4}"
    make_queues
    new_data "$1"
    write_sqs_conf "$file" "pack: {events: $pack}"
    sim_print "$events" "${feed[@]}"
    sim_start "${feed[@]}" --shuffle
}

# Each rule of the stand-in did what it says at least once.
rules_fired() { # NAME
    is "$1: each fault happened" "$(stub_admin stats | python3 -c 'import json, sys
print([rule for rule in json.load(sys.stdin)["rules"] if not rule["fired"]])')" '[]'
}

# Given an SQS that asks for less in one call of ten, in each of its spellings, then all is written; nobody is
# told that it is away.
throttled() {
    begin throttled "$(scaled 20000 8000)" 1000
    stub_faults '[{"fault": "throttle", "percent": 10}]'
    runs throttled "$file"
    rules_fired throttled
    at_least 'throttled: in each spelling' "$(stub_stat faults throttle)" 9
    all_is_well throttled "$events" "$file"
    is 'throttled: it is not away for that' "$(grep -c unavailable "$scratch/throttled.log")" 0
}

# Given an SQS that fails in each way it has, then all is written.
weather() {
    begin weather "$(scaled 20000 8000)" 1000
    stub_faults '[
        {"fault": "error", "code": "503", "percent": 3},
        {"fault": "error", "code": "InternalFailure", "percent": 3},
        {"fault": "error", "code": "ServiceUnavailableException", "percent": 3},
        {"fault": "answer", "percent": 3},
        {"fault": "cut", "where": "before", "percent": 3},
        {"fault": "cut", "where": "after", "percent": 3},
        {"fault": "cut", "where": "after", "operation": "SendMessageBatch", "percent": 10},
        {"fault": "cut", "where": "head", "percent": 3},
        {"fault": "cut", "where": "middle", "percent": 3},
        {"fault": "cut", "where": "middle", "reset": true, "percent": 3},
        {"fault": "cut", "where": "json", "percent": 3},
        {"fault": "md5", "operation": "SendMessageBatch", "percent": 10},
        {"fault": "md5", "operation": "ReceiveMessage", "entries": [0], "percent": 10},
        {"fault": "again", "operation": "ReceiveMessage", "percent": 10},
        {"fault": "empty", "operation": "ReceiveMessage", "percent": 10},
        {"fault": "slow", "ms": 300, "percent": 3},
        {"fault": "partial", "operation": "SendMessageBatch", "entry_percent": 30, "percent": 10},
        {"fault": "partial", "operation": "SendMessageBatch", "absent": true, "entries": [0], "percent": 10},
        {"fault": "partial", "operation": "SendMessageBatch", "code": "RequestThrottled", "percent": 10},
        {"fault": "partial", "operation": "SendMessageBatch", "done": true, "entries": [1], "percent": 10},
        {"fault": "partial", "operation": "DeleteMessageBatch", "entry_percent": 30, "percent": 10},
        {"fault": "partial", "operation": "DeleteMessageBatch", "absent": true, "percent": 10},
        {"fault": "partial", "operation": "DeleteMessageBatch", "done": true, "entries": [0], "percent": 10}]'
    runs weather "$file"
    rules_fired weather
    at_least 'weather: some messages were sent again' "$(stub_stat queues events sent)" \
        $((messages + 1))
    all_is_well weather "$events" "$file"
}

# Given a queue of which others hold too much, then nothing is received, what is held is deleted, and when it
# is over all goes on.
over_limit() {
    begin limit "$(scaled 8000 4000)" 400
    stub_faults '[{"fault": "error", "code": "OverLimit", "operation": "ReceiveMessage", "calls": "3-14"}]'
    runs limit "$file"
    rules_fired limit
    all_is_well limit "$events" "$file"
}

# Given an SQS that is away as a whole, then it is told once, and all goes on by itself when it is back.
away() {
    begin away "$(scaled 8000 4000)" 400
    stub_faults '[{"fault": "error", "code": "503", "calls": "20-"}]'
    start_pipeline away "$file"
    check 'away: it is told' wait_until 30 has_line "$scratch/away.log" 'queue: unavailable'
    sleep 3
    is 'away: and only once' "$(grep -c 'queue: unavailable' "$scratch/away.log")" 1
    stub_faults '[]'
    check 'away: that it is back is told too' wait_until 30 has_line "$scratch/away.log" 'queue: works again'
    stop "$PID"
    at_most 'away: it ends at once on SIGTERM (ms)' "$ELAPSED_MS" $((8000 * patience))
    runs 'away again' "$file"
    all_is_well away "$events" "$file"
}

# Given a clock that is twenty minutes off, then the first answer tells, and nobody else notices.
clock_off() { # NAME SECONDS CODE
    begin "$1" "$(scaled 8000 3000)" 400 --skew "$2" --clock-code "$3"
    runs "$1" "$file"
    all_is_well "$1" "$events" "$file"
    at_least "$1: a request was refused for it" "$(stub_stat codes "$3")" 1
    at_most "$1: but few of them" "$(stub_stat codes "$3")" 40
    is "$1: nothing was held for it" "$(grep -c 'refused' "$scratch/$1.log")" 0
}

# Given credentials that end in the midst, several times, then newer ones are got, and nothing is held.
expiring() { # NAME
    local round issued
    sim_set delay=40
    start_pipeline "$1" "$file"
    for round in 1 2 3; do
        check "$1: it is at work, round $round" wait_until 30 sends_on "$((round * 100))"
        issued=$(stub_stat credentials_issued)
        stub_admin expire >/dev/null
        check "$1: others are got, round $round" wait_until 30 issued_more_than "$issued"
    done
    check "$1: it is at work afterwards" wait_until 30 sends_on 400
    stop "$PID"
    is "$1: ends on SIGTERM" "$STATUS" 0
    sim_set delay=0
    runs "$1 again" "$file"
    all_is_well "$1" "$events" "$file"
    at_least "$1: some were refused" "$(stub_stat codes ExpiredTokenException)" 3
    is "$1: nothing was held for it" "$(grep -c 'refused' "$scratch/$1.log")" 0
}

issued_more_than() { # COUNT
    [ "$(stub_stat credentials_issued)" -gt "$1" ]
}

sends_on() { # AT-LEAST
    [ "$(stub_stat queues events sent)" -ge "$1" ]
}

machines_role() {
    forget_environment
    begin machine "$(scaled 20000 10000)" 1000 --imds on
    unset AWS_EC2_METADATA_DISABLED
    export AWS_EC2_METADATA_SERVICE_ENDPOINT=$sqs_url
    expiring machine
    at_least "machine: the region is the machine's too" "$(stub_stat requests ImdsToken)" 1
    unset AWS_EC2_METADATA_SERVICE_ENDPOINT
    export AWS_EC2_METADATA_DISABLED=true
}

containers_role() {
    begin container "$(scaled 20000 10000)" 1000 --container on --container-token 'Bearer let-me-in'
    export AWS_CONTAINER_CREDENTIALS_FULL_URI=$sqs_url/container AWS_REGION=us-east-1
    export AWS_CONTAINER_AUTHORIZATION_TOKEN='Bearer let-me-in'
    expiring container
    no_secrets 'container: its token' let-me-in
    unset AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN AWS_REGION
}

web_identity() {
    begin identity "$(scaled 20000 10000)" 1000 --sts on --web-identity-token a-token-of-the-cluster
    printf 'a-token-of-the-cluster' >"$scratch/identity.token"
    export AWS_WEB_IDENTITY_TOKEN_FILE=$scratch/identity.token AWS_REGION=us-east-1
    export AWS_ROLE_ARN=arn:aws:iam::123456789012:role/scans AWS_ENDPOINT_URL_STS=$sqs_url
    expiring identity
    no_secrets 'identity: its token' a-token-of-the-cluster
    unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_REGION AWS_ROLE_ARN AWS_ENDPOINT_URL_STS
}

throttled
weather
over_limit
away
clock_off behind 1200 InvalidSignatureException
clock_off ahead -1200 SignatureDoesNotMatch
clock_off expired 1200 RequestExpired
machines_role
containers_role
web_identity
finish
