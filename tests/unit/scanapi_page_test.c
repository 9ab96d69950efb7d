/* SPDX-License-Identifier: Apache-2.0 */
/* Slicing a page into events: what is broken fails alone, and no byte is lost. */
#include <config.h>

#include "../../plugins/source_scanapi/judge.h"
#include "base/arena.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define GOOD(id)                                                                                             \
    "{\"EventId\":" #id                                                                                      \
    ",\"ParcelId\":7,\"Type\":\"PICKUP\",\"CreatedDateTimeUtc\":\"2021-05-11T21:11:34.1506147Z\"}"

static const struct sp_pair rule_pairs[] = {{"/EventId", "positive"},
                                            {"/ParcelId", "positive"},
                                            {"/Type", "text"},
                                            {"/CreatedDateTimeUtc", "timestamp"}};
static struct sp_map rule_map = {4, rule_pairs};
static struct sp_arena *arena;
static struct elements got;
static struct sp_json_fault fault;

static enum page_step slice_at(const char *events, struct sp_slice body)
{
    static const uint64_t key[2] = {1, 2};
    struct rules rules;
    if (!arena)
        arena = arena_new(65536);
    arena_reset(arena, 65536);
    rules_compile(&rule_map, "/EventId", arena, &rules);
    struct judging judging = {events, &rules, key, 4};
    got = (struct elements){0};
    return judge_page(&judging, body, arena, &got, &fault);
}

static enum page_step slice(const char *body)
{
    return slice_at("/ScanEvents", sp_slice_of(body));
}

static bool is_event(size_t i, int64_t id)
{
    return i < got.count && !got.items[i].reason && got.items[i].id == id;
}

static bool is_broken(size_t i, const char *bytes)
{
    return i < got.count && got.items[i].reason && sp_slice_equal(got.items[i].bytes, sp_slice_of(bytes));
}

static bool reason_has(size_t i, const char *text)
{
    return i < got.count && got.items[i].reason && strstr(got.items[i].reason, text);
}

static void test_good_page(void)
{
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[" GOOD(1) "," GOOD(2) "]}"), PAGE_END);
    CU_ASSERT_EQUAL(got.count, 2);
    CU_ASSERT(is_event(0, 1) && is_event(1, 2));
    CU_ASSERT(sp_slice_equal(got.items[0].bytes, sp_slice_of(GOOD(1))));
    CU_ASSERT_EQUAL(got.certain, 2);
    CU_ASSERT_EQUAL(got.at_most, 2);
}

static void test_envelopes(void)
{
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[]}"), PAGE_END);
    CU_ASSERT_EQUAL(got.count, 0);
    CU_ASSERT_EQUAL(slice("\xEF\xBB\xBF {\n \"Total\" : {\"n\":[1,\"]\"]}, \"ScanEvents\" : [\n " GOOD(
                        3) "\n ] ,\"x\":1}\n"),
                    PAGE_END);
    CU_ASSERT(got.count == 1 && is_event(0, 3));
    CU_ASSERT_EQUAL(slice_at("", sp_slice_of("[" GOOD(4) "]")), PAGE_END);
    CU_ASSERT(got.count == 1 && is_event(0, 4));
    CU_ASSERT_EQUAL(slice_at("/a~1b/1/c~0d", sp_slice_of("{\"a/b\":[0,{\"c~d\":[" GOOD(5) "]}]}")), PAGE_END);
    CU_ASSERT(got.count == 1 && is_event(0, 5));
}

static void test_no_page_at_all(void)
{
    CU_ASSERT_EQUAL(slice("<html><body>Bad gateway</body></html>"), PAGE_NO_ARRAY);
    CU_ASSERT_EQUAL(slice(""), PAGE_NO_ARRAY);
    CU_ASSERT_EQUAL(slice("{\"error\":\"no\"}"), PAGE_NO_ARRAY);
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":null}"), PAGE_NO_ARRAY);
    CU_ASSERT_EQUAL(slice("{\"ScanEv"), PAGE_NO_ARRAY);
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":"), PAGE_NO_ARRAY);
    CU_ASSERT_PTR_NOT_NULL(fault.reason);
}

static void test_cut_pages_are_told_at_every_length(void)
{
    const char *whole = "{\"ScanEvents\":[" GOOD(1) "," GOOD(2) "]}";
    for (size_t size = 0; size < strlen(whole) - 1; size++) {
        char *cut = malloc(size + 1); /* so that a sanitizer sees reading beyond */
        memcpy(cut, whole, size);
        CU_ASSERT_NOT_EQUAL(slice_at("/ScanEvents", (struct sp_slice){cut, size}), PAGE_END);
        free(cut);
    }
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":["), PAGE_EMPTY_CUT);
    /* An array that is not closed, followed by good events, is what a cut page looks like. */
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[{\"EventId\":5,\"U\":[{\"a\":1}," GOOD(6) "]}"), PAGE_CUT);
    /* So is one that is cut within a text, where that text reads like the end of a page. */
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[" GOOD(1) ",{\"EventId\":2,\"Note\":\"] }"), PAGE_CUT);
    /* But what lacks only the envelope's end has all events. */
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[" GOOD(1) "]"), PAGE_END);
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[" GOOD(1) ",{\"Ev"), PAGE_CUT);
}

/* Each broken element stands between two good ones, which must both come. */
static void test_broken_element_fails_alone(void)
{
    static const char *const broken[] = {
        "{\"EventId\":5,\"Type\":}",
        "{\"EventId\":5,\"Type\":\"a\xFF\"}",
        "{\"EventId\":5,\"Type\":\"\\uD800\"}",
        "{\"EventId\":5,\"Type\":\"a\nb\"}",
        "{\"EventId\":5,\"Type\":\"\\x\"}",
        "{\"EventId\":05}",
        "{\"EventId\":5,}",
        "{\"EventId\":5 \"Type\":\"a\"}",
        "{EventId:5}",
        "{\"EventId\":5,\"T\":nul,\"Items\":[{\"EventId\":1,\"a\":[1,2]},{\"EventId\":2}],\"U\":\",{]}\"}",
        "{'EventId':5}",
        "{\"EventId\":5,\"Type\":\"PICKUP}", /* the string is not closed */
        "{\"EventId\":5,\"Type\":PICKUP\"}", /* nor opened */
        "{\"EventId\":5,\"Type\":\"PI\"CK\"UP\"}",
        "{\"EventId\":5,\"Type\":\"PI\"CKUP\"}",
        "{\"EventId\":5,\"User\":{\"UserId\":\"x\"}", /* nor the object */
        "{\"EventId\":5,\"User\":[1,2}",              /* nor the array */
        "undefined",
        "NaN",
        "{",
        "\"",
        "}",
        "{\"a\":\"\\",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char body[1024];
        snprintf(body, sizeof body, "{\"ScanEvents\":[%s, %s ,%s]}", GOOD(1), broken[i], GOOD(9));
        enum page_step step = slice(body);
        size_t last = got.count ? got.count - 1 : 0;
        bool right =
            step == PAGE_END && got.count >= 3 && is_event(0, 1) && is_event(last, 9) && got.items[1].reason;
        if (!right)
            printf("# in the middle: %s (%zu elements, step %d)\n", broken[i], got.count, step);
        CU_ASSERT(right);
        if (got.count == 3)
            CU_ASSERT(is_broken(1, broken[i]));
        snprintf(body, sizeof body, "{\"ScanEvents\":[%s, %s\n]}", GOOD(1), broken[i]);
        step = slice(body);
        right = step == PAGE_END && got.count >= 2 && is_event(0, 1) && got.items[1].reason;
        if (!right)
            printf("# at the end: %s (%zu elements, step %d)\n", broken[i], got.count, step);
        CU_ASSERT(right);
    }
}

static void test_two_broken_strings_do_not_swallow_what_is_between(void)
{
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[{\"EventId\":5,\"T\":\"a}," GOOD(
                        6) ",{\"EventId\":7,\"T\":\"b}," GOOD(8) "]}"),
                    PAGE_END);
    CU_ASSERT_EQUAL(got.count, 4);
    CU_ASSERT(is_broken(0, "{\"EventId\":5,\"T\":\"a}") && is_event(1, 6));
    CU_ASSERT(is_broken(2, "{\"EventId\":7,\"T\":\"b}") && is_event(3, 8));
}

static void test_broken_ones_side_by_side(void)
{
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[{\"EventId\":5,\"T\":\"a},{\"EventId\":6,,}," GOOD(7) "]}"),
                    PAGE_END);
    CU_ASSERT_EQUAL(got.count, 2);
    CU_ASSERT(is_event(1, 7));
    CU_ASSERT(reason_has(0, "is not JSON"));
    CU_ASSERT_EQUAL(got.certain, 2);
    CU_ASSERT(got.at_most >= 3);
    CU_ASSERT(got.broken);
}

static void test_nested_objects_stay_in_their_broken_event(void)
{
    const char *broken =
        "{\"EventId\":5,\"T\":\"a\xC0\",\"L\":[{\"EventId\":1,\"x\":2},{\"EventId\":2,\"x\":3}]}";
    char body[512];
    snprintf(body, sizeof body, "{\"ScanEvents\":[%s,%s]}", broken, GOOD(6));
    CU_ASSERT_EQUAL(slice(body), PAGE_END);
    CU_ASSERT_EQUAL(got.count, 2);
    CU_ASSERT(is_broken(0, broken) && is_event(1, 6));
}

static void test_separators(void)
{
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[," GOOD(1) ",, " GOOD(2) ",]}"), PAGE_END);
    CU_ASSERT(got.count == 2 && is_event(0, 1) && is_event(1, 2));
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[" GOOD(1) " " GOOD(2) "]}"), PAGE_END);
    CU_ASSERT(got.count == 2 && is_event(0, 1) && is_event(1, 2));
    CU_ASSERT_EQUAL(got.certain, 1);
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[" GOOD(1) "}," GOOD(2) "]}"), PAGE_END);
    CU_ASSERT(got.count == 3 && is_event(0, 1) && is_broken(1, "}") && is_event(2, 2));
}

static void test_values_that_are_no_events(void)
{
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[5,\"x\",null,[1],{},true]}"), PAGE_END);
    CU_ASSERT_EQUAL(got.count, 6);
    for (size_t i = 0; i < got.count; i++)
        CU_ASSERT(got.items[i].reason != NULL && got.items[i].id == -1);
    CU_ASSERT(reason_has(0, "not an object"));
    CU_ASSERT(reason_has(4, "/EventId is missing"));
}

static void judged(const char *event, const char *pointer, const char *reason, int64_t id)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"ScanEvents\":[%s]}", event);
    CU_ASSERT_EQUAL(slice(body), PAGE_END);
    CU_ASSERT_EQUAL(got.count, 1);
    bool right = got.count == 1 && reason_has(0, reason) && got.items[0].pointer &&
                 strcmp(got.items[0].pointer, pointer) == 0 && got.items[0].id == id;
    if (!right)
        printf("# %s: %s\n", event, got.count ? got.items[0].reason : "");
    CU_ASSERT(right);
}

#define TIME ",\"CreatedDateTimeUtc\":\"2021-05-11T21:11:34Z\"}"
static void test_rules(void)
{
    judged("{\"EventId\":0,\"ParcelId\":1,\"Type\":\"A\"" TIME, "/EventId", "not above 0: 0", 0);
    judged("{\"EventId\":-3,\"ParcelId\":1,\"Type\":\"A\"" TIME, "/EventId", "not above 0", -1);
    judged("{\"EventId\":9223372036854775808,\"ParcelId\":1,\"Type\":\"A\"" TIME, "/EventId", "64 bits", -1);
    judged("{\"EventId\":\"5\",\"ParcelId\":1,\"Type\":\"A\"" TIME, "/EventId", "not an integer, but text: 5",
           -1);
    judged("{\"EventId\":5.0,\"ParcelId\":1,\"Type\":\"A\"" TIME, "/EventId", "not an integer", -1);
    judged("{\"EventId\":null,\"ParcelId\":1,\"Type\":\"A\"" TIME, "/EventId", "is null", -1);
    judged("{\"EventId\":5,\"Type\":\"A\"" TIME, "/ParcelId", "is missing", 5);
    judged("{\"EventId\":5,\"ParcelId\":-1,\"Type\":\"A\"" TIME, "/ParcelId", "not above 0", 5);
    judged("{\"EventId\":5,\"ParcelId\":1" TIME, "/Type", "is missing", 5);
    judged("{\"EventId\":5,\"ParcelId\":1,\"Type\":\"\"" TIME, "/Type", "is blank", 5);
    judged("{\"EventId\":5,\"ParcelId\":1,\"Type\":\" \\t\\u0020\"" TIME, "/Type", "is blank", 5);
    judged("{\"EventId\":5,\"ParcelId\":1,\"Type\":7" TIME, "/Type", "not a string", 5);
    judged("{\"EventId\":5,\"ParcelId\":1,\"Type\":\"A\",\"CreatedDateTimeUtc\":\"yesterday\"}",
           "/CreatedDateTimeUtc", "RFC 3339 time: yesterday", 5);
    judged("{\"EventId\":5,\"ParcelId\":1,\"Type\":\"A\"}", "/CreatedDateTimeUtc", "is missing", 5);
}

static void test_parcel_over_31_bits_is_well_formed_here(void)
{
    CU_ASSERT_EQUAL(slice("{\"ScanEvents\":[{\"EventId\":5,\"ParcelId\":3000000000,\"Type\":\"A\"" TIME "]}"),
                    PAGE_END);
    CU_ASSERT(is_event(0, 5));
}

static void test_deep_nesting_is_one_broken_event(void)
{
    char deep[2000] = "{\"EventId\":5,\"x\":";
    for (int i = 0; i < 600; i++)
        strcat(deep, "[");
    for (int i = 0; i < 600; i++)
        strcat(deep, "]");
    strcat(deep, "}");
    char body[4096];
    snprintf(body, sizeof body, "{\"ScanEvents\":[%s,%s,%s]}", GOOD(1), deep, GOOD(2));
    CU_ASSERT_EQUAL(slice(body), PAGE_END);
    CU_ASSERT(got.count == 3 && is_event(0, 1) && is_broken(1, deep) && is_event(2, 2));
}

/* Whatever is done to a page: slices come in order, never overlap, and leave out only commas and spaces. */
static void check_cover(struct sp_slice body, const char *told)
{
    const char *at = memchr(body.data, '[', body.size);
    for (size_t i = 0; at && i < got.count; i++) {
        struct sp_slice bytes = got.items[i].bytes;
        bool right =
            bytes.size > 0 && bytes.data > at - 1 && bytes.data + bytes.size <= body.data + body.size;
        for (at += i == 0; right && at < bytes.data; at++)
            right = strchr(" \t\r\n,", *at) != NULL;
        if (!right)
            printf("# %s: %.*s\n", told, (int)body.size, body.data);
        CU_ASSERT(right);
        if (!right)
            return;
        at = bytes.data + bytes.size;
    }
}

static void test_random_damage_loses_nothing(void)
{
    const char *given = getenv("SCANAPI_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    printf("# seed %u\n", seed);
    srand(seed);
    const char *whole = "{\"ScanEvents\":[" GOOD(1) "," GOOD(2) "," GOOD(3) "," GOOD(4) "," GOOD(5) "]}";
    size_t size = strlen(whole), per_event = strlen(GOOD(1)) + 1, lost = 0;
    for (int round = 0; round < 20000; round++) {
        char *body = malloc(size);
        memcpy(body, whole, size);
        /* Damage within the third event only: its neighbours must come, all four. */
        size_t start = 15 + 2 * per_event;
        for (int i = rand() % 3; i >= 0; i--)
            body[start + (size_t)rand() % (per_event - 1)] = "\"{}[],:\\x\n\xFF 5"[rand() % 13];
        enum page_step step = slice_at("/ScanEvents", (struct sp_slice){body, size});
        check_cover((struct sp_slice){body, size}, "damaged");
        bool seen[6] = {false};
        for (size_t i = 0; i < got.count; i++)
            if (!got.items[i].reason && got.items[i].id <= 5)
                seen[got.items[i].id] = true;
        /* An array that is opened and takes in all that follows makes what a cut page is. */
        if (step == PAGE_CUT && memmem(body + start, per_event, ":[{", 3)) {
            free(body);
            continue;
        }
        if (step != PAGE_END || !seen[1] || !seen[2] || !seen[4] || !seen[5]) {
            lost++;
            printf("# step %d: %.*s\n", step, (int)per_event, body + start);
        }
        free(body);
    }
    CU_ASSERT_EQUAL(lost, 0);
}

/* A page made of what starts trying again and again must not take for ever. */
static void test_hostile_page_takes_no_longer_than_its_length(void)
{
    size_t size = 4 << 20, at = 0;
    char *body = malloc(size + 64);
    at += (size_t)sprintf(body, "{\"ScanEvents\":[\"");
    while (at < size)
        at += (size_t)sprintf(body + at, ",{\"a\":[{\"b\":1}");
    at += (size_t)sprintf(body + at, "]}");
    clock_t start = clock();
    (void)slice_at("/ScanEvents", (struct sp_slice){body, at});
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    CU_ASSERT(seconds < 5);
    free(body);
}

int main(void)
{
    struct tap_test tests[] = {
        {"a good page comes as its events", test_good_page},
        {"envelopes of many kinds", test_envelopes},
        {"what is no page is told", test_no_page_at_all},
        {"a page that is cut anywhere is told", test_cut_pages_are_told_at_every_length},
        {"a broken element fails alone", test_broken_element_fails_alone},
        {"two broken strings do not swallow what is between",
         test_two_broken_strings_do_not_swallow_what_is_between},
        {"broken elements side by side", test_broken_ones_side_by_side},
        {"nested objects stay in their broken event", test_nested_objects_stay_in_their_broken_event},
        {"commas too many and too few", test_separators},
        {"values that are no events", test_values_that_are_no_events},
        {"what is malformed", test_rules},
        {"a parcel over 2^31 is well-formed", test_parcel_over_31_bits_is_well_formed_here},
        {"deep nesting is one broken event", test_deep_nesting_is_one_broken_event},
        {"random damage to one event loses no neighbour", test_random_damage_loses_nothing},
        {"a hostile page takes no longer than its length", test_hostile_page_takes_no_longer_than_its_length},
    };
    int rc = tap_run("scanapi_page", tests, sizeof tests / sizeof *tests);
    arena_free(arena);
    return rc;
}
