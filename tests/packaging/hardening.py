#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What of the compiler's and the linker's protection a program or a shared object lacks.

Usage: hardening.py [--objects] FILE...

With --objects the files are objects that were compiled, and only their marks for the processor's control-flow
protection are looked at.  A finished file has them only where the C library's own start-up files do, which
Debian's do not yet.  Prints a line a fault; exits with 1 where there is one.
"""

import re
import subprocess
import sys

# These become their __NAME_chk by _FORTIFY_SOURCE, whatever is known of the buffer ...
ALWAYS = {"printf", "fprintf", "vprintf", "vfprintf", "dprintf", "vdprintf", "asprintf", "vasprintf"}
# ... and these where the compiler cannot see that all is well: somewhere, then.
SOMETIMES = {"snprintf", "vsnprintf", "sprintf", "vsprintf", "strcpy", "strcat"}


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, check=True).stdout


def symbols(path):
    """The names that the file asks for, and those that it offers: neither the linker's nor the C library's."""
    asked, offered = set(), set()
    for line in readelf(path, "--dyn-syms").splitlines():
        words = line.split()
        if len(words) < 8 or words[4] not in ("GLOBAL", "WEAK") or words[5] not in ("DEFAULT", "PROTECTED"):
            continue
        if words[6] == "UND":
            asked.add(words[7].split("@")[0])
        elif "@" not in words[7] and not words[7].startswith("_") and words[7] != "data_start":
            offered.add(words[7])
    return asked, offered


def of_layout(path, is_plugin):
    """Position, relocations, stack, search path."""
    head, segments, dynamic = readelf(path, "-h"), readelf(path, "-l"), readelf(path, "-d")
    if not re.search(r"Type:\s+DYN", head) or (not is_plugin and not re.search(r"FLAGS_1.*\bPIE\b", dynamic)):
        yield "stands at a fixed address: no PIE"
    if "GNU_RELRO" not in segments:
        yield "its relocated data stays writable: no RELRO"
    if not re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", dynamic):
        yield "binds its functions late, so that RELRO is partial: no BIND_NOW"
    stack = re.search(r"GNU_STACK.*", segments)
    if not stack or re.search(r"\sRWE\s", stack[0]):
        yield "its stack can be executed"
    if re.search(r"LOAD.*\sRWE\s", segments):
        yield "has memory that can be written and executed"
    if "(TEXTREL)" in dynamic:
        yield "its code is changed while it is loaded: TEXTREL"
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        yield "looks for libraries at a place of its own: RPATH"


def of_symbols(path, is_plugin):
    """Stack protector, fortified functions, what a plugin shows."""
    asked, offered = symbols(path)
    if "__stack_chk_fail" not in asked and not path.endswith("/sink_null.so"):  # which has no buffer
        yield "its stack is not protected: no __stack_chk_fail"
    # clang itself turns a checked call that it understands into the plain one.
    plain = asked & ALWAYS if "clang" not in readelf(path, "-p", ".comment") else set()
    if not any(name.endswith("_chk") for name in asked):
        plain |= asked & SOMETIMES
    if plain:
        yield "calls functions that were not fortified: " + ", ".join(sorted(plain))
    if is_plugin and offered != {"scanpipe_plugin"}:
        yield "shows other names than scanpipe_plugin: " + ", ".join(sorted(offered)[:5])
    others = sorted(name for name in offered if not name.startswith("sp_"))
    if not is_plugin and others:
        yield "shows names that are no part of the API: " + ", ".join(others[:5])


def marks(path):
    """Control-flow protection of x86-64 that the file is marked with."""
    return set(re.findall(r"\b(IBT|SHSTK)\b", readelf(path, "-n")))


def of_control_flow(path):
    missing = {"IBT", "SHSTK"} - marks(path)
    if missing:
        yield "is not marked for control-flow protection: " + ", ".join(sorted(missing))


def on_x86(path):
    return "X86-64" in readelf(path, "-h")


def crt_is_marked():
    path = subprocess.run(["cc", "-print-file-name=crti.o"], capture_output=True, text=True, check=False).stdout.strip()
    try:
        return bool(marks(path))
    except subprocess.CalledProcessError:
        return False


def main():
    arguments = sys.argv[1:]
    objects = arguments[:1] == ["--objects"]
    finished_marks = not objects and crt_is_marked()
    status = 0
    for path in arguments[1:] if objects else arguments:
        is_plugin = path.endswith(".so")
        faults = [] if objects else [*of_layout(path, is_plugin), *of_symbols(path, is_plugin)]
        if (objects or finished_marks) and on_x86(path):
            faults += of_control_flow(path)
        for fault in faults:
            print(f"{path} {fault}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
