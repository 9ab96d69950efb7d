#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints a C header with the texts of files, as entries for an array of {folder, file, text}.
#
# usage: embed-text.sh FOLDER/FILE...
#
# Lines that name our licence stay out: what is made of these texts belongs to who makes it.
exec "${AWK:-awk}" '
BEGIN {
    print "/* SPDX-License-Identifier: Apache-2.0 */"
    print "/* Made by build-aux/embed-text.sh: change the files below devel/templates/, not this one. */"
    for (i = 1; i < ARGC; i++) {
        count = split(ARGV[i], part, "/")
        printf "\n    {\"%s\", \"%s\",", part[count - 1], part[count]
        lines = 0
        while ((status = (getline line < ARGV[i])) > 0) {
            if (line ~ /SPDX-License-Identifier/)
                continue
            gsub(/["\\]/, "\\\\&", line)
            gsub(/\t/, "\\t", line)
            printf "\n     \"%s\\n\"", line
            lines++
        }
        close(ARGV[i])
        if (status < 0 || !lines) {
            print ARGV[i] ": cannot be read, or is empty" | "cat 1>&2"
            close("cat 1>&2")
            exit 1
        }
        print "},"
    }
}' "$@"
