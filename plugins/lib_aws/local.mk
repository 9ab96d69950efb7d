# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += plugins/lib_aws/libaws.la
plugins_lib_aws_libaws_la_SOURCES = \
	plugins/lib_aws/aws.c \
	plugins/lib_aws/aws.h \
	plugins/lib_aws/chain.c \
	plugins/lib_aws/chain.h \
	plugins/lib_aws/chain_get.c \
	plugins/lib_aws/credentials.c \
	plugins/lib_aws/fetch.c \
	plugins/lib_aws/grant.c \
	plugins/lib_aws/grant.h \
	plugins/lib_aws/ini.c \
	plugins/lib_aws/ini.h \
	plugins/lib_aws/inside.h \
	plugins/lib_aws/place.c \
	plugins/lib_aws/place.h \
	plugins/lib_aws/profile.c \
	plugins/lib_aws/profile.h \
	plugins/lib_aws/refresh.c \
	plugins/lib_aws/refresh.h \
	plugins/lib_aws/send.c \
	plugins/lib_aws/sign.c \
	plugins/lib_aws/sign.h \
	plugins/lib_aws/sts.c \
	plugins/lib_aws/sts_xml.c \
	plugins/lib_aws/sts_xml.h \
	plugins/lib_aws/text.h \
	plugins/lib_aws/url.c \
	plugins/lib_aws/url.h
plugins_lib_aws_libaws_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lib_aws_libaws_la_CFLAGS = $(AM_CFLAGS)
EXTRA_DIST += plugins/lib_aws/README.md
