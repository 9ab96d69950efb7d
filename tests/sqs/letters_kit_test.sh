#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The store of dead letters in SQS keeps the contract.  A scan hides what it saw, so each check has a queue of
# its own, and several are made at a time.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"
# shellcheck source=tests/sqs/servers.sh
. "$root/tests/sqs/servers.sh"
trap 'stop_all_sqs; clean_up' EXIT

object=$(plugin queue_sqs) || skip_all "queue_sqs was not built"
begin_with_stub

checks=()
while IFS= read -r name; do
    checks+=("$name")
done < <("$kit" letters --list)

judge() { # NUMBER: one check, with a queue of its own
    local queue apart
    queue=$(sqs_make_queue "kit-$1")
    apart=$(sqs_make_queue "apart-$1")
    "$kit" letters "$object" "url=$queue" --apart "url=$apart" --only "${checks[$1]}" --soon "$soon" --lease "$lease" \
        --seed "$seed" >"$scratch/$1.out" 2>&1
    echo $? >"$scratch/$1.status"
}

running=()
for number in "${!checks[@]}"; do
    judge "$number" &
    running+=($!)
    if [ "${#running[@]}" -ge 8 ]; then
        wait "${running[0]}"
        running=("${running[@]:1}")
    fi
done
wait "${running[@]}"
for number in "${!checks[@]}"; do
    skipped=$(sed -n 's/^ok 1 .*\(# SKIP .*\)$/ \1/p' "$scratch/$number.out")
    ok "letters sqs: ${checks[$number]}$skipped" "$(cat "$scratch/$number.status")" "$(cat "$scratch/$number.out")"
done
is "the stand-in did not crash" "$(stub_stat crashes)" 0
finish
