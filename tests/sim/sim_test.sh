#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whole pipelines in a simulated world, seed after seed from a random one on; and that the simulation can be
# replayed, and sees what is wrong.
#
#   SCANPIPE_SIM_SECONDS=15   how long to look for a seed that breaks a law
set -u
src=${srcdir:-.}
. "$src/tests/e2e/tap.sh"
sim=${top_builddir:-.}/tests/sim/sim
seconds=${SCANPIPE_SIM_SECONDS:-15}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Threads that are thrown away in the midst of their work leave what they hold: no leaks of anybody's.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
if grep -aq __tsan_init "$sim"; then
    echo "1..0 # SKIP the thread sanitizer does not know the simulation's threads"
    exit 0
fi

plan 9

# Given seeds from a random one on, when each runs, then it keeps the laws; and every fault and every verdict
# there is was among them.
"$sim" --seconds "$seconds" --all >"$scratch/out" 2>"$scratch/err"
status=$?
sed 's/^/# /' "$scratch/out"
first=$(sed -n 's/^seeds from \([0-9]*\) on$/\1/p' "$scratch/out")
grep -q "broken\|goes round" "$scratch/err"
[ $? -eq 1 ] && [ -n "$first" ]
ok "no law is broken by the seeds from $first on" $? "$(tail -n 20 "$scratch/err")"
ok "and everything that may happen has happened" $status "$(grep '^never' "$scratch/out")"

# Given a seed, when it runs twice, then each turn of each thread is the same; and what ran before it changes
# nothing.
trace_of() { "$sim" --seed "$1" -v | grep -v ' runs in '; }
digest_of() { "$sim" --seed "$1" --runs "$2" | sed -n 's/.*digest //p'; }
trace_of "$first" >"$scratch/once"
trace_of "$first" >"$scratch/twice"
[ "$(wc -l <"$scratch/once")" -gt 20 ] && cmp "$scratch/once" "$scratch/twice"
ok "the same seed has the same trace" $?
is "a seed is the same behind others" "$(digest_of "$first" 4)" "$(digest_of $((first + 3)) 1)"

# Given a stage that loses things, when seeds run, then a law sees it and says how to see it again.
for stage in source queue sink state dead_letters; do
    "$sim" --lie $stage --seed "$first" --runs 300 >/dev/null 2>"$scratch/err"
    [ $? -eq 1 ] && grep -q "law '.*' is broken" "$scratch/err" && grep -q "to see it again: " "$scratch/err"
    ok "a lie of the $stage is found out: $(sed -n "s/.*law '\(.*\)' is.*/\1/p" "$scratch/err")" $? "$(cat "$scratch/err")"
done
tap_end
