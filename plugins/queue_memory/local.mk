# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/queue_memory/queue_memory.la
plugins_queue_memory_queue_memory_la_SOURCES = \
	plugins/queue_memory/letters.c \
	plugins/queue_memory/memory.h \
	plugins/queue_memory/messages.c \
	plugins/queue_memory/messages.h \
	plugins/queue_memory/plugin.c \
	plugins/queue_memory/queue.c \
	plugins/queue_memory/state.c
plugins_queue_memory_queue_memory_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_queue_memory_queue_memory_la_LDFLAGS = $(PLUGIN_LDFLAGS)
EXTRA_DIST += plugins/queue_memory/README.md
