/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "golden.h"

#include "base/buffer.h"
#include "base/file.h"
#include "table_fixture.h"

#include <stdlib.h>

const char golden_parcels[] =
    "name: ParcelSummary\norder: /EventId\ncolumns:\n"
    "  ParcelId: {from: /ParcelId, type: int, min: 1, key: true}\n"
    "  LatestEventId: {from: /EventId, type: bigint, min: 1}\n"
    "  LatestType: {from: /Type, type: text(50), case: upper, required: true}\n"
    "  PickedUpAtUtc: {from: /CreatedDateTimeUtc, type: timestamp, when: {/Type: PICKUP},"
    " keep: first, order_column: PickedUpEventId}\n";

const char golden_types[] = "name: tracking.Everything\norder: /n\ncolumns:\n"
                            "  Code: {from: /k, type: text(20), key: true}\n"
                            "  Day: {from: /d, type: timestamp, key: true}\n"
                            "  Amount: {from: /a, type: \"decimal(12,3)\", keep: max}\n"
                            "  Cheapest: {from: /a, type: \"decimal(12,3)\", keep: min}\n"
                            "  Flag: {from: /f, type: boolean}\n"
                            "  Note: {from: /t, type: text}\n"
                            "  Whole: {from: \"\", type: json}\n";

const char golden_append[] = "name: Scans\norder: /EventId\nappend: true\ncolumns:\n"
                             "  ParcelId: {from: /ParcelId, type: int, key: true}\n"
                             "  EventId: {from: /EventId, type: bigint}\n"
                             "  Type: {from: /Type, type: text(50)}\n";

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

static void require_same(const char *file, struct buffer *got)
{
    SP_AUTO(buffer_fini) struct buffer expected = {0};
    read_golden(file, &expected);
    bool same = strcmp(buffer_text(&expected), buffer_text(got)) == 0;
    CU_ASSERT(same);
    if (!same)
        fprintf(stderr, "%s is not what is made now:\n%s\n", file, buffer_text(got));
}

void golden_require(const struct odbc_dialect *dialect, const char *file, const char *block)
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

static const char there[] = "name: tracking.Parcels\norder: /EventId\ncolumns:\n"
                            "  Id: {from: /ParcelId, type: int, key: true}\n"
                            "  Depot: {from: /Depot, type: text(9), key: true}\n"
                            "  Latest: {from: /EventId, type: bigint}\n"
                            "  PickedUp: {from: /At, type: timestamp, when: {/Type: P}, keep: first,"
                            " order_column: PickedUpId}\n"
                            "  PickedUpBy: {from: /By, type: text(7), when: {/Type: P}, keep: first}\n";

void golden_require_mended(const struct odbc_dialect *dialect, const char *file)
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
    require_same(file, &got);
}
