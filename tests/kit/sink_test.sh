#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The sinks that we ship keep the contract.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/lib.sh"

if plugin sink_sqlite >/dev/null; then
    conforms "sink sqlite" sink sqlite 'path=${KIT_DIR}/rows.db' \
        --picky "python3 '$here/picky.py' \"\$KIT_DIR/rows.db\" \"\$KIT_TABLE\""
fi
conforms "sink file" sink file 'path=${KIT_DIR}/rows.ndjson' --output '${KIT_DIR}/rows.ndjson'
conforms "sink null" sink null
finish
