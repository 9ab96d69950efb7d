# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += plugins/lib_sql/libsql.la
plugins_lib_sql_libsql_la_SOURCES = \
	plugins/lib_sql/migration.c \
	plugins/lib_sql/migration.h \
	plugins/lib_sql/missing.c \
	plugins/lib_sql/missing.h \
	plugins/lib_sql/sql.c \
	plugins/lib_sql/sql.h \
	plugins/lib_sql/text.c \
	plugins/lib_sql/text.h
plugins_lib_sql_libsql_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
EXTRA_DIST += plugins/lib_sql/README.md
