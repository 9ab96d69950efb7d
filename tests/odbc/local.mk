# SPDX-License-Identifier: Apache-2.0

if WITH_POSTGRES
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
	tests/odbc/main_postgres_test.sh
TESTS += $(odbc_tests)

EXTRA_DIST += $(odbc_tests) \
	tests/odbc/README.md \
	tests/odbc/picky.sh \
	tests/odbc/postgres.sh
