#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The TDS server and the proxy of this folder, seen by the real FreeTDS: what they claim of SQL Server and of
# lost answers is what the driver sees.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

skip_all() { # REASON
    echo "1..0 # SKIP $1"
    exit 0
}

command -v python3 >/dev/null || skip_all 'python3 is not installed'
command -v tsql >/dev/null || skip_all 'tsql is not installed (Debian: freetds-bin)'
command -v isql >/dev/null || skip_all 'isql is not installed (Debian: unixodbc)'
odbcinst -q -d -n FreeTDS >/dev/null 2>&1 || skip_all 'no ODBC driver FreeTDS (Debian: tdsodbc)'
python3 -c 'import ctypes; ctypes.CDLL("libodbc.so.2")' 2>/dev/null || skip_all 'there is no libodbc.so.2'

# The machine's settings, and those of whoever runs this, are not part of the test.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/scanpipe-tds-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
chmod 711 "$scratch"
printf '[global]\n' >"$scratch/freetds.conf"
export FREETDSCONF=$scratch/freetds.conf ODBCINI=$scratch/odbc.ini LC_ALL=C.UTF-8
export TMPDIR=$scratch
unset TDSDUMP TDSVER TDSPORT TDSHOST TDSQUERY

python3 -B "$here/tds_stories.py" "$@"
