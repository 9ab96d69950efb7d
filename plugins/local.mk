# SPDX-License-Identifier: Apache-2.0
# Each folder is named as the shared object that it makes.  Plugins see the public headers alone.

PLUGIN_CPPFLAGS = -I$(top_srcdir)/core/include -I$(top_srcdir)/plugins
PLUGIN_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^scanpipe_plugin$$'

include plugins/sink_null/local.mk
include plugins/sink_file/local.mk
include plugins/queue_memory/local.mk
include plugins/source_file/local.mk
include plugins/lib_sql/local.mk
if WITH_SQLITE
include plugins/lib_sqlite/local.mk
include plugins/queue_sqlite/local.mk
include plugins/sink_sqlite/local.mk
endif
if WITH_CURL
include plugins/lib_http/local.mk
include plugins/lib_aws/local.mk
endif
if WITH_SQS
include plugins/queue_sqs/local.mk
endif
if WITH_SCANAPI
include plugins/source_scanapi/local.mk
endif
if WITH_ODBC
include plugins/lib_odbc/local.mk
endif
if WITH_POSTGRES
include plugins/sink_postgres/local.mk
endif
if WITH_MSSQL
include plugins/sink_mssql/local.mk
endif
EXTRA_DIST += plugins/README.md
