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

migrate_at_once() { # NUMBER
    local number failed=0 pids=()
    for number in $(seq 1 "$1"); do
        "${scanpipe[@]}" migrate -c "$file" >"$scratch/once.$number" 2>&1 &
        pids+=($!)
    done
    for number in "${pids[@]}"; do wait "$number" || failed=$((failed + 1)); done
    is "$1 at once: none fails" "$failed" 0
}
