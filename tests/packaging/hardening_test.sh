#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is installed has the protection that compilers and linkers have to give; and a file that lacks all of it
# is noticed in every respect.
set -u
src=${srcdir:-.}
build=${top_builddir:-.}
. "$src/tests/e2e/tap.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
hardening() { python3 "$src/tests/packaging/hardening.py" "$@"; }

if [ -z "${SCANPIPE_HARDENED:-}" ]; then
    echo "1..0 # SKIP built without hardening"
    exit 0
fi
plan 7

# given: an installed scanpipe
out=$(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$build" install DESTDIR="$scratch/root" 2>&1)
ok "it installs" $? "$out"
mapfile -t programs < <(find "$scratch/root" -type f -path '*/bin/*' -perm -u+x | sort)
mapfile -t plugins < <(find "$scratch/root" -type f -name '*.so' | sort)

# then
[ ${#programs[@]} -ge 2 ]
ok "there are programs (${#programs[@]})" $?
[ ${#plugins[@]} -ge 4 ]
ok "there are plugins (${#plugins[@]})" $?
out=$(hardening "${programs[@]}")
ok "the programs are hardened" $? "$out"
out=$(hardening "${plugins[@]}")
ok "the plugins are hardened, and show nothing but scanpipe_plugin" $? "$out"

mapfile -t objects < <(find "$build/core" "$build/plugins" "$build/tools" -name '*.o' | sort)
out=$(hardening --objects "${objects[@]}")
ok "all that was compiled is marked for control-flow protection (${#objects[@]} objects)" $? "$out"

# given: a program without any of it, and a plugin that shows too much; then: each lack is told
cat >"$scratch/bare.c" <<'END'
#include <stdio.h>
#include <string.h>
int sp_shown(const char *text);
int other_shown(const char *text);
int sp_shown(const char *text) { char copy[64]; strcpy(copy, text); return printf("%s\n", copy); }
int other_shown(const char *text) { return sp_shown(text) + 1; }
int main(int argc, char **argv) { (void)argc; return other_shown(argv[0]); }
END
bare="-g -O1 -U_FORTIFY_SOURCE -fno-stack-protector -fcf-protection=none -Wl,-z,lazy,-z,norelro,-z,execstack -Wl,-rpath,/tmp"
[ "$(uname -m)" = x86_64 ] || bare=${bare/-fcf-protection=none/}
# shellcheck disable=SC2086 # options are words
${CC:-cc} $bare -fno-pie -no-pie -rdynamic "$scratch/bare.c" -o "$scratch/bare" 2>"$scratch/cc.log" &&
    ${CC:-cc} $bare -fPIC -shared "$scratch/bare.c" -o "$scratch/bare.so" 2>>"$scratch/cc.log"
out=$(hardening "$scratch/bare" "$scratch/bare.so")
missed=
for what in "bare stands at a fixed address" "bare its relocated data" "bare binds its functions late" \
    "bare its stack can be executed" "bare looks for libraries" "bare its stack is not protected" \
    "bare shows names that are no part" "bare.so its relocated data" "bare.so binds" \
    "bare.so shows other names than scanpipe_plugin"; do
    [ "${out#*"/$what"}" != "$out" ] || missed+="not told: $what"$'\n'
done
${CC:-cc} --version | grep -q clang || [ "${out#*/bare calls functions that were not fortified: printf}" != "$out" ] ||
    missed+="not told: printf"
[ -z "$missed" ]
ok "a program without any of it is noticed in each respect" $? "$missed" "$out" "$(cat "$scratch/cc.log")"
tap_end
