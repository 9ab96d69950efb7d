/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * Rows a second into PostgreSQL over ODBC: the sink, the floor, and row by row; for several sizes of batches.
 * Of each batch half of the rows are there already.  The three take turns, batch by batch; the tables that
 * they have made are compared.  bench/odbc.sh starts the server.
 *
 * usage: odbc_bench PLUGIN.so CONNECTION [ROUNDS [WRITER...]]      "ByPlugin", "ByFloor", "RowByRow"
 */

#include "odbc_bench.h"

#include <time.h>

enum { PARCELS = 100000, WRITERS = 3, MOST_ROUNDS = 99 };

static const struct writer *const writers[WRITERS] = {&plugin_writer, &floor_writer, &single_writer};
static bool wanted[WRITERS] = {true, true, true};

/* How many rows a round writes, so that each takes about as long. */
static const struct {
    size_t batch, rows;
} sizes[] = {{1, 3000}, {100, 20000}, {1000, 40000}, {10000, 40000}};

struct spent {
    double wall, cpu; /* seconds; of this process */
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t random_next(void)
{
    static uint64_t state = 88172645463325252;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Even parcels are there, odd ones are not. */
static void fill_table(const struct writer *writer)
{
    char sql[512];
    snprintf(sql, sizeof sql, "TRUNCATE \"%s\"", writer->table);
    sql_run(sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO \"%s\" SELECT 2 * n, n, 'STATUS', '2021-04-01Z', 'CREATED', '17',"
             " CASE WHEN n %% 3 = 0 THEN timestamptz '2021-04-01Z' END, CASE WHEN n %% 3 = 0 THEN n END,"
             " NULL, NULL FROM generate_series(1, %d) AS n",
             writer->table, PARCELS);
    sql_run(sql);
    snprintf(sql, sizeof sql, "VACUUM ANALYZE \"%s\"", writer->table);
    sql_run(sql);
}

static void shuffle_parcels(int64_t *parcels)
{
    for (size_t i = 0; i < PARCELS; i++)
        parcels[i] = (int64_t)i + 1;
    for (size_t i = PARCELS - 1; i > 0; i--) {
        size_t other = random_next() % (i + 1);
        int64_t moved = parcels[i];
        parcels[i] = parcels[other];
        parcels[other] = moved;
    }
}

static void make_row(struct row *row, int64_t parcel, int64_t event)
{
    static const char *const types[] = {"STATUS", "PICKUP", "DELIVERY"};
    static const char *const codes[] = {"CREATED", "IN_TRANSIT", ""};
    uint64_t random = random_next(), type = (random >> 8) % 3;
    struct sp_slice day = sp_slice_of("2021-05-01T00:00:00Z");
    *row = (struct row){.parcel = parcel,
                        .event = event,
                        .type = types[type],
                        .status = codes[(random >> 16) % 3],
                        .picked = type == 1,
                        .delivered = type == 2};
    snprintf(row->run, sizeof row->run, "%u", (unsigned)(random >> 50));
    if (sp_time_parse(day, &row->created) != NULL)
        DIE("no time");
    row->created +=
        (int64_t)(random % (28 * 86400)) * SP_TICKS_PER_SECOND + (int64_t)(random >> 44) % 10000000;
    sp_time_format(row->created, 6, row->created_text);
}

static int by_parcel(const void *one, const void *other)
{
    int64_t a = ((const struct row *)one)->parcel, b = ((const struct row *)other)->parcel;
    return (a > b) - (a < b);
}

/* All rows of a round: batch after batch, each sorted by its key. */
static struct row *make_rows(size_t batch, size_t count)
{
    struct row *rows = calloc(count, sizeof *rows);
    int64_t *parcels = calloc(PARCELS, sizeof *parcels);
    if (!rows || !parcels)
        DIE("no memory");
    shuffle_parcels(parcels);
    for (size_t i = 0; i < count; i++)
        make_row(&rows[i], 2 * parcels[i / 2] + (int64_t)(i % 2), (int64_t)(PARCELS + 1 + i));
    for (size_t at = 0; at < count; at += batch)
        qsort(rows + at, batch, sizeof *rows, by_parcel);
    free(parcels);
    return rows;
}

static void write_timed(size_t which, const struct row *rows, size_t count, struct spent *spent)
{
    if (!wanted[which])
        return;
    if (writers[which]->prepare)
        writers[which]->prepare(rows, count);
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    writers[which]->write(rows, count);
    spent[which].cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    spent[which].wall += seconds(CLOCK_MONOTONIC) - wall;
}

static void require_equal(const char *one, const char *other)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM ((TABLE \"%s\" EXCEPT TABLE \"%s\") UNION ALL"
             " (TABLE \"%s\" EXCEPT TABLE \"%s\")) AS differing",
             one, other, other, one);
    if (sql_number(sql) != 0)
        DIE("%s and %s differ: one of the two does not do the job", one, other);
}

/* Plugin and floor change places, so that neither is always the one that comes after row by row. */
static void run_round(size_t batch, size_t count, struct spent *spent)
{
    struct row *rows = make_rows(batch, count);
    for (size_t i = 0; i < WRITERS; i++)
        fill_table(writers[i]);
    sql_run("CHECKPOINT");
    for (size_t at = 0; at < count; at += batch) {
        size_t first = at / batch % 2;
        write_timed(first, rows + at, batch, spent);
        write_timed(1 - first, rows + at, batch, spent);
        write_timed(2, rows + at, batch, spent);
    }
    for (size_t i = 1; i < WRITERS; i++)
        if (wanted[0] && wanted[i])
            require_equal(writers[0]->table, writers[i]->table);
    free(rows);
}

static int by_value(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void show(size_t batch, size_t count, const struct spent (*spent)[WRITERS], size_t rounds)
{
    double speed[WRITERS], cpu[WRITERS], of_floor[MOST_ROUNDS], of_single[MOST_ROUNDS], some[MOST_ROUNDS];
    for (size_t i = 0; i < WRITERS; i++) {
        for (size_t round = 0; round < rounds; round++)
            some[round] = spent[round][i].wall > 0 ? (double)count / spent[round][i].wall : 0;
        speed[i] = median(some, rounds);
        for (size_t round = 0; round < rounds; round++)
            some[round] = spent[round][i].cpu / (double)count;
        cpu[i] = median(some, rounds);
    }
    for (size_t round = 0; round < rounds; round++) {
        of_floor[round] = spent[round][1].wall / spent[round][0].wall;
        of_single[round] = spent[round][2].wall / spent[round][0].wall;
    }
    printf("%6zu %10.0f %10.0f %10.0f %14.2f %18.2f %10.2f %8.2f\n", batch, speed[0], speed[1], speed[2],
           median(of_floor, rounds), median(of_single, rounds), cpu[0] * 1e6, cpu[1] * 1e6);
    fflush(stdout);
}

static void choose_writers(char **names, int count)
{
    for (size_t i = 0; i < WRITERS; i++) {
        wanted[i] = count == 0;
        for (int j = 0; j < count; j++)
            wanted[i] |= strcmp(names[j], writers[i]->table) == 0;
    }
}

int main(int count, char **arguments)
{
    size_t rounds = count > 3 ? strtoull(arguments[3], NULL, 10) : 5;
    static struct spent spent[MOST_ROUNDS][WRITERS];
    if (count < 3 || rounds < 1 || rounds > MOST_ROUNDS)
        DIE("usage: odbc_bench PLUGIN.so CONNECTION [ROUNDS [WRITER...]]");
    choose_writers(arguments + 4, count > 4 ? count - 4 : 0);
    floor_writer.open(arguments[2], arguments[1]); /* whose connection serves sql_run() */
    plugin_writer.open(arguments[2], arguments[1]);
    single_writer.open(arguments[2], arguments[1]);
    printf("%6s %10s %10s %10s %14s %18s %10s %8s\n", "batch", "plugin", "floor", "row by row",
           "plugin/floor", "plugin/row by row", "plugin us", "floor us");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(spent, 0, sizeof spent);
        for (size_t round = 0; round < rounds; round++)
            run_round(sizes[i].batch, sizes[i].rows, spent[round]);
        show(sizes[i].batch, sizes[i].rows, (const struct spent(*)[WRITERS])spent, rounds);
    }
    return 0;
}
