# SPDX-License-Identifier: Apache-2.0
# What zsh offers where TAB is pressed behind each of some lines: complete.zsh FOLDER LINE...  A zsh in a pseudo
# terminal completes; what it would show goes into a file instead, one a line, with the line before it.
zmodload zsh/zpty
zpty shell "zsh -f -i"

# await TEXT: reads what the terminal shows until it is there, for 20 seconds at most.
await() {
    local part seen=
    integer end=$((SECONDS + 20))
    while (( SECONDS < end )); do
        if zpty -rt shell part; then
            seen+=$part
            [[ $seen == *"$1"* ]] && return
        else
            sleep 0.02
        fi
    done
    print -r -- "zsh does not answer: ${(V)seen}"
    exit 1
}

items=$PWD/items.zsh
: >$items
zpty -w shell "PS1=; PS2=; unsetopt prompt_cr prompt_sp; fpath=($1 \$fpath); items=$items
autoload -Uz compinit; compinit -u -d $PWD/.zcompdump; setopt no_beep auto_list; LISTMAX=10000
compadd() {
    local -a found
    (( \${@[(I)-[OAD]]} )) || { builtin compadd -O found \"\$@\"; print -rl -- \$found >>\$items }
    builtin compadd \"\$@\"
}
take() { print -r -- \"= \$BUFFER\" >>\$items; zle complete-word; BUFFER=; zle -R; print -r -- '= end' >>\$items }
zle -N take; bindkey '^T' take; echo rea''dy"
await ready
shift
for line; do
    zpty -n -w shell $line$'\x14'
    zpty -w shell "echo do''ne"
    await done
done
zpty -d shell
cat $items
