/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "engine/framing.h"
#include "tap.h"

#include <scanpipe/envelope.h>
#include <scanpipe/host.h>
#include <stdio.h>
#include <stdlib.h>

static struct sp_arena *arena;
static struct sp_error err;

static uint64_t dice;
static uint64_t roll(uint64_t sides)
{
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (dice >> 33) % sides;
}

static bool text_is(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same(const struct sp_letter *a, const struct sp_letter *b)
{
    return memcmp(a->id, b->id, sizeof a->id) == 0 && sp_slice_equal(a->event, b->event) &&
           text_is(a->pipeline, b->pipeline) && text_is(a->stage, b->stage) &&
           text_is(a->plugin, b->plugin) && text_is(a->class, b->class) && text_is(a->reason, b->reason) &&
           text_is(a->column, b->column) && text_is(a->pointer, b->pointer) &&
           text_is(a->event_id, b->event_id) && text_is(a->event_key, b->event_key) &&
           text_is(a->cursor, b->cursor) && text_is(a->place, b->place) && a->attempts == b->attempts &&
           a->first_wall_ms == b->first_wall_ms && a->last_wall_ms == b->last_wall_ms;
}

/* Whether any queue of text can carry it: one line, UTF-8, what XML allows. */
static bool is_plain(struct sp_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return !memmem(text.data, text.size, "\xef\xbf\xbe", 3) &&
           !memmem(text.data, text.size, "\xef\xbf\xbf", 3);
}

static const struct sp_letter example = {
    .id = {0x00, 0x1f, 0xff},
    .version = 7,
    .event = {"{\"EventId\": 3}", 14},
    .pipeline = "parcels",
    .stage = "table",
    .class = "value",
    .reason = "is more than 2147483647: \"4294967296\"",
    .column = "ParcelId",
    .pointer = "/ParcelId",
    .event_id = "3",
    .attempts = 2,
    .first_wall_ms = 1767225600123,
    .last_wall_ms = 1767225601000,
};

static const char *const example_text =
    "{\"envelope\":1,\"id\":\"001fff0000000000000000000000000000000000000000000000000000000000\","
    "\"attempts\":2,\"first\":\"2026-01-01T00:00:00.123Z\",\"last\":\"2026-01-01T00:00:01.000Z\","
    "\"pipeline\":\"parcels\",\"stage\":\"table\",\"class\":\"value\","
    "\"reason\":\"is more than 2147483647: \\\"4294967296\\\"\",\"column\":\"ParcelId\","
    "\"pointer\":\"/ParcelId\",\"event_id\":\"3\",\"event\":\"{\\\"EventId\\\": 3}\"}";

static void an_envelope_looks_as_its_page_says(void)
{
    struct sp_letter back;
    struct sp_slice text = sp_envelope_format(&example, arena);
    CU_ASSERT(sp_slice_equal(text, sp_slice_of(example_text)));
    CU_ASSERT(sp_envelope_parse(text, arena, &back, &err) == 0);
    CU_ASSERT(is_same(&back, &example));
    CU_ASSERT(back.version == 0);
    size_t size;
    char *own = sp_envelope_text(&example, &size);
    CU_ASSERT(size == text.size && strcmp(own, example_text) == 0);
    free(own);
}

/* Any bytes; now and then only text, with what is difficult in it. */
static struct sp_slice random_bytes(void)
{
    static const char *const pieces[] = {
        "a",        "\"",           "\\",           "\n",           "\r",   "{\"a\":1}",
        "\xc3\xa4", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xe2\x80\xa8", "\x7f", "/"};
    struct buffer out = {0};
    bool text = roll(2);
    for (uint64_t left = roll(20); left > 0; left--) {
        if (text)
            buffer_add_text(&out, pieces[roll(sizeof pieces / sizeof *pieces)]);
        else
            buffer_add_char(&out, (char)roll(256));
        if (roll(30) == 0)
            buffer_add_char(&out, '\0');
    }
    struct sp_slice bytes = sp_arena_copy(arena, (struct sp_slice){out.data, out.size});
    buffer_fini(&out);
    return bytes;
}

/* NULL, or text that a C string can hold: what is no UTF-8 would not come back. */
static const char *random_text(void)
{
    struct sp_slice text = random_bytes();
    struct buffer quoted = {0};
    if (roll(4) == 0)
        return NULL;
    buffer_add_json(&quoted, text);
    const char *out = sp_arena_text(arena, quoted.data, quoted.size);
    buffer_fini(&quoted);
    return out;
}

static struct sp_letter random_letter(void)
{
    struct sp_letter letter = {
        .event = random_bytes(),
        .pipeline = random_text(),
        .stage = random_text(),
        .plugin = random_text(),
        .class = random_text(),
        .reason = random_text(),
        .column = random_text(),
        .pointer = random_text(),
        .event_id = random_text(),
        .event_key = random_text(),
        .cursor = random_text(),
        .place = random_text(),
        .attempts = (int64_t)roll(roll(2) ? 5 : INT64_MAX),
        .first_wall_ms = (int64_t)roll(UINT64_C(200000000000000)) - INT64_C(50000000000000),
        .last_wall_ms = (int64_t)roll(UINT64_C(200000000000000)),
    };
    for (size_t i = 0; i < sizeof letter.id; i++)
        letter.id[i] = (unsigned char)roll(256);
    return letter;
}

static void any_letter_comes_back(void)
{
    for (int i = 0; i < 5000; i++) {
        struct sp_letter letter = random_letter(), back;
        struct sp_slice text = sp_envelope_format(&letter, arena);
        bool same =
            is_plain(text) && sp_envelope_parse(text, arena, &back, &err) == 0 && is_same(&letter, &back);
        CU_ASSERT(same);
        if (!same)
            printf("# %s: %.*s\n", err.text, (int)text.size, text.data);
        if (i % 100 == 0)
            arena_reset(arena, 1 << 20);
    }
}

static void times_outside_of_the_calendar_are_cut(void)
{
    struct sp_letter letter = {.first_wall_ms = INT64_MIN, .last_wall_ms = INT64_MAX}, back;
    CU_ASSERT(sp_envelope_parse(sp_envelope_format(&letter, arena), arena, &back, &err) == 0);
    CU_ASSERT_EQUAL(back.first_wall_ms, INT64_C(-62135596800000));
    CU_ASSERT_EQUAL(back.last_wall_ms, INT64_C(253402300799999));
}

/* Whatever is cut off or changed, nothing but a whole letter comes out. */
static void a_damaged_envelope_is_told(void)
{
    struct sp_slice whole = sp_slice_of(example_text);
    struct sp_letter back = {.version = 77};
    for (size_t size = 0; size < whole.size; size++) {
        CU_ASSERT(sp_envelope_parse((struct sp_slice){whole.data, size}, arena, &back, &err) == -1);
        CU_ASSERT(err.class == SP_REJECTED && strncmp(err.text, "is no envelope: ", 16) == 0);
    }
    CU_ASSERT_EQUAL(back.version, 77);
    for (int i = 0; i < 20000; i++) {
        char *text = sp_arena_text(arena, whole.data, whole.size);
        for (uint64_t hits = 1 + roll(3); hits > 0; hits--)
            text[roll(whole.size)] = (char)roll(256);
        (void)!sp_envelope_parse((struct sp_slice){text, whole.size}, arena, &back, &err);
        if (i % 100 == 0)
            arena_reset(arena, 1 << 20);
    }
}

static void what_is_strange_is_refused(void)
{
#define ID "\"id\":\"001fff0000000000000000000000000000000000000000000000000000000000\""
    static const struct {
        const char *text, *wrong;
    } cases[] = {
        {"{\"envelope\":1," ID ",\"event\":\"\"}", NULL},
        {"{\"envelope\":1," ID ",\"event\":\"\",\"reason\":null,\"first\":null,\"later\":{\"a\":[1]}}", NULL},
        {"{\"envelope\":1," ID ",\"event_base64\":\"\\/w==\"}", NULL},
        {"[]", "'envelope' is missing"},
        {"{\"EventId\":1}", "'envelope' is missing"},
        {"{\"envelope\":\"1\"," ID ",\"event\":\"\"}", "'envelope' is no version"},
        {"{\"envelope\":2," ID ",\"event\":\"\"}", "newer"},
        {"{\"envelope\":1,\"event\":\"\"}", "'id' is missing"},
        {"{\"envelope\":1,\"id\":\"1f\",\"event\":\"\"}", "64 hexadecimal digits"},
        {"{\"envelope\":1," ID "}", "'event' is missing"},
        {"{\"envelope\":1," ID ",\"event\":{\"EventId\":1}}", "'event' is not text"},
        {"{\"envelope\":1," ID ",\"event\":\"\",\"event_base64\":\"\"}", "both there"},
        {"{\"envelope\":1," ID ",\"event_base64\":\"/w=\"}", "no base64"},
        {"{\"envelope\":1," ID ",\"event_base64\":\"/x==\"}", "no base64"},
        {"{\"envelope\":1," ID ",\"event_base64\":\"====\"}", "no base64"},
        {"{\"envelope\":1," ID ",\"event_base64\":\"ab c\"}", "no base64"},
        {"{\"envelope\":1," ID ",\"event\":\"\",\"attempts\":-1}", "'attempts' is no count"},
        {"{\"envelope\":1," ID ",\"event\":\"\",\"attempts\":9223372036854775808}", "'attempts' is no count"},
        {"{\"envelope\":1," ID ",\"event\":\"\",\"first\":\"yesterday\"}", "'first' is no RFC 3339 time"},
        {"{\"envelope\":1," ID ",\"event\":\"\",\"first\":17}", "'first' is not text"},
        {"{\"envelope\":1," ID ",\"event\":\"\",\"reason\":\"a\\u0000b\"}", "'reason' has a NUL in it"},
        {"{\"envelope\":1," ID ",\"event\":\"\"} {}", "is no envelope: "},
    };
    struct sp_letter back;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = sp_envelope_parse(sp_slice_of(cases[i].text), arena, &back, &err);
        bool right = cases[i].wrong ? rc == -1 && strstr(err.text, cases[i].wrong) : rc == 0;
        CU_ASSERT(right);
        if (!right)
            printf("# %s: %s\n", cases[i].text, rc ? err.text : "no error");
    }
}

static struct sp_received in_message(const char *format, struct sp_slice body)
{
    static struct sp_attribute attribute;
    attribute = (struct sp_attribute){sp_slice_of(FRAMING_FORMAT), sp_slice_of(format)};
    return (struct sp_received){.body = body, .attributes = &attribute, .attribute_count = 1};
}

static void an_event_comes_out_of_its_envelope_with_its_history(void)
{
    /* Given bytes that are neither text nor one line, in an envelope */
    struct sp_letter letter = example;
    letter.event = (struct sp_slice){"\xff{\r\n\0}\n", 7};
    struct sp_received message = in_message(FRAMING_ENVELOPE, sp_envelope_format(&letter, arena));
    struct framing_reader reader = framing_open(&message);
    struct sp_slice event;
    const struct framing_history *history;
    /* when the message is read, then they are the one event in it, and its history is known. */
    CU_ASSERT(framing_next_event(&reader, arena, &event, &history));
    CU_ASSERT(sp_slice_equal(event, letter.event));
    CU_ASSERT(history && history->attempts == 2 && history->first_wall_ms == example.first_wall_ms &&
              !history->wrong);
    CU_ASSERT(!framing_next_event(&reader, arena, &event, &history));
}

static void what_only_says_it_is_an_envelope_is_told(void)
{
    struct sp_letter letter = example;
    struct sp_slice event;
    const struct framing_history *history;
    letter.place = "/var/spool/large";
    struct sp_slice bodies[] = {sp_slice_of("{\"EventId\":1}\n{\"EventId\":2}"), sp_slice_of("what?"),
                                sp_envelope_format(&letter, arena)};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct sp_received message = in_message(FRAMING_ENVELOPE, bodies[i]);
        struct framing_reader reader = framing_open(&message);
        CU_ASSERT(framing_next_event(&reader, arena, &event, &history));
        CU_ASSERT(history && history->wrong && history->attempts == 0);
        CU_ASSERT(sp_slice_equal(event, bodies[i]));
        CU_ASSERT(!framing_next_event(&reader, arena, &event, &history));
    }
}

static void an_envelope_is_known_by_its_attribute_only(void)
{
    struct sp_slice event;
    const struct framing_history *history;
    struct sp_received message = in_message(FRAMING_NDJSON, sp_slice_of(example_text));
    struct framing_reader reader = framing_open(&message);
    CU_ASSERT(framing_next_event(&reader, arena, &event, &history));
    CU_ASSERT(sp_slice_equal(event, sp_slice_of(example_text)) && !history);
    message.attribute_count = 0;
    reader = framing_open(&message);
    CU_ASSERT(framing_next_event(&reader, arena, &event, &history));
    CU_ASSERT(sp_slice_equal(event, sp_slice_of(example_text)) && !history);
}

int main(void)
{
    const char *seed = getenv("SCANPIPE_TEST_SEED");
    dice = seed ? strtoull(seed, NULL, 10) : sp_random() % 1000000;
    printf("# seed %llu (SCANPIPE_TEST_SEED repeats it)\n", (unsigned long long)dice);
    arena = arena_new(65536);
    struct tap_test tests[] = {
        {"an envelope looks as its page says", an_envelope_looks_as_its_page_says},
        {"any letter comes back", any_letter_comes_back},
        {"times outside of the calendar are cut", times_outside_of_the_calendar_are_cut},
        {"a damaged envelope is told", a_damaged_envelope_is_told},
        {"what is strange is refused", what_is_strange_is_refused},
        {"framing: an event comes out of its envelope with its history",
         an_event_comes_out_of_its_envelope_with_its_history},
        {"framing: what only says it is an envelope is told", what_only_says_it_is_an_envelope_is_told},
        {"framing: an envelope is known by its attribute only", an_envelope_is_known_by_its_attribute_only},
    };
    int failed = tap_run("envelope", tests, sizeof tests / sizeof *tests);
    arena_free(arena);
    return failed;
}
