#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs statements of T-SQL on the server of SCANPIPE_MSSQL, and prints their rows as JSON arrays, one a line.

usage: mssql_sql.py DATABASE SQL...
"""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tds"))
import odbc  # noqa: E402


def main():
    string = "%s;Database=%s;ClientCharset=UTF-8;TDS_Version=7.4;PWD={%s};" % (
        os.environ["SCANPIPE_MSSQL"].rstrip("; "), sys.argv[1], os.environ.get("SCANPIPE_MSSQL_PASSWORD", ""))
    try:
        with odbc.Connection(string) as connection:
            for sql in sys.argv[2:]:
                for result in connection.run(sql):
                    for row in result.get("rows", []):
                        print(json.dumps(row))
    except odbc.Failed as failed:
        sys.exit("%s: %s" % (sys.argv[2][:80], failed))


main()
