/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STUB_SINK_H
#define TESTS_STUB_SINK_H

#include "stub.h"

static int stub_write(void *handle, const struct sp_batch *batch, struct sp_result *results,
                      struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)batch, (void)results, (void)written, (void)deadline;
    return sp_fail(err, SP_REFUSED, "this plugin is there to be looked at only");
}

static const struct sp_sink_ops stub_sink_ops = {.size = sizeof stub_sink_ops, .write = stub_write};

#endif
