# SPDX-License-Identifier: Apache-2.0
# Migrations become strings of a header, which stands in the build tree.

# In the order in which they run: by part, then by number.
sqlite_migrations = \
	sql/sqlite/letters_001_failed_events.sql \
	sql/sqlite/letters_002_place.sql \
	sql/sqlite/queue_001_messages.sql \
	sql/sqlite/shared_001_bookkeeping.sql \
	sql/sqlite/shared_002_checksums.sql \
	sql/sqlite/state_001_pipeline_state.sql

postgres_migrations = \
	sql/postgres/letters_001_failed_events.sql \
	sql/postgres/shared_001_bookkeeping.sql \
	sql/postgres/state_001_pipeline_state.sql \
	sql/postgres/takeover_001_open.sql \
	sql/postgres/takeover_002_pipeline.sql \
	sql/postgres/takeover_003_key.sql

mssql_migrations = \
	sql/mssql/letters_001_failed_events.sql \
	sql/mssql/shared_001_bookkeeping.sql \
	sql/mssql/state_001_pipeline_state.sql \
	sql/mssql/takeover_001_open.sql \
	sql/mssql/takeover_002_pipeline.sql \
	sql/mssql/takeover_003_key.sql

EXTRA_DIST += build-aux/embed-sql.sh sql/README.md sql/sqlite/README.md $(sqlite_migrations) \
	sql/postgres/README.md $(postgres_migrations) \
	sql/mssql/README.md $(mssql_migrations)

sql/sqlite_migrations.h: $(sqlite_migrations) build-aux/embed-sql.sh $(srcdir)/sql/local.mk
	$(AM_V_at)$(MKDIR_P) sql
	$(AM_V_GEN)AWK='$(AWK)' $(SHELL) $(srcdir)/build-aux/embed-sql.sh $(sqlite_migrations:%=$(srcdir)/%) >$@.new && mv $@.new $@
CLEANFILES += sql/sqlite_migrations.h sql/sqlite_migrations.h.new

sql/postgres_migrations.h: $(postgres_migrations) build-aux/embed-sql.sh $(srcdir)/sql/local.mk
	$(AM_V_at)$(MKDIR_P) sql
	$(AM_V_GEN)AWK='$(AWK)' $(SHELL) $(srcdir)/build-aux/embed-sql.sh $(postgres_migrations:%=$(srcdir)/%) >$@.new && mv $@.new $@
CLEANFILES += sql/postgres_migrations.h sql/postgres_migrations.h.new

sql/mssql_migrations.h: $(mssql_migrations) build-aux/embed-sql.sh $(srcdir)/sql/local.mk
	$(AM_V_at)$(MKDIR_P) sql
	$(AM_V_GEN)AWK='$(AWK)' $(SHELL) $(srcdir)/build-aux/embed-sql.sh $(mssql_migrations:%=$(srcdir)/%) >$@.new && mv $@.new $@
CLEANFILES += sql/mssql_migrations.h sql/mssql_migrations.h.new

if WITH_SQLITE
BUILT_SOURCES += sql/sqlite_migrations.h
# BUILT_SOURCES come first for `make`, `make check` and `make install` alone; these are for `make NAME`.
$(plugins_lib_sqlite_libsqlite_la_OBJECTS) $(plugins_queue_sqlite_queue_sqlite_la_OBJECTS): sql/sqlite_migrations.h
$(tests_liblib_sqlite_a_OBJECTS) $(tests_libqueue_sqlite_a_OBJECTS): sql/sqlite_migrations.h
endif
if WITH_POSTGRES
BUILT_SOURCES += sql/postgres_migrations.h
$(plugins_sink_postgres_sink_postgres_la_OBJECTS) $(tests_odbc_postgres_table_test_OBJECTS): sql/postgres_migrations.h
endif
if WITH_MSSQL
BUILT_SOURCES += sql/mssql_migrations.h
$(plugins_sink_mssql_sink_mssql_la_OBJECTS): sql/mssql_migrations.h
$(tests_odbc_mssql_dialect_test_OBJECTS) $(tests_odbc_mssql_table_test_OBJECTS): sql/mssql_migrations.h
endif
