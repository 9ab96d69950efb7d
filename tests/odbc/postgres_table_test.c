/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL that is made from a table is what was reviewed: golden/postgres_*.sql. */
#include <config.h>

#include "golden.h"
#include "sink_postgres/sink_postgres.h"
#include "tap.h"

static const struct odbc_dialect dialect = {
    .time_digits = 6,
    .create = postgres_create,
    .add_column = postgres_add_column,
    .upsert = postgres_upsert,
    .select = postgres_select,
};

static void parcels(void)
{
    golden_require(&dialect, "postgres_parcels.sql", golden_parcels);
}

/* What is done to a table that is there. */
static void mended(void)
{
    SP_AUTO(buffer_fini) struct buffer got = {0}, expected = {0};
    struct table_fixture fixture =
        table_fixture_good("name: tracking.Parcels\norder: /EventId\ncolumns:\n"
                           "  Id: {from: /ParcelId, type: int, key: true}\n"
                           "  Depot: {from: /Depot, type: text(9), key: true}\n"
                           "  Latest: {from: /EventId, type: bigint}\n"
                           "  PickedUp: {from: /At, type: timestamp, when: {/Type: P}, keep: first,"
                           " order_column: PickedUpId}\n"
                           "  PickedUpBy: {from: /By, type: text(7), when: {/Type: P}, keep: first}\n",
                           6);
    const bool all[6] = {true, true, true, true, true}, some[6] = {true, true, true, true};
    add(&got, postgres_fill_order(fixture.table, 5, fixture.table->newest_column, all));
    add(&got, postgres_fill_order(fixture.table, 5, fixture.table->newest_column, some));
    add(&got, postgres_alter_type(fixture.table, 4));
    add(&got, postgres_make_key(fixture.table));
    add(&got, postgres_let_be_null(fixture.table, "a \"b\" %s", "integer"));
    add(&got, postgres_rename(fixture.table, "Parcels_before_20260102T030405Z"));
    table_fixture_close(&fixture);
    read_golden("postgres_mended.sql", &expected);
    CU_ASSERT_STRING_EQUAL(buffer_text(&got), buffer_text(&expected));
}

static void every_type(void)
{
    golden_require(&dialect, "postgres_types.sql", golden_types);
}

static void appended(void)
{
    golden_require(&dialect, "postgres_append.sql", golden_append);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"given the table of parcels, when its SQL is made, then it is as it was reviewed", parcels},
        {"given a table that is there, when it is to fit, then the SQL is as it was reviewed", mended},
        {"given every type and keep, and a schema, when its SQL is made, then it is as it was reviewed",
         every_type},
        {"given a table that is appended to, when its SQL is made, then it is as it was reviewed", appended},
    };
    return tap_run("postgres_table", tests, sizeof tests / sizeof *tests);
}
