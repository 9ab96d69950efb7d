#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every input that a fuzzer ever found interesting, once more.
set -u
src=${srcdir:-.}
. "$src/tests/e2e/tap.sh"
targets=(envelope event fold page profile sqs_answer sts_xml yaml)
plan ${#targets[@]}
for target in "${targets[@]}"; do
    out=$("${top_builddir:-.}/tests/fuzz/replay_$target" "$src/tests/fuzz/corpus/$target" 2>&1)
    ok "$target: ${out##*$'\n'}" $? "$out"
done
tap_end
