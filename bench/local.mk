# SPDX-License-Identifier: Apache-2.0
# Not built by default: `make bench`.

EXTRA_PROGRAMS = bench/floor bench/fold_bench
bench_floor_SOURCES = bench/floor.c
bench_floor_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(SCANAPI_CFLAGS)
bench_floor_LDADD = $(SQLITE_LIBS) $(SCANAPI_LIBS)
bench_fold_bench_SOURCES = bench/fold_bench.c
bench_fold_bench_LDADD = core/libcore.a $(CORE_LIBS)
if WITH_POSTGRES
EXTRA_PROGRAMS += bench/odbc_bench
bench_odbc_bench_SOURCES = bench/odbc_bench.c bench/odbc_bench.h bench/odbc_floor.c bench/odbc_plugin.c
bench_odbc_bench_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
bench_odbc_bench_LDADD = core/libcore.a $(CORE_LIBS) $(ODBC_LIBS)
# The plugin finds the whole API in it.
bench_odbc_bench_LDFLAGS = $(AM_LDFLAGS) -export-dynamic -Wl,--whole-archive,core/libcore.a,--no-whole-archive
EXTRA_bench_odbc_bench_DEPENDENCIES = core/libcore.a
endif
CLEANFILES += $(EXTRA_PROGRAMS)
EXTRA_DIST += bench/README.md bench/ratio.py bench/sqs.py bench/bench.yaml bench/odbc.sh

.PHONY: bench bench-sqs bench-odbc
bench-odbc: all bench/odbc_bench$(EXEEXT)
	bash $(srcdir)/bench/odbc.sh .

bench-sqs: all
	python3 $(srcdir)/bench/sqs.py --build .

bench: all bench/floor$(EXEEXT) bench/fold_bench$(EXEEXT)
	bench/fold_bench$(EXEEXT)
	python3 $(srcdir)/bench/ratio.py --build . --config $(srcdir)/bench/bench.yaml
