#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Completion, as each shell does it when TAB is pressed: commands, words, options, files, values, plugins.
# Needs: top_builddir, srcdir; bash, zsh and fish.
set -u
src=$(realpath "${srcdir:-.}")
build=$(realpath "${top_builddir:-.}")
. "$src/tests/e2e/tap.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
mkdir bin folder
ln -s "$build/scanpipe" bin/scanpipe
PATH=$scratch/bin:$PATH
touch parcels.yaml events.ndjson
export HOME=$scratch XDG_CONFIG_HOME=$scratch XDG_DATA_HOME=$scratch
SCANPIPE_PLUGIN_PATH=$(printf '%s:' "$build"/plugins/*/.libs)
export SCANPIPE_PLUGIN_PATH

# What each shell offers for a line whose last word is to be completed: words, sorted.
in_bash() {
    bash --norc -c '
        shopt -s progcomp
        . "$1"
        line=$2
        read -ra COMP_WORDS <<<"${line//=/ = }"
        [[ $line != *[\ =] ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMP_LINE=$line COMP_POINT=${#line}
        _scanpipe scanpipe "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' - "$build/completion/scanpipe" "$1"
}
in_fish() { fish --no-config -c "source $build/completion/scanpipe.fish; complete -C '$1'" | cut -f1 | sed 's/.*=//; s:/$::'; }
in_zsh() { zsh -f "$src/tests/e2e/complete.zsh" "$build/completion" "$1" | grep -v '^= '; }

# offers SHELL LINE WORD...: all of these are offered; "!WORD" is not.
offers() {
    local shell=$1 line=$2 got word bad=
    shift 2
    got=$("in_$shell" "$line" 2>&1 | tr -d '\r' | sort -u)
    for word in "$@"; do
        case $word in
        !*) ! grep -qxF -- "${word#!}" <<<"$got" || bad+=" $word" ;;
        *) grep -qxF -- "$word" <<<"$got" || bad+=" $word" ;;
        esac
    done
    [ -z "$bad" ]
    ok "$shell: '$line'" $? "wrong:$bad" "$got"
}

stories() {
    offers "$1" "scanpipe " check dlq queue completion '!list' '!parcels.yaml'
    offers "$1" "scanpipe re" replay resume '!check'
    offers "$1" "scanpipe -c " parcels.yaml
    offers "$1" "scanpipe --log-level " error warn info debug '!text'
    offers "$1" "scanpipe run --u" --until-caught-up '!--strict'
    offers "$1" "scanpipe dlq " list show export redrive purge '!check' '!parcels.yaml'
    offers "$1" "scanpipe dlq redrive --" --rate --class --column --config '!--envelopes' '!--yes'
    offers "$1" "scanpipe dlq -c parcels.yaml purge --" --yes --all '!--rate'
    offers "$1" "scanpipe dlq list --class t" too_large '!value'
    offers "$1" "scanpipe cursor s" show set '!rewind'
    offers "$1" "scanpipe queue export --output e" events.ndjson '!parcels.yaml'
    offers "$1" "scanpipe test -c parcels.yaml " events.ndjson
    offers "$1" "scanpipe plugins " source queue sink state letters '!sqlite'
    offers "$1" "scanpipe plugins queue " memory '!file' '!null'
    offers "$1" "scanpipe plugins sink n" null '!file'
    offers "$1" "scanpipe help ve" verify version '!check'
    offers "$1" "scanpipe completion " bash zsh fish
    offers "$1" "scanpipe create plugin " sink source '!queue' '!plugin'
    offers "$1" "scanpipe create plugin sink " '!source' '!plugin'
    offers "$1" "scanpipe create plugin sink mine --directory f" folder
    offers "$1" "scanpipe replay --from " '!parcels.yaml' '!--to'
}

plan 70
for shell in bash zsh fish; do
    command -v $shell >/dev/null || echo "Bail out! $shell is not installed"
    stories $shell
done
offers bash "scanpipe --log-format=" text json '!error'

for script in bash:scanpipe zsh:_scanpipe fish:scanpipe.fish; do
    out=$("${script%:*}" -n "$build/completion/${script#*:}" 2>&1) && [ -z "$out" ]
    ok "${script%:*} reads its script without a complaint" $? "$out"
done

# Each command and option of the program is in each script.
out=$(for command in $("$build/scanpipe" --help | grep -oE '^  scanpipe \[?[a-z]+' | grep -oE '[a-z]+$' | sort -u); do
    for name in "$command" $("$build/scanpipe" help "$command" | grep -oE '^  (-., )?--[a-z-]+' | grep -oE '[a-z-]+$' | sed 's/^--//'); do
        for script in "$build"/completion/{scanpipe,_scanpipe,scanpipe.fish}; do
            grep -qE -- "[ '-]$name\b" "$script" || echo "$script: $name of $command"
        done
    done
done)
[ -z "$out" ]
ok "each command and option is in each script" $? "$out"

out=$("$build/scanpipe" completion ksh 2>&1)
is "a shell that is none is told" $? 64
has "with those that are" "$out" "bash, zsh, fish"
tap_end
