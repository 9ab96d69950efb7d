# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/sink_mssql/sink_mssql.la
plugins_sink_mssql_sink_mssql_la_SOURCES = \
	plugins/sink_mssql/dialect.c \
	plugins/sink_mssql/errors.c \
	plugins/sink_mssql/sink_mssql.c \
	plugins/sink_mssql/sink_mssql.h \
	plugins/sink_mssql/table.c
plugins_sink_mssql_sink_mssql_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_sink_mssql_sink_mssql_la_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
plugins_sink_mssql_sink_mssql_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_sink_mssql_sink_mssql_la_LIBADD = plugins/lib_odbc/libodbcsink.la plugins/lib_sql/libsql.la $(ODBC_LIBS)
EXTRA_DIST += plugins/sink_mssql/README.md
