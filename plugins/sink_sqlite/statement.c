/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_sqlite.h"

#include <stdlib.h>

enum { STATEMENT_READ, STATEMENT_WRITE };

static int prepared(struct sink_handle *handle, int slot, char *make(const struct sp_table *),
                    sqlite3_stmt **out)
{
    sqlite3_stmt **statement = &handle->lite.statements[slot];
    int rc = SQLITE_OK;
    if (!*statement) {
        char *sql = make(handle->sink->table);
        rc = sqlite3_prepare_v3(handle->lite.file, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
        free(sql);
    }
    *out = *statement;
    return rc;
}

int statement_read(struct sink_handle *handle, sqlite3_stmt **out)
{
    return prepared(handle, STATEMENT_READ, dialect_select, out);
}

int statement_write(struct sink_handle *handle, sqlite3_stmt **out)
{
    return prepared(handle, STATEMENT_WRITE, dialect_upsert, out);
}

int statement_fail(struct sink_handle *handle, int rc, const char *doing, struct sp_error *err)
{
    lite_fail(&handle->lite, rc, doing, err);
    if ((rc & 0xff) != SQLITE_ERROR || !handle->lite.file)
        return -1;
    struct sp_error misfit;
    if (schema_verify(handle, &misfit) < 0 && misfit.class == SP_REFUSED)
        *err = misfit;
    return -1;
}
