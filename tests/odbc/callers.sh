#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Processes that make calls of a sink and a state over ODBC (calls.c), and what they are told.  To be sourced, after
# tests/kit/lib.sh, with `calls` and `object` set:
#
#   caller NAME CONNECTION PASSWORD    starts one; its handles keep their connections
#   say NAME CALL, hear NAME           begins a call; waits for its answer, in `answer`
#   call NAME CALL                     both
#   says WHAT CLASS [PART]             a test: the last answer has this class, and this in it
#   within WHAT MS                     a test: it took no longer
#   it_returns                         a test: it did not wait for what never came
#   callers_end
# shellcheck shell=bash

callers=()

caller() { # NAME CONNECTION PASSWORD
    mkfifo "$scratch/$1.in" "$scratch/$1.out"
    "$calls" "$object" "$2" "$3" <"$scratch/$1.in" >"$scratch/$1.out" 2>"$scratch/$1.err" &
    callers+=($!)
    exec {fd}>"$scratch/$1.in"
    eval "$1_in=$fd"
    exec {fd}<"$scratch/$1.out"
    eval "$1_out=$fd"
}

callers_end() {
    local pid
    for pid in "${callers[@]}"; do kill -KILL "$pid" 2>/dev/null; done
    callers=()
}

say() { # NAME CALL: begins it
    local in=$1_in
    echo "$2" >&"${!in}"
}

hear() { # NAME: waits for its answer
    local out=$1_out
    answer=
    read -r -t 60 answer <&"${!out}" || answer='(no answer)'
}

call() {
    say "$1" "$2"
    hear "$1"
}

# says WHAT CLASS [PART]: what the last call was answered
says() {
    local status=0
    [[ $answer == "$2 "*"${3:-}"* ]] || status=1
    ok "$1: $2${3:+, '$3'}" "$status" "it was: $answer"
}

within() { # WHAT MS
    local rest=${answer#* }
    at=${rest%% *}
    [ "${at:-99999}" -le "$2" ] 2>/dev/null
    ok "$1: within $2 ms" $? "it was: $answer"
}

it_returns() { # by its time and some seconds; on a loaded machine by some more
    within 'and it returns' 20000
}
