# SPDX-License-Identifier: Apache-2.0
"""Prints a C program that compiles where today's public headers keep an ABI that was frozen.

usage: layout.py FROZEN-FOLDER        (the folder with the frozen scanpipe/*.h)

The program includes today's headers and has every frozen struct and enum once more, under another name. It
compares them member by member: type, place and size; and declares each frozen function again, which a
compiler refuses where its type is another one.

A struct that carries its size may have grown at its tail, with a new minor; any other is as it was.
"""
import pathlib
import re
import sys


def headers(folder):
    return sorted(pathlib.Path(folder).glob("scanpipe/*.h"))


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r"\\\n", " ", text)


def split(text, at):
    """The parts of `text` between the characters `at` that are in no bracket."""
    parts, depth, begin = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "({[") - (c in ")}]")
        if depth == 0 and c == at:
            parts.append(text[begin:i])
            begin = i + 1
    parts.append(text[begin:])
    return [part.strip() for part in parts if part.strip()]


def members(body):
    """The names of a struct's members; those of a union without a name count as the struct's."""
    names = []
    for declaration in split(body, ";"):
        inside = re.fullmatch(r"(?:union|struct)\s*\{(.*)\}", declaration, flags=re.S)
        if inside:
            names += members(inside[1])
            continue
        for declarator in split(declaration, ","):
            function = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", declarator)
            names.append(function[1] if function else re.search(r"(\w+)\s*(?:\[[^]]*\]\s*)*$", declarator)[1])
    return names


def structs(text):
    """(name, body) of each struct that is defined at the top."""
    for found in re.finditer(r"^struct (\w+) \{\n(.*?)^\};", text, flags=re.S | re.M):
        yield found[1], found[2]


def enums(text):
    """(name, enumerators) of each enum."""
    for found in re.finditer(r"^enum (\w+) \{(.*?)\};", text, flags=re.S | re.M):
        yield found[1], split(found[2], ",")


def constants(text):
    """(name, value) of each macro that is a number; the minor and what names nothing are left out."""
    for name, value in re.findall(r"^#define (SP_\w+)[ \t]+([^\n]+)$", text, flags=re.M):
        if name != "SP_ABI_MINOR" and re.fullmatch(r"-?\d+|U?INT\d+_C\(\d+\)|U?INT\d+_MAX", value.strip()):
            yield name, value.strip()


def functions(text):
    flat = re.sub(r"^#.*$", "", text, flags=re.M)
    return [found.strip() for found in re.findall(r"^(SP_API .*?;)", flat, flags=re.S | re.M)]


def check_struct(name, body):
    yield f"struct frozen_{name} {{\n{body}}};"
    for member in members(body):
        place = f"(struct {name}, {member})", f"(struct frozen_{name}, {member})"
        yield (f'_Static_assert(offsetof{place[0]} == offsetof{place[1]}, "struct {name}: {member} has moved");')
        types = (f"__typeof__(((struct {name} *)0)->{member}), __typeof__(((struct frozen_{name} *)0)->{member})")
        yield (f'_Static_assert(__builtin_types_compatible_p({types}), "struct {name}: {member} is another type");')
    same = f"sizeof(struct {name}) == sizeof(struct frozen_{name})"
    if members(body)[0] == "size":
        yield (f'_Static_assert({same} || (sizeof(struct {name}) > sizeof(struct frozen_{name}) && SP_ABI_MINOR > FROZEN_MINOR),'
               f' "struct {name} has grown: raise SP_ABI_MINOR");')
    else:
        yield f'_Static_assert({same}, "struct {name} is frozen within a major, and has another size");'


def check_enum(name, enumerators):
    yield f"enum frozen_{name} {{ " + ", ".join("FROZEN_" + one for one in enumerators) + " };"
    for one in enumerators:
        word = one.split("=")[0].strip()
        yield f'_Static_assert((int){word} == (int)FROZEN_{word}, "enum {name}: {word} has another value");'


def program(folder):
    texts = [without_comments(path.read_text()) for path in headers(folder)]
    minor = next(m[1] for t in texts if (m := re.search(r"#define SP_ABI_MINOR (\d+)", t)))
    yield "#include <stdint.h>"
    yield from (f"#include <scanpipe/{path.name}>" for path in headers(folder))
    yield f"#define FROZEN_MINOR {minor}"
    for text in texts:
        for name, value in constants(text):
            yield f'_Static_assert({name} == {value}, "{name} has another value");'
        for name, enumerators in enums(text):
            yield from check_enum(name, enumerators)
        for name, body in structs(text):
            yield from check_struct(name, body)
        yield from functions(text)


if __name__ == "__main__":
    print("\n".join(program(sys.argv[1])))
