#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scanpipe@.service in a bare Debian 12 that is booted by systemd-nspawn: installed, started, reloaded, killed, stuck,
# stopped, shut down with the system, upgraded and removed.  Needs root, SETUP_BOOT and SETUP_PACKAGES of
# build-aux/setup.sh, and apt's servers.
#
# usage: top_builddir=BUILD tests/packaging/boot_test.sh [FOLDER]     FOLDER: packages, instead of building them
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
# shellcheck source=tests/packaging/debs.sh
. "$(dirname "${BASH_SOURCE[0]}")/debs.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'only root can boot a container'
there=$scratch/root
dropins=$there/etc/systemd/system/scanpipe@parcels.service.d
db=$there/var/lib/scanpipe/parcels/service.db
container=''

shut_off() {
    [ -z "$container" ] || { kill -TERM "$container"; kill -TERM "$container"; wait "$container"; } 2>/dev/null
    clean_up
}
trap shut_off EXIT

make_root() {
    bash "$(dirname "${BASH_SOURCE[0]}")/bare_debian.sh" "$there" >"$scratch/debian.log" 2>&1 &&
        chroot "$there" sh -c 'apt-get update -q && apt-get install -y -q --no-install-recommends systemd dbus' \
            >>"$scratch/debian.log" 2>&1 ||
        bail "no bare Debian is to be had: $(tail -n 5 "$scratch/debian.log")"
    mkdir -p "$there/var/log/journal" "$there/debs"
}

install_packages() { # [FOLDER]
    local from=${1:-$scratch/out}
    [ $# -gt 0 ] || debs_build "$from" >"$scratch/build.log" 2>&1 ||
        bail "the packages are not built: $(tail -n 5 "$scratch/build.log")"
    cp "$from"/*.deb "$there/debs/"
    debs_newer "$there/debs" "$there/newer"
    chroot "$there" sh -c 'DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends /debs/*.deb' \
        >"$scratch/install.log" 2>&1 || bail "they are not installed: $(tail -n 5 "$scratch/install.log")"
}

# What runs in the container is a child of systemd-nspawn.
init_of() {
    pgrep -P "$container" -x systemd
}

inside() { # COMMAND...
    nsenter -t "$init" -m -u -i -n -p -C -- "$@"
}

is_up() {
    init=$(init_of) && inside systemctl is-system-running 2>/dev/null | grep -q '^running\|^degraded'
}

boot() {
    # The machine's own manager, where there is one, has no part in it.
    systemd-nspawn -q -D "$there" -b --private-network --register=no --keep-unit --console=pipe \
        </dev/null >"$scratch/nspawn.log" 2>&1 &
    container=$!
    wait_until 40 is_up || return
    ok "it is booted: $(inside systemctl is-system-running)" 0
}

nspawn_said() {
    tail -n 2 "$scratch/nspawn.log" | tr '\n' ' '
}

# One pipeline, as an administrator would write it; its secret comes by LoadCredential.
configure() {
    install -d -m 700 "$there/etc/scanpipe/credentials"
    sed -e 's/^name: .*/name: parcels/' -e 's/poll_interval: .*/poll_interval: 200ms/' "$conf/service.yaml" \
        >"$there/etc/scanpipe/parcels.yaml"
    echo a-token-4711 >"$there/etc/scanpipe/credentials/scan-api-token"
    chmod 600 "$there"/etc/scanpipe/credentials/*
    mkdir -p "$dropins"
    cp "$there/usr/share/doc/scanpipe/examples/credentials.conf" "$dropins/"
}

start_feed() {
    inside systemd-run --quiet --unit=feed /usr/bin/scanapi-sim --generate --seed "$seed" --events 3000 \
        --parcels 300 --auth a-token-4711 --port 8080
    sim_print "$scratch/events" --generate --seed "$seed" --events 3000 --parcels 300
}

unit=scanpipe@parcels.service

shows() { # PROPERTY
    inside systemctl show -P "$1" "$unit"
}

shows_like() { # PROPERTY PATTERN
    shows "$1" | grep -q -e "$2"
}

journal() { # PATTERN: whether the unit has said so
    inside journalctl -q -o cat -u "$unit" | grep -q -e "$1"
}

status_of_process() { # FIELD
    sed -n "s/^$1:[[:space:]]*//p" "/proc/$(host_pid)/status"
}

# The main process, as this side of the container numbers it.
host_pid() {
    pgrep -f '^/usr/bin/scanpipe run -c /etc/scanpipe/parcels.yaml$'
}

starts() {
    check 'systemctl start returns when it is ready' inside systemctl start "$unit"
    is 'it is active' "$(shows ActiveState)/$(shows SubState)" active/running
    check 'systemctl status says how far it is' wait_until 30 shows_like StatusText 'caught up; read 3000'
    table_equals "the table is the oracle's" "$db" "$scratch/events"
    is 'it runs as the user scanpipe' "$(status_of_process Uid | cut -f1)" "$(inside id -u scanpipe)"
    is 'without a capability' "$(status_of_process CapEff)" 0000000000000000
    is 'and gets none' "$(status_of_process NoNewPrivs)" 1
    is 'its system calls are filtered' "$(status_of_process Seccomp)" 2
    is 'only it reads its data' "$(inside stat -c '%U %a' /var/lib/scanpipe/parcels)" 'scanpipe 750'
    inside journalctl -q -o cat "_SYSTEMD_UNIT=$unit" >"$scratch/said"
    check 'the journal has what it says' test -s "$scratch/said"
    is 'and no secret' "$(grep -c a-token-4711 "$scratch/said")" 0
}

# Given a good and a bad file, when the unit is reloaded, then it follows the one and survives the other.
reloads() {
    local before
    before=$(shows MainPID)
    check 'systemctl reload' inside systemctl reload "$unit"
    check 'the file was read' wait_until 10 journal 'goes on with what /etc/scanpipe/parcels.yaml says'
    cp "$there/etc/scanpipe/parcels.yaml" "$scratch/good.yaml"
    sed -i 's/page_size/page_sizes/' "$there/etc/scanpipe/parcels.yaml"
    inside systemctl reload "$unit"
    check 'a bad file: the status says so' wait_until 10 shows_like StatusText 'refused at the last reload'
    is 'it is active all the same' "$(shows ActiveState)" active
    cp "$scratch/good.yaml" "$there/etc/scanpipe/parcels.yaml"
    is 'it is the same process' "$(shows MainPID)" "$before"
}

restarted() { # TIMES: so often, and ready again
    [ "$(shows NRestarts)" = "$1" ] && [ "$(shows SubState)" = running ]
}

# Given a process that is killed, or stands still, then systemd starts another.
is_kept_alive() {
    inside systemctl kill -s KILL "$unit"
    check 'killed: it is started again' wait_until 20 restarted 1
    printf '[Service]\nWatchdogSec=2s\n' >"$dropins/watchdog.conf"
    inside systemctl daemon-reload
    inside systemctl restart "$unit"
    sleep 5
    is 'the watchdog is fed' "$(shows NRestarts)/$(shows SubState)" 0/running
    inside systemctl kill -s STOP "$unit"
    check 'stands still: it is started again' wait_until 30 restarted 1
    check 'stands still: for the watchdog' journal_of_manager 'Watchdog timeout'
    rm "$dropins/watchdog.conf"
    inside systemctl daemon-reload
}

journal_of_manager() { # PATTERN: what systemd said of the unit
    inside journalctl -q -o cat "_PID=1" | grep -q -e "$1"
}

# A command of the administrator's, as the unit's user and with its secrets.
as_the_unit() { # COMMAND...
    inside systemd-run --quiet --pipe --wait --collect -p User=scanpipe -p UMask=0077 \
        -p LoadCredential=scan-api-token:/etc/scanpipe/credentials/scan-api-token \
        -E SCANPIPE_DATA=/var/lib/scanpipe/parcels scanpipe "$@" -c /etc/scanpipe/parcels.yaml
}

# Given a unit that runs, then commands know that its process is at work; given one that was killed, then they know
# at once that it is gone, though /proc's boot id is hidden from the unit.
people_and_unit_are_on_one_machine() {
    check 'cursor show' as_the_unit cursor show
    as_the_unit cursor set --to-start >"$scratch/set.out" 2>&1
    is 'cursor set is refused while it runs' "$?" 69
    printf '[Service]\nRestart=no\n' >"$dropins/restart.conf"
    inside systemctl daemon-reload
    inside systemctl kill -s KILL "$unit"
    check 'it is killed' wait_until 10 shows_like ActiveState failed
    check 'cursor set' as_the_unit cursor set --to-start
    is 'it knows that the process is gone' "$(grep -c 'watching for' "$scratch/check.out")" 0
    rm "$dropins/restart.conf"
    inside systemctl daemon-reload
    inside systemctl reset-failed "$unit"
}

# Given what no new process mends, then none is started.
mistakes_end_it() {
    inside systemctl start scanpipe@nothing.service 2>/dev/null
    is 'no file: it fails' "$(inside systemctl show -P ExecMainStatus scanpipe@nothing.service)" 66
    sed 's/page_size/page_sizes/' "$scratch/good.yaml" >"$there/etc/scanpipe/wrong.yaml"
    inside systemctl start scanpipe@wrong.service 2>/dev/null
    is 'a mistake: it fails' "$(inside systemctl show -P ExecMainStatus scanpipe@wrong.service)" 78
    sleep 2.5
    is 'neither is started again' '0 0' \
        "$(inside systemctl show -P NRestarts scanpipe@nothing.service scanpipe@wrong.service | xargs)"
    inside journalctl -q -o cat -u scanpipe@wrong.service >"$scratch/wrong.journal"
    check 'the journal has the place' has_line "$scratch/wrong.journal" '^/etc/scanpipe/wrong.yaml:[0-9]*:[0-9]*: error'
}

stops() {
    check 'it is started once more' inside systemctl start "$unit"
    wait_until 20 shows_like StatusText 'caught up; read [1-9]'
    check 'systemctl stop' inside systemctl stop "$unit"
    is 'it ended well' "$(shows Result)/$(shows ExecMainStatus)" success/0
    table_equals "after all that the table is the oracle's" "$db" "$scratch/events"
}

# Given a system that is shut down, then the pipeline stops as it should, before its machine does.
goes_down_with_the_system() {
    check 'it is enabled, and started' inside systemctl enable --now -q "$unit"
    kill -TERM "$container" # an orderly power-off
    await_end "$container" 40
    container=''
    is 'the system goes down' "$STATUS" 0
    journalctl -q -D "$there/var/log/journal" -o cat >"$scratch/journal"
    check 'the pipeline was asked to stop' has_line "$scratch/journal" 'SIGTERM: stopping'
    check 'and did' has_line "$scratch/journal" 'Stopped scanpipe@parcels'
    # Given the next boot, then it runs by itself.
    boot || bail "it does not boot again: $(nspawn_said)"
    check 'after the boot it runs by itself' wait_until 20 shows_like SubState running
}

# Given a pipeline that runs, when the packages are upgraded, then a new process runs; when they are removed, none.
upgraded_and_removed() {
    local before
    before=$(shows MainPID)
    check 'newer plugins are installed' in_there 'dpkg -i /newer/scanpipe-plugin-*.deb'
    check 'a new process has them' wait_until 20 runs_anew "$before"
    before=$(shows MainPID)
    check 'a newer scanpipe is installed' in_there 'dpkg -i /newer/scanpipe_*.deb /newer/scanpipe-dev_*.deb'
    check 'a new process runs it' wait_until 20 runs_anew "$before"
    before=$(shows MainPID)
    sleep 2
    is 'once' "$(shows MainPID)" "$before"
    check 'scanpipe is removed' in_there 'dpkg -r scanpipe-plugin-sqs scanpipe-plugin-odbc scanpipe-dev scanpipe'
    is 'nothing runs' "$(shows ActiveState)$(host_pid)" inactive
    is 'the data is there' "$(inside stat -c %U "/var/lib/scanpipe/parcels/service.db")" scanpipe
}

in_there() { # COMMAND LINE
    inside env DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "$1"
}

runs_anew() { # PID: of the process before
    [ "$(shows SubState)" = running ] && [ "$(shows MainPID)" != "$1" ]
}

make_root
install_packages "$@"
configure
boot || skip_all "this machine boots no container: $(nspawn_said)"
start_feed
starts
reloads
is_kept_alive
people_and_unit_are_on_one_machine
mistakes_end_it
stops
goes_down_with_the_system
upgraded_and_removed
finish
