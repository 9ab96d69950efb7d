#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes a manual page to standard output, with lists of options in the places of these lines:
#
#     .\" @plugin KIND NAME@     what the plugin can do, and its options
#     .\" @options KIND@         the options of every stage of the kind; or of a pipeline, or of every stage
#
# The lists come from the program itself, so that they are what it understands.  Without a program that runs
# here, as where another machine's is built, the page says how to see them.
#
# usage: embed-options.sh PROGRAM PAGE.in          PROGRAM may be empty
set -eu
program=$1

list() {
    if [ -n "$program" ]; then
        # Leaks are for the tests.
        ASAN_OPTIONS=detect_leaks=0 "$program" plugins --format mdoc "$@"
    else
        printf 'The options are listed by\n.Ql scanpipe plugins %s .\n' "$*"
    fi
}

while IFS= read -r line; do
    case $line in
    '.\" @plugin '*@ | '.\" @options '*@)
        words=${line#*@}
        words=${words%@}
        # shellcheck disable=SC2086 # words they are
        set -- $words
        shift
        list "$@"
        ;;
    *) printf '%s\n' "$line" ;;
    esac
done <"$2"
