/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "sink_mssql.h"

static int sink_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    return odbc_sink_load(&mssql_dialect, config, stage, loaded, err);
}

static int state_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    return odbc_store_load(&mssql_dialect, mssql_dialect.state, config, stage, loaded, err);
}

static int letters_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    return odbc_store_load(&mssql_dialect, mssql_dialect.letters, config, stage, loaded, err);
}

static const struct sp_capabilities sink_can = {
    .size = sizeof sink_can,
    .flags = SP_DURABLE | SP_IDEMPOTENT | SP_TABLES,
    .time_digits = 7,
};

static const struct sp_capabilities state_can = {.size = sizeof state_can, .flags = SP_DURABLE};

/* A value of SQL Server is at most 2 GiB of UTF-16, and the parameter is one: bytes in it are two digits, and
 * what is no ASCII up to three times as long. */
static const struct sp_capabilities letters_can = {
    .size = sizeof letters_can,
    .flags = SP_DURABLE,
    .message_bytes = INT64_C(128) * 1024 * 1024,
    .batch_messages = 1000,
};

static const struct sp_plugin sink_plugin = {
    SP_PLUGIN_HEAD,
    .kind = SP_SINK,
    .name = "mssql",
    .version = PACKAGE_VERSION,
    .summary = "Writes rows into a table of SQL Server, over ODBC",
    .capabilities = &sink_can,
    .options = odbc_sink_options,
    .option_count = ODBC_SINK_OPTIONS,
    .config_size = sizeof(struct odbc_sink_config),
    .check = odbc_sink_check,
    .load = sink_load,
    .unload = odbc_sink_unload,
    .open = odbc_sink_open,
    .close = odbc_sink_close,
    .probe = odbc_sink_probe,
    .interrupt = odbc_sink_interrupt,
    .sink = &odbc_sink_ops,
};

static const struct sp_plugin state_plugin = {
    SP_PLUGIN_HEAD,
    .kind = SP_STATE,
    .name = "mssql",
    .version = PACKAGE_VERSION,
    .summary = "Keeps records in SQL Server, over ODBC, and shows them in ProcessingState",
    .capabilities = &state_can,
    .options = odbc_store_options,
    .option_count = ODBC_STORE_OPTIONS,
    .config_size = sizeof(struct odbc_store_config),
    .check = odbc_store_check,
    .load = state_load,
    .unload = odbc_store_unload,
    .open = odbc_store_open,
    .close = odbc_store_close,
    .probe = odbc_store_probe,
    .interrupt = odbc_store_interrupt,
    .state = &odbc_state_ops,
    .migrate = odbc_store_migrate,
};

static const struct sp_plugin letters_plugin = {
    SP_PLUGIN_HEAD,
    .kind = SP_LETTERS,
    .name = "mssql",
    .version = PACKAGE_VERSION,
    .summary = "Keeps dead letters in SQL Server, over ODBC, as the table FailedEvents",
    .capabilities = &letters_can,
    .options = odbc_store_options,
    .option_count = ODBC_STORE_OPTIONS,
    .config_size = sizeof(struct odbc_store_config),
    .check = odbc_store_check,
    .load = letters_load,
    .unload = odbc_store_unload,
    .open = odbc_store_open,
    .close = odbc_store_close,
    .probe = odbc_store_probe,
    .interrupt = odbc_store_interrupt,
    .letters = &odbc_letters_ops,
    .migrate = odbc_store_migrate,
};

SP_API const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const offered[] = {&sink_plugin, &state_plugin, &letters_plugin, NULL};
    return offered;
}
