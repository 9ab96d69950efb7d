#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the documents say exists: each relative link leads somewhere, each command line is one that the program takes.
set -u
src=$(realpath "${srcdir:-.}")
build=$(realpath "${top_builddir:-.}")
. "$src/tests/e2e/tap.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

plan 5
out=$(python3 "$src/tests/lint/docs.py" links "$src")
ok "each relative link leads somewhere" $? "$out"

lines=$(python3 "$src/tests/lint/docs.py" commands "$src" "$build")
out=$(python3 "$src/tests/lint/docs.py" wrong "$build/scanpipe" <<<"$lines")
ok "each command line of the documents is one that the program takes" $? "$out"
[ "$(wc -l <<<"$lines")" -gt 60 ]
ok "and there are many" $? "$(wc -l <<<"$lines")"

# That the two can fail.
mkdir -p "$scratch/docs"
echo 'See [this](no/such.md), and [that](../docs/a.md#part).' >"$scratch/docs/a.md"
out=$(python3 "$src/tests/lint/docs.py" links "$scratch")
[ "$out" = "docs/a.md: no/such.md" ]
ok "a link that leads nowhere is seen" $? "$out"
out=$(printf '%s\n' 'here: scanpipe chekc -c a.yaml' 'here: scanpipe dlq list -c a.yaml --clas value' \
    'here: scanpipe dlq purge -c a.yaml --rate 5/s --all' 'here: scanpipe replay --from 1 -c a.yaml | jq .' |
    python3 "$src/tests/lint/docs.py" wrong "$build/scanpipe" | grep -c '^here')
is "and so are wrong command lines" "$out" 3
tap_end
