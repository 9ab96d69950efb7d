#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A PostgreSQL server of one's own, on loopback, in a folder below TMPDIR.  To be sourced:
#
#   postgres_find                is there a server program, and its ODBC driver?  says why not
#   postgres_start               starts one; sets postgres_port, postgres_connection, postgres_password
#   postgres_sql DATABASE SQL    what psql prints for it
#   postgres_kill                kills it, as a crash of the machine would; postgres_run starts it again
#   postgres_stop                stops it and removes it all
#
# SCANPIPE_TEST_POSTGRES_DRIVER names another driver than the one that is found.
# The server refuses to run as root: then it runs as the user `postgres`, or as `nobody`.
# shellcheck disable=SC2034  # what is set here is used by the tests
# shellcheck shell=bash

postgres_home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LSAN_OPTIONS="${LSAN_OPTIONS:+$LSAN_OPTIONS:}suppressions=$postgres_home/leaks.supp:print_suppressions=0"
postgres_inside=() # a command to run the server with: nsenter ...

postgres_bin() { # prints the folder of the server's programs
    local folder
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) "$(dirname "$(command -v postgres 2>/dev/null)")"; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && echo "$folder" && return 0
    done
    return 1
}

postgres_driver() { # prints the name or path of the driver
    local name path
    [ -z "${SCANPIPE_TEST_POSTGRES_DRIVER:-}" ] || { echo "$SCANPIPE_TEST_POSTGRES_DRIVER" && return; }
    for name in 'PostgreSQL Unicode' PostgreSQL; do
        grep -qsxF "[$name]" /etc/odbcinst.ini && echo "$name" && return 0
    done
    for path in /usr/lib/*/odbc/psqlodbcw.so /usr/lib64/psqlodbcw.so; do
        [ -e "$path" ] && echo "$path" && return 0
    done
    return 1
}

postgres_find() {
    postgres_bin >/dev/null || { echo "no PostgreSQL server is installed"; return 1; }
    postgres_driver >/dev/null || { echo "PostgreSQL's ODBC driver is not installed"; return 1; }
}

postgres_who() { # who runs the server
    if [ "$(id -u)" -ne 0 ]; then
        id -un
    elif id -u postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

postgres_as() { # COMMAND...: as who may run the server
    if [ "$(id -u)" -ne 0 ] && [ ${#postgres_inside[@]} -eq 0 ]; then
        "$@"
    else
        (cd / && exec "${postgres_inside[@]}" setpriv --reuid="$postgres_user" --regid="$(id -g "$postgres_user")" --clear-groups -- "$@")
    fi
}

# Sets postgres_port, which is ours until postgres_stop, also while the server is away: who bound it without listening
# keeps it from everybody but those who ask for it by its number, with SO_REUSEADDR, as PostgreSQL does.
postgres_take_port() {
    local told
    exec {told}< <(exec python3 -c 'import os, socket, time
parent = os.getppid()
place = socket.socket()
place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
place.bind(("127.0.0.1", 0))
print(place.getsockname()[1], flush=True)
while os.getppid() == parent: time.sleep(1)')
    postgres_keeper=$!
    read -r postgres_port <&"$told"
    exec {told}<&-
}

postgres_run() { # starts the server of postgres_folder, and waits until it answers
    postgres_as "$(postgres_bin)/postgres" -D "$postgres_folder/data" -p "$postgres_port" \
        >>"$postgres_folder/log" 2>&1 &
    local tries
    for tries in $(seq 1 300); do
        postgres_sql postgres 'SELECT 1' >/dev/null 2>&1 && postgres_pid=$(head -n 1 "$postgres_folder/data/postmaster.pid") && return 0
        sleep 0.1
    done
    tail -n 20 "$postgres_folder/log"
    return 1
}

postgres_start() { # [SETTING=VALUE]...
    local setting
    postgres_user=$(postgres_who)
    postgres_folder=$(mktemp -d "${TMPDIR:-/tmp}/scanpipe-postgres-XXXXXX")
    [ "$(id -u)" -ne 0 ] || chown "$postgres_user" "$postgres_folder"
    postgres_password='it; is {a} "secret" %41+='
    printf '%s' "$postgres_password" >"$postgres_folder/password"
    chmod 644 "$postgres_folder/password"
    postgres_as "$(postgres_bin)/initdb" -D "$postgres_folder/data" -A scram-sha-256 -U scanpipe -N -E UTF8 \
        --locale=C --pwfile="$postgres_folder/password" >"$postgres_folder/log" 2>&1 || { cat "$postgres_folder/log"; return 1; }
    postgres_take_port
    for setting in listen_addresses=127.0.0.1 "unix_socket_directories=$postgres_folder" max_connections=400 \
        shared_buffers=64MB lc_messages=C "$@"; do
        echo "${setting%%=*} = '${setting#*=}'"
    done >"$postgres_folder/settings"
    cat "$postgres_folder/settings" >>"$postgres_folder/data/postgresql.conf"
    postgres_connection="DRIVER={$(postgres_driver)};Server=127.0.0.1;Port=$postgres_port;Database=postgres;UID=scanpipe"
    postgres_run
}

postgres_await_end() { # PID...: nothing of them is left, but perhaps their status
    local pid end=$((SECONDS + 60))
    for pid; do
        while grep -qs '^State:.[^Z]' "/proc/$pid/status"; do
            [ $SECONDS -lt $end ] || return 1
            sleep 0.02
        done
    done
}

# The first process is held meanwhile, so that it has no new ones; and one that is left would keep the memory that
# they share, which the next server refuses.
postgres_kill() {
    local pids
    kill -STOP "$postgres_pid"
    mapfile -t pids < <(pgrep -P "$postgres_pid")
    kill -KILL "$postgres_pid" "${pids[@]}" 2>/dev/null
    postgres_await_end "$postgres_pid" "${pids[@]}"
    rm -f "$postgres_folder/data/postmaster.pid"
}

postgres_sql() { # DATABASE SQL
    PGPASSWORD=$postgres_password "$(postgres_bin)/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 \
        -p "$postgres_port" -U scanpipe -d "$1" -c "$2"
}

postgres_stop() {
    [ -n "${postgres_folder:-}" ] || return 0
    [ ! -s "$postgres_folder/data/postmaster.pid" ] ||
        postgres_as "$(postgres_bin)/pg_ctl" -D "$postgres_folder/data" -m immediate -w stop >/dev/null 2>&1
    [ -z "${postgres_keeper:-}" ] || kill "$postgres_keeper" 2>/dev/null
    rm -rf "$postgres_folder"
    postgres_folder='' postgres_keeper=''
}
