# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests to source: the Debian packages, and newer ones.

debs_build() { # FOLDER
    DEB_BUILD_PROFILES=nocheck DEB_BUILD_OPTIONS="parallel=$(nproc) nocheck noautodbgsym" \
        bash "$(dirname "${BASH_SOURCE[0]}")/../../packaging/deb.sh" "$1"
}

# debs_newer FROM TO: the packages in FROM as the next version; what is in them was not built again.
debs_newer() {
    local folder deb version
    folder=$(mktemp -d)
    mkdir -p "$2"
    for deb in "$1"/*.deb; do
        version=$(dpkg-deb -f "$deb" Version)
        dpkg-deb -R "$deb" "$folder/content"
        sed -i "s/$version/$version+next1/" "$folder/content/DEBIAN/control"
        dpkg-deb --root-owner-group -Zgzip -b "$folder/content" "$2" >/dev/null
        rm -rf "$folder/content"
    done
    rm -rf "$folder"
}
