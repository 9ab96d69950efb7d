#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Debian packages: builds them, has lintian judge them, and lets a bare Debian 12 install, upgrade and purge
# them and run their own tests (debian/tests).  Needs SETUP_PACKAGES of build-aux/setup.sh, root or sudo, and apt's
# sources; a folder that may be mounted on is enough of a file system.
#
# usage: tests/packaging/deb_test.sh [FOLDER]      FOLDER: packages that were built, instead of building them
set -u
src=$(cd "$(dirname "$0")/../.." && pwd)
. "$src/tests/e2e/tap.sh"
# shellcheck source=tests/packaging/debs.sh
. "$src/tests/packaging/debs.sh"
as=()
[ "$(id -u)" -eq 0 ] || as=(sudo "--preserve-env=http_proxy,https_proxy,no_proxy")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/scanpipe-deb-XXXXXX")
chmod 755 "$scratch" # apt's own user looks in
root=$scratch/bare
clean_up() {
    wait
    unmount_all
    "${as[@]}" rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

log_of() { tail -n "${2:-40}" "$1"; } # FILE [LINES]

# What programs expect to be there.  The system is mounted on itself, so that what is mounted in it is seen
# nowhere else, and all can be unmounted at once.
mount_all() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    "${as[@]}" sh -ec '
        mount --bind "$1" "$1"
        mount --make-private "$1"
        for at in proc sys dev dev/pts; do mount --bind "/$at" "$1/$at"; done' mount_all "$root"
}
unmount_all() { ! mountpoint -q "$root" || "${as[@]}" umount -R "$root" || "${as[@]}" umount -lR "$root"; }

plan 6

"${as[@]}" bash "$src/tests/packaging/bare_debian.sh" "$root" >"$scratch/bare.log" 2>&1 &
bare_pid=$!

if [ $# -gt 0 ]; then
    cp -r "$1" "$scratch/out" >"$scratch/build.log" 2>&1
else
    debs_build "$scratch/out" >"$scratch/build.log" 2>&1
fi
ok "the packages are built" $? "$(log_of "$scratch/build.log")"

lintian -EvIL +pedantic --fail-on warning --allow-root --tag-display-limit 0 "$scratch"/out/*.changes \
    >"$scratch/lintian.log" 2>&1 &
lintian_pid=$!

wait "$bare_pid"
ok "a bare Debian 12 is made" $? "$(log_of "$scratch/bare.log")"

mkdir "$scratch/debs"
for deb in "$scratch"/out/*.deb; do
    case $deb in *-dbgsym_*) continue ;; esac
    cp "$deb" "$scratch/debs/"
done
debs_newer "$scratch/debs" "$scratch/newer"
"${as[@]}" mkdir "$root/life"
"${as[@]}" cp -r "$scratch/debs" "$scratch/newer" "$src/tests/packaging/deb_life.sh" "$src/tests/e2e/tap.sh" \
    "$src/debian/tests/service.sh" "$root/life/"
mount_all
out=$("${as[@]}" chroot "$root" env -i bash /life/deb_life.sh 2>&1)
ok "installed, run, upgraded, removed and purged there" $? "$out"
[ -z "${SCANPIPE_TEST_VERBOSE:-}" ] || sed 's/^/# /' <<<"$out"

# It makes a folder of this name on both sides.
"${as[@]}" env -u TMPDIR autopkgtest -q --no-built-binaries "$scratch"/debs/*.deb "$scratch"/out/*.dsc -- \
    chroot "$root" >"$scratch/autopkgtest.log" 2>&1
ok "their own tests pass there" $? "$(log_of "$scratch/autopkgtest.log" 60)"
[ -z "${SCANPIPE_TEST_VERBOSE:-}" ] || sed 's/^/# /' "$scratch/autopkgtest.log"

wait "$lintian_pid" && [ ! -s "$scratch/lintian.log" ]
ok "lintian has nothing to say about them" $? "$(cat "$scratch/lintian.log")"

unmount_all
! grep -q " $scratch/" /proc/self/mounts
ok "nothing stays mounted" $? "$(grep " $scratch/" /proc/self/mounts)"
tap_end
