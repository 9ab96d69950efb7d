#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The stub is what it says: its signatures by botocore's, its rules by stories, its speed by a number.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/tap.sh
. "$here/../e2e/tap.sh"
# shellcheck source=tests/sqs/servers.sh
. "$here/servers.sh"
seed=${SCANPIPE_TEST_SEED:-$((RANDOM + 1))}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/scanpipe-stub-XXXXXX")
trap 'stop_all_sqs; rm -rf "$scratch"' EXIT
trap 'exit 143' TERM INT HUP
echo "# seed $seed (SCANPIPE_TEST_SEED repeats it)"

# A python that has botocore: Debian's, where another one comes first.
python=python3
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import botocore.auth' 2>/dev/null && { python=$candidate; break; }
done

if "$python" -c 'import botocore.auth' 2>/dev/null; then
    out=$("$python" "$here/stub_oracle.py" "$seed" 300 2>&1)
    ok "it takes what botocore signs, and nothing that was changed" $? "$out"
else
    ok "it takes what botocore signs # SKIP python3-botocore is not installed" 0
    ok "the client of botocore # SKIP python3-botocore is not installed" 0
fi

sqs_log=$scratch/stub.log start_stub --seed "$seed"
ok "it starts" $? "$sqs_reason"
while IFS= read -r line; do
    if [[ $line =~ ^(ok|not\ ok)\ [0-9]+\ -\ (.*)$ ]]; then
        tap_told=$((tap_told + 1))
        [ "${BASH_REMATCH[1]}" = ok ] || tap_failed=$((tap_failed + 1))
        echo "${BASH_REMATCH[1]} $tap_told - ${BASH_REMATCH[2]}"
    else
        echo "$line"
    fi
done < <(SQS_STUB_URL=$sqs_url timeout 300 "$python" "$here/stub_test.py"; echo $? >"$scratch/status")
is "all stories were told" "$(cat "$scratch/status")" 0
is "it never fails by itself" "$(stub_stat crashes)" 0

# What it can do is told, and a small part of it asked for: others use this machine too.
speed=$("$python" "$here/stub_bench.py" "$sqs_url" bench --seconds 1.5)
echo "# $speed"
number=${speed%% *}
[ "${number:-0}" -ge 100 ]
ok "it is fast" $? "$speed"

stop_all_sqs
printf '[{"fault": "error", "code": "OverLimit", "queue": "q"}]' >"$scratch/faults"
start_stub --port-file "$scratch/port" --queue 'q={"VisibilityTimeout": "3"}' --faults "$scratch/faults" --key K:S:T
out=$(AWS_ACCESS_KEY_ID=K AWS_SECRET_ACCESS_KEY=S AWS_SESSION_TOKEN=T sqs_call ListQueues)
is "queues and keys of the command line" "$out" "{\"QueueUrls\": [\"$sqs_url/123456789012/q\"]}"
is "the port is in the file" "$sqs_url" "http://127.0.0.1:$(cat "$scratch/port")"
out=$(AWS_ACCESS_KEY_ID=K AWS_SECRET_ACCESS_KEY=S AWS_SESSION_TOKEN=T \
    sqs_call ReceiveMessage "{\"QueueUrl\": \"$sqs_url/123456789012/q\"}" 2>&1)
has "faults of a file" "$out" "403 OverLimit"
stop_all_sqs

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$scratch/key" -out "$scratch/cert" -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
start_stub --tls "$scratch/cert" "$scratch/key"
has "it speaks HTTPS" "$(curl -sS --max-time 10 --cacert "$scratch/cert" "$sqs_url/stub/stats" 2>&1)" '"crashes": 0'
stop_all_sqs

for wrong in '--key K' '--queue q=x' '--queue a.b' '--latency-ms x' '--nonsense' "--faults $scratch/port"; do
    # shellcheck disable=SC2086 # two words
    timeout 20 python3 "$here/sqs_stub.py" $wrong --lifetime 1 >/dev/null 2>"$scratch/err"
    is "refused: ${wrong/$scratch/a folder}" "$? $(grep -c Traceback "$scratch/err")" "64 0"
done

plan "$tap_told"
tap_end
