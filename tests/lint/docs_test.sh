#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the documents say exists: each relative link leads somewhere, also where they are installed; each command line
# is one that the program takes.
set -u
src=$(realpath "${srcdir:-.}")
build=$(realpath "${top_builddir:-.}")
. "$src/tests/e2e/tap.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

plan 8
out=$(python3 "$src/tests/lint/docs.py" links "$src")
ok "each relative link leads somewhere, here and installed" $? "$out"
out=$(python3 "$src/tests/lint/docs.py" listed "$src")
ok "docs/README.md names all of docs/" $? "$out"

lines=$(python3 "$src/tests/lint/docs.py" commands "$src" "$build")
out=$(python3 "$src/tests/lint/docs.py" wrong "$build/scanpipe" <<<"$lines")
ok "each command line of the documents is one that the program takes" $? "$out"
[ "$(wc -l <<<"$lines")" -gt 60 ]
ok "and there are many" $? "$(wc -l <<<"$lines")"

# That these can fail.
mkdir -p "$scratch/docs" "$scratch/core"
echo 'See [this](no_such.md), and [that](a.md#part).' >"$scratch/docs/a.md"
echo 'See [that](../docs/a.md#part).' >"$scratch/core/README.md"
is "a link that leads nowhere is seen" "$(python3 "$src/tests/lint/docs.py" links "$scratch")" "docs/a.md: no_such.md"
echo 'See [that](../core/README.md).' >"$scratch/docs/a.md"
is "and one that leads nowhere once it is installed" "$(python3 "$src/tests/lint/docs.py" links "$scratch")" \
    "docs/a.md: ../core/README.md"
echo '| `b.md` | no more |' >"$scratch/docs/README.md"
is "and a document that is not listed" "$(python3 "$src/tests/lint/docs.py" listed "$scratch")" a.md
out=$(printf '%s\n' 'here: scanpipe chekc -c a.yaml' 'here: scanpipe dlq list -c a.yaml --clas value' \
    'here: scanpipe dlq purge -c a.yaml --rate 5/s --all' 'here: scanpipe replay --from 1 -c a.yaml | jq .' |
    python3 "$src/tests/lint/docs.py" wrong "$build/scanpipe" | grep -c '^here')
is "and so are wrong command lines" "$out" 3
tap_end
