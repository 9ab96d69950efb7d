/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL that is made from a table is what was reviewed: golden/mssql_*.sql. */
#include <config.h>

#include "golden.h"
#include "sink_mssql/sink_mssql.h"
#include "tap.h"

#include <stdlib.h>

static const struct odbc_dialect dialect = {
    .time_digits = 7,
    .create = mssql_create,
    .add_column = mssql_add_column,
    .fill_order = mssql_fill_order,
    .alter_type = mssql_alter_type,
    .make_key = mssql_make_key,
    .let_be_null = mssql_let_be_null,
    .rename = mssql_rename,
    .upsert = mssql_upsert,
    .select = mssql_select,
};

static void parcels(void)
{
    golden_require(&dialect, "mssql_parcels.sql", golden_parcels);
}

/* What is done to a table that is there. */
static void mended(void)
{
    golden_require_mended(&dialect, "mssql_mended.sql");
}

static void every_type(void)
{
    golden_require(&dialect, "mssql_types.sql", golden_types);
}

static void appended(void)
{
    golden_require(&dialect, "mssql_append.sql", golden_append);
}

/* A name without a schema is looked for in the user's own, then in dbo: what is found there is renamed. */
static void renamed_where_it_is(void)
{
    const struct sp_table table = {.name = "Parcels"};
    char *sql = mssql_rename(&table, "Parcels_before");
    CU_ASSERT_STRING_EQUAL(sql, "DECLARE @old NVARCHAR(300) = "
                                "QUOTENAME(OBJECT_SCHEMA_NAME(OBJECT_ID(N'[Parcels]'))) + N'.[Parcels]'; "
                                "EXEC sp_rename @old, N'Parcels_before', N'OBJECT'");
    free(sql);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"given the table of parcels, when its SQL is made, then it is as it was reviewed", parcels},
        {"given a table that is there, when it is to fit, then the SQL is as it was reviewed", mended},
        {"given every type and keep, and a schema, when its SQL is made, then it is as it was reviewed",
         every_type},
        {"given a table that is appended to, when its SQL is made, then it is as it was reviewed", appended},
        {"given a table without a schema, when it is put aside, then in the schema where it is",
         renamed_where_it_is},
    };
    return tap_run("mssql_table", tests, sizeof tests / sizeof *tests);
}
