/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rows.h"

#include <stdlib.h>

const struct sp_option odbc_sink_options[ODBC_SINK_OPTIONS] = {ODBC_OPTIONS(struct odbc_sink_config)};

const struct sp_sink_ops odbc_sink_ops = {
    .size = sizeof odbc_sink_ops,
    .write = rows_write,
    .read = rows_read,
    .migrate = schema_migrate,
    .describe = schema_describe,
    .compare = schema_compare,
    .rebuild = schema_rebuild,
};

void odbc_sink_check(const void *config, struct sp_check *check)
{
    odbc_check(&((const struct odbc_sink_config *)config)->odbc, check);
}

/* A name that is too long would be cut, and two of them become one. */
static int check_names(const struct odbc_dialect *dialect, const struct sp_table *table, struct sp_error *err)
{
    const char *dot = strchr(table->name, '.'), *name = dot ? dot + 1 : table->name;
    const char *longest = strlen(name) > dialect->name_max ? name : NULL;
    for (size_t i = 0; !longest && i < table->column_count; i++)
        longest = strlen(table->columns[i].name) > dialect->name_max ? table->columns[i].name : NULL;
    if (!longest)
        return 0;
    sp_fail(err, SP_REFUSED, "the name %s is too long for %s", longest, dialect->title);
    return sp_fail_cure(err, "use names of at most %zu characters", dialect->name_max);
}

static void free_texts(struct odbc_sink *sink)
{
    free(sink->quoted);
    free(sink->upsert);
    free(sink->select);
}

int odbc_sink_load(const struct odbc_dialect *dialect, const void *opaque, const struct sp_stage *stage,
                   void **loaded, struct sp_error *err)
{
    const struct odbc_sink_config *config = opaque;
    const struct sp_table *table = stage->table;
    if (!table) {
        sp_fail(err, SP_REFUSED, "the sink %s writes rows, and the pipeline has no table", dialect->name);
        return sp_fail_cure(err, "add a `table` block to the pipeline");
    }
    if (check_names(dialect, table, err) < 0)
        return -1;
    struct odbc_sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    if (odbc_store_init(&sink->store, &config->odbc, dialect, stage, NULL, err) < 0) {
        free(sink);
        return -1;
    }
    sink->table = table;
    sink->quoted = dialect->quote(table);
    sink->upsert = dialect->upsert(table);
    sink->select = dialect->select(table);
    *loaded = sink;
    return 0;
}

void odbc_sink_unload(void *loaded)
{
    struct odbc_sink *sink = loaded;
    free_texts(sink);
    odbc_store_fini(&sink->store);
    free(sink);
}

int odbc_sink_open(void *loaded, void **out, struct sp_error *err)
{
    struct odbc_sink_handle *handle = calloc(1, sizeof *handle);
    if (!handle)
        return sp_fail(err, SP_UNAVAILABLE, "no memory left");
    handle->sink = loaded;
    odbc_init(&handle->db, &handle->sink->store);
    *out = handle;
    return 0;
}

void odbc_sink_close(void *opaque)
{
    struct odbc_sink_handle *handle = opaque;
    odbc_fini(&handle->db);
    free(handle);
}

int odbc_sink_probe(void *opaque, int64_t deadline, struct sp_error *err)
{
    struct odbc_sink_handle *handle = opaque;
    int rc = odbc_enter(&handle->db, deadline, err);
    if (rc == 0)
        rc = schema_verify(handle, err);
    return odbc_leave(&handle->db, rc);
}

void odbc_sink_interrupt(void *opaque)
{
    struct odbc_sink_handle *handle = opaque;
    odbc_interrupt(&handle->db);
}
