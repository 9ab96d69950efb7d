#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A plugin with one fault fails the check that is there for it, and passes it without the fault: those of
# mutant/, and the lies of tests/plugins/liar.c.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/lib.sh"

mutant=$build/tests/kit/mutant/.libs/mutant.so
liar=$build/tests/plugins/.libs/sink_liar.so
[ -e "$mutant" ] && [ -e "$liar" ] || skip_all "the mutant or the liar was not built ($mutant, $liar)"
# Where the liar finds the plugin inside.
SCANPIPE_PLUGIN_PATH=$(printf '%s:' "$build"/plugins/*/.libs)
export SCANPIPE_PLUGIN_PATH
plugin queue_sqlite >/dev/null && plugin sink_sqlite >/dev/null || skip_all "the sqlite plugins were not built"
lease=600ms red_soon=500ms # who is late anyway need not be waited for long
head -c 100000 /dev/zero | tr '\0' x | fold -w 100 | awk '{ printf "{\"EventId\":%d,\"a\":\"%s\"}\n", NR, $0 }' >"$scratch/events"
{
    cat "$scratch/events"
    echo 'no JSON'
} >"$scratch/file.ndjson"

# plugin's kind and home, fault, part of the name of the check that must see it
faults=$(cat <<'TABLE'
queue memory   load-makes-a-file            when a stage is loaded and a handle opened
queue memory   load-changes-config          when it is counted, then no thread
queue memory   load-is-static               two stages with stores of their own
queue memory   unload-leaves-a-thread       when it is counted, then no thread
queue memory   close-leaves-a-descriptor    when it is counted, then no thread
queue memory   probe-talks                  when it is probed again and again
queue memory   probe-crashes                when it is probed again and again
queue sqlite   probe-always-works           then only calls fail
queue memory   interrupt-does-nothing       when one is interrupted
queue memory   send-loses-one               batches as full of messages
queue memory   send-doubles-one             batches as full of messages
queue memory   send-doubles-one             2 threads that send and 4 that receive
queue memory   send-does-not-answer         with every kind of character
queue sqlite   send-is-late                 given a process that sends
queue memory   body-changes                 with every kind of character
queue memory   body-ends-at-nul             given bytes that are no text
queue memory   body-is-reused               its bytes are still there
queue memory   attributes-are-lost          with and without attributes
queue memory   receives-too-many            at most 1 and at most 7
queue memory   receives-too-much            at most 2500 bytes
queue memory   large-ones-stay              then one at a time comes
queue memory   leases-are-short             when any handle asks
queue memory   lease-end-is-late            not before lease_end
queue memory   always-suspect               not before lease_end
queue memory   never-suspect                not before lease_end
queue memory   never-suspect                then it stays one
queue memory   done-is-forgotten            when the depth is asked for
queue memory   done-is-forgotten            three are done and three released
queue memory   release-is-forgotten         visible at once
queue memory   release-is-done              visible at once
queue memory   settled-twice-fails          when it is settled again
queue memory   extend-does-nothing          then it holds longer
queue memory   extend-only-lengthens        to a shorter one
queue memory   lost-is-extended             then it is contended and nothing happens
queue memory   lost-is-extended             each is answered for itself
queue memory   depth-forgets-leases         when the depth is asked for
queue memory   does-not-wait                then so long and not much longer
queue memory   waits-too-long               then so long and not much longer
queue memory   wakes-for-nothing            when another sends, then it wakes
queue memory   waits-past-the-deadline      longer than the deadline
state memory   swaps-always                 a wrong version is expected
state memory   swaps-loosely                given four threads
state memory   version-is-not-told          a wrong version is expected
state memory   versions-come-back           no version comes twice
state memory   values-end-at-nul            given values of all bytes
state memory   names-ignore-case            given records of many names
state memory   names-are-cut                given records of many names
state sqlite   put-is-late                  killed (-9)
letters memory put-loses-one                events of all bytes
letters memory attempts-are-added           then attempts are one more
letters memory place-is-lost                then every field is as it was
letters memory first-is-last                keeps its first time
letters memory null-is-empty                letters without texts
letters memory event-ends-at-nul            events of all bytes
letters memory version-stays                keeps its first time
letters memory newer-is-removed             has a newer version
letters memory removed-is-not-counted       then these are gone, counted
letters memory class-is-not-looked-at       every combination of filters
letters memory column-is-not-looked-at      every combination of filters
letters memory until-is-included            the first is included
letters memory from-is-not-included         the first is included
letters memory scans-too-many               by pages of any size
letters memory page-loses-one               by pages of any size
letters memory one-page-only                by pages of any size
letters memory scan-begins-again            by pages of any size
sink sqlite    write-loses-one              10,000 rows
sink sqlite    write-is-two                 nothing of it is there
sink sqlite    write-is-two                 killed (-9) five times
sink sqlite    first-is-last                orders in any order
sink sqlite    first-is-last                in any order and division
sink sqlite    min-is-max                   in any order and division
sink sqlite    appended-rows-change         that is appended to
sink sqlite    all-are-touched              changed ones are counted
sink sqlite    empty-is-null                every value that a type can have
sink sqlite    blanks-are-cut               case, accents or blanks
sink sqlite    times-are-cut                every value that a type can have
sink sqlite    numbers-are-doubles          every value that a type can have
sink sqlite    all-are-found                then these are found and no others
sink sqlite    dry-run-is-wet               when migrated dry
sink sqlite    all-fits                     when what is there is compared
sink sqlite    rebuilds-when-dry            when it is made afresh
sink sqlite    describes-half               when the statement that makes it is asked for
sink sqlite    the-innocent-are-named       nothing of it is there
sink sqlite    one-culprit-is-named         nothing of it is there
sink file      events-are-reversed          then each is there once, in order
sink file      event-is-lost                then each is there once, in order
sink file      event-is-doubled             none is lost, torn
source file    event-is-lost                then they come byte for byte
source file    event-is-repeated            then they come byte for byte
source file    event-is-no-object           events are JSON objects
source file    not-events-are-lost          events are JSON objects
source file    never-caught-up              then it comes to an end
source file    cursor-is-old                when they are compared
source file    until-is-not-looked-at       given a cursor as `until`
source file    all-cursors-are-equal        when they are compared
source file    cursors-are-compared-as-bytes when they are compared
source file    text-is-constant             when a person hands it in
source file    nonsense-is-unknown          given texts and cursors that are none
queue liar     class_ok                     batches as full of messages
queue liar     class_of_none                batches as full of messages
queue liar     silent                       when any handle asks
queue liar     odd_return                   when any handle asks
queue liar     odd_results                  batches as full of messages
queue liar     sent_twice                   batches as full of messages
queue liar     received_twice               batches as full of messages
queue liar     received_again               batches as full of messages
queue liar     leases_ended                 when any handle asks
queue liar     wild_depth                   when the depth is asked for
sink liar      culprits_written             nothing of it is there
sink liar      wild_rows                    changed ones are counted
state liar     not_swapped                  every handle sees it at once
state liar     wild_version                 no version comes twice
letters liar   odd_results                  then every field is as it was
letters liar   stored_twice                 then every field is as it was
source liar    events_twice                 then they come byte for byte
source liar    cursor_stays                 when they are compared
source liar    wild_wait                    then it comes to an end
source liar    junk_events                  events are JSON objects
TABLE
)

declare -A kinds=([source]=1 [queue]=2 [sink]=3 [state]=4 [letters]=5)

# Runs one check on the mutant; how it came out is in OUT, its exit status in OUT.status.
run_one() { # OUT SOON KIND HOME FAULT CHECK
    local out=$1 soon=$2
    shift 2
    local options=() home=$2 object=$mutant picky="python3 '$here/picky.py' \"\$KIT_DIR/x.db\" \"\$KIT_TABLE\""
    case $1-$2 in
    *-liar)
        object=$liar home=queue_memory options=(every=1)
        [ "$3" = none ] || options+=("lies=[$3]")
        case $1 in
        source) options+=(inner=file "options={path: '$scratch/file.ndjson', page_size: 90}" --expect "$scratch/events") ;;
        *) options+=(inner=sqlite 'options={path: "${KIT_DIR}/x.db"}') ;;
        esac
        [ "$1" != sink ] || options+=(--picky "$picky") ;;
    queue-sqlite | state-sqlite | letters-sqlite) options=('path=${KIT_DIR}/x.db') home=queue_sqlite ;;
    sink-sqlite)
        options=('path=${KIT_DIR}/x.db' --picky "$picky") home=sink_sqlite ;;
    sink-file) options=('path=${KIT_DIR}/x' --output '${KIT_DIR}/x') home=sink_file ;;
    source-file)
        options=("path=$scratch/file.ndjson" page_size=90 --expect "$scratch/events" --expect-not-events 1)
        home=source_file ;;
    *) home=queue_memory ;;
    esac
    KIT_KIND=${kinds[$1]} KIT_INNER=$(plugin $home) KIT_MUTATION=$3 timeout 120 "$kit" "$1" \
        "$object" "${options[@]}" --only "$4" --soon "$soon" --lease "$lease" --seed "$seed" >"$out" 2>&1
    echo $? >"$out.status"
}

# A few at a time: most of them wait.
running=0
start() { # ARGUMENT... of run_one
    [ "$running" -lt 12 ] || wait -n
    running=$((running < 12 ? running + 1 : running))
    run_one "$@" &
}

name_of_green() { # KIND HOME CHECK
    printf '%s' "$scratch/$*.green" | tr -c 'A-Za-z0-9/.-' _
}

number=0
while read -r kind home fault check; do
    number=$((number + 1))
    start "$scratch/$number.red" "$red_soon" "$kind" "$home" "$fault" "$check"
    # What the table names must pass where there is no fault.
    green=$(name_of_green "$kind" "$home" "$check")
    [ -e "$green" ] || start "$green" "$soon" "$kind" "$home" none "$check"
    : >>"$green"
done <<<"$faults"
wait

number=0
while read -r kind home fault check; do
    number=$((number + 1))
    green=$(name_of_green "$kind" "$home" "$check") red=$scratch/$number.red
    is "$kind $home: $fault is seen: $check" "$(cat "$green.status" "$red.status")" $'0\n1'
    [ "$(cat "$green.status")" = 0 ] || sed 's/^/# /' "$green"
    [ "$(cat "$red.status")" = 1 ] || sed 's/^/# /' "$red"
done <<<"$faults"
finish
