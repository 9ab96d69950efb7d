# SPDX-License-Identifier: Apache-2.0

UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit -I$(top_srcdir)/plugins -I$(top_srcdir)/tools
UNIT_LIBS = tests/libtap.a core/libcore.a $(CORE_LIBS) $(CUNIT_LIBS)
UNIT_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)

check_LIBRARIES = tests/libtap.a
tests_libtap_a_SOURCES = \
	tests/unit/tap.c \
	tests/unit/fold_world.h \
	tests/unit/http_server.h \
	tests/unit/plugin_stage.h \
	tests/unit/scanapi_fixture.h \
	tests/unit/sqlite_stage.h \
	tests/unit/table_fixture.h \
	tests/unit/tap.h
tests_libtap_a_CFLAGS = $(UNIT_CFLAGS)

# The plugins' objects once more, for tests that call them without dlopen.
check_LIBRARIES += tests/libqueue_memory.a
tests_libqueue_memory_a_SOURCES = \
	plugins/queue_memory/letters.c \
	plugins/queue_memory/memory.h \
	plugins/queue_memory/messages.c \
	plugins/queue_memory/messages.h \
	plugins/queue_memory/plugin.c \
	plugins/queue_memory/queue.c \
	plugins/queue_memory/state.c
tests_libqueue_memory_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_libqueue_memory_a_CFLAGS = $(AM_CFLAGS) 

check_LIBRARIES += tests/libsink_file.a
tests_libsink_file_a_SOURCES = \
	plugins/sink_file/file.c \
	plugins/sink_file/inside.h \
	plugins/sink_file/lines.c \
	plugins/sink_file/lines.h \
	plugins/sink_file/sink_file.c \
	plugins/sink_file/stream.c \
	plugins/sink_file/target.c \
	plugins/sink_file/target.h
tests_libsink_file_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_libsink_file_a_CFLAGS = $(AM_CFLAGS) 

check_LIBRARIES += tests/libsource_file.a
tests_libsource_file_a_SOURCES = \
	plugins/source_file/find.c \
	plugins/source_file/folder.c \
	plugins/source_file/folder.h \
	plugins/source_file/job.h \
	plugins/source_file/page.c \
	plugins/source_file/place.c \
	plugins/source_file/place.h \
	plugins/source_file/reader.c \
	plugins/source_file/reader.h \
	plugins/source_file/source_file.c \
	plugins/source_file/stream.c \
	plugins/source_file/stream.h
tests_libsource_file_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_libsource_file_a_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS)

check_LIBRARIES += tests/libqueue_sqlite.a
tests_libqueue_sqlite_a_SOURCES = \
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
tests_libqueue_sqlite_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_libqueue_sqlite_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)

check_LIBRARIES += tests/liblib_sqlite.a
tests_liblib_sqlite_a_SOURCES = \
	plugins/lib_sqlite/connection.c \
	plugins/lib_sqlite/error.c \
	plugins/lib_sqlite/letters.c \
	plugins/lib_sqlite/lite.h \
	plugins/lib_sqlite/migrate.c \
	plugins/lib_sqlite/simple.c \
	plugins/lib_sqlite/state.c \
	plugins/lib_sqlite/statement.c
tests_liblib_sqlite_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_liblib_sqlite_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)

check_LIBRARIES += tests/libsink_sqlite.a
tests_libsink_sqlite_a_SOURCES = \
	plugins/sink_sqlite/compare.c \
	plugins/sink_sqlite/decimal.c \
	plugins/sink_sqlite/dialect.c \
	plugins/sink_sqlite/read.c \
	plugins/sink_sqlite/schema.c \
	plugins/sink_sqlite/sink_sqlite.c \
	plugins/sink_sqlite/sink_sqlite.h \
	plugins/sink_sqlite/statement.c \
	plugins/sink_sqlite/value.c \
	plugins/sink_sqlite/write.c
tests_libsink_sqlite_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_libsink_sqlite_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)

check_LIBRARIES += tests/libsource_scanapi.a
tests_libsource_scanapi_a_SOURCES = \
	plugins/source_scanapi/advance.c \
	plugins/source_scanapi/advance.h \
	plugins/source_scanapi/cursor.c \
	plugins/source_scanapi/cursor.h \
	plugins/source_scanapi/feed.c \
	plugins/source_scanapi/feed.h \
	plugins/source_scanapi/judge.c \
	plugins/source_scanapi/judge.h \
	plugins/source_scanapi/narrow.c \
	plugins/source_scanapi/narrow.h \
	plugins/source_scanapi/options.c \
	plugins/source_scanapi/page.c \
	plugins/source_scanapi/page.h \
	plugins/source_scanapi/read.c \
	plugins/source_scanapi/read.h \
	plugins/source_scanapi/repeats.c \
	plugins/source_scanapi/repeats.h \
	plugins/source_scanapi/resync.c \
	plugins/source_scanapi/resync.h \
	plugins/source_scanapi/scanapi.h \
	plugins/source_scanapi/source_scanapi.c \
	plugins/source_scanapi/status.c \
	plugins/source_scanapi/status.h \
	plugins/source_scanapi/wellformed.c \
	plugins/source_scanapi/wellformed.h
tests_libsource_scanapi_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_libsource_scanapi_a_CFLAGS = $(AM_CFLAGS)

check_LIBRARIES += tests/liblib_http.a
tests_liblib_http_a_SOURCES = \
	plugins/lib_http/answer.c \
	plugins/lib_http/fail.c \
	plugins/lib_http/fields.c \
	plugins/lib_http/http.c \
	plugins/lib_http/http.h \
	plugins/lib_http/inside.h
tests_liblib_http_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_liblib_http_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)

check_LIBRARIES += tests/liblib_aws.a
tests_liblib_aws_a_SOURCES = \
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
tests_liblib_aws_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_liblib_aws_a_CFLAGS = $(AM_CFLAGS)

check_LIBRARIES += tests/libqueue_sqs.a
tests_libqueue_sqs_a_SOURCES = \
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
	plugins/queue_sqs/send.c \
	plugins/queue_sqs/settle.c \
	plugins/queue_sqs/sqs.h \
	plugins/queue_sqs/survey.c \
	plugins/queue_sqs/text.c \
	plugins/queue_sqs/text.h \
	plugins/queue_sqs/wanted.c \
	plugins/queue_sqs/wanted.h
tests_libqueue_sqs_a_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_libqueue_sqs_a_CFLAGS = $(AM_CFLAGS)

unit_tests =
unit_tests += tests/unit/aws_chain_test
tests_unit_aws_chain_test_SOURCES = \
	tests/unit/aws_chain_test.c
tests_unit_aws_chain_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_aws_chain_test_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
tests_unit_aws_chain_test_LDADD = tests/liblib_aws.a tests/liblib_http.a $(UNIT_LIBS) $(CURL_LIBS)

unit_tests += tests/unit/aws_credentials_test
tests_unit_aws_credentials_test_SOURCES = \
	tests/unit/aws_credentials_test.c
tests_unit_aws_credentials_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_aws_credentials_test_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
tests_unit_aws_credentials_test_LDADD = tests/liblib_aws.a tests/liblib_http.a $(UNIT_LIBS) $(CURL_LIBS)

unit_tests += tests/unit/aws_sign_test
tests_unit_aws_sign_test_SOURCES = \
	tests/unit/aws_sign_test.c \
	tests/unit/sign_vectors.h
tests_unit_aws_sign_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_aws_sign_test_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
tests_unit_aws_sign_test_LDADD = tests/liblib_aws.a tests/liblib_http.a $(UNIT_LIBS) $(CURL_LIBS)

unit_tests += tests/unit/aws_text_test
tests_unit_aws_text_test_SOURCES = \
	tests/unit/aws_text_test.c
tests_unit_aws_text_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_aws_text_test_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
tests_unit_aws_text_test_LDADD = tests/liblib_aws.a tests/liblib_http.a $(UNIT_LIBS) $(CURL_LIBS)

unit_tests += tests/unit/base_test
tests_unit_base_test_SOURCES = \
	tests/unit/base_test.c
tests_unit_base_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_base_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/cmd_test
tests_unit_cmd_test_SOURCES = \
	tests/unit/cmd_test.c
tests_unit_cmd_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_cmd_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_cmd_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/breaker_test
tests_unit_breaker_test_SOURCES = \
	tests/unit/breaker_test.c
tests_unit_breaker_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_breaker_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_breaker_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/crew_test
tests_unit_crew_test_SOURCES = \
	tests/unit/crew_test.c
tests_unit_crew_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_crew_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_crew_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/engine_test
tests_unit_engine_test_SOURCES = \
	tests/unit/engine_test.c
tests_unit_engine_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_engine_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_engine_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/envelope_test
tests_unit_envelope_test_SOURCES = \
	tests/unit/envelope_test.c
tests_unit_envelope_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_envelope_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_envelope_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/fold_property_test
tests_unit_fold_property_test_SOURCES = \
	tests/unit/fold_property_test.c \
	tests/unit/fold_world.c
tests_unit_fold_property_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_fold_property_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_fold_property_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/fold_sqlite_property_test
tests_unit_fold_sqlite_property_test_SOURCES = \
	tests/unit/fold_sqlite_property_test.c \
	tests/unit/fold_world.c
tests_unit_fold_sqlite_property_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_fold_sqlite_property_test_CFLAGS = $(UNIT_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_fold_sqlite_property_test_LDADD = tests/libsink_sqlite.a tests/liblib_sqlite.a plugins/lib_sql/libsql.la $(UNIT_LIBS) $(SQLITE_LIBS)

unit_tests += tests/unit/fold_test
tests_unit_fold_test_SOURCES = \
	tests/unit/fold_test.c
tests_unit_fold_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_fold_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_fold_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/http_test
tests_unit_http_test_SOURCES = \
	tests/unit/http_test.c
tests_unit_http_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_http_test_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
tests_unit_http_test_LDADD = tests/liblib_http.a $(UNIT_LIBS) $(CURL_LIBS)

unit_tests += tests/unit/ingest_test
tests_unit_ingest_test_SOURCES = \
	tests/unit/ingest_test.c \
	tests/unit/seat.h
tests_unit_ingest_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_ingest_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_ingest_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/json_test
tests_unit_json_test_SOURCES = \
	tests/unit/json_test.c
tests_unit_json_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_json_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/marks_test
tests_unit_marks_test_SOURCES = \
	tests/unit/marks_test.c
tests_unit_marks_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_marks_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_marks_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/letters_test
tests_unit_letters_test_SOURCES = \
	tests/unit/letters_test.c
tests_unit_letters_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_letters_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_letters_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/misbehave_test
tests_unit_misbehave_test_SOURCES = \
	tests/unit/misbehave_test.c
tests_unit_misbehave_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_misbehave_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_misbehave_test_LDADD = $(UNIT_LIBS)
tests_unit_misbehave_test_LDFLAGS = $(AM_LDFLAGS) -export-dynamic -Wl,--whole-archive,core/libcore.a,--no-whole-archive
EXTRA_tests_unit_misbehave_test_DEPENDENCIES = core/libcore.a

unit_tests += tests/unit/options_test
tests_unit_options_test_SOURCES = \
	tests/unit/options_test.c
tests_unit_options_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_options_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_options_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/place_test
tests_unit_place_test_SOURCES = \
	tests/unit/place_test.c
tests_unit_place_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_place_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_place_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/plugin_test
tests_unit_plugin_test_SOURCES = \
	tests/unit/plugin_test.c
tests_unit_plugin_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_plugin_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_plugin_test_LDADD = $(UNIT_LIBS)
# It loads real plugins, which find the whole API in the program.
tests_unit_plugin_test_LDFLAGS = $(AM_LDFLAGS) -export-dynamic -Wl,--whole-archive,core/libcore.a,--no-whole-archive
EXTRA_tests_unit_plugin_test_DEPENDENCIES = core/libcore.a

unit_tests += tests/unit/queue_memory_test
tests_unit_queue_memory_test_SOURCES = \
	tests/unit/queue_memory_test.c
tests_unit_queue_memory_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_memory_test_CFLAGS = $(UNIT_CFLAGS) 
tests_unit_queue_memory_test_LDADD = tests/libqueue_memory.a $(UNIT_LIBS) 

unit_tests += tests/unit/queue_care_test
tests_unit_queue_care_test_SOURCES = \
	tests/unit/queue_care_test.c
tests_unit_queue_care_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_care_test_CFLAGS = $(UNIT_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_queue_care_test_LDADD = tests/libqueue_sqlite.a tests/liblib_sqlite.a plugins/lib_sql/libsql.la $(UNIT_LIBS) $(SQLITE_LIBS)

unit_tests += tests/unit/queue_sqlite_test
tests_unit_queue_sqlite_test_SOURCES = \
	tests/unit/queue_sqlite_test.c
tests_unit_queue_sqlite_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_queue_sqlite_test_CFLAGS = $(UNIT_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_queue_sqlite_test_LDADD = tests/libqueue_sqlite.a tests/liblib_sqlite.a plugins/lib_sql/libsql.la $(UNIT_LIBS) $(SQLITE_LIBS)

unit_tests += tests/unit/redrive_test
tests_unit_redrive_test_SOURCES = \
	tests/unit/redrive_test.c
tests_unit_redrive_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_redrive_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_redrive_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/scanapi_cursor_test
tests_unit_scanapi_cursor_test_SOURCES = \
	tests/unit/scanapi_cursor_test.c
tests_unit_scanapi_cursor_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_scanapi_cursor_test_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
tests_unit_scanapi_cursor_test_LDADD = tests/libsource_scanapi.a tests/liblib_http.a $(UNIT_LIBS) $(CURL_LIBS)

unit_tests += tests/unit/scanapi_http_test
tests_unit_scanapi_http_test_SOURCES = \
	tests/unit/scanapi_http_test.c
tests_unit_scanapi_http_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_scanapi_http_test_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_scanapi_http_test_LDADD = tests/libsource_scanapi.a tests/liblib_http.a $(UNIT_LIBS) $(CURL_LIBS) $(ZLIB_LIBS)

unit_tests += tests/unit/scanapi_page_test
tests_unit_scanapi_page_test_SOURCES = \
	tests/unit/scanapi_page_test.c
tests_unit_scanapi_page_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_scanapi_page_test_CFLAGS = $(UNIT_CFLAGS) $(CURL_CFLAGS)
tests_unit_scanapi_page_test_LDADD = tests/libsource_scanapi.a tests/liblib_http.a $(UNIT_LIBS) $(CURL_LIBS)

unit_tests += tests/unit/sim_feed_test
tests_unit_sim_feed_test_SOURCES = \
	tests/unit/sim_feed_test.c \
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
	tools/scanapi_sim/http.h \
	tools/scanapi_sim/options.c \
	tools/scanapi_sim/options.h \
	tools/scanapi_sim/page.c \
	tools/scanapi_sim/page.h \
	tools/scanapi_sim/routes.h \
	tools/scanapi_sim/server.h \
	tools/scanapi_sim/settings.h \
	tools/scanapi_sim/stats.h \
	tools/scanapi_sim/text.c \
	tools/scanapi_sim/text.h
tests_unit_sim_feed_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sim_feed_test_CFLAGS = $(UNIT_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_sim_feed_test_LDADD = $(UNIT_LIBS) $(ZLIB_LIBS) -lm

unit_tests += tests/unit/sink_file_test
tests_unit_sink_file_test_SOURCES = \
	tests/unit/sink_file_test.c
tests_unit_sink_file_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sink_file_test_CFLAGS = $(UNIT_CFLAGS) 
tests_unit_sink_file_test_LDADD = tests/libsink_file.a $(UNIT_LIBS) 

unit_tests += tests/unit/sink_sqlite_test
tests_unit_sink_sqlite_test_SOURCES = \
	tests/unit/sink_sqlite_test.c
tests_unit_sink_sqlite_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sink_sqlite_test_CFLAGS = $(UNIT_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_sink_sqlite_test_LDADD = tests/libsink_sqlite.a tests/liblib_sqlite.a plugins/lib_sql/libsql.la $(UNIT_LIBS) $(SQLITE_LIBS)

unit_tests += tests/unit/source_file_test
tests_unit_source_file_test_SOURCES = \
	tests/unit/source_file_test.c
tests_unit_source_file_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_source_file_test_CFLAGS = $(UNIT_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_source_file_test_LDADD = tests/libsource_file.a $(UNIT_LIBS) $(ZLIB_LIBS)

unit_tests += tests/unit/sql_text_test
tests_unit_sql_text_test_SOURCES = \
	tests/unit/sql_text_test.c
tests_unit_sql_text_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sql_text_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sql_text_test_LDADD = plugins/lib_sql/libsql.la $(UNIT_LIBS)

unit_tests += tests/unit/sqs_answer_test
tests_unit_sqs_answer_test_SOURCES = \
	tests/unit/sqs_answer_test.c
tests_unit_sqs_answer_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sqs_answer_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sqs_answer_test_LDADD = \
	tests/libqueue_sqs.a tests/liblib_aws.a tests/liblib_http.a $(UNIT_LIBS) $(SQS_LIBS) $(JSONC_LIBS) $(CRYPTO_LIBS)

unit_tests += tests/unit/sqs_letters_test
tests_unit_sqs_letters_test_SOURCES = \
	tests/unit/sqs_letters_test.c
tests_unit_sqs_letters_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sqs_letters_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sqs_letters_test_LDADD = \
	tests/libqueue_sqs.a tests/liblib_aws.a tests/liblib_http.a $(UNIT_LIBS) $(SQS_LIBS)

unit_tests += tests/unit/sqs_test
tests_unit_sqs_test_SOURCES = \
	tests/unit/sqs_test.c
tests_unit_sqs_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_sqs_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sqs_test_LDADD = \
	tests/libqueue_sqs.a tests/liblib_aws.a tests/liblib_http.a $(UNIT_LIBS) $(SQS_LIBS)

unit_tests += tests/unit/state_letters_sqlite_test
tests_unit_state_letters_sqlite_test_SOURCES = \
	tests/unit/state_letters_sqlite_test.c
tests_unit_state_letters_sqlite_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_state_letters_sqlite_test_CFLAGS = $(UNIT_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_state_letters_sqlite_test_LDADD = tests/libqueue_sqlite.a tests/liblib_sqlite.a plugins/lib_sql/libsql.la $(UNIT_LIBS) $(SQLITE_LIBS)

unit_tests += tests/unit/table_test
tests_unit_table_test_SOURCES = \
	tests/unit/table_test.c
tests_unit_table_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_table_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_table_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/time_test
tests_unit_time_test_SOURCES = \
	tests/unit/time_test.c
tests_unit_time_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_time_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_time_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/pulse_test
tests_unit_pulse_test_SOURCES = \
	tests/unit/pulse_test.c
tests_unit_pulse_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_pulse_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_pulse_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/service_test
tests_unit_service_test_SOURCES = \
	tests/unit/service_test.c
tests_unit_service_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_service_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_service_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/upkeep_test
tests_unit_upkeep_test_SOURCES = \
	tests/unit/upkeep_test.c
tests_unit_upkeep_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_upkeep_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_upkeep_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/verify_test
tests_unit_verify_test_SOURCES = \
	tests/unit/fold_world.c \
	tests/unit/verify_test.c
tests_unit_verify_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_verify_test_CFLAGS = $(UNIT_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_verify_test_LDADD = $(UNIT_LIBS) $(SQLITE_LIBS)

unit_tests += tests/unit/write_test
tests_unit_write_test_SOURCES = \
	tests/unit/seat.h \
	tests/unit/write_test.c
tests_unit_write_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_write_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_write_test_LDADD = $(UNIT_LIBS)

unit_tests += tests/unit/yaml_test
tests_unit_yaml_test_SOURCES = \
	tests/unit/yaml_test.c
tests_unit_yaml_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_yaml_test_CFLAGS = $(UNIT_CFLAGS)
tests_unit_yaml_test_LDADD = $(UNIT_LIBS)

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

fuzz_replays =
fuzz_replays += tests/fuzz/replay_yaml
tests_fuzz_replay_yaml_SOURCES = \
	tests/fuzz/fuzz_yaml.c \
	tests/fuzz/replay.c
tests_fuzz_replay_yaml_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_yaml_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_replay_yaml_LDADD = core/libcore.a $(CORE_LIBS)

tests_fuzz_fuzz_yaml_SOURCES = \
	tests/fuzz/fuzz_yaml.c
tests_fuzz_fuzz_yaml_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_fuzz_yaml_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_fuzz_yaml_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_yaml_LDADD = core/libcore.a $(CORE_LIBS)

fuzz_replays += tests/fuzz/replay_envelope
tests_fuzz_replay_envelope_SOURCES = \
	tests/fuzz/fuzz_envelope.c \
	tests/fuzz/replay.c
tests_fuzz_replay_envelope_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_envelope_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_replay_envelope_LDADD = core/libcore.a $(CORE_LIBS)

tests_fuzz_fuzz_envelope_SOURCES = \
	tests/fuzz/fuzz_envelope.c
tests_fuzz_fuzz_envelope_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_fuzz_envelope_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_fuzz_envelope_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_envelope_LDADD = core/libcore.a $(CORE_LIBS)

fuzz_replays += tests/fuzz/replay_event
tests_fuzz_replay_event_SOURCES = \
	tests/fuzz/fuzz_event.c \
	tests/fuzz/replay.c
tests_fuzz_replay_event_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_event_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_replay_event_LDADD = core/libcore.a $(CORE_LIBS)

tests_fuzz_fuzz_event_SOURCES = \
	tests/fuzz/fuzz_event.c
tests_fuzz_fuzz_event_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_fuzz_event_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_fuzz_event_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_event_LDADD = core/libcore.a $(CORE_LIBS)

fuzz_replays += tests/fuzz/replay_fold
tests_fuzz_replay_fold_SOURCES = \
	tests/fuzz/fuzz_fold.c \
	tests/fuzz/replay.c
tests_fuzz_replay_fold_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_fold_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_replay_fold_LDADD = core/libcore.a $(CORE_LIBS)

tests_fuzz_fuzz_fold_SOURCES = \
	tests/fuzz/fuzz_fold.c
tests_fuzz_fuzz_fold_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_fuzz_fold_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_fuzz_fold_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_fold_LDADD = core/libcore.a $(CORE_LIBS)

fuzz_replays += tests/fuzz/replay_page
tests_fuzz_replay_page_SOURCES = \
	tests/fuzz/fuzz_page.c \
	tests/fuzz/replay.c
tests_fuzz_replay_page_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_page_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_replay_page_LDADD = tests/libsource_scanapi.a tests/liblib_http.a core/libcore.a $(CORE_LIBS) $(CURL_LIBS)

tests_fuzz_fuzz_page_SOURCES = \
	tests/fuzz/fuzz_page.c
tests_fuzz_fuzz_page_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_fuzz_page_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_fuzz_page_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_page_LDADD = tests/libsource_scanapi.a tests/liblib_http.a core/libcore.a $(CORE_LIBS) $(CURL_LIBS)

fuzz_replays += tests/fuzz/replay_profile
tests_fuzz_replay_profile_SOURCES = \
	tests/fuzz/fuzz_profile.c \
	tests/fuzz/replay.c
tests_fuzz_replay_profile_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_profile_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_profile_LDADD = tests/liblib_aws.a tests/liblib_http.a core/libcore.a $(CORE_LIBS) $(CURL_LIBS)

tests_fuzz_fuzz_profile_SOURCES = \
	tests/fuzz/fuzz_profile.c
tests_fuzz_fuzz_profile_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_fuzz_profile_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_profile_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_profile_LDADD = tests/liblib_aws.a tests/liblib_http.a core/libcore.a $(CORE_LIBS) $(CURL_LIBS)

fuzz_replays += tests/fuzz/replay_sqs_answer
tests_fuzz_replay_sqs_answer_SOURCES = \
	tests/fuzz/fuzz_sqs_answer.c \
	tests/fuzz/replay.c
tests_fuzz_replay_sqs_answer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_sqs_answer_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_sqs_answer_LDADD = \
	tests/libqueue_sqs.a tests/liblib_aws.a tests/liblib_http.a core/libcore.a $(CORE_LIBS) $(SQS_LIBS)

tests_fuzz_fuzz_sqs_answer_SOURCES = \
	tests/fuzz/fuzz_sqs_answer.c
tests_fuzz_fuzz_sqs_answer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_fuzz_sqs_answer_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_sqs_answer_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_sqs_answer_LDADD = \
	tests/libqueue_sqs.a tests/liblib_aws.a tests/liblib_http.a core/libcore.a $(CORE_LIBS) $(SQS_LIBS)

fuzz_replays += tests/fuzz/replay_sts_xml
tests_fuzz_replay_sts_xml_SOURCES = \
	tests/fuzz/fuzz_sts_xml.c \
	tests/fuzz/replay.c
tests_fuzz_replay_sts_xml_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_replay_sts_xml_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_sts_xml_LDADD = tests/liblib_aws.a tests/liblib_http.a core/libcore.a $(CORE_LIBS) $(CURL_LIBS)

tests_fuzz_fuzz_sts_xml_SOURCES = \
	tests/fuzz/fuzz_sts_xml.c
tests_fuzz_fuzz_sts_xml_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_fuzz_sts_xml_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_sts_xml_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_sts_xml_LDADD = tests/liblib_aws.a tests/liblib_http.a core/libcore.a $(CORE_LIBS) $(CURL_LIBS)

check_PROGRAMS += $(fuzz_replays)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_yaml tests/fuzz/fuzz_envelope tests/fuzz/fuzz_event tests/fuzz/fuzz_fold tests/fuzz/fuzz_page \
	tests/fuzz/fuzz_profile tests/fuzz/fuzz_sqs_answer tests/fuzz/fuzz_sts_xml
endif

# The conformance suite is installed: authors of plugins run it too.
bin_PROGRAMS += scanpipe-kit
scanpipe_kit_SOURCES = \
	tests/kit/helper.c \
	tests/kit/kit.h \
	tests/kit/letters.c \
	tests/kit/letters_kit.c \
	tests/kit/letters_kit.h \
	tests/kit/letters_scan.c \
	tests/kit/lifecycle.c \
	tests/kit/main.c \
	tests/kit/options.c \
	tests/kit/queue.c \
	tests/kit/queue_crash.c \
	tests/kit/queue_kit.c \
	tests/kit/queue_kit.h \
	tests/kit/queue_lease.c \
	tests/kit/queue_wait.c \
	tests/kit/report.c \
	tests/kit/rows.c \
	tests/kit/rows.h \
	tests/kit/runner.c \
	tests/kit/sink.c \
	tests/kit/sink_crash.c \
	tests/kit/sink_event.c \
	tests/kit/sink_fold.c \
	tests/kit/sink_kit.c \
	tests/kit/sink_kit.h \
	tests/kit/source.c \
	tests/kit/source_cursor.c \
	tests/kit/source_kit.c \
	tests/kit/source_kit.h \
	tests/kit/stage.c \
	tests/kit/state.c \
	tests/kit/work.c \
	tests/kit/work.h
scanpipe_kit_CPPFLAGS = $(AM_CPPFLAGS)
scanpipe_kit_LDADD = core/libcore.a $(CORE_LIBS)
# Plugins find the whole API in it.
scanpipe_kit_LDFLAGS = $(AM_LDFLAGS) -export-dynamic -Wl,--whole-archive,core/libcore.a,--no-whole-archive
EXTRA_scanpipe_kit_DEPENDENCIES = core/libcore.a

# Another plugin with one fault, so that the suite is seen to notice it.
check_LTLIBRARIES += tests/kit/mutant/mutant.la
tests_kit_mutant_mutant_la_SOURCES = \
	tests/kit/mutant/letters.c \
	tests/kit/mutant/mutant.c \
	tests/kit/mutant/mutant.h \
	tests/kit/mutant/queue.c \
	tests/kit/mutant/sink.c \
	tests/kit/mutant/source.c \
	tests/kit/mutant/state.c
tests_kit_mutant_mutant_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_kit_mutant_mutant_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

# The simulation: the engine's objects, with threads, time and memory of the simulation's own.
SIM_WRAPPED = abort _exit kill getpid usleep nanosleep clock_gettime malloc calloc realloc free \
	pthread_create pthread_join pthread_self pthread_sigmask pthread_mutex_init pthread_mutex_destroy \
	pthread_mutex_lock pthread_mutex_unlock pthread_cond_init pthread_cond_destroy pthread_cond_wait \
	pthread_cond_timedwait pthread_cond_signal pthread_cond_broadcast \
	holder_self log_name sp_log plugin_find plugin_sibling
check_PROGRAMS += tests/sim/sim
tests_sim_sim_SOURCES = \
	tests/sim/clockwork.c \
	tests/sim/clockwork.h \
	tests/sim/dice.h \
	tests/sim/fate.c \
	tests/sim/fate.h \
	tests/sim/feed.c \
	tests/sim/feed.h \
	tests/sim/fiber.c \
	tests/sim/fiber.h \
	tests/sim/heap.c \
	tests/sim/heap.h \
	tests/sim/law_marks.c \
	tests/sim/laws.c \
	tests/sim/laws.h \
	tests/sim/main.c \
	tests/sim/plan.c \
	tests/sim/plan.h \
	tests/sim/pressure.c \
	tests/sim/pressure.h \
	tests/sim/stage_letters.c \
	tests/sim/stage_queue.c \
	tests/sim/stage_sink.c \
	tests/sim/stage_source.c \
	tests/sim/stage_state.c \
	tests/sim/story.c \
	tests/sim/story.h \
	tests/sim/tally.c \
	tests/sim/tally.h \
	tests/sim/threads.c \
	tests/sim/world.h
tests_sim_sim_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/sim
tests_sim_sim_LDFLAGS = $(AM_LDFLAGS) $(SIM_WRAPPED:%=-Wl,--wrap=%)
tests_sim_sim_LDADD = core/libcore.a $(CORE_LIBS)

# Plugins that are wrong on purpose; libtool makes a shared object for a test only where it has an rpath.
check_LTLIBRARIES += tests/plugins/sink_newer_minor.la
tests_plugins_sink_newer_minor_la_SOURCES = tests/plugins/newer_minor.c tests/plugins/stub.h tests/plugins/stub_sink.h
tests_plugins_sink_newer_minor_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_plugins_sink_newer_minor_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

check_LTLIBRARIES += tests/plugins/sink_not_a_plugin.la
tests_plugins_sink_not_a_plugin_la_SOURCES = tests/plugins/not_a_plugin.c tests/plugins/stub.h tests/plugins/stub_sink.h
tests_plugins_sink_not_a_plugin_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_plugins_sink_not_a_plugin_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

check_LTLIBRARIES += tests/plugins/sink_older_minor.la
tests_plugins_sink_older_minor_la_SOURCES = tests/plugins/older_minor.c tests/plugins/stub.h tests/plugins/stub_sink.h
tests_plugins_sink_older_minor_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_plugins_sink_older_minor_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

check_LTLIBRARIES += tests/plugins/queue_remote.la
tests_plugins_queue_remote_la_SOURCES = tests/plugins/remote.c tests/plugins/stub.h tests/plugins/stub_sink.h
tests_plugins_queue_remote_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_plugins_queue_remote_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

check_LTLIBRARIES += tests/plugins/letters_small.la
tests_plugins_letters_small_la_SOURCES = tests/plugins/small.c
tests_plugins_letters_small_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_plugins_letters_small_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

check_LTLIBRARIES += tests/plugins/sink_wrong_abi.la
tests_plugins_sink_wrong_abi_la_SOURCES = tests/plugins/wrong_abi.c tests/plugins/stub.h tests/plugins/stub_sink.h
tests_plugins_sink_wrong_abi_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_plugins_sink_wrong_abi_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

# Stages that misbehave on purpose, around real ones.
WRAP_SOURCES = tests/plugins/wrap.c tests/plugins/wrap.h tests/plugins/wrap_inner.c tests/plugins/wrap_match.c

check_LTLIBRARIES += tests/plugins/sink_abort.la
tests_plugins_sink_abort_la_SOURCES = tests/plugins/abort.c $(WRAP_SOURCES)
tests_plugins_sink_abort_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_plugins_sink_abort_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

check_LTLIBRARIES += tests/plugins/sink_fault.la
tests_plugins_sink_fault_la_SOURCES = tests/plugins/fault.c tests/plugins/fault_rules.c tests/plugins/fault_rules.h $(WRAP_SOURCES)
tests_plugins_sink_fault_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_plugins_sink_fault_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

check_LTLIBRARIES += tests/plugins/sink_hang.la
tests_plugins_sink_hang_la_SOURCES = tests/plugins/hang.c $(WRAP_SOURCES)
tests_plugins_sink_hang_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_plugins_sink_hang_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

check_LTLIBRARIES += tests/plugins/sink_liar.la
tests_plugins_sink_liar_la_SOURCES = tests/plugins/liar.c $(WRAP_SOURCES)
tests_plugins_sink_liar_la_CPPFLAGS = -I$(top_srcdir)/core/include
tests_plugins_sink_liar_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

# What lets the Nth call fail (LD_PRELOAD): never sanitized, and no plugin.
if WITH_SQLITE
if WITH_SCANAPI
check_LTLIBRARIES += tests/faults/shim.la
endif
endif
tests_faults_shim_la_SOURCES = tests/faults/shim.c
tests_faults_shim_la_CFLAGS = -Wall -Wextra $(SQLITE_CFLAGS) $(CURL_CFLAGS)
tests_faults_shim_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

e2e_tests = \
	tests/e2e/care_test.sh \
	tests/e2e/check_test.sh \
	tests/e2e/cli_test.sh \
	tests/e2e/conf_test.sh \
	tests/e2e/crowd_test.sh \
	tests/e2e/disk_test.sh \
	tests/e2e/dlq_test.sh \
	tests/e2e/faults_test.sh \
	tests/e2e/feed_test.sh \
	tests/e2e/kill_test.sh \
	tests/e2e/killer_test.sh \
	tests/e2e/main_job_test.sh \
	tests/e2e/memory_test.sh \
	tests/e2e/migrate_test.sh \
	tests/e2e/poison_test.sh \
	tests/e2e/queue_care_test.sh \
	tests/e2e/reload_test.sh \
	tests/e2e/sqs_ask_test.sh \
	tests/e2e/sqs_faults_test.sh \
	tests/e2e/sqs_servers_test.sh \
	tests/e2e/sqs_test.sh \
	tests/e2e/stages_test.sh \
	tests/e2e/takeover_test.sh \
	tests/e2e/valgrind_test.sh \
	tests/e2e/verify_test.sh \
	tests/e2e/weather_test.sh \
	tests/aws/vectors_test.sh \
	tests/faults/torture.sh \
	tests/fuzz/replay_test.sh \
	tests/lint/lint_test.sh
TESTS += $(e2e_tests)

kit_tests = \
	tests/kit/mutant_test.sh \
	tests/kit/queue_test.sh \
	tests/kit/sink_test.sh \
	tests/kit/source_test.sh \
	tests/kit/store_test.sh \
	tests/kit/usage_test.sh
TESTS += $(kit_tests)

sim_tests = \
	tests/sim/sim_test.sh
TESTS += $(sim_tests)

# What queue_sqs is tested against, tested itself.
sqs_tests = \
	tests/sqs/create_test.sh \
	tests/sqs/kit_test.sh \
	tests/sqs/letters_kit_test.sh \
	tests/sqs/letters_test.sh \
	tests/sqs/servers_test.sh \
	tests/sqs/split_test.sh \
	tests/sqs/stub_test.sh
TESTS += $(sqs_tests)
tds_tests = \
	tests/tds/tds_test.sh
TESTS += $(tds_tests)

TEST_EXTENSIONS = .sh
TAP = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP)
SH_LOG_DRIVER = $(TAP)
SH_LOG_COMPILER = bash
AM_TESTS_ENVIRONMENT = top_builddir='$(abs_top_builddir)'; srcdir='$(abs_top_srcdir)'; CC='$(CC)'; \
	SCANPIPE_SANITIZED='$(SANITIZED)'; SCANPIPE_HARDENED='$(HARDENED)'; \
	export top_builddir srcdir CC SCANPIPE_SANITIZED SCANPIPE_HARDENED;

EXTRA_DIST += \
	$(kit_tests) \
	$(sim_tests) \
	$(sqs_tests) \
	$(tds_tests) \
	tests/README.md \
	tests/aws/README.md \
	tests/aws/sign_vectors.py \
	tests/aws/vectors_test.sh \
	tests/check-all.sh \
	tests/e2e/README.md \
	tests/e2e/care_test.sh \
	tests/e2e/check \
	tests/e2e/check_test.sh \
	tests/e2e/cli_test.sh \
	tests/e2e/conf_test.sh \
	tests/e2e/crowd_test.sh \
	tests/e2e/disk_test.sh \
	tests/e2e/dlq_test.sh \
	tests/e2e/faults_test.sh \
	tests/e2e/feed_test.sh \
	tests/e2e/kill_test.sh \
	tests/e2e/killer_test.sh \
	tests/e2e/lib.sh \
	tests/e2e/migrate.sh \
	tests/e2e/losses.py \
	tests/e2e/main_job_test.sh \
	tests/e2e/memory_test.sh \
	tests/e2e/migrate_test.sh \
	tests/e2e/oracle.py \
	tests/e2e/poison.py \
	tests/e2e/poison_test.sh \
	tests/e2e/queue_care_test.sh \
	tests/e2e/reload_test.sh \
	tests/e2e/sqs.sh \
	tests/e2e/sqs_ask_test.sh \
	tests/e2e/sqs_faults_test.sh \
	tests/e2e/sqs_servers_test.sh \
	tests/e2e/sqs_test.sh \
	tests/e2e/stages_test.sh \
	tests/e2e/takeover_test.sh \
	tests/e2e/tap.sh \
	tests/e2e/terminal.py \
	tests/e2e/tool.py \
	tests/e2e/valgrind_test.sh \
	tests/e2e/verify_test.sh \
	tests/e2e/weather_test.sh \
	tests/faults/README.md \
	tests/faults/torture.py \
	tests/faults/torture.sh \
	tests/fuzz/README.md \
	tests/fuzz/corpus \
	tests/fuzz/replay_test.sh \
	tests/kit/README.md \
	tests/kit/lib.sh \
	tests/kit/mutant/README.md \
	tests/kit/picky.py \
	tests/lint/README.md \
	tests/lint/layers.py \
	tests/lint/lint_test.sh \
	tests/lint/spdx.py \
	tests/lint/tables.py \
	tests/plugins/README.md \
	tests/sim/README.md \
	tests/sqs/README.md \
	tests/sqs/kit_servers_test.sh \
	tests/sqs/letters_fill.py \
	tests/sqs/servers.sh \
	tests/sqs/servers/.npmrc \
	tests/sqs/servers/README.md \
	tests/sqs/servers/install.sh \
	tests/sqs/servers/package-lock.json \
	tests/sqs/servers/package.json \
	tests/sqs/servers/serve.mjs \
	tests/sqs/sqs_client.py \
	tests/sqs/sqs_stub.py \
	tests/sqs/stories_botocore.py \
	tests/sqs/stories_faults.py \
	tests/sqs/stories_messages.py \
	tests/sqs/stories_refused.py \
	tests/sqs/stories_who.py \
	tests/sqs/story.py \
	tests/sqs/stub/README.md \
	tests/sqs/stub/__init__.py \
	tests/sqs/stub/attributes.py \
	tests/sqs/stub/codes.py \
	tests/sqs/stub/faults.py \
	tests/sqs/stub/keys.py \
	tests/sqs/stub/limits.py \
	tests/sqs/stub/metadata.py \
	tests/sqs/stub/operations.py \
	tests/sqs/stub/queues.py \
	tests/sqs/stub/settings.py \
	tests/sqs/stub/shapes.py \
	tests/sqs/stub/sigv4.py \
	tests/sqs/stub/stats.py \
	tests/sqs/stub/wire.py \
	tests/sqs/stub/world.py \
	tests/sqs/stub_bench.py \
	tests/sqs/stub_botocore.py \
	tests/sqs/stub_oracle.py \
	tests/sqs/stub_test.py \
	tests/tds/README.md \
	tests/tds/odbc.py \
	tests/tds/tds_answer.py \
	tests/tds/tds_builtin.py \
	tests/tds/tds_control.py \
	tests/tds/tds_door.py \
	tests/tds/tds_errors.py \
	tests/tds/tds_framing.py \
	tests/tds/tds_link.py \
	tests/tds/tds_play.py \
	tests/tds/tds_proxy.py \
	tests/tds/tds_request.py \
	tests/tds/tds_rules.py \
	tests/tds/tds_server.py \
	tests/tds/tds_session.py \
	tests/tds/tds_stories.py \
	tests/tds/tds_tell.py \
	tests/tds/tds_values.py \
	tests/tds/tds_wire.py \
	tests/tds/tds_world.py \
	tests/tsan.supp \
	tests/unit/README.md \
	tests/valgrind.supp

# Memory, by valgrind: the unit tests.  The main job is watched in tests/e2e/valgrind_test.sh.
.PHONY: check-valgrind check-all
check-valgrind: $(check_PROGRAMS) $(check_LTLIBRARIES)
	@failed=; for test in $(unit_tests); do \
	    echo "valgrind $$test"; \
	    srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' SCANPIPE_VALGRIND=1 \
	        valgrind -q --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=99 \
	        --suppressions=$(srcdir)/tests/valgrind.supp ./$$test >valgrind.log 2>&1 || { cat valgrind.log; failed="$$failed $$test"; }; \
	done; test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

# Sanitizers, fuzzers, valgrind, distcheck: everything that takes longer than one likes to wait.
check-all: check
	bash $(srcdir)/tests/check-all.sh $(srcdir)
