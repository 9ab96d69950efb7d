/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "tap.h"

#include "../../tools/scanapi_sim/faults.h"
#include "../../tools/scanapi_sim/options.h"
#include "../../tools/scanapi_sim/page.h"

#include <stdlib.h>
#include <zlib.h>

#define EVENTS 3000

/* The settings that these words on the command line give. */
static struct settings settings_of(const char *const *words, size_t count)
{
    struct settings settings;
    char message[OPTIONS_MESSAGE_SIZE] = "";
    char *argv[32] = {NULL};
    for (size_t i = 0; i < count; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    options_defaults(&settings);
    CU_ASSERT(options_parse(&settings, (int)count + 1, argv, 0, message) == 0);
    CU_ASSERT_STRING_EQUAL(message, "");
    return settings;
}

#define SETTINGS(...)                                                                                        \
    settings_of((const char *const[]){__VA_ARGS__},                                                          \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static struct page_maker maker_open(const struct settings *settings)
{
    char message[256] = "";
    int status = 0;
    struct feed *feed = feed_open(&settings->feed, message, sizeof message, &status);
    if (!feed) {
        fprintf(stderr, "feed_open: %s\n", message);
        abort();
    }
    return (struct page_maker){.feed = feed, .options = settings->page, .seed = settings->feed.seed};
}

static void maker_close(struct page_maker *maker)
{
    feed_close((struct feed *)(uintptr_t)maker->feed);
    page_maker_fini(maker);
}

static struct page_facts page_of(struct page_maker *maker, int64_t from, uint64_t limit, struct text *out)
{
    struct page_facts facts;
    struct page_request request = {.from = from, .limit = limit, .visible = maker->feed->count};
    out->length = 0;
    page_make(maker, &request, out, &facts);
    return facts;
}

static bool texts_equal(const struct text *one, const struct text *other)
{
    return one->length == other->length && !memcmp(one->data, other->data, one->length);
}

static bool text_holds(const struct text *text, const struct text *part)
{
    return memmem(text->data, text->length, part->data, part->length) != NULL;
}

/* What the slots first ... end - 1 should look like in a page. */
static void expect_page(const struct page_maker *maker, uint64_t first, uint64_t end, struct text *out)
{
    out->length = 0;
    text_literal(out, "{\"ScanEvents\":[");
    for (uint64_t index = first; index < end; index++) {
        struct slot slot = maker->feed->slot(maker->feed, index);
        if (index > first)
            text_literal(out, ",");
        page_append_element(maker, &slot, out);
    }
    text_literal(out, "]}");
}

static void test_seed_decides(void)
{
    struct settings settings = SETTINGS("--generate", "--events=3000", "--malformed=10", "--seed=5");
    struct page_maker one = maker_open(&settings), same = maker_open(&settings);
    settings.feed.seed = 6;
    struct page_maker other = maker_open(&settings);
    struct text a = {0}, b = {0};
    page_of(&one, 1, EVENTS, &a);
    page_of(&same, 1, EVENTS, &b);
    CU_ASSERT(texts_equal(&a, &b));
    page_of(&other, 1, EVENTS, &b);
    CU_ASSERT(!texts_equal(&a, &b));
    text_fini(&a);
    text_fini(&b);
    maker_close(&one);
    maker_close(&same);
    maker_close(&other);
}

static void check_ids(const char *gaps, int64_t last)
{
    struct settings settings = SETTINGS("--generate", "--events=3000", "--gaps", gaps);
    struct page_maker maker = maker_open(&settings);
    const struct feed *feed = maker.feed;
    int64_t before = 0;
    for (uint64_t index = 0; index < feed->count; index++) {
        int64_t position = feed->slot(feed, index).position;
        CU_ASSERT(position > before);
        CU_ASSERT(feed->find(feed, position) == index);
        CU_ASSERT(feed->find(feed, before + 1) == index);
        before = position;
    }
    CU_ASSERT(before <= last && before > last - 100);
    CU_ASSERT(feed->find(feed, before + 1) == feed->count);
    CU_ASSERT(feed->find(feed, INT64_MAX) == feed->count);
    CU_ASSERT(feed->find(feed, INT64_MIN) == 0);
    maker_close(&maker);
}

static void test_ids_and_slots_lead_to_each_other(void)
{
    check_ids("0", 3000);
    check_ids("10", 3400);
    check_ids("75", 12000);
    check_ids("99", 300000);
}

static void test_pages_hold_every_element_once(void)
{
    struct settings settings = SETTINGS("--generate", "--events=3000", "--malformed=5", "--broken=5",
                                        "--unbalanced=1", "--invalid-utf8=5", "--nul=5", "--wide-parcels=5");
    struct page_maker maker = maker_open(&settings);
    struct text page = {0}, expected = {0};
    for (uint64_t first = 0; first < EVENTS; first += 700) {
        uint64_t end = first + 700 < EVENTS ? first + 700 : EVENTS;
        struct slot slot = maker.feed->slot(maker.feed, first);
        struct page_facts facts = page_of(&maker, slot.position, 700, &page);
        expect_page(&maker, first, end, &expected);
        CU_ASSERT(facts.elements == end - first);
        CU_ASSERT(facts.reaches_end == (end == EVENTS));
        CU_ASSERT(texts_equal(&page, &expected));
    }
    text_fini(&page);
    text_fini(&expected);
    maker_close(&maker);
}

static void test_page_past_the_end_is_empty(void)
{
    struct settings settings =
        SETTINGS("--generate", "--events=10", "--shuffle", "--repeat=50", "--stale=50");
    struct page_maker maker = maker_open(&settings);
    struct text page = {0};
    struct page_facts facts = page_of(&maker, 1000, 10, &page);
    CU_ASSERT(facts.elements == 0 && facts.reaches_end);
    CU_ASSERT(page.length == 17 && !memcmp(page.data, "{\"ScanEvents\":[]}", 17));
    text_fini(&page);
    maker_close(&maker);
}

static void test_same_request_gives_same_bytes(void)
{
    struct settings settings = SETTINGS("--generate", "--events=3000", "--shuffle", "--repeat=20",
                                        "--stale=20", "--malformed=5", "--indent");
    struct page_maker maker = maker_open(&settings);
    struct text once = {0}, again = {0};
    for (int64_t from = 1; from < 3000; from += 371) {
        struct page_facts facts = page_of(&maker, from, 100, &once);
        page_of(&maker, from + 1, 100, &again);
        page_of(&maker, from, 100, &again);
        CU_ASSERT(texts_equal(&once, &again));
        CU_ASSERT(facts.elements == 100);
    }
    text_fini(&once);
    text_fini(&again);
    maker_close(&maker);
}

static void test_disorder_leaves_out_nothing(void)
{
    struct settings settings =
        SETTINGS("--generate", "--events=3000", "--shuffle", "--repeat=20", "--stale=20", "--malformed=5");
    struct page_maker maker = maker_open(&settings);
    const struct feed *feed = maker.feed;
    struct text page = {0}, element = {0};
    uint64_t next = 0;
    while (next < EVENTS) {
        struct page_facts facts = page_of(&maker, feed->slot(feed, next).position, 100, &page);
        uint64_t before = next;
        for (; next < EVENTS; next++) {
            struct slot slot = feed->slot(feed, next);
            element.length = 0;
            page_append_element(&maker, &slot, &element);
            if (!text_holds(&page, &element))
                break;
        }
        CU_ASSERT(next - before >= 40 || facts.reaches_end);
        if (next == before)
            break;
    }
    CU_ASSERT(next == EVENTS);
    /* With room for one there is no room for disorder, or nobody could ever go on. */
    page_of(&maker, feed->slot(feed, 77).position, 1, &page);
    expect_page(&maker, 77, 78, &element);
    CU_ASSERT(texts_equal(&page, &element));
    text_fini(&page);
    text_fini(&element);
    maker_close(&maker);
}

static int compare_texts(const void *one, const void *other)
{
    return strcmp(((const struct text *)one)->data, ((const struct text *)other)->data);
}

static void test_bad_events_are_many_and_distinct(void)
{
    struct settings settings = SETTINGS("--generate", "--events=3000", "--malformed=20", "--broken=20",
                                        "--invalid-utf8=5", "--nul=3");
    struct page_maker maker = maker_open(&settings);
    static struct text bad[EVENTS];
    size_t count = 0;
    for (uint64_t index = 0; index < EVENTS; index++) {
        struct slot slot = maker.feed->slot(maker.feed, index);
        if (page_shows_good(&maker, &slot) || slot.kind == SLOT_NUL_RAW)
            continue;
        page_append_element(&maker, &slot, &bad[count]);
        text_fill(&bad[count], '\0', 1);
        CU_ASSERT(maker.feed->fault(maker.feed, &slot) != NULL);
        count++;
    }
    CU_ASSERT(count > EVENTS * 40 / 100 && count < EVENTS * 50 / 100);
    qsort(bad, count, sizeof bad[0], compare_texts);
    for (size_t i = 1; i < count; i++)
        CU_ASSERT(strcmp(bad[i - 1].data, bad[i].data) != 0);
    for (size_t i = 0; i < count; i++)
        text_fini(&bad[i]);
    maker_close(&maker);
}

static void test_a_page_of_malformed(void)
{
    struct settings settings = SETTINGS("--generate", "--events=3000", "--page-of-malformed=500:1000");
    struct page_maker maker = maker_open(&settings);
    uint64_t first = maker.feed->find(maker.feed, 500);
    for (uint64_t index = 0; index < EVENTS; index++) {
        struct slot slot = maker.feed->slot(maker.feed, index);
        CU_ASSERT(slot_is_good(&slot) == (index < first || index >= first + 1000));
    }
    maker_close(&maker);
}

static void test_retention_hides_the_oldest(void)
{
    struct settings settings =
        SETTINGS("--generate", "--events=3000", "--retention=1000", "--stale=100", "--shuffle");
    struct page_maker maker = maker_open(&settings);
    struct text page = {0}, element = {0};
    uint64_t first = maker.feed->find(maker.feed, 1000);
    page_of(&maker, 1, 50, &page);
    struct slot slot = maker.feed->slot(maker.feed, first);
    page_append_element(&maker, &slot, &element);
    CU_ASSERT(text_holds(&page, &element));
    for (uint64_t index = 0; index < first; index++) {
        slot = maker.feed->slot(maker.feed, index);
        element.length = 0;
        page_append_element(&maker, &slot, &element);
        CU_ASSERT(!text_holds(&page, &element));
    }
    text_fini(&page);
    text_fini(&element);
    maker_close(&maker);
}

/* Whether it is the slot's own event, with nothing but a padding put behind its first brace. */
static bool is_padded(const struct page_maker *maker, const struct slot *slot, const struct text *element)
{
    static const char head[] = "{\"Padding\":\"x";
    struct text own = {0};
    maker->feed->append(maker->feed, slot, &own);
    const char *tail = element->data + element->length - (own.length - 1);
    bool padded = !memcmp(element->data, head, sizeof head - 1) && !memcmp(tail - 3, "x\",", 3) &&
                  !memcmp(tail, own.data + 1, own.length - 1);
    text_fini(&own);
    return padded;
}

static void test_huge_and_unreadable_places(void)
{
    struct settings settings =
        SETTINGS("--generate", "--events=300", "--huge-event=20:50000", "--unreadable=101,200");
    struct page_maker maker = maker_open(&settings);
    struct text element = {0};
    for (uint64_t index = 0; index < 300; index++) {
        struct slot slot = maker.feed->slot(maker.feed, index);
        bool huge = maker.feed->find(maker.feed, 20) == index;
        bool unreadable =
            maker.feed->find(maker.feed, 101) == index || maker.feed->find(maker.feed, 200) == index;
        element.length = 0;
        page_append_element(&maker, &slot, &element);
        CU_ASSERT(page_shows_good(&maker, &slot) == !unreadable);
        CU_ASSERT(huge ? element.length == 50000 : element.length < 1000);
        CU_ASSERT(element.data[0] == '{');
        CU_ASSERT(!huge || is_padded(&maker, &slot, &element));
    }
    text_fini(&element);
    maker_close(&maker);
}

static const char *file_write(const char *name, const char *bytes, bool packed)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", tap_scratch_dir(), name);
    gzFile file = gzopen(path, packed ? "wb" : "wbT");
    CU_ASSERT(file && gzwrite(file, bytes, (unsigned)strlen(bytes)) == (int)strlen(bytes));
    gzclose(file);
    return path;
}

static void test_file_keeps_its_lines(void)
{
    static const char lines[] = "{\"EventId\": 5, \"ParcelId\":1 }\n\n  {\"ParcelId\":2,\"EventId\":9}\r\n"
                                "no event at all\n{\"EventId\":12}";
    static const char expected[] =
        "{\"ScanEvents\":[{\"EventId\": 5, \"ParcelId\":1 },{\"ParcelId\":2,\"EventId\":9},"
        "no event at all,{\"EventId\":12}]}";
    for (int packed = 0; packed < 2; packed++) {
        const char *path = file_write(packed ? "lines.gz" : "lines", lines, packed);
        struct settings settings = SETTINGS("--file", path);
        struct page_maker maker = maker_open(&settings);
        struct text page = {0};
        page_of(&maker, 1, 100, &page);
        CU_ASSERT(page.length == sizeof expected - 1 && !memcmp(page.data, expected, page.length));
        CU_ASSERT(maker.feed->find(maker.feed, 9) == 1);
        CU_ASSERT(maker.feed->find(maker.feed, 10) == 3);
        struct slot slot = maker.feed->slot(maker.feed, 2);
        CU_ASSERT(!page_shows_good(&maker, &slot));
        text_fini(&page);
        maker_close(&maker);
    }
}

static void test_file_gets_bad_ones_between_its_lines(void)
{
    struct text lines = {0};
    for (int id = 1; id <= 1000; id++)
        text_format(&lines, "{\"EventId\":%d}\n", id);
    text_fill(&lines, '\0', 1);
    struct settings settings = SETTINGS("--file", file_write("many", lines.data, false), "--malformed=10",
                                        "--page-of-malformed=500:30");
    struct page_maker maker = maker_open(&settings);
    uint64_t good = 0, before = 0;
    for (uint64_t index = 0; index < maker.feed->count; index++) {
        struct slot slot = maker.feed->slot(maker.feed, index);
        good += page_shows_good(&maker, &slot);
        CU_ASSERT((uint64_t)slot.position >= before);
        before = (uint64_t)slot.position;
    }
    CU_ASSERT(good == 1000);
    CU_ASSERT(maker.feed->count > 1080 && maker.feed->count < 1180);
    text_fini(&lines);
    maker_close(&maker);
}

static void test_files_that_cannot_be_served(void)
{
    char message[256] = "";
    int status = 0;
    struct settings settings =
        SETTINGS("--file", file_write("unsorted", "{\"EventId\":2}\n{\"EventId\":1}\n", false));
    CU_ASSERT(!feed_open(&settings.feed, message, sizeof message, &status));
    CU_ASSERT(status == 65 && !strncmp(message, "line 2: ", 8));
    settings = SETTINGS("--file", "/no/such/file");
    CU_ASSERT(!feed_open(&settings.feed, message, sizeof message, &status));
    CU_ASSERT(status == 66);
}

static void test_faults_end(void)
{
    struct settings settings =
        SETTINGS("--generate", "--fail-503=40%", "--cut=50%", "--html=2", "--max-streak=3");
    struct faults faults = {.options = settings.faults, .seed = 9}, same = faults;
    uint64_t chance, streak = 0, failed = 0;
    CU_ASSERT(faults_next(&faults, 1, &chance) == FAULT_HTML &&
              faults_next(&faults, 1, &chance) == FAULT_HTML);
    CU_ASSERT(faults_next(&same, 1, &chance) == FAULT_HTML && faults_next(&same, 1, &chance) == FAULT_HTML);
    for (int i = 0; i < 1000; i++) {
        enum fault fault = faults_next(&faults, 1, &chance);
        CU_ASSERT(fault == faults_next(&same, 1, &chance));
        streak = fault == FAULT_NONE ? 0 : streak + 1;
        failed += fault != FAULT_NONE;
        CU_ASSERT(streak <= 3);
    }
    CU_ASSERT(failed > 600);
    faults.options.down_until = 100;
    CU_ASSERT(faults_next(&faults, 99, &chance) == FAULT_RESET);
}

static void test_options_and_their_mistakes(void)
{
    static const char *const wrong[][3] = {
        {"--generate", "--file=x", NULL},   {"--seed=1", NULL, NULL},
        {"--generate", "--seed", NULL},     {"--generate", "--gaps=100", NULL},
        {"--generate", "--cut=101%", NULL}, {"--generate", "--seed=-1", NULL},
        {"--generate", "--repeat=x", NULL}, {"--generate", "--nonsense", NULL},
        {"generate", NULL, NULL},           {"--generate", "--broken=60", "--malformed=60"},
        {"--generate=maybe", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct settings settings;
        char message[OPTIONS_MESSAGE_SIZE] = "";
        char *argv[4] = {NULL};
        int argc = 1;
        while (argc < 4 && wrong[i][argc - 1]) {
            argv[argc] = (char *)(uintptr_t)wrong[i][argc - 1];
            argc++;
        }
        options_defaults(&settings);
        CU_ASSERT(options_parse(&settings, argc, argv, 0, message) == -1);
        CU_ASSERT(*message);
    }
}

static void test_live_changes(void)
{
    struct settings settings = SETTINGS("--generate", "--unreadable=7", "--cut=10%");
    char message[OPTIONS_MESSAGE_SIZE] = "";
    CU_ASSERT(options_set_live(&settings, "html-for", "2.5", 1000, message) == 0);
    CU_ASSERT(settings.faults.html_until == 2500001000);
    CU_ASSERT(options_set_live(&settings, "unreadable", "0,9", 0, message) == 0);
    CU_ASSERT(settings.page.unreadable.count == 1 && settings.page.unreadable.at[0].id == 9);
    CU_ASSERT(options_set_live(&settings, "cut", "5", 0, message) == 0);
    CU_ASSERT(settings.faults.cut.count == 5 && settings.faults.cut.percent == 0);
    CU_ASSERT(options_set_live(&settings, "shuffle", NULL, 0, message) == 0 && settings.page.shuffle);
    CU_ASSERT(options_set_live(&settings, "seed", "5", 0, message) == -1 && settings.feed.seed == 1);
    CU_ASSERT(options_set_live(&settings, "cut", NULL, 0, message) == -1);
}

int main(void)
{
    struct tap_test tests[] = {
        {"the seed decides all", test_seed_decides},
        {"ids and slots lead to each other", test_ids_and_slots_lead_to_each_other},
        {"pages hold every element once", test_pages_hold_every_element_once},
        {"a page past the end is empty", test_page_past_the_end_is_empty},
        {"the same request gives the same bytes", test_same_request_gives_same_bytes},
        {"disorder leaves out nothing", test_disorder_leaves_out_nothing},
        {"bad events are many and distinct", test_bad_events_are_many_and_distinct},
        {"a page of malformed ones", test_a_page_of_malformed},
        {"retention hides the oldest", test_retention_hides_the_oldest},
        {"huge and unreadable places", test_huge_and_unreadable_places},
        {"a file keeps its lines", test_file_keeps_its_lines},
        {"a file gets bad ones between its lines", test_file_gets_bad_ones_between_its_lines},
        {"files that cannot be served", test_files_that_cannot_be_served},
        {"faults end", test_faults_end},
        {"options and their mistakes", test_options_and_their_mistakes},
        {"live changes", test_live_changes},
    };
    return tap_run("sim_feed", tests, sizeof tests / sizeof tests[0]);
}
