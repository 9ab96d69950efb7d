#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each pipeline in conf/ is checked and run, as it stands.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

new_data conf
export EVENTS=$scratch/events.ndjson
feed=(--generate --seed "$seed" --events 3000 --parcels 300)
sim_print "$EVENTS" "${feed[@]}"
sim_start "${feed[@]}" --shuffle

check_passes() { # FILE
    check "${1##*/}: check finds no mistake" "${scanpipe[@]}" check -c "$1"
}

summary_table() { # NAME DB
    runs "$1" "$conf/$1.yaml"
    table_equals "$1.yaml: the table is the oracle's" "$SCANPIPE_DATA/$2" "$EVENTS"
}

history() {
    local wanted
    runs history "$conf/history.yaml"
    wanted=$(python3 - "$EVENTS" <<'PYTHON'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
for event in sorted(events, key=lambda event: event["EventId"]):
    kind = event["Type"].upper()
    if kind in ("PICKUP", "DELIVERY", "STATUS"):
        print(event["ParcelId"], event["EventId"], kind, event["Device"]["DeviceId"],
              (event.get("User") or {}).get("CarrierId") or "", sep="|")
PYTHON
    )
    is 'history.yaml: one row an event of a known type' "$(query "$SCANPIPE_DATA/history.db" 'SELECT ParcelId, EventId, Type, DeviceId, Carrier FROM ScanHistory
        ORDER BY EventId' | sha256sum)" "$(sha256sum <<<"$wanted")"
    is 'history.yaml: the others are counted' $(($(summary history events_unwanted) + $(wc -l <<<"$wanted"))) "$(wc -l <"$EVENTS")"
    is 'history.yaml: with the event itself' "$(query "$SCANPIPE_DATA/history.db" 'SELECT count(*) FROM ScanHistory WHERE json_valid(Event)')" "$(wc -l <<<"$wanted")"
    runs 'history again' "$conf/history.yaml"
    is 'history.yaml: a second run adds none' "$(query "$SCANPIPE_DATA/history.db" 'SELECT count(*) FROM ScanHistory')" "$(wc -l <<<"$wanted")"
}

file_to_file() {
    timeout 60 "${scanpipe[@]}" -c "$conf/file-to-file.yaml" >"$scratch/copied.ndjson" 2>"$scratch/copied.log"
    is 'file-to-file.yaml: ends by itself' $? 0
    is 'file-to-file.yaml: each event once, byte for byte' "$(sort "$scratch/copied.ndjson" | sha256sum)" "$(sort "$EVENTS" | sha256sum)"
}

unknown_conf() { # NAME: a file that this test does not know ends by itself, at least
    runs "$1" "$conf/$1.yaml"
}

for file in "$conf"/*.yaml; do
    check_passes "$file"
    name=${file##*/}
    case ${name%.yaml} in
    quickstart) summary_table quickstart quickstart.db ;;
    backfill) summary_table backfill backfill.db ;;
    history) history ;;
    file-to-file) file_to_file ;;
    ingest | deliver) ;; # together, below
    *) unknown_conf "${name%.yaml}" ;;
    esac
done
runs ingest "$conf/ingest.yaml"
summary_table deliver parcels.db
finish
