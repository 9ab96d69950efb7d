/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "tap.h"

#include <scanpipe/json.h>
#include <stdio.h>
#include <stdlib.h>

static int scan(const char *text, size_t size, struct sp_json_fault *fault)
{
    return sp_json_scan_whole(NULL, (struct sp_slice){text, size}, NULL, fault);
}

static void accepts(const char *text)
{
    struct sp_json_fault fault = {0};
    int failed = scan(text, strlen(text), &fault);
    CU_ASSERT(!failed);
    if (failed)
        printf("# refused: %s: %s at %zu\n", text, fault.reason, fault.offset);
}

static void refuses(const char *text, size_t offset)
{
    struct sp_json_fault fault = {0};
    int failed = scan(text, strlen(text), &fault);
    CU_ASSERT(failed);
    CU_ASSERT_EQUAL(fault.offset, offset);
    CU_ASSERT(!failed || fault.reason != NULL);
    if (!failed || fault.offset != offset)
        printf("# %s: %s at %zu, expected a fault at %zu\n", text, fault.reason, fault.offset, offset);
}

static void test_accepts(void)
{
    static const char *const good[] = {
        "{}",
        "[]",
        "0",
        "-0",
        "10",
        "-1.5",
        "1e5",
        "1E+5",
        "1.0e-10",
        "\"\"",
        "true",
        "false",
        "null",
        " \t\r\n[ 1 , 2 ] \n",
        "{ \"a\" : { \"b\" : [ ] } , \"c\" : null }",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\\u00e9\\uD834\\uDd1e\"",
        "\"\x7f\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e\"",
        "\"\xf4\x8f\xbf\xbf\"",
        "\"\xee\x80\x80\"",
        "123456789012345678901234567890123456789012345678901234567890",
        "{\"\":0}",
        "{\"a\":1,\"a\":2}",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        accepts(good[i]);
}

static void test_refuses_with_place(void)
{
    static const struct {
        const char *text;
        size_t offset;
    } bad[] = {
        {"", 0},
        {"  ", 2},
        {"{", 1},
        {"[", 1},
        {"[1", 2},
        {"[1,", 3},
        {"[1,]", 3},
        {"[,1]", 1},
        {"[1 2]", 3},
        {"{\"a\"}", 4},
        {"{\"a\":}", 5},
        {"{\"a\":1,}", 7},
        {"{a:1}", 1},
        {"{\"a\" 1}", 5},
        {"{1:2}", 1},
        {"01", 1},
        {"-", 1},
        {"-a", 1},
        {"+1", 0},
        {".5", 0},
        {"1.", 2},
        {"1.e5", 2},
        {"1e", 2},
        {"1e+", 3},
        {"0x10", 1},
        {"NaN", 0},
        {"Infinity", 0},
        {"tru", 0},
        {"True", 0},
        {"nul", 0},
        {"truee", 4},
        {"\"", 1},
        {"\"abc", 4},
        {"\"a\nb\"", 2},
        {"\"\t\"", 1},
        {"\"\\x\"", 1},
        {"\"\\", 2},
        {"\"\\u12\"", 1},
        {"\"\\u12g4\"", 1},
        {"\"\\ud800\"", 1},
        {"\"\\udc00\"", 1},
        {"\"\\ud800\\u0041\"", 1},
        {"\"\\ud800\\ud800\"", 1},
        {"\"x\\ud83d", 2},
        {"{} {}", 3},
        {"1,", 1},
        {"// x\n1", 0},
        {"[1]/**/", 3},
        {"'a'", 0},
        {"\xef\xbb\xbf{}", 0},
        {"[1}", 2},
        {"{\"a\":1]", 6},
        {"\v1", 0},
        {"[\f]", 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuses(bad[i].text, bad[i].offset);
    struct sp_json_fault fault;
    CU_ASSERT(scan("\"a\0b\"", 5, &fault) != 0);
    CU_ASSERT_EQUAL(fault.offset, 2);
    CU_ASSERT(scan("\"a\\\0\"", 5, &fault) != 0);
    CU_ASSERT_EQUAL(fault.offset, 2);
    CU_ASSERT(scan("[1]\0", 4, &fault) != 0);
    CU_ASSERT_EQUAL(fault.offset, 3);
}

static void test_utf8(void)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3\x28",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xf0\x9d\x84",
    };
    /* Given each at several places, so that both ways to go over plain bytes meet it. */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (size_t before = 0; before < 40; before++) {
            char text[64];
            int size = snprintf(text, sizeof text, "\"%.*s%s\"", (int)before,
                                "----------------------------------------", bad[i]);
            struct sp_json_fault fault = {0};
            CU_ASSERT(scan(text, (size_t)size, &fault) != 0);
            CU_ASSERT_EQUAL(fault.offset, 1 + before);
        }
    }
}

static void test_depth(void)
{
    char text[256];
    for (int deep = 62; deep <= 66; deep++) {
        memset(text, '[', (size_t)deep);
        memset(text + deep, ']', (size_t)deep);
        text[2 * deep] = '\0';
        if (deep <= 64)
            accepts(text);
        else
            refuses(text, 64);
    }
    /* Then a megabyte of brackets costs no stack. */
    char *many = malloc(1 << 20);
    memset(many, '[', 1 << 20);
    struct sp_json_fault fault;
    CU_ASSERT(scan(many, 1 << 20, &fault) != 0);
    CU_ASSERT_EQUAL(fault.offset, 64);
    free(many);
}

struct lookup {
    struct sp_arena *arena;
    const struct sp_json_paths *paths;
    struct sp_json_value found[16];
};

static void lookup_scan(struct lookup *lookup, const char *const *pointers, size_t count, const char *text)
{
    size_t bad;
    struct sp_json_fault fault;
    lookup->arena = arena_new(4096);
    CU_ASSERT_EQUAL_FATAL(sp_json_paths_new(pointers, count, lookup->arena, &lookup->paths, &bad), 0);
    CU_ASSERT_EQUAL(sp_json_paths_count(lookup->paths), count);
    CU_ASSERT_EQUAL(sp_json_scan_whole(lookup->paths, sp_slice_of(text), lookup->found, &fault), 0);
}

static void expect(const struct lookup *lookup, size_t at, enum sp_json_kind kind, const char *raw)
{
    const struct sp_json_value *value = &lookup->found[at];
    CU_ASSERT_EQUAL(value->kind, kind);
    CU_ASSERT(sp_slice_equal(value->raw, sp_slice_of(raw)));
    if (value->kind != kind || !sp_slice_equal(value->raw, sp_slice_of(raw)))
        printf("# answer %zu is %s '%.*s'\n", at, sp_json_kind_name(value->kind), (int)value->raw.size,
               value->raw.data ? value->raw.data : "");
}

static void test_pointers(void)
{
    static const char *const pointers[] = {"",         "/a",        "/a/b",       "/list/1", "/list/01",
                                           "/m~0n",    "/s~1lash",  "/",          "/a/b",    "/list",
                                           "/no/such", "/list/1/x", "/n\xc3\xa9", "/list/-", "/0"};
    struct lookup lookup;
    const char *text =
        " {\"a\":{\"b\":\"x\\n\"},\"list\":[10,{\"x\":1.5},null],\"m~n\":true,\"s/lash\":false,"
        "\"\":null,\"n\\u00e9\":-7,\"no\":3,\"0\":[]} ";
    lookup_scan(&lookup, pointers, sizeof pointers / sizeof *pointers, text);
    char whole[256];
    snprintf(whole, sizeof whole, "%.*s", (int)strlen(text) - 2, text + 1);
    expect(&lookup, 0, SP_JSON_OBJECT, whole);
    expect(&lookup, 1, SP_JSON_OBJECT, "{\"b\":\"x\\n\"}");
    expect(&lookup, 2, SP_JSON_STRING_ESCAPED, "x\\n");
    expect(&lookup, 3, SP_JSON_OBJECT, "{\"x\":1.5}");
    expect(&lookup, 4, SP_JSON_ABSENT, "");
    expect(&lookup, 5, SP_JSON_TRUE, "true");
    expect(&lookup, 6, SP_JSON_FALSE, "false");
    expect(&lookup, 7, SP_JSON_NULL, "null");
    expect(&lookup, 8, SP_JSON_STRING_ESCAPED, "x\\n");
    expect(&lookup, 9, SP_JSON_ARRAY, "[10,{\"x\":1.5},null]");
    expect(&lookup, 10, SP_JSON_ABSENT, "");
    expect(&lookup, 11, SP_JSON_NUMBER, "1.5");
    expect(&lookup, 12, SP_JSON_INTEGER, "-7");
    expect(&lookup, 13, SP_JSON_ABSENT, "");
    expect(&lookup, 14, SP_JSON_ARRAY, "[]");
    arena_free(lookup.arena);
}

static void test_last_of_equal_keys_counts(void)
{
    static const char *const pointers[] = {"/a", "/a/b", "/a/c", "/a/b/0"};
    struct lookup lookup;
    lookup_scan(&lookup, pointers, 4, "{\"a\":{\"b\":[1],\"c\":2},\"\\u0061\":{\"c\":3,\"c\":4}}");
    expect(&lookup, 0, SP_JSON_OBJECT, "{\"c\":3,\"c\":4}");
    expect(&lookup, 1, SP_JSON_ABSENT, "");
    expect(&lookup, 2, SP_JSON_INTEGER, "4");
    expect(&lookup, 3, SP_JSON_ABSENT, "");
    arena_free(lookup.arena);
    lookup_scan(&lookup, pointers, 4, "{\"a\":{\"b\":[1],\"c\":2},\"a\":null}");
    expect(&lookup, 0, SP_JSON_NULL, "null");
    expect(&lookup, 1, SP_JSON_ABSENT, "");
    expect(&lookup, 3, SP_JSON_ABSENT, "");
    arena_free(lookup.arena);
}

static void test_bad_pointers(void)
{
    static const char *const bad[] = {"a", "a/b", "/~", "/~2", "/a~", " /a"};
    struct sp_arena *arena = arena_new(4096);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *pointers[] = {"/good", bad[i]};
        const struct sp_json_paths *paths = NULL;
        size_t at = 9;
        CU_ASSERT(sp_json_paths_new(pointers, 2, arena, &paths, &at) != 0);
        CU_ASSERT_EQUAL(at, 1);
        CU_ASSERT_PTR_NULL(paths);
    }
    /* A pointer deeper than any value is right, and never finds anything. */
    char *deep = malloc(200001);
    memset(deep, '/', 200000);
    deep[200000] = '\0';
    const char *pointers[] = {deep};
    const struct sp_json_paths *paths;
    struct sp_json_value found;
    struct sp_json_fault fault;
    size_t at;
    CU_ASSERT_EQUAL_FATAL(sp_json_paths_new(pointers, 1, arena, &paths, &at), 0);
    CU_ASSERT_EQUAL(sp_json_scan_whole(paths, sp_slice_of("{\"\":{}}"), &found, &fault), 0);
    CU_ASSERT_EQUAL(found.kind, SP_JSON_ABSENT);
    free(deep);
    arena_free(arena);
}

static void test_slices_one_by_one(void)
{
    /* Given several values behind one another, when each is scanned, then its length leads to the next. */
    struct sp_slice rest = sp_slice_of(" {\"a\":[1,2]},7 \"x\"");
    struct sp_json_fault fault;
    size_t length;
    CU_ASSERT_EQUAL(sp_json_scan(NULL, rest, NULL, &length, &fault), 0);
    CU_ASSERT_EQUAL(length, 12);
    rest = (struct sp_slice){rest.data + 13, rest.size - 13};
    CU_ASSERT_EQUAL(sp_json_scan(NULL, rest, NULL, &length, &fault), 0);
    CU_ASSERT_EQUAL(length, 1);
    rest = (struct sp_slice){rest.data + 1, rest.size - 1};
    CU_ASSERT_EQUAL(sp_json_scan(NULL, rest, NULL, &length, &fault), 0);
    CU_ASSERT_EQUAL(length, 4);
    CU_ASSERT(sp_json_scan(NULL, (struct sp_slice){NULL, 0}, NULL, &length, &fault) != 0);
}

static void test_before_a_fault(void)
{
    /* Given an event that was cut, then what stood before the cut can be told. */
    static const char *const pointers[] = {"/a", "/b", "/c"};
    struct sp_arena *arena = arena_new(4096);
    const struct sp_json_paths *paths;
    struct sp_json_value found[3];
    struct sp_json_fault fault;
    size_t bad;
    CU_ASSERT_EQUAL_FATAL(sp_json_paths_new(pointers, 3, arena, &paths, &bad), 0);
    CU_ASSERT(sp_json_scan_whole(paths, sp_slice_of("{\"a\":12,\"b\":\"x"), found, &fault) != 0);
    CU_ASSERT_EQUAL(found[0].kind, SP_JSON_INTEGER);
    CU_ASSERT_EQUAL(found[1].kind, SP_JSON_ABSENT);
    CU_ASSERT_EQUAL(found[2].kind, SP_JSON_ABSENT);
    arena_free(arena);
}

static void test_unescape(void)
{
    struct sp_arena *arena = arena_new(4096);
    const char *raw = "a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\u20AC\\ud834\\udd1e\xc3\xa9z";
    struct sp_json_value value = {sp_slice_of(raw), SP_JSON_STRING_ESCAPED};
    struct sp_slice text = sp_json_unescape(&value, arena);
    struct sp_slice wanted = {"a\"\\/\b\f\n\r\t\0\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e\xc3\xa9z", 22};
    CU_ASSERT_EQUAL(text.size, wanted.size);
    CU_ASSERT(sp_slice_equal(text, wanted));
    /* Without escapes nothing is copied. */
    struct sp_json_value plain = {sp_slice_of("plain"), SP_JSON_STRING};
    CU_ASSERT_PTR_EQUAL(sp_json_unescape(&plain, arena).data, plain.raw.data);
    arena_free(arena);
}

static void integer(const char *text, bool fits, int64_t wanted)
{
    struct sp_json_value value = {sp_slice_of(text), SP_JSON_INTEGER};
    int64_t number = 42;
    CU_ASSERT_EQUAL(sp_json_int64(&value, &number), fits);
    CU_ASSERT_EQUAL(number, fits ? wanted : 42);
}

static void test_integers(void)
{
    integer("0", true, 0);
    integer("-0", true, 0);
    integer("9223372036854775807", true, INT64_MAX);
    integer("-9223372036854775808", true, INT64_MIN);
    integer("9223372036854775808", false, 0);
    integer("-9223372036854775809", false, 0);
    integer("9999999999999999999", false, 0);
    integer("18446744073709551616", false, 0);
    integer("100000000000000000000", false, 0);
    struct sp_json_value number = {sp_slice_of("1.0"), SP_JSON_NUMBER};
    int64_t out;
    CU_ASSERT(!sp_json_int64(&number, &out));
}

static void test_quote(void)
{
    struct sp_arena *arena = arena_new(4096);
    struct sp_slice quoted =
        sp_json_quote((struct sp_slice){"a\"\\\n\0\xc3\xa9\xff\xed\xa0\x80z", 12}, arena);
    struct sp_slice wanted =
        sp_slice_of("\"a\\\"\\\\\\u000a\\u0000\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                    "\xef\xbf\xbdz\"");
    CU_ASSERT(sp_slice_equal(quoted, wanted));
    CU_ASSERT(sp_slice_equal(sp_json_quote((struct sp_slice){NULL, 0}, arena), sp_slice_of("\"\"")));
    arena_free(arena);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"what RFC 8259 allows is accepted", test_accepts},
        {"what it does not is refused, with its place", test_refuses_with_place},
        {"bytes that are not UTF-8 are refused wherever they stand", test_utf8},
        {"nesting has a bound", test_depth},
        {"pointers find values of every kind", test_pointers},
        {"of equal keys the last counts, with all below it", test_last_of_equal_keys_counts},
        {"what is no pointer is named", test_bad_pointers},
        {"values behind one another are scanned one by one", test_slices_one_by_one},
        {"what stood before a fault is found", test_before_a_fault},
        {"escapes are decoded", test_unescape},
        {"integers fit 64 bits or are refused", test_integers},
        {"text is quoted", test_quote},
    };
    return tap_run("json", tests, sizeof tests / sizeof *tests);
}
