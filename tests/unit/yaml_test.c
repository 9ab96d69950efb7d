/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "config/near.h"
#include "config/secret.h"
#include "config/yaml.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One file being read: given its text, what is the tree, and what is told? */
struct story {
    struct diag *diag;
    struct sp_arena *arena;
    struct yaml_node *root;
    struct buffer told;
};

static struct story read_bytes(const char *text, size_t size)
{
    struct sp_slice slice = {text, size};
    struct story story = {.diag = diag_new("p.yaml", slice), .arena = arena_new(4096)};
    story.root = yaml_parse(slice, story.diag, story.arena);
    if (story.root)
        yaml_expand(story.root, story.diag, story.arena);
    diag_print(story.diag, &story.told);
    return story;
}

static struct story read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void story_fini(struct story *story)
{
    buffer_fini(&story->told);
    diag_free(story->diag);
    arena_free(story->arena);
}

static bool tells(const struct story *story, const char *what)
{
    bool found = strstr(buffer_text(&story->told), what) != NULL;
    if (!found)
        printf("# not told: %s\n# but:\n# %s\n", what, buffer_text(&story->told));
    return found;
}

static bool text_tells(const char *text, const char *what)
{
    SP_AUTO(story_fini) struct story story = read_text(text);
    return tells(&story, what) && diag_errors(story.diag) > 0;
}

static bool text_is(const struct story *story, const char *expected)
{
    bool same = strcmp(buffer_text(&story->told), expected) == 0;
    if (!same)
        printf("# expected:\n%s# told:\n%s", expected, buffer_text(&story->told));
    return same;
}

static void a_good_file_is_a_tree_with_places(void)
{
    SP_AUTO(story_fini)
    struct story story = read_text("name: parcels\nsource:\n  url: 'ä b'\n  list: [1, true, ~, x, \"1\"]\n");
    CU_ASSERT_EQUAL(diag_errors(story.diag), 0);
    CU_ASSERT_STRING_EQUAL(buffer_text(&story.told), "");
    struct yaml_node *source = yaml_get(story.root, "source"), *url = yaml_get(source, "url");
    struct yaml_node *list = yaml_get(source, "list");
    CU_ASSERT_EQUAL(story.root->count, 2);
    CU_ASSERT_STRING_EQUAL(yaml_get(story.root, "name")->text, "parcels");
    CU_ASSERT_STRING_EQUAL(url->text, "ä b");
    CU_ASSERT_EQUAL(url->mark.line, 3);
    CU_ASSERT_EQUAL(url->mark.column, 8);
    CU_ASSERT_EQUAL(url->mark.width, 5);
    CU_ASSERT_FALSE(url->plain);
    CU_ASSERT_PTR_NULL(yaml_get(source, "none"));
    CU_ASSERT_PTR_NULL(yaml_get(list, "none"));
    static const char *const kinds[] = {"a number", "true or false", "nothing", "text", "text"};
    for (size_t i = 0; i < list->count; i++)
        CU_ASSERT_STRING_EQUAL(yaml_what(list->items[i]), kinds[i]);
    CU_ASSERT_STRING_EQUAL(yaml_what(list), "a list");
    CU_ASSERT_STRING_EQUAL(yaml_what(source), "a mapping");
}

static void core_types_are_told_by_their_spelling(void)
{
    static const char *const numbers[] = {"0",       "-1",   "+12",  "1.5",  ".5",    "1.",  "1e3",
                                          "-1.5E-3", "0x1F", "0o17", ".inf", "-.INF", ".nan"};
    static const char *const texts[] = {"no", "yes", "on", "off", "1_000", "0x",
                                        "1e", ".",   "-",  "5s",  "tRue"};
    struct yaml_node node = {.kind = YAML_SCALAR, .plain = true};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        node.text = numbers[i];
        CU_ASSERT_STRING_EQUAL(yaml_what(&node), "a number");
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        node.text = texts[i];
        CU_ASSERT_STRING_EQUAL(yaml_what(&node), "text");
    }
}

static void columns_are_code_points(void)
{
    SP_AUTO(story_fini) struct story story = read_text("π: {ключ: 1, ключ: 2}\n");
    CU_ASSERT(text_is(&story, "p.yaml:1:14: error: the key 'ключ' is there twice\n"
                              "  1 | π: {ключ: ***, ключ: ***}\n"
                              "    |                ^~~~\n"
                              "    = remove one of the two\n"
                              "p.yaml:1:5: note: the first is here\n"
                              "  1 | π: {ключ: ***, ключ: ***}\n"
                              "    |     ^~~~\n"
                              "p.yaml: 1 error\n"));
}

static void a_duplicate_points_at_the_first(void)
{
    SP_AUTO(story_fini) struct story story = read_text("a: 1\nb: 2\na: 3\na: 4\n");
    CU_ASSERT_EQUAL(diag_errors(story.diag), 2);
    CU_ASSERT(tells(&story, "p.yaml:3:1: error: the key 'a' is there twice"));
    CU_ASSERT(tells(&story, "p.yaml:4:1: error: the key 'a' is there twice"));
    CU_ASSERT(tells(&story, "p.yaml:1:1: note: the first is here"));
    /* The first counts, so that its meaning can be checked too. */
    CU_ASSERT_EQUAL(story.root->count, 2);
    CU_ASSERT_STRING_EQUAL(yaml_get(story.root, "a")->text, "1");
}

static void what_bites_is_refused_all_in_one_go(void)
{
    SP_AUTO(story_fini)
    struct story story =
        read_text("a: &x 1\nb: *x\nc: !!str 5\n<<: *x\n? [k]\n: v\nd: \"a\\0b\"\n---\nz: 1\n");
    CU_ASSERT_PTR_NULL(story.root);
    CU_ASSERT_EQUAL(diag_errors(story.diag), 7);
    CU_ASSERT(tells(&story, "p.yaml:1:4: error: anchors are not used here"));
    CU_ASSERT(tells(&story, "p.yaml:2:4: error: aliases are not used here"));
    CU_ASSERT(tells(&story, "p.yaml:3:4: error: tags are not used here"));
    CU_ASSERT(tells(&story, "p.yaml:4:1: error: merge keys are not used here"));
    CU_ASSERT(tells(&story, "p.yaml:5:3: error: a key must be text, not a list"));
    CU_ASSERT(tells(&story, "p.yaml:7:4: error: text with a NUL byte"));
    CU_ASSERT(tells(&story, "p.yaml:8:1: error: a second document begins here"));
}

static void a_cycle_is_an_alias(void)
{
    CU_ASSERT(text_tells("a: &a [*a]\n", "p.yaml:1:8: error: aliases are not used here"));
}

static void tabs_are_told_to_become_spaces(void)
{
    SP_AUTO(story_fini) struct story story = read_text("a: 1\nb:\n\t\tc: 2\n\td: 3\n  \te: 3\nf: 1\n");
    CU_ASSERT(text_is(&story, "p.yaml:3:1: error: a tab cannot indent\n"
                              "  3 |   c: 2\n"
                              "    | ^~\n"
                              "    = use spaces; 2 more lines with a tab in front below\n"
                              "p.yaml: 1 error\n"));
    CU_ASSERT(text_tells("a: 1\n  \tb: 2\n", "p.yaml:2:3: error: a tab cannot indent"));
    CU_ASSERT(text_tells("a:\n-\tb\n", "p.yaml:2:2: error: a tab cannot indent"));
}

static void an_unclosed_bracket_has_both_places(void)
{
    SP_AUTO(story_fini) struct story story = read_text("a: 1\nb: {c: [1, 2\n");
    CU_ASSERT(text_is(&story, "p.yaml:2:13: error: ',' or ']' is missing here\n"
                              "  2 | b: {c: [1, 2\n"
                              "    |             ^\n"
                              "    = close the list with ']', or put ',' between its items\n"
                              "p.yaml:2:8: note: the '[' was opened here\n"
                              "  2 | b: {c: [1, 2\n"
                              "    |        ^\n"
                              "p.yaml: 1 error\n"));
    CU_ASSERT(text_tells("a: {b: 1 c: 2}\n", "the '{' was opened here"));
}

static void syntax_errors_say_what_to_write(void)
{
    CU_ASSERT(text_tells("a: \"b\nc: d\n", "p.yaml:1:4: error: the quoted text that begins here never ends"));
    CU_ASSERT(text_tells("a: b: c\n", "p.yaml:1:5: error: there cannot be a ':' here"));
    CU_ASSERT(text_tells("a: 1\nb\nc: 1\n", "p.yaml:2:1: error: there is no ': ' after this"));
    CU_ASSERT(text_tells("a: @b\n", "p.yaml:1:4: error: text cannot begin with '@'"));
    CU_ASSERT(text_tells("a: `b`\n", "text cannot begin with '`'"));
    CU_ASSERT(text_tells("a: *.json\n", "text that begins with '*' needs quotes"));
    CU_ASSERT(text_tells("a: \"\\d\"\n", "write '\\\\' for one '\\', or use single quotes"));
    CU_ASSERT(text_tells("a: - b\n", "p.yaml:1:4: error: there cannot be a '- ' here"));
    CU_ASSERT(text_tells("a:\n  b: 1\n c: 2\n", "p.yaml:3:2: error: a key is expected here"));
    CU_ASSERT(text_tells("- a\n", "the file must be a mapping, not a list"));
    CU_ASSERT(text_tells("a: {b: ${C}}\n", "p.yaml:1:8: error: between { } and [ ] a value with '${' needs"));
    CU_ASSERT(text_tells("{a: 1, ? , b: 2}\n", "there is no key before the ':'"));
    CU_ASSERT(text_tells("key:value\n", "with a space after the colon"));
    CU_ASSERT(text_tells("{a: 1, : 2}\n", "p.yaml:1:8: error: a value is expected here"));
    CU_ASSERT(text_tells("a: {{b}}\n", "put text that begins with '{' or '[' in quotes"));
}

static void bytes_that_are_no_text_have_their_places(void)
{
    static const char bad[] = "a: \xc3\xa9\xff\nb: \0\nc: \x1b[31m\n";
    SP_AUTO(story_fini) struct story story = read_bytes(bad, sizeof bad - 1);
    CU_ASSERT_EQUAL(diag_errors(story.diag), 3);
    CU_ASSERT(tells(&story, "p.yaml:1:5: error: the byte 0xff is no UTF-8"));
    CU_ASSERT(tells(&story, "p.yaml:2:4: error: a NUL byte"));
    CU_ASSERT(tells(&story, "p.yaml:3:4: error: the character U+001B cannot stand in the file"));
    CU_ASSERT_PTR_NULL(strchr(story.told.data, '\x1b'));
    CU_ASSERT(text_tells("\xff\xfe"
                         "a:",
                         "p.yaml: error: the file is UTF-16"));
    CU_ASSERT(text_tells("a: \xe2\x80\xa8\n", "the character U+2028 cannot stand in the file"));
}

static void a_byte_order_mark_and_other_line_ends_are_fine(void)
{
    SP_AUTO(story_fini)
    struct story story = read_text("\xef\xbb\xbf"
                                   "a: 1\r\nb: 2\rb: 3\r\n");
    CU_ASSERT_EQUAL(diag_errors(story.diag), 1);
    CU_ASSERT(tells(&story, "p.yaml:3:1: error: the key 'b' is there twice\n  3 | b: ***\n"));
    CU_ASSERT(tells(&story, "p.yaml:2:1: note: the first is here\n  2 | b: ***\n"));
}

static void an_empty_file_is_an_empty_mapping_with_an_error(void)
{
    static const char *const texts[] = {"", "\n", "# only a comment\n", "---\n", "~"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        SP_AUTO(story_fini) struct story story = read_text(texts[i]);
        CU_ASSERT(tells(&story, "p.yaml: error: there is nothing in the file"));
        CU_ASSERT_PTR_NOT_NULL(story.root);
        CU_ASSERT(story.root && story.root->kind == YAML_MAPPING && story.root->count == 0);
    }
}

static void size_and_depth_have_limits(void)
{
    SP_AUTO(buffer_fini) struct buffer deep = {0}, large = {0};
    buffer_add_text(&deep, "a: ");
    for (int i = 0; i < 63; i++)
        buffer_add_char(&deep, '[');
    for (int i = 0; i < 63; i++)
        buffer_add_char(&deep, ']');
    SP_AUTO(story_fini) struct story fits = read_text(deep.data);
    CU_ASSERT_EQUAL(diag_errors(fits.diag), 0);
    for (int i = 0; i < 100000; i++)
        buffer_add_char(&large, i < 3 ? "a: "[i] : '[');
    CU_ASSERT(text_tells(large.data, "p.yaml:1:67: error: nested more than 64 deep"));
    while (large.size <= 1 << 20)
        buffer_add_text(&large, "# comment\n");
    CU_ASSERT(text_tells(large.data, "the file is larger than 1 MiB"));
}

static void a_hundred_are_told_and_the_rest_is_counted(void)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    for (int i = 0; i < 301; i++)
        buffer_add_text(&text, "a: 1\n");
    CU_ASSERT(text_tells(text.data, "p.yaml: 300 errors; only the first 100 found are shown"));
}

static void diagnostics_are_sorted_told_once_and_fit_a_screen(void)
{
    char ten[] = "0123456789", digits[301] = "", tildes[101] = "";
    SP_AUTO(buffer_fini) struct buffer told = {0}, expected = {0};
    for (int i = 0; i < 30; i++)
        memcpy(digits + 10 * i, ten, sizeof ten);
    memset(tildes, '~', 99);
    struct diag *diag = diag_new("-", sp_slice_of(digits));
    diag_error(diag, (struct mark){1, 200, 3}, NULL, "second");
    diag_error(diag, (struct mark){1, 1, 1000}, "a\nb", "first \x1b[0m");
    diag_error(diag, (struct mark){1, 200, 3}, "again", "second");
    diag_warning(diag, (struct mark){9, 9, 1}, NULL, "nowhere");
    diag_print(diag, &told);
    CU_ASSERT_EQUAL(diag_errors(diag), 2);
    CU_ASSERT_EQUAL(diag_warnings(diag), 1);
    buffer_printf(&expected, "-:1:1: error: first ?[0m\n  1 | %.100s...\n    | ^%s\n    = a b\n", digits,
                  tildes);
    buffer_printf(&expected, "-:1:200: error: second\n  1 | ...%.100s...\n    | %*s^~~\n", digits + 149, 53,
                  "");
    buffer_printf(&expected, "-:9:9: warning: nowhere\n-: 2 errors, 1 warning\n");
    CU_ASSERT_STRING_EQUAL(told.data, expected.data);
    diag_free(diag);
}

static const char *expanded(const char *text, struct story *story)
{
    *story = read_text(text);
    struct yaml_node *node = story->root ? yaml_get(story->root, "a") : NULL;
    return node && diag_errors(story->diag) == 0 ? node->text : NULL;
}

static bool expands(const char *text, const char *expected)
{
    SP_AUTO(story_fini) struct story story;
    const char *value = expanded(text, &story);
    if (!value || strcmp(value, expected) != 0)
        printf("# %s became %s\n%s", text, value ? value : "nothing", buffer_text(&story.told));
    return value && strcmp(value, expected) == 0;
}

static void variables_are_put_in(void)
{
    setenv("SET", "b: [c", 1);
    setenv("EMPTY", "", 1);
    setenv("NESTED", "${SET}$$", 1);
    unsetenv("UNSET");
    CU_ASSERT(expands("a: x${SET}y\n", "xb: [cy"));
    CU_ASSERT(expands("a: ${EMPTY}\n", ""));
    CU_ASSERT(expands("a: ${UNSET:-d e}\n", "d e"));
    CU_ASSERT(expands("a: ${EMPTY:-d}${SET:-d}\n", "db: [c"));
    CU_ASSERT(expands("a: '${UNSET:-{\"k\": {}}}'\n", "{\"k\": {}}"));
    CU_ASSERT(expands("a: '${UNSET:-}'\n", ""));
    CU_ASSERT(expands("a: '${UNSET:-$$5}'\n", "$5"));
    CU_ASSERT(expands("a: '$${SET} $$ $ $x $'\n", "${SET} $ $ $x $"));
    /* What was put in is not looked at again. */
    CU_ASSERT(expands("a: ${NESTED}\n", "${SET}$$"));
    /* Never in keys. */
    SP_AUTO(story_fini) struct story story = read_text("${SET}: 1\n");
    CU_ASSERT_PTR_NOT_NULL(yaml_get(story.root, "${SET}"));
}

static void what_is_expanded_is_plain_but_never_null(void)
{
    setenv("NUMBER", "12", 1);
    setenv("EMPTY", "", 1);
    setenv("NULL_TEXT", "null", 1);
    SP_AUTO(story_fini)
    struct story story = read_text("a: \"${NUMBER}\"\nb: ${EMPTY}\nc: ${NULL_TEXT}\nd: \"$$\"\n");
    CU_ASSERT_STRING_EQUAL(yaml_what(yaml_get(story.root, "a")), "a number");
    CU_ASSERT_STRING_EQUAL(yaml_what(yaml_get(story.root, "b")), "text");
    CU_ASSERT_FALSE(yaml_get(story.root, "c")->is_null);
    CU_ASSERT_FALSE(yaml_get(story.root, "d")->plain);
}

/* A value that is longer than an error, has more lines than one, or stands in what is said anyhow. */
static void shows_no_value_of_a_path(void)
{
    char longest[801];
    memset(longest, 'z', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const values[] = {longest, "-----BEGIN\nhunter2\n", "\thunter2", "c", "e"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        setenv("FOLDER", values[i], 1);
        SP_AUTO(story_fini) struct story story = read_text("a: ${file:${FOLDER}}\n");
        CU_ASSERT(strstr(story.told.data, "cannot open ${FOLDER}: ") != NULL);
        CU_ASSERT(!strstr(story.told.data, "hunter2") && !strstr(story.told.data, "zzz"));
    }
}

static void bad_expansions_have_their_places(void)
{
    unsetenv("UNSET");
    setenv("LATIN", "\xe9", 1);
    CU_ASSERT(text_tells("a: 'ü ${UNSET}'\n", "p.yaml:1:7: error: the variable UNSET is not set\n"
                                              "  1 | a: 'ü ${UNSET}'\n"
                                              "    |       ^~~~~~~~\n"
                                              "    = set it in the environment, or write ${UNSET:-default}"));
    CU_ASSERT(text_tells("a: x${UNSET\n", "p.yaml:1:5: error: '${' without its '}'"));
    CU_ASSERT(text_tells("a: ${1x}\n", "this names no variable and no file"));
    CU_ASSERT(text_tells("a: ${}\n", "this names no variable and no file"));
    CU_ASSERT(text_tells("a: '${A:?b}'\n", "this names no variable and no file"));
    CU_ASSERT(text_tells("a: ${UNSET:-${SET}}\n", "a default cannot hold another ${...}"));
    CU_ASSERT(text_tells("a: ${LATIN}\n", "the variable holds no text"));
    CU_ASSERT(text_tells("a: '${file:}'\n", "there is no path after 'file:'"));
    CU_ASSERT(text_tells("a: ${file:-}\n", "1:4: error: '-' would be standard input, and a file is wanted"));
    CU_ASSERT(text_tells("a: ${file:${UNSET:--}}\n", "= name a file; one that is called '-' is ./-"));
    CU_ASSERT(text_tells("a: ${file:./-}\n", "cannot open ./-: No such file or directory"));
    CU_ASSERT(text_tells("a: ${file:/no/such/file}\n", "No such file or directory"));
    CU_ASSERT(text_tells("a: ${file:/dev/zero}\n", "/dev/zero is larger than 65536 bytes"));
    CU_ASSERT(text_tells("a: ${file:${UNSET}/x}\n", "the variable UNSET is not set"));
    CU_ASSERT(text_tells("a: ${UNSET}${file:/no/such}\n", "No such file or directory"));
    CU_ASSERT(text_tells("a: ${file:/${1x}}\n", "this names no variable"));
    /* What a variable holds is not shown, where it makes a path no more than elsewhere. */
    setenv("FOLDER", "/hunter2", 1);
    CU_ASSERT(text_tells("a: ${file:${FOLDER}/x}\n", " ${FOLDER}/x: No such file or directory"));
    shows_no_value_of_a_path();
    /* Several in one value, several values: all are told. */
    SP_AUTO(story_fini) struct story story = read_text("a: [\"${UNSET}${UNSET}\", {b: \"${UNSET}\"}]\n");
    CU_ASSERT_EQUAL(diag_errors(story.diag), 3);
}

static void a_file_is_put_in_without_its_last_line_end(void)
{
    char path[300];
    SP_AUTO(buffer_fini) struct buffer text = {0};
    snprintf(path, sizeof path, "%s/secret file", tap_scratch_dir());
    FILE *file = fopen(path, "w");
    fputs("line ${HOME}\nsecond\r\n\n", file);
    fclose(file);
    buffer_printf(&text, "a: ${file:%s}\n", path);
    CU_ASSERT(expands(text.data, "line ${HOME}\nsecond"));
    /* Its folder may be told by a variable. */
    setenv("FOLDER", tap_scratch_dir(), 1);
    CU_ASSERT(expands("a: x${file:${FOLDER}/secret file}y\n", "xline ${HOME}\nsecondy"));
    buffer_clear(&text);
    buffer_printf(&text, "a: ${file:${UNSET:-%s}/secret file}\n", tap_scratch_dir());
    CU_ASSERT(expands(text.data, "line ${HOME}\nsecond"));
    unlink(path);
    /* "$$" is a dollar sign in a path too. */
    snprintf(path, sizeof path, "%s/a$b$", tap_scratch_dir());
    file = fopen(path, "w");
    fputs("dollars", file);
    fclose(file);
    CU_ASSERT(expands("a: ${file:${FOLDER}/a$b$$}\n", "dollars"));
    CU_ASSERT(expands("a: ${file:${FOLDER}/a$$b$}\n", "dollars"));
    unlink(path);
}

static bool keeps_secret(const char *text)
{
    SP_AUTO(story_fini) struct story story = read_text(text);
    bool leaks = strstr(buffer_text(&story.told), "hunter2") != NULL;
    if (leaks || diag_errors(story.diag) == 0)
        printf("# leaks, or told nothing:\n%s", buffer_text(&story.told));
    return !leaks && diag_errors(story.diag) > 0;
}

static void secrets_are_never_quoted(void)
{
    /* In a tree, by key or by look. */
    CU_ASSERT(keeps_secret("a: {password: hunter2, b: &x 1}\n"));
    CU_ASSERT(keeps_secret("a: {auth: {x: [hunter2, \"hunter2\"]}, b: &x 1}\n"));
    CU_ASSERT(keeps_secret("passwrod: &x hunter2\n"));
    CU_ASSERT(keeps_secret("ApiKey: !!str hunter2\n"));
    CU_ASSERT(keeps_secret("a: {password: '${UNSET:-hunter2}', b: '${UNSET}'}\n"));
    CU_ASSERT(keeps_secret("connection: &x Server=db;UID=app;PWD = hunter2\n"));
    CU_ASSERT(keeps_secret("url: &x http://user:hunter2@host/\n"));
    CU_ASSERT(keeps_secret("anything: hunter2\nanything: hunter2\n"));
    /* Where there is no tree. */
    CU_ASSERT(keeps_secret("password: hun\"ter2: hunter2\n"));
    CU_ASSERT(keeps_secret("password hunter2\nb: 1\n"));
    CU_ASSERT(keeps_secret("auth:\n  bearer: |\n    hunter2\n   hunter2\n"));
    CU_ASSERT(keeps_secret("a: {password: \"hunter2\n"));
    CU_ASSERT(keeps_secret("auth: {bearer:\n  hunter2, b: [\n"));
    CU_ASSERT(keeps_secret("token: \"x\n hunter2 \\q hunter2\"\n"));
    CU_ASSERT(keeps_secret("url: http://u:hunter2@h/: x\n"));
    CU_ASSERT(keeps_secret("password: hunter2\xff\n"));
    CU_ASSERT(keeps_secret("'password': hunter2 ]: x\n"));
}

static void a_hidden_value_is_three_stars_and_the_caret_stays_right(void)
{
    SP_AUTO(story_fini)
    struct story story = read_text("a: {password: hunter2hunter2, b: &x 1, token: '${HOME}'}\n");
    CU_ASSERT(text_is(&story, "p.yaml:1:34: error: anchors are not used here\n"
                              "  1 | a: {password: ***, b: &x 1, token: '${HOME}'}\n"
                              "    |                       ^\n"
                              "    = write values out where they are needed; text that begins with '&' needs "
                              "quotes\n"
                              "p.yaml: 1 error\n"));
    struct yaml_node *a = yaml_get(story.root, "a");
    CU_ASSERT_STRING_EQUAL(yaml_get(a, "password")->shown, "***");
    CU_ASSERT_STRING_EQUAL(yaml_get(a, "password")->text, "hunter2hunter2");
    CU_ASSERT_STRING_EQUAL(yaml_get(a, "token")->shown, "${HOME}");
}

static void columns_of_a_table_are_no_secrets(void)
{
    SP_AUTO(story_fini) struct story story = read_text("table: {columns: {ParcelKey: {from: &x /k}}}\n");
    CU_ASSERT(tells(&story, "| table: {columns: {ParcelKey: {from: &x /k}}}\n"));
}

static void secrets_are_known_by_their_looks(void)
{
    static const char *const names[] = {"password", "DB_PASSWD",   "pwd",   "client-secret",
                                        "token",    "passwrod",    "tokne", "Authorization",
                                        "api_key",  "credentials", "secrt"};
    static const char *const others[] = {"url",   "poll_interval", "page_size", "open",
                                         "order", "path",          "server"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CU_ASSERT(secret_name(names[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CU_ASSERT_FALSE(secret_name(others[i]));
    CU_ASSERT(secret_text("amqp://u:p@host"));
    CU_ASSERT(secret_text("https://h/?api_key=1"));
    CU_ASSERT_FALSE(secret_text("https://host:80/a@b?x=1"));
    CU_ASSERT(secret_reference("${file:/run/x}"));
    CU_ASSERT_FALSE(secret_reference("${A:-x}"));
    CU_ASSERT_FALSE(secret_reference("${A}x"));
}

static void a_near_miss_is_what_was_meant(void)
{
    static const char *const keys[] = {"poll_interval", "page_size", "url", "path"};
    CU_ASSERT_STRING_EQUAL(near_miss("poll_intervall", keys, 4), "poll_interval");
    CU_ASSERT_STRING_EQUAL(near_miss("PAGE_SIZE", keys, 4), "page_size");
    CU_ASSERT_STRING_EQUAL(near_miss("ulr", keys, 4), "url");
    CU_ASSERT_STRING_EQUAL(near_miss("pagesize", keys, 4), "page_size");
    CU_ASSERT_PTR_NULL(near_miss("colour", keys, 4));
    CU_ASSERT_PTR_NULL(near_miss("", keys, 4));
    CU_ASSERT_EQUAL(near_distance("ab", "ba"), 1);
    CU_ASSERT_EQUAL(near_distance("ca", "abc"), 3);
    CU_ASSERT_EQUAL(near_distance("kitten", "sitting"), 3);
}

int main(void)
{
    struct tap_test tests[] = {
        {"a good file is a tree with places", a_good_file_is_a_tree_with_places},
        {"core types are told by their spelling", core_types_are_told_by_their_spelling},
        {"columns are code points", columns_are_code_points},
        {"a duplicate points at the first", a_duplicate_points_at_the_first},
        {"what bites is refused, all in one go", what_bites_is_refused_all_in_one_go},
        {"a cycle is an alias", a_cycle_is_an_alias},
        {"tabs are told to become spaces", tabs_are_told_to_become_spaces},
        {"an unclosed bracket has both places", an_unclosed_bracket_has_both_places},
        {"syntax errors say what to write", syntax_errors_say_what_to_write},
        {"bytes that are no text have their places", bytes_that_are_no_text_have_their_places},
        {"a byte order mark and other line ends are fine", a_byte_order_mark_and_other_line_ends_are_fine},
        {"an empty file is an empty mapping with an error", an_empty_file_is_an_empty_mapping_with_an_error},
        {"size and depth have limits", size_and_depth_have_limits},
        {"a hundred are told and the rest is counted", a_hundred_are_told_and_the_rest_is_counted},
        {"diagnostics are sorted, told once and fit a screen",
         diagnostics_are_sorted_told_once_and_fit_a_screen},
        {"variables are put in", variables_are_put_in},
        {"what is expanded is plain but never null", what_is_expanded_is_plain_but_never_null},
        {"bad expansions have their places", bad_expansions_have_their_places},
        {"a file is put in without its last line end", a_file_is_put_in_without_its_last_line_end},
        {"secrets are never quoted", secrets_are_never_quoted},
        {"a hidden value is three stars and the caret stays right",
         a_hidden_value_is_three_stars_and_the_caret_stays_right},
        {"columns of a table are no secrets", columns_of_a_table_are_no_secrets},
        {"secrets are known by their looks", secrets_are_known_by_their_looks},
        {"a near miss is what was meant", a_near_miss_is_what_was_meant},
    };
    return tap_run("yaml", tests, sizeof tests / sizeof *tests);
}
