# SPDX-License-Identifier: Apache-2.0
# The second half of sbom.sh: makes the document of what that one found.  Lines that begin with
#   table|...          a row of dependencies.table
#   module|NAME=VERSION
#   came|LIBRARY|PURL
#   part|FILE          a program or plugin
#   needs|FILE|LIBRARY

function trim(text) {
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}

function id(name) {
    gsub(/[^A-Za-z0-9.-]/, "-", name)
    return "SPDXRef-" name
}

function package(ref, name, number, supplier, licence, purpose, purl, extra) {
    printf "%s    {\n", packages++ ? ",\n" : ""
    printf "      \"SPDXID\": \"%s\",\n", ref
    printf "      \"name\": \"%s\",\n", name
    printf "      \"versionInfo\": \"%s\",\n", number
    printf "      \"supplier\": \"%s\",\n", supplier
    printf "%s", extra
    printf "      \"downloadLocation\": \"NOASSERTION\",\n"
    printf "      \"filesAnalyzed\": false,\n"
    printf "      \"licenseConcluded\": \"%s\",\n", licence
    printf "      \"licenseDeclared\": \"%s\",\n", licence
    printf "      \"copyrightText\": \"NOASSERTION\",\n"
    printf "      \"primaryPackagePurpose\": \"%s\"", purpose
    if (purl != "") {
        printf ",\n      \"externalRefs\": [\n"
        printf "        {\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", "
        printf "\"referenceLocator\": \"%s\"}\n      ]", purl
    }
    printf "\n    }"
}

function relate(from, how, to) {
    relations = relations (relations == "" ? "" : ",\n") sprintf(\
        "    {\"spdxElementId\": \"%s\", \"relationshipType\": \"%s\", \"relatedSpdxElement\": \"%s\"}", from, how, to)
}

# The table's row for a library, as it is named in NEEDED.
function row_of(library,    name, at, row) {
    name = library
    sub(/\.so.*/, "", name)
    for (row = 1; row <= rows; row++)
        if (index(" " libraries[row] " ", " " name " ")) {
            if (wanted[row] == "-") {
                if (component[row] in found)
                    return row
            } else
                for (at in found)
                    if (index(at "=" found[at], wanted[row]) == 1) {
                        found[component[row]] = found[at]
                        return row
                    }
        }
    print "sbom.sh: " library " is linked, and dependencies.table does not know it" | "cat 1>&2"
    failed = 1
    return 0
}

$1 == "table" && $2 !~ /^#/ && NF == 7 {
    rows++
    wanted[rows] = trim($2)
    libraries[rows] = trim($3)
    component[rows] = trim($4)
    licence[rows] = trim($5)
    maker[rows] = trim($6)
    home[rows] = trim($7)
}
$1 == "module" {
    at = index($2, "=")
    found[substr($2, 1, at - 1)] = substr($2, at + 1)
}
$1 == "came" { came[$2] = $3 }
$1 == "part" { parts[++count] = $2 }
$1 == "needs" { needs[++needed] = $2 SUBSEP $3 }

END {
    print "{"
    print "  \"spdxVersion\": \"SPDX-2.3\","
    print "  \"dataLicense\": \"CC0-1.0\","
    print "  \"SPDXID\": \"SPDXRef-DOCUMENT\","
    print "  \"name\": \"scanpipe-" version "\","
    print "  \"documentNamespace\": \"https://spdx.org/spdxdocs/scanpipe-" version "-@NAMESPACE@\","
    print "  \"comment\": \"What was built, and what it links itself; what those libraries need is theirs to say.\","
    print "  \"creationInfo\": {"
    print "    \"created\": \"" created "\","
    print "    \"creators\": [\"Organization: The scanpipe maintainers\", \"Tool: scanpipe-sbom-" version "\"]"
    print "  },"
    print "  \"packages\": ["
    ours = "Organization: The scanpipe maintainers"
    package("SPDXRef-scanpipe", "scanpipe", version, ours, "Apache-2.0", "APPLICATION", \
        "pkg:generic/scanpipe@" version, "")
    relate("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-scanpipe")
    for (i = 1; i <= count; i++) {
        package(id("part-" parts[i]), parts[i], version, ours, "Apache-2.0", \
            parts[i] ~ /\.so$/ ? "LIBRARY" : "APPLICATION", "", "")
        relate("SPDXRef-scanpipe", "CONTAINS", id("part-" parts[i]))
    }
    for (i = 1; i <= needed; i++) {
        split(needs[i], pair, SUBSEP)
        row = row_of(pair[2])
        if (!row)
            continue
        ref = id(component[row])
        if (!(ref in told)) {
            told[ref] = 1
            number = found[component[row]]
            purl = pair[2] in came ? came[pair[2]] : "pkg:generic/" component[row] "@" number
            package(ref, component[row], number, pair[2] in came ? "Organization: " vendor : "NOASSERTION", \
                licence[row], "LIBRARY", purl, \
                "      \"originator\": \"" maker[row] "\",\n      \"homepage\": \"" home[row] "\",\n")
            relate("SPDXRef-scanpipe", "DEPENDS_ON", ref)
        }
        if (!((pair[1], ref) in linked))
            relate(id("part-" pair[1]), "DYNAMIC_LINK", ref)
        linked[pair[1], ref] = 1
    }
    print "\n  ],"
    print "  \"relationships\": ["
    print relations
    print "  ]"
    print "}"
    exit failed
}
