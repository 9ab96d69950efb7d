/* SPDX-License-Identifier: Apache-2.0 */

/* sink_hang.so, of every kind: a real stage of which a call does not return. */

#include <config.h>

#include "wrap.h"

#include <time.h>
#include <unistd.h>

struct hang_config {
    struct wrap_config wrap;
    const char *operation;
    struct wrap_match match;
    int64_t at;
    const char *while_file;
    bool deaf;
};

static const struct sp_option options[] = {
    WRAP_OPTIONS,
    {.name = "operation",
     .type = SP_OPT_STRING,
     .flags = SP_OPT_REQUIRED,
     .offset = offsetof(struct hang_config, operation),
     .doc = "The operation that hangs"},
    WRAP_MATCH_OPTIONS(offsetof(struct hang_config, match)),
    {.name = "at",
     .type = SP_OPT_INTEGER,
     .offset = offsetof(struct hang_config, at),
     .doc = "Only the call of this number; 0: each that is meant"},
    {.name = "while_file",
     .type = SP_OPT_STRING,
     .offset = offsetof(struct hang_config, while_file),
     .doc = "Hangs while this file is there; not set: for ever"},
    {.name = "deaf",
     .type = SP_OPT_BOOLEAN,
     .offset = offsetof(struct hang_config, deaf),
     .default_text = "true",
     .doc = "Whether it does not return when it is interrupted"},
};

WRAP_PLUGIN("hang", "a stage of which a call does not return", options, struct hang_config)

int wrap_hook_load(struct wrap_stage *stage, struct sp_error *err)
{
    const struct hang_config *config = stage->config;
    return wrap_op_of(config->operation) < WRAP_OPS
               ? 0
               : sp_fail(err, SP_REFUSED, "there is no operation '%s'", config->operation);
}

void wrap_hook_unload(struct wrap_stage *stage)
{
    (void)stage;
}

static bool is_there(const char *file)
{
    return !file || access(file, F_OK) == 0;
}

int wrap_hook_before(struct wrap_handle *handle, struct wrap_call *call, struct sp_error *err)
{
    const struct hang_config *config = handle->stage->config;
    if (call->op != wrap_op_of(config->operation) || (config->at && call->number != (uint64_t)config->at) ||
        !wrap_matches(&config->match, call))
        return 0;
    while (is_there(config->while_file)) {
        if (!config->deaf && atomic_load(&handle->interrupted))
            return sp_fail(err, SP_STOPPED, "interrupted");
        nanosleep(&(struct timespec){.tv_nsec = 5 * SP_MILLISECOND}, NULL);
    }
    return 0;
}

int wrap_hook_after(struct wrap_handle *handle, struct wrap_call *call, int rc, struct sp_error *err)
{
    (void)handle, (void)call, (void)err;
    return rc;
}
