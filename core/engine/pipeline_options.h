/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PIPELINE_OPTIONS_H
#define ENGINE_PIPELINE_OPTIONS_H

/* The core's own options as the file writes them; pipeline.c turns them into struct pipeline. */

#include "engine/pipeline.h"

struct pipeline_settings {
    const char *name;
    int64_t max_event_bytes;
    int64_t shutdown_grace_ns;
    int64_t hang_timeout_ns;
    int64_t poller_lease_ns;
    bool single_machine;
    int32_t log_format; /* 0 text, 1 json */
    int32_t log_level;  /* enum sp_level */
};

enum migrate_setting { MIGRATE_AUTO, MIGRATE_TRUE, MIGRATE_FALSE };

/* What every stage has comes first, so that one set of offsets serves all. */
struct source_settings {
    struct stage_options stage;
    struct source_options own;
};

struct queue_settings {
    struct stage_options stage;
    struct queue_options own; /* senders: 0 is auto */
};

struct sink_settings {
    struct stage_options stage;
    struct sink_options own; /* workers: 0 is auto */
    int32_t migrate;         /* enum migrate_setting; own.migrate is made from it */
};

struct letters_settings {
    struct stage_options stage;
    struct letters_options own;
};

#endif
