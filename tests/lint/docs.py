# SPDX-License-Identifier: Apache-2.0
"""What documents refer to.

docs.py links SOURCE             prints relative links of *.md that lead nowhere, or will when they are installed
docs.py listed SOURCE            prints docs/*.md that docs/README.md does not name
docs.py commands SOURCE BUILD    prints the command lines of documents, the manual and the examples, a line each
docs.py wrong PROGRAM            prints those of standard input that the program does not take
"""
import pathlib
import re
import shlex
import subprocess
import sys

SKIPPED = {".git", "node_modules", "build", "build-all", "found", "templates"}


def documents(source):
    for path in sorted(source.rglob("*.md")):
        names = path.relative_to(source).parts
        if not SKIPPED & set(names) and not re.match(r"scanpipe-\d", names[0]):
            yield path


def leaves(names, target):
    """What is installed has only its own folder around it."""
    return (len(names) == 1 or names[0] in ("docs", "conf")) and "/" in target


def links(source):
    missing = 0
    for path in documents(source):
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
        names = path.relative_to(source).parts
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            name = target.split("#")[0]
            if not name or re.match(r"[a-z]+:", name):
                continue
            if leaves(names, name) or not (path.parent / name).exists():
                print(f"{path.relative_to(source)}: {target}")
                missing += 1
    return missing > 0


def listed(source):
    text = (source / "docs/README.md").read_text()
    missing = [path.name for path in sorted((source / "docs").glob("*.md"))
               if path.name != "README.md" and f"| `{path.name}` |" not in text]
    print(*missing, sep="\n")
    return bool(missing)


COMMAND = re.compile(r"(?:^|[\s/\"])(scanpipe (?:[a-z]+ |-(?!- )).*)")


def of_document(path):
    """Lines of blocks, and what stands in backticks."""
    fenced = False
    for line in path.read_text().split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            line = re.sub(r"\s#(\s.*)?$", "", line)
            if found := COMMAND.search(line):
                yield found[1]
        else:
            for text in re.findall(r"`(scanpipe [a-z-][^`]*)`", line):
                yield text


def of_page(path):
    for line in path.read_text().split("\n"):
        if line.startswith((".Dl ", ".Ql scanpipe ")) and (found := COMMAND.search(" " + line[4:])):
            yield re.sub(r" [.,;)]$", "", found[1]).replace(r"\(dq", '"').replace("Ar ", "")


def of_example(path):
    for line in path.read_text().split("\n"):
        if found := re.match(r"#\s+(?:[A-Z_]+=\S* )*(scanpipe .*)", line):
            yield re.sub(r"\s{3,}.*", "", found[1])


def commands(source, build):
    pages = sorted((source / "man").glob("*.[1-9]")) + sorted((source / "man").glob("*.in"))
    for path in list(documents(source)) + pages + sorted((source / "conf").glob("*.yaml")):
        read = {".md": of_document, ".yaml": of_example}.get(path.suffix, of_page)
        for line in read(path):
            print(f"{path.relative_to(source)}: {line}")
    return False


def table(program):
    """Commands with their words and, by command and word, their options: as bash is told them."""
    script = subprocess.run([program, "completion", "bash"], capture_output=True, text=True, check=True).stdout
    names = re.search(r"    help\) words='([^']*)'", script)[1].split()
    words = dict(re.findall(r"^    ([a-z]+)\) words='([^']*)'", script, flags=re.M))
    options = {}
    for at, all_, files, choices, others in re.findall(
            r"^    '([a-z_ ]*)'\) options='([^']*)' files='([^']*)' choices='([^']*)' others='([^']*)'", script, re.M):
        takes = set(files.split()) | set(others.split()) | set(re.findall(r"(--[a-z-]+):", choices))
        options[at] = (set(all_.split()), takes)
    return names, {name: words.get(name, "").split() for name in names}, options


def mistake(line, names, words, options):
    line = re.split(r"\s(?:[|&]|>|2>|;)", line)[0]
    given = [part for part in shlex.split(line) if part not in ("...", "…")][1:]
    command = given.pop(0) if given and not given[0].startswith("-") else "run"
    if command not in names and command not in ("COMMAND",):
        return f"there is no command '{command}'"
    word = next((part for part in given if part in words.get(command, [])), "")
    known, takes = options.get(f"{command} {word}", (set(), set()))
    rest = iter(given)
    for part in rest:
        name = part.split("=")[0]
        if not name.startswith("-") or name == "-":
            continue
        if name not in known:
            return f"'{command} {word}' has no option '{name}'"
        if name in takes and "=" not in part:
            next(rest, None)
    return None


def wrong(program):
    about = table(program)
    count = 0
    for line in sys.stdin.read().splitlines():
        where, _, text = line.partition(": ")
        try:
            found = mistake(text, *about)
        except ValueError as problem:
            found = str(problem)
        if found:
            print(f"{where}: {text}: {found}")
            count += 1
    return count > 0


ACTS = {"links": links, "listed": listed, "commands": commands, "wrong": lambda program: wrong(str(program))}
sys.exit(ACTS[sys.argv[1]](*map(pathlib.Path, sys.argv[2:])))
