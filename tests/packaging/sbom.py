#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a bill of materials, as SPDX 2.3 asks for it and as the files say.

Usage: sbom.py DOCUMENT README FILE...     a FILE is a program or a plugin that was built

The first half is the specification's (clauses 6, 7 and 11: what must be there, and how it looks), the second
compares with the truth: which library each file needs, by the file itself; which version, by pkg-config; which
licence, by README.md.
"""

import json
import pathlib
import re
import subprocess
import sys

ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+\Z")
LICENCE = re.compile(r"(NOASSERTION|[A-Za-z0-9.-]+\+?( WITH [A-Za-z0-9.-]+)?)\Z")
AGENT = re.compile(r"(NOASSERTION|(Person|Organization): \S.*)\Z")
CREATOR = re.compile(r"(Person|Organization|Tool): \S.*\Z")
PURL = re.compile(r"pkg:(generic/[\w.-]+@[\w.~%-]+|deb/[a-z]+/[a-z0-9.+-]+@[\w.~%-]+\?arch=\w+&distro=[\w.-]+)\Z")
RELATIONS = {"DESCRIBES", "CONTAINS", "DEPENDS_ON", "DYNAMIC_LINK"}
PURPOSES = {"APPLICATION", "LIBRARY"}
MODULES = {"libyaml": "yaml-0.1", "json-c": "json-c", "openssl": "libcrypto", "curl": "libcurl", "sqlite": "sqlite3",
           "unixODBC": "odbc", "zlib": "zlib"}
README_NAMES = {"openssl": "OpenSSL's libcrypto", "curl": "libcurl", "sqlite": "SQLite"}
LIBRARY_NAMES = {"libyaml": "libyaml-0", "json-c": "libjson-c", "openssl": "libcrypto", "curl": "libcurl",
                 "sqlite": "libsqlite3", "unixODBC": "libodbc", "zlib": "libz"}


def lacks(what, thing, **members):
    """Members that must be there, and a pattern or a value that each must have."""
    for name, wanted in members.items():
        value = thing.get(name)
        fits = wanted.match(value or "") if isinstance(wanted, re.Pattern) else value == wanted
        if not fits:
            yield f"{what}: {name} is {value!r}"


def of_document(document):
    yield from lacks("document", document, spdxVersion="SPDX-2.3", dataLicense="CC0-1.0", SPDXID="SPDXRef-DOCUMENT",
                     name=re.compile(r"scanpipe-\d"), documentNamespace=re.compile(r"https://[^\s#]+\Z"))
    made = document.get("creationInfo", {})
    yield from lacks("creationInfo", made, created=re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z"))
    if not made.get("creators") or not all(CREATOR.match(one) for one in made["creators"]):
        yield f"creationInfo: creators are {made.get('creators')}"


def of_package(package):
    what = package.get("SPDXID", "a package")
    yield from lacks(what, package, SPDXID=ID, name=re.compile(r"\S+\Z"), versionInfo=re.compile(r"\d[\w.]*\Z"),
                     downloadLocation="NOASSERTION", filesAnalyzed=False, supplier=AGENT, licenseConcluded=LICENCE,
                     licenseDeclared=LICENCE, copyrightText="NOASSERTION")
    if package.get("primaryPackagePurpose") not in PURPOSES:
        yield f"{what}: purpose is {package.get('primaryPackagePurpose')}"
    for ref in package.get("externalRefs", []):
        yield from lacks(what, ref, referenceCategory="PACKAGE-MANAGER", referenceType="purl", referenceLocator=PURL)
    if not what.startswith("SPDXRef-part-") and not package.get("externalRefs"):
        yield f"{what}: nothing names it to others"


def of_relations(document):
    known = ["SPDXRef-DOCUMENT"] + [package.get("SPDXID") for package in document["packages"]]
    for name in {name for name in known if known.count(name) > 1}:
        yield f"{name} is there twice"
    told = [(one.get("spdxElementId"), one.get("relationshipType"), one.get("relatedSpdxElement"))
            for one in document["relationships"]]
    for one in told:
        if one[0] not in known or one[2] not in known or one[1] not in RELATIONS or told.count(one) > 1:
            yield f"relationship {one} is of nothing, unknown or there twice"
    if ("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-scanpipe") not in told:
        yield "nothing says what the document describes"
    for name in set(known[2:]) - {to for _, _, to in told}:
        yield f"{name} is related to nothing"


def needed(path):
    told = subprocess.run(["readelf", "-dW", path], capture_output=True, text=True, check=True).stdout
    return {re.sub(r"\.so.*", "", name) for name in re.findall(r"\(NEEDED\).*\[(.+)\]", told)}


def of_files(document, files):
    """Who links what: as the files say, for the libraries that configure asked for."""
    links = {}
    for one in document["relationships"]:
        if one["relationshipType"] == "DYNAMIC_LINK":
            links.setdefault(one["spdxElementId"], set()).add(one["relatedSpdxElement"].removeprefix("SPDXRef-"))
    parts = {"SPDXRef-part-" + re.sub(r"[^A-Za-z0-9.-]", "-", path.name): path for path in files}
    if set(parts) != {one["SPDXID"] for one in document["packages"] if one["SPDXID"].startswith("SPDXRef-part-")}:
        yield "it does not tell of the very files that were built"
    for part, path in parts.items():
        truth = {name for name, library in LIBRARY_NAMES.items() if library in needed(path)}
        said = links.get(part, set()) & set(LIBRARY_NAMES)
        if truth != said:
            yield f"{path.name} links {sorted(truth)}, and it says {sorted(said)}"


def of_libraries(document, readme):
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([\w.+-]+) \|", readme, re.MULTILINE))
    for package in document["packages"]:
        name = package["name"]
        if package["primaryPackagePurpose"] != "LIBRARY" or "part-" in package["SPDXID"]:
            continue
        if name in MODULES:
            truth = subprocess.run(["pkg-config", "--modversion", MODULES[name]], capture_output=True, text=True,
                                   check=True).stdout.strip()
            if package["versionInfo"] != truth:
                yield f"{name} is {truth}, and it says {package['versionInfo']}"
        if name != "gcc" and rows.get(README_NAMES.get(name, name)) != package["licenseDeclared"]:
            yield f"{name} is under {package['licenseDeclared']}, and README.md says otherwise, or nothing"


def main():
    document = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    readme = pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")
    faults = [*of_document(document)]
    for package in document["packages"]:
        faults += of_package(package)
    faults += [*of_relations(document), *of_files(document, [pathlib.Path(one) for one in sys.argv[3:]]),
               *of_libraries(document, readme)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
