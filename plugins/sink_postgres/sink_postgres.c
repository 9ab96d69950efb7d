/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_postgres.h"

static int sink_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    return odbc_sink_load(&postgres_dialect, config, stage, loaded, err);
}

static int state_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    return odbc_store_load(&postgres_dialect, postgres_dialect.state, config, stage, loaded, err);
}

static int letters_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    return odbc_store_load(&postgres_dialect, postgres_dialect.letters, config, stage, loaded, err);
}

static const struct sp_capabilities sink_can = {
    .size = sizeof sink_can,
    .flags = SP_DURABLE | SP_IDEMPOTENT | SP_TABLES,
    .time_digits = 6,
};

/* A value of PostgreSQL is at most 1 GiB, and the parameter is one: bytes in it are two digits, and what is
 * no ASCII up to three times as long. */
static const struct sp_capabilities letters_can = {
    .size = sizeof letters_can,
    .flags = SP_DURABLE,
    .message_bytes = INT64_C(128) * 1024 * 1024,
    .batch_messages = 1000,
};

static const struct sp_plugin sink_plugin = {
    ODBC_SINK_ENTRIES,
    .name = "postgres",
    .summary = "Writes rows into a table of PostgreSQL, over ODBC",
    .capabilities = &sink_can,
    .load = sink_load,
};

static const struct sp_plugin state_plugin = {
    ODBC_STATE_ENTRIES,
    .name = "postgres",
    .summary = "Keeps records in PostgreSQL, over ODBC, and shows them in ProcessingState",
    .load = state_load,
};

static const struct sp_plugin letters_plugin = {
    ODBC_LETTERS_ENTRIES,
    .name = "postgres",
    .summary = "Keeps dead letters in PostgreSQL, over ODBC, as the table FailedEvents",
    .capabilities = &letters_can,
    .load = letters_load,
};

SP_API const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const offered[] = {&sink_plugin, &state_plugin, &letters_plugin, NULL};
    return offered;
}
