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
    .fill_order = postgres_fill_order,
    .alter_type = postgres_alter_type,
    .make_key = postgres_make_key,
    .let_be_null = postgres_let_be_null,
    .rename = postgres_rename,
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
    golden_require_mended(&dialect, "postgres_mended.sql");
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
