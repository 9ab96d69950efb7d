/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "golden.h"

#include "base/buffer.h"
#include "base/file.h"
#include "table_fixture.h"

#include <assert.h>
#include <stdlib.h>

/* Tables as files of pipelines name them: of the main job, with every type, appended to, and one that is
 * there. */
static const char parcels[] =
    "name: ParcelSummary\norder: /EventId\ncolumns:\n"
    "  ParcelId: {from: /ParcelId, type: int, min: 1, key: true}\n"
    "  LatestEventId: {from: /EventId, type: bigint, min: 1}\n"
    "  LatestType: {from: /Type, type: text(50), case: upper, required: true}\n"
    "  PickedUpAtUtc: {from: /CreatedDateTimeUtc, type: timestamp, when: {/Type: PICKUP},"
    " keep: first, order_column: PickedUpEventId}\n";

static const char types[] = "name: tracking.Everything\norder: /n\ncolumns:\n"
                            "  Code: {from: /k, type: text(20), key: true}\n"
                            "  Day: {from: /d, type: timestamp, key: true}\n"
                            "  Amount: {from: /a, type: \"decimal(12,3)\", keep: max}\n"
                            "  Cheapest: {from: /a, type: \"decimal(12,3)\", keep: min}\n"
                            "  Flag: {from: /f, type: boolean}\n"
                            "  Note: {from: /t, type: text}\n"
                            "  Whole: {from: \"\", type: json}\n";

static const char append[] = "name: Scans\norder: /EventId\nappend: true\ncolumns:\n"
                             "  ParcelId: {from: /ParcelId, type: int, key: true}\n"
                             "  EventId: {from: /EventId, type: bigint}\n"
                             "  Type: {from: /Type, type: text(50)}\n";

static const char there[] = "name: tracking.Parcels\norder: /EventId\ncolumns:\n"
                            "  Id: {from: /ParcelId, type: int, key: true}\n"
                            "  Depot: {from: /Depot, type: text(9), key: true}\n"
                            "  Latest: {from: /EventId, type: bigint}\n"
                            "  PickedUp: {from: /At, type: timestamp, when: {/Type: P}, keep: first,"
                            " order_column: PickedUpId}\n"
                            "  PickedUpBy: {from: /By, type: text(7), when: {/Type: P}, keep: first}\n";

static const struct odbc_dialect *dialect; /* whose SQL it is */

static void add(struct buffer *out, char *sql)
{
    buffer_printf(out, "%s; ", sql);
    free(sql);
}

/* Without comments; a line's end, and what it begins with, is a blank. */
static void read_golden(const char *name, struct buffer *out)
{
    SP_AUTO(buffer_fini) struct buffer path = {0}, file = {0};
    struct sp_error err;
    buffer_printf(&path, "%s/tests/odbc/golden/%s_%s.sql", tap_source_dir(), dialect->name, name);
    CU_ASSERT_EQUAL_FATAL(file_read(buffer_text(&path), 1 << 20, &file, &err), 0);
    for (const char *at = buffer_text(&file); *at;) {
        at += strspn(at, " \n");
        size_t size = strcspn(at, "\n");
        if (size && strncmp(at, "--", 2) != 0)
            buffer_printf(out, "%.*s ", (int)size, at);
        at += size;
    }
}

static void require_same(const char *file, struct buffer *got)
{
    SP_AUTO(buffer_fini) struct buffer expected = {0};
    read_golden(file, &expected);
    bool same = strcmp(buffer_text(&expected), buffer_text(got)) == 0;
    CU_ASSERT(same);
    if (!same)
        fprintf(stderr, "%s_%s.sql is not what is made now:\n%s\n", dialect->name, file, buffer_text(got));
}

static void require(const char *file, const char *block)
{
    SP_AUTO(buffer_fini) struct buffer got = {0};
    struct table_fixture fixture = table_fixture_good(block, dialect->time_digits);
    add(&got, dialect->create(fixture.table));
    add(&got, dialect->add_column(fixture.table, fixture.table->column_count - 1));
    add(&got, dialect->upsert(fixture.table));
    add(&got, dialect->select(fixture.table));
    table_fixture_close(&fixture);
    require_same(file, &got);
}

/* What is done to a table that is there. */
static void mended(void)
{
    SP_AUTO(buffer_fini) struct buffer got = {0};
    struct table_fixture fixture = table_fixture_good(there, dialect->time_digits);
    const struct sp_table *table = fixture.table;
    const bool all[6] = {true, true, true, true, true}, some[6] = {true, true, true, true};
    add(&got, dialect->fill_order(table, 5, table->newest_column, all));
    add(&got, dialect->fill_order(table, 5, table->newest_column, some));
    add(&got, dialect->alter_type(table, 4));
    add(&got, dialect->make_key(table));
    add(&got, dialect->let_be_null(table, "a \"b\" [c] %s", "integer"));
    add(&got, dialect->rename(table, "Parcels_before_20260102T030405Z"));
    table_fixture_close(&fixture);
    require_same("mended", &got);
}

static void main_job(void)
{
    require("parcels", parcels);
}

static void every_type(void)
{
    require("types", types);
}

static void appended(void)
{
    require("append", append);
}

static const struct tap_test common[] = {
    {"given the table of parcels, when its SQL is made, then it is as it was reviewed", main_job},
    {"given a table that is there, when it is to fit, then the SQL is as it was reviewed", mended},
    {"given every type and keep, and a schema, when its SQL is made, then it is as it was reviewed",
     every_type},
    {"given a table that is appended to, when its SQL is made, then it is as it was reviewed", appended},
};
#define COMMON (sizeof common / sizeof *common)

int golden_run(const struct odbc_dialect *whose, const struct tap_test *own, size_t own_count)
{
    struct tap_test tests[COMMON + 8];
    char name[64];
    assert(own_count <= 8);
    dialect = whose;
    memcpy(tests, common, sizeof common);
    if (own_count)
        memcpy(tests + COMMON, own, own_count * sizeof *own);
    snprintf(name, sizeof name, "%s_table", dialect->name);
    return tap_run(name, tests, COMMON + own_count);
}
