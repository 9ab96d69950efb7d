/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rows.h"

#include <stdio.h>

static const char doing[] = "writing rows";

/* Messages name the column, where they do, as the dialect says: "\"%s\"". */
static uint32_t column_to_blame(const struct odbc_sink *sink, const char *text)
{
    const struct odbc_dialect *dialect = sink->store.dialect;
    const struct sp_table *table = sink->table;
    char named[256];
    for (size_t i = 0; i < table->column_count; i++) {
        snprintf(named, sizeof named, "%s%s%s", dialect->before_column, table->columns[i].name,
                 dialect->behind_column);
        if (strstr(text, named))
            return (uint32_t)i;
    }
    return SP_NO_COLUMN;
}

/* The statement tells one culprit without saying which row it is; of a single row that is known.  What is too
 * long may be told without its column. */
static void name_culprit(struct odbc_sink_handle *handle, const struct sp_batch *batch,
                         struct sp_result *results, struct sp_error *err)
{
    if (err->class != SP_REJECTED || batch->row_count != 1)
        return;
    bool too_long = handle->db.failure && handle->db.failure->too_long;
    uint32_t column = column_to_blame(handle->sink, err->text);
    if (too_long && column == SP_NO_COLUMN)
        column = schema_too_long(handle, batch->values);
    snprintf(handle->reason, sizeof handle->reason, "%s", err->text);
    results[0] = (struct sp_result){SP_REJECTED, column, handle->reason};
}

static int write(struct odbc_sink_handle *handle, const struct sp_batch *batch, uint64_t *touched_out,
                 struct sp_error *err)
{
    value_put_rows(handle, batch, false);
    for (int tries = 0; tries < 2; tries++) {
        if (odbc_do(&handle->db, handle->sink->upsert, ODBC_WRITES, touched_out, doing, err) == 0)
            return 0;
        if (!handle->db.failure || !handle->db.failure->race || !handle->db.connection)
            break;
    }
    struct sp_error misfit;
    if (odbc_is_missing(&handle->db) && handle->db.connection && schema_verify(handle, &misfit) < 0 &&
        misfit.class == SP_REFUSED)
        *err = misfit;
    return -1;
}

int rows_write(void *opaque, const struct sp_batch *batch, struct sp_result *results,
               struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    struct odbc_sink_handle *handle = opaque;
    uint64_t touched = 0;
    if (odbc_enter(&handle->db, deadline, err) < 0)
        return odbc_leave(&handle->db, -1);
    if (write(handle, batch, &touched, err) < 0) {
        name_culprit(handle, batch, results, err);
        return odbc_leave(&handle->db, -1);
    }
    written->rows_touched = touched;
    return odbc_leave(&handle->db, 0);
}
