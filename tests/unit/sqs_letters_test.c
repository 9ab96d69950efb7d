/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters in SQS, what is pure of them: copies of one letter, bare messages, ages; and what is held. */
#include <config.h>

#include "tap.h"

#include <queue_sqs/bare.h>
#include <queue_sqs/held.h>
#include <scanpipe/host.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t put_ms = 1795403777294;

static struct history fold(const struct copy *copies, size_t count)
{
    struct history history = {0};
    for (size_t i = 0; i < count; i++)
        copies_fold(&history, &copies[i]);
    return history;
}

static void test_attempts(void)
{
    static const struct {
        int64_t put, then;
    } steps[] = {{1, 1}, {1, 2}, {1, 3}, {7, 7}, {2, 8}, {9, 9}, {9, 10}};
    struct history history = {0};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        copies_fold(&history, &(struct copy){put_ms + (int64_t)i, 0, steps[i].put, 100 - (int64_t)i, false});
        CU_ASSERT_EQUAL(history.attempts, steps[i].then);
        CU_ASSERT_EQUAL(history.first_ms, 100 - (int64_t)i);
    }
}

static void test_versions_grow(void)
{
    struct history history = {0};
    int64_t before = 0;
    for (int i = 0; i < 3000; i++) { /* within one millisecond, and then in the next */
        copies_fold(&history, &(struct copy){put_ms + i / 900, (uint64_t)i, 1, 1, false});
        CU_ASSERT_TRUE(history.version > before);
        before = history.version;
    }
}

/* Whoever is killed between sending the new copy and deleting the old ones changes nothing. */
static void test_renewed_is_no_put(void)
{
    const struct copy old[] = {{put_ms, 1, 1, 500, false},
                               {put_ms, 2, 1, 400, false},
                               {put_ms + 9, 0, 1, 900, false}};
    struct history before = fold(old, 3);
    struct copy renewed = copies_renewed(&before, &old[2]);
    char text[COPIES_TEXT];
    struct copy read;
    copies_format(&renewed, text);
    CU_ASSERT_TRUE_FATAL(copies_parse(text, &read));
    struct history alone = fold(&read, 1);
    CU_ASSERT_EQUAL(memcmp(&alone.attempts, &before.attempts, sizeof alone.attempts), 0);
    CU_ASSERT_EQUAL(alone.first_ms, 400);
    CU_ASSERT_EQUAL(alone.version, before.version);
    const struct copy both[] = {old[0], old[1], old[2], read, read};
    struct history after = fold(both, 5);
    CU_ASSERT_EQUAL(after.attempts, 3);
    CU_ASSERT_EQUAL(after.version, before.version);
    CU_ASSERT_TRUE(copies_compare(&old[2], &read) < 0);
    copies_fold(&after, &(struct copy){put_ms + 10, 0, 1, 1, false});
    CU_ASSERT_EQUAL(after.attempts, 4);
    CU_ASSERT_TRUE(after.version > before.version);
}

static void test_wrong_histories(void)
{
    static const char *const wrong[] = {"",
                                        "1",
                                        "1 2 3",
                                        "1 2 3 4 5",
                                        "a 2 3 4",
                                        "0 2 3 4",
                                        "-1 2 3 4",
                                        "1 2 -3 4",
                                        "1 2 3 4x",
                                        "9223372036854775807 1 1 1",
                                        "1 2 9223372036854775807 4",
                                        "1 2 3 9223372036854775807",
                                        "1 2 3 -9223372036854775807"};
    struct copy copy;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CU_ASSERT_FALSE(copies_parse(wrong[i], &copy));
}

static void test_ages(void)
{
    const int64_t day_s = 86400, day_ms = day_s * 1000;
    CU_ASSERT_FALSE(copies_are_old(put_ms, put_ms + 3 * day_ms, 4 * day_s));
    CU_ASSERT_TRUE(copies_are_old(put_ms, put_ms + 3 * day_ms + 1, 4 * day_s));
    CU_ASSERT_FALSE(copies_are_old(put_ms, put_ms - day_ms, 4 * day_s));
    CU_ASSERT_FALSE(copies_are_old(put_ms, put_ms + 99 * day_ms, 0)); /* not known */
    CU_ASSERT_FALSE(copies_are_due(3600 * SP_SECOND, put_ms, put_ms + day_ms, 4 * day_s));
    CU_ASSERT_TRUE(copies_are_due(3600 * SP_SECOND, put_ms, put_ms + 3 * day_ms + 1, 4 * day_s));
    CU_ASSERT_TRUE(copies_are_due(7 * 3600 * SP_SECOND, put_ms, put_ms, 4 * day_s));
    CU_ASSERT_FALSE(
        copies_are_due(3600 * SP_SECOND, 0, put_ms + 99 * day_ms, 4 * day_s)); /* there was none */
}

static size_t events_of(const char *body, const char *format, struct sp_slice events[8])
{
    struct bare bare = bare_open(sp_slice_of(body), format);
    size_t count = 0;
    while (count < 8 && bare_next(&bare, &events[count]))
        count++;
    return count;
}

static void test_bare_bodies(void)
{
    static const struct {
        const char *body, *format;
        size_t count;
        const char *last;
    } cases[] = {
        {"{\"a\":1}\n{\"a\":2}\n", "ndjson", 2, "{\"a\":2}"},
        {"{\"a\":1}\n\n \r\n{\"a\":2}", "ndjson", 2, "{\"a\":2}"},
        {"no\nJSON", "ndjson", 2, "JSON"},
        {"{\"a\":1}\n{\"a\":2}", "", 2, "{\"a\":2}"},
        {"{\n \"a\": 1\n}\n", "", 1, "{\n \"a\": 1\n}\n"},
        {"{\"a\":1}", "", 1, "{\"a\":1}"},
        {"[1]\n[2]", "", 1, "[1]\n[2]"},
        {"hello\nworld", "", 1, "hello\nworld"},
        {"{\"envelope\":1}\nno", "envelope", 1, "{\"envelope\":1}\nno"},
        {"x", "something", 1, "x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sp_slice events[8];
        size_t count = events_of(cases[i].body, cases[i].format, events);
        CU_ASSERT_EQUAL(count, cases[i].count);
        CU_ASSERT_TRUE(count > 0 && sp_slice_equal(events[count - 1], sp_slice_of(cases[i].last)));
    }
}

static void test_letter_of_a_bare_event(void)
{
    struct sp_letter letter;
    unsigned char id[SP_SHA256_SIZE];
    CU_ASSERT_TRUE_FATAL(bare_letter("parcels", sp_slice_of("{}"), put_ms, &letter));
    sp_sha256("parcels\0{}", 10, id);
    CU_ASSERT_EQUAL(memcmp(letter.id, id, sizeof id), 0);
    CU_ASSERT_STRING_EQUAL(letter.class, "given_up");
    CU_ASSERT_EQUAL(letter.first_wall_ms, put_ms);
}

static struct held_message message(const struct held *held, int number, unsigned char id)
{
    char name[32];
    snprintf(name, sizeof name, "message-%d", number);
    struct held_message made = {.message = held_digest(held, name),
                                .copy = {put_ms, (uint64_t)number, 1, put_ms, false},
                                .lease_end = number};
    memset(made.id, id, sizeof made.id);
    return made;
}

static void add(struct held *held, const struct held_message *made, const char *body, const char *receipt)
{
    struct sp_error err;
    struct held_message *there;
    CU_ASSERT_EQUAL_FATAL(held_add(held, made, sp_slice_of(body), receipt, &there, &err), 0);
}

static void reads(const struct held *held, uint64_t at, uint32_t size, const char *wanted)
{
    struct sp_error err;
    char text[64];
    CU_ASSERT_EQUAL_FATAL(held_read(held, at, size, text, &err), 0);
    CU_ASSERT_STRING_EQUAL(text, wanted);
}

/* Many messages of few letters, in any order; some come twice. */
static void test_held(void)
{
    enum { MANY = 3000, LETTERS = 250 };
    struct held held;
    held_init(&held);
    for (int i = 0; i < MANY; i++) {
        int number = (int)((i * 1009L) % MANY);
        char body[32], receipt[32];
        struct held_message made = message(&held, number, (unsigned char)(number % LETTERS));
        snprintf(body, sizeof body, "body %d", number);
        snprintf(receipt, sizeof receipt, "receipt %d", number);
        add(&held, &made, body, receipt);
        if (i % 7 == 0)
            add(&held, &made, body, "newer");
    }
    CU_ASSERT_EQUAL(held.count, MANY);
    held_sort(&held);
    for (int letter = 0; letter < LETTERS; letter++) {
        unsigned char id[SP_SHA256_SIZE];
        const struct held_message *newest;
        memset(id, letter, sizeof id);
        size_t at = held_look_up(&held, id);
        CU_ASSERT_EQUAL_FATAL(held_group(&held, at), MANY / LETTERS);
        struct history history = held_fold(&held, at, &newest);
        CU_ASSERT_EQUAL(history.attempts, MANY / LETTERS);
        int last = MANY - LETTERS + letter;
        char body[32];
        snprintf(body, sizeof body, "body %d", last);
        reads(&held, newest->body_at, newest->body_size, body);
    }
    struct held_message *found = held_find(&held, held_digest(&held, "message-0"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    reads(&held, found->receipt_at, found->receipt_size, "newer");
    CU_ASSERT_PTR_NULL(held_find(&held, held_digest(&held, "message-3000")));
    held_keep_leased(&held, MANY - 10);
    CU_ASSERT_EQUAL(held.count, 10);
    CU_ASSERT_PTR_NOT_NULL(held_find(&held, held_digest(&held, "message-2995")));
    CU_ASSERT_PTR_NULL(held_find(&held, held_digest(&held, "message-5")));
    held_keep_leased(&held, MANY);
    CU_ASSERT_EQUAL(held.count, 0);
    CU_ASSERT_EQUAL(held.file_size, 0);
    held_fini(&held);
}

static void test_gone_and_bare(void)
{
    struct held held;
    const struct held_message *newest;
    unsigned char id[SP_SHA256_SIZE];
    held_init(&held);
    memset(id, 7, sizeof id);
    CU_ASSERT_EQUAL(held_look_up(&held, id), 0);
    struct held_message bare = message(&held, 1, 0);
    bare.bare = true;
    add(&held, &bare, "x", "r");
    for (int i = 2; i < 5; i++) {
        struct held_message made = message(&held, i, 7);
        add(&held, &made, "x", "r");
    }
    held_sort(&held);
    CU_ASSERT_TRUE(held.messages[3].bare);
    size_t at = held_look_up(&held, id);
    CU_ASSERT_EQUAL_FATAL(held_group(&held, at), 3);
    held.messages[at + 2].state = HELD_GONE;
    CU_ASSERT_EQUAL(held_fold(&held, at, &newest).attempts, 2);
    CU_ASSERT_PTR_EQUAL(newest, &held.messages[at + 1]);
    held.messages[at].state = held.messages[at + 1].state = HELD_GONE;
    CU_ASSERT_EQUAL(held_fold(&held, at, &newest).version, 0);
    CU_ASSERT_PTR_NULL(newest);
    held_fini(&held);
}

/* Leases of a minute; what is due is found around the end, a few at a time, and then nothing for a while. */
static void test_due(void)
{
    const int64_t lease = 60 * SP_SECOND;
    int64_t now = 1000 * SP_SECOND, from = 0;
    size_t at = 4, indexes[3];
    struct held held;
    held_init(&held);
    for (int i = 0; i < 6; i++) {
        struct held_message made = message(&held, i, 1);
        made.lease_end = now + (19 + (i == 2) * 2) * SP_SECOND;
        add(&held, &made, "x", "r");
    }
    held.messages[5].lease_end = now; /* it is over: somebody else may have it */
    CU_ASSERT_EQUAL_FATAL(held_due(&held, now, lease, &at, indexes, 3, &from), 3);
    CU_ASSERT_TRUE(indexes[0] == 4 && indexes[1] == 0 && indexes[2] == 1);
    for (size_t i = 0; i < 3; i++)
        held.messages[indexes[i]].lease_end = now + lease;
    CU_ASSERT_EQUAL_FATAL(held_due(&held, now, lease, &at, indexes, 3, &from), 1);
    held.messages[indexes[0]].lease_end = now + lease;
    CU_ASSERT_EQUAL(held_due(&held, now, lease, &at, indexes, 3, &from), 0);
    CU_ASSERT_EQUAL(from, now + 1 * SP_SECOND);
    for (size_t i = 0; i < held.count; i++) /* as of bare messages whose events are letters by now */
        held.messages[i].state = HELD_GONE;
    CU_ASSERT_EQUAL(held_due(&held, now, lease, &at, indexes, 3, &from), 0);
    CU_ASSERT_EQUAL(from, now + 40 * SP_SECOND); /* what comes next has need of it then */
    held_fini(&held);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"attempts are as if each copy had been put where the others were", test_attempts},
        {"versions grow with each put, also within a millisecond", test_versions_grow},
        {"a copy that upkeep made stands for all before it, and is no put", test_renewed_is_no_put},
        {"what is no history is none", test_wrong_histories},
        {"letters are old after three quarters of the retention", test_ages},
        {"the events of bare bodies are as the core reads them", test_bare_bodies},
        {"the letter of a bare event is known again", test_letter_of_a_bare_event},
        {"many messages of few letters are held, in any order", test_held},
        {"leases are made longer in time, also of what comes where nothing was left", test_due},
        {"what is gone counts no more, and what is bare stands last", test_gone_and_bare},
    };
    return tap_run("sqs_letters", tests, sizeof tests / sizeof *tests);
}
