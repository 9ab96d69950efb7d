#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The .rpm packages: builds them, has rpmlint judge them, installs them into a folder with a database of its own, runs
# the program and its plugins in there, and erases them.  Needs SETUP_RPM of build-aux/setup.sh, and root or sudo.
#
# usage: tests/packaging/rpm_test.sh [FOLDER]      FOLDER: what rpmbuild made (its _topdir), instead of building
set -u
src=$(cd "$(dirname "$0")/../.." && pwd)
. "$src/tests/e2e/tap.sh"
as=()
[ "$(id -u)" -eq 0 ] || as=(sudo)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/scanpipe-rpm-XXXXXX")
chmod 755 "$scratch"
root=$scratch/root
spec=$src/packaging/rpm/scanpipe.spec
version=$(bash "$src/build-aux/version.sh")
abi=$(sed -n 's/^#define SP_ABI_MAJOR //p' "$src/core/include/scanpipe/plugin.h")
sim_pid=''
clean_up() {
    [ -z "$sim_pid" ] || "${as[@]}" kill "$sim_pid" 2>/dev/null
    "${as[@]}" rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

log_of() { tail -n "${2:-40}" "$1"; } # FILE [LINES]

# rpmbuild as Fedora's would end: manual pages compressed, binaries stripped.  Debian's own scripts for that are
# bash's in part, and leave the symbols.
build() { # OPTION... SPEC
    rpmbuild --nodeps --define "_topdir $top" --define "_tmppath $scratch" --define "_smp_mflags -j$(nproc)" \
        --define "__brp_compress bash /usr/lib/rpm/brp-compress /usr" \
        --define '__brp_strip strip --strip-unneeded %{buildroot}%{_bindir}/* %{buildroot}%{_libdir}/scanpipe/plugins/*.so' \
        --define 'debug_package %{nil}' "$@"
}

# What the packages ask of Fedora's others, as a package: with it no rpm below needs --nodeps.
stand_in() {
    {
        printf 'Name: the-others\nVersion: 1\nRelease: 1\nSummary: What Fedora has\nLicense: none\nBuildArch: noarch\n'
        rpm -qp --requires "${rpms[@]}" | grep -vE '^(scanpipe|rpmlib)' | sort -u | sed 's/^/Provides: /'
        printf '%%description\nWhat Fedora has.\n%%files\n'
    } >"$scratch/the-others.spec"
    build --target noarch --define '__os_install_post %{nil}' -bb "$scratch/the-others.spec" >"$scratch/the-others.log" 2>&1
}

in_root() { "${as[@]}" rpm --root "$root" --dbpath /var/lib/rpm "$@"; }

run() { "${as[@]}" env -i PATH=/usr/sbin:/usr/bin "${@:2}" chroot "$root" /usr/bin/scanpipe "${arguments[@]}" >"$scratch/$1" 2>"$scratch/$1.log"; }

# Libraries that the installed files are linked with: this machine's, at their places.
lend_libraries() {
    find "$root/usr/bin" "$root/usr/lib64/scanpipe" -type f -exec ldd {} + | grep -oE '/[^ ]+\.so[^ ]*' | sort -u |
        grep -v "^$root" | while read -r library; do
        "${as[@]}" mkdir -p "$root$(dirname "$library")"
        "${as[@]}" cp -L "$library" "$root$library"
    done
}

plan 22
if [ $# -gt 0 ]; then
    top=$(cd "$1" && pwd)
    ok "the packages are built" 0
else
    # given: a release
    top=$scratch/top
    mkdir -p "$top/SOURCES"
    tar -C "$src/.." --exclude-vcs --exclude='build-all' --exclude='*.o' --transform "s,^${src##*/},scanpipe-$version," \
        -I 'xz -1' -cf "$top/SOURCES/scanpipe-$version.tar.xz" "${src##*/}"
    # when
    build --without check -ba "$spec" >"$scratch/build.log" 2>&1
    ok "the packages are built" $? "$(log_of "$scratch/build.log")"
fi
mapfile -t rpms < <(find "$top/RPMS" -name 'scanpipe*.rpm' | sort)

# then
is "they are the four of this version" "$(rpm -qp --qf '%{NAME} %{VERSION}\n' "${rpms[@]}" | sort)" \
    "$(printf "%s $version\n" scanpipe scanpipe-devel scanpipe-plugin-odbc scanpipe-plugin-sqs | sort)"
out=$(rpmlint --strict -c "$src/packaging/rpm/rpmlint.toml" "$spec" "${rpms[@]}" "$top"/SRPMS/scanpipe*.src.rpm 2>&1)
ok "rpmlint has nothing against them" $? "$out"
main=$(ls "$top"/RPMS/*/scanpipe-"$version"-*.rpm)
sqs=$(ls "$top"/RPMS/*/scanpipe-plugin-sqs-*.rpm)
has "scanpipe says which plugins it takes" "$(rpm -qp --provides "$main")" "scanpipe-abi-$abi ="
has "and a plugin says which it is for" "$(rpm -qp --requires "$sqs")" "scanpipe-abi-$abi"
out=$(rpm -qp --provides "${rpms[@]}" | grep '\.so')
is "plugins pass for nobody's libraries" "$out" ""
out=$(rpm -qp --qf '[%{FILENAMES}\n]' "${rpms[@]}" | grep -E '\.la$|/usr/local|/doc/.*\.(c|o)$')
is "nothing is there that was only built with" "$out" ""

out=$(rpm -qp --qf '[%{FILENAMES}\n]' "${rpms[@]}")
is "each program has its page" "$(sed -n 's,^/usr/bin/,,p' <<<"$out" | sort)" \
    "$(sed -n 's,^/usr/share/man/man1/\(.*\)\.1\.gz$,\1,p' <<<"$out" | sort)"

# given: the macros that Fedora has, as stand-ins
out=$(rpmspec -P --define 'dist .fc42' --define '_unitdir /usr/lib/systemd/system' \
    --define 'systemd_post() POST %{?*}' --define 'systemd_preun() PREUN %{?*}' \
    --define 'systemd_postun_with_restart() RESTART %{?*}' "$spec" 2>&1 | grep -E '^(POST|PREUN|RESTART|Release:)' | tr -s ' ')
is "there the service follows installation, update and erasure" "$out" \
    "$(printf '%s\n' 'Release: 1.fc42' 'POST scanpipe@\*.service' 'PREUN scanpipe@\*.service' \
    'RESTART scanpipe@\*.service' 'RESTART scanpipe@\*.service' 'RESTART scanpipe@\*.service')"

# given: an empty system, with what Fedora has
mkdir "$root"
stand_in
in_root --initdb && in_root -i --force-debian "$top"/RPMS/noarch/the-others-*.rpm
ok "an empty system is made" $? "$(log_of "$scratch/the-others.log" 15)"
out=$(in_root -i --force-debian "$sqs" 2>&1)
[ $? -ne 0 ] && [ "${out#*scanpipe-abi-"$abi" is needed}" != "$out" ]
ok "a plugin is not installed without scanpipe" $? "$out"
# The owner of /etc/scanpipe is made by systemd's triggers, which are none of here.
out=$(in_root -i --force-debian "${rpms[@]}" 2>&1 | grep -v 'does not exist - using root')
is "they are installed" "$out" ""
out=$(in_root -V --nogroup scanpipe scanpipe-plugin-sqs scanpipe-plugin-odbc scanpipe-devel 2>&1)
ok "and are what was packaged" $? "$out"
lend_libraries

# when: the packaged program runs where it was installed
arguments=(--version)
run version
has "the installed program runs" "$(cat "$scratch/version" "$scratch/version.log")" "scanpipe $version"
arguments=(plugins)
run plugins
is "and finds every plugin" "$(grep -oE '/usr/lib64/scanpipe/plugins/[a-z_]+\.so' "$scratch/plugins" | sort -u | wc -l)" 10
out=$(readelf -dW "$root/usr/bin/scanpipe" "$root"/usr/lib64/scanpipe/plugins/*.so | grep -E 'R(UN)?PATH')
is "which look for libraries where all do" "$out" ""
out=$(python3 "$src/tests/packaging/hardening.py" "$root"/usr/bin/* "$root"/usr/lib64/scanpipe/plugins/*.so)
ok "and are hardened" $? "$out"

"${as[@]}" mkdir -m 777 "$root/data" "$root/tmp"
"$root/usr/bin/scanapi-sim" --generate --seed 6 --events 500 --parcels 50 --print-all >"$root/data/events.ndjson"
arguments=(-c /usr/share/doc/scanpipe/examples/file-to-file.yaml)
run copied EVENTS=/data/events.ndjson
cmp -s <(sort "$root/data/events.ndjson") <(sort "$scratch/copied")
ok "the packaged example copies a file, event by event" $? "$(log_of "$scratch/copied.log")"

"${as[@]}" chroot "$root" /usr/bin/scanapi-sim --generate --seed 6 --events 500 --parcels 50 --port 0 --lifetime 120 \
    >"$scratch/sim" 2>&1 &
sim_pid=$!
for _ in {1..100}; do grep -q '^listening' "$scratch/sim" && break; sleep 0.1; done
arguments=(-c /usr/share/doc/scanpipe/examples/quickstart.yaml --until-caught-up --json)
run job SCANPIPE_DATA=/data SCAN_API_URL="$(sed -n 's/^listening on //p' "$scratch/sim")"
ok "the packaged quickstart runs" $? "$(cat "$scratch/job.log" "$scratch/sim")"
is "and has a row a parcel" "$(python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(
    "SELECT count(*) FROM ParcelSummary").fetchone()[0])' "$root/data/quickstart.db")" 50

# when: erased, with a pipeline of the user's
"${as[@]}" cp "$root/usr/share/doc/scanpipe/examples/file-to-file.yaml" "$root/etc/scanpipe/mine.yaml"
out=$(in_root -e scanpipe 2>&1)
[ $? -ne 0 ] && [ "${out#*scanpipe-abi-"$abi" is needed by}" != "$out" ]
ok "scanpipe stays as long as its plugins do" $? "$out"
in_root -e scanpipe scanpipe-plugin-sqs scanpipe-plugin-odbc scanpipe-devel >"$scratch/erase.log" 2>&1
is "erased, they leave the user's pipeline, and nothing else" \
    "$(cd "$root" && "${as[@]}" find . -name '*scanpipe*' -o -path './etc/*' -type f | sort)" \
    "$(printf './etc/scanpipe\n./etc/scanpipe/mine.yaml')"
tap_end
