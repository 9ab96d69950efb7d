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
        {"given every type and keep, and a schema, when its SQL is made, then it is as it was reviewed",
         every_type},
        {"given a table that is appended to, when its SQL is made, then it is as it was reviewed", appended},
    };
    return tap_run("postgres_table", tests, sizeof tests / sizeof *tests);
}
