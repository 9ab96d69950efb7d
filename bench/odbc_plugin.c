/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The sink postgres, driven as the core drives it. */

#include "odbc_bench.h"

#include "plugin/plugin.h"

enum { PARCEL, LATEST, TYPE, CREATED, STATUS, RUN, PICKED, PICKED_BY, DELIVERED, DELIVERED_BY, COLUMNS };

#define COLUMN(of, of_role, of_group, ...)                                                                   \
    {                                                                                                        \
        .name = of, .role = of_role, .group = of_group, .nullable = of_group >= 0, __VA_ARGS__               \
    }
static const struct sp_column columns[COLUMNS] = {
    [PARCEL] = COLUMN("ParcelId", SP_ROLE_KEY, -1, .type = SP_TYPE_INT),
    [LATEST] = COLUMN("LatestEventId", SP_ROLE_ORDER, 0, .type = SP_TYPE_BIGINT),
    [TYPE] = COLUMN("LatestType", SP_ROLE_VALUE, 0, .type = SP_TYPE_TEXT, .length = 50),
    [CREATED] = COLUMN("LatestCreatedDateTimeUtc", SP_ROLE_VALUE, 0, .type = SP_TYPE_TIMESTAMP),
    [STATUS] = COLUMN("LatestStatusCode", SP_ROLE_VALUE, 0, .type = SP_TYPE_TEXT, .length = 50),
    [RUN] = COLUMN("LatestRunId", SP_ROLE_VALUE, 0, .type = SP_TYPE_TEXT, .length = 50),
    [PICKED] = COLUMN("PickedUpAtUtc", SP_ROLE_VALUE, 1, .type = SP_TYPE_TIMESTAMP),
    [PICKED_BY] = COLUMN("PickedUpEventId", SP_ROLE_ORDER, 1, .type = SP_TYPE_BIGINT),
    [DELIVERED] = COLUMN("DeliveredAtUtc", SP_ROLE_VALUE, 2, .type = SP_TYPE_TIMESTAMP),
    [DELIVERED_BY] = COLUMN("DeliveredEventId", SP_ROLE_ORDER, 2, .type = SP_TYPE_BIGINT),
};
static const struct sp_group groups[] = {{.keep = SP_KEEP_LAST, .order_column = LATEST},
                                         {.keep = SP_KEEP_FIRST, .order_column = PICKED_BY},
                                         {.keep = SP_KEEP_FIRST, .order_column = DELIVERED_BY}};
static const struct sp_table table = {.size = sizeof table,
                                      .name = "ByPlugin",
                                      .columns = columns,
                                      .column_count = COLUMNS,
                                      .key_count = 1,
                                      .groups = groups,
                                      .group_count = 3};
static const struct sp_stage stage = {.size = sizeof stage,
                                      .pipeline = "bench",
                                      .name = "sink",
                                      .table = &table};

static const struct plugin *plugin;
static void *handle;
static struct sp_value *values;
static struct sp_result *results;
static struct sp_error err;

static int64_t deadline(void)
{
    return sp_clock_now() + 30 * SP_SECOND;
}

static void open_plugin(const char *connection, const char *path)
{
    void *loaded;
    if (plugin_load(path, SP_SINK, &plugin, &err) != 0)
        DIE("%s", err.text);
    char *config = calloc(1, plugin->about.config_size);
    for (size_t i = 0; config && i < plugin->about.option_count; i++) {
        const struct sp_option *option = &plugin->about.options[i];
        if (strcmp(option->name, "connection") == 0)
            memcpy(config + option->offset, &connection, sizeof connection);
        else if (option->type == SP_OPT_DURATION)
            memcpy(config + option->offset, &(int64_t){30 * SP_SECOND}, sizeof(int64_t));
    }
    if (plugin->about.load(config, &stage, &loaded, &err) != 0 ||
        plugin->about.open(loaded, &handle, &err) != 0 ||
        plugin->about.sink->migrate(handle, SP_MIGRATE_APPLY, NULL, NULL, deadline(), &err) != 0)
        DIE("%s", err.text);
}

static struct sp_value number(int64_t number, bool present)
{
    return (struct sp_value){.number = present ? number : 0, .present = present};
}

static struct sp_value text(const char *text)
{
    return (struct sp_value){.text = text, .length = (uint32_t)strlen(text), .present = true};
}

/* As the fold hands them over. */
static void prepare(const struct row *rows, size_t count)
{
    free(values);
    free(results);
    values = calloc(count * COLUMNS, sizeof *values);
    results = calloc(count, sizeof *results);
    if (!values || !results)
        DIE("no memory");
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct sp_value *out = &values[i * COLUMNS];
        out[PARCEL] = number(row->parcel, true);
        out[LATEST] = number(row->event, true);
        out[TYPE] = text(row->type);
        out[CREATED] = number(row->created, true);
        out[STATUS] = text(row->status);
        out[RUN] = text(row->run);
        out[PICKED] = number(row->created, row->picked);
        out[PICKED_BY] = number(row->event, row->picked);
        out[DELIVERED] = number(row->created, row->delivered);
        out[DELIVERED_BY] = number(row->event, row->delivered);
    }
}

static void write_rows(const struct row *rows, size_t count)
{
    struct sp_batch batch = {.size = sizeof batch, .table = &table, .values = values, .row_count = count};
    struct sp_written written = {.size = sizeof written};
    (void)rows;
    if (plugin->about.sink->write(handle, &batch, results, &written, deadline(), &err) != 0)
        DIE("%s", err.text);
    if (written.rows_touched != count)
        DIE("the plugin touched %zu rows of %zu", (size_t)written.rows_touched, count);
}

const struct writer plugin_writer = {"ByPlugin", open_plugin, prepare, write_rows};
