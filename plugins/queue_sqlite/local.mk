# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/queue_sqlite/queue_sqlite.la
plugins_queue_sqlite_queue_sqlite_la_SOURCES = \
	plugins/queue_sqlite/attributes.c \
	plugins/queue_sqlite/care.h \
	plugins/queue_sqlite/check.c \
	plugins/queue_sqlite/holder.c \
	plugins/queue_sqlite/look.c \
	plugins/queue_sqlite/pages.c \
	plugins/queue_sqlite/pages.h \
	plugins/queue_sqlite/queue_sqlite.c \
	plugins/queue_sqlite/queue_sqlite.h \
	plugins/queue_sqlite/rebuild.c \
	plugins/queue_sqlite/receive.c \
	plugins/queue_sqlite/repair.c \
	plugins/queue_sqlite/rescue.c \
	plugins/queue_sqlite/rescue.h \
	plugins/queue_sqlite/salvage.c \
	plugins/queue_sqlite/send.c \
	plugins/queue_sqlite/settle.c \
	plugins/queue_sqlite/tables.c \
	plugins/queue_sqlite/tree.c \
	plugins/queue_sqlite/tree.h \
	plugins/queue_sqlite/wait.c
plugins_queue_sqlite_queue_sqlite_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_queue_sqlite_queue_sqlite_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
plugins_queue_sqlite_queue_sqlite_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_queue_sqlite_queue_sqlite_la_LIBADD = plugins/lib_sqlite/libsqlite.la plugins/lib_sql/libsql.la $(SQLITE_LIBS)
EXTRA_DIST += plugins/queue_sqlite/README.md
