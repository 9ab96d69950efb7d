/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL that is made from a table is what was reviewed: golden/mssql_*.sql. */
#include <config.h>

#include "golden.h"
#include "sink_mssql/sink_mssql.h"

#include <stdlib.h>

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
    static const struct tap_test own[] = {
        {"given a table without a schema, when it is put aside, then in the schema where it is",
         renamed_where_it_is},
    };
    return golden_run(&mssql_dialect, own, sizeof own / sizeof *own);
}
