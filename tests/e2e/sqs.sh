# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by the tests
#
# For the stories over SQS to source, beside lib.sh: a strict stand-in for SQS (../sqs), who we are there,
# queues and pipelines.  What is configured for this machine's user is not looked at.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/sqs/servers.sh
. "$root/tests/sqs/servers.sh"
trap 'stop_all_sqs; clean_up' EXIT

sqs_object=$build/plugins/queue_sqs/.libs/queue_sqs.so
[ -e "$sqs_object" ] || skip_all 'queue_sqs was not built'

for name in $(compgen -e AWS_); do
    unset "$name"
done
export SCANPIPE_TEST_CACHE=${SCANPIPE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scanpipe}
export HOME=$scratch/home AWS_EC2_METADATA_DISABLED=true
mkdir "$HOME"

# Nobody may ever read these in a log.
key_id=AKIAEXAMPLE123456789
secret='never/To+BeSeenSecretOfOurs0123456789abcd'
token='neverToBeSeenSessionToken/0123456789+abcdefghijklmnopqrstuvwxyz=='

# What the SDKs of AWS would find in the environment.
use_environment() {
    export AWS_ACCESS_KEY_ID=$key_id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token
    export AWS_REGION=us-east-1
}

forget_environment() {
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION
}

# A stand-in of its own for one story.
use_stub() { # OPTION...
    stop_all_sqs
    start_stub --seed "$seed" --key AKIDSTUB:stub-secret --key "$key_id:$secret:$token" "$@" ||
        bail "$sqs_reason"
}

# Sets queue, its URL; the name is `events`, and `dead` is what SQS itself gives messages up to.
make_queues() { # [ATTRIBUTE, as "Name": "value"]
    stub_admin "queue?name=dead" >/dev/null
    stub_admin "queue?name=letters" >/dev/null
    stub_admin queue "$(python3 -c 'import json, sys
policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 1000}
print(json.dumps({"name": "events", "attributes": json.dumps({
    "MessageRetentionPeriod": "1209600", "RedrivePolicy": json.dumps(policy),
    **json.loads("{" + sys.argv[1] + "}")})}))' "${1:-}")" >/dev/null
    queue=$sqs_url/123456789012/events
}

# write_sqs_conf FILE [OPTION OF THE QUEUE]: the main job over SQS, whose cursor does not live beside the table
write_sqs_conf() {
    write_conf "$1" <<YAML
name: sqs
single_machine: true
poller_lease: 2s
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 500, poll_interval: 100ms, $quick}
queue: {plugin: sqs, url: "$queue", visibility_timeout: 2s, ${2:+$2, }$quick}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/state.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/letters.db"}
sink: {plugin: sqlite, path: "\${SCANPIPE_DATA}/out.db", workers: 2, batch: {events: 500}, $quick}
YAML
}

# Sends bodies that are not ours, as another program would: each argument is one.
put_messages() { # BODY...
    python3 - "$root/tests/sqs" "$sqs_url" "$queue" "$@" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from sqs_client import Client
client = Client(sys.argv[2])
for body in sys.argv[4:]:
    client.call("SendMessage", QueueUrl=sys.argv[3], MessageBody=body)
END
}

waiting() { # [QUEUE]: how many messages there are, held or not
    stub_admin "messages?name=${1:-events}" | python3 -c 'import json, sys
all = json.load(sys.stdin)
print(len(all["messages"] if isinstance(all, dict) else all))'
}

is_drained() {
    [ "$(waiting)" = 0 ]
}

all_is_well() { # NAME EVENTS FILE: the table, the dead letters, the queue, the stand-in
    table_equals "$1: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$2"
    letters_equal "$1: the dead letters are what can be in no row" "$2" "$3"
    is "$1: the queue is empty" "$(waiting)" 0
    is "$1: SQS gave no message up" "$(waiting dead)" 0
    is "$1: the stand-in did not crash" "$(stub_stat crashes)" 0
    no_secrets "$1"
}

# Of all that was printed and logged until now.
no_secrets() { # NAME [TEXT...]
    local name=$1 text
    local hidden=("$secret" "$token" stub-secret IQoJ X-Amz-Security-Token x-amz-security-token "${@:2}")
    for text in "${hidden[@]}"; do
        if grep -rqsF -e "$text" --include='*.log' --include='*.json' --include='*.out' --include='*.err' \
            "$scratch"; then
            ok "$name: no secret is told" 1 "somewhere: $text"
            return
        fi
    done
    ok "$name: no secret is told" 0
}
