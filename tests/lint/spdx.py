#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which files do not name their licence in their first lines.

Usage: spdx.py SOURCE-DIR

In a clone: every file that git knows.  In a release: every file of a kind that is known to be written by hand.
What cannot hold a line of its own, or must not, is excepted below, with the reason.  A file may name another
licence than ours only if it is listed in OTHERS, as README.md says then.
"""

import fnmatch
import os
import pathlib
import re
import subprocess
import sys

LICENCE = "Apache-2.0"
OTHERS = {}
LOOKED_AT = 5  # lines: #!, <?xml, .TH and the like come first

EXCEPTED = {
    "LICENSE": "the licence itself",
    "*.json": "has no comments; package.json says it in a member of its own",
    "*.ndjson": "has no comments",
    "tests/fuzz/corpus/*": "data: what a fuzzer found, byte by byte",
    "tests/e2e/check/*.txt": "golden: the very text that is printed",
    "tests/e2e/check/empty.yaml": "data: must be empty",
    "tests/e2e/check/no_mapping.yaml": "data: its first line is what is told",
    "tests/e2e/check/unclosed.yaml": "data: its first line is what is told",
    "debian/changelog": "a format of its own, without comments",
    "debian/copyright": "says the licences of all files itself",
    "debian/source/format": "one word",
    "*.png": "a picture",
    "*.svg": "a picture, made by a program",
}

BY_HAND = {".ac", ".am", ".c", ".fish", ".h", ".in", ".m4", ".md", ".mjs", ".mk", ".py", ".rules", ".sh", ".spec",
           ".sql", ".supp", ".toml", ".yaml", ".yml", ".service", ".timer", ".conf",
           ".1", ".3", ".5", ".7", ".8"}
MADE = ("build-aux/ltmain.sh", "build-aux/tap-driver.sh", "Makefile.in", "aclocal.m4", "config.h", "config.h.in", "confdefs.h",
        "completion/*", "m4/libtool.m4", "m4/lt*.m4", "sql/*_migrations.h", "core/cmd/*_templates.h")
NOT_ENTERED = {".git", ".deps", ".libs", "_build", "_inst", "autom4te.cache", "build", "build-all", "found", "demo-data", "node_modules",
               "__pycache__"}


def known_to_git(root):
    """The names of a clone's files, or None where this is none."""
    if not (root / ".git").exists():
        return None
    told = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", root, "ls-files", "-z"],
                          capture_output=True, check=False)
    names = os.fsdecode(told.stdout).split("\0")[:-1]
    return [name for name in names if (root / name).is_file()] if told.returncode == 0 else None


def found(root):
    """The names of the files that were written by hand, by their kind."""
    for folder, folders, files in os.walk(root):
        folders[:] = [one for one in folders if one not in NOT_ENTERED and not one.startswith("scanpipe-")]
        for file in files:
            path = pathlib.Path(folder, file)
            name = str(path.relative_to(root))
            if path.suffix in BY_HAND and not any(fnmatch.fnmatch(name, made) for made in MADE):
                yield name


def wrong(root, name):
    """What is wrong with this file, or None."""
    with open(root / name, encoding="utf-8", errors="replace") as file:
        head = "".join(line for line, _ in zip(file, range(LOOKED_AT)))
    said = re.search(r"SPDX-License-Identifier: ([\w.+-]+(?: (?:WITH|AND|OR) [\w.+-]+)*)", head)
    if not said:
        return "does not name its licence: SPDX-License-Identifier: " + LICENCE
    if said[1] != OTHERS.get(name, LICENCE):
        return "is under " + said[1] + ", which nobody expects"
    return None


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    names = known_to_git(root)
    status = 0
    for name in sorted(found(root) if names is None else names):
        if any(fnmatch.fnmatch(name, pattern) for pattern in EXCEPTED):
            continue
        what = wrong(root, name)
        if what:
            print(f"{name} {what}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
