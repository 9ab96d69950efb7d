#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What takes longer than one likes to wait: the same tests under sanitizers, fuzzing from the corpora,
# valgrind, distcheck.  Each builds in a folder of its own below build-all/.
#
# usage: tests/check-all.sh SOURCE-DIR [WHAT...]      WHAT: clang asan tsan fuzz valgrind distcheck deb reproducible rpm
#                                                         boot servers mssql
#
# mssql: against the server that SCANPIPE_MSSQL and SCANPIPE_MSSQL_PASSWORD name, see tests/odbc/real_mssql.sh.
set -eu
src=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- clang asan tsan fuzz valgrind distcheck deb reproducible rpm boot servers ${SCANPIPE_MSSQL:+mssql}
seconds=${SCANPIPE_FUZZ_SECONDS:-60}

# A tree that is built in place cannot serve other builds: they get what a release would have.
if [ -f "$src/config.status" ]; then
    make -s -C "$src" distdir >/dev/null
    src=$src/scanpipe-$("$src/build-aux/version.sh")
fi

# configured NAME OPTION...: a build folder with these options
configured() {
    local folder=build-all/$1
    shift
    mkdir -p "$folder"
    cd "$folder"
    [ -f config.status ] || "$src/configure" -q "$@"
    make -s -j"$(nproc)"
}

clang() {
    configured clang --enable-werror CC=clang
}

asan() {
    configured asan --enable-sanitizers=address,undefined --enable-werror CFLAGS='-g -O1'
    # Leaks are valgrind's: the sanitizer's own look for them crashes now and then where threads were.
    ASAN_OPTIONS=detect_leaks=0 SCANPIPE_TEST_SCALE=0.2 make -s -j$((2 * $(nproc))) check
}

tsan() {
    configured tsan --enable-sanitizers=thread --enable-werror CC=clang CFLAGS='-g -O1'
    TSAN_OPTIONS="halt_on_error=1 suppressions=$src/tests/tsan.supp" SCANPIPE_TEST_SCALE=0.2 make -s -j$((2 * $(nproc))) check
}

fuzz() {
    configured fuzz --enable-fuzzers CC=clang CFLAGS='-g -O1'
    local target name
    for target in tests/fuzz/fuzz_*; do
        [ -x "$target" ] || continue
        name=${target##*fuzz_}
        mkdir -p "found/$name"
        echo "fuzzing $name for $seconds s"
        "$target" -max_total_time="$seconds" -print_final_stats=1 "found/$name" "$src/tests/fuzz/corpus/$name" \
            >"fuzz-$name.log" 2>&1 || { tail -n 40 "fuzz-$name.log"; exit 1; }
    done
}

valgrind() {
    configured valgrind --disable-hardening CFLAGS='-g -O1'
    make -s check-valgrind
}

# That all tests run from a release is shown above, whose sources are one; here some of them do, read-only.
distcheck() {
    configured distcheck
    SCANPIPE_TEST_SCALE=0.2 make -s -j"$(nproc)" distcheck DISTCHECK_CONFIGURE_FLAGS=--enable-werror \
        TESTS="tests/lint/lint_test.sh tests/e2e/conf_test.sh tests/e2e/main_job_test.sh tests/kit/store_test.sh" \
        >distcheck.log 2>&1 || { tail -n 60 distcheck.log; exit 1; }
}

# The service in a bare Debian that is booted; where this machine boots no container, it says so.
boot() {
    # shellcheck source=build-aux/setup.sh
    . "$src/build-aux/setup.sh"
    # shellcheck disable=SC2086 # several words
    setup_packages $SETUP_BOOT $SETUP_PACKAGES
    configured boot --enable-werror
    local as=()
    [ "$(id -u)" -eq 0 ] || as=(sudo '--preserve-env=http_proxy,https_proxy,no_proxy')
    "${as[@]}" env top_builddir="$PWD" bash "$src/tests/packaging/boot_test.sh"
}

# The Debian packages, and their life in a bare system.
deb() {
    . "$src/build-aux/setup.sh"
    setup_packages $SETUP_PACKAGES
    bash "$src/tests/packaging/deb_test.sh"
}

# The same packages, byte by byte, whoever builds them, where and when.
reproducible() {
    . "$src/build-aux/setup.sh"
    setup_packages $SETUP_PACKAGES
    bash "$src/tests/packaging/deb_twice_test.sh"
}

# The .rpm packages, built, judged, installed and run in a folder.
rpm() {
    # shellcheck source=build-aux/setup.sh
    . "$src/build-aux/setup.sh"
    # shellcheck disable=SC2086 # several words
    setup_packages $SETUP_RPM
    bash "$src/tests/packaging/rpm_test.sh"
}

# The kit of plugins over servers of SQS that others wrote: leases must end, which takes its time.
servers() {
    configured clang --enable-werror CC=clang
    make -s check TESTS=tests/sqs/kit_servers_test.sh
}

# The kits and the main job against a real SQL Server, or Babelfish.
mssql() {
    configured clang --enable-werror CC=clang
    make -s check TESTS='tests/odbc/real_mssql_test.sh tests/odbc/real_mssql_migrate_test.sh'
}

for what in "$@"; do
    echo "== $what"
    ("$what")
done
