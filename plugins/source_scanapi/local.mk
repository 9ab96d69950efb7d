# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/source_scanapi/source_scanapi.la
plugins_source_scanapi_source_scanapi_la_SOURCES = \
	plugins/source_scanapi/advance.c \
	plugins/source_scanapi/advance.h \
	plugins/source_scanapi/cursor.c \
	plugins/source_scanapi/cursor.h \
	plugins/source_scanapi/feed.c \
	plugins/source_scanapi/feed.h \
	plugins/source_scanapi/judge.c \
	plugins/source_scanapi/judge.h \
	plugins/source_scanapi/narrow.c \
	plugins/source_scanapi/narrow.h \
	plugins/source_scanapi/options.c \
	plugins/source_scanapi/page.c \
	plugins/source_scanapi/page.h \
	plugins/source_scanapi/read.c \
	plugins/source_scanapi/read.h \
	plugins/source_scanapi/repeats.c \
	plugins/source_scanapi/repeats.h \
	plugins/source_scanapi/resync.c \
	plugins/source_scanapi/resync.h \
	plugins/source_scanapi/scanapi.h \
	plugins/source_scanapi/source_scanapi.c \
	plugins/source_scanapi/status.c \
	plugins/source_scanapi/status.h \
	plugins/source_scanapi/wellformed.c \
	plugins/source_scanapi/wellformed.h
plugins_source_scanapi_source_scanapi_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_source_scanapi_source_scanapi_la_CFLAGS = $(AM_CFLAGS)
plugins_source_scanapi_source_scanapi_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_source_scanapi_source_scanapi_la_LIBADD = plugins/lib_http/libhttp.la $(SCANAPI_LIBS)
EXTRA_DIST += plugins/source_scanapi/README.md
