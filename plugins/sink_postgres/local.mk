# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/sink_postgres/sink_postgres.la
plugins_sink_postgres_sink_postgres_la_SOURCES = \
	plugins/sink_postgres/dialect.c \
	plugins/sink_postgres/errors.c \
	plugins/sink_postgres/sink_postgres.c \
	plugins/sink_postgres/sink_postgres.h \
	plugins/sink_postgres/table.c
plugins_sink_postgres_sink_postgres_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_sink_postgres_sink_postgres_la_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
plugins_sink_postgres_sink_postgres_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_sink_postgres_sink_postgres_la_LIBADD = plugins/lib_odbc/libodbcsink.la plugins/lib_sql/libsql.la $(ODBC_LIBS)
EXTRA_DIST += plugins/sink_postgres/README.md
