#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad weather: every stage fails now and then, in every way, and all comes out as on a good day.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

use_test_plugins

stage() { # NAME INNER OPTIONS MORE, rules on standard input
    cat <<YAML
$1:
  plugin: fault
  inner: $2
  options: {$3}
  seed: $seed
  record: \${SCANPIPE_DATA}/$1
$4  $quick
  rules:
$(sed 's/^/  - /')
YAML
}

weather_conf() { # FILE
    {
        echo 'name: weather'
        echo 'poller_lease: 2s'
        stage source file 'path: "${SCANPIPE_DATA}/events.ndjson", page_size: "200"' '' <<'RULES'
read unavailable chance=10
read throttled retry_after=30ms every=17
read refused at=5
read contended every=11
read uncertain after every=6
RULES
        stage queue sqlite 'path: "${SCANPIPE_DATA}/queue.db"' $'  pack: {events: 20}\n' <<'RULES'
any unavailable chance=5
send unavailable entries=odd every=3
send unavailable after every=7
send throttled every=11
receive contended every=9
settle contended entries=odd every=4
settle unavailable after every=5
extend unavailable every=2
RULES
        stage state sqlite 'path: "${SCANPIPE_DATA}/state.db"' '' <<'RULES'
any unavailable chance=10
put uncertain after every=4
put contended every=7
RULES
        stage dead_letters sqlite 'path: "${SCANPIPE_DATA}/letters.db"' '' <<'RULES'
put unavailable chance=20
put unavailable entries=odd every=2
put uncertain after every=4
RULES
        # So small that the rarest fault has its turn, whatever the scale and however the feed fills them.
        stage sink sqlite 'path: "${SCANPIPE_DATA}/out.db"' "  workers: 3"$'\n'"  batch: {events: $(scaled 300 60)}"$'\n' <<'RULES'
write unavailable chance=5
write contended every=5
write uncertain after every=8
write throttled retry_after=20ms every=13
write refused every=19
write rejected every=23
write unknown every=9
RULES
    } | write_conf "$1"
}

writes() { # CLASS
    grep -c " write .* $1\$" "$SCANPIPE_DATA/sink"
}

# Given a feed with bad events in it, and stages that all fail now and then, before and after the effect, as a
# whole or entry by entry, then the table is the oracle's and the dead letters are the bad events.  What the
# sink rejects only once is written in the end.
all_fail_now_and_then() {
    local events feed=(--generate --seed "$seed" --events "$(scaled 20000 4000)" --malformed 0.5 --wide-parcels 0.5)
    new_data weather
    events=$SCANPIPE_DATA/events.ndjson
    weather_conf "$scratch/weather.yaml"
    sim_print "$events" "${feed[@]}"
    runs weather "$scratch/weather.yaml"
    table_equals "the table is the oracle's" "$SCANPIPE_DATA/out.db" "$events"
    letters_equal 'the dead letters are what can be in no row' "$events" "$scratch/weather.yaml"
    queue_is_empty 'the queue is empty' "$SCANPIPE_DATA/queue.db"
    for class in unavailable contended uncertain throttled refused rejected unknown; do
        at_least "there were writes that failed: $class" "$(writes "$class")" 1
    done
}

# Given a feed that was read to its end, and a source that refuses from then on, when the rest is written, then
# nobody says that it is caught up: there may be more by now; and once the source is back, somebody does.
who_is_refused_is_not_caught_up() {
    local feed=(--generate --seed "$seed" --events 200)
    new_data refused
    sim_start "${feed[@]}"
    write_conf "$scratch/refused.yaml" <<YAML
name: refused
$(stage source scanapi 'url: "${SCAN_API_URL}", poll_interval: 100ms' '' <<<'read refused while=${SCANPIPE_DATA}/refuses')
queue: {path: "\${SCANPIPE_DATA}/queue.db", $quick}
state: {plugin: sqlite, path: "\${SCANPIPE_DATA}/state.db"}
dead_letters: {plugin: sqlite, path: "\${SCANPIPE_DATA}/letters.db"}
$(stage sink sqlite 'path: "${SCANPIPE_DATA}/out.db"' '' <<<'write unavailable while=${SCANPIPE_DATA}/away')
YAML
    touch "$SCANPIPE_DATA/away"
    start_pipeline refused "$scratch/refused.yaml" --until-caught-up --json
    check 'refused: it is read to its end' wait_until 20 calls_beyond source 5
    touch "$SCANPIPE_DATA/refuses"
    wait_until 10 has_line "$scratch/refused.log" 'source: refused'
    rm "$SCANPIPE_DATA/away"
    check 'refused: all is written' wait_until 10 nothing_is_left
    sleep 1
    check 'refused: and it goes on' kill -0 "$PID"
    rm "$SCANPIPE_DATA/refuses"
    await_end "$PID" 20
    is 'refused: when the source is back it is caught up' "$STATUS" 0
}

calls_beyond() { # STAGE COUNT
    [ "$(grep -cs . "$SCANPIPE_DATA/$1")" -gt "$2" ]
}

nothing_is_left() {
    [ "$(query "$SCANPIPE_DATA/queue.db" 'SELECT count(*) FROM QueueMessages')" = 0 ]
}

all_fail_now_and_then
who_is_refused_is_not_caught_up
finish
