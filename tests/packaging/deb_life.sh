#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The life of the packages, told inside a bare Debian that is thrown away afterwards: tests/packaging/deb_test.sh
# puts this, tap.sh and service.sh into one folder of it, beside the packages (debs/) and newer ones (newer/).
set -u
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd "$(dirname "$0")" || exit
here=$PWD
. ./tap.sh
. ./service.sh
log=$here/log
config=/etc/scanpipe/quickstart.yaml
data=/var/lib/scanpipe/quickstart

packages='scanpipe scanpipe-dev scanpipe-plugin-odbc scanpipe-plugin-sqs'
apt() { apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >>"$log" 2>&1; }
pipe() { env SCANPIPE_DATA="$data" scanpipe "$@" -c "$config" 2>>"$log"; } # COMMAND...
as_service() { runuser -u scanpipe -- env SCANPIPE_DATA="$data" scanpipe "$@" -c "$config" >>"$log" 2>&1; }
cursor() { pipe cursor show | sed -n 's/^cursor *//p'; }
queued() { pipe queue check | sed -n 's/^\([0-9]*\) messages.*/\1/p'; }
files() { sha256sum "$config" | cut -d' ' -f1 && stat -c '%U:%G %a' "$config" "$data"; }
kept() { echo "cursor $(cursor), $(queued) messages" && files; }
# shellcheck disable=SC2086 # several names
versions() { dpkg-query -W -f '${db:Status-Abbrev}${Version}\n' $packages 2>/dev/null | sort -u; }
traces() {
    find / -xdev \( -path /proc -o -path /sys -o -path /var/log -o -path "$here" \) -prune -o \
        -iname '*scanpipe*' -print
    # What ends in "-" is how the file was before, which its own program keeps.
    grep -rls --exclude='*-' scanpipe /etc /var/lib/dpkg/status /var/lib/systemd \
        /var/cache/debconf/{config,templates}.dat
}
finish() {
    [ -z "$feed_pid" ] || feed_stop
    [ $tap_failed -eq 0 ] || kill "$service_pid" 2>/dev/null
    if [ $tap_failed -gt 0 ] || [ $tap_told -ne $tap_planned ]; then
        echo "# the end of the log:"
        tail -n 40 "$log" | sed 's/^/#   /'
    fi
}
trap finish EXIT

plan 30

apt update
apt install "$here"/debs/*.deb
ok "given a bare Debian, when the packages are installed, then apt finds what they need" $?
is "and all four are installed" "$(dpkg-query -W -f '${db:Status-Abbrev}' 'scanpipe*' | grep -o ii | wc -l)" 4
found=$(scanpipe plugins 2>>"$log")
missing=
for plugin in 'source.*scanapi' 'source.*file' 'queue.*memory' 'queue.*sqlite' 'queue.*sqs' 'sink.*file' 'sink.*null' \
    'sink.*sqlite' 'sink.*postgres' 'sink.*mssql' 'state.*mssql' 'letters.*sqs'; do
    grep -q "$plugin" <<<"$found" || missing+="$plugin "
done
is "and each plugin can be loaded" "$missing" ""
has "and there is a user for the service, that nobody can be" "$(getent passwd scanpipe)" :/usr/sbin/nologin
is "and a folder for pipelines, which may have secrets in them" "$(stat -c '%U:%G %a' /etc/scanpipe)" \
    "root:scanpipe 750"
is "and no pipeline is there before somebody writes one" "$(ls -A /etc/scanpipe /var/lib/scanpipe | tr -d '\n')" \
    "/etc/scanpipe:/var/lib/scanpipe:"

feed_start --generate --events 20000 --gaps 0 --parcels 4000 --live-from 5000 --live 2000 --fail-503 5%
zcat -f /usr/share/doc/scanpipe/examples/quickstart.yaml* | sed "s,http://127.0.0.1:8080,$feed_url," >"$config"
chgrp scanpipe "$config"
chmod 640 "$config"
pipe check >>"$log"
ok "given the packaged example with the feed's address, when it is checked, then it is right" $?
service_start quickstart
wait_for 60 eval '[ "0$(cursor)" -ge 5000 ]'
ok "and when it is started as the service, then it reads" $?
as_service pause deliver
wait_for 60 eval '[ "0$(queued)" -gt 0 ]'
ok "and when delivery is paused, then it reads on into the queue" $?
service_stop quickstart
is "and when it is stopped, then it ends as it should" $? 0

before=$(kept) version=$(versions)
apt install "$here"/newer/*.deb
ok "given a stopped pipeline, when newer packages are installed, then they are" $?
[ "$(versions | wc -l)" -eq 1 ] && dpkg --compare-versions "$(versions | cut -c4-)" gt "$(cut -c4- <<<"$version")"
ok "and all are of the newer version" $? "was $version, is $(versions)"
is "and configuration, cursor and queue are what they were" "$(kept)" "$before"

service_start quickstart
as_service resume
wait_for 60 eval '[ "$(queued)" = 0 ] && [ "$(cursor)" -ge 20000 ]'
ok "and when it is started again, then it goes on from there" $?
wait_for 60 pipe verify
ok "and the table holds what the feed says" $? "$(pipe verify 2>&1 | tail -n 5)"
service_stop quickstart
feed_stop

before=$(files)
apt remove scanpipe
[ ! -e /usr/bin/scanpipe ] && [ ! -e /lib/systemd/system/scanpipe@.service ]
ok "when scanpipe is removed, then the program and its unit are gone" $?
is "and what needs it goes with it" \
    "$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 'scanpipe*' | grep '^ii')" ""
is "and configuration and data stay" "$(files)" "$before"

mkdir -p /etc/systemd/system/scanpipe@quickstart.service.d /etc/systemd/system/multi-user.target.wants
ln -s /lib/systemd/system/scanpipe@.service /etc/systemd/system/multi-user.target.wants/scanpipe@quickstart.service
told=$(apt-get -q -y purge scanpipe 2>&1)
ok "when it is purged with nobody there to ask, then it is" $? "$told"
has "and it says what it keeps" "$told" "the pipelines' data stays in /var/lib/scanpipe"
[ ! -e /etc/scanpipe ] && [ -s "$data/quickstart.db" ] && [ -s "$data/quickstart.queue.db" ]
ok "and the configuration is gone, the data there" $?

apt install "$here"/newer/*.deb
is "when it is installed again, then the data is its own" "$(stat -c %U "$data/quickstart.db")" scanpipe
echo 'scanpipe scanpipe/remove-data boolean true' | debconf-set-selections
# shellcheck disable=SC2086 # several names
told=$(apt-get -q -y purge $packages 2>&1)
ok "when it is purged by somebody who said yes to losing the data, then it is" $? "$told"
[ ! -e /var/lib/scanpipe ]
ok "and the data is gone" $?
is "and no trace is left" "$(traces)" ""

apt install systemd-standalone-sysusers systemd- "$here"/debs/scanpipe_*.deb "$here"/debs/scanpipe-plugin-*.deb
is "when there is no systemd but users are made, then the folder for pipelines is there" \
    "$(command -v systemd-tmpfiles; stat -c '%U:%G %a' /etc/scanpipe)" "root:scanpipe 750"
: >/var/log/dpkg.log
apt install "$here"/newer/scanpipe-plugin-*.deb
grep -q ' trigproc scanpipe:' /var/log/dpkg.log
ok "when plugins alone are upgraded, then scanpipe hears of it" $? "$(tail /var/log/dpkg.log)"
mkdir -p "$here/disk/mine" /var/lib/scanpipe
mount --bind "$here/disk" /var/lib/scanpipe
echo 1 >/var/lib/scanpipe/mine/data
echo 'scanpipe scanpipe/remove-data boolean true' | debconf-set-selections
# shellcheck disable=SC2086 # several names
told=$(apt-get -q -y purge $packages 2>&1)
ok "when it is purged, with data that may go on a disk of its own, then it is" $? "$told"
is "and the disk is empty" "$(ls -A "$here/disk")" ""
umount /var/lib/scanpipe && rmdir /var/lib/scanpipe
is "and no trace is left but where it was mounted" "$(traces)" ""
tap_end
