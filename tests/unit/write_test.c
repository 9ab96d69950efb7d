/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * Isolating what a sink rejects, with a sink and a store of dead letters of the test's own.
 */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "config/diag.h"
#include "engine/deliver.h"
#include "seat.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_EVENTS = 2000, MAX_PARCELS = 400 };

/* What the sink does, and what came of it. */
static struct {
    bool poison[MAX_EVENTS]; /* by event id */
    bool names_culprits;
    bool written[MAX_EVENTS];
    size_t writes;
    int64_t dead[MAX_EVENTS];
    size_t dead_count;
    char reason[64];
    int contended;          /* so many writes lose a race first */
    bool unknown;           /* each fails in a way that nobody knows */
    unsigned fickle;        /* so many of a hundred do, by chance */
    bool shuns[MAX_EVENTS]; /* a write with this event does */
    size_t well;            /* so many writes are answered, then each fails so; 0: all are */
} world;

static bool row_is_poison(const struct sp_batch *batch, size_t row)
{
    return world.poison[batch->values[row * batch->table->column_count + 1].number];
}

static int sink_write(void *handle, const struct sp_batch *batch, struct sp_result *results,
                      struct sp_written *written, int64_t deadline, struct sp_error *err)
{
    bool any = false;
    (void)handle;
    (void)deadline;
    if (world.contended-- > 0)
        return sp_fail(err, SP_CONTENDED, "lost a race");
    if (rand() % 100 < (int)world.fickle)
        return sp_fail(err, SP_UNKNOWN, "code 4712");
    for (size_t row = 0; row < batch->row_count; row++)
        if (world.shuns[batch->values[row * batch->table->column_count + 1].number])
            return sp_fail(err, SP_UNKNOWN, "code 4713");
    if (world.unknown || (world.well > 0 && world.writes >= world.well))
        return sp_fail(err, SP_UNKNOWN, "code 4711");
    world.writes++;
    for (size_t row = 0; row < batch->row_count; row++)
        if (row_is_poison(batch, row)) {
            any = true;
            if (world.names_culprits)
                results[row] = (struct sp_result){SP_REJECTED, 1, "named"};
        }
    if (any)
        return sp_fail(err, SP_REJECTED, "one of these");
    for (size_t row = 0; row < batch->row_count; row++)
        world.written[batch->values[row * batch->table->column_count + 1].number] = true;
    written->rows_touched = batch->row_count;
    return 0;
}

static int letters_put(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
                       int64_t deadline, struct sp_error *err)
{
    (void)handle;
    (void)deadline;
    (void)results;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        if (world.dead_count < MAX_EVENTS)
            world.dead[world.dead_count] = strtoll(letters[i].event_id, NULL, 10);
        world.dead_count++;
        snprintf(world.reason, sizeof world.reason, "%s/%s", letters[i].reason,
                 letters[i].column ? letters[i].column : "-");
    }
    return 0;
}

static const struct plugin sink_plugin = {.about = {.kind = SP_SINK, .name = "test", .ops = &sink_plugin.ops},
                                          .ops.sink = {.write = sink_write}};
static const struct plugin letters_plugin = {.about = {.kind = SP_LETTERS,
                                                       .name = "test",
                                                       .ops = &letters_plugin.ops},
                                             .ops.letters = {.put = letters_put}};

/* LatestEventId of a row is its newest event: a row is poison where that event is. */
static const char table_text[] = "name: T\norder: /Id\ncolumns:\n"
                                 "  Parcel: {from: /Parcel, type: bigint, key: true}\n"
                                 "  Id: {from: /Id, type: bigint}\n";

struct scene {
    struct sp_arena *arena;
    struct pipeline pipeline;
    struct work work;
    struct deliver deliver;
    struct worker worker;
    struct sp_received message;
    struct sp_attribute format;
};

static void scene_open(struct scene *scene)
{
    memset(&world, 0, sizeof world);
    memset(scene, 0, sizeof *scene);
    scene->arena = arena_new(65536);
    struct diag *diag = diag_new("table", sp_slice_of(table_text));
    struct yaml_node *node = yaml_parse(sp_slice_of(table_text), diag, scene->arena);
    scene->pipeline.name = "test";
    scene->pipeline.table = table_compile(node, 7, diag, scene->arena);
    CU_ASSERT(diag_errors(diag) == 0);
    diag_free(diag);
    scene->work.pipeline = &scene->pipeline;
    stop_init(&scene->work.stop);
    deliver_init(&scene->deliver, &scene->work);
    worker_init(&scene->worker, &scene->deliver);
    seat_for(&scene->work.stop, &scene->worker.sink, &scene->work.sink, &scene->pipeline.sink, &sink_plugin);
    seat_for(&scene->work.stop, &scene->worker.letters, &scene->work.letters, &scene->pipeline.letters,
             &letters_plugin);
    scene->format = (struct sp_attribute){sp_slice_of(FRAMING_FORMAT), sp_slice_of(FRAMING_NDJSON)};
    scene->message = (struct sp_received){.attributes = &scene->format, .attribute_count = 1};
}

static void scene_close(struct scene *scene)
{
    worker_fini(&scene->worker);
    deliver_fini(&scene->deliver);
    stop_fini(&scene->work.stop);
    arena_free(scene->arena);
}

/* One message with the events 0 to count-1 in a random order, of so many parcels. */
static void fill(struct scene *scene, size_t count, size_t parcels)
{
    SP_AUTO(buffer_fini) struct buffer body = {0};
    size_t *ids = sp_arena_alloc(scene->arena, count * sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = i;
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)(rand() % (int)i), kept = ids[i - 1];
        ids[i - 1] = ids[other];
        ids[other] = kept;
    }
    for (size_t i = 0; i < count; i++)
        buffer_printf(&body, "{\"Id\":%zu,\"Parcel\":%zu}\n", ids[i], ids[i] % parcels);
    scene->message.body = (struct sp_slice){body.data, body.size};
    batch_clear(scene->worker.fresh);
    batch_add(scene->worker.fresh, &scene->message, true);
}

static bool write_all(struct scene *scene)
{
    return write_batch(&scene->worker, scene->worker.fresh) == WRITE_DONE;
}

/* Exactly the poison ones are dead, and each row without one is written. */
static void expect_only_poison_dead(size_t count, size_t parcels)
{
    size_t poison = 0;
    for (size_t id = 0; id < count; id++) {
        poison += world.poison[id];
        bool newest = id + parcels >= count;
        if (newest && !world.poison[id])
            CU_ASSERT(world.written[id]);
    }
    CU_ASSERT_EQUAL(world.dead_count, poison);
    for (size_t i = 0; i < world.dead_count; i++)
        CU_ASSERT(world.poison[world.dead[i]]);
}

static void an_unnamed_culprit_is_bisected(void)
{
    /* Given a batch of 1024 rows with three events that the sink rejects without naming them */
    struct scene scene;
    scene_open(&scene);
    fill(&scene, 1024, 1024);
    world.poison[3] = world.poison[500] = world.poison[1023] = true;
    /* when it is written, */
    CU_ASSERT(write_all(&scene));
    /* then those three die, alone, at about 2k*log2(n) writes. */
    expect_only_poison_dead(1024, 1024);
    CU_ASSERT(world.writes <= 2 * 3 * 10 + 1);
    CU_ASSERT_STRING_EQUAL(world.reason, "one of these/-");
    scene_close(&scene);
}

static void a_named_culprit_is_believed(void)
{
    struct scene scene;
    scene_open(&scene);
    fill(&scene, 1000, 1000);
    world.names_culprits = true;
    world.poison[3] = world.poison[500] = true;
    CU_ASSERT(write_all(&scene));
    expect_only_poison_dead(1000, 1000);
    CU_ASSERT_EQUAL(world.writes, 4); /* all, the others, and each culprit alone */
    CU_ASSERT_STRING_EQUAL(world.reason, "named/Id");
    scene_close(&scene);
}

static void a_rejected_row_is_written_event_by_event(void)
{
    /* Given one parcel whose newest event is poison, when its row is rejected */
    struct scene scene;
    scene_open(&scene);
    fill(&scene, 40, 4);
    world.poison[37] = true; /* the newest of parcel 1 */
    CU_ASSERT(write_all(&scene));
    /* then that event alone dies, and the parcel's others are written one after another. */
    expect_only_poison_dead(40, 4);
    for (size_t id = 1; id < 37; id += 4)
        CU_ASSERT(world.written[id]);
    scene_close(&scene);
}

/* SCANPIPE_SEED repeats a run. */
static void begin_chance(void)
{
    const char *given = getenv("SCANPIPE_SEED");
    unsigned seed = given ? (unsigned)atoi(given) : (unsigned)sp_random();
    printf("# SCANPIPE_SEED=%u\n", seed);
    srand(seed);
}

static void random_poison_dies_alone(void)
{
    begin_chance();
    for (int round = 0; round < 100; round++) {
        struct scene scene;
        scene_open(&scene);
        size_t count = 1 + (size_t)(rand() % (MAX_EVENTS - 1));
        fill(&scene, count, count);
        world.names_culprits = rand() % 2;
        for (int i = rand() % 20; i > 0; i--)
            world.poison[rand() % (int)count] = true;
        CU_ASSERT(write_all(&scene));
        expect_only_poison_dead(count, count);
        scene_close(&scene);
    }
}

static void a_lost_race_is_no_fault(void)
{
    struct scene scene;
    scene_open(&scene);
    fill(&scene, 10, 10);
    world.contended = 5;
    CU_ASSERT(write_all(&scene));
    expect_only_poison_dead(10, 10);
    CU_ASSERT_EQUAL(world.writes, 1);
    scene_close(&scene);
}

static int64_t fast_now;

static int64_t fast_clock(void)
{
    return fast_now += SP_SECOND;
}

static int64_t no_wall(void)
{
    return 1514764800000;
}

static uint64_t no_chance(void)
{
    return 0;
}

static void races_lost_for_long_are_told(void)
{
    /* Given a sink that is locked by somebody for many seconds, when it is written to, then that is told as
     * trouble. */
    static const struct clock_source fast = {fast_clock, no_wall, no_chance};
    struct scene scene;
    scene_open(&scene);
    fill(&scene, 10, 10);
    clock_replace(&fast);
    world.contended = 1;
    CU_ASSERT(write_all(&scene));
    CU_ASSERT(scene.work.sink.told_at == 0);
    fill(&scene, 10, 10); /* what is written is not written again */
    world.contended = 20;
    CU_ASSERT(write_all(&scene));
    CU_ASSERT(scene.work.sink.told_at != 0);
    CU_ASSERT(scene.work.sink.troubled == 0);
    clock_replace(NULL);
    scene_close(&scene);
}

static void a_stop_ends_the_wait(void)
{
    /* Given a sink that always loses, when the stop is asked for, then the batch is given up, unsettled. */
    struct scene scene;
    scene_open(&scene);
    fill(&scene, 10, 10);
    world.contended = 1000000000;
    stop_ask(&scene.work.stop);
    CU_ASSERT(!write_all(&scene));
    CU_ASSERT_EQUAL(world.dead_count, 0);
    scene_close(&scene);
}

static void what_was_buried_is_not_buried_again(void)
{
    /* Given a sink that rejects all events but one, and while it is found which begins to fail in a way that
     * nobody knows, */
    enum { COUNT = 64 };
    struct scene scene;
    scene_open(&scene);
    fill(&scene, COUNT, COUNT);
    for (size_t id = 1; id < COUNT; id++)
        world.poison[id] = true;
    world.well = 30;
    struct batch *batch = scene.worker.fresh;
    CU_ASSERT(write_batch(&scene.worker, batch) == WRITE_ASIDE);
    size_t dead = world.dead_count;
    CU_ASSERT(dead > 0 && dead < COUNT - 1);
    /* when the batch is tried again and again, then what is a dead letter is put no second time, */
    batch->was_aside = true;
    for (int i = 0; i < 20; i++)
        CU_ASSERT(write_batch(&scene.worker, batch) == WRITE_ASIDE);
    CU_ASSERT_EQUAL(world.dead_count, dead);
    /* and when the sink is well again, each is one once. */
    world.well = 0;
    CU_ASSERT(write_batch(&scene.worker, batch) == WRITE_DONE);
    expect_only_poison_dead(COUNT, COUNT);
    scene_close(&scene);
}

static void a_batch_that_is_aside_is_judged_once(void)
{
    /* Given a batch of which half the events are no row of the table, and a sink that fails in a way that
     * nobody knows, */
    SP_AUTO(buffer_fini) struct buffer body = {0};
    struct scene scene;
    scene_open(&scene);
    struct batch *batch = scene.worker.fresh;
    for (int i = 0; i < 200; i++)
        buffer_printf(&body, i % 2 ? "{\"Id\":%d}\n" : "{\"Id\":%d,\"Parcel\":1}\n", i);
    scene.message.body = (struct sp_slice){body.data, body.size};
    verdicts_init(&scene.deliver.verdicts, 1000, 50);
    batch_add(batch, &scene.message, true);
    world.unknown = true;
    CU_ASSERT(write_batch(&scene.worker, batch) == WRITE_ASIDE);
    size_t held = sp_arena_footprint(batch->arena) + sp_arena_footprint(batch->scratch);
    /* when it is tried again and again, for as long as that lasts, */
    for (int i = 0; i < 500; i++) {
        scene.worker.sink.crew->breaker = (struct breaker){0};
        scene.worker.sink.caller = (struct caller){0};
        CU_ASSERT(write_batch(&scene.worker, batch) == WRITE_ASIDE);
    }
    /* then its rejects are stored and counted once, so that nothing stops for them, and memory is flat; */
    CU_ASSERT_EQUAL(world.dead_count, 100);
    CU_ASSERT_EQUAL(scene.work.counters.letters[letter_class_index("value")], 100);
    CU_ASSERT(!scene.deliver.stopped);
    CU_ASSERT(sp_arena_footprint(batch->arena) + sp_arena_footprint(batch->scratch) <= 2 * held);
    /* and when it has ended, the others are written. */
    world.unknown = false;
    CU_ASSERT(write_batch(&scene.worker, batch) == WRITE_DONE);
    CU_ASSERT(world.written[198]);
    CU_ASSERT_EQUAL(world.dead_count, 100);
    scene_close(&scene);
}

/* As a worker does with what comes aside; it ends, since pauses are not waited for. */
static void write_until_done(struct scene *scene, struct batch *batch)
{
    enum outcome outcome = WRITE_ASIDE;
    for (int tries = 0; outcome == WRITE_ASIDE && tries < 100000; tries++) {
        scene->worker.sink.crew->breaker = (struct breaker){0};
        scene->worker.sink.caller = (struct caller){0};
        outcome = write_batch(&scene->worker, batch);
        batch->was_aside = true;
        batch->unknown_at = sp_clock_now();
    }
    CU_ASSERT(outcome == WRITE_DONE);
}

static void nothing_is_done_that_has_not_ended(void)
{
    /* Given a sink that fails by chance in a way that nobody knows, and always so with two of the events, */
    enum { COUNT = 20, ROUNDS = 60 };
    begin_chance();
    for (int round = 0; round < ROUNDS; round++) {
        struct scene scene;
        scene_open(&scene);
        fill(&scene, COUNT, COUNT);
        world.fickle = 30;
        world.shuns[3] = world.shuns[11] = true;
        /* when the batch counts as done, */
        write_until_done(&scene, scene.worker.fresh);
        /* then these are dead letters, and whatever is none is written. */
        CU_ASSERT(!world.written[3] && !world.written[11]);
        CU_ASSERT(world.dead_count >= 2);
        for (size_t id = 0; id < COUNT; id++) {
            bool dead = false;
            for (size_t i = 0; i < world.dead_count && i < MAX_EVENTS; i++)
                dead = dead || world.dead[i] == (int64_t)id;
            CU_ASSERT(world.written[id] != dead);
        }
        scene_close(&scene);
    }
}

int main(void)
{
    struct tap_test tests[] = {
        {"an unnamed culprit is bisected", an_unnamed_culprit_is_bisected},
        {"a named culprit is believed", a_named_culprit_is_believed},
        {"a rejected row is written again event by event", a_rejected_row_is_written_event_by_event},
        {"random poison dies alone", random_poison_dies_alone},
        {"a lost race is no fault", a_lost_race_is_no_fault},
        {"races lost for long are told", races_lost_for_long_are_told},
        {"a stop ends the wait", a_stop_ends_the_wait},
        {"what was buried is not buried again", what_was_buried_is_not_buried_again},
        {"nothing is done that has not ended", nothing_is_done_that_has_not_ended},
        {"a batch that is aside is judged once", a_batch_that_is_aside_is_judged_once},
    };
    return tap_run("write", tests, sizeof tests / sizeof *tests);
}
