#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each layer of the core includes only what stands below it, that plugins include the public
headers alone, and prints what does not.  usage: layers.py SOURCE-DIR"""
import pathlib
import re
import sys

LAYERS = ["base", "config", "plugin", "table", "engine", "ops", "cmd"]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def core_faults(path, layer):
    for quote, name in INCLUDE.findall(path.read_text()):
        first = name.split("/")[0]
        if quote == '"' and "/" not in name:
            yield f"{path}: include \"{name}\" with its layer, as \"{layer}/{name}\""
        elif first in LAYERS and quote == '"' and LAYERS.index(first) > LAYERS.index(layer):
            yield f"{path}: layer '{layer}' may not include \"{name}\", which stands above it"


def plugin_faults(path, root):
    own = path.relative_to(root / "plugins").parts[0]
    for quote, name in INCLUDE.findall(path.read_text()):
        here = (path.parent / name).exists() or name.startswith(("lib_", own + "/"))
        if quote == '"' and not here:
            yield f"{path}: a plugin may include <scanpipe/...>, its own and lib_* headers, not \"{name}\""
        if name.startswith(tuple(layer + "/" for layer in LAYERS)):
            yield f"{path}: a plugin may not include \"{name}\" of the core"


def public_faults(path):
    for quote, name in INCLUDE.findall(path.read_text()):
        if quote == '"':
            yield f"{path}: a public header may not include \"{name}\""


def main(root):
    root = pathlib.Path(root)
    faults = []
    for layer in LAYERS:
        for path in sorted((root / "core" / layer).glob("*.[ch]")):
            faults += core_faults(path, layer)
    for path in sorted((root / "plugins").glob("*/*.[ch]")):
        faults += plugin_faults(path, root)
    for path in sorted((root / "core/include/scanpipe").glob("*.h")):
        faults += public_faults(path)
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
