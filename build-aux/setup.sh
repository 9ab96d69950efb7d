# SPDX-License-Identifier: Apache-2.0
# For ./demo, ./check and .ci/run to source: what a bare Debian 12 needs, and building.

SETUP_BUILD="gcc make autoconf automake libtool pkg-config libcurl4-openssl-dev libjson-c-dev libyaml-dev
    libsqlite3-dev libssl-dev zlib1g-dev unixodbc-dev"
SETUP_PACKAGES="build-essential debhelper lintian mmdebstrap mount autopkgtest systemd"
SETUP_DEMO="sqlite3"
SETUP_RPM="rpm rpmlint xz-utils file"
SETUP_TESTS="libcunit1-dev jq clang clang-format libclang-rt-14-dev valgrind mandoc shellcheck python3
    python3-botocore openssl curl gawk procps postgresql odbc-postgresql tdsodbc freetds-bin unixodbc systemd zsh fish"
SETUP_BOOT="mmdebstrap mount systemd-container"

# setup_packages NAME...: installs those that are missing; asks before it uses sudo.
setup_packages() {
    command -v dpkg-query >/dev/null || { echo "not a Debian system: see README.md for what must be there"; return; }
    local missing=() name
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "These Debian packages are needed: ${missing[*]}"
    local as=()
    if [ "$(id -u)" -ne 0 ]; then
        as=(sudo)
        if [ -t 0 ]; then
            read -r -p "Install them with sudo apt-get? [Y/n] " answer
            case $answer in [nN]*) exit 69 ;; esac
        fi
    fi
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null ||
        { "${as[@]}" apt-get update -q >/dev/null &&
            "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null; }
}

# setup_build [CONFIGURE-OPTION...]: leaves ./scanpipe and the plugins in this folder.
setup_build() {
    if [ ! -x configure ] || [ configure.ac -nt configure ] || [ m4/scanpipe.m4 -nt configure ]; then
        echo "Preparing the build ..."
        autoreconf -fi >autoreconf.log 2>&1 || { cat autoreconf.log; exit 70; }
    fi
    if [ ! -f config.status ] || [ $# -gt 0 ]; then
        echo "Configuring ..."
        # shellcheck disable=SC2086 # several options are several words
        ./configure -q "$@" ${CONFIGURE_OPTIONS:-} >configure.out 2>&1 || { cat configure.out; exit 70; }
    fi
    echo "Building ..."
    make -s -j"$(nproc)" >build.log 2>&1 || { cat build.log; exit 70; }
}

# setup_servers: npm, and with it the servers that tests of queue_sqs run against (tests/sqs/servers).  Without
# a registry those tests are skipped, and say so.
setup_servers() {
    command -v npm >/dev/null || setup_packages npm
    bash tests/sqs/servers/install.sh >servers.out 2>&1 ||
        { cat servers.out; echo "Without these servers some tests of queue_sqs are skipped."; }
}
