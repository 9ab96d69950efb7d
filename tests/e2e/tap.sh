# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# TAP for tests in bash.  Source it, call `plan N`, then `ok NAME STATUS` or one of the others.

tap_planned=0
tap_told=0
tap_failed=0

plan()
{
    tap_planned=$1
    echo "1..$1"
}

# ok NAME STATUS [diagnostics...]
ok()
{
    local name=$1 status=$2
    shift 2
    tap_told=$((tap_told + 1))
    if [ "$status" -eq 0 ]; then
        echo "ok $tap_told - $name"
        return
    fi
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_told - $name"
    [ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
}

# is NAME GOT EXPECTED
is()
{
    local status=0
    [ "$2" = "$3" ] || status=1
    if [ $status -eq 0 ]; then ok "$1" 0; else ok "$1" 1 "got:" "$2" "expected:" "$3"; fi
}

# has NAME TEXT PART: the text has the part in it
has()
{
    case $2 in
    *"$3"*) ok "$1" 0 ;;
    *) ok "$1" 1 "got:" "$2" "expected in it:" "$3" ;;
    esac
}

# The last line of a test: whether all that was planned was told, and went well.
tap_end()
{
    [ "$tap_told" -eq "$tap_planned" ] || echo "# planned $tap_planned, told $tap_told"
    [ "$tap_failed" -eq 0 ] && [ "$tap_told" -eq "$tap_planned" ]
}
