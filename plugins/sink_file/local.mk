# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/sink_file/sink_file.la
plugins_sink_file_sink_file_la_SOURCES = \
	plugins/sink_file/file.c \
	plugins/sink_file/inside.h \
	plugins/sink_file/lines.c \
	plugins/sink_file/lines.h \
	plugins/sink_file/sink_file.c \
	plugins/sink_file/stream.c \
	plugins/sink_file/target.c \
	plugins/sink_file/target.h
plugins_sink_file_sink_file_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_sink_file_sink_file_la_LDFLAGS = $(PLUGIN_LDFLAGS)
EXTRA_DIST += plugins/sink_file/README.md
