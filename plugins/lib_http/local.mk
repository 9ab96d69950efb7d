# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += plugins/lib_http/libhttp.la
plugins_lib_http_libhttp_la_SOURCES = \
	plugins/lib_http/answer.c \
	plugins/lib_http/fail.c \
	plugins/lib_http/fields.c \
	plugins/lib_http/http.c \
	plugins/lib_http/http.h \
	plugins/lib_http/inside.h
plugins_lib_http_libhttp_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lib_http_libhttp_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
EXTRA_DIST += plugins/lib_http/README.md
