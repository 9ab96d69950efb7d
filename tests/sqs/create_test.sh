#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `scanpipe queue create` where something is in the way: nothing there yet, no permission, half of it done.
set -u
# shellcheck source=tests/e2e/lib.sh
. "${srcdir:-.}/tests/e2e/lib.sh"
# shellcheck source=tests/sqs/servers.sh
. "$root/tests/sqs/servers.sh"
trap 'stop_all_sqs; clean_up' EXIT
[ -e "$build/plugins/queue_sqs/.libs/queue_sqs.so" ] || skip_all "queue_sqs was not built"
begin_with_stub eu-west-1
events=$sqs_url/123456789012/events letters=$sqs_url/123456789012/letters
arn=arn:aws:sqs:eu-west-1:123456789012

write_pipeline() { # FILE QUEUE
    cat >"$1" <<END
name: parcels
source: {plugin: file, path: events.ndjson, $quick}
queue: {$2, $quick}
sink: {plugin: "null", $quick}
dead_letters: {plugin: sqs, url: "$letters", $quick}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/state.db"}
single_machine: true
END
}

create() { # NAME STATUS FILE OPTION...: leaves NAME.out and NAME.err
    local status
    timeout -k 5 60 "${scanpipe[@]}" queue create -c "$3" "${@:4}" >"$scratch/$1.out" 2>"$scratch/$1.err"
    status=$?
    is "$1: exit status" "$status" "$2"
}

# What a Python expression over the answer `a`, the policy `p` and its resources `arns` is.
of_json() { # NAME EXPRESSION
    python3 -c 'import json, sys
a = json.load(open(sys.argv[1]))
p = json.loads(a["policy"] or "{}")
arns = [statement["Resource"].split(":")[-1] for statement in p.get("Statement", [])]
print(eval(sys.argv[2]))' "$scratch/$1.out" "$2"
}

new_data create
both=$scratch/both.yaml
write_pipeline "$both" "plugin: sqs, url: '$events', timeout: 2s, visibility_timeout: 90s"

# Given no queue, when it is asked what would be done, then the policy is known before there is anything.
create dry 0 "$both" --dry-run --json
is 'dry: nothing is applied' "$(of_json dry 'a["applied"]')" False
is 'dry: the policy is for both queues' "$(of_json dry 'arns')" "['letters', 'events']"
is 'dry: it says what they will be called' "$(of_json dry 'a["queue"]["name"]')" "$arn:events"
has 'dry: the queue would give up to the letters' "$(of_json dry 'a["queue"]["steps"]')" "$arn:letters"
is 'dry: nothing is made' "$(stub_stat requests CreateQueue)" 0

# Given no permission to look, then a dry run still says what to allow, and doing it is refused with that as cure.
stub_faults '[{"fault": "error", "code": "AccessDenied", "operation": "GetQueueAttributes"}]'
create denied 0 "$both" --dry-run
has 'denied: it says that it could not look' "$(cat "$scratch/denied.out")" "'events' is not known"
has 'denied: the policy is told' "$(cat "$scratch/denied.out")" "\"Resource\":\"$arn:events\""
create 'denied: to do it' 69 "$both"
has 'denied: the cure is that' "$(cat "$scratch/denied: to do it.err")" 'scanpipe queue create -c FILE --dry-run'

# Given that making the second one fails, then what was done is told, and doing it again does the rest.
stub_faults '[{"fault": "error", "code": "QueueDeletedRecently", "status": 400, "operation": "CreateQueue", "calls": "2-"}]'
create half 69 "$both"
has 'half: the letters were made' "$(cat "$scratch/half.out")" "made the queue 'letters'"
is 'half: of the other nothing is said' "$(grep -c '^queue:' "$scratch/half.out")" 0
has 'half: why not the other' "$(cat "$scratch/half.err")" '60 seconds'
stub_faults '[]'
create rest 0 "$both" --json
is 'rest: the letters are there' "$(of_json rest 'a["dead_letters"]["steps"]')" '[]'
is 'rest: one is made' "$(of_json rest 'len(a["queue"]["steps"])')" 1
create again 0 "$both" --json
is 'again: all is there' "$(of_json again 'a["applied"], a["queue"]["steps"], a["dead_letters"]["steps"]')" \
    '(True, [], [])'
is 'again: the policy is the same' "$(of_json again 'p')" "$(of_json dry 'p')"

# Given queues that are made, and that nobody finds for a moment, as may be in AWS, then they are made all the same.
stub_admin clear >/dev/null
stub_faults '[{"fault": "error", "code": "QueueDoesNotExist", "status": 400, "operation": "GetQueueAttributes"}]'
create unseen 0 "$both" --json
has 'unseen: the queue gives up to the letters' "$(of_json unseen 'a["queue"]["steps"]')" "$arn:letters"
is 'unseen: the policy is the same' "$(of_json unseen 'p')" "$(of_json dry 'p')"
stub_faults '[]'

# Given letters elsewhere, and a queue that gives up soon to one of somebody's, then it gives up late, to that one.
stub_admin 'queue?name=dead' >/dev/null
stub_admin queue "$(python3 -c 'import json, sys
policy = {"deadLetterTargetArn": sys.argv[1] + ":dead", "maxReceiveCount": 5}
attributes = {"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "90", "RedrivePolicy": json.dumps(policy)}
print(json.dumps({"name": "soon", "attributes": json.dumps(attributes)}))' "$arn")" >/dev/null
sed -e "s|^dead_letters:.*|dead_letters: {plugin: sqlite, path: \"\${SCANPIPE_DATA}/letters.db\"}|" \
    -e 's|/events|/soon|' "$both" >"$scratch/elsewhere.yaml"
create elsewhere 0 "$scratch/elsewhere.yaml"
has 'elsewhere: it gives up late' "$(cat "$scratch/elsewhere.out")" "given up after 1000 receives to $arn:dead"
create 'elsewhere: again' 0 "$scratch/elsewhere.yaml"
has 'elsewhere: then all is well' "$(cat "$scratch/elsewhere: again.out")" 'it is there, as it should be'

# Given an embedded queue, then the letters' queue is made alone.
stub_admin clear >/dev/null
letters=$sqs_url/123456789012/alone
write_pipeline "$scratch/alone.yaml" "plugin: sqlite, path: \"\${SCANPIPE_DATA}/queue.db\""
create alone 0 "$scratch/alone.yaml" --json
is 'alone: the letters' "$(of_json alone 'sorted(a)')" "['applied', 'dead_letters', 'policy']"
is 'alone: the policy is for them' "$(of_json alone 'arns')" "['alone']"
is 'alone: no other queue is made' "$(stub_stat requests CreateQueue)" 1
is 'the stand-in did not crash' "$(stub_stat crashes)" 0
finish
