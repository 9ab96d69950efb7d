/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_ODBC_BENCH_H
#define BENCH_ODBC_BENCH_H

/*
 * Three ways to write the same rows into PostgreSQL over ODBC, each into a table of its own.  All that goes
 * wrong ends the program.
 */

#include <scanpipe/time.h>
#include <stdio.h>
#include <stdlib.h>

#define DIE(...) (fprintf(stderr, "odbc_bench: " __VA_ARGS__), fputc('\n', stderr), exit(1))

/* A row of ParcelSummary as one event makes it. */
struct row {
    int64_t parcel, event, created; /* in ticks */
    const char *type, *status;
    char run[8], created_text[SP_TIME_TEXT_SIZE];
    bool picked, delivered; /* at `created`, by `event` */
};

struct writer {
    const char *table;
    /* Connects. */
    void (*open)(const char *connection, const char *plugin_path);
    /* What the pipeline has done before it writes: is not measured.  May be NULL. */
    void (*prepare)(const struct row *rows, size_t count);
    /* Durably, all of them; each parcel comes once, in order. */
    void (*write)(const struct row *rows, size_t count);
};

extern const struct writer plugin_writer, floor_writer, single_writer;

/* On the floor's connection: a statement, and a number that one answers. */
void sql_run(const char *sql);
long sql_number(const char *sql);

#endif
