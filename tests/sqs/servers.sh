# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by the tests
#
# For tests to source: servers that speak SQS, each on 127.0.0.1 and a free port.  One that is started sets
#
#   sqs_url      its address: the endpoint
#   sqs_pid      its process
#   sqs_reason   why there is none, where starting it fails
#
# It ends with the test's process or after a time that no test takes, or by `stop_sqs PID`, `stop_all_sqs`.

sqs_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sqs_pids=()
sqs_url='' sqs_pid='' sqs_reason=''

# Where node_modules of this lock file is, or would be.
servers_folder() {
    local lock
    lock=$(sha256sum "$sqs_here/servers/package-lock.json") || return 1
    echo "${SCANPIPE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scanpipe}/test-servers-${lock:0:12}"
}

# A Node that is new enough: Debian's is not.
servers_node() {
    local found
    for found in "$(servers_folder)"/node_modules/node-linux-*/bin/node node; do
        if command -v "$found" >/dev/null &&
            "$found" -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null; then
            echo "$found"
            return
        fi
    done
    return 1
}

sqs_launch() { # NAME COMMAND...: waits until it listens
    local name=$1 out try
    shift
    out=$(mktemp "${TMPDIR:-/tmp}/scanpipe-$name-XXXXXX")
    "$@" >"$out" 2>&1 &
    sqs_pid=$!
    sqs_pids+=("$sqs_pid")
    for ((try = 0; try < 600; try++)); do
        sqs_url=$(sed -n 's/^listening on //p' "$out")
        [ -z "$sqs_url" ] || break
        kill -0 "$sqs_pid" 2>/dev/null || break
        sleep 0.05
    done
    sqs_reason=''
    [ -n "$sqs_url" ] || sqs_reason="$name does not start: $(tail -n 5 "$out")"
    [ -n "${sqs_log:-}" ] && mv "$out" "$sqs_log" || rm -f "$out"
    [ -z "$sqs_reason" ]
}

start_stub() { # OPTION...
    sqs_launch sqs_stub python3 "$sqs_here/sqs_stub.py" --with-parent on --lifetime 3600 "$@"
}

# The stand-in for a whole test, as a first test of it, and who we are there; `seed` and `ok` are there already.
begin_with_stub() { # [REGION]
    export AWS_ACCESS_KEY_ID=AKIDSTUB AWS_SECRET_ACCESS_KEY=stub-secret AWS_REGION=${1:-us-east-1}
    export AWS_EC2_METADATA_DISABLED=true
    start_stub --seed "$seed" --region "$AWS_REGION"
    ok "the stand-in for SQS starts" $? "$sqs_reason"
}

start_node_server() { # NAME
    local folder node
    folder=$(servers_folder)
    if [ ! -d "$folder/node_modules/$1" ]; then
        sqs_reason="$1 is not installed (./check does it)"
        return 1
    fi
    node=$(servers_node) || { sqs_reason="$1 needs Node 20"; return 1; }
    sqs_launch "$1" "$node" "$sqs_here/servers/serve.mjs" "$folder" "$1" 600
}

start_fauxqs() {
    start_node_server fauxqs
}

start_local_aws_sqs() {
    start_node_server local-aws-sqs
}

stop_sqs() { # PID
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    return 0
}

stop_all_sqs() {
    local pid
    for pid in "${sqs_pids[@]}"; do
        stop_sqs "$pid"
    done
    sqs_pids=()
}

# One call of the server that was started last: OPERATION [MEMBERS-AS-JSON]
sqs_call() {
    python3 "$sqs_here/sqs_client.py" "$sqs_url" "$@"
}

# Makes a queue; prints its URL.
sqs_make_queue() { # NAME [ATTRIBUTES-AS-JSON]
    sqs_call CreateQueue "{\"QueueName\": \"$1\", \"Attributes\": ${2:-"{}"}}" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["QueueUrl"])'
}

# Of the stub alone: GET /stub/PATH, or POST of a body; prints the answer.
stub_admin() { # PATH [BODY]
    python3 - "$sqs_url/stub/$1" "${2:-}" <<'END'
import sys, urllib.error, urllib.request
try:
    with urllib.request.urlopen(sys.argv[1], sys.argv[2].encode() or None, timeout=60) as answer:
        print(answer.read().decode(), end="")
except urllib.error.HTTPError as error:
    sys.exit(f"{sys.argv[1]}: {error.code} {error.read().decode()}")
END
}

# stub_faults '[{"fault": "throttle", "operation": "ReceiveMessage", "calls": "1-3"}]'
stub_faults() { # RULES-AS-JSON
    stub_admin faults "$1" >/dev/null
}

# A number or a text of /stub/stats, by the names on the way to it: stub_stat queues q1 visible
stub_stat() {
    stub_admin stats | python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1:]:
    value = value.get(name, 0) if isinstance(value, dict) else value[int(name)]
print(value if isinstance(value, (str, int, float)) else json.dumps(value))' "$@"
}
