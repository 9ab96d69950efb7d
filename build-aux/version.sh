#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the version: of a release from .tarball-version, else the newest of the ChangeLog.
cd "$(dirname "$0")/.." || exit 1
if [ -f .tarball-version ]; then
    cat .tarball-version
else
    sed -n 's/^scanpipe \([0-9][0-9.]*\).*/\1/p' ChangeLog | head -n 1
fi
