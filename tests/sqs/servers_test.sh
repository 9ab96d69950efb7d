#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The servers that others wrote start, on loopback alone, and a message goes through each.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/tap.sh
. "$here/../e2e/tap.sh"
# shellcheck source=tests/sqs/servers.sh
. "$here/servers.sh"
trap stop_all_sqs EXIT
trap 'exit 143' TERM INT HUP

member() { # NAME...: of the JSON on standard input
    python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1:]:
    value = value[int(name) if isinstance(value, list) else name]
print(value)' "$@"
}

# Every address that the process listens on.
listens_on() { # PID
    local inode
    for inode in $(find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n'); do
        awk -v inode="$inode" '$4 == "0A" && $10 == inode { split($2, at, ":"); print at[1] }' \
            "/proc/$1/net/tcp" "/proc/$1/net/tcp6"
    done | sort -u
}

for name in fauxqs local-aws-sqs; do
    if ! "start_${name//-/_}"; then
        case $sqs_reason in
        *installed*) ok "$name # SKIP $sqs_reason" 0 ;;
        *) ok "$name starts" 1 "$sqs_reason" ;;
        esac
        continue
    fi
    is "$name listens on 127.0.0.1 alone" "$(listens_on "$sqs_pid")" 0100007F
    url=$(sqs_make_queue q '{"VisibilityTimeout": "40"}')
    has "$name makes a queue" "$url" /q
    queue="\"QueueUrl\": \"$url\""
    sqs_call SendMessageBatch "{$queue, \"Entries\": [{\"Id\": \"0\", \"MessageBody\": \"é\"}]}" >/dev/null
    got=$(sqs_call ReceiveMessage "{$queue, \"WaitTimeSeconds\": 1}")
    is "$name gives it back" "$(echo "$got" | member Messages 0 MD5OfBody)" \
        "$(printf é | md5sum | cut -d' ' -f1)"
    handle=$(echo "$got" | member Messages 0 ReceiptHandle)
    got=$(sqs_call DeleteMessageBatch "{$queue, \"Entries\": [{\"Id\": \"0\", \"ReceiptHandle\": \"$handle\"}]}")
    is "$name deletes it" "$(echo "$got" | member Successful 0 Id)" 0
    pid=$sqs_pid
    stop_sqs "$pid"
    kill -0 "$pid" 2>/dev/null
    is "$name ends when it is told" $? 1
done

plan "$tap_told"
tap_end
