#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which sources of a folder its README.md does not name.

Usage: tables.py FOLDER...

A name may be a pattern (`pipeline*.c`); a header goes with the source of its name.
"""

import fnmatch
import pathlib
import re
import sys


def missing(folder):
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    named = re.findall(r"`([^`\n]+)`", text)
    for path in sorted(folder.glob("*.[ch]")):
        names = {path.name, path.stem + ".c"} if path.suffix == ".h" else {path.name}
        if not any(fnmatch.fnmatch(name, pattern) for name in names for pattern in named):
            yield path


def main():
    found = [path for folder in sys.argv[1:] for path in missing(pathlib.Path(folder))]
    for path in found:
        print(f"{path} is not in its folder's README.md")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
