/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL that is made from a table is what was reviewed: golden/postgres_*.sql. */
#include <config.h>

#include "base/buffer.h"
#include "base/file.h"
#include "sink_postgres/sink_postgres.h"
#include "table_fixture.h"

#include <stdlib.h>

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
    buffer_printf(&path, "%s/tests/odbc/golden/%s", tap_source_dir(), name);
    CU_ASSERT_EQUAL_FATAL(file_read(buffer_text(&path), 1 << 20, &file, &err), 0);
    for (const char *at = buffer_text(&file); *at;) {
        at += strspn(at, " \n");
        size_t size = strcspn(at, "\n");
        if (size && strncmp(at, "--", 2) != 0)
            buffer_printf(out, "%.*s ", (int)size, at);
        at += size;
    }
}

static void require_golden(const char *name, const char *block)
{
    SP_AUTO(buffer_fini) struct buffer got = {0}, expected = {0};
    struct table_fixture fixture = table_fixture_good(block, 6);
    add(&got, postgres_create(fixture.table));
    add(&got, postgres_add_column(fixture.table, fixture.table->column_count - 1));
    add(&got, postgres_upsert(fixture.table));
    add(&got, postgres_select(fixture.table));
    table_fixture_close(&fixture);
    read_golden(name, &expected);
    bool same = strcmp(buffer_text(&expected), buffer_text(&got)) == 0;
    CU_ASSERT(same);
    if (!same)
        fprintf(stderr, "%s is not what is made now:\n%s\n", name, buffer_text(&got));
}

static void parcels(void)
{
    require_golden("postgres_parcels.sql",
                   "name: ParcelSummary\norder: /EventId\ncolumns:\n"
                   "  ParcelId: {from: /ParcelId, type: int, min: 1, key: true}\n"
                   "  LatestEventId: {from: /EventId, type: bigint, min: 1}\n"
                   "  LatestType: {from: /Type, type: text(50), case: upper, required: true}\n"
                   "  PickedUpAtUtc: {from: /CreatedDateTimeUtc, type: timestamp, when: {/Type: PICKUP},"
                   " keep: first, order_column: PickedUpEventId}\n");
}

static void every_type(void)
{
    require_golden("postgres_types.sql", "name: tracking.Everything\norder: /n\ncolumns:\n"
                                         "  Code: {from: /k, type: text(20), key: true}\n"
                                         "  Day: {from: /d, type: timestamp, key: true}\n"
                                         "  Amount: {from: /a, type: \"decimal(12,3)\", keep: max}\n"
                                         "  Cheapest: {from: /a, type: \"decimal(12,3)\", keep: min}\n"
                                         "  Flag: {from: /f, type: boolean}\n"
                                         "  Note: {from: /t, type: text}\n"
                                         "  Whole: {from: \"\", type: json}\n");
}

static void appended(void)
{
    require_golden("postgres_append.sql", "name: Scans\norder: /EventId\nappend: true\ncolumns:\n"
                                          "  ParcelId: {from: /ParcelId, type: int, key: true}\n"
                                          "  EventId: {from: /EventId, type: bigint}\n"
                                          "  Type: {from: /Type, type: text(50)}\n");
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"given the table of parcels, when its SQL is made, then it is as it was reviewed", parcels},
        {"given every type and keep, and a schema, when its SQL is made, then it is as it was reviewed",
         every_type},
        {"given a table that is appended to, when its SQL is made, then it is as it was reviewed", appended},
    };
    return tap_run("postgres_table", tests, sizeof tests / sizeof *tests);
}
