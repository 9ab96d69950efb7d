#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job into a real PostgreSQL server, with the poller's record and the dead letters there too: the table
# is the oracle's, whatever the feed does, with several processes, and with the server killed again and again.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
# shellcheck source=tests/odbc/real_postgres.sh
. "$root/tests/odbc/real_postgres.sh"

main_conf() { # FILE
    write_main "$1" "$(stage_there)"
}

as_the_oracle() { # NAME FILE
    table_as_the_oracle "$1: the table is the oracle's" "$events"
    at_least "$1: there are rows" "$(wc -l <"$scratch/rows")" 100
    letters_equal "$1: the dead letters are what can be in no row" "$events" "$2"
    queue_is_empty "$1: the queue is empty" "$SCANPIPE_DATA/queue.db"
    is "$1: ProcessingState shows how far it came" "$(sql 'SELECT "Pipeline", "LastEventId" FROM "ProcessingState"')" \
        "main|$(sql "SELECT convert_from(\"Value\", 'UTF8')::json ->> 'at' FROM \"PipelineState\" WHERE \"Name\" = 'poller'")"
}

feed=(--generate --seed "$seed" --events "$(scaled 20000 4000)" --parcels 3000 --malformed 1 --repeat 1 --stale 1)
events=$scratch/events.ndjson
sim_print "$events" "${feed[@]}"
sim_start "${feed[@]}"

one_process() {
    new_database plain
    main_conf "$scratch/plain.yaml"
    runs plain "$scratch/plain.yaml"
    as_the_oracle plain "$scratch/plain.yaml"
    local before
    before=$(rows | sha256sum)
    runs again "$scratch/plain.yaml"
    is 'a second run leaves the table as it is' "$(rows | sha256sum)" "$before"
    check 'no log tells the password' not grep -F "$postgres_password" "$scratch"/*.log
}

server_restarts() { # kills it, as a crash of the machine would
    postgres_kill
    sleep 0.5
    postgres_run >/dev/null || bail 'PostgreSQL does not start again'
}

# Given events that come over some seconds, and four processes, when the server is killed meanwhile.
four_processes() {
    local pids=() number
    new_database crowd
    sim_start "${feed[@]}" --live "$(scaled 4000 800)"
    main_conf "$scratch/crowd.yaml"
    for number in 1 2 3 4; do
        start_pipeline "crowd.$number" "$scratch/crowd.yaml"
        pids+=("$PID")
    done
    for number in 1 2 3; do
        sleep 0.8
        server_restarts
    done
    for number in "${pids[@]}"; do stop "$number"; done
    check 'crowd: the server was missed' grep -qE 'sink: (uncertain|unavailable)' "$scratch"/crowd.[1-4].log
    runs crowd "$scratch/crowd.yaml"
    as_the_oracle crowd "$scratch/crowd.yaml"
}

# Given a password that is changed while it runs, when the file with the new one comes later, then nobody is needed.
rotated_password() {
    new_database rotated
    main_conf "$scratch/rotated.yaml"
    sim_start "${feed[@]}" --live "$(scaled 4000 800)"
    start_pipeline rotated "$scratch/rotated.yaml"
    local pid=$PID
    sleep 1
    postgres_sql postgres "ALTER ROLE scanpipe PASSWORD 'new;{one}'"
    postgres_password='new;{one}'
    postgres_sql postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'rotated'" >/dev/null
    check 'rotated: the old password is refused' wait_until 20 has_line "$scratch/rotated.log" 'refused: .*password'
    printf '%s' "$postgres_password" >"$scratch/secret"
    check 'rotated: the new one is read and works' wait_until 20 has_line "$scratch/rotated.log" 'works again'
    stop "$pid"
    runs rotated "$scratch/rotated.yaml"
    as_the_oracle rotated "$scratch/rotated.yaml"
}

not() {
    ! "$@"
}

one_process
four_processes
rotated_password
finish
