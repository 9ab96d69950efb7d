/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rows.h"

static const char doing[] = "reading rows";

static int take_row(struct odbc_sink_handle *handle, const struct sp_batch *keys, struct sp_arena *arena,
                    struct sp_value *values_out, bool *found, struct sp_error *err)
{
    const struct sp_table *table = handle->sink->table;
    int64_t row;
    if (odbc_number(&handle->db, 1, &row, doing, err) < 0)
        return -1;
    if (row < 0 || row >= (int64_t)keys->row_count)
        return sp_fail(err, SP_UNKNOWN, "%s: a row came that was not asked for", handle->sink->store.place);
    for (size_t i = 0; i < table->column_count; i++) {
        struct sp_value *value = &values_out[(size_t)row * table->column_count + i];
        if (value_take(handle, i, arena, value, doing, err) < 0)
            return -1;
    }
    found[row] = true;
    return 0;
}

static int read_rows(struct odbc_sink_handle *handle, const struct sp_batch *keys, struct sp_arena *arena,
                     struct sp_value *values_out, bool *found, struct sp_error *err)
{
    int more;
    memset(found, 0, keys->row_count * sizeof *found);
    value_put_rows(handle, keys, true);
    if (odbc_run(&handle->db, handle->sink->select, ODBC_READS, doing, err) < 0) {
        struct sp_error misfit;
        if (odbc_is_missing(&handle->db) && handle->db.connection && schema_verify(handle, &misfit) < 0 &&
            misfit.class == SP_REFUSED)
            *err = misfit;
        return -1;
    }
    while ((more = odbc_fetch(&handle->db, doing, err)) > 0) {
        if (take_row(handle, keys, arena, values_out, found, err) < 0)
            return -1;
    }
    return more;
}

int rows_read(void *opaque, const struct sp_batch *keys, struct sp_arena *arena, struct sp_value *values_out,
              bool *found, int64_t deadline, struct sp_error *err)
{
    struct odbc_sink_handle *handle = opaque;
    int rc = odbc_enter(&handle->db, deadline, err);
    if (rc == 0)
        rc = read_rows(handle, keys, arena, values_out, found, err);
    return odbc_leave(&handle->db, rc);
}
