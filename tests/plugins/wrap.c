/* SPDX-License-Identifier: Apache-2.0 */

/* Forwards every operation of every kind, with the hooks around it. */

#include <config.h>

#include "wrap.h"

#include <stdlib.h>
#include <time.h>

const char *const wrap_op_names[WRAP_OPS] = {
    [WRAP_PROBE] = "probe",     [WRAP_READ] = "read",     [WRAP_SEND] = "send",
    [WRAP_RECEIVE] = "receive", [WRAP_SETTLE] = "settle", [WRAP_EXTEND] = "extend",
    [WRAP_DEPTH] = "depth",     [WRAP_WRITE] = "write",   [WRAP_MIGRATE] = "migrate",
    [WRAP_GET] = "get",         [WRAP_PUT] = "put",       [WRAP_SCAN] = "scan",
    [WRAP_REMOVE] = "remove",   [WRAP_UPKEEP] = "upkeep", [WRAP_TEXT_OF] = "text_of",
    [WRAP_OPEN] = "open",
};

const struct sp_capabilities wrap_capabilities = {
    .size = sizeof wrap_capabilities,
    .flags = SP_DURABLE | SP_LOCAL | SP_IDEMPOTENT | SP_TABLES | SP_EVENTS | SP_EMBEDDED,
    .time_digits = 7,
};

enum wrap_op wrap_op_of(const char *name)
{
    enum wrap_op op = 0;
    while (op < WRAP_OPS && strcmp(name, wrap_op_names[op]) != 0)
        op++;
    return op;
}

static int load(const void *config, enum sp_kind kind, const struct sp_stage *about, void **loaded,
                struct sp_error *err)
{
    struct wrap_stage *stage = calloc(1, sizeof *stage);
    if (!stage)
        return sp_fail(err, SP_UNAVAILABLE, "no memory");
    stage->config = config;
    if (wrap_inner_load(stage, kind, about, err) == 0) {
        if (wrap_hook_load(stage, err) == 0) {
            *loaded = stage;
            return 0;
        }
        wrap_inner_unload(stage);
    }
    free(stage);
    return -1;
}

#define LOAD(which, kind)                                                                                    \
    int wrap_load_##which(const void *config, const struct sp_stage *about, void **loaded,                   \
                          struct sp_error *err)                                                              \
    {                                                                                                        \
        return load(config, kind, about, loaded, err);                                                       \
    }
LOAD(source, SP_SOURCE)
LOAD(queue, SP_QUEUE)
LOAD(sink, SP_SINK)
LOAD(state, SP_STATE)
LOAD(letters, SP_LETTERS)

void wrap_unload(void *loaded)
{
    struct wrap_stage *stage = loaded;
    wrap_hook_unload(stage);
    wrap_inner_unload(stage);
    free(stage);
}

void wrap_close(void *handle)
{
    struct wrap_handle *wrap = handle;
    wrap->stage->inner->close(wrap->inner);
    free(wrap);
}

void wrap_interrupt(void *handle)
{
    struct wrap_handle *wrap = handle;
    atomic_store(&wrap->interrupted, true);
    wrap->stage->inner->interrupt(wrap->inner);
}

bool wrap_sleep(struct wrap_handle *handle, const struct wrap_call *call, int64_t ns)
{
    int64_t until = sp_clock_now() + ns;
    for (int64_t now; (now = sp_clock_now()) < until;) {
        if (atomic_load(&handle->interrupted) || now >= call->deadline)
            return false;
        int64_t left = until - now < 5 * SP_MILLISECOND ? until - now : 5 * SP_MILLISECOND;
        nanosleep(&(struct timespec){.tv_nsec = left}, NULL);
    }
    return true;
}

static int before(struct wrap_handle *wrap, struct wrap_call *call, struct sp_error *err)
{
    atomic_store(&wrap->interrupted, false);
    call->number = atomic_fetch_add(&wrap->stage->calls[call->op], 1) + 1;
    if (call->results)
        memset(call->results, 0, call->count * sizeof *call->results);
    return wrap_hook_before(wrap, call, err);
}

int wrap_open(void *loaded, void **handle, struct sp_error *err)
{
    struct wrap_call call = {.op = WRAP_OPEN};
    struct wrap_handle *wrap = calloc(1, sizeof *wrap);
    if (!wrap)
        return sp_fail(err, SP_UNAVAILABLE, "no memory");
    wrap->stage = loaded;
    if (before(wrap, &call, err) != 0 ||
        wrap->stage->inner->open(wrap->stage->inner_loaded, &wrap->inner, err) != 0) {
        free(wrap);
        return -1;
    }
    *handle = wrap;
    return 0;
}

int wrap_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_PROBE, .deadline = deadline};
    if (before(wrap, &call, err) != 0)
        return -1;
    return wrap_hook_after(wrap, &call, wrap->stage->inner->probe(wrap->inner, deadline, err), err);
}

/* ---- Sources */

static int source_read(void *handle, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
                       struct sp_page *page, int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {
        .op = WRAP_READ, .deadline = deadline, .cursor = cursor, .arena = arena, .page = page};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->source->read(wrap->inner, cursor, until, arena, page, deadline, err);
    return wrap_hook_after(wrap, &call, rc, err);
}

static int source_cursor_of(void *handle, const char *text, struct sp_arena *arena, struct sp_slice *out,
                            struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    return wrap->stage->inner->source->cursor_of(wrap->inner, text, arena, out, err);
}

static int source_text_of(void *handle, struct sp_slice cursor, struct sp_arena *arena, const char **out,
                          struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_TEXT_OF, .cursor = cursor, .arena = arena};
    if (before(wrap, &call, err) != 0)
        return -1;
    return wrap->stage->inner->source->text_of(wrap->inner, cursor, arena, out, err);
}

static int source_compare(void *handle, struct sp_slice a, struct sp_slice b)
{
    struct wrap_handle *wrap = handle;
    return wrap->stage->inner->source->compare(wrap->inner, a, b);
}

const struct sp_source_ops wrap_source_ops = {
    .size = sizeof wrap_source_ops,
    .read = source_read,
    .cursor_of = source_cursor_of,
    .text_of = source_text_of,
    .compare = source_compare,
};

/* ---- Calls that are answered entry by entry */

/* Forwards `count` entries from `at` on. */
typedef int forward_function(struct wrap_handle *wrap, const struct wrap_call *call, size_t at, size_t count,
                             struct sp_error *err);

/* Entries that the hook marked stay away from the inner stage; the others go there one by one. */
static int forward_unmarked(struct wrap_handle *wrap, const struct wrap_call *call, forward_function *forward,
                            struct sp_error *err)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->results[i].class == SP_OK && forward(wrap, call, i, 1, err) != 0)
            return -1;
    return 0;
}

static int entry_by_entry(struct wrap_handle *wrap, struct wrap_call *call, forward_function *forward,
                          struct sp_error *err)
{
    if (before(wrap, call, err) != 0)
        return -1;
    int rc =
        call->partial ? forward_unmarked(wrap, call, forward, err) : forward(wrap, call, 0, call->count, err);
    return wrap_hook_after(wrap, call, rc, err);
}

static int forward_send(struct wrap_handle *wrap, const struct wrap_call *call, size_t at, size_t count,
                        struct sp_error *err)
{
    return wrap->stage->inner->queue->send(wrap->inner, call->messages + at, count, call->results + at,
                                           call->deadline, err);
}

static int queue_send(void *handle, const struct sp_message *messages, size_t count,
                      struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct wrap_call call = {
        .op = WRAP_SEND, .deadline = deadline, .messages = messages, .results = results, .count = count};
    return entry_by_entry(handle, &call, forward_send, err);
}

static int forward_settle(struct wrap_handle *wrap, const struct wrap_call *call, size_t at, size_t count,
                          struct sp_error *err)
{
    return wrap->stage->inner->queue->settle(wrap->inner, call->settles + at, count, call->results + at,
                                             call->deadline, err);
}

static int queue_settle(void *handle, const struct sp_settle *entries, size_t count,
                        struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct wrap_call call = {
        .op = WRAP_SETTLE, .deadline = deadline, .settles = entries, .results = results, .count = count};
    return entry_by_entry(handle, &call, forward_settle, err);
}

/* The lease stands in `want`, as a receive has it. */
static int forward_extend(struct wrap_handle *wrap, const struct wrap_call *call, size_t at, size_t count,
                          struct sp_error *err)
{
    return wrap->stage->inner->queue->extend(wrap->inner, call->receipts + at, count, call->want->lease_ns,
                                             call->results + at, call->deadline, err);
}

static int queue_extend(void *handle, const struct sp_slice *receipts, size_t count, int64_t lease_ns,
                        struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    struct sp_receive want = {.size = sizeof want, .lease_ns = lease_ns};
    struct wrap_call call = {.op = WRAP_EXTEND,
                             .deadline = deadline,
                             .receipts = receipts,
                             .want = &want,
                             .results = results,
                             .count = count};
    return entry_by_entry(handle, &call, forward_extend, err);
}

static int forward_put(struct wrap_handle *wrap, const struct wrap_call *call, size_t at, size_t count,
                       struct sp_error *err)
{
    return wrap->stage->inner->letters->put(wrap->inner, call->letters + at, count, call->results + at,
                                            call->deadline, err);
}

static int letters_put(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
                       int64_t deadline, struct sp_error *err)
{
    struct wrap_call call = {
        .op = WRAP_PUT, .deadline = deadline, .letters = letters, .results = results, .count = count};
    return entry_by_entry(handle, &call, forward_put, err);
}

/* ---- The other calls of queues */

static int queue_receive(void *handle, const struct sp_receive *want, struct sp_arena *arena,
                         const struct sp_received **messages, size_t *count, int64_t deadline,
                         struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_RECEIVE,
                             .deadline = deadline,
                             .want = want,
                             .arena = arena,
                             .received = messages,
                             .received_count = count};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->queue->receive(wrap->inner, want, arena, messages, count, deadline, err);
    return wrap_hook_after(wrap, &call, rc, err);
}

static int queue_depth(void *handle, struct sp_depth *depth, int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_DEPTH, .deadline = deadline, .depth = depth};
    if (before(wrap, &call, err) != 0)
        return -1;
    return wrap_hook_after(wrap, &call, wrap->stage->inner->queue->depth(wrap->inner, depth, deadline, err),
                           err);
}

const struct sp_queue_ops wrap_queue_ops = {
    .size = sizeof wrap_queue_ops,
    .send = queue_send,
    .receive = queue_receive,
    .settle = queue_settle,
    .extend = queue_extend,
    .depth = queue_depth,
};

/* ---- Sinks */

static int sink_write(void *handle, const struct sp_batch *batch, struct sp_result *results,
                      struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_WRITE,
                             .deadline = deadline,
                             .batch = batch,
                             .results = results,
                             .count = batch->table ? batch->row_count : batch->event_count,
                             .written = written};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->sink->write(wrap->inner, batch, results, written, deadline, err);
    return wrap_hook_after(wrap, &call, rc, err);
}

static int sink_read(void *handle, const struct sp_batch *keys, struct sp_arena *arena,
                     struct sp_value *values_out, bool *found, int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_READ, .deadline = deadline, .batch = keys, .arena = arena};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->sink->read(wrap->inner, keys, arena, values_out, found, deadline, err);
    return wrap_hook_after(wrap, &call, rc, err);
}

static int sink_migrate(void *handle, enum sp_migrate_mode mode, struct sp_arena *arena, const char **plan,
                        int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_MIGRATE, .deadline = deadline, .arena = arena};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->sink->migrate
                 ? wrap->stage->inner->sink->migrate(wrap->inner, mode, arena, plan, deadline, err)
                 : 0;
    return wrap_hook_after(wrap, &call, rc, err);
}

const struct sp_sink_ops wrap_sink_ops = {
    .size = sizeof wrap_sink_ops,
    .write = sink_write,
    .read = sink_read,
    .migrate = sink_migrate,
};

/* ---- States */

static int state_get(void *handle, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
                     int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_GET, .deadline = deadline, .arena = arena, .version = version_out};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->state->get(wrap->inner, name, arena, value_out, version_out, deadline, err);
    return wrap_hook_after(wrap, &call, rc, err);
}

static int state_put(void *handle, const char *name, struct sp_slice value, int64_t expected,
                     bool *swapped_out, int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_PUT,
                             .deadline = deadline,
                             .swapped = swapped_out,
                             .version = version_out};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->state->put(wrap->inner, name, value, expected, swapped_out, version_out,
                                            deadline, err);
    return wrap_hook_after(wrap, &call, rc, err);
}

const struct sp_state_ops wrap_state_ops = {
    .size = sizeof wrap_state_ops,
    .get = state_get,
    .put = state_put,
};

/* ---- The other calls of stores of letters */

static int letters_scan(void *handle, const struct sp_letter_filter *filter, struct sp_slice after,
                        size_t max, struct sp_arena *arena, const struct sp_letter **letters_out,
                        size_t *count_out, struct sp_slice *next_out, int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_SCAN, .deadline = deadline, .arena = arena};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->letters->scan(wrap->inner, filter, after, max, arena, letters_out, count_out,
                                               next_out, deadline, err);
    return wrap_hook_after(wrap, &call, rc, err);
}

static int letters_remove(void *handle, const struct sp_letter_ref *refs, size_t count, uint64_t *removed_out,
                          int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_REMOVE, .deadline = deadline};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->letters->remove(wrap->inner, refs, count, removed_out, deadline, err);
    return wrap_hook_after(wrap, &call, rc, err);
}

static int letters_upkeep(void *handle, int64_t deadline, struct sp_error *err)
{
    struct wrap_handle *wrap = handle;
    struct wrap_call call = {.op = WRAP_UPKEEP, .deadline = deadline};
    if (before(wrap, &call, err) != 0)
        return -1;
    int rc = wrap->stage->inner->letters->upkeep
                 ? wrap->stage->inner->letters->upkeep(wrap->inner, deadline, err)
                 : 0;
    return wrap_hook_after(wrap, &call, rc, err);
}

const struct sp_letters_ops wrap_letters_ops = {
    .size = sizeof wrap_letters_ops,
    .put = letters_put,
    .scan = letters_scan,
    .remove = letters_remove,
    .upkeep = letters_upkeep,
};
