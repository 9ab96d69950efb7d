# SPDX-License-Identifier: Apache-2.0
# What authors of plugins build with.

pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = devel/scanpipe.pc

aclocaldir = $(datadir)/aclocal
dist_aclocal_DATA = devel/scanpipe.m4

EXTRA_DIST += devel/README.md

# Where plugins are installed is built into the programs: another --prefix is another program.
core/cmd/folders.$(OBJEXT): Makefile
