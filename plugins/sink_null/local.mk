# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/sink_null/sink_null.la
plugins_sink_null_sink_null_la_SOURCES = \
	plugins/sink_null/sink_null.c
plugins_sink_null_sink_null_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_sink_null_sink_null_la_LDFLAGS = $(PLUGIN_LDFLAGS)
EXTRA_DIST += plugins/sink_null/README.md
