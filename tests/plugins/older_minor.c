/* SPDX-License-Identifier: Apache-2.0 */

/* sink_older_minor.so: its capabilities end early, as those of an older minor may.  What is behind
 * that end must not be read: no timestamp has 99 digits. */

#include "stub_sink.h"

static const struct {
    size_t size;
    uint32_t flags;
    uint32_t behind[31];
} older_can = {
    .size = offsetof(struct sp_capabilities, time_digits),
    .flags = SP_EVENTS,
    .behind = {99, 99, 99, 99, 99, 99, 99, 99},
};

static const struct sp_option options[] = {
    {.name = "greeting", .type = SP_OPT_STRING, .default_text = "hello", .doc = "What it would say"},
};

struct older_config {
    const char *greeting;
};

static const struct sp_plugin older_minor = {
    .size = sizeof(struct sp_plugin),
    .abi_major = SP_ABI_MAJOR,
    .abi_minor = 0,
    .kind = SP_SINK,
    .name = "older_minor",
    .version = "1.0",
    .summary = "a sink of an older scanpipe",
    .capabilities = (const struct sp_capabilities *)&older_can,
    .options = options,
    .option_count = 1,
    .config_size = sizeof(struct older_config),
    STUB_LIFECYCLE,
    .sink = &stub_sink_ops,
};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const all[] = {&older_minor, NULL};
    return all;
}
