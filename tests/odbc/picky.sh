#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a table reject rows whose Word is 'poison'.  usage: picky.sh TABLE, with psql's variables set
set -eu
"${PSQL:-psql}" -X -q -v ON_ERROR_STOP=1 -c "ALTER TABLE \"$1\" ADD CHECK (\"Word\" <> 'poison')"
