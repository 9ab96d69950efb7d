/* SPDX-License-Identifier: Apache-2.0 */
/* State in memory: a handful of named records, so a list will do. */
#include <config.h>

#include "memory.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { STATE_MAGIC = 0x53544154 };

struct record {
    struct record *next;
    int64_t version;
    size_t size;
    char *value;
    char name[];
};

struct memory_state {
    unsigned magic;
    pthread_mutex_t lock;
    struct record *records;
    int64_t last_version; /* of any record: so none ever comes back */
};

static struct memory_state *state_of(void *pointer)
{
    struct memory_state *state = pointer;
    assert(state && state->magic == STATE_MAGIC);
    return state;
}

static struct memory_state *state_enter(void *handle)
{
    struct memory_state *state = state_of(handle);
    pthread_mutex_lock(&state->lock);
    return state;
}

static void state_leave(struct memory_state **state)
{
    pthread_mutex_unlock(&(*state)->lock);
}

static struct record *find_record(const struct memory_state *state, const char *name)
{
    struct record *record = state->records;
    while (record && strcmp(record->name, name) != 0)
        record = record->next;
    return record;
}

static struct record *add_record(struct memory_state *state, const char *name)
{
    struct record *record = calloc(1, sizeof *record + strlen(name) + 1);
    if (!record)
        return NULL;
    strcpy(record->name, name);
    record->next = state->records;
    state->records = record;
    return record;
}

static int state_get(void *handle, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
                     int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    (void)deadline, (void)err;
    SP_AUTO(state_leave) struct memory_state *state = state_enter(handle);
    const struct record *record = find_record(state, name);
    *value_out = (struct sp_slice){0};
    *version_out = record ? record->version : 0;
    if (record && record->version > 0)
        *value_out = sp_arena_copy(arena, (struct sp_slice){record->value, record->size});
    return 0;
}

static int state_put(void *handle, const char *name, struct sp_slice value, int64_t expected,
                     bool *swapped_out, int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    (void)deadline;
    SP_AUTO(state_leave) struct memory_state *state = state_enter(handle);
    struct record *record = find_record(state, name);
    int64_t version = record ? record->version : 0;
    if (version != expected) {
        *swapped_out = false;
        *version_out = version;
        return 0;
    }
    char *copy = malloc(value.size + 1);
    if (copy && !record)
        record = add_record(state, name);
    if (!copy || !record) {
        free(copy);
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    }
    if (value.size > 0)
        memcpy(copy, value.data, value.size);
    free(record->value);
    record->value = copy;
    record->size = value.size;
    record->version = ++state->last_version;
    *swapped_out = true;
    *version_out = record->version;
    return 0;
}

static int state_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)config, (void)stage;
    struct memory_state *state = calloc(1, sizeof *state);
    if (!state)
        return sp_fail(err, SP_UNAVAILABLE, "there is no memory left");
    state->magic = STATE_MAGIC;
    pthread_mutex_init(&state->lock, NULL);
    *loaded = state;
    return 0;
}

static void state_unload(void *loaded)
{
    struct memory_state *state = state_of(loaded);
    while (state->records) {
        struct record *record = state->records;
        state->records = record->next;
        free(record->value);
        free(record);
    }
    pthread_mutex_destroy(&state->lock);
    free(state);
}

/* Handles have nothing of their own: they are the stage. */
static int state_open(void *loaded, void **handle, struct sp_error *err)
{
    (void)err;
    *handle = state_of(loaded);
    return 0;
}

static void state_nothing(void *handle)
{
    (void)handle;
}

static int state_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)deadline, (void)err;
    return 0;
}

static const struct sp_capabilities state_capabilities = {
    .size = sizeof state_capabilities,
    .flags = SP_LOCAL | SP_EMBEDDED,
};

static const struct sp_state_ops state_ops = {
    .size = sizeof state_ops,
    .get = state_get,
    .put = state_put,
};

const struct sp_plugin memory_state = {
    SP_PLUGIN_HEAD,
    .kind = SP_STATE,
    .name = "memory",
    .version = PACKAGE_VERSION,
    .summary = "state in memory, for tests and throw-away runs: the next run starts afresh",
    .capabilities = &state_capabilities,
    .load = state_load,
    .unload = state_unload,
    .open = state_open,
    .close = state_nothing,
    .probe = state_probe,
    .interrupt = state_nothing,
    .state = &state_ops,
};
