#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the bill of materials of what was built, as SPDX 2.3 in JSON: each program and plugin, and the libraries
# that it links, with their version, licence and where they came from.
#
# usage: sbom.sh VERSION 'MODULE=VERSION...' FILE...       a FILE is a program, or a plugin's .la
#
# The modules are pkg-config's answers to configure; who links what is in the files themselves (NEEDED), and a
# library that dependencies.table does not know is an error.  On Debian a library is the package that it came in,
# elsewhere just its name.  No checksums of our own files: distributions strip them afterwards.
#
# CC, READELF       as configure found them
# SOURCE_DATE_EPOCH the time that it says it was made at, so that two builds are the same bytes
set -eu
export LC_ALL=C
here=$(dirname "$0")
version=$1 modules=$2
shift 2
readelf=${READELF:-readelf}
cc=${CC:-cc}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# real FILE: where libtool put what was linked
real() {
    folder=$(dirname "$1")
    name=$(basename "$1" .la)
    for candidate in "$folder/.libs/$name.so" "$folder/.libs/$name" "$1"; do
        if [ -f "$candidate" ]; then
            echo "$candidate"
            return
        fi
    done
    echo "sbom.sh: $1 was not built" >&2
    return 1
}

# encoded TEXT: as a part of a package URL
encoded() {
    printf %s "$1" | sed 's/%/%25/g; s/:/%3A/g; s/+/%2B/g'
}

# package LIBRARY: the Debian package that this came in, as NAME VERSION ARCHITECTURE
package() {
    command -v dpkg-query >/dev/null || return 0
    path=$($cc -print-file-name="$1")
    path=$(readlink -f "$path") || return 0
    for name in "$path" "/usr$path" "${path#/usr}"; do
        owner=$(dpkg-query -S "$name" 2>/dev/null | sed -n '1s/: .*//p')
        [ -n "$owner" ] || continue
        dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' "$owner"
        return
    done
}

# Who we are among distributions, for those packages.
distribution=$(. /etc/os-release 2>/dev/null && echo "${ID:-}") || distribution=
release=$(. /etc/os-release 2>/dev/null && echo "${VERSION_ID:+$ID-$VERSION_ID}") || release=
vendor=$(. /etc/os-release 2>/dev/null && echo "${NAME:-}") || vendor=

# part|NAME, and needs|NAME|LIBRARY, of each file.
for file in "$@"; do
    path=$(real "$file")
    echo "part|$(basename "$path")"
    "$readelf" -dW "$path" | sed -n "s/.*(NEEDED).*\[\(.*\)\]/needs|$(basename "$path")|\1/p"
done >"$scratch/parts"

# came|LIBRARY|purl, of each library.
sed -n 's/^needs|.*|//p' "$scratch/parts" | sort -u | while read -r library; do
    package "$library" >"$scratch/package"
    read -r name from architecture <"$scratch/package" || continue
    echo "came|$library|pkg:deb/$distribution/$(encoded "$name")@$(encoded "$from")?arch=$architecture&distro=$release"
done >"$scratch/came"

if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
    created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
else
    created=$(date -u +%Y-%m-%dT%H:%M:%SZ)
fi

{
    sed 's/^/table|/' "$here/dependencies.table"
    for module in $modules; do echo "module|$module"; done
    echo "module|glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/.* //')"
    echo "module|gcc=$($cc -dumpfullversion 2>/dev/null || $cc -dumpversion)"
    cat "$scratch/came" "$scratch/parts"
} | "${AWK:-awk}" -F '|' -v version="$version" -v created="$created" -v vendor="$vendor" -f "$here/sbom.awk" \
    >"$scratch/document"

# The document's name is its own: of its contents.
namespace=$(sha256sum <"$scratch/document" | cut -c 1-32)
sed "s/@NAMESPACE@/$namespace/" "$scratch/document"
