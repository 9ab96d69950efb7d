# SPDX-License-Identifier: Apache-2.0
# What authors of plugins build with.

pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = devel/scanpipe.pc

aclocaldir = $(datadir)/aclocal
dist_aclocal_DATA = devel/scanpipe.m4

dist_man3_MANS = man/scanpipe-plugin.3

tutorialdir = $(docdir)
dist_tutorial_DATA = docs/writing-plugins.md

# `scanpipe create plugin` has its templates inside.
templates = \
	devel/templates/any/events.ndjson \
	devel/templates/autotools/Makefile.am \
	devel/templates/autotools/configure.ac \
	devel/templates/autotools/gitignore \
	devel/templates/autotools/howto.md \
	devel/templates/make/Makefile \
	devel/templates/make/gitignore \
	devel/templates/make/howto.md \
	devel/templates/sink/README.md \
	devel/templates/sink/pipeline.yaml \
	devel/templates/sink/plugin.c \
	devel/templates/sink/test.sh \
	devel/templates/source/README.md \
	devel/templates/source/pipeline.yaml \
	devel/templates/source/plugin.c \
	devel/templates/source/test.sh
EXTRA_DIST += devel/README.md devel/templates/README.md build-aux/embed-text.sh $(templates)

devel/templates.h: $(templates) build-aux/embed-text.sh $(srcdir)/devel/local.mk
	$(AM_V_at)$(MKDIR_P) devel
	$(AM_V_GEN)AWK='$(AWK)' $(SHELL) $(srcdir)/build-aux/embed-text.sh $(templates:%=$(srcdir)/%) >$@.new && mv $@.new $@
BUILT_SOURCES += devel/templates.h
CLEANFILES += devel/templates.h devel/templates.h.new
core/cmd/create.$(OBJEXT): devel/templates.h

# Where plugins are installed is built into the programs: another --prefix is another program.
core/cmd/folders.$(OBJEXT): Makefile
