# SPDX-License-Identifier: Apache-2.0
# Not built by default: `make bench`.

EXTRA_PROGRAMS = bench/floor bench/fold_bench
bench_floor_SOURCES = bench/floor.c
bench_floor_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(SCANAPI_CFLAGS)
bench_floor_LDADD = $(SQLITE_LIBS) $(SCANAPI_LIBS)
bench_fold_bench_SOURCES = bench/fold_bench.c
bench_fold_bench_LDADD = core/libcore.a $(CORE_LIBS)
CLEANFILES += $(EXTRA_PROGRAMS)
EXTRA_DIST += bench/README.md bench/ratio.py bench/sqs.py bench/bench.yaml

.PHONY: bench bench-sqs
bench-sqs: all
	python3 $(srcdir)/bench/sqs.py --build .

bench: all bench/floor$(EXEEXT) bench/fold_bench$(EXEEXT)
	bench/fold_bench$(EXEEXT)
	python3 $(srcdir)/bench/ratio.py --build . --config $(srcdir)/bench/bench.yaml
