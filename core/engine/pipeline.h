/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PIPELINE_H
#define ENGINE_PIPELINE_H

/*
 * One file, read, checked and ready to run: stages with their plugins and filled configurations, and
 * the compiled table.  Nothing is opened yet.  Constant once loaded; shared by all threads.
 */

#include "config/diag.h"
#include "engine/retry.h"
#include "plugin/plugin.h"
#include "table/table.h"

/* What any stage can be told beside its plugin's own options. */
struct stage_options {
    const char *plugin;
    int64_t timeout_ns; /* of one call */
    struct retry_policy retry;
};

struct stage {
    const struct pipeline *pipeline; /* that it is part of; NULL in tests that make one by hand */
    const char *name;                /* "source", "queue", "sink", "state", "dead_letters" */
    const struct plugin *plugin;     /* NULL: the pipeline has no such stage */
    void *config;                    /* filled by the plugin's option table */
    struct stage_options options;
    struct sp_stage about;
};

struct source_options {
    int64_t read_ahead_bytes; /* pages read and not yet in the queue */
    struct sp_rate rate_limit;
};

struct queue_options {
    int64_t pack_events, pack_bytes; /* of one message */
    int64_t senders;                 /* never 0 here */
    int64_t visibility_timeout_ns;   /* the lease of what is received */
};

struct sink_options {
    int64_t workers; /* never 0 here */
    int64_t batch_events, batch_bytes, batch_linger_ns;
    bool migrate;                            /* make what is missing at start */
    int64_t stop_at_events, stop_at_percent; /* receive no more where so many of so many were rejected */
};

struct letters_options {
    const char *oversize; /* a folder for the events that the store cannot hold; NULL: none */
};

struct pipeline {
    struct sp_arena *arena; /* owns everything below */
    const char *path;
    struct sp_slice text; /* the file's, as it was read */
    const char *name;
    struct stage source, queue, sink, state, letters;
    struct source_options source_options;
    struct queue_options queue_options;
    struct sink_options sink_options;
    struct letters_options letters_options;
    const struct table_plan *table; /* NULL: events go to the sink as they come */
    int64_t max_event_bytes;
    int64_t shutdown_grace_ns;
    int64_t hang_timeout_ns;
    int64_t poller_lease_ns;
    bool abandon; /* the command line's: leave what another queue still holds */
    bool log_json;
    enum sp_level log_level;
};

/*
 * Reads the file and everything it names: syntax, variables, plugins, options, table, and what does
 * not fit together.  NULL after at least one error in diag.  Opens no stage.
 */
struct pipeline *pipeline_load(const char *path, struct diag *diag);

/* The same of the text that was read then, with the variables and files it names as they are now.  Any thread
 * may. */
struct pipeline *pipeline_again(const struct pipeline *pipeline, struct diag *diag);

/* The stage with this name. */
const struct stage *pipeline_stage(const struct pipeline *pipeline, const char *name);

/* Whether two stages are the same plugin with the same configuration, secrets too. */
bool stage_same(const struct stage *one, const struct stage *other);

void pipeline_free(struct pipeline *pipeline);

/* The core's own option tables: of the file's top level ("pipeline"), of a stage by its name, or what all
 * stages have alike ("stage"), which is in the tables of each, too. */
const struct sp_option *pipeline_core_options(const char *stage, size_t *count);

#endif
