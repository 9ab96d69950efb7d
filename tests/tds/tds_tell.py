#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tells tds_server.py or tds_proxy.py something over the admin port; for shell.

  tds_tell.py PORT VERB [MEMBER=JSON...]

prints records one a line and other answers as one object; fails where the answer is an error.  A value that
is no JSON is text: tds_tell.py 4711 wait 'where={"event": "effect"}' seconds=5
"""
import json
import sys

sys.dont_write_bytecode = True
from tds_control import tell  # noqa: E402


def value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    request = {"do": sys.argv[2]}
    for word in sys.argv[3:]:
        name, _, text = word.partition("=")
        request[name] = value(text)
    try:
        answer = tell(sys.argv[1], request)
    except (OSError, ValueError) as bad:
        sys.exit("%s: %s" % (sys.argv[2], bad))
    for record in answer.pop("records", []):
        print(json.dumps(record, ensure_ascii=False))
    if answer:
        print(json.dumps(answer, ensure_ascii=False))


main()
