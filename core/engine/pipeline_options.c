/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/pipeline_options.h"

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define MINUTE (60 * SP_SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const migrate_choices[] = {"auto", "true", "false", NULL};

#define TOP(field) offsetof(struct pipeline_settings, field)

static const struct sp_option pipeline_table[] = {
    {.name = "name",
     .type = SP_OPT_STRING,
     .flags = SP_OPT_REQUIRED,
     .offset = TOP(name),
     .doc = "What the pipeline is called: letters, digits, '_', '.' and '-', at most 64"},
    {.name = "max_event_bytes",
     .type = SP_OPT_SIZE,
     .offset = TOP(max_event_bytes),
     .default_text = "1MiB",
     .min = 256,
     .max = 256 * MIB,
     .doc = "A larger event is a dead letter"},
    {.name = "shutdown_grace",
     .type = SP_OPT_DURATION,
     .offset = TOP(shutdown_grace_ns),
     .default_text = "20s",
     .min = 100 * SP_MILLISECOND,
     .max = HOUR,
     .doc = "How long a stop may take"},
    {.name = "hang_timeout",
     .type = SP_OPT_DURATION,
     .offset = TOP(hang_timeout_ns),
     .default_text = "2m",
     .min = SP_SECOND,
     .max = DAY,
     .doc = "A call that is past its deadline by this much ends the process"},
    {.name = "poller_lease",
     .type = SP_OPT_DURATION,
     .offset = TOP(poller_lease_ns),
     .default_text = "10s",
     .min = SP_SECOND,
     .max = HOUR,
     .doc = "A standby takes over when the process that reads was not heard of for so long"},
    {.name = "single_machine",
     .type = SP_OPT_BOOLEAN,
     .offset = TOP(single_machine),
     .default_text = "false",
     .doc = "All processes of this pipeline run on this machine: local state is enough"},
    {.name = "log.format",
     .type = SP_OPT_ENUM,
     .offset = TOP(log_format),
     .default_text = "text",
     .choices = log_formats,
     .doc = "Lines for people, or a JSON object a line"},
    {.name = "log.level",
     .type = SP_OPT_ENUM,
     .offset = TOP(log_level),
     .default_text = "info",
     .choices = log_levels,
     .doc = "The least important lines that are still written"},
};

#define STAGE_PLUGIN(more, text)                                                                             \
    {                                                                                                        \
        .name = "plugin", .type = SP_OPT_STRING, .flags = (more),                                            \
        .offset = offsetof(struct stage_options, plugin), .default_text = (text),                            \
        .doc = "The plugin; `scanpipe plugins` lists them"                                                   \
    }

#define STAGE_COMMON                                                                                         \
    {.name = "timeout",                                                                                      \
     .type = SP_OPT_DURATION,                                                                                \
     .offset = offsetof(struct stage_options, timeout_ns),                                                   \
     .default_text = "30s",                                                                                  \
     .min = SP_MILLISECOND,                                                                                  \
     .max = HOUR,                                                                                            \
     .doc = "How long one call may take"},                                                                   \
        {.name = "retry.initial",                                                                            \
         .type = SP_OPT_DURATION,                                                                            \
         .offset = offsetof(struct stage_options, retry.initial_ns),                                         \
         .default_text = "200ms",                                                                            \
         .min = SP_MILLISECOND,                                                                              \
         .max = HOUR,                                                                                        \
         .doc = "The first pause after a failure is at most this long; it doubles"},                         \
        {.name = "retry.max",                                                                                \
         .type = SP_OPT_DURATION,                                                                            \
         .offset = offsetof(struct stage_options, retry.max_ns),                                             \
         .default_text = "30s",                                                                              \
         .min = SP_MILLISECOND,                                                                              \
         .max = DAY,                                                                                         \
         .doc = "The longest pause between tries"},                                                          \
    {                                                                                                        \
        .name = "retry.refused", .type = SP_OPT_DURATION,                                                    \
        .offset = offsetof(struct stage_options, retry.refused_ns), .default_text = "1m",                    \
        .min = SP_MILLISECOND, .max = DAY,                                                                   \
        .doc = "The first pause after the server refuses us; it grows to fifteen times as much"              \
    }

static const struct sp_option source_table[] = {
    STAGE_PLUGIN(SP_OPT_REQUIRED, NULL),
    STAGE_COMMON,
    {.name = "read_ahead",
     .type = SP_OPT_SIZE,
     .offset = offsetof(struct source_settings, own.read_ahead_bytes),
     .default_text = "8MiB",
     .min = 64 * KIB,
     .max = 4 * GIB,
     .doc = "Bytes that may be read and not yet in the queue"},
    {.name = "rate_limit",
     .type = SP_OPT_RATE,
     .offset = offsetof(struct source_settings, own.rate_limit),
     .doc = "Reads at most so often, as 10/s or 600/m; not set: no limit"},
};

static const struct sp_option queue_table[] = {
    STAGE_PLUGIN(0, "sqlite"),
    STAGE_COMMON,
    {.name = "pack.events",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct queue_settings, own.pack_events),
     .default_text = "1000",
     .min = 1,
     .max = 1000000,
     .doc = "Events in one message at most"},
    {.name = "pack.bytes",
     .type = SP_OPT_SIZE,
     .offset = offsetof(struct queue_settings, own.pack_bytes),
     .default_text = "255KiB", /* with attributes less than 4 * 64 KiB, by which a queue may bill */
     .min = 256,
     .max = 256 * MIB,
     .doc = "Bytes of one message at most; not set: no more than the queue can carry either"},
    {.name = "senders",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct queue_settings, own.senders),
     .default_text = "0",
     .min = 0,
     .max = 256,
     .doc = "Threads that send; 0: 1 for an embedded queue, 16 for a server"},
    {.name = "visibility_timeout",
     .type = SP_OPT_DURATION,
     .offset = offsetof(struct queue_settings, own.visibility_timeout_ns),
     .default_text = "60s",
     .min = SP_SECOND,
     .max = 12 * HOUR,
     .doc = "How long a message is hidden from others once it was received; extended while it is worked on"},
};

static const struct sp_option sink_table[] = {
    STAGE_PLUGIN(0, "sqlite"),
    STAGE_COMMON,
    {.name = "workers",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct sink_settings, own.workers),
     .default_text = "0",
     .min = 0,
     .max = 256,
     .doc = "Threads that receive and write; 0: 2"},
    {.name = "batch.events",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct sink_settings, own.batch_events),
     .default_text = "10000",
     .min = 1,
     .max = 1000000,
     .doc = "Events in one write at most"},
    {.name = "batch.bytes",
     .type = SP_OPT_SIZE,
     .offset = offsetof(struct sink_settings, own.batch_bytes),
     .default_text = "8MiB",
     .min = KIB,
     .max = GIB,
     .doc = "Bytes of events in one write at most"},
    {.name = "batch.linger",
     .type = SP_OPT_DURATION,
     .offset = offsetof(struct sink_settings, own.batch_linger_ns),
     .default_text = "0ms",
     .min = 0,
     .max = HOUR,
     .doc = "How long a write waits to become fuller; 0: a free worker writes what is there"},
    {.name = "stop_at.percent",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct sink_settings, own.stop_at_percent),
     .default_text = "50",
     .min = 1,
     .max = 100,
     .doc = "Receive no more where more than this of the last events were rejected; 100: never"},
    {.name = "stop_at.events",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct sink_settings, own.stop_at_events),
     .default_text = "10000",
     .min = 100,
     .max = 1000000000,
     .doc = "How many events stop_at looks back over; before so many were seen it does not count"},
    {.name = "migrate",
     .type = SP_OPT_ENUM,
     .offset = offsetof(struct sink_settings, migrate),
     .default_text = "auto",
     .choices = migrate_choices,
     .doc = "Whether to make a missing table or column at the start; auto: where the sink is embedded"},
};

static const struct sp_option letters_table[] = {
    STAGE_PLUGIN(0, NULL),
    STAGE_COMMON,
    {.name = "oversize",
     .type = SP_OPT_STRING,
     .offset = offsetof(struct letters_settings, own.oversize),
     .doc = "A folder for the events that are larger than the store can hold; the letter then says where"},
};

static const struct sp_option other_table[] = {
    STAGE_PLUGIN(SP_OPT_REQUIRED, NULL),
    STAGE_COMMON,
};

static const struct sp_option stage_table[] = {STAGE_COMMON};

static const struct {
    const char *stage;
    const struct sp_option *options;
    size_t count;
} tables[] = {
    {"pipeline", pipeline_table, COUNT_OF(pipeline_table)},
    {"stage", stage_table, COUNT_OF(stage_table)},
    {"source", source_table, COUNT_OF(source_table)},
    {"queue", queue_table, COUNT_OF(queue_table)},
    {"sink", sink_table, COUNT_OF(sink_table)},
    {"state", other_table, COUNT_OF(other_table)},
    {"dead_letters", letters_table, COUNT_OF(letters_table)},
};

const struct sp_option *pipeline_core_options(const char *stage, size_t *count)
{
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        if (strcmp(tables[i].stage, stage) == 0) {
            *count = tables[i].count;
            return tables[i].options;
        }
    }
    *count = 0;
    return NULL;
}
