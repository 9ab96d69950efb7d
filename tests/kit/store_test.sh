#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The stores of state and of dead letters that we ship keep the contract.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/lib.sh"

for kind in state letters; do
    conforms "$kind memory" $kind memory
    for home in queue_sqlite sink_sqlite; do
        if object=$(plugin $home); then
            conforms "$kind of $home" $kind "$object" 'path=${KIT_DIR}/store.db'
        fi
    done
done
small=$build/tests/plugins/.libs/letters_small.so
[ ! -e "$small" ] || conforms "a store of few and small letters" letters "$small" 'path=${KIT_DIR}/letters'
finish
