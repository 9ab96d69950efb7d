# SPDX-License-Identifier: Apache-2.0

if WITH_ODBC
odbc_unit_tests = tests/odbc/odbc_text_test
tests_odbc_odbc_text_test_SOURCES = tests/odbc/odbc_text_test.c
tests_odbc_odbc_text_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_odbc_odbc_text_test_CFLAGS = $(UNIT_CFLAGS) $(ODBC_CFLAGS)
tests_odbc_odbc_text_test_LDADD = plugins/lib_odbc/libodbcsink.la plugins/lib_sql/libsql.la $(UNIT_LIBS) $(ODBC_LIBS)

GOLDEN = tests/odbc/golden.c tests/odbc/golden.h
if WITH_POSTGRES
odbc_unit_tests += tests/odbc/postgres_table_test
tests_odbc_postgres_table_test_SOURCES = tests/odbc/postgres_table_test.c $(GOLDEN) \
	plugins/sink_postgres/dialect.c plugins/sink_postgres/errors.c plugins/sink_postgres/table.c
tests_odbc_postgres_table_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_odbc_postgres_table_test_CFLAGS = $(UNIT_CFLAGS) $(ODBC_CFLAGS)
tests_odbc_postgres_table_test_LDADD = plugins/lib_odbc/libodbcsink.la plugins/lib_sql/libsql.la $(UNIT_LIBS) $(ODBC_LIBS)
endif
if WITH_MSSQL
MSSQL_DIALECT = plugins/sink_mssql/dialect.c plugins/sink_mssql/errors.c plugins/sink_mssql/table.c
odbc_unit_tests += tests/odbc/mssql_table_test
tests_odbc_mssql_table_test_SOURCES = tests/odbc/mssql_table_test.c $(GOLDEN) $(MSSQL_DIALECT)
tests_odbc_mssql_table_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_odbc_mssql_table_test_CFLAGS = $(UNIT_CFLAGS) $(ODBC_CFLAGS)
tests_odbc_mssql_table_test_LDADD = plugins/lib_odbc/libodbcsink.la plugins/lib_sql/libsql.la $(UNIT_LIBS) $(ODBC_LIBS)
odbc_unit_tests += tests/odbc/mssql_dialect_test
tests_odbc_mssql_dialect_test_SOURCES = tests/odbc/mssql_dialect_test.c $(MSSQL_DIALECT)
tests_odbc_mssql_dialect_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_odbc_mssql_dialect_test_CFLAGS = $(UNIT_CFLAGS) $(ODBC_CFLAGS)
tests_odbc_mssql_dialect_test_LDADD = plugins/lib_odbc/libodbcsink.la plugins/lib_sql/libsql.la $(UNIT_LIBS) $(ODBC_LIBS)
endif
check_PROGRAMS += $(odbc_unit_tests)
TESTS += $(odbc_unit_tests)

check_PROGRAMS += tests/odbc/calls
tests_odbc_calls_SOURCES = tests/odbc/calls.c
tests_odbc_calls_CPPFLAGS = $(AM_CPPFLAGS)
tests_odbc_calls_LDADD = core/libcore.a $(CORE_LIBS)
# The plugin finds the whole API in it.
tests_odbc_calls_LDFLAGS = $(AM_LDFLAGS) -export-dynamic -Wl,--whole-archive,core/libcore.a,--no-whole-archive
EXTRA_tests_odbc_calls_DEPENDENCIES = core/libcore.a
endif

odbc_tests = \
	tests/odbc/kit_postgres_test.sh \
	tests/odbc/faults_postgres_test.sh \
	tests/odbc/main_postgres_test.sh \
	tests/odbc/migrate_postgres_test.sh \
	tests/odbc/faults_mssql_test.sh \
	tests/odbc/main_mssql_test.sh
TESTS += $(odbc_tests)

# real_mssql_*test.sh are none of TESTS: they need a server that somebody else runs.
EXTRA_DIST += $(odbc_tests) \
	tests/odbc/README.md \
	tests/odbc/callers.sh \
	tests/odbc/golden \
	tests/odbc/jobs.sh \
	tests/odbc/leaks.supp \
	tests/odbc/mssql.sh \
	tests/odbc/mssql_sql.py \
	tests/odbc/mssql_world.py \
	tests/odbc/old_events.py \
	tests/odbc/picky.sh \
	tests/odbc/postgres.sh \
	tests/odbc/real_mssql.sh \
	tests/odbc/real_mssql_migrate_test.sh \
	tests/odbc/real_mssql_test.sh \
	tests/odbc/real_postgres.sh \
	tests/odbc/rows.sh
