#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a bare Debian 12 in FOLDER, which does not exist yet: what apt needs, and no more.  As root.
#
# usage: tests/packaging/bare_debian.sh FOLDER
#
# It is thrown away soon, so dpkg need not wait for the disk.
# Its packages come from where this machine's come from: its sources, its apt's settings of the network, its
# resolver and its certificates.
set -euo pipefail
[ $# -eq 1 ] || { sed -n '5p' "$0" >&2; exit 64; }
root=$1
options=$(mktemp)
trap 'rm -f "$options"' EXIT
apt-config dump | grep -E '^Acquire::(http|https|Check-[A-Za-z-]+|Languages|Retries|ForceIPv4)(::.*)? "' >"$options" || true

sources=()
for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian*.list /etc/apt/sources.list.d/debian*.sources; do
    [ ! -s "$file" ] || sources+=("$file")
done
mmdebstrap --quiet --mode=root --variant=apt --aptopt="$options" --aptopt='Acquire::Retries "3"' \
    --dpkgopt=force-unsafe-io \
    bookworm "$root" "${sources[@]}"

cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
fi
