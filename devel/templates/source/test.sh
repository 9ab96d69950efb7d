#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Does the source keep the contract, and does a pipeline read its events?     usage: sh test.sh PLUGIN.so
set -eu
plugin=$(realpath "$1")
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Small pages, so that there are several, and two lines that are no events.
{
    cat events.ndjson
    echo 'no JSON'
    echo '[1]'
} >"$scratch/mixed.ndjson"
"${SCANPIPE_KIT:-scanpipe-kit}" source "$plugin" path="$scratch/mixed.ndjson" page_bytes=256 \
    --expect events.ndjson --expect-not-events 2 --jobs 4

SCANPIPE_PLUGIN_PATH=$(dirname "$plugin")${SCANPIPE_PLUGIN_PATH:+:$SCANPIPE_PLUGIN_PATH} \
    OUT=$scratch/out.ndjson "${SCANPIPE:-scanpipe}" -q -c pipeline.yaml --until-caught-up
sort events.ndjson >"$scratch/expected"
sort "$scratch/out.ndjson" | diff "$scratch/expected" -
echo "# the pipeline has read every event"
