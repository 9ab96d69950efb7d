# SPDX-License-Identifier: Apache-2.0

include packaging/systemd/local.mk

EXTRA_DIST += packaging/README.md
