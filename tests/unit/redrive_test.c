/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * Redrive and purge over stages of the test's own that fail before and after the effect, at random, while
 * letters fail again: an event is never in neither place, and what was not seen is not removed.
 */

#include "base/arena.h"
#include "cmd/meter.h"
#include "engine/framing.h"
#include "engine/letter.h"
#include "ops/purge.h"
#include "ops/redrive.h"
#include "tap.h"

#include <scanpipe/envelope.h>
#include <stdio.h>
#include <stdlib.h>

enum { LETTERS = 120, BATCH_BYTES = 1000 };

/* Letter i has the event "{i}"; what is stored of it, and how often the queue has it. */
static struct {
    struct {
        int64_t version; /* 0: not stored */
        int64_t attempts;
        uint64_t queued;
    } letters[LETTERS];
    int64_t last_version;
    unsigned trouble;   /* per cent of the calls that fail */
    unsigned again;     /* per cent of what is queued that fails again at once */
    bool dies;          /* a failure is for good */
    bool never_rejects; /* otherwise the queue rejects letter 7 */
    bool neither;       /* an event was in neither place */
    bool wrong_message;
    bool too_much;      /* one send had more than batch_bytes */
    int64_t says_bytes; /* what the queue says of a message; 0: nothing */
    uint64_t sends, left, pauses, stop_at_pause;
} world;

static uint64_t dice;
static uint64_t roll(uint64_t sides)
{
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (dice >> 33) % sides;
}

static void look(void)
{
    for (size_t i = 0; i < LETTERS; i++)
        world.neither = world.neither || (world.letters[i].version == 0 && world.letters[i].queued == 0);
}

/* Whether the call fails; *after_out: it has its effect all the same. */
static bool fails(bool *after_out, struct sp_error *err)
{
    *after_out = roll(2);
    if (roll(100) >= world.trouble)
        return false;
    sp_fail(err, world.dies ? SP_REFUSED : *after_out ? SP_UNCERTAIN : SP_UNAVAILABLE, "trouble");
    return true;
}

static struct sp_letter make_letter(size_t number, struct sp_arena *arena)
{
    char *text = sp_arena_printf(arena, "{%zu}", number);
    struct sp_letter letter = {.event = sp_slice_of(text),
                               .pipeline = "test",
                               .class = number % 3 ? "value" : "malformed",
                               .cursor = number % 2 ? "17" : NULL,
                               .version = world.letters[number].version,
                               .attempts = world.letters[number].attempts,
                               .first_wall_ms = 1000,
                               .last_wall_ms = 2000};
    letter_identify(&letter);
    return letter;
}

static int letters_of_store(void *handle, const struct sp_letter_filter *filter, struct sp_slice after,
                            size_t max, struct sp_arena *arena, const struct sp_letter **letters_out,
                            size_t *count_out, struct sp_slice *next_out, int64_t deadline,
                            struct sp_error *err)
{
    bool late;
    (void)handle, (void)deadline;
    if (fails(&late, err))
        return -1;
    size_t at = 0, count = 0;
    if (after.size)
        memcpy(&at, after.data, sizeof at);
    struct sp_letter *letters = sp_arena_alloc(arena, (max + 1) * sizeof *letters);
    for (; at < LETTERS && count < max; at++) {
        struct sp_letter letter = make_letter(at, arena);
        if (letter.version && (!filter->class || strcmp(filter->class, letter.class) == 0))
            letters[count++] = letter;
    }
    *next_out = at < LETTERS ? sp_arena_copy(arena, (struct sp_slice){(char *)&at, sizeof at})
                             : (struct sp_slice){NULL, 0};
    *letters_out = letters;
    *count_out = count;
    return 0;
}

static int remove_from_store(void *handle, const struct sp_letter_ref *refs, size_t count,
                             uint64_t *removed_out, int64_t deadline, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    bool late, failed = fails(&late, err);
    (void)handle, (void)deadline;
    uint64_t removed = 0;
    for (size_t i = 0; i < count && (!failed || late); i++)
        for (size_t number = 0; number < LETTERS; number++) {
            struct sp_letter letter = make_letter(number, arena);
            if (memcmp(letter.id, refs[i].id, sizeof letter.id) == 0 && letter.version == refs[i].version) {
                world.letters[number].version = 0;
                removed++;
            }
        }
    look();
    if (failed)
        return -1;
    *removed_out = removed;
    return 0;
}

/* What is sent is an envelope of a letter that is there, and may fail again at once. */
static void take_message(const struct sp_message *message)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct sp_received received = {.body = message->body,
                                   .attributes = message->attributes,
                                   .attribute_count = message->attribute_count};
    struct framing_reader reader = framing_open(&received);
    struct sp_slice event;
    const struct framing_history *history;
    if (!framing_next_event(&reader, arena, &event, &history) || !history || history->wrong ||
        history->first_wall_ms != 1000 || message->event_count != 1) {
        world.wrong_message = true;
        return;
    }
    size_t number = strtoul(event.data + 1, NULL, 10);
    struct sp_slice cursor = framing_attribute(&received, FRAMING_CURSOR);
    world.wrong_message = world.wrong_message || (cursor.data != NULL) != (number % 2 == 1);
    if (roll(100) >= world.again) {
        world.letters[number].queued++;
        return;
    }
    world.letters[number].version = ++world.last_version;
    world.letters[number].attempts = history->attempts + 1;
}

static int send_to_queue(void *handle, const struct sp_message *messages, size_t count,
                         struct sp_result *results, int64_t deadline, struct sp_error *err)
{
    bool late, failed = fails(&late, err);
    (void)handle, (void)deadline;
    world.sends++;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += messages[i].body.size;
    world.too_much = world.too_much || (count > 1 && bytes > BATCH_BYTES);
    for (size_t i = 0; i < count && (!failed || late); i++) {
        if (!world.never_rejects && memmem(messages[i].body.data, messages[i].body.size, "\"{7}\"", 5))
            results[i] = (struct sp_result){SP_REJECTED, SP_NO_COLUMN, "not this one"};
        else if (roll(100) < world.trouble)
            results[i] = (struct sp_result){SP_THROTTLED, SP_NO_COLUMN, "not now"};
        else
            take_message(&messages[i]);
    }
    look();
    return failed ? -1 : 0;
}

static int limits_of_queue(void *handle, struct sp_queue_limits *limits, int64_t deadline,
                           struct sp_error *err)
{
    bool late;
    (void)handle, (void)deadline;
    if (fails(&late, err))
        return -1;
    limits->message_bytes = world.says_bytes;
    return 0;
}

static int take_config(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)config, (void)stage, (void)err;
    *loaded = &world;
    return 0;
}

static int take_loaded(void *loaded, void **handle, struct sp_error *err)
{
    (void)err;
    *handle = loaded;
    return 0;
}

static void do_nothing(void *any)
{
    (void)any;
}

#define LIFECYCLE .load = take_config, .unload = do_nothing, .open = take_loaded, .close = do_nothing

static const struct sp_letters_ops letters_ops = {.scan = letters_of_store, .remove = remove_from_store};
static const struct sp_queue_ops queue_ops = {.send = send_to_queue, .limits = limits_of_queue};
static const struct plugin letters_plugin = {
    .about = {.kind = SP_LETTERS, LIFECYCLE, .letters = &letters_ops}};
static const struct plugin queue_plugin = {.about = {.kind = SP_QUEUE, LIFECYCLE, .queue = &queue_ops},
                                           .capabilities = {.flags = SP_DURABLE,
                                                            .batch_messages = 10,
                                                            .batch_bytes = BATCH_BYTES}};

static struct pipeline pipeline;

static void world_begin(unsigned trouble, unsigned again)
{
    const struct stage_options options = {.timeout_ns = 60 * SP_SECOND,
                                          .retry.initial_ns = 1000,
                                          .retry.max_ns = 1000,
                                          .retry.refused_ns = 1000};
    memset(&world, 0, sizeof world);
    world.trouble = trouble;
    world.again = again;
    for (size_t i = 0; i < LETTERS; i++) {
        world.letters[i].version = ++world.last_version;
        world.letters[i].attempts = 1;
    }
    pipeline = (struct pipeline){.name = "test", .max_event_bytes = 1000};
    pipeline.letters = (struct stage){.name = "dead_letters", .plugin = &letters_plugin, .options = options};
    pipeline.queue = (struct stage){.name = "queue", .plugin = &queue_plugin, .options = options};
}

static bool pause_not(void *context, int64_t ns)
{
    (void)context, (void)ns;
    return ++world.pauses != world.stop_at_pause;
}

static void note_left(void *context, const struct sp_letter *letter, const struct sp_error *why)
{
    (void)context, (void)letter;
    world.left += why->text[0] != '\0';
}

static void note_progress(void *context, const struct redrive_report *report)
{
    (void)context, (void)report;
}

static int redrive(struct letters_query query, bool dry_run, struct redrive_report *report,
                   struct sp_error *err)
{
    struct redrive redrive = {.query = query,
                              .dry_run = dry_run,
                              .pause = pause_not,
                              .tell_left = note_left,
                              .tell_progress = note_progress};
    return redrive_run(&pipeline, &redrive, report, err);
}

static size_t stored(void)
{
    size_t count = 0;
    for (size_t i = 0; i < LETTERS; i++)
        count += world.letters[i].version != 0;
    return count;
}

static void each_letter_goes_back_once(void)
{
    struct redrive_report report;
    struct sp_error err = {0};
    world_begin(0, 0);
    CU_ASSERT(redrive((struct letters_query){0}, true, &report, &err) == 0);
    CU_ASSERT(world.sends == 0 && stored() == LETTERS && report.sent == LETTERS);
    CU_ASSERT(redrive((struct letters_query){0}, false, &report, &err) == 0);
    CU_ASSERT_EQUAL(stored(), 1); /* the one that the queue rejects */
    CU_ASSERT_EQUAL(report.selected, LETTERS);
    CU_ASSERT_EQUAL(report.sent, LETTERS - 1);
    CU_ASSERT_EQUAL(report.removed, LETTERS - 1);
    CU_ASSERT_EQUAL(report.left, 1);
    CU_ASSERT_EQUAL(world.left, 1);
    for (size_t i = 0; i < LETTERS; i++)
        CU_ASSERT_EQUAL(world.letters[i].queued, i == 7 ? 0 : 1);
    CU_ASSERT(!world.wrong_message && !world.too_much);
}

/* How large letter i is as a message. */
static size_t message_size(size_t number)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct sp_letter letter = make_letter(number, arena);
    return sp_envelope_format(&letter, arena).size;
}

static void what_the_queue_itself_cannot_hold_is_left(void)
{
    struct redrive_report report;
    struct sp_error err = {0};
    world_begin(0, 0);
    world.never_rejects = true;
    world.says_bytes = (int64_t)message_size(50);
    uint64_t larger = 0;
    for (size_t i = 0; i < LETTERS; i++)
        larger += (int64_t)message_size(i) > world.says_bytes;
    CU_ASSERT(larger > 0 && larger < LETTERS);
    CU_ASSERT(redrive((struct letters_query){0}, false, &report, &err) == 0);
    CU_ASSERT_EQUAL(report.left, larger);
    CU_ASSERT_EQUAL(world.left, larger);
    CU_ASSERT_EQUAL(stored(), larger);
    CU_ASSERT_EQUAL(report.sent, LETTERS - larger);
}

static void filters_limits_and_stops(void)
{
    struct redrive_report report;
    struct sp_error err = {0};
    struct id_prefix ids[2];
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    struct letters_query query = {.filter.class = "malformed", .limit = 5};
    world_begin(0, 0);
    CU_ASSERT(redrive(query, false, &report, &err) == 0);
    CU_ASSERT_EQUAL(report.sent, 5);
    CU_ASSERT_EQUAL(stored(), LETTERS - 5);
    world_begin(0, 0);
    for (size_t i = 0; i < 2; i++) {
        char text[80] = "";
        struct sp_letter letter = make_letter(50 + i, arena);
        for (size_t k = 0; k < 16 + i; k++)
            snprintf(text + k, 2, "%x", letter.id[k / 2] >> (k % 2 ? 0 : 4) & 15);
        CU_ASSERT(id_prefix_parse(text, &ids[i]));
    }
    query = (struct letters_query){.ids = ids, .id_count = 2};
    CU_ASSERT(redrive(query, false, &report, &err) == 0);
    CU_ASSERT_EQUAL(report.sent, 2);
    CU_ASSERT(world.letters[50].queued == 1 && world.letters[51].queued == 1 && stored() == LETTERS - 2);
    CU_ASSERT(!id_prefix_parse("", &ids[0]) && !id_prefix_parse("12g", &ids[0]));
    world_begin(0, 0);
    world.stop_at_pause = 3;
    CU_ASSERT(redrive((struct letters_query){0}, false, &report, &err) == 0);
    CU_ASSERT(report.stopped && report.sent < LETTERS && report.sent == report.removed);
    CU_ASSERT_EQUAL(stored(), LETTERS - report.removed);
}

static void trouble_and_death_lose_nothing(void)
{
    struct redrive_report report;
    for (int run = 0; run < 300; run++) {
        struct sp_error err = {0};
        bool done = false;
        world_begin((unsigned)roll(40), (unsigned)roll(60));
        world.never_rejects = true;
        /* It is run until it has an end; a death is in the midst of anything. */
        for (int tries = 0; tries < 200 && !done; tries++) {
            world.dies = roll(3) == 0;
            done = redrive((struct letters_query){0}, false, &report, &err) == 0;
            CU_ASSERT(report.removed <= report.sent);
        }
        CU_ASSERT(done);
        CU_ASSERT(!world.neither && !world.wrong_message);
        for (size_t i = 0; i < LETTERS; i++)
            CU_ASSERT(world.letters[i].version == 0 || world.letters[i].attempts > 1);
    }
}

static bool always(void *context, uint64_t done)
{
    (void)context, (void)done;
    return true;
}

static void purge_removes_what_it_saw(void)
{
    struct purge purge = {.pipeline = &pipeline};
    struct sp_error err = {0};
    uint64_t removed;
    world_begin(0, 0);
    world.letters[3].version = 0;
    world.letters[3].queued = 1;
    CU_ASSERT(purge_look(&purge, &(struct letters_query){.filter.class = "malformed"}, &err) == 0);
    CU_ASSERT_EQUAL(purge.count, LETTERS / 3 - 1);
    CU_ASSERT(purge.class_count == 1 && purge.classes[0].count == LETTERS / 3 - 1);
    /* One fails again, and one is new, while a person thinks. */
    world.letters[6].version = ++world.last_version;
    world.letters[3].version = ++world.last_version;
    CU_ASSERT(purge_remove(&purge, always, NULL, &removed, &err) == 0);
    CU_ASSERT_EQUAL(removed, LETTERS / 3 - 2);
    CU_ASSERT(world.letters[6].version != 0 && world.letters[3].version != 0 &&
              world.letters[0].version == 0);
    CU_ASSERT_EQUAL(stored(), LETTERS - removed);
    purge_close(&purge);
}

static void a_queue_that_ends_with_its_process_is_refused(void)
{
    struct plugin memory = queue_plugin;
    struct redrive_report report;
    struct sp_error err = {0};
    world_begin(0, 0);
    memory.capabilities.flags = 0;
    memory.about.name = "memory";
    pipeline.queue.plugin = &memory;
    CU_ASSERT(redrive((struct letters_query){0}, false, &report, &err) == -1);
    CU_ASSERT(err.class == SP_REFUSED && stored() == LETTERS && world.sends == 0);
}

static void the_meter_fits_its_line(void)
{
    struct buffer out = {0};
    struct meter meter = {.done_word = "redriven", .total = 200, .begun = 0};
    meter_line(&out, &meter, 50, 10 * SP_SECOND, 100);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out),
                           "redriven 50 of 200  [######------------------]  25 %  5/s  30s left");
    buffer_clear(&out);
    meter_line(&out, &meter, 50, 10 * SP_SECOND, 20);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out), "redriven 50 of 200 ");
    buffer_clear(&out);
    meter.total = 1000000000; /* that would be 100,000 years */
    meter_line(&out, &meter, 1, 3600 * SP_SECOND, 100);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out),
                           "redriven 1 of 1000000000  [------------------------]   0 %  0/s");
    buffer_clear(&out);
    meter.total = 0;
    meter_line(&out, &meter, 50, 0, 100);
    CU_ASSERT_STRING_EQUAL(buffer_text(&out), "redriven 50  0/s");
    buffer_fini(&out);
}

int main(void)
{
    const char *seed = getenv("SCANPIPE_TEST_SEED");
    dice = seed ? strtoull(seed, NULL, 10) : sp_random() % 1000000;
    printf("# seed %llu (SCANPIPE_TEST_SEED repeats it)\n", (unsigned long long)dice);
    struct tap_test tests[] = {
        {"each letter goes back once", each_letter_goes_back_once},
        {"what the queue itself cannot hold is left", what_the_queue_itself_cannot_hold_is_left},
        {"filters, limits and stops", filters_limits_and_stops},
        {"trouble and death lose nothing", trouble_and_death_lose_nothing},
        {"purge removes what it saw", purge_removes_what_it_saw},
        {"a queue that ends with its process is refused", a_queue_that_ends_with_its_process_is_refused},
        {"the meter fits its line", the_meter_fits_its_line},
    };
    return tap_run("redrive", tests, sizeof tests / sizeof *tests);
}
