#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a reader relies on everywhere: layers, format, headers that stand alone, licences, scripts.
set -u
src=${srcdir:-.}
. "$src/tests/e2e/tap.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

sources() { find "$src/core" "$src/plugins" "$src/tools" "$src/tests" "$src/bench" -name '*.[ch]' | sort; }
scripts() { grep -rlIE '^#!.*(bash|/sh)$' "$src/tests" "$src/devel" "$src"/build-aux/{version,setup,embed-sql,embed-text,embed-options}.sh "$src/demo" "$src/check" "$src/.ci" 2>/dev/null | sort; }

needs() { command -v "$1" >/dev/null || { skip "$2" "$1 is not installed"; return 1; }; }

plan 10

out=$(python3 "$src/tests/lint/layers.py" "$src")
ok "a layer includes only what stands below it" $? "$out"

mkdir -p "$scratch/core"
cp -r "$src/core/include" "$src/core/base" "$src/core/engine" "$scratch/core/"
mkdir "$scratch/plugins"
echo '#include "engine/engine.h"' >>"$scratch/core/base/mem.c"
python3 "$src/tests/lint/layers.py" "$scratch" >/dev/null
[ $? -eq 1 ]
ok "and the check sees one that does not" $?

if needs clang-format "sources are formatted"; then
    out=$(sources | xargs clang-format --dry-run -Werror 2>&1 | grep -E 'error' | head -n 20)
    [ -z "$out" ]
    ok "sources are formatted" $? "$out"
fi

out=
for header in "$src"/core/include/scanpipe/*.h; do
    out+=$(${CC:-cc} -std=c11 -Wall -Wextra -Werror -Wno-unused-function -pedantic -I"$src/core/include" -fsyntax-only -x c "$header" 2>&1 |
        grep -v 'pragma once in main file')
done
[ -z "$out" ]
ok "each public header compiles alone" $? "$out"

out=$(python3 "$src/tests/lint/spdx.py" "$src")
ok "each file names its licence" $? "$out"

echo 'int main(void);' >"$scratch/bare.c"
out=$(python3 "$src/tests/lint/spdx.py" "$scratch")
[ $? -eq 1 ] && [ "${out#bare.c }" != "$out" ]
ok "and the check sees one that does not" $? "$out"

out=$(find "$src/core" "$src/plugins" "$src/tools" "$src/tests" "$src/conf" "$src/bench" "$src/sql" -type d \
    -not -path '*/.*' -not -path '*/corpus*' -not -path '*/check' -not -path '*/include*' -not -path '*__pycache__*' |
    while read -r folder; do
        [ -z "$(find "$folder" -maxdepth 1 -type f -not -name '*.o' -not -name 'local.mk')" ] || [ -f "$folder/README.md" ] ||
            echo "$folder"
    done)
[ -z "$out" ]
ok "each folder says what it holds" $? "$out"

out=$(find "$src/core" "$src/plugins" -name '*.c' -not -path '*/build*' -printf '%h\n' | sort -u |
    xargs python3 "$src/tests/lint/tables.py")
ok "each folder of the program names its sources" $? "$out"

if needs shellcheck "scripts are clean"; then
    out=$(scripts | xargs shellcheck -x -S warning -e SC2154 2>&1 | head -n 60)
    [ -z "$out" ]
    ok "scripts are clean" $? "$out"
fi

out=$(sources | xargs awk 'FNR == 1 { start = 0 }
    /^[a-z].*\)$/ { start = FNR; name = $0 }
    /^}/ && start { if (FNR - start > 70) print FILENAME ":" start ": " FNR - start " lines: " name; start = 0 }')
[ -z "$out" ]
ok "functions fit a screen" $? "$out"
tap_end
