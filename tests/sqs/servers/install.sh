#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the servers of package-lock.json into the user's cache, once a lock file: every build folder finds
# them there.  Prints the folder.  Where there is no npm or no registry, it says so and fails.
#
# usage: install.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../servers.sh"

folder=$(servers_folder)
if [ ! -d "$folder/node_modules" ]; then
    command -v npm >/dev/null || { echo "npm is not installed" >&2; exit 69; }
    mkdir -p "${folder%/*}"
    new=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$new/"
    (cd "$new" && npm ci --ignore-scripts --no-audit --no-fund >npm.out 2>&1) ||
        { cat "$new/npm.out" >&2; exit 69; }
    mv -T "$new" "$folder" 2>/dev/null || [ -d "$folder/node_modules" ] # another one was faster
fi
echo "$folder"
