#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job over a feed that misbehaves, and what people do around it, under valgrind: no read or write of what
# is not ours, nothing decided by what was never set, nothing lost.  The unit tests under it: make check-valgrind.
# shellcheck disable=SC2034  # patience and longest are for lib.sh
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v valgrind >/dev/null || skip_all "valgrind is not installed"
sanitized && skip_all "the sanitizers look themselves"
watch=(valgrind -q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=99
    --num-callers=25 --fair-sched=yes --suppressions="$root/tests/valgrind.supp")
plain=("${scanpipe[@]}")
scanpipe=("${watch[@]}" "${plain[@]}")
# shellcheck disable=SC2034 # lib.sh waits by it
patience=5

# The exit status alone says it, as long as no test expects 99 of scanpipe.
clean() { # NAME WANTED-STATUS COMMAND...
    local name=$1 wanted=$2 status
    shift 2
    timeout 120 "$@" >"$scratch/clean.out" 2>"$scratch/clean.err"
    status=$?
    [ "$status" -eq "$wanted" ] && ! grep -q '^==[0-9]*==' "$scratch/clean.err"
    ok "$name" $? "exit status $status" "$(last_lines "$scratch/clean.err" 60)"
}

# Given a program with each kind of error, then it is told: no test passes because nothing is looked at.
not_blind() {
    cat >"$scratch/wrong.c" <<'END'
#include <stdlib.h>
int main(int argc, char **argv)
{
    char *volatile text = malloc(8);
    if (argc == 2)
        text[8] = argv[1][0];
    if (argc != 3)
        free(text);
    text = NULL;
    return 0;
}
END
    ${CC:-cc} -g -O0 "$scratch/wrong.c" -o "$scratch/wrong" || bail "no C compiler"
    clean 'a program without errors passes' 0 "${watch[@]}" "$scratch/wrong"
    "${watch[@]}" "$scratch/wrong" 1 2>/dev/null
    is 'one that writes where nothing is its own is told' $? 99
    "${watch[@]}" "$scratch/wrong" 1 2 2>/dev/null
    is 'and one that loses memory' $? 99
}

main_job() {
    feed=(--generate --seed "$seed" --events "$(scaled 2000 500)" --parcels 200 --malformed 1 --broken 1 --nul 1)
    new_data main
    sim_print "$scratch/events" "${feed[@]}"
    sim_start "${feed[@]}" --shuffle
    sim_set 'repeat=20&stale=20&cut=20&html=20&fail-503=20'
    write_conf "$scratch/main.yaml" <<YAML
name: main
source:
  plugin: scanapi
  url: \${SCAN_API_URL}
  page_size: 100
  poll_interval: 100ms
  $quick
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 50}}
sink: {path: "\${SCANPIPE_DATA}/out.db", workers: 2, batch: {events: 500}}
YAML
    # shellcheck disable=SC2034 # lib.sh waits by it
    longest=120
    run_pipeline main "$scratch/main.yaml"
    is 'the main job ends without an error' "$STATUS" 0
    check 'and valgrind has nothing to say' bash -c "! grep -E '^==[0-9]+==' '$scratch/main.log'"
    table_equals 'the table is the oracle'\''s' "$SCANPIPE_DATA/out.db" "$scratch/events"
    sim_set 'repeat=0&stale=0&cut=0&html=0&fail-503=0'
}

# What people do around it; a stop in the midst of all.
around() {
    clean 'check of a good file' 0 "${scanpipe[@]}" check -c "$scratch/main.yaml"
    printf 'name: x\nsink: {plugin: nul, pth: [1}\n' >"$scratch/bad.yaml"
    clean 'check of a file that cannot be read' 78 "${scanpipe[@]}" check -c "$scratch/bad.yaml"
    clean 'plugins' 0 "${scanpipe[@]}" plugins
    clean 'dlq list' 0 "${scanpipe[@]}" dlq list -c "$scratch/main.yaml"
    clean 'verify' 0 "${scanpipe[@]}" verify -c "$scratch/main.yaml"

    new_data again
    start_pipeline again "$scratch/main.yaml"
    wait_until 20 has_rows "$SCANPIPE_DATA/out.db"
    stop "$PID" TERM 60
    is 'SIGTERM in the midst' "$STATUS" 0
    check 'and valgrind has nothing to say of that' bash -c "! grep -E '^==[0-9]+==' '$scratch/again.log'"
}

not_blind
main_job
around
finish
