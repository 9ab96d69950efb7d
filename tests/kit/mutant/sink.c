/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "mutant.h"

#include <stdlib.h>

static const struct sp_sink_ops *inner;

const struct sp_table *mutant_table(const struct sp_table *table)
{
    static struct sp_table changed;
    static struct sp_group groups[64];
    if (table->group_count > 64)
        return table;
    for (size_t i = 0; i < table->group_count; i++) {
        groups[i] = table->groups[i];
        if (mutant_is("first-is-last") && groups[i].keep == SP_KEEP_FIRST)
            groups[i].keep = SP_KEEP_LAST;
        if (mutant_is("min-is-max") && groups[i].keep == SP_KEEP_MIN)
            groups[i].keep = SP_KEEP_MAX;
    }
    changed = *table;
    changed.groups = groups;
    changed.append = table->append && !mutant_is("appended-rows-change");
    return mutant_is("first-is-last") || mutant_is("min-is-max") || mutant_is("appended-rows-change")
               ? &changed
               : table;
}

static void change_value(const struct sp_column *column, struct sp_value *value)
{
    bool is_text = column->type == SP_TYPE_TEXT;
    if (mutant_is("empty-is-null") && is_text && value->length == 0)
        value->present = false;
    if (mutant_is("blanks-are-cut") && is_text && value->present && value->length > 1 &&
        value->text[value->length - 1] == ' ')
        value->length--;
    if (mutant_is("times-are-cut") && column->type == SP_TYPE_TIMESTAMP && value->present)
        value->number -= value->number % 10000;
    if (mutant_is("numbers-are-doubles") && column->type == SP_TYPE_BIGINT && value->present &&
        value->number != INT64_MAX)
        value->number = (int64_t)(double)value->number;
}

static struct sp_value *copy_values(const struct sp_batch *batch)
{
    size_t count = batch->row_count * batch->table->column_count;
    struct sp_value *values = malloc((count + 1) * sizeof *values);
    memcpy(values, batch->values, count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        change_value(&batch->table->columns[i % batch->table->column_count], &values[i]);
    return values;
}

static int write_in_two(void *handle, const struct sp_batch *batch, struct sp_result *results,
                        struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    struct sp_batch half = *batch;
    half.row_count = batch->row_count / 2;
    if (half.row_count && inner->write(handle, &half, results, written, deadline, err) != 0)
        return -1;
    half.values += half.row_count * batch->table->column_count;
    results += half.row_count;
    half.row_count = batch->row_count - half.row_count;
    return inner->write(handle, &half, results, written, deadline, err);
}

static int write_rows(void *handle, struct sp_batch *batch, struct sp_result *results,
                      struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    if (mutant_is("write-loses-one") && batch->row_count > 1)
        batch->row_count--;
    int rc = mutant_is("write-is-two") ? write_in_two(handle, batch, results, written, deadline, err)
                                       : inner->write(handle, batch, results, written, deadline, err);
    if (mutant_is("all-are-touched"))
        written->rows_touched = batch->row_count;
    if (rc != 0 && mutant_is("the-innocent-are-named")) {
        results[1].class = SP_REJECTED;
        results[1].text = "poison";
    }
    if (rc != 0 && mutant_is("one-culprit-is-named") && err->class == SP_REJECTED)
        for (size_t i = 1; i < batch->row_count; i++)
            results[i].class = SP_OK;
    return rc;
}

static int write_events(void *handle, const struct sp_batch *batch, struct sp_result *results,
                        struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    struct sp_batch changed = *batch;
    struct sp_slice *events = malloc((batch->event_count + 1) * sizeof *events);
    for (size_t i = 0; i < batch->event_count; i++)
        events[i] = batch->events[mutant_is("events-are-reversed") ? batch->event_count - 1 - i : i];
    changed.events = events;
    if (mutant_is("event-is-lost") && changed.event_count > 1)
        changed.event_count--;
    int rc = inner->write(handle, &changed, results, written, deadline, err);
    if (rc == 0 && mutant_is("event-is-doubled")) {
        changed.event_count = 1;
        rc = inner->write(handle, &changed, results, written, deadline, err);
    }
    free(events);
    return rc;
}

static int write_batch(void *handle, const struct sp_batch *batch, struct sp_result *results,
                       struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    if (!batch->table)
        return write_events(handle, batch, results, written, deadline, err);
    struct sp_value *values = copy_values(batch);
    struct sp_batch changed = *batch;
    changed.values = values;
    int rc = write_rows(handle, &changed, results, written, deadline, err);
    free(values);
    return rc;
}

static int read_rows(void *handle, const struct sp_batch *keys, struct sp_arena *arena,
                     struct sp_value *values_out, bool *found, int64_t deadline, struct sp_error *err)
{
    int rc = inner->read(handle, keys, arena, values_out, found, deadline, err);
    for (size_t i = 0; i < keys->row_count && mutant_is("all-are-found"); i++)
        found[i] = true;
    return rc;
}

static int migrate(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err)
{
    if (mutant_is("dry-run-is-wet"))
        mode = SP_MIGRATE_APPLY;
    return inner->migrate(handle, mode, arena, plan, deadline, err);
}

static int describe(void *handle, struct sp_arena *arena, const char **sql_out, struct sp_error *err)
{
    int rc = inner->describe(handle, arena, sql_out, err);
    if (rc == 0 && mutant_is("describes-half"))
        *sql_out = sp_arena_text(arena, *sql_out, strlen(*sql_out) / 2);
    return rc;
}

static int compare(void *handle, struct sp_arena *arena, const struct sp_misfit **misfits, size_t *count,
                   int64_t deadline, struct sp_error *err)
{
    int rc = inner->compare(handle, arena, misfits, count, deadline, err);
    if (rc == 0 && mutant_is("all-fits"))
        *count = 0;
    return rc;
}

static int rebuild(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                   int64_t deadline, struct sp_error *err)
{
    if (mutant_is("rebuilds-when-dry"))
        mode = SP_MIGRATE_APPLY;
    return inner->rebuild(handle, mode, arena, plan, deadline, err);
}

const struct sp_sink_ops *mutant_sink(const struct sp_sink_ops *ops)
{
    static struct sp_sink_ops changed = {.size = sizeof changed, .write = write_batch};
    changed.read = ops->read ? read_rows : NULL;
    changed.migrate = ops->migrate ? migrate : NULL;
    changed.describe = ops->describe ? describe : NULL;
    changed.compare = ops->compare ? compare : NULL;
    changed.rebuild = ops->rebuild ? rebuild : NULL;
    inner = ops;
    return &changed;
}
