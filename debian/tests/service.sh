# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by the tests
# For tests to source: starts and stops scanpipe@NAME, and the feed that it reads.
#
# Where no systemd runs, as in a chroot, the unit's own command line is run as the unit's user, with its
# umask, its folder and its environment.

unit=/lib/systemd/system/scanpipe@.service
service_pid='' feed_pid='' feed_url=''

# setting NAME PIPELINE: what the unit says, for this pipeline
setting() {
    sed -n "s/^$1=//p" "$unit" | sed "s,%i,$2,g; s,%S,/var/lib,g; s,%b,$(tr -d - </proc/sys/kernel/random/boot_id),g"
}

service_start() { # PIPELINE
    if [ -d /run/systemd/system ]; then
        systemctl start "scanpipe@$1"
        service_pid=$(systemctl show -P MainPID "scanpipe@$1")
        return
    fi
    local user command environment
    user=$(setting User "$1")
    read -ra command <<<"$(setting ExecStart "$1")"
    read -ra environment <<<"$(setting Environment "$1")"
    install -d -o "$user" -g "$user" -m "$(setting StateDirectoryMode "$1")" \
        "/var/lib/scanpipe" "/var/lib/$(setting StateDirectory "$1")"
    (
        cd "$(setting WorkingDirectory "$1")" || exit
        umask "$(setting UMask "$1")"
        exec setpriv --reuid="$user" --regid="$user" --init-groups --no-new-privs --bounding-set=-all \
            env -i PATH=/usr/bin:/bin LANG=C.UTF-8 "${environment[@]}" "${command[@]}"
    ) >>"${log:?}" 2>&1 &
    service_pid=$!
}

# The status is the process's, which is 0 after SIGTERM.
service_stop() { # PIPELINE
    if [ -d /run/systemd/system ]; then
        systemctl stop "scanpipe@$1"
        [ "$(systemctl show -P Result "scanpipe@$1")" = success ]
        return
    fi
    kill -TERM "$service_pid" && wait "$service_pid"
}

feed_start() { # OPTION...: sets feed_url
    rm -f "${log:?}.feed"
    scanapi-sim "$@" --lifetime 300 >"$log.feed" 2>>"$log" &
    feed_pid=$!
    wait_for 10 grep -q '^listening on' "$log.feed"
    feed_url=$(sed -n 's/^listening on //p' "$log.feed")
}

feed_stop() {
    kill "$feed_pid"
    wait "$feed_pid" || true # killed, as it was meant to be
    feed_pid=''
}

wait_for() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { echo "in vain: $*" >&2; return 1; }
        sleep 0.2
    done
}

# query PIPELINE SQL: asks the table's file
query() {
    sqlite3 -readonly "/var/lib/scanpipe/$1/$1.db" "$2"
}
