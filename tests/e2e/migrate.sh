#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of `scanpipe migrate` share, whatever the database; to be sourced behind lib.sh.  Starts a feed and sets
# `events`; the pipeline is `file`.
# shellcheck disable=SC2034 # what is set here is used by the tests
# shellcheck shell=bash

file=$scratch/parcels.yaml
feed=(--generate --seed "$seed" --events "$(scaled 4000 1000)" --parcels 400 --malformed 1 --repeat 1 --stale 1)
events=$scratch/events.ndjson
sim_print "$events" "${feed[@]}"
sim_start "${feed[@]}"

migrate() { # NAME STATUS [OPTION...]
    "${scanpipe[@]}" migrate -c "$file" "${@:3}" >"$scratch/out" 2>"$scratch/err"
    is "$1: exit status" "$?" "$2"
}

online() { # NAME STATUS
    "${scanpipe[@]}" check --online -c "$file" >"$scratch/out" 2>"$scratch/err"
    is "$1: exit status" "$?" "$2"
}

says() { # NAME PATTERN
    check "$1" grep -E "$2" "$scratch/out"
}

complains() { # NAME PATTERN
    check "$1" grep -E "$2" "$scratch/err"
}

# Given a table that was folded by other rules, then check --online says so with the cure that a run would tell, and
# a column that is new is no error.
other_rules_are_told() {
    online 'other rules' 69
    says 'that they are others' '^  table         has other rules$'
    says 'which, and the cure' "error: the table's rules are not those it was folded by: .*'PickedUpAtUtc' was kept by .*; $(
        )put the block back; or stop all, and make the table afresh: scanpipe migrate --rebuild\$"
    sed 's/keep: first/keep: last/' "$file" >"$scratch/as_before.yaml"
    "${scanpipe[@]}" check --online -c "$scratch/as_before.yaml" >"$scratch/out" 2>"$scratch/err"
    is 'the rules of before: exit status' "$?" 0
    is 'nothing is said of them' "$(grep -c '^  table .* has ' "$scratch/out")" 0
    echo '    Note: {from: /Note, type: text(5)}' >>"$scratch/as_before.yaml"
    "${scanpipe[@]}" check --online -c "$scratch/as_before.yaml" >"$scratch/out" 2>"$scratch/err"
    says 'a new column is no error' "^    warning: the table has changed: column 'Note' is new; reading the source again"
}

migrate_at_once() { # NUMBER
    local number failed=0 pids=()
    for number in $(seq 1 "$1"); do
        "${scanpipe[@]}" migrate -c "$file" >"$scratch/once.$number" 2>&1 &
        pids+=($!)
    done
    for number in "${pids[@]}"; do wait "$number" || failed=$((failed + 1)); done
    is "$1 at once: none fails" "$failed" 0
}
