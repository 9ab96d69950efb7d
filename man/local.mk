# SPDX-License-Identifier: Apache-2.0
# The manual.

dist_man_MANS = man/scanpipe.1 man/scanpipe-kit.1 man/scanpipe.yaml.5
