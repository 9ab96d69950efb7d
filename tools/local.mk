# SPDX-License-Identifier: Apache-2.0

bin_PROGRAMS += tools/scanapi_sim/scanapi-sim
tools_scanapi_sim_scanapi_sim_SOURCES = \
	tools/scanapi_sim/bad.c \
	tools/scanapi_sim/bad.h \
	tools/scanapi_sim/dice.h \
	tools/scanapi_sim/event.c \
	tools/scanapi_sim/event.h \
	tools/scanapi_sim/faults.c \
	tools/scanapi_sim/faults.h \
	tools/scanapi_sim/feed.c \
	tools/scanapi_sim/feed.h \
	tools/scanapi_sim/feed_file.c \
	tools/scanapi_sim/feed_generated.c \
	tools/scanapi_sim/http.c \
	tools/scanapi_sim/http.h \
	tools/scanapi_sim/main.c \
	tools/scanapi_sim/options.c \
	tools/scanapi_sim/options.h \
	tools/scanapi_sim/page.c \
	tools/scanapi_sim/page.h \
	tools/scanapi_sim/routes.c \
	tools/scanapi_sim/routes.h \
	tools/scanapi_sim/server.c \
	tools/scanapi_sim/server.h \
	tools/scanapi_sim/settings.h \
	tools/scanapi_sim/stats.c \
	tools/scanapi_sim/stats.h \
	tools/scanapi_sim/text.c \
	tools/scanapi_sim/text.h
tools_scanapi_sim_scanapi_sim_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS)
tools_scanapi_sim_scanapi_sim_LDADD = $(ZLIB_LIBS) -lm
EXTRA_DIST += tools/scanapi_sim/README.md
