# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/source_file/source_file.la
plugins_source_file_source_file_la_SOURCES = \
	plugins/source_file/find.c \
	plugins/source_file/folder.c \
	plugins/source_file/folder.h \
	plugins/source_file/job.h \
	plugins/source_file/page.c \
	plugins/source_file/place.c \
	plugins/source_file/place.h \
	plugins/source_file/reader.c \
	plugins/source_file/reader.h \
	plugins/source_file/source_file.c \
	plugins/source_file/stream.c \
	plugins/source_file/stream.h
plugins_source_file_source_file_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_source_file_source_file_la_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS)
plugins_source_file_source_file_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_source_file_source_file_la_LIBADD = $(ZLIB_LIBS)
EXTRA_DIST += plugins/source_file/README.md
