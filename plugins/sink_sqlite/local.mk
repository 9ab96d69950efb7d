# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/sink_sqlite/sink_sqlite.la
plugins_sink_sqlite_sink_sqlite_la_SOURCES = \
	plugins/sink_sqlite/compare.c \
	plugins/sink_sqlite/decimal.c \
	plugins/sink_sqlite/dialect.c \
	plugins/sink_sqlite/read.c \
	plugins/sink_sqlite/schema.c \
	plugins/sink_sqlite/sink_sqlite.c \
	plugins/sink_sqlite/sink_sqlite.h \
	plugins/sink_sqlite/statement.c \
	plugins/sink_sqlite/value.c \
	plugins/sink_sqlite/write.c
plugins_sink_sqlite_sink_sqlite_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_sink_sqlite_sink_sqlite_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
plugins_sink_sqlite_sink_sqlite_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_sink_sqlite_sink_sqlite_la_LIBADD = plugins/lib_sqlite/libsqlite.la plugins/lib_sql/libsql.la $(SQLITE_LIBS)
EXTRA_DIST += plugins/sink_sqlite/README.md
