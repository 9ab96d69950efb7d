/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "config/options.h"
#include "tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A plugin's configuration with an option of every type, and what the core adds to the same stage. */
struct plugin_config {
    const char *url, *password, *bearer;
    int64_t page_size, offset, limit, poll_interval;
    bool follow;
    struct sp_rate rate;
    int32_t format;
    struct sp_list fields;
    struct sp_map query, extra;
};

struct core_config {
    const char *plugin;
    int64_t initial, max;
};

static const char *const formats[] = {"text", "json", "ndjson", NULL};

#define AT(field) offsetof(struct plugin_config, field)

static const struct sp_option plugin_options[] = {
    {.name = "url",
     .type = SP_OPT_STRING,
     .flags = SP_OPT_REQUIRED,
     .offset = AT(url),
     .doc = "Base of the feed"},
    {.name = "password", .type = SP_OPT_SECRET, .offset = AT(password), .doc = "Who we are"},
    {.name = "auth.bearer", .type = SP_OPT_SECRET, .offset = AT(bearer), .doc = "A token"},
    {.name = "page_size",
     .type = SP_OPT_INTEGER,
     .offset = AT(page_size),
     .default_text = "1000",
     .min = 1,
     .max = 5000,
     .doc = "Events a page"},
    {.name = "offset", .type = SP_OPT_INTEGER, .offset = AT(offset), .doc = "Where to begin"},
    {.name = "limit",
     .type = SP_OPT_SIZE,
     .offset = AT(limit),
     .default_text = "8MiB",
     .min = 1024,
     .max = INT64_MAX,
     .doc = "Bytes at most"},
    {.name = "poll_interval",
     .type = SP_OPT_DURATION,
     .offset = AT(poll_interval),
     .default_text = "5s",
     .min = 10 * SP_MILLISECOND,
     .max = 86400 * SP_SECOND,
     .doc = "How long to wait when there is nothing newer"},
    {.name = "follow", .type = SP_OPT_BOOLEAN, .offset = AT(follow), .default_text = "true", .doc = "Go on"},
    {.name = "rate", .type = SP_OPT_RATE, .offset = AT(rate), .default_text = "10/s", .doc = "How often"},
    {.name = "format",
     .type = SP_OPT_ENUM,
     .offset = AT(format),
     .default_text = "json",
     .choices = formats,
     .doc = "How it is written"},
    {.name = "fields",
     .type = SP_OPT_LIST,
     .offset = AT(fields),
     .default_text = "[a, 'b c']",
     .doc = "Which"},
    {.name = "query", .type = SP_OPT_MAP, .offset = AT(query), .default_text = "{/a: b}", .doc = "What"},
    {.name = "extra", .type = SP_OPT_SECRET_MAP, .offset = AT(extra), .doc = "Lines to send along"},
};

static const struct sp_option core_options[] = {
    {.name = "plugin",
     .type = SP_OPT_STRING,
     .offset = offsetof(struct core_config, plugin),
     .default_text = "sqlite",
     .doc = "The plugin"},
    {.name = "retry.initial",
     .type = SP_OPT_DURATION,
     .offset = offsetof(struct core_config, initial),
     .default_text = "200ms",
     .doc = "First pause"},
    {.name = "retry.max",
     .type = SP_OPT_DURATION,
     .flags = SP_OPT_REQUIRED,
     .offset = offsetof(struct core_config, max),
     .doc = "Longest pause"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* A stage's options being read from a whole file. */
struct story {
    struct diag *diag;
    struct sp_arena *arena;
    struct yaml_node *root;
    struct plugin_config plugin;
    struct core_config core;
    struct buffer told;
};

static struct story read_stage(const char *text)
{
    static const char *const ignore[] = {"table", NULL};
    struct story story = {.diag = diag_new("p.yaml", sp_slice_of(text)), .arena = arena_new(4096)};
    struct option_set sets[] = {{core_options, COUNT_OF(core_options), &story.core},
                                {plugin_options, COUNT_OF(plugin_options), &story.plugin}};
    story.root = yaml_parse(sp_slice_of(text), story.diag, story.arena);
    if (story.root) {
        yaml_expand(story.root, story.diag, story.arena);
        options_read(story.root, (struct mark){1, 1, 1}, sets, 2, ignore, story.diag, story.arena);
    }
    diag_print(story.diag, &story.told);
    return story;
}

static void story_fini(struct story *story)
{
    buffer_fini(&story->told);
    diag_free(story->diag);
    arena_free(story->arena);
}

/* What every file needs, so that a story can be about one line more. */
static struct story read_lines(const char *lines)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    buffer_printf(&text, "%s\nurl: x\nretry: {max: 1s}\n", lines);
    return read_stage(text.data);
}

static bool tells(const char *lines, const char *what)
{
    SP_AUTO(story_fini) struct story story = read_lines(lines);
    bool found = strstr(buffer_text(&story.told), what) != NULL && diag_errors(story.diag) == 1;
    if (!found)
        printf("# not told alone: %s\n# but:\n# %s\n", what, buffer_text(&story.told));
    return found;
}

static void defaults_fill_what_is_not_written(void)
{
    SP_AUTO(story_fini) struct story story = read_stage("url: x\nretry: {max: 1s}\n");
    struct plugin_config *plugin = &story.plugin;
    CU_ASSERT_EQUAL(diag_errors(story.diag), 0);
    CU_ASSERT_STRING_EQUAL(plugin->url, "x");
    CU_ASSERT_PTR_NULL(plugin->password);
    CU_ASSERT_EQUAL(plugin->page_size, 1000);
    CU_ASSERT_EQUAL(plugin->limit, 8 << 20);
    CU_ASSERT_EQUAL(plugin->poll_interval, 5 * SP_SECOND);
    CU_ASSERT_TRUE(plugin->follow);
    CU_ASSERT_EQUAL(plugin->rate.count, 10);
    CU_ASSERT_EQUAL(plugin->rate.per_ns, SP_SECOND);
    CU_ASSERT_EQUAL(plugin->format, 1);
    CU_ASSERT_EQUAL(plugin->fields.count, 2);
    CU_ASSERT_STRING_EQUAL(plugin->fields.items[1], "b c");
    CU_ASSERT_EQUAL(plugin->query.count, 1);
    CU_ASSERT_STRING_EQUAL(plugin->query.items[0].key, "/a");
    CU_ASSERT_STRING_EQUAL(plugin->query.items[0].value, "b");
    CU_ASSERT_EQUAL(plugin->extra.count, 0);
    CU_ASSERT_STRING_EQUAL(story.core.plugin, "sqlite");
    CU_ASSERT_EQUAL(story.core.initial, 200 * SP_MILLISECOND);
    CU_ASSERT_EQUAL(story.core.max, SP_SECOND);
}

static void the_file_fills_every_type(void)
{
    setenv("PAGES", "7", 1);
    SP_AUTO(story_fini)
    struct story story =
        read_stage("url: 12\npassword: 0123\nauth: {bearer: 'x y'}\npage_size: '${PAGES}'\n"
                   "offset: -5\nlimit: 60KiB\npoll_interval: 1m30s\nfollow: false\nrate: 600/m\n"
                   "format: \"ndjson\"\nfields: [1, true, '']\nquery:\n  z: 1\n  a: no\n"
                   "extra: {X-Api: abc}\nplugin: scanapi\nretry: {initial: 0, max: 2h}\n"
                   "table: {whatever: 1}\n");
    struct plugin_config *plugin = &story.plugin;
    CU_ASSERT_STRING_EQUAL(buffer_text(&story.told), "");
    CU_ASSERT_STRING_EQUAL(plugin->url, "12");
    CU_ASSERT_STRING_EQUAL(plugin->password, "0123");
    CU_ASSERT_STRING_EQUAL(plugin->bearer, "x y");
    CU_ASSERT_EQUAL(plugin->page_size, 7);
    CU_ASSERT_EQUAL(plugin->offset, -5);
    CU_ASSERT_EQUAL(plugin->limit, 61440);
    CU_ASSERT_EQUAL(plugin->poll_interval, 90 * SP_SECOND);
    CU_ASSERT_FALSE(plugin->follow);
    CU_ASSERT_EQUAL(plugin->rate.count, 600);
    CU_ASSERT_EQUAL(plugin->rate.per_ns, 60 * SP_SECOND);
    CU_ASSERT_EQUAL(plugin->format, 2);
    CU_ASSERT_EQUAL(plugin->fields.count, 3);
    CU_ASSERT_STRING_EQUAL(plugin->fields.items[1], "true");
    /* In the order of the file. */
    CU_ASSERT_STRING_EQUAL(plugin->query.items[0].key, "z");
    CU_ASSERT_STRING_EQUAL(plugin->query.items[1].value, "no");
    CU_ASSERT_STRING_EQUAL(plugin->extra.items[0].value, "abc");
    CU_ASSERT_EQUAL(story.core.initial, 0);
    CU_ASSERT_EQUAL(story.core.max, 7200 * SP_SECOND);
}

static void the_output_is_as_the_header_shows_it(void)
{
    SP_AUTO(story_fini) struct story story = read_lines("# stage\npoll_intervall: 5s\nfollow: no");
    CU_ASSERT_STRING_EQUAL(buffer_text(&story.told),
                           "p.yaml:2:1: error: unknown key 'poll_intervall'\n"
                           "  2 | poll_intervall: 5s\n"
                           "    | ^~~~~~~~~~~~~~\n"
                           "    = did you mean 'poll_interval'?\n"
                           "p.yaml:3:9: error: 'follow' must be true or false, not 'no'\n"
                           "  3 | follow: no\n"
                           "    |         ^~\n"
                           "    = write true or false\n"
                           "p.yaml: 2 errors\n");
}

static void unknown_keys_say_what_was_meant(void)
{
    CU_ASSERT(tells("Limit: 5KiB", "did you mean 'limit'?"));
    CU_ASSERT(tells("tabel: 1", "did you mean 'table'?"));
    CU_ASSERT(tells("colour: red", "known here: plugin, retry, url, password, auth, page_size"));
    CU_ASSERT(tells("auth: {baerer: x}", "p.yaml:1:8: error: unknown key 'baerer' in 'auth'"));
    CU_ASSERT(tells("auth: {baerer: x}", "did you mean 'bearer'?"));
    CU_ASSERT(tells("bearer: x", "write it as 'auth: {bearer: ...}'"));
    CU_ASSERT(tells("auth.bearer: x", "write it as 'auth: {bearer: ...}'"));
    CU_ASSERT(tells("auth: {page_size: 5}", "'page_size' belongs one level up"));
    CU_ASSERT(tells("auth: x", "p.yaml:1:7: error: 'auth' must be a mapping, not text"));
    CU_ASSERT(tells("auth:", "write 'auth: {bearer: ...}'"));
}

static void wrong_values_say_what_to_write(void)
{
    CU_ASSERT(tells("page_size: many", "'page_size' must be a whole number, not 'many'"));
    CU_ASSERT(tells("page_size: many", "= write a whole number, 1 to 5000"));
    CU_ASSERT(tells("page_size: 1.5", "'page_size' must be a whole number, not '1.5'"));
    CU_ASSERT(tells("page_size: '5'", "= remove the quotes: write a whole number, 1 to 5000"));
    CU_ASSERT(tells("offset: 9223372036854775808", "= write a whole number such as 1000"));
    CU_ASSERT(tells("limit: 60kb", "= write a size such as 512, 60KiB, 8MiB or 1GiB"));
    CU_ASSERT(tells("poll_interval: 5", "= write a duration such as 250ms, 5s, 1m30s, 2h or 1d"));
    CU_ASSERT(tells("poll_interval: [5s]", "'poll_interval' must be a duration, not a list"));
    CU_ASSERT(tells("rate: 10", "= write a rate such as 10/s, 600/m or 1000/h"));
    CU_ASSERT(tells("follow: 'true'", "= remove the quotes: write true or false"));
    CU_ASSERT(tells("follow: True", "= write true or false"));
    CU_ASSERT(tells("follow: yes", "'follow' must be true or false, not 'yes'"));
    CU_ASSERT(tells("format: xml", "'format' must be one of text, json, ndjson, not 'xml'"));
    CU_ASSERT(tells("format: jsn", "did you mean 'json'?"));
    CU_ASSERT(tells("plugin: {a: b}", "'plugin' must be text, not a mapping"));
    CU_ASSERT(tells("fields: a", "= write a list: [a, b]"));
    CU_ASSERT(tells("fields: [a, ~]", "p.yaml:1:13: error: a value in 'fields' is empty"));
    CU_ASSERT(tells("query: [a]", "= write a mapping: {a: b}"));
    CU_ASSERT(
        tells("query: {a: {b: c}}", "p.yaml:1:12: error: a value in 'query' must be text, not a mapping"));
}

static void values_out_of_range_say_the_range(void)
{
    CU_ASSERT(tells("page_size: 0", "p.yaml:1:12: error: 'page_size' is too small: '0'"));
    CU_ASSERT(tells("page_size: 5001", "'page_size' is too large: '5001'"));
    CU_ASSERT(tells("page_size: 5001", "= write 1 to 5000"));
    CU_ASSERT(tells("limit: 1", "= write at least 1KiB"));
    CU_ASSERT(tells("poll_interval: 2d", "= write 10ms to 1d"));
}

static void a_key_without_a_value_is_an_error(void)
{
    static const char *const lines[] = {"plugin:",  "password:", "page_size: ~", "limit: null", "rate:",
                                        "follow: ", "format:",   "fields:",      "query:",      "extra:"};
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        CU_ASSERT(tells(lines[i], "= give it a value, or delete the line"));
}

static void what_is_required_and_missing_is_told(void)
{
    SP_AUTO(story_fini) struct story story = read_stage("retry: {initial: 1s}\n");
    CU_ASSERT_EQUAL(diag_errors(story.diag), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(story.told.data, "p.yaml:1:1: error: 'url' is missing"));
    CU_ASSERT_PTR_NOT_NULL(strstr(story.told.data, "= write 'url: ...': Base of the feed"));
    CU_ASSERT_PTR_NOT_NULL(strstr(story.told.data, "= write 'retry: {max: ...}': Longest pause"));
    /* A misspelling is one mistake, not two. */
    SP_AUTO(story_fini) struct story misspelt = read_stage("ulr: x\nretry: {maxx: 1s}\n");
    CU_ASSERT_EQUAL(diag_errors(misspelt.diag), 2);
    CU_ASSERT_PTR_NULL(strstr(misspelt.told.data, "missing"));
    SP_AUTO(story_fini) struct story empty = read_stage("url: ''\nretry: {max: 1s}\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(buffer_text(&empty.told), "p.yaml:1:6: error: 'url' is empty"));
}

static void all_mistakes_are_told_in_one_go(void)
{
    unsetenv("UNSET");
    SP_AUTO(story_fini)
    struct story story = read_stage("page_size: 0\nplugin: &a x\npage_size: 1\ncolour: red\nlimit: ${UNSET}\n"
                                    "follow: on\nauth: {x: 1}\nquery: {a: }\n");
    const char *told = buffer_text(&story.told);
    static const char *const places[] = {"p.yaml:1:1: error: 'url' is missing",
                                         "p.yaml:1:1: error: 'retry.max' is missing",
                                         "p.yaml:1:12: error: 'page_size' is too small",
                                         "p.yaml:2:9: error: anchors are not used here",
                                         "p.yaml:3:1: error: the key 'page_size' is there twice",
                                         "p.yaml:4:1: error: unknown key 'colour'",
                                         "p.yaml:5:8: error: the variable UNSET is not set",
                                         "p.yaml:6:9: error: 'follow' must be true or false",
                                         "p.yaml:7:8: error: unknown key 'x' in 'auth'",
                                         "p.yaml:8:12: error: a value in 'query' is empty",
                                         "p.yaml: 10 errors\n"};
    /* In the order of the file but for the two at one place, which stand in either. */
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        CU_ASSERT_PTR_NOT_NULL(strstr(told, places[i]));
        if (i >= 2 && strstr(told, places[i]))
            told = strstr(told, places[i]);
    }
}

static void secrets_are_never_told(void)
{
    setenv("HIDDEN", "hunter2", 1);
    static const char *const lines[] = {
        "password: [hunter2]",
        "password: {a: hunter2, b: [hunter2]}",
        "auth: {bearer: hunter2, colour: red}",
        "auth: hunter2",
        "extra: hunter2",
        "extra: {a: hunter2, b: [hunter2], c: }",
        "extra: {a: 'hunter2', b: ~}",
        "pasword: hunter2",
        "pass_word: hunter2",
        "colour: hunter2",
        "colour: {deep: [{er: hunter2}]}",
        "baerer: |\n  hunter2\n  hunter2",
        "limit: ${HIDDEN}",
        "page_size: '${HIDDEN}'",
        "format: '${HIDDEN}'",
        "follow: '${HIDDEN}'",
        "rate: ${HIDDEN}",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        SP_AUTO(story_fini) struct story story = read_lines(lines[i]);
        CU_ASSERT_NOT_EQUAL(diag_errors(story.diag), 0);
        CU_ASSERT_PTR_NULL(strstr(buffer_text(&story.told), "hunter2"));
        if (strstr(buffer_text(&story.told), "hunter2"))
            printf("# %s\n# %s\n", lines[i], story.told.data);
    }
    CU_ASSERT(tells("limit: ${HIDDEN}", "'limit' must be a size, not what '${HIDDEN}' holds"));
}

static void a_stage_may_be_no_mapping_or_not_there(void)
{
    struct plugin_config config = {0};
    struct option_set set = {plugin_options, COUNT_OF(plugin_options), &config};
    struct yaml_node text = {
        .kind = YAML_SCALAR, .plain = true, .text = "x", .shown = "x", .mark = {1, 1, 1}};
    struct diag *diag = diag_new("p.yaml", sp_slice_of("x"));
    struct sp_arena *arena = arena_new(1024);
    options_read(&text, text.mark, &set, 1, NULL, diag, arena);
    CU_ASSERT_EQUAL(diag_errors(diag), 1);
    options_read(NULL, (struct mark){0}, &set, 1, NULL, diag, arena);
    CU_ASSERT_EQUAL(diag_errors(diag), 2);
    CU_ASSERT_EQUAL(config.page_size, 1000);
    arena_free(arena);
    diag_free(diag);
}

static void a_plugins_own_check_has_the_place(void)
{
    SP_AUTO(story_fini) struct story story = read_stage("url: x\nretry: {initial: 9s, max: 1s}\n");
    SP_AUTO(buffer_fini) struct buffer told = {0};
    struct sp_check check = {story.root, {1, 1, 1}, story.diag};
    sp_check_fail(&check, "retry.initial", "longer than %s", "'retry.max'");
    sp_check_fail(&check, "page_size", "not written");
    sp_check_fail(&check, NULL, "as a whole");
    diag_print(story.diag, &told);
    CU_ASSERT_PTR_NOT_NULL(strstr(told.data, "p.yaml:2:18: error: longer than 'retry.max'"));
    CU_ASSERT_PTR_NOT_NULL(strstr(told.data, "p.yaml:1:1: error: not written"));
    CU_ASSERT_PTR_NOT_NULL(strstr(told.data, "p.yaml:1:1: error: as a whole"));
    CU_ASSERT_EQUAL(options_mark(NULL, (struct mark){7, 8, 9}, "x").line, 7);
}

static bool is_duration(const char *text, int64_t expected)
{
    int64_t value = -1;
    return option_parse_duration(text, &value) && value == expected;
}

static bool is_size(const char *text, int64_t expected)
{
    int64_t value = -1;
    return option_parse_size(text, &value) && value == expected;
}

static void good_spellings_are_read(void)
{
    struct sp_rate rate;
    int64_t number;
    CU_ASSERT(is_duration("0", 0));
    CU_ASSERT(is_duration("0ms", 0));
    CU_ASSERT(is_duration("250ms", 250 * SP_MILLISECOND));
    CU_ASSERT(is_duration("1m30s", 90 * SP_SECOND));
    CU_ASSERT(is_duration("1d2h", 26 * 3600 * SP_SECOND));
    CU_ASSERT(is_size("512", 512));
    CU_ASSERT(is_size("512B", 512));
    CU_ASSERT(is_size("60KiB", 61440));
    CU_ASSERT(is_size("10KB", 10000));
    CU_ASSERT(is_size("1MB", 1000000));
    CU_ASSERT(is_size("1GiB", 1 << 30));
    CU_ASSERT(option_parse_rate("10/s", &rate) && rate.count == 10 && rate.per_ns == SP_SECOND);
    CU_ASSERT(option_parse_rate("1000/h", &rate) && rate.count == 1000 && rate.per_ns == 3600 * SP_SECOND);
    CU_ASSERT(option_parse_rate("0", &rate) && rate.count == 0);
    CU_ASSERT(option_parse_integer("-9223372036854775808", &number) && number == INT64_MIN);
    CU_ASSERT(option_parse_integer("+9223372036854775807", &number) && number == INT64_MAX);
    CU_ASSERT(option_parse_integer("007", &number) && number == 7);
}

static void bad_spellings_are_none(void)
{
    static const char *const durations[] = {"",     "5",       "5 s",   "s",    "-5s",
                                            "1.5s", "5sec",    "30s1m", "1s1s", "5S",
                                            "1m30", "300000d", "ms",    "0s ",  "99999999999999999999s"};
    static const char *const sizes[] = {"",   "KiB",    "1kb",        "1K",   "1 KiB",
                                        "-1", "1.5MiB", "8388608TiB", "1KiBB"};
    static const char *const rates[] = {"", "10", "10/", "/s", "10/x", "10/ms", "10 /s", "-1/s", "10/s/s"};
    static const char *const integers[] = {"",
                                           "-",
                                           "+",
                                           "1_000",
                                           "1.0",
                                           "0x10",
                                           "1e3",
                                           "- 1",
                                           " 1",
                                           "1 ",
                                           "9223372036854775808",
                                           "-9223372036854775809"};
    struct sp_rate rate;
    int64_t number;
    for (size_t i = 0; i < COUNT_OF(durations); i++)
        CU_ASSERT_FALSE(option_parse_duration(durations[i], &number));
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        CU_ASSERT_FALSE(option_parse_size(sizes[i], &number));
    for (size_t i = 0; i < COUNT_OF(rates); i++)
        CU_ASSERT_FALSE(option_parse_rate(rates[i], &rate));
    for (size_t i = 0; i < COUNT_OF(integers); i++)
        CU_ASSERT_FALSE(option_parse_integer(integers[i], &number));
}

static void formats_are_short_and_exact(void)
{
    static const struct {
        int64_t value;
        const char *duration, *size;
    } cases[] = {
        {0, "0", "0"},
        {512, "512ns", "512"},
        {1024, "1us24ns", "1KiB"},
        {90 * SP_SECOND, "1m30s", "90GB"},
        {86400 * SP_SECOND, "1d", "86400GB"},
        {64 << 20, "67ms108us864ns", "64MiB"},
        {INT64_MAX, "106751d23h47m16s854ms775us807ns", "9223372036854775807"},
    };
    char text[32];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        option_format_duration(cases[i].value, text);
        CU_ASSERT_STRING_EQUAL(text, cases[i].duration);
        option_format_size(cases[i].value, text);
        CU_ASSERT_STRING_EQUAL(text, cases[i].size);
    }
}

static void what_is_formatted_is_read_back(void)
{
    uint64_t seed = 20180101;
    printf("# seed %" PRIu64 "\n", seed);
    for (int i = 0; i < 20000; i++) {
        int64_t back;
        char text[32];
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        int64_t value = (int64_t)(seed >> (1 + seed % 63));
        value -= i % 2 ? value % 1000000 : 0;
        option_format_duration(value, text);
        CU_ASSERT(option_parse_duration(text, &back) && back == value);
        option_format_size(value, text);
        CU_ASSERT(option_parse_size(text, &back) && back == value);
    }
}

static void options_are_described(void)
{
    SP_AUTO(buffer_fini) struct buffer out = {0};
    options_describe(plugin_options, COUNT_OF(plugin_options), option_print_text, &out);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(out.data, "url  text, required\n    Base of the feed\n\npassword  secret text\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "page_size  whole number, default 1000, 1 to 5000\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "limit  size, default 8MiB, at least 1KiB\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "poll_interval  duration, default 5s, 10ms to 1d\n"
                                            "    How long to wait when there is nothing newer\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "format  one of text, json, ndjson, default json\n"));
}

int main(void)
{
    struct tap_test tests[] = {
        {"defaults fill what is not written", defaults_fill_what_is_not_written},
        {"the file fills every type", the_file_fills_every_type},
        {"the output is as the header shows it", the_output_is_as_the_header_shows_it},
        {"unknown keys say what was meant", unknown_keys_say_what_was_meant},
        {"wrong values say what to write", wrong_values_say_what_to_write},
        {"values out of range say the range", values_out_of_range_say_the_range},
        {"a key without a value is an error", a_key_without_a_value_is_an_error},
        {"what is required and missing is told", what_is_required_and_missing_is_told},
        {"all mistakes are told in one go", all_mistakes_are_told_in_one_go},
        {"secrets are never told", secrets_are_never_told},
        {"a stage may be no mapping or not there", a_stage_may_be_no_mapping_or_not_there},
        {"a plugin's own check has the place", a_plugins_own_check_has_the_place},
        {"good spellings are read", good_spellings_are_read},
        {"bad spellings are none", bad_spellings_are_none},
        {"formats are short and exact", formats_are_short_and_exact},
        {"what is formatted is read back", what_is_formatted_is_read_back},
        {"options are described", options_are_described},
    };
    return tap_run("options", tests, sizeof tests / sizeof *tests);
}
