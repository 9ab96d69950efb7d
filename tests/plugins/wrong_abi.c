/* SPDX-License-Identifier: Apache-2.0 */

/* sink_wrong_abi.so: built for another major, whose structs may be anything. */

#include "stub_sink.h"

static const struct sp_plugin wrong_abi = {
    .size = sizeof(struct sp_plugin),
    .abi_major = SP_ABI_MAJOR + 1,
    .kind = SP_SINK,
    .name = "wrong_abi",
    .version = "2.0",
    .summary = "a sink of a scanpipe to come",
    STUB_LIFECYCLE,
    .sink = &stub_sink_ops,
};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const all[] = {&wrong_abi, NULL};
    return all;
}
