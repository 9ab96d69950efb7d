/* SPDX-License-Identifier: Apache-2.0 */

/* sink_newer_minor.so: counts on fields that this core does not have. */

#include "stub_sink.h"

struct newer_plugin {
    struct sp_plugin now;
    void (*added)(void);
};

static const struct newer_plugin newer_minor = {
    .now =
        {
            .size = sizeof(struct newer_plugin),
            .abi_major = SP_ABI_MAJOR,
            .abi_minor = SP_ABI_MINOR + 1,
            .kind = SP_SINK,
            .name = "newer_minor",
            .version = "1.1",
            .summary = "a sink of a newer scanpipe",
            STUB_LIFECYCLE,
            .sink = &stub_sink_ops,
        },
};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const all[] = {&newer_minor.now, NULL};
    return all;
}
