# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += plugins/lib_sqlite/libsqlite.la
plugins_lib_sqlite_libsqlite_la_SOURCES = \
	plugins/lib_sqlite/connection.c \
	plugins/lib_sqlite/error.c \
	plugins/lib_sqlite/letters.c \
	plugins/lib_sqlite/lite.h \
	plugins/lib_sqlite/migrate.c \
	plugins/lib_sqlite/simple.c \
	plugins/lib_sqlite/state.c \
	plugins/lib_sqlite/statement.c
plugins_lib_sqlite_libsqlite_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lib_sqlite_libsqlite_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
EXTRA_DIST += plugins/lib_sqlite/README.md
