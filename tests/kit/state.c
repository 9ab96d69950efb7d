/* SPDX-License-Identifier: Apache-2.0 */
/* State: scanpipe/state.h. */
#include <config.h>

#include "kit.h"

#include <stdlib.h>

struct state {
    struct kit *kit;
    struct kit_stage *stage;
    const struct sp_state_ops *ops;
    void *one, *other;
};

static struct state begin_as(struct kit *kit, const char *pipeline)
{
    struct state state = {.kit = kit, .ops = kit->plugin->about.state};
    state.stage = kit_load(kit, &(struct kit_wish){.pipeline = pipeline});
    state.one = kit_open(state.stage);
    state.other = kit_open(state.stage);
    return state;
}

static struct state begin(struct kit *kit)
{
    return begin_as(kit, NULL);
}

struct record {
    struct sp_slice value;
    int64_t version;
};

static struct record get(struct state *state, void *handle, const char *name)
{
    struct record record = {.version = -1};
    WORKS(state->ops->get(handle, name, state->kit->arena, &record.value, &record.version,
                          kit_soon(state->kit), &kit_error));
    REQUIRE(record.version >= 0, "get() gives version %lld", (long long)record.version);
    REQUIRE(record.version > 0 || record.value.size == 0, "a record that is not there has a value");
    return record;
}

/* Whether it was swapped; *version_out is what put() says. */
static bool put(struct state *state, void *handle, const char *name, struct sp_slice value, int64_t expected,
                int64_t *version_out)
{
    bool swapped = false;
    *version_out = -1;
    WORKS(state->ops->put(handle, name, value, expected, &swapped, version_out, kit_soon(state->kit),
                          &kit_error));
    REQUIRE(!swapped || *version_out > 0, "put() gives version %lld", (long long)*version_out);
    return swapped;
}

static int64_t put_anew(struct state *state, const char *name, const char *value)
{
    int64_t version;
    REQUIRE(put(state, state->one, name, sp_slice_of(value), 0, &version), "a new record is not written");
    return version;
}

static void require_record(struct state *state, void *handle, const char *name, struct sp_slice value,
                           int64_t version)
{
    struct record record = get(state, handle, name);
    REQUIRE(record.version == version, "record %s has version %lld, not %lld", name,
            (long long)record.version, (long long)version);
    REQUIRE(sp_slice_equal(record.value, value), "record %s holds '%s', not '%s'", name,
            kit_shown(state->kit, record.value), kit_shown(state->kit, value));
}

static void nothing_is_there(struct kit *kit)
{
    struct state state = begin(kit);
    require_record(&state, state.one, "poller", (struct sp_slice){0}, 0);
    int64_t version;
    REQUIRE(!put(&state, state.one, "poller", sp_slice_of("x"), 5, &version),
            "a record that is not there is swapped as version 5");
    REQUIRE(version == 0, "put() says that the record has version %lld, it is not there", (long long)version);
    require_record(&state, state.other, "poller", (struct sp_slice){0}, 0);
}

static void made_and_swapped(struct kit *kit)
{
    struct state state = begin(kit);
    int64_t first = put_anew(&state, "poller", "one"), second;
    require_record(&state, state.one, "poller", sp_slice_of("one"), first);
    require_record(&state, state.other, "poller", sp_slice_of("one"), first);
    REQUIRE(put(&state, state.other, "poller", sp_slice_of("two, longer"), first, &second),
            "the right version is not swapped");
    REQUIRE(second != first, "the version is the same after a write");
    require_record(&state, state.one, "poller", sp_slice_of("two, longer"), second);
}

static void wrong_version_changes_nothing(struct kit *kit)
{
    struct state state = begin(kit);
    int64_t first = put_anew(&state, "poller", "one"), second, told;
    REQUIRE(put(&state, state.one, "poller", sp_slice_of("two"), first, &second), "it is not swapped");
    const int64_t wrong[] = {0, first, second + 1, second - 1, INT64_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        REQUIRE(!put(&state, state.other, "poller", sp_slice_of("three"), wrong[i], &told),
                "version %lld is swapped as %lld", (long long)second, (long long)wrong[i]);
        REQUIRE(told == second, "put() says that the record has version %lld, it is %lld", (long long)told,
                (long long)second);
    }
    require_record(&state, state.one, "poller", sp_slice_of("two"), second);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void versions_are_unique(struct kit *kit)
{
    enum { COUNT = 60 };
    struct state state = begin(kit);
    int64_t versions[COUNT], all[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        void *handle = kit_below(&kit->dice, 2) ? state.one : state.other;
        REQUIRE(put(&state, handle, "poller", sp_slice_of(i % 2 ? "a" : "b"), i ? versions[i - 1] : 0,
                    &versions[i]),
                "it is not swapped");
        REQUIRE(get(&state, handle, "poller").version == versions[i], "get() and put() differ");
    }
    memcpy(all, versions, sizeof all);
    qsort(all, COUNT, sizeof *all, by_number);
    for (size_t i = 1; i < COUNT; i++)
        REQUIRE(all[i] != all[i - 1], "version %lld came back", (long long)all[i]);
}

static void values_are_as_they_were(struct kit *kit)
{
    enum { BIG = 1024 * 1024 };
    char bytes[256], *big = sp_arena_alloc(kit->arena, BIG);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)kit_random(&kit->dice);
    const struct sp_slice values[] = {{bytes, sizeof bytes}, {"", 0},    {"\0", 1},   {"a\0b", 3},
                                      {"\xff\xfe", 2},       {big, BIG}, {"''\"", 3}, {NULL, 0}};
    struct state state = begin(kit);
    int64_t version = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        REQUIRE(put(&state, state.one, "value", values[i], version, &version), "value %zu is not written", i);
        require_record(&state, state.other, "value", values[i], version);
    }
}

static void names_are_apart(struct kit *kit)
{
    static const char *const names[] = {"poller",
                                        "Poller",
                                        "marks",
                                        "table",
                                        "a",
                                        "b",
                                        "upkeep.1",
                                        "a-b_c",
                                        "'; DROP TABLE x; --",
                                        "%",
                                        "0123456789012345678901234567890123456789012345678901234567890123"};
    enum { COUNT = sizeof names / sizeof *names };
    struct state state = begin(kit);
    int64_t versions[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        versions[i] = put_anew(&state, names[i], names[COUNT - 1 - i]);
    for (size_t i = 0; i < COUNT; i++)
        require_record(&state, state.other, names[i], sp_slice_of(names[COUNT - 1 - i]), versions[i]);
}

static void pipelines_are_apart(struct kit *kit)
{
    const char *name = kit_unique(kit);
    const char *other_name = sp_arena_printf(kit->arena, "K%s", name + 1);
    struct state state = begin_as(kit, name), other = begin_as(kit, other_name);
    int64_t version = put_anew(&state, "poller", "one");
    require_record(&other, other.one, "poller", (struct sp_slice){0}, 0);
    int64_t other_version = put_anew(&other, "poller", "other");
    require_record(&state, state.one, "poller", sp_slice_of("one"), version);
    require_record(&other, other.other, "poller", sp_slice_of("other"), other_version);
}

static void values_live_in_the_arena(struct kit *kit)
{
    struct state state = begin(kit);
    void *handle = kit_open(state.stage);
    int64_t version = put_anew(&state, "poller", "the value that was read first"), next;
    struct record record = get(&state, handle, "poller");
    REQUIRE(put(&state, handle, "poller", sp_slice_of("XXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"), version, &next),
            "it is not swapped");
    get(&state, handle, "poller");
    kit_close(state.stage, handle);
    REQUIRE(sp_slice_equal(record.value, sp_slice_of("the value that was read first")),
            "a value that was read is now '%s'", kit_shown(kit, record.value));
}

/* Counts up by compare and swap; `times` swaps that went well. */
static void count_up(struct state *state, void *handle, size_t times)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    while (times > 0) {
        struct sp_slice value;
        int64_t version, number = 0;
        bool swapped = false;
        WORKS(state->ops->get(handle, "count", arena, &value, &version, kit_soon(state->kit), &kit_error));
        if (value.size == sizeof number)
            memcpy(&number, value.data, sizeof number);
        number++;
        value = (struct sp_slice){(const char *)&number, sizeof number};
        WORKS(state->ops->put(handle, "count", value, version, &swapped, &version, kit_soon(state->kit),
                              &kit_error));
        times -= swapped;
    }
}

static void require_count(struct state *state, int64_t count)
{
    struct record record = get(state, state->one, "count");
    int64_t number = 0;
    if (record.value.size == sizeof number)
        memcpy(&number, record.value.data, sizeof number);
    REQUIRE(number == count, "%lld swaps went well, and the record counts %lld", (long long)count,
            (long long)number);
}

static void race_in_a_thread(const struct kit_thread *thread)
{
    struct state *state = thread->with;
    count_up(state, state->stage->handles[thread->number], 40);
}

static void threads_race(struct kit *kit)
{
    struct state state = begin(kit);
    kit_open(state.stage);
    kit_open(state.stage);
    kit_threads(4, race_in_a_thread, &state);
    require_count(&state, 160);
}

static void race_in_a_process(struct kit *kit, struct helper_side *side, void *pipeline)
{
    struct state state = begin_as(kit, pipeline);
    pipe_hear(side->from);
    count_up(&state, state.one, 40);
}

static void processes_race(struct kit *kit)
{
    kit_needs_durable(kit);
    char *pipeline = sp_arena_printf(kit->arena, "%s", kit_unique(kit));
    struct helper helpers[3];
    for (int i = 0; i < 3; i++)
        helpers[i] = helper_start(kit, race_in_a_process, pipeline);
    for (int i = 0; i < 3; i++)
        pipe_say(helpers[i].to, 1);
    struct state state = begin_as(kit, pipeline);
    count_up(&state, state.one, 40);
    for (int i = 0; i < 3; i++)
        helper_end(&helpers[i]);
    require_count(&state, 160);
}

static void count_until_killed(struct kit *kit, struct helper_side *side, void *pipeline)
{
    struct state state = begin_as(kit, pipeline);
    for (int64_t number = 1;; number++) {
        count_up(&state, state.one, 1);
        pipe_say(side->to, number);
    }
}

static void killed_while_writing(struct kit *kit)
{
    kit_needs_durable(kit);
    char *pipeline = sp_arena_printf(kit->arena, "%s", kit_unique(kit));
    int64_t least = 0, most = 0;
    for (int times = 0; times < 4; times++) {
        struct helper helper = helper_start(kit, count_until_killed, pipeline);
        int64_t said = pipe_hear(helper.from);
        kit_sleep((int64_t)kit_below(&kit->dice, 30) * SP_MILLISECOND);
        helper_kill(&helper);
        while (pipe_drain(helper.from, &said))
            ;
        least += said;
        most += said + 1;
    }
    struct state state = begin_as(kit, pipeline);
    struct record record = get(&state, state.one, "count");
    int64_t number = 0;
    if (record.value.size == sizeof number)
        memcpy(&number, record.value.data, sizeof number);
    REQUIRE(number >= least && number <= most, "%lld swaps were told before kill -9, the record counts %lld",
            (long long)least, (long long)number);
}

static void stages_have_their_own(struct kit *kit)
{
    kit_needs_apart(kit);
    const char *pipeline = kit_unique(kit);
    struct state state = begin_as(kit, pipeline);
    put_anew(&state, "poller", "one");
    struct kit_wish wish = {.place = KIT_APART, .pipeline = pipeline};
    struct state apart = {.kit = kit, .stage = kit_load(kit, &wish), .ops = state.ops};
    apart.one = kit_open(apart.stage);
    require_record(&apart, apart.one, "poller", (struct sp_slice){0}, 0);
}

static const struct check checks[] = {
    {"given a record that is not there, when it is read or swapped, then it has version 0 and stays away",
     nothing_is_there},
    {"given a new record, when it is made and swapped, then every handle sees it at once", made_and_swapped},
    {"given a record, when a wrong version is expected, then nothing changes and the right one is told",
     wrong_version_changes_nothing},
    {"given a record, when it is written 60 times, then no version comes twice", versions_are_unique},
    {"given values of all bytes, of none and of 1 MiB, when they are read, then they are as they were",
     values_are_as_they_were},
    {"given records of many names, when they are read, then each is itself", names_are_apart},
    {"given pipelines whose names differ in one letter's case, when both write, then they share nothing",
     pipelines_are_apart},
    {"given a value that was read, when the handle went on and was closed, then the value is still there",
     values_live_in_the_arena},
    {"given four threads that swap one record, when all are done, then no swap is lost", threads_race},
    {"given four processes that swap one record, when all are done, then no swap is lost", processes_race},
    {"given a process that writes, when it is killed (-9) four times, then what was told is there",
     killed_while_writing},
    {"given two stages with stores of their own, when both are used, then they share nothing",
     stages_have_their_own},
};

CHECK_LIST(state_checks, checks);
