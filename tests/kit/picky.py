#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a table of a SQLite file reject rows whose Word is 'poison'.  usage: picky.py FILE TABLE"""
import sqlite3
import sys

path, table = sys.argv[1:]
with sqlite3.connect(path) as file:
    for when in "INSERT", "UPDATE":
        file.execute(f"""CREATE TRIGGER "{table}_{when}" BEFORE {when} ON "{table}" WHEN new.Word = 'poison'
                         BEGIN SELECT RAISE(ABORT, 'poison is not taken'); END""")
