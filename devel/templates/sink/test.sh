#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Does the sink keep the contract, and does a pipeline write its events?     usage: sh test.sh PLUGIN.so
set -eu
plugin=$(realpath "$1")
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# ${KIT_DIR} is for the kit: a new folder for each check.
# shellcheck disable=SC2016
"${SCANPIPE_KIT:-scanpipe-kit}" sink "$plugin" 'path=${KIT_DIR}/out.ndjson' --output '${KIT_DIR}/out.ndjson' --jobs 4

# Half a line, as a crash leaves it, is cut off; the second run appends.
printf '{"EventId": 0, "ParcelId' >"$scratch/out.ndjson"
for _ in 1 2; do
    SCANPIPE_PLUGIN_PATH=$(dirname "$plugin")${SCANPIPE_PLUGIN_PATH:+:$SCANPIPE_PLUGIN_PATH} \
        OUT=$scratch/out.ndjson "${SCANPIPE:-scanpipe}" -q -c pipeline.yaml --until-caught-up
done
sort events.ndjson events.ndjson >"$scratch/expected"
sort "$scratch/out.ndjson" | diff "$scratch/expected" -
echo "# the pipeline has written every event"
