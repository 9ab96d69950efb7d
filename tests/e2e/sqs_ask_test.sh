#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What people are told of SQS: by `check`, `check --online`, `queue create`, and by a pipeline that is refused.
# Each refusal says what to do, and what was held goes on when that was done.
# shellcheck source=tests/e2e/sqs.sh
. "$(dirname "${BASH_SOURCE[0]}")/sqs.sh"

use_environment
events=$scratch/events.ndjson
feed=(--generate --seed "$seed" --events 2000)
sim_print "$events" "${feed[@]}"
sim_start "${feed[@]}"

# asks NAME STATUS ARGUMENT...: what is printed is in NAME.out and NAME.err
asks() {
    local status
    timeout -k 5 $((40 * patience)) "${scanpipe[@]}" "${@:3}" >"$scratch/$1.out" 2>"$scratch/$1.err"
    status=$?
    is "$1: exit status" "$status" "$2"
}

told() { # NAME TEXT
    has "$1: says '$2'" "$(cat "$scratch/$1.out" "$scratch/$1.err")" "$2"
}

# A pipeline whose letters are in SQS as well.
begin() { # NAME [OPTION OF QUEUE AND LETTERS]
    new_data "$1"
    file=$scratch/$1.yaml
    queue=$sqs_url/123456789012/events
    write_sqs_conf "$file" "${2:-}"
    sed -i "s|^dead_letters:.*|dead_letters: {plugin: sqs, url: '$sqs_url/123456789012/letters', ${2:+$2, }$quick}|" \
        "$file"
}

# Given no queue, when it is created, once to see and twice to do, then it is there once, with what is needed.
creates() {
    use_stub --sts on
    export AWS_ENDPOINT_URL_STS=$sqs_url
    begin create
    asks 'create: dry run' 0 queue create --dry-run -c "$file"
    told 'create: dry run' "would make the queue 'letters'"
    told 'create: dry run' "would make the queue 'events'"
    is 'create: a dry run makes nothing' "$(stub_stat requests CreateQueue)" 0
    asks 'create: once' 0 queue create -c "$file"
    is 'create: letters first' \
        "$(head -n 2 "$scratch/create: once.out" | cut -d: -f1 | paste -sd' ')" 'dead_letters queue'
    told 'create: once' 'given up after 1000 receives to arn:aws:sqs:us-east-1:123456789012:letters'
    check 'create: the policy is the least there can be' policy_is_least "$scratch/create: once.out"
    asks 'create: twice' 0 queue create -c "$file"
    told 'create: twice' 'queue: it is there, as it should be'
    told 'create: twice' 'dead_letters: it is there, as it should be'
    is 'create: makes each queue once' "$(stub_stat requests CreateQueue)" 2
    check 'create: prints the same policy' \
        cmp <(tail -n 1 "$scratch/create: once.out") <(tail -n 1 "$scratch/create: twice.out")
    is 'create: the lease is the pipeline'"'"'s' "$(attribute events VisibilityTimeout)" 2
    is 'create: kept for 14 days' "$(attribute events MessageRetentionPeriod)" 1209600

    asks 'create: all is well' 0 check --online -c "$file"
    told 'create: all is well' 'credentials: the environment (AWS_ACCESS_KEY_ID AKIA…6789)'
    told 'create: all is well' 'these are of arn:aws:iam::123456789012:user/stub'
    told 'create: all is well' 'RedrivePolicy: after 1000 receives'
    told 'create: all is well' 'yet: the pipeline makes it'
    is 'create: no warning' "$(grep -c warning: "$scratch/create: all is well.out")" 0
    is 'create: check --online makes no file' "$(ls -A "$SCANPIPE_DATA")" ''

    sqs_call SetQueueAttributes "{\"QueueUrl\": \"$queue\", \"Attributes\": {\"VisibilityTimeout\": \"77\"}}" \
        >/dev/null
    asks 'create: put right' 0 queue create -c "$file"
    told 'create: put right' "set the attributes of 'events'"
    is 'create: what was changed is as it should be' "$(attribute events VisibilityTimeout)" 2
    runs 'create: it runs' "$file"
    unset AWS_ENDPOINT_URL_STS
}

attribute() { # QUEUE NAME
    sqs_call GetQueueAttributes \
        "{\"QueueUrl\": \"$sqs_url/123456789012/$1\", \"AttributeNames\": [\"$2\"]}" |
        python3 -c 'import json, sys; print(*json.load(sys.stdin)["Attributes"].values())'
}

# Every action that the stand-in ever saw the pipeline do is allowed, on two queues, and none besides.
policy_is_least() { # FILE, whose last line is the policy
    tail -n 1 "$1" | python3 -c 'import json, sys
policy = json.load(sys.stdin)
assert policy["Version"] == "2012-10-17"
wanted = {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
          "sqs:GetQueueAttributes"}
arns = set()
for statement in policy["Statement"]:
    assert statement["Effect"] == "Allow" and set(statement["Action"]) == wanted, statement
    arns.add(statement["Resource"])
assert arns == {"arn:aws:sqs:us-east-1:123456789012:" + name for name in ("events", "letters")}, arns'
}

# Given a queue as AWS makes it when nobody says more, then `check --online` warns of what it means.
warns() {
    use_stub
    make_queues '"MessageRetentionPeriod": "345600", "RedrivePolicy":
        "{\"deadLetterTargetArn\": \"arn:aws:sqs:us-east-1:123456789012:dead\", \"maxReceiveCount\": 5}"'
    begin warn
    export AWS_ENDPOINT_URL_STS=$sqs_url # where nobody plays it
    asks warn 0 check --online -c "$file"
    unset AWS_ENDPOINT_URL_STS
    told warn 'warning: RedrivePolicy: maxReceiveCount is 5'
    told warn 'make it 1000'
    told warn 'warning: MessageRetentionPeriod is 4 days'
    told warn 'whose these are is not known'
}

# Given no credentials, then `check --online` says where it would ask, and what to do.
nobody() {
    use_stub
    make_queues
    begin nobody
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    asks nobody 69 check --online -c "$file"
    told nobody 'region us-east-1 (AWS_REGION), endpoint http://127.0.0.1:'
    told nobody 'no credentials were found'
    told nobody 'give access_key_id and secret_access_key'
    use_environment
}

# Given messages that have waited for more than half of the retention, then a warning says so, once.
grows_old() {
    use_stub
    make_queues
    begin old
    put_messages "$(sed -n 1p "$events")" "$(sed -n 2p "$events")"
    stub_admin 'advance?seconds=700000' >/dev/null
    runs old "$file"
    is 'old: it is told, once' "$(grep -c 'SQS forgets it after 336 h' "$scratch/old.log")" 1
}

# Given a pipeline that SQS refuses, then it says why and what to do, holds what it holds, and when that was
# done it goes on by itself.
refused() { # NAME PATTERN CURE REMEDY...
    start_pipeline "$1" "$file"
    check "$1: the pipeline is told" wait_until 20 has_line "$scratch/$1.log" "$2"
    check "$1: and how it is cured" has_line "$scratch/$1.log" "$3"
    is "$1: once" "$(grep -c -e 'queue: refused' "$scratch/$1.log")" 1
    asks "$1: check --online" 69 check --online -c "$file"
    told "$1: check --online" 'queue         refused'
    "${@:4}"
    check "$1: it goes on by itself" wait_until 30 has_line "$scratch/$1.log" 'queue: works again'
    stop "$PID"
    is "$1: ends on SIGTERM" "$STATUS" 0
    no_secrets "$1" wrong-secret-that-nobody-may-read
}

make_them() {
    "${scanpipe[@]}" queue create -c "$file" >/dev/null
}

no_queue() {
    use_stub
    begin missing
    refused missing 'QueueDoesNotExist' 'scanpipe queue create -c' make_them
    runs 'missing: last' "$file"
    table_equals "missing: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
}

# The file's own credentials, of which the secret is read again while the stage is held.
with_own() { # NAME KEY SECRET
    printf '%s' "$3" >"$scratch/own.secret"
    begin "$1" "access_key_id: $2, secret_access_key: '\${file:$scratch/own.secret}', region: us-east-1"
}

rotate() {
    printf 'stub-secret' >"$scratch/own.secret"
}

wrong_secret() {
    use_stub
    make_queues
    forget_environment
    with_own secret AKIDSTUB wrong-secret-that-nobody-may-read
    refused secret 'InvalidSignatureException' 'the secret does not belong' rotate
    is 'secret: of a mismatch one line is told' "$(grep -c 'canonical\|Canonical' "$scratch/secret.log")" 0
    use_environment
}

# With a session token, which AWS repeats in what it says of a mismatch.
wrong_secret_and_token() {
    use_stub
    make_queues
    begin token
    export AWS_SECRET_ACCESS_KEY=wrong-secret-that-nobody-may-read
    asks token 69 check --online -c "$file"
    told token 'InvalidSignatureException'
    start_pipeline token "$file"
    check 'token: the pipeline is told' wait_until 20 has_line "$scratch/token.log" 'InvalidSignatureException'
    stop "$PID"
    use_environment
    no_secrets token wrong-secret-that-nobody-may-read
}

add_key() {
    stub_admin 'keys?id=AKIDNEW&secret=new-secret' >/dev/null
}

unknown_key() {
    use_stub
    make_queues
    forget_environment
    with_own key AKIDNEW new-secret
    refused key 'UnrecognizedClientException' 'access key is not known' add_key
    use_environment
}

move_stub() {
    stub_admin 'set?region=eu-west-1' >/dev/null
}

wrong_region() {
    use_stub
    make_queues
    export AWS_REGION=eu-west-1
    begin region
    refused region 'scoped to a valid region' 'region' move_stub
    use_environment
}

not_allowed() {
    use_stub
    make_queues
    begin denied
    stub_faults '[{"fault": "error", "code": "AccessDeniedException"}]'
    refused denied 'AccessDenied' 'prints the policy' stub_faults '[]'
}

# Given what is wrong in the file, then `check` says so, and opens nothing.
mistakes() {
    use_stub
    make_queues
    begin fifo
    sed -i 's|/events"|/events.fifo"|' "$file"
    asks fifo 78 check -c "$file"
    told fifo 'FIFO'
    told fifo 'make a standard queue'
    begin url
    sed -i 's|url: "http[^"]*events"|url: scan-events|' "$file"
    asks url 78 check -c "$file"
    told url 'is not a URL'
    begin half 'access_key_id: AKIDSTUB'
    asks half 78 check -c "$file"
    told half 'come together'
    begin local
    sed -i '/^single_machine/d' "$file"
    asks local 78 check -c "$file"
    told local 'single_machine: true'
    is 'mistakes: nobody was asked' "$(stub_stat codes)" '{}'
}

creates
warns
nobody
grows_old
no_queue
wrong_secret
wrong_secret_and_token
unknown_key
wrong_region
not_allowed
mistakes
finish
