#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tells the stories of the stub.  usage: SQS_STUB_URL=... stub_test.py; prints TAP without a plan."""
import importlib
import os
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stories_faults  # noqa: E402
import stories_messages  # noqa: E402
import stories_refused  # noqa: E402
import stories_who  # noqa: E402
from story import admin  # noqa: E402


def stories():
    modules = [stories_messages, stories_refused, stories_who, stories_faults]
    try:
        modules.append(importlib.import_module("stories_botocore"))
    except ImportError as error:
        print(f"# without botocore: {error}")
    return [(name[5:].replace("_", " "), work) for module in modules for name, work in vars(module).items()
            if name.startswith("test_")]


def main():
    failed = 0
    for number, (name, work) in enumerate(stories(), 1):
        admin("reset")
        try:
            work()
        except Exception:  # whatever it is, it is this story's
            failed += 1
            print(f"not ok {number} - {name}")
            print("#  " + traceback.format_exc().replace("\n", "\n#  "), flush=True)
        else:
            print(f"ok {number} - {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
