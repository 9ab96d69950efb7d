#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Each check/NAME.yaml is given to `scanpipe check`; what it prints, and its exit code, must be what
# check/NAME.txt says.  `check_test.sh --regenerate` writes those files anew: look at them.
#
# Needs: SCANPIPE (the program), STUB_PLUGINS (the folders of tests/plugins, built), srcdir.

set -u
here=$(cd "${srcdir:-.}/tests/e2e" && pwd)
top=${top_builddir:-.}
program=$(realpath "${SCANPIPE:-$top/scanpipe}")
stubs=${STUB_PLUGINS:-$(realpath "$top/tests/plugins"):$(realpath -m "$top/tests/plugins/.libs")}
# shellcheck source=tests/e2e/tap.sh
. "$here/tap.sh"

unset SCAN_TEST_UNSET
export SCAN_TEST_WORKERS=4 SCAN_TEST_SECRET=hunter2 SCAN_TEST_WORD=many
export SCANPIPE_PLUGIN_PATH=$stubs${SCANPIPE_PLUGIN_PATH:+:$SCANPIPE_PLUGIN_PATH}
version=$("$program" --version | cut -d' ' -f2)

# What differs from one machine to the next: folders and the version.
answer()
{
    (cd "$here/check" && "$program" check -c "$1" 2>&1; echo "exit $?") |
        sed -e 's,[^ ]*/\([a-z]*_[a-z_]*\.so\),PLUGINS/\1,g' -e "s/ ${version//./\\.} (.*)$/ VERSION/"
}

files=("$here"/check/*.yaml)
if [ "${1:-}" = --regenerate ]; then
    for file in "${files[@]}"; do
        answer "$(basename "$file")" >"${file%.yaml}.txt"
    done
    exit 0
fi

plan ${#files[@]}
for file in "${files[@]}"; do
    name=$(basename "$file" .yaml)
    got=$(answer "$name.yaml")
    if difference=$(diff -u "$here/check/$name.txt" <(echo "$got")); then
        ok "$name" 0
    else
        ok "$name" 1 "$difference"
    fi
done
tap_end
