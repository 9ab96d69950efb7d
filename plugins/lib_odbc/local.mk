# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += plugins/lib_odbc/libodbcsink.la
plugins_lib_odbc_libodbcsink_la_SOURCES = \
	plugins/lib_odbc/compare.c \
	plugins/lib_odbc/connection.c \
	plugins/lib_odbc/error.c \
	plugins/lib_odbc/json.c \
	plugins/lib_odbc/json.h \
	plugins/lib_odbc/letters.c \
	plugins/lib_odbc/migrate.c \
	plugins/lib_odbc/odbc.h \
	plugins/lib_odbc/read.c \
	plugins/lib_odbc/rebuild.c \
	plugins/lib_odbc/rows.h \
	plugins/lib_odbc/schema.c \
	plugins/lib_odbc/simple.c \
	plugins/lib_odbc/sink.c \
	plugins/lib_odbc/socket.c \
	plugins/lib_odbc/state.c \
	plugins/lib_odbc/statement.c \
	plugins/lib_odbc/survey.c \
	plugins/lib_odbc/takeover.c \
	plugins/lib_odbc/text.c \
	plugins/lib_odbc/value.c \
	plugins/lib_odbc/wide.c \
	plugins/lib_odbc/write.c
plugins_lib_odbc_libodbcsink_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lib_odbc_libodbcsink_la_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
EXTRA_DIST += plugins/lib_odbc/README.md
