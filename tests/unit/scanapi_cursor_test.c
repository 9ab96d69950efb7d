/* SPDX-License-Identifier: Apache-2.0 */
/* Where to read on: the cursor's text, the traps of the inclusive cursor, repeats, unreadable pages. */
#include <config.h>

#include "../../plugins/source_scanapi/advance.h"
#include "../../plugins/source_scanapi/narrow.h"
#include "../../plugins/source_scanapi/repeats.h"
#include "base/arena.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HUGE_ID INT64_C(9000000000000000000)

static struct sp_arena *arena;

/* ---- text */

static void test_text_there_and_back(void)
{
    struct cursor cursor = {.id = 83269, .seen = true, .back = 7, .mark = UINT64_MAX, .key = {1, 2}}, read;
    for (size_t i = 0; i < CURSOR_DIGESTS + 3; i++) {
        struct sp_slice text = cursor_text(&cursor, arena);
        CU_ASSERT(text.size < CURSOR_TEXT_SIZE);
        CU_ASSERT_EQUAL(cursor_parse(text, &read), 0);
        CU_ASSERT(sp_slice_equal(cursor_text(&read, arena), text));
        CU_ASSERT_EQUAL(read.digest_count, i < CURSOR_DIGESTS ? i : CURSOR_DIGESTS);
        cursor_add_digest(&cursor, (struct sp_digest128){i, ~(uint64_t)i});
    }
    cursor_add_digest(&cursor, (struct sp_digest128){0, ~UINT64_C(0)});
    CU_ASSERT_EQUAL(cursor.digest_count, CURSOR_DIGESTS);
}

static void test_text_that_is_no_cursor(void)
{
    struct cursor whole = {.id = INT64_MAX, .digest_count = 1}, read;
    struct sp_slice text = cursor_text(&whole, arena);
    CU_ASSERT_EQUAL(cursor_parse(text, &read), 0);
    for (size_t size = 0; size < text.size; size++) {
        struct sp_slice cut = {text.data, size};
        /* without any digest it is one, too */
        CU_ASSERT_EQUAL(cursor_parse(cut, &read), size == text.size - 32 ? 0 : -1);
    }
    CU_ASSERT_EQUAL(cursor_parse(sp_slice_of("1:9223372036854775808:r:0:"), &read), -1);
    CU_ASSERT_EQUAL(cursor_parse(sp_slice_of("feed.ndjson 1234"), &read), -1);
    CU_ASSERT_EQUAL(cursor_parse(sp_slice_of("2:1:r:0:"), &read), -1);
}

/* ---- where to read on */

static struct cursor on(int64_t id)
{
    return (struct cursor){.id = id, .seen = true};
}

static struct cursor from(int64_t id)
{
    return (struct cursor){.id = id};
}

static struct advance after(struct cursor cursor, struct tally tally)
{
    static int64_t ids[64];
    if (tally.newer_count)
        memcpy(ids, tally.newer, tally.newer_count * sizeof *ids);
    tally.newer = tally.newer_count ? ids : NULL;
    if (tally.at_most == 0)
        tally.at_most = tally.certain;
    return advance_from(&cursor, &tally, UINT64_MAX);
}

static struct tally good(int64_t asked, size_t count, int64_t highest)
{
    return (struct tally){
        .asked = asked, .certain = count, .any_good = true, .own = true, .highest_good = highest};
}

static void test_the_highest_well_formed_id(void)
{
    struct advance next = after(on(10), good(1000, 1000, 1700));
    CU_ASSERT(next.moved && next.id == 1700 && next.seen && next.full);
    next = after(on(10), good(1000, 3, 12));
    CU_ASSERT(next.moved && next.id == 12 && !next.full);
}

static void test_only_the_own_event_is_idleness(void)
{
    struct advance next = after(on(10), (struct tally){.asked = 1000, .certain = 1, .own = true});
    CU_ASSERT(!next.moved && next.id == 10 && next.seen && !next.full);
    next = after(from(1), (struct tally){.asked = 1000});
    CU_ASSERT(!next.moved && next.id == 1 && !next.seen && !next.full);
}

static void test_a_full_page_with_nothing_newer_is_not_idleness(void)
{
    struct advance next = after(on(10), (struct tally){.asked = 2, .certain = 2, .own = true});
    CU_ASSERT(next.moved && next.id == 11 && !next.seen && next.full);
}

static void test_a_full_page_of_older_events_says_nothing_of_what_was_never_read(void)
{
    /* Going from 11 to 12 here would lose event 11, which comes a moment later. */
    struct advance next = after(from(11), (struct tally){.asked = 2, .certain = 2});
    CU_ASSERT(!next.moved && next.id == 11 && next.stale);
}

static void test_events_without_ids_are_passed_step_by_step(void)
{
    struct advance next = after(from(11), (struct tally){.asked = 2, .certain = 2, .unknown = 2});
    CU_ASSERT(next.moved && next.id == 12 && !next.seen && next.full);
}

static void test_a_page_all_malformed_is_passed_by_its_median(void)
{
    int64_t ids[] = {15, 13, 11, 14, 12, 13};
    struct tally tally = {.asked = 6, .certain = 6, .newer = ids, .newer_count = 6};
    struct advance next = after(on(10), tally);
    CU_ASSERT(next.moved && next.id == 13 && !next.seen && next.full);
    CU_ASSERT_EQUAL(next.back, 11);
}

static void test_one_huge_id_does_not_end_the_feed(void)
{
    int64_t one[] = {HUGE_ID}, twice[] = {HUGE_ID, HUGE_ID}, two[] = {HUGE_ID, 14};
    struct advance next =
        after(on(10), (struct tally){.asked = 2, .certain = 2, .own = true, .newer = one, .newer_count = 1});
    CU_ASSERT(next.moved && next.id == 11);
    next = after(on(10), (struct tally){.asked = 2, .certain = 2, .newer = twice, .newer_count = 2});
    CU_ASSERT(next.moved && next.id == 11);
    next = after(on(10), (struct tally){.asked = 2, .certain = 2, .newer = two, .newer_count = 2});
    CU_ASSERT(next.moved && next.id == 14);
    /* not full: it stands at the end, and the cursor waits before it */
    next = after(from(11), (struct tally){.asked = 2, .certain = 1, .newer = one, .newer_count = 1});
    CU_ASSERT(!next.moved && next.id == 11 && !next.full);
}

static void test_a_jump_to_invented_ids_is_taken_back(void)
{
    struct cursor jumped = {.id = HUGE_ID, .back = 11};
    struct advance next = after(jumped, (struct tally){.asked = 1000});
    CU_ASSERT(next.moved && next.id == 11 && !next.seen && next.back == 0 && next.full);
    struct tally there = good(1000, 1000, HUGE_ID + 5);
    next = after(jumped, there);
    CU_ASSERT(next.moved && next.id == HUGE_ID + 5 && next.seen);
}

static void test_a_broken_run_leaves_in_doubt_whether_the_page_is_full(void)
{
    struct advance next = after(
        on(10),
        (struct tally){.asked = 5, .certain = 2, .at_most = 9, .broken = true, .unknown = 1, .own = true});
    CU_ASSERT(!next.moved && next.doubtful);
    next = after(
        on(10),
        (struct tally){.asked = 50, .certain = 2, .at_most = 9, .broken = true, .unknown = 1, .own = true});
    CU_ASSERT(!next.moved && !next.doubtful && !next.full);
}

static void test_the_last_id_there_can_be(void)
{
    struct advance next = after(on(INT64_MAX), (struct tally){.asked = 1, .certain = 1, .own = true});
    CU_ASSERT(!next.moved && next.id == INT64_MAX && !next.full);
}

static void test_no_jump_beyond_the_bound(void)
{
    int64_t ids[] = {15, 16, 17};
    struct cursor cursor = on(10);
    struct tally tally = {.asked = 3, .certain = 3, .at_most = 3, .newer = ids, .newer_count = 3};
    struct advance next = advance_from(&cursor, &tally, 16);
    CU_ASSERT(next.moved && next.id == 11);
}

static void test_the_end_of_the_feed(void)
{
    struct pace pace = {0};
    struct tally none = {.asked = 1000, .certain = 1}, few = good(1000, 3, 12), part = good(1000, 400, 999);
    CU_ASSERT(pace_caught_up(&pace, &none, false));
    CU_ASSERT(pace_caught_up(&pace, &few, false));
    CU_ASSERT(!pace_caught_up(&pace, &part, true));
    /* a feed that gives 400 at most is followed to its end */
    for (int i = 0; i < 5; i++)
        CU_ASSERT(!pace_caught_up(&pace, &part, false));
    struct tally rest = good(1000, 100, 1200);
    CU_ASSERT(pace_caught_up(&pace, &rest, false));
}

/* ---- repeats */

static struct sp_digest128 digest_of(uint64_t i)
{
    static const uint64_t key[2] = {3, 4};
    return sp_siphash128(key, &i, sizeof i);
}

static void test_window_of_distinct_events(void)
{
    struct repeats *repeats = calloc(1, sizeof *repeats);
    for (uint64_t i = 0; i < REPEATS_WINDOW; i++)
        CU_ASSERT(repeats_add(repeats, digest_of(i)));
    for (uint64_t i = 0; i < REPEATS_WINDOW; i++)
        CU_ASSERT(!repeats_add(repeats, digest_of(i)));
    CU_ASSERT(repeats_add(repeats, digest_of(REPEATS_WINDOW)));
    CU_ASSERT(!repeats_add(repeats, digest_of(1)));
    CU_ASSERT(repeats_add(repeats, digest_of(0))); /* was the oldest, and is sent again */
    repeats_clear(repeats);
    CU_ASSERT(repeats_add(repeats, digest_of(5)));
    free(repeats);
}

/* Against a plain list, with digests that share their slots. */
static void test_window_against_a_plain_list(void)
{
    unsigned seed = (unsigned)time(NULL);
    printf("# seed %u\n", seed);
    srand(seed);
    struct repeats *repeats = calloc(1, sizeof *repeats);
    enum { KINDS = 25000, ROUNDS = 200000 };
    int *added_at = calloc(KINDS, sizeof *added_at), added = 0, wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int kind = rand() % KINDS;
        struct sp_digest128 digest = {(uint64_t)kind % 12000, (uint64_t)kind};
        bool is_new = added_at[kind] == 0 || added_at[kind] <= added - REPEATS_WINDOW;
        wrong += repeats_add(repeats, digest) != is_new;
        if (is_new)
            added_at[kind] = ++added;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(added_at);
    free(repeats);
}

/* ---- unreadable pages */

static struct narrow narrow;

static enum narrow_verdict unreadable(const char *body, enum narrow_shape shape)
{
    struct sp_slice bytes = sp_slice_of(body);
    uint64_t sum = bytes.size;
    for (size_t i = 0; i < bytes.size; i++)
        sum = sum * 31 + (unsigned char)bytes.data[i];
    return narrow_unreadable(&narrow, 8, bytes, (struct sp_digest128){sum, 1}, shape);
}

static int64_t asked(void)
{
    return narrow_limit(&narrow, 8);
}

static void test_twice_is_an_outage(void)
{
    narrow_reset(&narrow);
    CU_ASSERT_EQUAL(unreadable("cut", NARROW_CUT), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(unreadable("cut", NARROW_CUT), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(unreadable("other", NARROW_CUT), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(unreadable("cut", NARROW_CUT), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(asked(), 8);
    CU_ASSERT_EQUAL(narrow_readable(&narrow, 8), NARROW_TAKE);
    CU_ASSERT_EQUAL(unreadable("cut", NARROW_CUT), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(asked(), 8);
}

static void thrice(const char *body, enum narrow_shape shape)
{
    CU_ASSERT_EQUAL(unreadable(body, shape), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(unreadable(body, shape), NARROW_OUTAGE);
    (void)unreadable(body, shape);
}

static void test_the_same_bytes_at_every_limit_stay_an_outage(void)
{
    narrow_reset(&narrow);
    thrice("maintenance", NARROW_OTHER);
    CU_ASSERT_EQUAL(asked(), 4);
    CU_ASSERT_EQUAL(unreadable("maintenance", NARROW_OTHER), NARROW_AGAIN);
    CU_ASSERT_EQUAL(unreadable("maintenance", NARROW_OTHER), NARROW_AGAIN);
    CU_ASSERT_EQUAL(asked(), 1);
    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(unreadable("maintenance", NARROW_OTHER), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(asked(), 8);
}

static void test_markup_is_never_taken_for_the_feed(void)
{
    narrow_reset(&narrow);
    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(unreadable("<html>", NARROW_MARKUP), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(asked(), 8);
}

static void test_what_can_be_read_on_the_way_is_taken(void)
{
    narrow_reset(&narrow);
    thrice("cut at the sixth", NARROW_CUT);
    CU_ASSERT_EQUAL(asked(), 4);
    CU_ASSERT_EQUAL(narrow_readable(&narrow, 8), NARROW_TAKE);
    CU_ASSERT_EQUAL(narrow_readable(&narrow, 8), NARROW_TAKE);
    CU_ASSERT_EQUAL(asked(), 8);
    CU_ASSERT_EQUAL(narrow.phase, NARROW_OFF);
}

/* Up to where a suspect was found: limit 8 was cut elsewhere than limit 1. */
static void find_suspect(void)
{
    narrow_reset(&narrow);
    thrice("cut at the second", NARROW_CUT);
    CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_AGAIN);
    CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_AGAIN);
    CU_ASSERT_EQUAL(asked(), 1);
    CU_ASSERT_EQUAL(narrow_ahead(&narrow), 0);
    CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_AGAIN);
    CU_ASSERT_EQUAL(narrow.phase, NARROW_PASSING);
    CU_ASSERT_EQUAL(narrow_ahead(&narrow), 1);
}

/* What is behind the suspect is a page of the feed, and the suspect is as it was, in turn. */
static void confirm_twice(const char *suspect)
{
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(narrow_readable(&narrow, 8), NARROW_AGAIN);
        CU_ASSERT_EQUAL(unreadable(suspect, NARROW_CUT), NARROW_AGAIN);
    }
}

static void test_a_poison_is_passed_id_by_id(void)
{
    find_suspect();
    CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_AGAIN);
    CU_ASSERT_EQUAL(narrow_ahead(&narrow), 2);
    confirm_twice("cut at the first");
    CU_ASSERT_EQUAL(narrow_ahead(&narrow), 2);
    CU_ASSERT_EQUAL(narrow_readable(&narrow, 8), NARROW_AGAIN);
    CU_ASSERT_EQUAL(narrow_ahead(&narrow), 1); /* is it still there? */
    CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_POISON);
    CU_ASSERT_EQUAL(narrow.ahead, 2);
    CU_ASSERT(narrow.poison && narrow.poison_size == strlen("cut at the first"));
    CU_ASSERT_EQUAL(asked(), 1);
    CU_ASSERT_EQUAL(narrow_ahead(&narrow), 0);
    CU_ASSERT_EQUAL(narrow_readable(&narrow, 8), NARROW_TAKE);
    CU_ASSERT_EQUAL(asked(), 2);
}

static void test_an_outage_that_ends_is_no_poison(void)
{
    find_suspect();
    CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_AGAIN);
    CU_ASSERT_EQUAL(narrow_readable(&narrow, 8), NARROW_AGAIN);
    CU_ASSERT_EQUAL(narrow_readable(&narrow, 8), NARROW_AGAIN);
    CU_ASSERT_EQUAL(narrow.phase, NARROW_OFF);
    CU_ASSERT_PTR_NULL(narrow.poison);
}

static void test_an_outage_while_passing_is_waited_for(void)
{
    find_suspect();
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(unreadable("maintenance", NARROW_OTHER), NARROW_OUTAGE);
    CU_ASSERT_EQUAL(narrow_ahead(&narrow), 1);
}

/* At the feed's start there is nothing before the poison by which the limits' answers would differ. */
static void test_a_cut_that_every_limit_gives(void)
{
    narrow_reset(&narrow);
    thrice("cut", NARROW_CUT);
    CU_ASSERT_EQUAL(unreadable("cut", NARROW_CUT), NARROW_AGAIN);
    CU_ASSERT_EQUAL(unreadable("cut", NARROW_CUT), NARROW_AGAIN);
    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(unreadable("cut", NARROW_CUT), NARROW_OUTAGE);
    confirm_twice("cut");
    CU_ASSERT_EQUAL(narrow_readable(&narrow, 8), NARROW_AGAIN);
    CU_ASSERT_EQUAL(unreadable("cut", NARROW_CUT), NARROW_POISON);
}

static void test_two_poisons_side_by_side(void)
{
    find_suspect();
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(unreadable("cut at the next", NARROW_CUT), NARROW_AGAIN);
        CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_AGAIN);
    }
    CU_ASSERT_EQUAL(unreadable("cut at the next", NARROW_CUT), NARROW_AGAIN);
    CU_ASSERT_EQUAL(unreadable("cut at the first", NARROW_CUT), NARROW_POISON);
    thrice("cut at the next", NARROW_CUT);
    CU_ASSERT_EQUAL(narrow.phase, NARROW_PASSING);
}

int main(void)
{
    struct tap_test tests[] = {
        {"a cursor's text, there and back", test_text_there_and_back},
        {"text that is no cursor", test_text_that_is_no_cursor},
        {"the cursor is the highest well-formed id", test_the_highest_well_formed_id},
        {"only the own event is idleness", test_only_the_own_event_is_idleness},
        {"a full page with nothing newer is not idleness",
         test_a_full_page_with_nothing_newer_is_not_idleness},
        {"a full page of older events says nothing of what was never read",
         test_a_full_page_of_older_events_says_nothing_of_what_was_never_read},
        {"events without ids are passed step by step", test_events_without_ids_are_passed_step_by_step},
        {"a page all malformed is passed by its median", test_a_page_all_malformed_is_passed_by_its_median},
        {"one huge id does not end the feed", test_one_huge_id_does_not_end_the_feed},
        {"a jump to invented ids is taken back", test_a_jump_to_invented_ids_is_taken_back},
        {"a broken run leaves in doubt whether the page is full",
         test_a_broken_run_leaves_in_doubt_whether_the_page_is_full},
        {"the last id there can be", test_the_last_id_there_can_be},
        {"no jump beyond the bound", test_no_jump_beyond_the_bound},
        {"the end of the feed", test_the_end_of_the_feed},
        {"the window of distinct events", test_window_of_distinct_events},
        {"the window against a plain list", test_window_against_a_plain_list},
        {"unreadable twice is an outage", test_twice_is_an_outage},
        {"the same bytes at every limit stay an outage", test_the_same_bytes_at_every_limit_stay_an_outage},
        {"markup is never taken for the feed", test_markup_is_never_taken_for_the_feed},
        {"what can be read on the way is taken", test_what_can_be_read_on_the_way_is_taken},
        {"a poison is passed id by id", test_a_poison_is_passed_id_by_id},
        {"an outage that ends is no poison", test_an_outage_that_ends_is_no_poison},
        {"an outage while passing is waited for", test_an_outage_while_passing_is_waited_for},
        {"a cut that every limit gives", test_a_cut_that_every_limit_gives},
        {"two poisons side by side", test_two_poisons_side_by_side},
    };
    arena = arena_new(4096);
    int rc = tap_run("scanapi_cursor", tests, sizeof tests / sizeof *tests);
    arena_free(arena);
    narrow_reset(&narrow);
    return rc;
}
