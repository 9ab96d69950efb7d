#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Torture: the Nth allocation, the Nth call into SQLite, libcurl or the file system fails.  A sample of N;
# `torture.sh --all` by hand for every N, and what else torture.py takes.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
faults=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
shim=$build/tests/faults/.libs/shim.so
[ -f "$shim" ] || skip_all "the shim was not built ($shim)"

# Two that wait for each other's lock give up when the call's time is over.
quick='timeout: 3s, retry: {initial: 5ms, max: 50ms, refused: 20ms}'
feed=(--generate --seed "$seed" --events 300 --malformed 3)

torture_conf() { # NAME, its source and sink on standard input
    write_conf "$scratch/$1.yaml" <<YAML
name: torture
queue: {path: "\${SCANPIPE_DATA}/queue.db", visibility_timeout: 2s, pack: {events: 50}, $quick}
$(cat)
YAML
}

torture_conf file <<YAML
source: {plugin: file, path: "$scratch/events.ndjson", $quick}
sink: {path: "\${SCANPIPE_DATA}/out.db", batch: {events: 100}, $quick}
YAML
torture_conf feed <<YAML
source: {plugin: scanapi, url: "\${SCAN_API_URL}", page_size: 100, poll_interval: 50ms, $quick}
sink: {path: "\${SCANPIPE_DATA}/out.db", batch: {events: 100}, $quick}
YAML
cat >"$scratch/lines.yaml" <<YAML
name: torture
queue: {path: "\${SCANPIPE_DATA}/queue.db", visibility_timeout: 2s, pack: {events: 50}, $quick}
source: {plugin: file, path: "$scratch/events.ndjson", $quick}
sink: {plugin: file, path: "\${SCANPIPE_DATA}/out.ndjson", batch: {events: 100}, $quick}
YAML

sim_print "$scratch/events.ndjson" "${feed[@]}"
sim_start "${feed[@]}"

# A sanitizer wants to be the first; allocations are its own then.
preload=$shim families=()
if sanitized; then
    preload="$(ldd "${scanpipe[-1]}" | awk '/lib[at]san/ { print $3 }') $shim"
    families=(--family sqlite --family curl --family file)
fi

ulimit -c 0
python3 "$faults/torture.py" --scanpipe "${scanpipe[*]}" --preload "$preload" --confs "$scratch" \
    --events "$scratch/events.ndjson" --scratch "$scratch" --seed "$seed" --patience $((30 * patience)) \
    ${families[@]+"${families[@]}"} "$@"
exit
