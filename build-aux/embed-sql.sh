#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints a C header that holds numbered migrations: those of each part, in order, as the macro
# PART_MIGRATIONS, a list of strings for an array.
#
# usage: embed-sql.sh FILE...        each FILE named PART_NNN_NAME.sql; NNN counts from 001 in each part
#
# A database keeps the text of what made its tables, so our layout stays out of it: comments go, and lines
# are joined by a space.  That asks for comments on lines of their own, and for texts that end in the line
# where they begin; both are checked.
exec "${AWK:-awk}" '
function fail(place, what) {
    print place ": " what | "cat 1>&2"
    close("cat 1>&2")
    exit 1
}

function embed(file,    name, part, number, at, rest, pieces, line, status) {
    name = file
    sub(/.*\//, "", name)
    if (name !~ /^[a-z]+_[0-9][0-9][0-9]_[a-z0-9_]+\.sql$/)
        fail(file, "is not named PART_NNN_NAME.sql")
    part = substr(name, 1, index(name, "_") - 1)
    number = substr(name, length(part) + 2, 3) + 0
    if (number != count[part] + 1)
        fail(file, sprintf("comes where number %03d of %s is expected", count[part] + 1, part))
    if (number > 1 && part != last)
        fail(file, "comes apart from the others of " part)
    if (number == 1)
        printf "\n#define %s_MIGRATIONS \\\n", toupper(part)
    count[part] = number
    last = part

    printf "    /* %s */ \\\n", name
    while ((status = (getline line < file)) > 0) {
        at++
        gsub(/^[ \t]+|[ \t\r]+$/, "", line)
        if (line == "" || line ~ /^--/)
            continue
        rest = line
        if (gsub(/\047/, "", rest) % 2)
            fail(file ":" at, "a text must end in the line where it begins")
        if (line ~ /--|\/\*/)
            fail(file ":" at, "a comment starts with -- and has a line of its own")
        gsub(/["\\]/, "\\\\&", line)
        printf "%s    \"%s%s\"", pieces ? " \\\n" : "", pieces ? " " : "", line
        pieces++
    }
    close(file)
    if (status < 0)
        fail(file, "cannot be read")
    if (!pieces)
        fail(file, "has no statement")
    print ", \\"
}

BEGIN {
    print "/* SPDX-License-Identifier: Apache-2.0 */"
    print "/* Made by build-aux/embed-sql.sh: change the files below sql/, not this one. */"
    for (i = 1; i < ARGC; i++)
        embed(ARGV[i])
    print ""
}' "$@"
