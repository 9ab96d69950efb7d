/* SPDX-License-Identifier: Apache-2.0 */

/* queue_remote.so: a durable queue on a server, which offers neither state nor letters. */

#include "stub.h"

static int none_send(void *handle, const struct sp_message *messages, size_t count, struct sp_result *results,
                     int64_t deadline, struct sp_error *err)
{
    (void)messages, (void)count, (void)results;
    return stub_probe(handle, deadline, err);
}

static int none_receive(void *handle, const struct sp_receive *want, struct sp_arena *arena,
                        const struct sp_received **messages, size_t *count, int64_t deadline,
                        struct sp_error *err)
{
    (void)want, (void)arena, (void)messages, (void)count;
    return stub_probe(handle, deadline, err);
}

static int none_settle(void *handle, const struct sp_settle *entries, size_t count, struct sp_result *results,
                       int64_t deadline, struct sp_error *err)
{
    (void)entries, (void)count, (void)results;
    return stub_probe(handle, deadline, err);
}

static int none_extend(void *handle, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
                       struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    (void)receipts, (void)count, (void)lease_ns, (void)results;
    return stub_probe(handle, deadline, err);
}

static int none_depth(void *handle, struct sp_depth *depth, int64_t deadline, struct sp_error *err)
{
    (void)depth;
    return stub_probe(handle, deadline, err);
}

static const struct sp_queue_ops ops = {
    .size = sizeof ops,
    .send = none_send,
    .receive = none_receive,
    .settle = none_settle,
    .extend = none_extend,
    .depth = none_depth,
};

static const struct sp_capabilities capabilities = {
    .size = sizeof capabilities,
    .flags = SP_DURABLE,
    .message_bytes = 64 * 1024,
    .batch_messages = 10,
    .lease_max_ns = 3600 * SP_SECOND,
};

static const struct sp_plugin remote = {
    SP_PLUGIN_HEAD,
    .kind = SP_QUEUE,
    .name = "remote",
    .version = "1.0",
    .summary = "a queue on a server that is nowhere",
    .capabilities = &capabilities,
    STUB_LIFECYCLE,
    .queue = &ops,
};

const struct sp_plugin *const *scanpipe_plugin(void)
{
    static const struct sp_plugin *const all[] = {&remote, NULL};
    return all;
}
