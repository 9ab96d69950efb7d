#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pipelines that tests over ODBC run, and their table beside the oracle's; to be sourced behind lib.sh.  A test has
# `rows`, which prints the table as the oracle does, and what is not as here: `oracle`, `same`.
# shellcheck shell=bash

stage() { # PLUGIN CONNECTION: what each stage on the server has in its block; its password is in `secret`
    echo "plugin: $1, connection: \"$2\", password: \"\${file:$scratch/secret}\", $quick"
}

write_main() { # FILE STAGE [EVENTS]: the main job, with so many events in a batch
    write_conf "$1" <<YAML
name: main
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 200, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db", pack: {events: 50}, visibility_timeout: 5s}
sink: {$2, migrate: true, workers: 3, batch: {events: ${3:-1000}}}
state: {$2}
dead_letters: {$2}
YAML
}

write_parcels() { # FILE STAGE MIGRATE: a job that makes its tables by itself, or does not
    write_conf "$1" <<YAML
name: parcels
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 500, poll_interval: 100ms, $quick}
queue: {path: "\${SCANPIPE_DATA}/queue.db"}
sink: {$2, migrate: $3}
state: {$2, create_tables: $3, timeout: 5s}
dead_letters: {$2, create_tables: $3}
YAML
}

oracle() { # EVENTS
    python3 "$here/oracle.py" "$1"
}

same() { # ORACLE ROWS
    diff "$1" "$2"
}

table_as_the_oracle() { # NAME EVENTS
    rows >"$scratch/rows"
    oracle "$2" >"$scratch/oracle"
    check "$1" same "$scratch/oracle" "$scratch/rows"
}

# ---- The worker that scanpipe replaces

# A feed without repeats and stale events, of which that worker has read a part.
quiet_feed() { # sets quiet, quiet_events
    quiet=(--generate --seed "$seed" --events "$(scaled 6000 1500)" --parcels 500 --malformed 1)
    quiet_events=$scratch/quiet.ndjson
    sim_print "$quiet_events" "${quiet[@]}"
}

cursor_at() {
    field cursor "$("${scanpipe[@]}" cursor show -c "$file" --json)"
}

# The table but for the columns of orders.
values_as_the_oracle() { # NAME EVENTS
    local which
    rows >"$scratch/rows"
    oracle "$2" >"$scratch/oracle"
    for which in rows oracle; do
        python3 -c 'import json, sys
for line in sys.stdin: print(json.dumps(json.loads(line)[:8]))' <"$scratch/$which" >"$scratch/$which.values"
    done
    check "$1" same "$scratch/oracle.values" "$scratch/rows.values"
}
