/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "engine/framing.h"
#include "engine/lease.h"
#include "engine/letter.h"
#include "engine/rate.h"
#include "engine/retry.h"
#include "tap.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct retry_policy policy = {100 * SP_MILLISECOND, 10 * SP_SECOND, 60 * SP_SECOND};

static void pauses_grow_to_a_bound_and_are_jittered(void)
{
    struct sp_error err = {.class = SP_UNAVAILABLE};
    struct retry retry = {0};
    int64_t bound = policy.initial_ns;
    for (int i = 0; i < 40; i++) {
        struct retry low = retry;
        CU_ASSERT(retry_pause(&low, &policy, &err, 0) == 0);
        int64_t pause = retry_pause(&retry, &policy, &err, (uint64_t)bound);
        CU_ASSERT(pause == bound);
        bound = bound * 2 < policy.max_ns ? bound * 2 : policy.max_ns;
    }
}

static void retry_after_is_never_undercut(void)
{
    struct sp_error err = {.class = SP_THROTTLED, .retry_after_ns = 7 * SP_SECOND};
    for (uint64_t random = 0; random < 1000; random++) {
        struct retry retry = {0};
        CU_ASSERT(retry_pause(&retry, &policy, &err, random * 7919777) >= 7 * SP_SECOND);
    }
}

static void refused_waits_a_minute_growing_to_fifteen(void)
{
    struct sp_error err = {.class = SP_REFUSED};
    struct retry retry = {0};
    int64_t first = retry_pause(&retry, &policy, &err, 12345);
    CU_ASSERT(first >= 54 * SP_SECOND && first <= 60 * SP_SECOND);
    int64_t last = 0;
    for (int i = 0; i < 20; i++)
        last = retry_pause(&retry, &policy, &err, 12345);
    CU_ASSERT(last > 13 * 60 * SP_SECOND && last <= 15 * 60 * SP_SECOND);
}

static void contended_tries_again_soon(void)
{
    struct sp_error err = {.class = SP_CONTENDED};
    struct retry retry = {.failures = 100};
    CU_ASSERT(retry_pause(&retry, &policy, &err, UINT64_MAX) <= SP_SECOND / 2);
}

static void a_rate_spaces_calls_evenly(void)
{
    struct rate rate = {0};
    struct sp_rate limit = {10, SP_SECOND};
    int64_t now = 5 * SP_SECOND;
    CU_ASSERT(rate_take(&rate, &limit, now) == 0);
    CU_ASSERT(rate_take(&rate, &limit, now) == SP_SECOND / 10);
    CU_ASSERT(rate_take(&rate, &limit, now) == SP_SECOND / 5);
    /* What was not used is not saved up. */
    now += 60 * SP_SECOND;
    CU_ASSERT(rate_take(&rate, &limit, now) == 0);
    CU_ASSERT(rate_take(&rate, &limit, now) == SP_SECOND / 10);
    CU_ASSERT(rate_take(&rate, &(struct sp_rate){0, 0}, now) == 0);
}

static void packing_keeps_events_apart(void)
{
    /* Given events with raw line ends between their tokens, when they are packed */
    struct sp_arena *arena = arena_new(4096);
    struct sp_slice events[] = {sp_slice_of("{\"a\":\r\n 1}"), sp_slice_of("{\"b\":2}"),
                                sp_slice_of("{\"c\":3}"),
                                sp_slice_of("{\"long\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}")};
    struct framing_limits limits = {2, 30};
    struct sp_attribute format = {sp_slice_of(FRAMING_FORMAT), sp_slice_of(FRAMING_NDJSON)};
    size_t count;
    struct sp_message *messages = framing_pack(events, 4, &limits, &format, 1, arena, &count);
    /* then messages stay within both limits, but for an event that is larger by itself, */
    CU_ASSERT(count == 3);
    CU_ASSERT(messages[0].event_count == 2 && messages[1].event_count == 1 && messages[2].event_count == 1);
    CU_ASSERT(messages[2].body.size == events[3].size);
    CU_ASSERT(memcmp(messages[0].body.data, "{\"a\":   1}\n{\"b\":2}", 18) == 0);
    /* and reading gives the events again. */
    struct sp_received received = {.body = messages[0].body, .attributes = &format, .attribute_count = 1};
    struct framing_reader reader = framing_open(&received);
    struct sp_slice event;
    CU_ASSERT(framing_next(&reader, &event) && event.size == 10);
    CU_ASSERT(framing_next(&reader, &event) && sp_slice_equal(event, events[1]));
    CU_ASSERT(!framing_next(&reader, &event));
    arena_free(arena);
}

static size_t count_events(const char *body)
{
    struct sp_received received = {.body = sp_slice_of(body)};
    struct framing_reader reader = framing_open(&received);
    struct sp_slice event;
    size_t count = 0;
    while (framing_next(&reader, &event))
        count++;
    return count;
}

static void messages_of_others_are_read_too(void)
{
    CU_ASSERT(count_events("{\"a\":1}") == 1);
    CU_ASSERT(count_events("{\"a\":1}\n{\"a\":2}\n") == 2);
    CU_ASSERT(count_events("{\"a\":1}\r\n\r\n{\"a\":2}") == 2);
    /* Indented: the first line alone is no object. */
    CU_ASSERT(count_events("{\n  \"a\": 1\n}\n") == 1);
    CU_ASSERT(count_events("not json\nat all") == 1);
    CU_ASSERT(count_events("") == 0);
}

static struct holder someone(const char *boot, int64_t pid)
{
    struct holder holder;
    holder_self(&holder);
    if (boot)
        snprintf(holder.boot, sizeof holder.boot, "%s", boot);
    holder.pid = pid;
    return holder;
}

static void a_standby_waits_a_lease_of_its_own_time(void)
{
    /* Given a record held on another machine */
    struct holder self = someone(NULL, getpid());
    struct record record = {.held = true, .holder = someone("another boot", 1)};
    struct lease_watch watch = {0};
    int64_t lease = 10 * SP_SECOND, every = 2 * SP_SECOND, now = 100 * SP_SECOND;
    /* when its version stands still, it is taken over after a lease and not before; */
    for (int i = 0; i <= 4; i++, now += every) {
        lease_look(&watch, 7, now, now, every);
        CU_ASSERT(!lease_may_take(&watch, &record, &self, lease));
    }
    lease_look(&watch, 7, now, now, every);
    CU_ASSERT(lease_may_take(&watch, &record, &self, lease));
    /* a change starts the wait anew; */
    now += every;
    lease_look(&watch, 8, now, now, every);
    CU_ASSERT(!lease_may_take(&watch, &record, &self, lease));
    /* and time in which nobody looked does not count. */
    now += 3600 * SP_SECOND;
    lease_look(&watch, 8, now, now, every);
    CU_ASSERT(!lease_may_take(&watch, &record, &self, lease));
}

static void a_holder_stops_before_anybody_takes_over(void)
{
    int64_t lease = 10 * SP_SECOND;
    CU_ASSERT(!lease_lost(0, 5 * SP_SECOND, lease));
    CU_ASSERT(lease_lost(0, 5 * SP_SECOND + 1, lease));
}

static void who_is_gone_is_taken_over_at_once(void)
{
    struct holder self = someone(NULL, getpid());
    struct lease_watch watch = {0};
    struct record record = {.held = true};
    /* Given a process that has ended, */
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    record.holder = someone(NULL, child);
    CU_ASSERT(lease_may_take(&watch, &record, &self, SP_SECOND));
    /* one that lives, */
    record.holder = someone(NULL, getppid());
    CU_ASSERT(!lease_may_take(&watch, &record, &self, SP_SECOND));
    /* one of which nothing can be told, */
    record.holder = someone("another boot", child);
    CU_ASSERT(!lease_may_take(&watch, &record, &self, SP_SECOND));
    /* and nobody. */
    record.held = false;
    CU_ASSERT(lease_may_take(&watch, &record, &self, SP_SECOND));
}

static void the_record_survives_its_text(void)
{
    struct sp_arena *arena = arena_new(4096);
    struct sp_error err;
    struct record there = {.held = true,
                           .token = 42,
                           .nonce = 0xfedcba9876543210,
                           .moved = true,
                           .at = "83269",
                           .queue = "sqlite path=/\"q\".db"};
    holder_self(&there.holder);
    for (size_t size = 0; size < 9; size++) {
        there.cursor = (struct sp_slice){"\0\xff\x10 abc\n\"", size};
        struct record back;
        CU_ASSERT(record_parse(record_format(&there, arena), arena, &back, &err) == 0);
        CU_ASSERT(back.held && back.moved && back.token == 42 && back.nonce == there.nonce);
        CU_ASSERT(holder_is(&back.holder, &there.holder));
        CU_ASSERT_STRING_EQUAL(back.queue, there.queue);
        CU_ASSERT(sp_slice_equal(back.cursor, there.cursor));
        CU_ASSERT_STRING_EQUAL(back.at, "83269");
    }
    struct record none;
    CU_ASSERT(record_parse((struct sp_slice){NULL, 0}, arena, &none, &err) == 0 && !none.held);
    CU_ASSERT(record_parse(record_format(&none, arena), arena, &none, &err) == 0 && !none.moved);
    CU_ASSERT(record_parse(sp_slice_of("what?"), arena, &none, &err) == -1 && err.class == SP_REFUSED);
    arena_free(arena);
}

static void a_letter_is_its_pipeline_and_bytes(void)
{
    struct sp_letter one = {.pipeline = "ab", .event = sp_slice_of("c")}, other = one;
    letter_identify(&one);
    letter_identify(&other);
    CU_ASSERT(memcmp(one.id, other.id, sizeof one.id) == 0);
    other.pipeline = "a";
    other.event = sp_slice_of("bc");
    letter_identify(&other);
    CU_ASSERT(memcmp(one.id, other.id, sizeof one.id) != 0);
    CU_ASSERT_STRING_EQUAL(letter_classes[letter_class_index("value")], "value");
    CU_ASSERT_STRING_EQUAL(letter_classes[letter_class_index("never heard of")], "other");
}

int main(void)
{
    struct tap_test tests[] = {
        {"retry: pauses grow to a bound, jittered", pauses_grow_to_a_bound_and_are_jittered},
        {"retry: Retry-After is never undercut", retry_after_is_never_undercut},
        {"retry: refused waits a minute, growing to fifteen", refused_waits_a_minute_growing_to_fifteen},
        {"retry: contended tries again soon", contended_tries_again_soon},
        {"rate: calls are spaced evenly", a_rate_spaces_calls_evenly},
        {"framing: packing keeps events apart", packing_keeps_events_apart},
        {"framing: messages of other programs are read", messages_of_others_are_read_too},
        {"lease: a standby waits a lease of its own time", a_standby_waits_a_lease_of_its_own_time},
        {"lease: a holder stops before anybody takes over", a_holder_stops_before_anybody_takes_over},
        {"lease: who is gone is taken over at once", who_is_gone_is_taken_over_at_once},
        {"record: survives its text", the_record_survives_its_text},
        {"letter: is its pipeline and bytes", a_letter_is_its_pipeline_and_bytes},
    };
    return tap_run("engine", tests, sizeof tests / sizeof *tests);
}
