#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the Debian packages, unsigned, and their source package.
#
# usage: packaging/deb.sh OUTDIR [TARBALL]
#
# Without TARBALL (scanpipe-VERSION.tar.xz) the release is made from this tree: a checkout, built in or
# not, or what a release was unpacked to.  DEB_BUILD_OPTIONS is heeded ("parallel=4 nocheck"; without what
# the tests need also DEB_BUILD_PROFILES=nocheck), and so is DEB_BUILD_IN, the folder to build in.  The same
# sources give the same bytes, wherever they are built.
set -euo pipefail
src=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 1 ] && [ $# -le 2 ] || { sed -n '5,11p' "$0" >&2; exit 64; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
tarball=${2:+$(realpath "$2")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

version=$(cd "$src" && sh build-aux/version.sh)
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l"$src/debian/changelog" -STimestamp)
export SOURCE_DATE_EPOCH
packaged=$(dpkg-parsechangelog -l"$src/debian/changelog" -SVersion)
[ "${packaged%-*}" = "$version" ] ||
    { echo "debian/changelog is at $packaged, the tree at $version" >&2; exit 65; }

# release FOLDER: leaves the files of a release in FOLDER/scanpipe-VERSION
release() {
    if [ -f "$src/.tarball-version" ]; then
        mkdir "$1/scanpipe-$version"
        tar -c -C "$src" --exclude=./build-all . | tar -x -C "$1/scanpipe-$version"
        return
    fi
    local made=$src
    if [ ! -f "$src/config.status" ]; then
        [ -x "$src/configure" ] || (cd "$src" && autoreconf -fi)
        made=$work/made
        mkdir "$made"
        (cd "$made" && "$src/configure" -q)
    fi
    make -s -C "$made" distdir distdir="$1/scanpipe-$version"
}

if [ -z "$tarball" ]; then
    tarball=$work/scanpipe-$version.tar.xz
    release "$work" >"$work/release.log" 2>&1 || { tail -n 60 "$work/release.log" >&2; exit 70; }
    find "$work/scanpipe-$version" \( -type d -o -perm /111 \) -exec chmod 755 {} + -o -exec chmod 644 {} +
    XZ_OPT=-T1 tar -cJf "$tarball" -C "$work" --format=pax --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
        --owner=0 --group=0 --numeric-owner --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
        "scanpipe-$version"
    rm -rf "${work:?}/scanpipe-$version"
fi

build=${DEB_BUILD_IN:-$work/build}
mkdir -p "$build"
cp "$tarball" "$build/scanpipe_$version.orig.tar.xz"
rm -rf "${build:?}/scanpipe-$version"
tar -xf "$tarball" -C "$build"
if [ $# -eq 2 ]; then # a release of others need not have them, or these
    rm -rf "$build/scanpipe-$version/debian"
    cp -r "$src/debian" "$build/scanpipe-$version/debian"
fi
(cd "$build/scanpipe-$version" && dpkg-buildpackage -us -uc) >"$build/build.log" 2>&1 ||
    { tail -n 60 "$build/build.log" >&2; exit 70; }
cp "$build"/scanpipe*_"$version"* "$build/build.log" "$out/"
ls -1 "$out"
