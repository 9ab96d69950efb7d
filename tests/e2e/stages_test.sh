#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every stage fails, in every way: an outage is waited for, however long and through restarts; each class of
# failure has its answer; who lies is not believed more than is safe; a stop hands back what is held.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
use_test_plugins

stages=(source queue sink state dead_letters)
declare -A inner=([source]=scanapi [queue]=sqlite [sink]=sqlite [state]=sqlite [dead_letters]=sqlite)
# shellcheck disable=SC2016  # scanpipe expands them
declare -A options=([source]='url: "${SCAN_API_URL}", page_size: 100, poll_interval: 50ms'
    [queue]='path: "${SCANPIPE_DATA}/queue.db"' [sink]='path: "${SCANPIPE_DATA}/out.db"'
    [state]='path: "${SCANPIPE_DATA}/state.db"' [dead_letters]='path: "${SCANPIPE_DATA}/letters.db"')
declare -A core=([queue]='pack: {events: 50}, visibility_timeout: 1s' [sink]='workers: 2, batch: {events: 200}')

# stages_conf FILE [STAGE WRAPPER MORE]...: a pipeline of which the stages named are wrapped
stages_conf() {
    local file=$1 stage
    local -A wrapper=() more=()
    shift
    while [ $# -gt 0 ]; do
        wrapper[$1]=$2 more[$1]=$3
        shift 3
    done
    for stage in "${stages[@]}"; do
        if [ -n "${wrapper[$stage]:-}" ]; then
            echo "$stage: {$(around "${wrapper[$stage]}" "${inner[$stage]}" "${options[$stage]}" "${more[$stage]}")"
        else
            echo "$stage: {plugin: ${inner[$stage]}, ${options[$stage]}"
        fi
        echo "  , $quick${core[$stage]:+, ${core[$stage]}}}"
    done | { echo "name: stages"; echo 'poller_lease: 2s'; echo 'shutdown_grace: 10s'; cat; } | write_conf "$file"
}

feed=(--generate --seed "$seed" --events "$(scaled 3000 1000)" --malformed 1)
events=$scratch/events.ndjson
sim_print "$events" "${feed[@]}"
sim_start "${feed[@]}"

table_is_right() { # FOLDER: quietly
    python3 "$here/oracle.py" --compare "$1/out.db" "$events" >"$scratch/compared" 2>&1
}

# all_is_right NAME FOLDER: the table, the dead letters, looked at without faults, and the queue
all_is_right() {
    export SCANPIPE_DATA=$2
    table_equals "$1: the table is the oracle's" "$2/out.db" "$events"
    letters_equal "$1: the dead letters are the rest" "$events" "$scratch/plain.yaml"
    queue_is_empty "$1: the queue is empty" "$2/queue.db"
}

# Given pipelines at work, when one stage of each goes away for six visibility timeouts, and the processes are
# stopped, killed and started again meanwhile, then nothing is a dead letter for it; and when the stage is
# back, all is done by the process that waited.
outages() {
    local stage how
    local -A pids=()
    # What is left when the stages go away comes at once: none has done all its work before, however long it
    # takes to look.
    sim_set 'delay=300&max-limit=5'
    for stage in "${stages[@]}"; do
        new_data "out-$stage"
        stages_conf "$scratch/out-$stage.yaml" "$stage" fault "rules: [any unavailable while=$scratch/away-$stage]"
        start_pipeline "out-$stage" "$scratch/out-$stage.yaml"
        pids[$stage]=$PID
    done
    for stage in "${stages[@]}"; do
        check "an outage of $stage: work has begun" wait_until 20 has_rows "$scratch/out-$stage/out.db"
        : >"$scratch/away-$stage"
    done
    sim_set 'delay=0&max-limit=10000'
    for stage in "${stages[@]}"; do
        check "an outage of $stage is told" wait_until 20 has_line "$scratch/out-$stage.log" 'unavailable: a fault'
    done
    for how in TERM KILL KILL; do
        sleep 1.5
        for stage in "${stages[@]}"; do
            export SCANPIPE_DATA=$scratch/out-$stage
            if [ $how = KILL ]; then
                kill_hard "${pids[$stage]}"
            else
                stop "${pids[$stage]}"
                is "an outage of $stage: SIGTERM ends well" "$STATUS" 0
                at_most "an outage of $stage: and promptly, in ms" "$ELAPSED_MS" $((7000 * patience))
            fi
            start_pipeline "out-$stage" "$scratch/out-$stage.yaml"
            pids[$stage]=$PID
        done
    done
    sleep 1.5
    rm "$scratch"/away-*
    for stage in "${stages[@]}"; do
        check "an outage of $stage: all is done by itself" wait_until 30 table_is_right "$scratch/out-$stage"
        stop "${pids[$stage]}"
        is "an outage of $stage: ends well" "$STATUS" 0
        export SCANPIPE_DATA=$scratch/out-$stage
        runs "after an outage of $stage" "$scratch/out-$stage.yaml"
        all_is_right "an outage of $stage" "$scratch/out-$stage"
    done
}

# Rules that fail one call of eight or so, in each class, before and after the effect.
by_chance() { # CLASS...
    local class rules='' after
    for class; do
        for after in '' ' after'; do
            rules+="${rules:+, }any $class$after chance=4"
            [ "$class" != throttled ] || rules+=' retry_after=20ms'
        done
    done
    echo "[$rules]"
}

# Given stages that fail by chance in every class that is not an event's fault, then a run ends by itself, and
# all is as if they had not.
classes() {
    local stage running=() rules
    for stage in "${stages[@]}" all; do
        new_data "class-$stage"
        if [ "$stage" = all ]; then
            rules="seed: $seed, rules: $(by_chance unavailable contended uncertain)"
            stages_conf "$scratch/class-all.yaml" source fault "$rules" queue fault "$rules" sink fault "$rules" \
                state fault "$rules" dead_letters fault "$rules"
        else
            rules=$(by_chance unavailable throttled contended uncertain refused)
            [ "$stage" = sink ] || rules=${rules%]}', any unknown chance=4, any rejected chance=2]'
            [ "$stage" != queue ] || rules=${rules%]}', send unavailable chance=10 entries=odd,
                settle contended after chance=10 entries=odd, extend unavailable chance=30 entries=all]'
            stages_conf "$scratch/class-$stage.yaml" "$stage" fault "record: $scratch/record-$stage, seed: $seed,
                rules: $rules"
        fi
        start_pipeline "class-$stage" "$scratch/class-$stage.yaml" --until-caught-up --json
        running+=("$PID")
    done
    for stage in "${stages[@]}" all; do
        await_end "${running[0]}" 60
        running=("${running[@]:1}")
        is "faults in $stage: the run ends by itself" "$STATUS" 0
        export SCANPIPE_DATA=$scratch/class-$stage
        all_is_right "faults in $stage" "$scratch/class-$stage"
    done
    at_least 'there were faults' "$(cat "$scratch"/record-* | grep -vc ' ok$')" 20
}

# How many milliseconds lay between the call that was throttled and the next of its kind.
gap_after_throttle() { # RECORD OPERATION
    awk -v op="$2" '$2 != op { next } before { print $1 - before; exit } $4 == "throttled" { before = $1 }' "$1"
}

# Given a stage that asks for a pause, then the next call comes when that is over.
throttled() {
    local stage op
    local -A asked=([source]=read [queue]=send [sink]=write [dead_letters]=put)
    local -A rules=()
    new_data throttled
    for stage in "${!asked[@]}"; do
        rules[$stage]="record: $scratch/paced-$stage, rules: [${asked[$stage]} throttled at=1 retry_after=900ms]"
    done
    local -A core=([queue]='pack: {events: 50}' [sink]='workers: 1, batch: {events: 200}')
    stages_conf "$scratch/throttled.yaml" \
        source fault "${rules[source]}" queue fault "${rules[queue]}" sink fault "${rules[sink]}" \
        dead_letters fault "${rules[dead_letters]}"
    runs throttled "$scratch/throttled.yaml"
    for stage in "${!asked[@]}"; do
        op=${asked[$stage]}
        at_least "$stage: Retry-After is honoured, in ms" \
            "$(gap_after_throttle "$scratch/paced-$stage" "$op")" 900
    done
    all_is_right throttled "$scratch/throttled"
}

# The parcels that have a row.
good_rows() {
    python3 "$here/oracle.py" "$events" | sed -n 's/^\[\([0-9]*\),.*/\1/p'
}

# Given rows that the sink rejects, named or not, and one that it does not know what to do about, then their
# events are dead letters with the reason, all others are written, and no more.
rejected() {
    local parcels named wild unnamed unknown all db count
    mapfile -t parcels < <(good_rows | shuf -n 4 --random-source=<(yes "$seed"))
    named=${parcels[0]} wild=${parcels[1]} unnamed=${parcels[2]} unknown=${parcels[3]}
    all="\"ParcelId\":($named|$wild|$unnamed|$unknown)[,}]"
    new_data rejected
    db=$SCANPIPE_DATA
    stages_conf "$scratch/rejected.yaml" sink fault "rules: [
        write rejected key=$named entries=match column=2, write rejected key=$wild entries=match column=4000000000,
        write rejected key=$unnamed, write unknown key=$unknown]"
    runs rejected "$scratch/rejected.yaml"
    count=$(query "$db/letters.db" "SELECT count(*) FROM FailedEvents WHERE Stage = 'sink'")
    is 'rejected: the letters of the sink are of these parcels, and of each event' "$count" \
        "$(grep -cE "$all" <(good_lines))"
    is 'rejected: a column that was named is told' LatestType \
        "$(query "$db/letters.db" "SELECT DISTINCT ColumnName FROM FailedEvents
            WHERE Stage = 'sink' AND EventKey = '$named'")"
    is 'rejected: one that there is not is not' '' \
        "$(query "$db/letters.db" "SELECT DISTINCT ColumnName FROM FailedEvents
            WHERE Stage = 'sink' AND EventKey = '$wild'")"
    is 'rejected: with the reason' 0 \
        "$(query "$db/letters.db" "SELECT count(*) FROM FailedEvents WHERE Stage = 'sink' AND Reason NOT LIKE '%a fault by rule%'")"
    grep -vE "$all" "$events" >"$scratch/spared.ndjson"
    table_equals 'rejected: all others are written' "$db/out.db" "$scratch/spared.ndjson"
    queue_is_empty 'rejected: the queue is empty' "$db/queue.db"
}

good_lines() {
    python3 -B - "$here" "$events" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import oracle
for line in open(sys.argv[2], "rb"):
    try:
        oracle.read_event(line.rstrip(b"\n"), 1 << 20)
    except oracle.Bad:
        continue
    sys.stdout.buffer.write(line)
PY
}

# Given stages whose answers break the contract, each call in its own way, then nothing crashes, and nothing is
# lost or settled that was not written.
liars() {
    local -A core=([queue]='pack: {events: 10}, visibility_timeout: 1s' [sink]='workers: 2, batch: {events: 30}')
    local failures='class_of_none, class_ok, silent, odd_return'
    local -A lies=(
        [queue]="$failures, odd_results, sent_twice, settled_twice, received_twice, received_again, leases_ended,
            wild_depth"
        [sink]="$failures, culprits_written, wild_rows"
        [source]="$failures, events_twice, cursor_stays, wild_wait"
        [state]="$failures, not_swapped, wild_version"
        [dead_letters]="$failures, odd_results, stored_twice"
        [junk]=junk_events)
    local -A pids=()
    local stage
    for stage in "${!lies[@]}"; do
        new_data "liar-$stage"
        stages_conf "$scratch/liar-$stage.yaml" "${stage/junk/source}" liar "lies: [${lies[$stage]}], every: 3"
        start_pipeline "liar-$stage" "$scratch/liar-$stage.yaml" --until-caught-up --json
        pids[$stage]=$PID
    done
    for stage in "${!lies[@]}"; do
        await_end "${pids[$stage]}" 40
        export SCANPIPE_DATA=$scratch/liar-$stage
        is "lies of $stage: the run ends by itself" "$STATUS" 0
        [ "$STATUS" = 0 ] || last_lines "$scratch/liar-$stage.log" | sed 's/^/# /'
        table_equals "lies of $stage: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
        [ "$stage" = junk ] ||
            letters_equal "lies of $stage: the dead letters are the rest" "$events" "$scratch/plain.yaml"
    done
}

# Given a process that holds messages and cannot finish them, when it is asked to stop, then another that
# waits for messages has them at once, long before their lease ends.
handed_over() {
    local slow
    local -A core=([queue]='pack: {events: 50}, visibility_timeout: 10m' [sink]='workers: 2, batch: {events: 200}')
    new_data handed
    stages_conf "$scratch/slow.yaml" sink fault 'rules: [write ok delay=20s]'
    sed -i 's/^shutdown_grace: .*/shutdown_grace: 6s/' "$scratch/slow.yaml"
    stages_conf "$scratch/fast.yaml"
    start_pipeline slow "$scratch/slow.yaml"
    wait_until 20 has_leases "$SCANPIPE_DATA/queue.db"
    stop "$PID"
    is 'handed over: who stops holds nothing' 0 "$(leases "$SCANPIPE_DATA/queue.db")"
    start_pipeline slow "$scratch/slow.yaml"
    slow=$PID
    check 'handed over: the first holds messages' wait_until 20 has_leases "$SCANPIPE_DATA/queue.db"
    start_pipeline fast "$scratch/fast.yaml"
    stop "$slow"
    is 'handed over: the first ends well' "$STATUS" 0
    at_most 'handed over: within its grace, in ms' "$ELAPSED_MS" $((7000 * patience))
    check 'handed over: the second has all at once' wait_until 10 table_is_right "$SCANPIPE_DATA"
    stop "$PID"
    is 'handed over: the second ends well' "$STATUS" 0
    letters_equal 'handed over: nothing is buried for it' "$events" "$scratch/fast.yaml"
    queue_is_empty 'handed over: the queue is empty' "$SCANPIPE_DATA/queue.db"
}

stages_conf "$scratch/plain.yaml"
for story in "${@:-outages classes throttled rejected liars handed_over}"; do
    for one in $story; do
        "$one"
    done
done
finish
