#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rows of ParcelSummary in PostgreSQL beside the oracle's; to be sourced behind lib.sh and postgres.sh.
# PostgreSQL keeps six digits of a time, cut.
# shellcheck shell=bash

postgres_rows() { # DATABASE: as the oracle prints them
    local columns='"ParcelId", "LatestEventId", "LatestType"'
    show() { echo "to_char(\"$1\", 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"; }
    columns+=", $(show LatestCreatedDateTimeUtc), \"LatestStatusCode\", \"LatestRunId\", $(show PickedUpAtUtc),"
    columns+=" $(show DeliveredAtUtc), \"PickedUpEventId\", \"DeliveredEventId\""
    postgres_sql "$1" "SET TIME ZONE 'UTC'; SELECT json_build_array($columns) FROM \"ParcelSummary\" ORDER BY \"ParcelId\"" |
        python3 -c 'import json, sys
for line in sys.stdin: print(json.dumps(json.loads(line)))'
}

postgres_oracle() { # EVENTS
    # shellcheck disable=SC2154 # lib.sh sets it
    python3 "$here/oracle.py" "$1" | python3 -c 'import json, re, sys
for line in sys.stdin:
    print(json.dumps([re.sub(r"^(....-..-..T..:..:..\.\d{6})\dZ$", r"\1Z", x) if isinstance(x, str) else x
                      for x in json.loads(line)]))'
}
