# SPDX-License-Identifier: Apache-2.0

plugin_LTLIBRARIES += plugins/queue_sqs/queue_sqs.la
plugins_queue_sqs_queue_sqs_la_SOURCES = \
	plugins/queue_sqs/answer.c \
	plugins/queue_sqs/answer.h \
	plugins/queue_sqs/attributes.c \
	plugins/queue_sqs/bare.c \
	plugins/queue_sqs/bare.h \
	plugins/queue_sqs/call.c \
	plugins/queue_sqs/code.c \
	plugins/queue_sqs/code.h \
	plugins/queue_sqs/convert.c \
	plugins/queue_sqs/copies.c \
	plugins/queue_sqs/copies.h \
	plugins/queue_sqs/create.c \
	plugins/queue_sqs/drain.c \
	plugins/queue_sqs/entries.c \
	plugins/queue_sqs/entries.h \
	plugins/queue_sqs/findings.c \
	plugins/queue_sqs/findings.h \
	plugins/queue_sqs/held.c \
	plugins/queue_sqs/held.h \
	plugins/queue_sqs/holding.h \
	plugins/queue_sqs/intake.c \
	plugins/queue_sqs/intake.h \
	plugins/queue_sqs/lease.c \
	plugins/queue_sqs/letters.c \
	plugins/queue_sqs/letters.h \
	plugins/queue_sqs/md5.c \
	plugins/queue_sqs/md5.h \
	plugins/queue_sqs/message.c \
	plugins/queue_sqs/message.h \
	plugins/queue_sqs/plugin.c \
	plugins/queue_sqs/receipt.c \
	plugins/queue_sqs/receipt.h \
	plugins/queue_sqs/receive.c \
	plugins/queue_sqs/renew.c \
	plugins/queue_sqs/seen.c \
	plugins/queue_sqs/seen.h \
	plugins/queue_sqs/send.c \
	plugins/queue_sqs/settle.c \
	plugins/queue_sqs/sqs.h \
	plugins/queue_sqs/survey.c \
	plugins/queue_sqs/text.c \
	plugins/queue_sqs/text.h \
	plugins/queue_sqs/wanted.c \
	plugins/queue_sqs/wanted.h
plugins_queue_sqs_queue_sqs_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_queue_sqs_queue_sqs_la_CFLAGS = $(AM_CFLAGS)
plugins_queue_sqs_queue_sqs_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_queue_sqs_queue_sqs_la_LIBADD = \
	plugins/lib_aws/libaws.la plugins/lib_http/libhttp.la $(SQS_LIBS) $(JSONC_LIBS) $(CRYPTO_LIBS)
EXTRA_DIST += plugins/queue_sqs/README.md
