#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian packages twice, in other folders, at another hour, in another language and with another
# umask: are they the same, byte by byte?
set -u
src=$(cd "$(dirname "$0")/../.." && pwd)
. "$src/tests/e2e/tap.sh"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/scanpipe-twice-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
DEB_BUILD_OPTIONS="parallel=$(nproc) nocheck"
export DEB_BUILD_PROFILES=nocheck DEB_BUILD_OPTIONS

plan 3
(umask 022 && TZ=UTC LC_ALL=C DEB_BUILD_IN=$scratch/a bash "$src/packaging/deb.sh" "$scratch/first") \
    >"$scratch/first.log" 2>&1
ok "the packages are built" $? "$(tail -n 30 "$scratch/first.log")"
(umask 077 && TZ=Asia/Kathmandu LC_ALL=C.UTF-8 DEB_BUILD_IN=$scratch/somewhere/else/entirely \
    bash "$src/packaging/deb.sh" "$scratch/second") >"$scratch/second.log" 2>&1
ok "the packages are built by somebody else" $? "$(tail -n 30 "$scratch/second.log")"

digests() { (cd "$1" && sha256sum ./*.deb ./*.xz ./*.dsc); }
is "and they are the same, with their sources" "$(digests "$scratch/second")" "$(digests "$scratch/first")"
tap_end
