# SPDX-License-Identifier: Apache-2.0

include packaging/deb.mk
include packaging/systemd/local.mk
include tests/packaging/service.mk

EXTRA_DIST += packaging/README.md
