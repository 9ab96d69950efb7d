#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# For plugin authors: what `make install` leaves behind is enough to write, build, test and run a plugin.  The tree
# is used for nothing but reading the manual.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

export CC=${CC:-cc}
unset MAKEFLAGS MFLAGS MAKELEVEL srcdir top_builddir CFLAGS CPPFLAGS LDFLAGS
installed=$scratch/installed work=$scratch/work
mkdir "$work"
cd "$work" || exit 1

# ---- Installing

out=$(make -s -C "$build" install DESTDIR="$installed" 2>&1)
ok "given a build, when it is installed, then that goes well" $? "$out"
find_one() { find "$installed" -path "*/$1" -print -quit; }
program=$(find_one bin/scanpipe) kit=$(find_one bin/scanpipe-kit) pc=$(find_one pkgconfig/scanpipe.pc)
m4=$(find_one aclocal/scanpipe.m4) null=$(find_one plugins/sink_null.so) header=$(find_one scanpipe/plugin.h)
for file in "$program" "$kit" "$pc" "$m4" "$null" "$header"; do
    [ -n "$file" ] || ok "what authors need was installed" 1 "$(find "$installed" -type f | head -n 60)"
done
# docs/README.md is of the folder; the project's own has its place.
missing=$(cd "$root" && for file in README.md SECURITY.md ChangeLog docs/*.md; do
    [ -n "$(find_one "doc/scanpipe/${file##*/}")" ] || echo "$file"
done; for file in conf/*; do
    [ -n "$(find_one "doc/scanpipe/examples/${file##*/}")" ] || echo "$file"
done)
is "and each document and each example is there" "$missing" ""

# As if it had been configured for where it lies now.
sed -i "s#=/#=$installed/#" "$pc"
PKG_CONFIG_PATH=$(dirname "$pc") ACLOCAL_PATH=$(dirname "$m4")
PATH=$(dirname "$program"):$PATH SCANPIPE_PLUGIN_PATH=$(dirname "$null")
export PKG_CONFIG_PATH ACLOCAL_PATH PATH SCANPIPE_PLUGIN_PATH

out=$(pkg-config --validate scanpipe 2>&1)
ok "given scanpipe.pc, when it is looked at, then it is valid" $? "$out"
is "and it links nothing" "$(pkg-config --libs scanpipe | tr -d ' ')" ""
is "and it knows where plugins go" "$(pkg-config --variable=plugindir scanpipe)" "$(dirname "$null")"
is "and its ABI is the headers'" "$(pkg-config --variable=abi scanpipe).$(pkg-config --variable=abi_minor scanpipe)" \
    "$(sed -n 's/^#define SP_ABI_M[AI].*OR //p' "$header" | paste -sd.)"
has "and the program's" "$(scanpipe --version)" "plugin ABI $(pkg-config --variable=abi scanpipe)."
out=$(scanpipe-kit sink null --only "core finds it by its name" 2>&1)
ok "given the installed kit, when it is given a name, then it finds the installed plugin" $? "$out"

# ---- Creating

creates() { # KIND NAME BUILD FOLDER
    out=$(scanpipe create plugin "$1" "$2" --build "$3" --directory "$4" 2>&1)
    ok "given nothing, when a $1 for $3 is created, then it is" $? "$out"
    has "and it is told what to do next" "$out" "make check"
    [ -f "$4/$1_$2.c" ] && [ -x "$4/test.sh" ] && ! grep -rq '@[A-Z]*@' "$4" && ! grep -rq SPDX "$4"
    ok "and nothing is left to fill in, and no licence is put on it" $? "$(grep -rn -e '@[A-Z]*@' -e SPDX "$4")"
}
builds() { # NAME FOLDER COMMAND
    out=$(cd "$2" && eval "$3" 2>&1)
    ok "$1" $? "$(tail -n 40 <<<"$out")"
}
# What was built sees the installed headers, exports one name, and needs nothing of scanpipe to be linked.
looks_right() { # SHARED-OBJECT SOURCE
    is "$3: it exports one function" "$(nm -D --defined-only "$1" | awk '{ print $3 }' | grep -v '^_' | sort | paste -sd' ')" \
        scanpipe_plugin
    # shellcheck disable=SC2046 # several words
    out=$("$CC" $(pkg-config --cflags scanpipe) -M "$2" | tr ' ' '\n' | grep '/scanpipe/' | grep -v "^$installed/")
    [ -z "$out" ]
    ok "$3: it sees the installed headers alone" $? "$out"
}

# The command in the pipeline's first lines; its other plugins are found where everything was installed.
runs_as_it_says() { # FOLDER PIPELINE
    builds "and the pipeline runs as its file says, with what was built" "$1" \
        "OUT='$work/said.ndjson' EVENTS='$work/make_sink/events.ndjson' $(sed -n 's/^# Runs as it stands: //p' "$2" |
            sed "s#\$PWD[^ ]*#&:$SCANPIPE_PLUGIN_PATH#; s#pipeline.yaml#'$2'#")"
}

for pair in sink:lines source:tail; do
    kind=${pair%:*} name=${pair#*:}
    plugin=${kind}_$name
    creates "$kind" "$name" make "$work/make_$kind"
    builds "given a $kind for make, when it is built with warnings as errors, then it builds" "$work/make_$kind" \
        "make CFLAGS='-O2 -g -Wall -Wextra -Werror'"
    looks_right "$work/make_$kind/$plugin.so" "$work/make_$kind/$plugin.c" "a $kind for make"
    builds "and it passes its test: kit and pipeline" "$work/make_$kind" "make check"
    has "which ran the kit" "$out" "ok 20 - "
    runs_as_it_says "$work/make_$kind" "$work/make_$kind/pipeline.yaml"
    builds "and it is installed where it is told to" "$work/make_$kind" \
        "make install DESTDIR='$work/make_$kind/to' plugindir=/plugins && test -f to/plugins/$plugin.so"

    creates "$kind" "$name" autotools "$work/auto_$kind"
    builds "given a $kind for autotools, when it is configured, then scanpipe.m4 serves it" "$work/auto_$kind" \
        "autoreconf -fi && mkdir out && cd out && ../configure -q --prefix='$work/auto_$kind/to' \
            --with-plugindir='$work/auto_$kind/to/plugins'"
    builds "and it builds" "$work/auto_$kind/out" "make -s CFLAGS='-O2 -g -Werror'"
    looks_right "$work/auto_$kind/out/.libs/$plugin.so" "$work/auto_$kind/$plugin.c" "a $kind for autotools"
    builds "and it passes its test: kit and pipeline" "$work/auto_$kind/out" "make -s check"
    has "which ran the kit" "$out" "ok 20 - "
    runs_as_it_says "$work/auto_$kind/out" "$work/auto_$kind/pipeline.yaml"
    builds "and it is installed alone, and taken away again" "$work/auto_$kind/out" \
        "make -s install && test \"\$(ls ../to/plugins)\" = $plugin.so && make -s uninstall && test -z \"\$(ls ../to/plugins)\""
done

# Both in one pipeline, in the installed program.
cat >pipeline.yaml <<END
name: both
source: {plugin: tail, path: make_sink/events.ndjson, poll_interval: 50ms}
queue: {plugin: memory}
sink: {plugin: lines, path: written.ndjson, max_event: 97}
END
export SCANPIPE_PLUGIN_PATH=$work/make_sink:$work/make_source:$SCANPIPE_PLUGIN_PATH
out=$(timeout 120 scanpipe -q -c pipeline.yaml --until-caught-up 2>&1)
ok "given a created source and a created sink, when a pipeline runs with them, then it ends well" $? "$out"
is "and what may be written is, and nothing else" "$(sort written.ndjson)" "$(grep -xE '.{1,97}' make_sink/events.ndjson | sort)"
[ "$(wc -l <written.ndjson)" -lt "$(wc -l <make_sink/events.ndjson)" ]
ok "and what is rejected has held up nothing" $?
has "given a created plugin, when it is described, then its options are there" "$(scanpipe plugins sink lines 2>&1)" \
    "a larger event is rejected"
sed 's/max_event: 97/max_evnt: 97/' pipeline.yaml >wrong.yaml
has "given a mistake in its options, when the file is checked, then the near one is named" \
    "$(scanpipe check -c wrong.yaml 2>&1)" "max_event"

# ---- What stands in the way

out=$(cd auto_sink && ACLOCAL_PATH='' AUTOM4TE='autom4te --no-cache' autoreconf -fi 2>&1)
if [ $? -ne 0 ]; then
    has "given no scanpipe.m4, when configure is made, then it is told where to look" "$out" "ACLOCAL_PATH=PREFIX"
else
    tap_told=$((tap_told + 1))
    echo "ok $tap_told - given no scanpipe.m4 (but the system has one)"
fi
mkdir other
sed 's/^abi=.*/abi=99/' "$pc" >other/scanpipe.pc
out=$(cd auto_source/out && PKG_CONFIG_PATH=$work/other ../configure -q 2>&1)
is "given headers of another ABI than scanpipe.pc says, when it is configured, then that ends" $? 1
has "and it is told why" "$out" "not those that belong to scanpipe.pc"

refuses() { # WHAT STATUS TEXT ARGUMENT...
    local what=$1 status=$2 text=$3
    shift 3
    out=$(scanpipe create "$@" 2>&1)
    is "given $what, when it is created, then it is refused" $? "$status"
    has "and that is told" "$out" "$text"
}
before=$(find . | sort | cksum)
refuses "a folder that has something" 69 "is there already" plugin sink other1 --directory make_sink
refuses "a file in the folder's place" 69 "is there already" plugin sink other1 --directory pipeline.yaml
refuses "a folder that cannot be" 69 "cannot be made" plugin sink other1 --directory not/there
refuses "a name with a slash" 64 "is no name for a plugin" plugin sink ../up
refuses "a name in capitals" 64 "is no name for a plugin" plugin sink Lines
refuses "a name that begins with a digit" 64 "is no name for a plugin" plugin source 1st
refuses "no name" 64 "is missing" plugin sink
refuses "the name of a plugin that is there" 64 "there is a sink 'null' already" plugin sink null
refuses "a kind without a template" 64 "queue_memory" plugin queue mine
refuses "another one" 64 "queue_memory/letters.c" plugin dead-letters mine
refuses "a kind that is none" 64 "did you mean 'sink'" plugin snik mine
refuses "another thing" 64 "is nothing to create" pipeline sink mine
refuses "another build" 64 "make, autotools" plugin sink mine --build cmake
is "and nothing was written by any of these" "$(find . | sort | cksum)" "$before"
mkdir empty
creates sink mine make "$work/empty"

# A name that is no text in YAML, and a folder that a shell would not take as it is.
creates source null make "$work/it's mine"
has "and the way there is a word for the shell" "$out" "cd '$work/it'\\''s mine'"
builds "given a source by the name of null, when its pipeline runs, then it is found" "$work/it's mine" \
    "make -s && SCANPIPE_PLUGIN_PATH=\$PWD:$SCANPIPE_PLUGIN_PATH scanpipe -q -c pipeline.yaml --until-caught-up"
mkdir kept
for folder in kept made; do
    out=$(trap '' XFSZ && ulimit -f 1 && scanpipe create plugin sink mine --directory $folder 2>&1)
    is "given no room for the files, when they are created in $folder, then that fails" $? 69
    has "and that is told" "$out" "cannot be written"
done
is "and an empty folder that was there is kept, and no other left" "$(find kept made 2>/dev/null)" kept

# ---- What is written about it

# The code of a chapter: its blocks, an empty line between them.
chapter_code() { # TITLE
    awk -v title="## $1" '
        /^## / { inside = $0 == title }
        /^```c$/ && inside { code = 1; if (blocks++) print ""; next }
        /^```$/ { code = 0 }
        code { print }' "$root/docs/writing-plugins.md"
}
is "given the tutorial's sink, when it is put together, then it is the one that was tested" \
    "$(chapter_code "A sink" | diff - make_sink/sink_lines.c)" ""
is "given the tutorial's source, when it is put together, then it is the one that was tested" \
    "$(chapter_code "A source" | diff - make_source/source_tail.c)" ""

mkdir page
awk '/^\.Bd -literal/ { code = 1; next } /^\.Ed/ { code = 0 } code' "$root/man/scanpipe-plugin.3" >page/sink_mine.c
# shellcheck disable=SC2046 # several words
out=$("$CC" -std=gnu11 -Wall -Werror -shared -fPIC $(pkg-config --cflags scanpipe) -o page/sink_mine.so page/sink_mine.c 2>&1)
ok "given the manual page's example, when it is compiled as the page says, then it builds" $? "$out"
out=$(scanpipe-kit sink page/sink_mine.so --jobs 4 --soon "$soon" 2>&1)
ok "and it keeps the contract" $? "$(grep -v ^ok <<<"$out")"
finish
