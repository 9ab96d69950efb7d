#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The ABI of plugins: today's headers are laid out as the frozen ones, a plugin that was built with those goes
# on working, and one that counts on what is not here is refused.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

abi=$root/tests/abi
today=$root/core/include
read -ra cc <<<"${CC:-cc}"

major=$(sed -n 's/^#define SP_ABI_MAJOR //p' "$today/scanpipe/plugin.h")
minor=$(sed -n 's/^#define SP_ABI_MINOR //p' "$today/scanpipe/plugin.h")

# ---- The headers

[ -d "$abi/$major.$minor/scanpipe" ]
ok "given today's ABI $major.$minor, when its headers are looked for, then they are frozen" $? "see tests/abi/README.md"

layout() { # FOLDER-OF-HEADERS
    OUT=$("${cc[@]}" -std=gnu11 -fsyntax-only -I"$1" "$scratch/layout.c" 2>&1)
}
# The newest comes last, and is what headers that were changed are compared with.
for frozen in $(printf '%s\n' "$abi/$major".* | sort -V); do
    python3 "$abi/layout.py" "$frozen" >"$scratch/layout.c"
    layout "$today"
    ok "given the headers of ABI ${frozen##*/}, when today's are compared, then nothing has moved" $? "$OUT"
done

# changed FILE SED-SCRIPT...: today's headers, changed
changed() {
    local file=$1
    shift
    rm -rf "$scratch/changed"
    cp -r "$today" "$scratch/changed"
    chmod -R u+w "$scratch/changed"
    sed -i "$@" "$scratch/changed/scanpipe/$file"
    cmp -s "$today/scanpipe/$file" "$scratch/changed/scanpipe/$file" && echo "# $file was not changed: $*"
    layout "$scratch/changed"
}
seen() { # NAME TEXT: what has just been changed is told
    local status=$?
    [ $status -ne 0 ] && [[ $OUT == *"$2"* ]]
    ok "given $1, when it is compared, then that is seen" $? "$OUT"
}
changed error.h 's/^    uint32_t column;.*/    const char *why;\n    uint32_t column;/'
seen "a member that was put between others" "struct sp_result: column has moved"
changed error.h 's/char cure\[240\]/char cure[120]/'
seen "an array that has shrunk" "struct sp_error: cure is another type"
changed base.h 's/^    size_t size;/&\n    size_t capacity;/'
seen "a frozen struct that has grown" "struct sp_slice is frozen within a major"
changed error.h 's/SP_THROTTLED = 2/SP_THROTTLED = 9/'
seen "an enumerator of another value" "enum sp_class: SP_THROTTLED has another value"
changed table.h 's/SP_TYPE_INT, /SP_TYPE_TINY, SP_TYPE_INT, /'
seen "an enumerator before others" "enum sp_type: SP_TYPE_BIGINT has another value"
changed sink.h 's/(\*write)(void \*handle, /(*write)(void *handle, int how, /'
seen "an operation with another argument" "struct sp_sink_ops: write is another type"
changed host.h 's/sp_clock_wall_ms(void)/sp_clock_wall_ms(int zone)/'
seen "a function of another type" "sp_clock_wall_ms"
changed source.h '/^    const char \*gap;/d'
seen "a member that is no longer there" "gap"
changed host.h 's/SP_SHA256_SIZE 32/SP_SHA256_SIZE 64/'
seen "a constant of another value" "SP_SHA256_SIZE has another value"
grown='s/^    const char \*gap;.*/&\n    uint64_t added;/'
changed source.h "$grown"
seen "a struct that has grown without a new minor" "struct sp_page has grown: raise SP_ABI_MINOR"

sed -i "s/SP_ABI_MINOR $minor/SP_ABI_MINOR $((minor + 1))/" "$scratch/changed/scanpipe/plugin.h"
layout "$scratch/changed"
ok "given a struct that has grown with a new minor, when it is compared, then that may be" $? "$OUT"

missing=
for name in $(grep -ohE 'sp_[a-z0-9_]+\(' "$abi"/1.0/scanpipe/*.h | sort -u | tr -d '('); do
    grep -qE "^SP_API .*\\b$name\\(" "$abi"/1.0/scanpipe/*.h || continue
    for program in "$build/scanpipe" "$kit"; do
        nm -D --defined-only "$program" | grep -qw "$name" || missing+="$program lacks $name"$'\n'
    done
done
[ -z "$missing" ]
ok "given the functions of ABI 1.0, when the programs are looked at, then they have them all" $? "$missing"

if command -v clang++ >/dev/null; then
    cat >"$scratch/plugin.cc" <<'END'
#include <scanpipe/envelope.h>
#include <scanpipe/json.h>
#include <scanpipe/plugin.h>
#include <scanpipe/time.h>
static int none(void *, int64_t, struct sp_error *err)
{
    struct sp_result result = {SP_OK, SP_NO_COLUMN, nullptr};
    return sp_fail(err, result.class_, "none");
}
const struct sp_plugin *const *scanpipe_plugin(void)
{
    static sp_plugin plugin = {};
    static const struct sp_plugin *const plugins[] = {&plugin, nullptr};
    plugin.probe = none;
    return plugins;
}
END
    out=$(clang++ -std=c++17 -Wall -Wextra -Werror -pedantic -Wno-missing-field-initializers -fsyntax-only \
        -I"$today" "$scratch/plugin.cc" 2>&1)
    ok "given a plugin in C++17, when it is compiled, then the headers serve it" $? "$out"
else
    tap_told=$((tap_told + 1))
    echo "ok $tap_told - given a plugin in C++17 # SKIP clang++ is not installed"
fi

# ---- Plugins

# build_with FOLDER-OF-HEADERS OUT-FOLDER: the frozen plugins
build_with() {
    mkdir -p "$2"
    local kind
    for kind in sink source; do
        "${cc[@]}" -std=gnu11 -O1 -g -I"$1" -fPIC -fvisibility=hidden -shared -o "$2/${kind}_first.so" \
            "$abi/1.0/${kind}_first.c" || return
    done
}
out=$(build_with "$abi/1.0" "$scratch/first" 2>&1)
ok "given plugins of ABI 1.0, when they are built with its headers, then they build" $? "$out"
conforms "sink of ABI 1.0" sink "$scratch/first/sink_first.so" 'path=${KIT_DIR}/out' --output '${KIT_DIR}/out'
for i in {1..60}; do echo "{\"EventId\":$i}"; done >"$scratch/events"
conforms "source of ABI 1.0" source "$scratch/first/source_first.so" "path=$scratch/events" page_bytes=256 \
    --expect "$scratch/events" --expect-not-events 0

cat >"$scratch/pipeline.yaml" <<END
name: first
source: {plugin: first, path: $scratch/events}
queue: {plugin: memory}
sink: {plugin: first, path: $scratch/written}
END
out=$(SCANPIPE_PLUGIN_PATH=$scratch/first timeout 120 "$build/scanpipe" -q -c "$scratch/pipeline.yaml" --until-caught-up 2>&1)
ok "given plugins of ABI 1.0, when a pipeline runs with them, then it ends well" $? "$out"
is "and it has moved every event" "$(sort "$scratch/written" 2>&1)" "$(sort "$scratch/events")"

refused() { # WHAT SED-SCRIPT TEXT HINT
    rm -rf "$scratch/next" "$scratch/built"
    cp -r "$today" "$scratch/next"
    chmod -R u+w "$scratch/next"
    sed -i "$2" "$scratch/next/scanpipe/plugin.h"
    build_with "$scratch/next" "$scratch/built" || ok "given a plugin of $1: it builds" 1
    out=$(SCANPIPE_PLUGIN_PATH=$scratch/built "$build/scanpipe" check -c "$scratch/pipeline.yaml" 2>&1)
    is "given a plugin of $1, when a file that names it is checked, then it is refused" $? 78
    has "and it is told which ABI it needs" "$out" "$3"
    has "and what to do" "$out" "$4"
    out=$(SCANPIPE_PLUGIN_PATH=$scratch/built timeout 60 "$build/scanpipe" -c "$scratch/pipeline.yaml" --until-caught-up 2>&1)
    is "given a plugin of $1, when the pipeline is started, then it does not start" $? 78
    out=$("$kit" sink "$scratch/built/sink_first.so" path=/dev/null 2>&1)
    is "given a plugin of $1, when the kit loads it, then it is refused" $? 78
    has "and it says why" "$out" "$3"
}
refused "the next major" "s/SP_ABI_MAJOR $major/SP_ABI_MAJOR $((major + 1))/" \
    "was built for plugin ABI $((major + 1)).$minor; this scanpipe has $major.$minor" "use a newer scanpipe"
refused "a newer minor" "s/SP_ABI_MINOR $minor/SP_ABI_MINOR $((minor + 1))/" \
    "was built for plugin ABI $major.$((minor + 1)); this scanpipe has $major.$minor" "use a newer scanpipe"
refused "an older major" "s/SP_ABI_MAJOR $major/SP_ABI_MAJOR $((major - 1))/" \
    "was built for plugin ABI $((major - 1)).$minor" "use a build of the plugin for this scanpipe"
finish
