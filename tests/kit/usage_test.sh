#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The suite's command line, and what it says of plugins that crash, hang or talk.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/lib.sh"

mutant=$build/tests/kit/mutant/.libs/mutant.so
[ -e "$mutant" ] || skip_all "the mutant was not built ($mutant)"

STATUS=0 OUT=''
run() {
    OUT=$("$kit" "$@" 2>&1)
    STATUS=$?
}
fails() { # NAME STATUS PART ARGUMENT...
    local name=$1 status=$2 part=$3
    shift 3
    run "$@"
    is "$name: status" "$STATUS" "$status"
    has "$name: text" "$OUT" "$part"
}

fails "given no kind" 64 "a kind: source, queue"
fails "given a kind that there is not" 64 "a kind: source, queue" broker memory
fails "given no plugin" 64 "the plugin is missing" queue
fails "given a word that is no option" 64 "OPTION=VALUE" queue memory max_size
fails "given an odd number" 64 "no number" queue memory --jobs none
fails "given an odd duration" 64 "a duration" queue memory --lease 5
fails "given a plugin that there is not" 78 "did you mean 'memory'" queue memry
fails "given a file that is none" 78 "not-there.so" queue ./not-there.so
fails "given a kind that the plugin does not offer" 78 "offers no sink" sink "$(plugin queue_memory)"
fails "given an unknown option" 78 "did you mean 'max_size'" queue memory max_sise=5
fails "given an option out of its range" 78 "max_size" queue memory max_size=5
printf 'max_size: 1MiB\nmax_sise: 5\n' >"$scratch/options.yaml"
fails "given no check of that name" 64 "no check" queue memory --only "when pigs fly"
fails "given a file with a mistake" 78 "options.yaml:2:1: error" queue memory --options "$scratch/options.yaml"

printf 'max_size: 1MiB\n' >"$scratch/options.yaml"
run queue memory --options "$scratch/options.yaml" --only "when it is asked without waiting"
is "given a file that is right, then checks are run" "$STATUS" 0

run letters --list
listed=$(grep -c '^given .* when .* then ' <<<"$OUT")
is "given --list, then each name says given, when, then" "$(wc -l <<<"$OUT")" "$listed"
run letters memory --jobs 12 --soon "$soon" --lease "$lease"
has "given the same kind, when it is run, then all that were listed are run" "$OUT" "1..$listed"

export KIT_KIND=2 KIT_INNER KIT_MUTATION
KIT_INNER=$(plugin queue_memory)
broken() { # FAULT SOON TEXT
    KIT_MUTATION=$1
    fails "given a plugin with $1" 1 "$3" queue "$mutant" --only "probed again and again" --soon "$2"
    has "given a plugin with $1: its check is the one that fails" "$OUT" "not ok 1 - given what is there"
}
broken probe-crashes "$soon" "killed by signal 6"
broken probe-talks "$soon" "writes neither to standard output nor to standard error"
broken probe-hangs 50ms "did not end in time"
finish
