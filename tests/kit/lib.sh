# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by the tests
#
# For the tests of this folder to source: TAP, a scratch folder, and runs of the suite.
#
#   top_builddir           where the programs are
#   SCANPIPE_SANITIZED=1   slower by far: everything may take longer
#   SCANPIPE_TEST_SEED     repeats a run's chance

set -u
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${top_builddir:-.}" && pwd)
# shellcheck source=tests/e2e/tap.sh
. "$root/tests/e2e/tap.sh"
kit=$build/scanpipe-kit
sim=$build/tools/scanapi_sim/scanapi-sim
seed=${SCANPIPE_TEST_SEED:-$((RANDOM + 1))}
soon=30s lease=800ms
if [ -n "${SCANPIPE_SANITIZED:-}" ] || grep -aqs -e __asan_init -e __tsan_init "$kit"; then
    soon=60s lease=1500ms
fi

scratch=$(mktemp -d "${TMPDIR:-/tmp}/scanpipe-kit-test-XXXXXX")
child=''
clean_up() {
    [ -z "$child" ] || kill "$child" 2>/dev/null
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

[ -x "$kit" ] || {
    echo "1..0 # SKIP scanpipe-kit was not built ($kit)"
    exit 0
}

skip_all() { # REASON
    echo "1..0 # SKIP $1"
    exit 0
}

# The shared object of a plugin of this build tree; fails where it was not built.
plugin() { # KIND_NAME
    [ -e "$build/plugins/$1/.libs/$1.so" ] && echo "$build/plugins/$1/.libs/$1.so"
}

# Runs the suite and tells each of its checks as one of this test's.
conforms() { # NAME ARGUMENT...
    local name=$1 line status
    shift
    "$kit" "$@" --jobs "${jobs:-12}" --soon "$soon" --lease "$lease" --seed "$seed" >"$scratch/out" 2>"$scratch/err"
    status=$?
    while IFS= read -r line; do
        if [[ $line =~ ^(ok|not\ ok)\ [0-9]+\ -\ (.*)$ ]]; then
            tap_told=$((tap_told + 1))
            [ "${BASH_REMATCH[1]}" = ok ] || tap_failed=$((tap_failed + 1))
            echo "${BASH_REMATCH[1]} $tap_told - $name: ${BASH_REMATCH[2]}"
        elif [[ $line == '#'* ]]; then
            echo "$line"
        fi
    done <"$scratch/out"
    ok "$name: the suite's exit status" "$status" "$(cat "$scratch/err")"
}

finish() {
    plan "$tap_told"
    tap_end
    exit
}
