#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# queue_sqs keeps the contract, over servers of SQS that others wrote, as far as these are like SQS.  Takes
# minutes, for leases must end: not part of `make check`, but of tests/check-all.sh.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"
# shellcheck source=tests/sqs/servers.sh
. "$root/tests/sqs/servers.sh"
trap 'stop_all_sqs; clean_up' EXIT

object=$(plugin queue_sqs) || skip_all "queue_sqs was not built"
export AWS_ACCESS_KEY_ID=AKIDSTUB AWS_SECRET_ACCESS_KEY=stub-secret AWS_REGION=us-east-1

# Where a server is not like SQS: words of the check, and why it seems to fail.  The stand-in passes them all.
# shellcheck disable=SC2034  # by name
fauxqs=(
    'every kind of character|refuses characters above U+FFFF'
    'that was interrupted|gives messages to a poll whose client went away'
    'longer than the deadline|gives messages to a poll whose client went away'
)
# shellcheck disable=SC2034
local_aws_sqs=(
    'as a suspect|does not know MessageSystemAttributeNames, so nothing counts as received before'
    'as suspects|does not know MessageSystemAttributeNames'
    'a suspect, when it is released|does not know MessageSystemAttributeNames'
    'extended to a shorter one|does not know MessageSystemAttributeNames'
    "by their leases' end|does not know MessageSystemAttributeNames"
    'the depth is asked for|counts what is leased as visible, too'
    'when all is settled|deletes later than it says'
    'settled again|deletes later than it says'
    'three are done and three released|deletes later than it says'
    'another has by now|takes any handle'
    'a lease that was released|takes any handle'
    'that was interrupted|gives messages to a poll whose client went away'
    'killed (-9) four times|gives messages to a poll whose client went away'
    'three handles that wait|gives one message to two that wait'
    'one is interrupted|gives messages to a poll whose client went away'
    'longer than the deadline|gives messages to a poll whose client went away'
)

why_it_may() { # SERVER CHECK: prints why it may fail, or fails
    local -n flaws=$1
    local flaw
    for flaw in "${flaws[@]}"; do
        if [[ $2 == *"${flaw%%|*}"* ]]; then
            echo "${flaw#*|}"
            return
        fi
    done
    return 1
}

# Tells what the suite said of a server.
tell() { # SERVER FILE
    local line why many=0
    while IFS= read -r line; do
        if [[ $line =~ ^(ok|not\ ok)\ [0-9]+\ -\ (.*)$ ]]; then
            many=$((many + 1))
            if [ "${BASH_REMATCH[1]}" = ok ]; then
                ok "$1: ${BASH_REMATCH[2]}" 0
            elif why=$(why_it_may "$1" "$line"); then
                ok "$1: ${line#not ok * - } # SKIP it $why" 0
            else
                ok "$1: ${line#not ok * - }" 1
            fi
        elif [[ $line == '#'* ]]; then
            echo "$line"
        fi
    done <"$2"
    [ "$many" -gt 30 ]
    ok "$1: the suite ran" $?
}

ran=()
for server in fauxqs local_aws_sqs; do
    if ! "start_$server"; then
        ok "$server # SKIP $sqs_reason" 0
        continue
    fi
    queue=$(sqs_make_queue kit)
    apart=$(sqs_make_queue apart)
    "$kit" queue "$object" "url=$queue" --apart "url=$apart" "endpoint=$sqs_url" --soon "$soon" --lease "$lease" --seed "$seed" \
        >"$scratch/$server" 2>&1 &
    ran+=("$server:$!")
done
for server in "${ran[@]}"; do
    wait "${server#*:}"
    tell "${server%:*}" "$scratch/${server%:*}"
done
finish
