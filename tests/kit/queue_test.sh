#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The queues that we ship keep the contract.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/lib.sh"

conforms "queue memory" queue memory
if object=$(plugin queue_sqlite); then
    conforms "queue sqlite" queue "$object" 'path=${KIT_DIR}/queue.db'
fi
finish
