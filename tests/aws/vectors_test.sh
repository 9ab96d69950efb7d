#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The signatures that the unit test compares with are those that botocore makes.
set -u
src=${srcdir:-.}
. "$src/tests/e2e/tap.sh"
plan 1
python=
for one in python3 /usr/bin/python3; do
    "$one" -c 'import botocore' 2>/dev/null && python=$one
done
if [ -z "$python" ]; then
    skip "the vectors are botocore's" "python3-botocore is not installed"
else
    out=$("$python" -B "$src/tests/aws/sign_vectors.py" | diff - "$src/tests/unit/sign_vectors.h")
    ok "the vectors are botocore's" $? "$out"
fi
tap_end
