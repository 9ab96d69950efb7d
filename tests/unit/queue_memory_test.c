/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/clock.h"
#include "plugin_stage.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>

static struct plugin_stage stage;
static struct sp_arena *arena;
static struct sp_error err;

/* Time stands still unless a test moves it; waiting needs the real clock. */
static int64_t now = 1000 * SP_SECOND;

static int64_t still_now(void)
{
    return now;
}

static int64_t still_wall_ms(void)
{
    return now / 1000000;
}

static uint64_t no_random(void)
{
    return 4;
}

static const struct clock_source still = {still_now, still_wall_ms, no_random};

static void start(enum sp_kind kind, const char *max_size)
{
    const char *options[] = {"max_size", max_size, NULL}, *none[] = {NULL};
    plugin_stage_load(&stage, kind, max_size ? options : none, NULL);
    arena = arena_new(4096);
}

static void stop(void)
{
    plugin_stage_unload(&stage);
    arena_free(arena);
    clock_replace(NULL);
}

static enum sp_class send_text(void *handle, const char *text)
{
    static const struct sp_attribute format = {{"scanpipe-format", 15}, {"ndjson", 6}};
    struct sp_message message = {.body = sp_slice_of(text), .attributes = &format, .attribute_count = 1};
    struct sp_result result;
    if (stage.plugin->queue->send(handle, &message, 1, &result, plugin_stage_later(), &err) != 0)
        return err.class;
    return result.class;
}

static const struct sp_received *receive(void *handle, size_t max, int64_t lease_ns, int64_t wait_ns,
                                         size_t *count)
{
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = max,
                              .max_bytes = 1 << 20,
                              .lease_ns = lease_ns,
                              .wait_ns = wait_ns};
    const struct sp_received *received = NULL;
    *count = 0;
    CU_ASSERT_EQUAL(stage.plugin->queue->receive(handle, &want, arena, &received, count, plugin_stage_later(),
                                                 &err),
                    0);
    return received;
}

static void settle(void *handle, struct sp_slice receipt, bool done)
{
    struct sp_settle entry = {receipt, done};
    struct sp_result result;
    CU_ASSERT_EQUAL(stage.plugin->queue->settle(handle, &entry, 1, &result, plugin_stage_later(), &err), 0);
    CU_ASSERT_EQUAL(result.class, SP_OK);
}

static enum sp_class extend(void *handle, struct sp_slice receipt, int64_t lease_ns)
{
    struct sp_result result;
    CU_ASSERT_EQUAL(stage.plugin->queue->extend(handle, &receipt, 1, lease_ns, &result, plugin_stage_later(),
                                                &err),
                    0);
    return result.class;
}

static struct sp_depth depth(void *handle)
{
    struct sp_depth depth = {.size = sizeof depth};
    CU_ASSERT_EQUAL(stage.plugin->queue->depth(handle, &depth, plugin_stage_later(), &err), 0);
    return depth;
}

static void a_message_comes_back_whole(void)
{
    clock_replace(&still);
    start(SP_QUEUE, "1048576");
    void *sender = plugin_stage_open(&stage), *receiver = plugin_stage_open(&stage);

    CU_ASSERT_EQUAL(send_text(sender, "{\"a\":1}\n"), SP_OK);
    size_t count;
    const struct sp_received *got = receive(receiver, 10, 5 * SP_SECOND, 0, &count);

    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT(sp_slice_equal(got->body, sp_slice_of("{\"a\":1}\n")));
    CU_ASSERT_EQUAL(got->attribute_count, 1);
    CU_ASSERT(sp_slice_equal(got->attributes[0].name, sp_slice_of("scanpipe-format")));
    CU_ASSERT(sp_slice_equal(got->attributes[0].value, sp_slice_of("ndjson")));
    CU_ASSERT_EQUAL(got->lease_end, now + 5 * SP_SECOND);
    CU_ASSERT_EQUAL(got->sent_wall_ms, still_wall_ms());
    CU_ASSERT_FALSE(got->received_before);
    struct sp_depth while_leased = depth(sender);
    CU_ASSERT_EQUAL(while_leased.visible, 0);
    CU_ASSERT_EQUAL(while_leased.leased, 1);
    CU_ASSERT_EQUAL(while_leased.oldest_wall_ms, still_wall_ms());

    /* A receipt is valid on every handle of the stage. */
    settle(sender, got->receipt, true);
    CU_ASSERT_EQUAL(depth(sender).leased, 0);
    CU_ASSERT_EQUAL(depth(sender).oldest_wall_ms, 0);
    stage.plugin->close(sender);
    stage.plugin->close(receiver);
    stop();
}

static void a_lease_hides_until_it_ends(void)
{
    clock_replace(&still);
    start(SP_QUEUE, "1048576");
    void *handle = plugin_stage_open(&stage);
    send_text(handle, "a");
    size_t count;
    const struct sp_received *first = receive(handle, 1, 5 * SP_SECOND, 0, &count);

    now += 5 * SP_SECOND - 1;
    receive(handle, 1, SP_SECOND, 0, &count);
    CU_ASSERT_EQUAL(count, 0);

    now += 1;
    const struct sp_received *second = receive(handle, 1, 5 * SP_SECOND, 0, &count);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT(second->received_before);

    /* The first holder has lost it: it can neither extend nor settle nor release it. */
    CU_ASSERT_EQUAL(extend(handle, first->receipt, SP_SECOND), SP_CONTENDED);
    settle(handle, first->receipt, false);
    settle(handle, first->receipt, true);
    CU_ASSERT_EQUAL(depth(handle).leased, 1);

    /* A lease that ended can still be settled while nobody else has the message. */
    now += 6 * SP_SECOND;
    CU_ASSERT_EQUAL(extend(handle, second->receipt, SP_SECOND), SP_CONTENDED);
    CU_ASSERT_EQUAL(depth(handle).visible, 1);
    settle(handle, second->receipt, true);
    CU_ASSERT_EQUAL(depth(handle).visible, 0);
    settle(handle, second->receipt, true);
    settle(handle, sp_slice_of("nonsense of another size"), true);
    stage.plugin->close(handle);
    stop();
}

static void extending_and_releasing(void)
{
    clock_replace(&still);
    start(SP_QUEUE, "1048576");
    void *handle = plugin_stage_open(&stage);
    send_text(handle, "a");
    send_text(handle, "b");
    size_t count;
    const struct sp_received *both = receive(handle, 2, 5 * SP_SECOND, 0, &count);
    CU_ASSERT_EQUAL(count, 2);

    CU_ASSERT_EQUAL(extend(handle, both[0].receipt, 20 * SP_SECOND), SP_OK);
    now += 10 * SP_SECOND;
    CU_ASSERT_EQUAL(depth(handle).leased, 1);
    CU_ASSERT_EQUAL(depth(handle).visible, 1);
    CU_ASSERT_EQUAL(extend(handle, both[0].receipt, SP_SECOND), SP_OK);
    settle(handle, both[0].receipt, false);
    CU_ASSERT_EQUAL(depth(handle).visible, 2);
    /* A release by who holds nothing any more is nothing. */
    settle(handle, both[1].receipt, false);
    CU_ASSERT_EQUAL(depth(handle).visible, 2);
    const struct sp_received *again = receive(handle, 2, 5 * SP_SECOND, 0, &count);
    CU_ASSERT(count == 2 && again[0].received_before && again[1].received_before);
    stage.plugin->close(handle);
    stop();
}

static void receive_keeps_to_the_bytes_asked_for(void)
{
    clock_replace(&still);
    start(SP_QUEUE, "1048576");
    void *handle = plugin_stage_open(&stage);
    for (size_t i = 0; i < 5; i++)
        send_text(handle, "0123456789");
    struct sp_receive want = {.size = sizeof want, .max_messages = 5, .max_bytes = 25, .lease_ns = SP_SECOND};
    const struct sp_received *received;
    size_t count;
    CU_ASSERT_EQUAL(stage.plugin->queue->receive(handle, &want, arena, &received, &count, now, &err), 0);
    CU_ASSERT_EQUAL(count, 2);
    want.max_bytes = 1;
    CU_ASSERT_EQUAL(stage.plugin->queue->receive(handle, &want, arena, &received, &count, now, &err), 0);
    CU_ASSERT_EQUAL(count, 1);
    stage.plugin->close(handle);
    stop();
}

static void a_full_queue_holds_senders_back(void)
{
    start(SP_QUEUE, "65536");
    void *handle = plugin_stage_open(&stage);
    static char large[40000], too_large[70000];
    memset(large, 'x', sizeof large - 1);
    memset(too_large, 'x', sizeof too_large - 1);

    CU_ASSERT_EQUAL(send_text(handle, too_large), SP_REJECTED);
    CU_ASSERT_EQUAL(send_text(handle, large), SP_OK);
    int64_t before = sp_clock_now();
    CU_ASSERT_EQUAL(send_text(handle, large), SP_UNAVAILABLE);
    CU_ASSERT(sp_clock_now() - before >= SP_SECOND / 2);

    size_t count;
    const struct sp_received *got = receive(handle, 1, SP_SECOND, 0, &count);
    settle(handle, got->receipt, true);
    CU_ASSERT_EQUAL(send_text(handle, large), SP_OK);
    stage.plugin->close(handle);
    stop();
}

static void a_part_of_a_batch_may_fit(void)
{
    start(SP_QUEUE, "65536");
    void *handle = plugin_stage_open(&stage);
    static char large[40000];
    struct sp_message messages[] = {{.body = {large, sizeof large}}, {.body = {large, sizeof large}}};
    struct sp_result results[2];
    CU_ASSERT_EQUAL(stage.plugin->queue->send(handle, messages, 2, results, sp_clock_now(), &err), 0);
    CU_ASSERT_EQUAL(results[0].class, SP_OK);
    CU_ASSERT_EQUAL(results[1].class, SP_UNAVAILABLE);
    stage.plugin->close(handle);
    stop();
}

struct other {
    pthread_t thread;
    void *handle;
    int64_t took_ns;
    size_t count;
    int status;
    enum sp_class class;
    atomic_bool ended;
    struct sp_arena *arena;
};

/* Waits in receive for as long as ten seconds. */
static void *wait_elsewhere(void *argument)
{
    struct other *other = argument;
    struct sp_error error = {0};
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = 1,
                              .max_bytes = 100,
                              .lease_ns = 60 * SP_SECOND,
                              .wait_ns = 10 * SP_SECOND};
    const struct sp_received *received;
    int64_t before = sp_clock_now();
    other->arena = arena_new(4096);
    other->status = stage.plugin->queue->receive(other->handle, &want, other->arena, &received, &other->count,
                                                 before + 20 * SP_SECOND, &error);
    other->took_ns = sp_clock_now() - before;
    other->class = error.class;
    atomic_store(&other->ended, true);
    return NULL;
}

static struct other *wait_in_thread(void)
{
    struct other *other = calloc(1, sizeof *other);
    other->handle = plugin_stage_open(&stage);
    pthread_create(&other->thread, NULL, wait_elsewhere, other);
    return other;
}

static void other_free(struct other *other)
{
    pthread_join(other->thread, NULL);
    stage.plugin->close(other->handle);
    arena_free(other->arena);
    free(other);
}

static void pause_ms(int64_t ms)
{
    struct timespec pause = {.tv_nsec = ms * 1000000};
    nanosleep(&pause, NULL);
}

static void a_waiting_receiver_is_woken_by_a_message(void)
{
    start(SP_QUEUE, "1048576");
    void *handle = plugin_stage_open(&stage);
    struct other *other = wait_in_thread();
    pause_ms(50);
    send_text(handle, "a");
    pthread_join(other->thread, NULL);
    CU_ASSERT_EQUAL(other->status, 0);
    CU_ASSERT_EQUAL(other->count, 1);
    CU_ASSERT(other->took_ns < 5 * SP_SECOND);
    stage.plugin->close(other->handle);
    arena_free(other->arena);
    free(other);
    stage.plugin->close(handle);
    stop();
}

static void a_waiting_receiver_sees_a_lease_end(void)
{
    start(SP_QUEUE, "1048576");
    void *handle = plugin_stage_open(&stage);
    struct other *other = wait_in_thread();
    pause_ms(50);
    /* Sent and received at once by another: the one that waits may or may not be faster. */
    size_t count;
    send_text(handle, "a");
    receive(handle, 1, SP_SECOND / 5, 0, &count);
    for (int i = 0; i < 400 && !atomic_load(&other->ended); i++)
        pause_ms(10);
    CU_ASSERT(atomic_load(&other->ended));
    CU_ASSERT_EQUAL(other->count, 1);
    stage.plugin->interrupt(other->handle);
    other_free(other);
    stage.plugin->close(handle);
    stop();
}

static void interrupt_ends_a_wait_and_only_that(void)
{
    start(SP_QUEUE, "1048576");
    struct other *other = wait_in_thread();
    for (int i = 0; i < 400 && !atomic_load(&other->ended); i++) {
        pause_ms(10);
        stage.plugin->interrupt(other->handle);
    }
    CU_ASSERT(atomic_load(&other->ended));
    CU_ASSERT_EQUAL(other->status, -1);
    CU_ASSERT_EQUAL(other->class, SP_STOPPED);

    /* An interrupt between two calls is forgotten. */
    stage.plugin->interrupt(other->handle);
    size_t count;
    receive(other->handle, 1, SP_SECOND, SP_MILLISECOND, &count);
    CU_ASSERT_EQUAL(count, 0);
    other_free(other);
    stop();
}

enum { RACED_MESSAGES = 2000, RACERS = 4 };
static atomic_int raced;

static void *race(void *handle)
{
    struct sp_arena *own = arena_new(4096);
    struct sp_error error;
    struct sp_receive want = {.size = sizeof want,
                              .max_messages = 7,
                              .max_bytes = 1000,
                              .lease_ns = 60 * SP_SECOND,
                              .wait_ns = SP_SECOND / 10};
    const struct sp_received *got;
    size_t count = 1;
    while (count > 0) {
        if (stage.plugin->queue->receive(handle, &want, own, &got, &count, plugin_stage_later(), &error))
            break;
        for (size_t i = 0; i < count; i++) {
            struct sp_settle entry = {got[i].receipt, got[i].received_before || i % 2 == 0};
            struct sp_result result;
            stage.plugin->queue->settle(handle, &entry, 1, &result, plugin_stage_later(), &error);
            atomic_fetch_add(&raced, entry.done);
        }
        arena_reset(own, 4096);
    }
    arena_free(own);
    return NULL;
}

static void each_message_is_settled_once_by_many_threads(void)
{
    start(SP_QUEUE, "65536");
    pthread_t threads[RACERS];
    void *handles[RACERS], *sender = plugin_stage_open(&stage);
    for (size_t i = 0; i < RACERS; i++) {
        handles[i] = plugin_stage_open(&stage);
        pthread_create(&threads[i], NULL, race, handles[i]);
    }
    size_t sent = 0;
    for (size_t i = 0; i < RACED_MESSAGES; i++)
        sent += send_text(sender, "message") == SP_OK;
    for (size_t i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
        stage.plugin->close(handles[i]);
    }
    CU_ASSERT_EQUAL(sent, RACED_MESSAGES);
    CU_ASSERT_EQUAL(atomic_load(&raced), RACED_MESSAGES);
    CU_ASSERT_EQUAL(depth(sender).visible + depth(sender).leased, 0);
    stage.plugin->close(sender);
    stop();
}

static bool put_state(void *handle, const char *name, const char *value, int64_t expected, int64_t *version)
{
    bool swapped = false;
    CU_ASSERT_EQUAL(stage.plugin->state->put(handle, name, sp_slice_of(value), expected, &swapped, version,
                                             plugin_stage_later(), &err),
                    0);
    return swapped;
}

static void state_compares_and_swaps(void)
{
    start(SP_STATE, NULL);
    void *one = plugin_stage_open(&stage), *other = plugin_stage_open(&stage);
    struct sp_slice value;
    int64_t none, first, second, other_record;
    CU_ASSERT_EQUAL(stage.plugin->state->get(one, "poller", arena, &value, &none, plugin_stage_later(), &err),
                    0);
    CU_ASSERT_EQUAL(none, 0);
    CU_ASSERT_EQUAL(value.size, 0);

    CU_ASSERT_TRUE(put_state(one, "poller", "A", 0, &first));
    CU_ASSERT(first > 0);
    CU_ASSERT_FALSE(put_state(other, "poller", "B", 0, &second));
    CU_ASSERT_TRUE(put_state(other, "poller", "B", first, &second));
    CU_ASSERT(second > first);
    CU_ASSERT_FALSE(put_state(one, "poller", "C", first, &first));
    CU_ASSERT_TRUE(put_state(one, "marks", "", 0, &other_record));

    CU_ASSERT_EQUAL(stage.plugin->state->get(one, "poller", arena, &value, &first, 0, &err), 0);
    CU_ASSERT_EQUAL(first, second);
    CU_ASSERT(sp_slice_equal(value, sp_slice_of("B")));
    stage.plugin->close(one);
    stage.plugin->close(other);
    stop();
}

static struct sp_letter letter(unsigned char id, const char *class, int64_t wall_ms)
{
    struct sp_letter letter = {.event = sp_slice_of("{bad"),
                               .pipeline = "parcels",
                               .stage = "table",
                               .class = class,
                               .reason = "is no JSON",
                               .cursor = "17",
                               .attempts = 1,
                               .first_wall_ms = wall_ms,
                               .last_wall_ms = wall_ms};
    letter.id[0] = id;
    letter.id[1] = (unsigned char)(id * 7);
    return letter;
}

static void put_letter(void *handle, struct sp_letter letter)
{
    struct sp_result result;
    CU_ASSERT_EQUAL(stage.plugin->letters->put(handle, &letter, 1, &result, plugin_stage_later(), &err), 0);
    CU_ASSERT_EQUAL(result.class, SP_OK);
}

static size_t scan_letters(void *handle, const struct sp_letter_filter *filter, size_t max,
                           struct sp_slice *place, const struct sp_letter **letters)
{
    size_t count = 0;
    CU_ASSERT_EQUAL(stage.plugin->letters->scan(handle, filter, *place, max, arena, letters, &count, place,
                                                plugin_stage_later(), &err),
                    0);
    return count;
}

static void letters_are_kept_once_and_found_page_by_page(void)
{
    start(SP_LETTERS, "1048576");
    void *handle = plugin_stage_open(&stage);
    struct sp_letter_filter all = {.size = sizeof all, .pipeline = "parcels"};
    for (unsigned i = 0; i < 10; i++)
        put_letter(handle, letter((unsigned char)(200 - i * 20), i % 2 ? "value" : "malformed", 100 + i));
    put_letter(handle, letter(200, "rejected", 500));

    const struct sp_letter *found;
    struct sp_slice place = {0};
    CU_ASSERT_EQUAL(scan_letters(handle, &all, 7, &place, &found), 7);
    CU_ASSERT(place.size > 0);
    CU_ASSERT_EQUAL(scan_letters(handle, &all, 7, &place, &found), 3);
    CU_ASSERT_EQUAL(place.size, 0);
    const struct sp_letter *last = &found[2];
    CU_ASSERT_EQUAL(last->id[0], 200);
    CU_ASSERT_EQUAL(last->attempts, 2);
    CU_ASSERT_EQUAL(last->first_wall_ms, 100);
    CU_ASSERT_EQUAL(last->last_wall_ms, 500);
    CU_ASSERT_EQUAL(last->version, 11);
    CU_ASSERT_STRING_EQUAL(last->class, "rejected");
    CU_ASSERT_STRING_EQUAL(last->cursor, "17");
    CU_ASSERT_PTR_NULL(last->column);
    CU_ASSERT(sp_slice_equal(last->event, sp_slice_of("{bad")));

    struct sp_letter_filter some = {.size = sizeof some,
                                    .pipeline = "parcels",
                                    .class = "value",
                                    .from_wall_ms = 103,
                                    .until_wall_ms = 107};
    CU_ASSERT_EQUAL(scan_letters(handle, &some, 100, &place, &found), 2);
    struct sp_letter_filter other = {.size = sizeof other, .pipeline = "other"};
    CU_ASSERT_EQUAL(scan_letters(handle, &other, 100, &place, &found), 0);
    stage.plugin->close(handle);
    stop();
}

static void a_letter_that_comes_again_keeps_its_history_once(void)
{
    start(SP_LETTERS, "1048576");
    void *handle = plugin_stage_open(&stage);
    struct sp_letter_filter all = {.size = sizeof all, .pipeline = "parcels"};
    const struct sp_letter *found;
    struct sp_slice place = {0};
    struct sp_letter one = letter(1, "value", 100);
    one.place = "/var/spool/large";
    put_letter(handle, one);
    /* what was redriven knows how often it failed, and when it did first: */
    one.attempts = 2;
    one.first_wall_ms = 40;
    put_letter(handle, one);
    CU_ASSERT_EQUAL(scan_letters(handle, &all, 7, &place, &found), 1);
    CU_ASSERT_EQUAL(found->attempts, 2);
    CU_ASSERT_EQUAL(found->first_wall_ms, 40);
    CU_ASSERT_STRING_EQUAL(found->place, "/var/spool/large");
    /* more than the store, or less. */
    one.attempts = 1;
    one.first_wall_ms = 90;
    one.place = NULL;
    put_letter(handle, one);
    CU_ASSERT_EQUAL(scan_letters(handle, &all, 7, &place, &found), 1);
    CU_ASSERT_EQUAL(found->attempts, 3);
    CU_ASSERT_EQUAL(found->first_wall_ms, 40);
    CU_ASSERT_PTR_NULL(found->place);
    stage.plugin->close(handle);
    stop();
}

static void a_letter_with_a_newer_version_is_not_removed(void)
{
    start(SP_LETTERS, "1048576");
    void *handle = plugin_stage_open(&stage);
    put_letter(handle, letter(1, "value", 1));
    put_letter(handle, letter(2, "value", 1));
    put_letter(handle, letter(2, "value", 2));
    struct sp_letter_ref refs[] = {{.version = 1}, {.version = 2}, {.version = 1}};
    struct sp_letter one = letter(1, "", 0), two = letter(2, "", 0);
    memcpy(refs[0].id, one.id, sizeof one.id);
    memcpy(refs[1].id, two.id, sizeof two.id);
    uint64_t removed;
    CU_ASSERT_EQUAL(stage.plugin->letters->remove(handle, refs, 3, &removed, plugin_stage_later(), &err), 0);
    CU_ASSERT_EQUAL(removed, 1);
    stage.plugin->close(handle);
    stop();
}

static void a_full_store_of_letters_says_so(void)
{
    start(SP_LETTERS, "65536");
    void *handle = plugin_stage_open(&stage);
    static char large[40000];
    struct sp_letter one = letter(1, "value", 1), two = letter(2, "value", 1);
    one.event = two.event = (struct sp_slice){large, sizeof large};
    put_letter(handle, one);
    put_letter(handle, one);
    struct sp_result result;
    CU_ASSERT_EQUAL(stage.plugin->letters->put(handle, &two, 1, &result, plugin_stage_later(), &err), -1);
    CU_ASSERT_EQUAL(err.class, SP_UNAVAILABLE);
    stage.plugin->close(handle);
    stop();
}

int main(void)
{
    const struct tap_test tests[] = {
        {"a message comes back whole", a_message_comes_back_whole},
        {"a lease hides until it ends", a_lease_hides_until_it_ends},
        {"extending and releasing", extending_and_releasing},
        {"receive keeps to the bytes asked for", receive_keeps_to_the_bytes_asked_for},
        {"a full queue holds senders back", a_full_queue_holds_senders_back},
        {"a part of a batch may fit", a_part_of_a_batch_may_fit},
        {"a waiting receiver is woken by a message", a_waiting_receiver_is_woken_by_a_message},
        {"a waiting receiver sees a lease end", a_waiting_receiver_sees_a_lease_end},
        {"interrupt ends a wait and only that", interrupt_ends_a_wait_and_only_that},
        {"each message is settled once by many threads", each_message_is_settled_once_by_many_threads},
        {"state compares and swaps", state_compares_and_swaps},
        {"letters are kept once and found page by page", letters_are_kept_once_and_found_page_by_page},
        {"a letter that comes again keeps its history once",
         a_letter_that_comes_again_keeps_its_history_once},
        {"a letter with a newer version is not removed", a_letter_with_a_newer_version_is_not_removed},
        {"a full store of letters says so", a_full_store_of_letters_says_so},
    };
    return tap_run("queue_memory", tests, sizeof tests / sizeof *tests);
}
