#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual: clean, whole, and of this very program.
set -u
src=${srcdir:-.}
build=${top_builddir:-.}
. "$src/tests/e2e/tap.sh"
scanpipe=$build/scanpipe

# The pages that are installed: those that are made are in the build tree.
pages() { find "$src/man" "$build/man" -maxdepth 1 -name '*.[1-9]' -exec realpath {} + | sort -u; }

if ! command -v mandoc >/dev/null; then
    skip_all "mandoc is not installed"
fi
plan 5

# Whether a page that is referred to exists is asked below: mandoc looks among those that are installed.  How long
# lines of its source are is no reader's concern.
out=$(pages | xargs mandoc -T lint 2>&1 | grep -vE 'referenced manual not found|input text line longer')
[ -z "$out" ]
ok "manual pages are clean" $? "$out"

# A page whose plugin was not built is in the source tree.
out=$(pages | xargs grep -hoE '^\.Xr scan[a-z.-]+ [1-9]' | sort -u | while read -r _ name section; do
    [ -e "$src/man/$name.$section" ] || [ -e "$src/man/$name.$section.in" ] || echo "$name($section)"
done)
[ -z "$out" ]
ok "a page that is referred to exists" $? "$out"

# Lines such as "poll_interval  duration, default 5s".
options() { "$scanpipe" plugins "$@" | sed -n 's/^\([a-z_.]\{1,\}\)  .*/\1/p'; }
missing() {
    local page=$1 option
    shift
    for option in $(options "$@"); do
        grep -qF ".It Cm $option " "$page" || grep -qF ".It Cm $option " "$build/man/scanpipe.yaml.5" ||
            echo "$page: $option of $*"
    done
}
out=$(missing "$build/man/scanpipe.yaml.5" pipeline
    "$scanpipe" plugins | while read -r kind name _; do missing "$build/man/scanpipe-$name.5" "$kind" "$name"; done 2>&1)
[ -z "$out" ]
ok "each plugin has a page with all its options" $? "$out"

out=$("$build/tools/scanapi_sim/scanapi-sim" --help | grep -oE '^[* ] --[a-z0-9-]+' | while read -r option; do
    grep -qF ".It Fl -${option##*--}" "$src/man/scanapi-sim.1" || echo "$option"
done)
[ -z "$out" ]
ok "scanapi-sim's options are in its page" $? "$out"

# As completion knows them, which is what the program understands.
commands=$(sed -n "s/^    help) words='\(.*\)' .*/\1/p" "$build/completion/scanpipe")
options=$("$scanpipe" completion fish | sed -n 's/^complete.* -l \([a-z-]*\).*/\1/p' | sort -u)
out=$([ -n "$commands" ] && [ -n "$options" ] || echo "there are none"
    for command in $commands; do
        grep -qE "^\.It Cm $command( |$)" "$src/man/scanpipe.1" || echo "$command"
    done
    for option in $options; do
        grep -qE -- "Fl -$option( |$)" "$src/man/scanpipe.1" || echo "--$option"
    done)
[ -z "$out" ]
ok "each command and option is in scanpipe(1)" $? "$out"
tap_end
