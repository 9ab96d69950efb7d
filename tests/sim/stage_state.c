/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "engine/marks.h"
#include "engine/record.h"
#include "fate.h"
#include "laws.h"
#include "tally.h"

#include <stdlib.h>

enum { RECORDS = 16, NAME_MAX_SIZE = 64 };

struct entry {
    char name[NAME_MAX_SIZE];
    struct sp_slice value;
    int64_t version;
};

static struct {
    struct entry entries[RECORDS];
    size_t count;
    int64_t versions; /* that were ever given */
} state;

void state_open_world(void)
{
    memset(&state, 0, sizeof state);
}

static struct entry *find(const char *name)
{
    for (size_t i = 0; i < state.count; i++)
        if (strcmp(state.entries[i].name, name) == 0)
            return &state.entries[i];
    return NULL;
}

struct putting {
    char name[NAME_MAX_SIZE];
    struct sp_slice value;
    int64_t expected;
    struct writer writer;
};

/* Writes where the version is still the expected one; 0: it was not. */
static int64_t put(const struct putting *putting)
{
    struct entry *entry = find(putting->name);
    if ((entry ? entry->version : 0) != putting->expected && !stage_lies(SIM_STATE)) {
        tally(A_LOST_RACE);
        return 0;
    }
    if (!entry) {
        if (state.count == RECORDS)
            law_broken("state", "more than %d records", RECORDS);
        entry = &state.entries[state.count++];
        memcpy(entry->name, putting->name, sizeof entry->name);
    }
    if (strcmp(putting->name, "poller") == 0)
        law_record(entry->value, putting->value, &putting->writer);
    if (strcmp(putting->name, MARKS_RECORD) == 0)
        law_marks(entry->value, putting->value, &putting->writer);
    entry->value = putting->value;
    entry->version = ++state.versions;
    trace("record %s, version %lld: %.*s", entry->name, (long long)entry->version,
          entry->value.size < 2000 ? (int)entry->value.size : 2000, entry->value.data);
    return entry->version;
}

static void put_late(void *argument)
{
    put(argument);
}

static int state_get(void *pointer, const char *name, struct sp_arena *arena, struct sp_slice *value_out,
                     int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    if (call_enter(handle, OP_GET, deadline, &fate, err) != 0)
        return -1;
    const struct entry *entry = find(name);
    struct sp_slice value = entry ? sp_arena_copy(arena, entry->value) : (struct sp_slice){NULL, 0};
    int64_t version = entry ? entry->version : 0;
    if (call_leave(handle, &fate, err) != 0)
        return -1;
    *value_out = value;
    *version_out = version;
    return 0;
}

static int state_put(void *pointer, const char *name, struct sp_slice value, int64_t expected,
                     bool *swapped_out, int64_t *version_out, int64_t deadline, struct sp_error *err)
{
    struct handle *handle = pointer;
    struct fate fate;
    struct putting *putting = world_alloc(sizeof *putting);
    if (strlen(name) >= NAME_MAX_SIZE)
        law_broken("state", "a record with a long name: %s", name);
    memcpy(putting->name, name, strlen(name));
    putting->value = (struct sp_slice){world_copy(value.data, value.size), value.size};
    putting->expected = expected;
    putting->writer = writer_self();
    if (call_enter(handle, OP_PUT, deadline, &fate, err) != 0)
        return -1;
    int64_t version = 0;
    if (fate.late_at)
        timer_add(fate.late_at, put_late, putting);
    else
        version = put(putting);
    if (call_leave(handle, &fate, err) != 0)
        return -1;
    *swapped_out = version > 0;
    *version_out = version;
    return 0;
}

static bool read_record(struct record *out, struct sp_arena *arena)
{
    const struct entry *entry = find("poller");
    struct sp_error err;
    return entry && record_parse(entry->value, arena, out, &err) == 0;
}

int64_t state_cursor(void)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct record record;
    if (!read_record(&record, arena))
        return -1;
    return record.cursor.size > 0
               ? strtoll(sp_arena_text(arena, record.cursor.data, record.cursor.size), NULL, 10)
               : 0;
}

bool state_held_by(const struct process *process)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct record record;
    return read_record(&record, arena) && record.held && law_owns(process, record.token);
}

const struct plugin sim_state = {
    SIM_PLUGIN(SP_STATE, sim_state),
    .ops.state = {.size = sizeof(struct sp_state_ops), .get = state_get, .put = state_put},
    .capabilities = {.size = sizeof(struct sp_capabilities), .flags = SP_DURABLE},
};
