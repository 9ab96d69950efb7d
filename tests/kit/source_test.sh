#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The sources that we ship keep the contract: files of each kind, and a feed that is served by scanapi-sim.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/lib.sh"

feed=(--generate --events 700 --seed "$seed")
bad=(--malformed 2 --broken 2)
"$sim" "${feed[@]}" --print >"$scratch/good" || skip_all "scanapi-sim was not built"

{
    head -n 300 "$scratch/good"
    echo 'no JSON'
    tail -n +301 "$scratch/good"
    echo '[1]'
} >"$scratch/file.ndjson"
conforms "source file" source file "path=$scratch/file.ndjson" page_size=50 \
    --expect "$scratch/good" --expect-not-events 2

mkdir "$scratch/folder"
head -n 200 "$scratch/good" | gzip >"$scratch/folder/1.ndjson.gz"
tail -n +201 "$scratch/good" | head -n 250 >"$scratch/folder/2.ndjson"
tail -n +451 "$scratch/good" | gzip >"$scratch/folder/3.gz"
conforms "source file of a folder" source file "path=$scratch/folder" page_size=40 --expect "$scratch/good" \
    --expect-not-events 0
conforms "source file that is followed" source file "path=$scratch/folder" follow=true page_size=90 \
    poll_interval=10ms --expect "$scratch/good"

if plugin source_scanapi >/dev/null; then
    "$sim" "${feed[@]}" "${bad[@]}" --print >"$scratch/served"
    count=$("$sim" "${feed[@]}" "${bad[@]}" --print-bad | wc -l)
    "$sim" "${feed[@]}" "${bad[@]}" --port-file "$scratch/port" --lifetime 300 >/dev/null &
    # shellcheck disable=SC2034 # lib.sh ends it
    child=$!
    for _ in {1..200}; do
        [ -s "$scratch/port" ] && break
        sleep 0.05
    done
    conforms "source scanapi" source scanapi "url=http://127.0.0.1:$(cat "$scratch/port")" page_size=50 \
        --expect "$scratch/served" --expect-not-events "$count"
    printf "url: http://127.0.0.1:%s\npage_size: 70\nauth: {bearer: token}\n" "$(cat "$scratch/port")" >"$scratch/scanapi.yaml"
    conforms "source scanapi with options of a file" source scanapi --options "$scratch/scanapi.yaml" \
        --away "url=http://127.0.0.1:1" --expect "$scratch/served"
fi
finish
