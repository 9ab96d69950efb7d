#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input, and a feed that is ill for a while: each bad event is told and kept, each page that cannot be
# had is asked for again, and the pipeline goes on.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

write_conf "$scratch/feed.yaml" <<YAML
name: feed
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 250, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
sink: {path: "\${SCANPIPE_DATA}/out.db"}
YAML

letter() { # WHERE: what the dead letters say
    query "$SCANPIPE_DATA/out.db" "SELECT Class, Pointer, ColumnName FROM FailedEvents WHERE $1"
}

event() { # ID [MEMBERS]: a good event, with more or other members behind
    printf '{"EventId":%d,"ParcelId":%d,"Type":"STATUS","CreatedDateTimeUtc":"2021-05-11T21:11:34Z"%s}\n' \
        "$1" $((5000 + $1 % 7)) "${2:-}"
}

# Given one of each kind of bad event between good ones, then each is a dead letter that says what is wrong,
# and the good ones are in the table.
bad_events() {
    local events=$scratch/bad.ndjson
    {
        event 1
        event 2 ',"EventId":9223372036854775808'
        event 2 ',"EventId":9000000000000000000,"ParcelId":0'
        event 3 ',"StatusCode":"\ud83d alone"'
        printf '{"EventId":4,"ParcelId":5,"Type":"a\0b","CreatedDateTimeUtc":"2021-05-11T21:11:34Z"}\n'
        event 5 ',"StatusCode":"escaped \u0000"'
        event 6 ',"StatusCode":"'"$(printf 'x%.0s' {1..51})"'"'
        event 7 ',"User":{"RunId":100}'
        event 8 ',"ParcelId":2147483648'
        event 9 ',"Note":"a \u0000 elsewhere"'
        printf '{"EventId":10,"ParcelId":5,"Type":"\xff","CreatedDateTimeUtc":"2021-05-11T21:11:34Z"}\n'
        event 11 ',"CreatedDateTimeUtc":"2021-02-29T00:00:00Z"'
        event 12 ',"EventId":"12"'
        event 13 ',"Type":" \t "'
        echo '["EventId",14]'
        echo '"EventId 14"'
        event 15 ',"CreatedDateTimeUtc":"9999-12-31T23:59:59.99999999-00:01"'
        event 16 ',"CreatedDateTimeUtc":"2016-12-31T23:59:60Z"'
        event 17 ',"StatusCode":"'"$(printf '\xc3\xa4%.0s' {1..50})"'"'
        event 18
    } >"$events"
    new_data bad
    sim_start --file "$events"
    runs bad "$scratch/feed.yaml"
    table_equals 'bad events: the good ones are in the table' "$SCANPIPE_DATA/out.db" "$events"
    letters_equal 'bad events: the others are dead letters' "$events" "$scratch/feed.yaml"
    is 'an id of 2^63' "$(letter "Event LIKE '%9223372036854775808%'")" 'malformed|/EventId|'
    is 'an id of 9*10^18 without a parcel' "$(letter "Event LIKE '%9000000000000000000%'")" \
        'malformed|/ParcelId|'
    is 'a lone surrogate' "$(letter "Event LIKE '%alone%'")" 'malformed||'
    is 'a NUL' "$(letter "hex(Event) LIKE '%22610062%'")" 'malformed||'
    is 'a NUL as an escape' "$(letter "EventId = '5'")" 'value|/StatusCode|LatestStatusCode'
    is 'a text that is too long' "$(letter "EventId = '6'")" 'value|/StatusCode|LatestStatusCode'
    is 'a number where text must be' "$(letter "EventId = '7'")" 'value|/User/RunId|LatestRunId'
    is 'a parcel over 2^31' "$(letter "EventId = '8'")" 'value|/ParcelId|ParcelId'
    is 'bytes that are no UTF-8' "$(letter "hex(Event) LIKE '%22FF22%'")" 'malformed||'
    is 'a day that there is not' "$(letter "Event LIKE '%2021-02-29%'")" 'malformed|/CreatedDateTimeUtc|'
    is 'an id as text' "$(letter "Event LIKE '%\"12\"%'")" 'malformed|/EventId|'
    is 'a list' "$(letter "Event LIKE '[%'")" 'malformed||'
    "${scanpipe[@]}" dlq list -c "$scratch/feed.yaml" >"$scratch/bad.list" 2>"$scratch/bad.counted"
    check 'a reason that names its pointer' has_line "$scratch/bad.list" '^  /CreatedDateTimeUtc is '
    is 'names it once' "$(grep -c '(/' "$scratch/bad.list") $(grep -c '^  (/' "$scratch/bad.list")" \
        "$(grep -c '^  [A-Za-z]* (/' "$scratch/bad.list") 0"
}

# Given an event of 10 MB, then it is a dead letter with all its bytes, and its neighbours are written.
huge_event() {
    local events=$scratch/huge.ndjson
    local feed=(--generate --seed "$seed" --events 1500 --gaps 0 --huge-event 700:10000000)
    new_data huge
    sim_start "${feed[@]}"
    sim_print "$events" "${feed[@]}"
    runs huge "$scratch/feed.yaml"
    table_equals 'an event of 10 MB: its neighbours are written' "$SCANPIPE_DATA/out.db" "$events"
    letters_equal 'an event of 10 MB: is kept whole' "$events" "$scratch/feed.yaml"
    is 'an event of 10 MB: says that it is too large' "$(letter 1)" 'too_large||'
}

# Given a feed that is ill in one way, when it was read, then the table is the oracle's, nothing is buried.
ill_feed() { # NAME OPTION...
    local name=$1
    shift
    new_data "ill-$name"
    sim_start --generate --seed "$seed" --events 3000 "$@"
    "$meanwhile" &
    runs "$name" "$scratch/feed.yaml"
    wait "$!"
    table_equals "$name: the table is the oracle's" "$SCANPIPE_DATA/out.db" "$scratch/ill.ndjson"
    is "$name: nothing is buried" "$(letters "$SCANPIPE_DATA/out.db")" 0
}

html_ends() { # when it was seen
    wait_until 20 had_html 3
    sim_set html-for=0
}

had_html() { # TIMES
    [ "$(sim_stat html)" -ge "$1" ]
}

ill_feeds() {
    local meanwhile=:
    sim_print "$scratch/ill.ndjson" --generate --seed "$seed" --events 3000
    meanwhile=html_ends
    ill_feed 'HTML for a while' --html-for 600
    meanwhile=:
    at_least 'HTML for a while: was asked again' "$(sim_stat html)" 3
    ill_feed 'connections reset for a while' --down 1
    ill_feed '401 for a while' --fail-401 4
    check '401 for a while: is told with its cure' has_line "$scratch/401 for a while.log" 'auth.bearer'
    ill_feed '429 with Retry-After' --fail-429 2 --retry-after 1
    at_most '429 with Retry-After: no storm' "$(sim_stat max_requests_per_second)" 40
    ill_feed '503 without' --fail-503 5
    ill_feed 'cut pages' --cut 40% --max-streak 4
    at_least 'cut pages: there were some' "$(sim_stat cut)" 1
    ill_feed 'resets' --reset 40% --max-streak 4
    ill_feed 'slow bytes' --slow 400000
    ill_feed 'small pages' --max-limit 100
}

# Given a feed that no longer has what the cursor asks for, then the gap is told and reading goes on.
retention_window() {
    local feed=(--generate --seed "$seed" --events 3000) count
    new_data window
    sim_start "${feed[@]}" --live 1 --live-from 1000
    runs window "$scratch/feed.yaml"
    sim_start "${feed[@]}" --retention 2500
    runs window "$scratch/feed.yaml"
    check 'retention: the gap is told' has_line "$scratch/window.log" 'gap'
    count=$(query "$SCANPIPE_DATA/out.db" 'SELECT max(LatestEventId) FROM ParcelSummary')
    at_least 'retention: and reading goes on behind it' "$count" 3000
}

bad_events
huge_event
ill_feeds
retention_window
finish
