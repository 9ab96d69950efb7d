/* SPDX-License-Identifier: Apache-2.0 */
/* From pages to messages: how large these may be, as file, plugin and the queue itself say, with a source, a
 * queue and a store of the test's own, and the threads of the engine. */
#include <config.h>

#include "base/arena.h"
#include "engine/ingest.h"
#include "seat.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

enum { EVENTS = 400, KIB = 1024, MIB = 1 << 20, LARGE = 7 };

/* What queue and store were handed. */
static struct {
    int asked, refusals; /* for the queue's limits, and how often that fails */
    int64_t says_bytes;  /* what it says of a message; 0: nothing */
    size_t holds_bytes;  /* it rejects what is larger, and says so from the second time on; 0: nothing */
    size_t rejected;     /* messages */
    bool two_pages;      /* two, not one */
    bool read_before_it_is_known;
    size_t messages, largest;
    uint64_t events;
    _Atomic size_t letters;
    size_t letter_bytes;
    char class[16], reason[128];
} world;

static int source_read(void *handle, struct sp_slice cursor, struct sp_slice until, struct sp_arena *arena,
                       struct sp_page *page, int64_t deadline, struct sp_error *err)
{
    struct sp_slice *events = sp_arena_alloc(arena, EVENTS * sizeof *events);
    (void)handle, (void)until, (void)deadline, (void)err;
    world.read_before_it_is_known |= world.asked <= world.refusals;
    if (!sp_slice_equal(cursor, sp_slice_of("end"))) {
        for (int i = 0; i < EVENTS; i++)
            events[i] = sp_slice_of(
                sp_arena_printf(arena, "{\"Id\":%d,\"Text\":\"%0*d\"}", i, i == LARGE ? 3 * KIB : 60, i));
        page->events = events;
        page->event_count = EVENTS;
    }
    page->cursor = sp_slice_of(world.two_pages && cursor.size == 0 ? "more" : "end");
    page->caught_up = true;
    page->wait_ns = SP_SECOND;
    return 0;
}

static int source_text_of(void *handle, struct sp_slice cursor, struct sp_arena *arena, const char **out,
                          struct sp_error *err)
{
    (void)handle, (void)err;
    *out = sp_arena_text(arena, cursor.data, cursor.size);
    return 0;
}

static int queue_send(void *handle, const struct sp_message *messages, size_t count,
                      struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)deadline, (void)err;
    for (size_t i = 0; i < count; i++) {
        if (world.holds_bytes && messages[i].body.size > world.holds_bytes) {
            results[i] = (struct sp_result){SP_REJECTED, SP_NO_COLUMN, "it is too large"};
            world.rejected++;
            continue;
        }
        world.events += messages[i].event_count;
        world.largest = messages[i].body.size > world.largest ? messages[i].body.size : world.largest;
        world.messages++;
    }
    return 0;
}

static int queue_limits(void *handle, struct sp_queue_limits *limits, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)deadline;
    if (world.asked++ < world.refusals)
        return sp_fail(err, SP_UNAVAILABLE, "the queue is away");
    limits->message_bytes =
        world.holds_bytes && world.asked > 1 ? (int64_t)world.holds_bytes : world.says_bytes;
    return 0;
}

static int letters_put(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
                       int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)results, (void)deadline, (void)err;
    world.letter_bytes = letters[count - 1].event.size;
    snprintf(world.class, sizeof world.class, "%s", letters[count - 1].class);
    snprintf(world.reason, sizeof world.reason, "%s", letters[count - 1].reason);
    world.letters += count;
    return 0;
}

static const struct plugin source_plugin = {.about = {.kind = SP_SOURCE,
                                                      .name = "test",
                                                      .ops = &source_plugin.ops},
                                            .ops.source = {.read = source_read, .text_of = source_text_of}};
static const struct plugin queue_plugin = {.about = {.kind = SP_QUEUE,
                                                     .name = "test",
                                                     .ops = &queue_plugin.ops},
                                           .capabilities = {.message_bytes = MIB, .batch_messages = 10},
                                           .ops.queue = {.send = queue_send, .limits = queue_limits}};
static const struct plugin silent_plugin = {.about = {.kind = SP_QUEUE,
                                                      .name = "test",
                                                      .ops = &silent_plugin.ops},
                                            .capabilities = {.message_bytes = MIB, .batch_messages = 10},
                                            .ops.queue = {.send = queue_send}};
static const struct plugin letters_plugin = {.about = {.kind = SP_LETTERS,
                                                       .name = "test",
                                                       .ops = &letters_plugin.ops},
                                             .ops.letters = {.put = letters_put}};

struct scene {
    struct pipeline pipeline;
    struct work work;
    struct ingest ingest;
    struct reader reader;
    struct sender sender;
};

static void scene_open(struct scene *scene, const struct plugin *queue)
{
    memset(&world, 0, sizeof world);
    memset(scene, 0, sizeof *scene);
    scene->pipeline.name = "test";
    scene->pipeline.max_event_bytes = MIB;
    scene->pipeline.source_options.read_ahead_bytes = 8 * MIB;
    scene->pipeline.queue_options.pack_events = 1000;
    scene->pipeline.queue_options.pack_bytes = 64 * KIB;
    scene->work.pipeline = &scene->pipeline;
    stop_init(&scene->work.stop);
    ingest_init(&scene->ingest, &scene->work);
    scene->reader.ingest = scene->sender.ingest = &scene->ingest;
    seat_for(&scene->work.stop, &scene->reader.source, &scene->work.source, &scene->pipeline.source,
             &source_plugin);
    seat_for(&scene->work.stop, &scene->sender.queue, &scene->work.queue, &scene->pipeline.queue, queue);
    seat_for(&scene->work.stop, &scene->sender.letters, &scene->work.letters, &scene->pipeline.letters,
             &letters_plugin);
}

/* Reads and sends until all there is is durable, or for half a minute. */
static void run(struct scene *scene)
{
    pthread_t reader, sender;
    struct sp_slice cursor = {NULL, 0};
    int64_t until = sp_clock_now() + 30 * SP_SECOND;
    ingest_begin_term(&scene->ingest, (struct sp_slice){"", 0});
    pthread_create(&reader, NULL, reader_run, &scene->reader);
    pthread_create(&sender, NULL, sender_run, &scene->sender);
    while (!sp_slice_equal(cursor, sp_slice_of("end")) && sp_clock_now() < until) {
        struct sp_slice before = cursor;
        if (ingest_take_progress(&scene->ingest, &cursor))
            free((char *)before.data);
        else
            ingest_await_progress(&scene->ingest, SP_SECOND);
    }
    CU_ASSERT(sp_slice_equal(cursor, sp_slice_of("end")));
    stop_ask(&scene->work.stop);
    pthread_join(reader, NULL);
    pthread_join(sender, NULL);
    free((char *)cursor.data);
}

static void scene_close(struct scene *scene)
{
    ingest_fini(&scene->ingest);
    stop_fini(&scene->work.stop);
}

static void the_queues_own_limit_holds(void)
{
    /* Given a queue that itself takes 2 KiB, where its kind takes 1 MiB and the file says 64 KiB, */
    struct scene scene;
    scene_open(&scene, &queue_plugin);
    world.says_bytes = 2 * KIB;
    world.refusals = 2;
    /* when a page is read and sent, */
    run(&scene);
    /* then nothing was read before that was known, no message is larger, and they are full; */
    CU_ASSERT(!world.read_before_it_is_known);
    CU_ASSERT_EQUAL(world.asked, 3);
    CU_ASSERT_EQUAL(world.events, EVENTS - 1);
    CU_ASSERT(world.largest <= 2 * KIB && world.largest > 2 * KIB - 100);
    CU_ASSERT(world.messages < EVENTS / 20);
    /* and the event that fits no message is a dead letter. */
    CU_ASSERT_EQUAL(world.letters, 1);
    CU_ASSERT(world.letter_bytes > 3 * KIB);
    CU_ASSERT_STRING_EQUAL(world.class, "too_large");
    scene_close(&scene);
}

static void a_queue_that_holds_less_by_now_is_asked_again(void)
{
    /* Given a queue that said 1 MiB and holds 2 KiB by now, and a second page that is read behind the first,
     */
    struct scene scene;
    scene_open(&scene, &queue_plugin);
    world.says_bytes = MIB;
    world.holds_bytes = 2 * KIB;
    world.two_pages = true;
    scene.pipeline.source_options.read_ahead_bytes = 1;
    /* when both are sent, */
    run(&scene);
    /* then the first one's message goes apart, and the second page is packed as the queue says by then: */
    CU_ASSERT_EQUAL(world.asked, 2);
    CU_ASSERT_EQUAL(world.rejected, 2); /* the message, and the event that fits none */
    CU_ASSERT(world.messages < EVENTS + EVENTS / 20);
    /* nothing is lost. */
    CU_ASSERT_EQUAL(world.events, 2 * (EVENTS - 1));
    CU_ASSERT_EQUAL(world.letters, 2);
    CU_ASSERT_STRING_EQUAL(world.class, "too_large");
    scene_close(&scene);
}

static void the_files_limit_holds_where_it_is_smaller(void)
{
    struct scene scene;
    scene_open(&scene, &queue_plugin);
    world.says_bytes = 256 * KIB;
    scene.pipeline.queue_options.pack_bytes = 4 * KIB;
    run(&scene);
    CU_ASSERT_EQUAL(world.events, EVENTS);
    CU_ASSERT(world.largest <= 4 * KIB && world.largest > 3 * KIB);
    CU_ASSERT_EQUAL(world.letters, 0);
    scene_close(&scene);
}

static void a_queue_that_says_nothing_is_as_its_kind(void)
{
    struct scene scene;
    scene_open(&scene, &silent_plugin);
    run(&scene);
    CU_ASSERT_EQUAL(world.events, EVENTS);
    CU_ASSERT(world.largest > 30 * KIB);
    scene_close(&scene);
}

static void the_smallest_limit_counts(void)
{
    static const struct {
        int64_t event, pack, can, says;
        size_t event_bytes, message_bytes;
    } cases[] = {
        {MIB, 64 * KIB, MIB, 0, MIB, 64 * KIB},
        {MIB, 64 * KIB, MIB, 2 * KIB, 2 * KIB, 2 * KIB},
        {MIB, 64 * KIB, 4 * KIB, 8 * KIB, 4 * KIB, 4 * KIB},
        {KIB, 64 * KIB, MIB, 128 * KIB, KIB, 64 * KIB},
        {MIB, 64 * KIB, 0, 0, MIB, 64 * KIB},
        {4 * MIB, 2 * MIB, MIB, 0, MIB, MIB},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plugin plugin = {.capabilities = {.message_bytes = cases[i].can}};
        struct pipeline pipeline = {.max_event_bytes = cases[i].event};
        struct sp_queue_limits said = {.message_bytes = cases[i].says};
        pipeline.queue.plugin = &plugin;
        pipeline.queue_options.pack_bytes = cases[i].pack;
        struct pack_limits limits = pack_limits_of(&pipeline, cases[i].says ? &said : NULL);
        CU_ASSERT_EQUAL(limits.event_bytes, cases[i].event_bytes);
        CU_ASSERT_EQUAL(limits.message_bytes, cases[i].message_bytes);
    }
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"packing: the queue's own limit holds, once it is known", the_queues_own_limit_holds},
        {"packing: a queue that holds less by now is asked again",
         a_queue_that_holds_less_by_now_is_asked_again},
        {"packing: the file's limit holds where it is smaller", the_files_limit_holds_where_it_is_smaller},
        {"packing: a queue that says nothing is as its kind", a_queue_that_says_nothing_is_as_its_kind},
        {"packing: the smallest limit counts", the_smallest_limit_counts},
    };
    return tap_run("ingest", tests, sizeof tests / sizeof *tests);
}
