/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table/fold.h"
#include "table_fixture.h"

#include <scanpipe/time.h>
#include <stdlib.h>

/* A table and a fold over it. */
struct scene {
    struct table_fixture table;
    struct fold *fold;
    struct sp_batch batch;
};

static struct scene scene_open(const char *block, unsigned time_digits)
{
    struct scene scene = {.table = table_fixture_good(block, time_digits)};
    scene.fold = fold_new(scene.table.plan);
    fold_start(scene.fold);
    return scene;
}

static void scene_close(struct scene *scene)
{
    fold_free(scene->fold);
    table_fixture_close(&scene->table);
}

static enum fold_verdict add(struct scene *scene, const char *event, uint32_t number)
{
    struct fold_reject why = {0};
    enum fold_verdict verdict = fold_add(scene->fold, sp_slice_of(event), number, &why);
    if (verdict == FOLD_REJECTED)
        printf("# %s: %s %s\n", event, why.column ? why.column : "", why.reason);
    return verdict;
}

static void takes(struct scene *scene, const char *event)
{
    CU_ASSERT_EQUAL(add(scene, event, 0), FOLD_TAKEN);
}

static void finish(struct scene *scene)
{
    fold_finish(scene->fold, &scene->batch);
}

/* A value as people would write it: "NULL", a number, a text. */
static const char *shown(const struct sp_column *column, const struct sp_value *value, char out[256])
{
    if (!value->present)
        return "NULL";
    if (column->type == SP_TYPE_TIMESTAMP)
        sp_time_format(value->number, 7, out);
    else if (column->type == SP_TYPE_TEXT || column->type == SP_TYPE_DECIMAL || column->type == SP_TYPE_JSON)
        snprintf(out, 256, "%.*s", (int)value->length, value->text);
    else
        snprintf(out, 256, "%lld", (long long)value->number);
    return out;
}

static void cell(const struct scene *scene, size_t row, const char *name, const char *wanted)
{
    char text[256];
    size_t at = table_fixture_column(&scene->table, name);
    CU_ASSERT_FATAL(row < scene->batch.row_count);
    const struct sp_value *value = &scene->batch.values[row * scene->table.table->column_count + at];
    const char *found = shown(&scene->table.table->columns[at], value, text);
    CU_ASSERT_STRING_EQUAL(found, wanted);
    if (strcmp(found, wanted) != 0)
        printf("# row %zu, %s: %s, not %s\n", row, name, found, wanted);
}

#define SCAN(id, parcel, type, time, rest)                                                                   \
    "{\"EventId\":" #id ",\"ParcelId\":" #parcel ",\"Type\":\"" type "\",\"CreatedDateTimeUtc\":\"" time     \
    "\"" rest "}"

static void test_parcel_summary(void)
{
    /* Given the events of two parcels, one PICKUP of which arrives late ... */
    struct scene scene = scene_open(PARCEL_SUMMARY, 7);
    takes(&scene, SCAN(30, 5002, "DELIVERY", "2021-05-13T10:00:00Z", ",\"StatusCode\":\"OK\""));
    takes(&scene, SCAN(20, 5002, "pickup", "2021-05-11T21:11:34.1506147Z",
                       ",\"StatusCode\":null,\"User\":{\"RunId\":\"100\"}"));
    takes(&scene, SCAN(7, 4999, "Status", "2021-05-11T00:00:00+02:00", ",\"User\":null"));
    takes(&scene, SCAN(25, 5002, "PICKUP", "2021-05-12T00:00:00Z", ""));
    takes(&scene, SCAN(31, 5002, "DELIVERY", "2021-05-14T10:00:00Z", ",\"User\":{\"RunId\":\"\"}"));
    /* ... when they are folded ... */
    finish(&scene);
    /* ... then each group has what is its own, whatever came first. */
    CU_ASSERT_EQUAL(scene.batch.row_count, 2);
    cell(&scene, 0, "ParcelId", "4999");
    cell(&scene, 0, "LatestEventId", "7");
    cell(&scene, 0, "LatestType", "STATUS");
    cell(&scene, 0, "LatestCreatedDateTimeUtc", "2021-05-10T22:00:00.0000000Z");
    cell(&scene, 0, "LatestStatusCode", "");
    cell(&scene, 0, "LatestRunId", "");
    cell(&scene, 0, "PickedUpAtUtc", "NULL");
    cell(&scene, 0, "PickedUpEventId", "NULL");
    cell(&scene, 1, "ParcelId", "5002");
    cell(&scene, 1, "LatestEventId", "31");
    cell(&scene, 1, "LatestStatusCode", "");
    cell(&scene, 1, "PickedUpAtUtc", "2021-05-11T21:11:34.1506147Z");
    cell(&scene, 1, "PickedUpEventId", "20");
    cell(&scene, 1, "DeliveredAtUtc", "2021-05-13T10:00:00.0000000Z");
    cell(&scene, 1, "DeliveredEventId", "30");
    scene_close(&scene);
}

static void rejected(struct scene *scene, const char *event, const char *class, const char *column,
                     const char *pointer, const char *reason)
{
    struct fold_reject why = {0};
    CU_ASSERT_EQUAL(fold_add(scene->fold, sp_slice_of(event), 0, &why), FOLD_REJECTED);
    bool same = why.reason && strcmp(why.reason, reason) == 0 && strcmp(why.reason_class, class) == 0 &&
                strcmp(why.column ? why.column : "-", column) == 0 &&
                strcmp(why.pointer ? why.pointer : "-", pointer) == 0;
    CU_ASSERT(same);
    if (!same)
        printf("# %s: %s, %s, %s, %s\n", event, why.reason_class, why.column, why.pointer, why.reason);
}

static void test_scan_rejections(void)
{
    struct scene scene = scene_open(PARCEL_SUMMARY, 7);
#define T                                     "2021-05-11T21:11:34Z"
#define VALUE(event, column, pointer, reason) rejected(&scene, event, "value", column, pointer, reason)
    rejected(&scene, "{\"EventId\":", "malformed", "-", "-", "is not JSON: it ends too early (at byte 11)");
    rejected(&scene, "<html>", "malformed", "-", "-", "is not JSON: a value is missing (at byte 0)");
    rejected(&scene, " [1]", "malformed", "-", "-", "is JSON, but not an object");
    VALUE(SCAN(0, 5, "A", T, ""), "LatestEventId", "/EventId", "is 0, but must be at least 1");
    VALUE(SCAN("x", 5, "A", T, ""), "LatestEventId", "/EventId", "is not an integer, but text");
    VALUE(SCAN(1.0, 5, "A", T, ""), "LatestEventId", "/EventId", "is not an integer, but the number 1.0");
    VALUE(SCAN(9223372036854775808, 5, "A", T, ""), "LatestEventId", "/EventId",
          "is 9223372036854775808, which does not fit the type bigint");
    VALUE("{\"ParcelId\":5}", "LatestEventId", "/EventId", "is missing");
    VALUE(SCAN(5, 2147483648, "A", T, ""), "ParcelId", "/ParcelId",
          "is 2147483648, which does not fit the type int");
    VALUE(SCAN(5, -1, "A", T, ""), "ParcelId", "/ParcelId", "is -1, but must be at least 1");
    VALUE(SCAN(5, null, "A", T, ""), "ParcelId", "/ParcelId", "is null");
    VALUE(SCAN(5, {}, "A", T, ""), "ParcelId", "/ParcelId", "is not an integer, but an object");
    VALUE(SCAN(5, 5, " \\t", T, ""), "LatestType", "/Type", "is blank");
    VALUE(SCAN(5, 5, "a\\u0000", T, ""), "LatestType", "/Type",
          "holds the character U+0000, which text cannot");
    VALUE("{\"EventId\":5,\"ParcelId\":5}", "LatestType", "/Type", "is missing");
    VALUE("{\"EventId\":5,\"ParcelId\":5,\"Type\":7}", "LatestType", "/Type", "is not text, but a number");
    VALUE(SCAN(5, 5, "A", "2021-05-11", ""), "LatestCreatedDateTimeUtc", "/CreatedDateTimeUtc",
          "is no RFC 3339 time such as 2018-01-01T00:00:00Z");
    VALUE(SCAN(5, 5, "A", T, ",\"StatusCode\":[]"), "LatestStatusCode", "/StatusCode",
          "is not text, but a list");
    VALUE(SCAN(5, 5, "A", T,
               ",\"StatusCode\":\"123456789 123456789 123456789 123456789 123456789 \xc3\xa9\""),
          "LatestStatusCode", "/StatusCode", "has 51 characters where 50 fit");
    VALUE(SCAN(5, 5, "A", T, ",\"User\":{\"RunId\":true}"), "LatestRunId", "/User/RunId",
          "is not text, but true");
    /* They leave no trace, and others are taken beside them. */
    takes(&scene, SCAN(1, 7, "A", T, ",\"User\":\"not an object\""));
    VALUE(SCAN(2, 7, "B", T, ",\"StatusCode\":1"), "LatestStatusCode", "/StatusCode",
          "is not text, but a number");
    finish(&scene);
    CU_ASSERT_EQUAL(scene.batch.row_count, 1);
    cell(&scene, 0, "LatestType", "A");
    scene_close(&scene);
}

/* One column `V` with this definition and one event: what becomes of `value`?  "!" is a rejection. */
static void becomes(const char *definition, const char *value, const char *wanted)
{
    char block[512], event[512], text[256];
    snprintf(
        block, sizeof block,
        "name: T\norder: /Id\ncolumns:\n  K: {from: /K, type: int, key: true}\n  V:\n    from: /V\n    %s\n",
        definition);
    snprintf(event, sizeof event, "{\"Id\":1,\"K\":1%s%s}", *value ? ",\"V\":" : "", value);
    struct scene scene = scene_open(block, 6);
    struct fold_reject why = {0};
    struct sp_slice bytes = {strdup(event), strlen(event)};
    enum fold_verdict verdict = fold_add(scene.fold, bytes, 0, &why);
    finish(&scene);
    const char *found =
        verdict != FOLD_TAKEN ? "!" : shown(&scene.table.table->columns[1], &scene.batch.values[1], text);
    if (*wanted == '!') {
        CU_ASSERT_EQUAL(verdict, FOLD_REJECTED);
        CU_ASSERT(verdict == FOLD_REJECTED && strcmp(why.reason, wanted + 1) == 0);
        if (verdict != FOLD_REJECTED || strcmp(why.reason, wanted + 1) != 0)
            printf("# %s, %s: %s, not %s\n", definition, value, why.reason ? why.reason : found, wanted);
        CU_ASSERT_EQUAL(scene.batch.row_count, 0);
    } else {
        CU_ASSERT_STRING_EQUAL(found, wanted);
        if (strcmp(found, wanted) != 0)
            printf("# %s, %s: %s, not %s\n", definition, value, why.reason ? why.reason : found, wanted);
    }
    scene_close(&scene);
    free((char *)(uintptr_t)bytes.data);
}

static void test_integers_and_booleans(void)
{
    becomes("type: int", "-2147483648", "-2147483648");
    becomes("type: int", "-2147483649", "!is -2147483649, which does not fit the type int");
    becomes("type: int", "1.0", "!is not an integer, but the number 1.0");
    becomes("type: int", "1e2", "!is not an integer, but the number 1e2");
    becomes("type: int", "\"1\"", "!is not an integer, but text");
    becomes("type: int", "true", "!is not an integer, but true");
    becomes("type: int", "", "NULL");
    becomes("type: int", "null", "NULL");
    becomes("type: int\n    default: 7", "", "7");
    becomes("type: int\n    default: 7", "null", "7");
    becomes("type: int\n    default: 7", "\"\"", "!is not an integer, but text");
    becomes("type: int\n    required: true", "", "!is missing");
    becomes("type: int\n    required: true", "null", "!is null");
    becomes("type: int\n    min: -1\n    max: 1", "-2", "!is -2, but must be at least -1");
    becomes("type: int\n    min: -1\n    max: 1", "2", "!is 2, but must be at most 1");
    becomes("type: int\n    min: -1\n    max: 1", "1", "1");
    becomes("type: int\n    min: 5\n    default: 0", "", "0");
    becomes("type: bigint", "9223372036854775807", "9223372036854775807");
    becomes("type: boolean", "true", "1");
    becomes("type: boolean", "false", "0");
    becomes("type: boolean", "1", "!is not true or false, but a number");
    becomes("type: boolean", "\"true\"", "!is not true or false, but text");
    becomes("type: boolean\n    default: true", "", "1");
}

static void test_decimals(void)
{
    becomes("type: decimal(5,2)", "1", "1.00");
    becomes("type: decimal(5,2)", "-1.5", "-1.50");
    becomes("type: decimal(5,2)", "\"1.50\"", "1.50");
    becomes("type: decimal(5,2)", "1.500", "1.50");
    becomes("type: decimal(5,2)", "1.505", "!has more than 2 digits after the point");
    becomes("type: decimal(5,2)", "999.99", "999.99");
    becomes("type: decimal(5,2)", "1000", "!has more than 3 digits before the point");
    becomes("type: decimal(5,2)", "1e3", "!has more than 3 digits before the point");
    becomes("type: decimal(5,2)", "1.25e2", "125.00");
    becomes("type: decimal(5,2)", "12500E-4", "1.25");
    becomes("type: decimal(5,2)", "5e-2", "0.05");
    becomes("type: decimal(5,2)", "5e-3", "!has more than 2 digits after the point");
    becomes("type: decimal(5,2)", "0.00000000000000000000", "0.00");
    becomes("type: decimal(5,2)", "-0", "0.00");
    becomes("type: decimal(5,2)", "0e999999999999999999999999", "0.00");
    becomes("type: decimal(5,2)", "1e999999999999999999999999", "!has more than 3 digits before the point");
    becomes("type: decimal(5,2)", "1e-99999999999999999999999", "!has more than 2 digits after the point");
    becomes("type: decimal(5,2)", "100000000000000000000000000000000000000000000000000e-50", "1.00");
    becomes("type: decimal(5,2)", "0.00000000000000000000000000000000000000000000000001e50", "1.00");
    becomes("type: decimal(5,2)", "\"\"", "!is not a number, but text");
    becomes("type: decimal(5,2)", "\" 1\"", "!is not a number, but text");
    becomes("type: decimal(5,2)", "\"1,5\"", "!is not a number, but text");
    becomes("type: decimal(5,2)", "\"+1\"", "!is not a number, but text");
    becomes("type: decimal(5,2)", "\"\\u0031\"", "1.00");
    becomes("type: decimal(5,2)", "\"{}\"", "!is not a number, but text");
    becomes("type: decimal(5,2)", "true", "!is not a number, but true");
    becomes("type: decimal(3,0)", "123", "123");
    becomes("type: decimal(2,2)", "0.99", "0.99");
    becomes("type: decimal(2,2)", "1", "!has more than 0 digits before the point");
    becomes("type: decimal(38,0)", "-99999999999999999999999999999999999999",
            "-99999999999999999999999999999999999999");
    becomes("type: decimal(38,38)", "-0.12345678901234567890123456789012345678",
            "-0.12345678901234567890123456789012345678");
    becomes("type: decimal(5,2)\n    min: -10\n    max: 9.5", "-10.01",
            "!is -10.01, but must be at least -10.00");
    becomes("type: decimal(5,2)\n    min: -10\n    max: 9.5", "9.51", "!is 9.51, but must be at most 9.50");
    becomes("type: decimal(5,2)\n    min: -10\n    max: 9.5", "-9.99", "-9.99");
    becomes("type: decimal(5,2)\n    default: 1.5", "null", "1.50");
}

static void test_texts(void)
{
    becomes("type: text", "\"\"", "");
    becomes("type: text", "\"a\\n\\u00e9\"", "a\n\xc3\xa9");
    becomes("type: text", "5", "!is not text, but a number");
    becomes("type: text", "5.5", "!is not text, but the number 5.5");
    becomes("type: text", "\"\\u0000\"", "!holds the character U+0000, which text cannot");
    becomes("type: text(3)", "\"\xe2\x82\xac\xe2\x82\xac\xf0\x9d\x84\x9e\"",
            "\xe2\x82\xac\xe2\x82\xac\xf0\x9d\x84\x9e");
    becomes("type: text(3)", "\"abcd\"", "!has 4 characters where 3 fit");
    becomes("type: text\n    default: none", "", "none");
    becomes("type: text\n    default: none", "\"\"", "");
    becomes("type: text\n    default: none\n    case: upper", "", "NONE");
    becomes("type: text\n    case: upper", "\"aBz{`\xc3\xa9\"", "ABZ{`\xc3\xa9");
    becomes("type: text\n    case: lower", "\"AbZ[@\xc3\x89\"", "abz[@\xc3\x89");
    becomes("type: text\n    required: true", "\"\"", "!is blank");
    becomes("type: text\n    required: true", "\" \\r\\n\"", "!is blank");
    becomes("type: text\n    required: true", "\" x\"", " x");
    becomes("type: text\n    default: 007", "", "007");
}

static void test_times_and_json(void)
{
    /* The sink of these tests keeps six digits. */
    becomes("type: timestamp", "\"2018-01-01T00:00:00.9999999Z\"", "2018-01-01T00:00:00.9999990Z");
    becomes("type: timestamp", "\"2018-01-01T00:00:00\\u005a\"", "2018-01-01T00:00:00.0000000Z");
    becomes("type: timestamp", "1514764800", "!is not a timestamp, but a number");
    becomes("type: timestamp", "\"\"", "!is no RFC 3339 time such as 2018-01-01T00:00:00Z");
    becomes("type: timestamp\n    min: 2018-01-01T00:00:00Z", "\"2017-12-31T23:59:59.5Z\"",
            "!is 2017-12-31T23:59:59.5000000Z, but must be at least 2018-01-01T00:00:00.0000000Z");
    becomes("type: timestamp\n    default: 2018-01-01T00:00:00Z", "", "2018-01-01T00:00:00.0000000Z");
    becomes("type: json", "{\"a\": [1, 2 ]}", "{\"a\": [1, 2 ]}");
    becomes("type: json", "\"x\\n\"", "\"x\\n\"");
    becomes("type: json", "1.50", "1.50");
    becomes("type: json", "false", "false");
    becomes("type: json", "null", "NULL");
    becomes("type: json\n    default: '[1]'", "", "[1]");
    becomes("type: json\n    required: true", "null", "!is null");
}

static void test_conditions(void)
{
    struct scene scene =
        scene_open("name: T\norder: /Id\nwhere: {/Kind: [scan, 7, true], /Test: [~, false]}\ncolumns:\n"
                   "  K: {from: /K, type: int, key: true}\n"
                   "  N: {from: /Id, type: int}\n"
                   "  A: {from: /V, type: int, when: {/S: [a, B], /Deep/X: [1]}}\n"
                   "  Nothing: {from: /V, type: int, when: {/S: ~}}\n"
                   "  Bad: {from: /Bad, type: int, when: {/S: bad}}\n",
                   7);
    CU_ASSERT_EQUAL(add(&scene, "{\"Id\":1,\"K\":1,\"Kind\":\"other\"}", 0), FOLD_UNWANTED);
    CU_ASSERT_EQUAL(add(&scene, "{\"Id\":1,\"K\":1}", 0), FOLD_UNWANTED);
    CU_ASSERT_EQUAL(add(&scene, "{\"Id\":1,\"K\":1,\"Kind\":\"scan\",\"Test\":true}", 0), FOLD_UNWANTED);
    CU_ASSERT_EQUAL(add(&scene, "{\"Id\":1,\"K\":1,\"Kind\":{},\"Test\":null}", 0), FOLD_UNWANTED);
    /* What is not wanted is not judged either. */
    CU_ASSERT_EQUAL(add(&scene, "{\"Id\":\"x\",\"Kind\":\"scanner\"}", 0), FOLD_UNWANTED);
    takes(&scene, "{\"Id\":1,\"K\":1,\"Kind\":\"SCAN\",\"S\":\"A\",\"Deep\":{\"X\":\"1\"},\"V\":11}");
    takes(&scene, "{\"Id\":2,\"K\":2,\"Kind\":7,\"S\":\"\\u0062\",\"Deep\":{\"X\":1},\"V\":12}");
    takes(&scene, "{\"Id\":3,\"K\":3,\"Kind\":true,\"S\":\"a\",\"Deep\":{\"X\":1.0},\"V\":13}");
    takes(&scene,
          "{\"Id\":4,\"K\":4,\"Kind\":\"scan\",\"Test\":false,\"S\":\"ab\",\"Deep\":{\"X\":1},\"V\":14}");
    takes(&scene, "{\"Id\":5,\"K\":5,\"Kind\":\"scan\",\"S\":null,\"V\":15}");
    takes(&scene, "{\"Id\":6,\"K\":6,\"Kind\":\"scan\",\"V\":16}");
    takes(&scene, "{\"Id\":7,\"K\":7,\"Kind\":\"scan\",\"S\":[\"a\"],\"Bad\":\"ignored\"}");
    rejected(&scene, "{\"Id\":8,\"K\":8,\"Kind\":\"scan\",\"S\":\"BAD\",\"Bad\":\"x\"}", "value", "Bad",
             "/Bad", "is not an integer, but text");
    finish(&scene);
    static const char *const a[] = {"11", "12", "NULL", "NULL", "NULL", "NULL", "NULL"};
    static const char *const nothing[] = {"NULL", "NULL", "NULL", "NULL", "15", "16", "NULL"};
    CU_ASSERT_EQUAL_FATAL(scene.batch.row_count, 7);
    for (size_t i = 0; i < 7; i++) {
        cell(&scene, i, "A", a[i]);
        cell(&scene, i, "Nothing", nothing[i]);
    }
    scene_close(&scene);
}

static void test_groups_take_one_event(void)
{
    /* What is missing in the event that wins is the default or NULL: it never stays from another. */
    struct scene scene = scene_open("name: T\norder: /Id\ncolumns:\n  K: {from: /K, type: int, key: true}\n"
                                    "  A: {from: /A, type: int}\n  B: {from: /B, type: int, default: 5}\n"
                                    "  F: {from: /A, type: int, keep: first}\n"
                                    "  Min: {from: /A, type: int, keep: min}\n",
                                    7);
    takes(&scene, "{\"Id\":2,\"K\":1,\"A\":1,\"B\":1}");
    takes(&scene, "{\"Id\":3,\"K\":1}");
    takes(&scene, "{\"Id\":1,\"K\":1}");
    finish(&scene);
    cell(&scene, 0, "A", "NULL");
    cell(&scene, 0, "B", "5");
    cell(&scene, 0, "F", "NULL");
    cell(&scene, 0, "Min", "1");
    scene_close(&scene);
}

static void test_append(void)
{
    struct scene scene = scene_open("name: T\norder: /Id\nappend: true\ncolumns:\n"
                                    "  V: {from: /V, type: text}\n  K: {from: /K, type: text, key: true}\n",
                                    7);
    takes(&scene, "{\"Id\":2,\"K\":\"b\",\"V\":\"x\"}");
    takes(&scene, "{\"Id\":1,\"K\":\"b\",\"V\":\"y\"}");
    takes(&scene, "{\"Id\":3,\"K\":\"a\"}");
    takes(&scene, "{\"Id\":2,\"K\":\"b\",\"V\":\"x\"}");
    finish(&scene);
    CU_ASSERT_EQUAL_FATAL(scene.batch.row_count, 3);
    static const char *const keys[] = {"a", "b", "b"}, *const values[] = {"NULL", "y", "x"};
    for (size_t i = 0; i < 3; i++) {
        cell(&scene, i, "K", keys[i]);
        cell(&scene, i, "V", values[i]);
    }
    struct sp_value row[3];
    memcpy(row, scene.batch.values, sizeof row);
    CU_ASSERT(!fold_join(scene.table.table, row, scene.batch.values + 3));
    CU_ASSERT_EQUAL(memcmp(row, scene.batch.values, sizeof row), 0);
    scene_close(&scene);
}

static void test_sorted_by_key(void)
{
    struct scene scene = scene_open("name: T\norder: /Id\ncolumns:\n"
                                    "  D: {from: /D, type: \"decimal(5,1)\", key: true}\n"
                                    "  T: {from: /T, type: text, key: true, case: lower}\n",
                                    7);
    takes(&scene, "{\"Id\":1,\"D\":20,\"T\":\"a\"}");
    takes(&scene, "{\"Id\":1,\"D\":3,\"T\":\"b\"}");
    takes(&scene, "{\"Id\":1,\"D\":\"3.0\",\"T\":\"\\u00e9\"}");
    takes(&scene, "{\"Id\":1,\"D\":-20,\"T\":\"z\"}");
    takes(&scene, "{\"Id\":1,\"D\":3,\"T\":\"ab\"}");
    takes(&scene, "{\"Id\":1,\"D\":30e-1,\"T\":\"AB\"}");
    takes(&scene, "{\"Id\":1,\"D\":-3.5,\"T\":\"a\"}");
    rejected(&scene, "{\"Id\":1,\"D\":-0.0,\"T\":\"\"}", "value", "T", "/T", "is blank");
    finish(&scene);
    static const char *const wanted[][2] = {{"-20.0", "z"}, {"-3.5", "a"},       {"3.0", "ab"},
                                            {"3.0", "b"},   {"3.0", "\xc3\xa9"}, {"20.0", "a"}};
    CU_ASSERT_EQUAL_FATAL(scene.batch.row_count, 6);
    for (size_t i = 0; i < 6; i++) {
        cell(&scene, i, "D", wanted[i][0]);
        cell(&scene, i, "T", wanted[i][1]);
    }
    scene_close(&scene);
}

static void test_sorted_numbers(void)
{
    struct scene scene =
        scene_open("name: T\norder: /Id\ncolumns:\n  K: {from: /K, type: bigint, key: true}\n", 7);
    static const char *const keys[] = {"5",   "-9223372036854775808",
                                       "0",   "9223372036854775807",
                                       "-1",  "4096",
                                       "2048"};
    static const char *const sorted[] = {"-9223372036854775808", "-1", "0", "5", "2048", "4096",
                                         "9223372036854775807"};
    char events[7][80];
    for (size_t i = 0; i < 7; i++) {
        snprintf(events[i], sizeof events[i], "{\"Id\":1,\"K\":%s}", keys[i]);
        CU_ASSERT_EQUAL(add(&scene, events[i], 100 - (uint32_t)i), FOLD_TAKEN);
        CU_ASSERT_EQUAL(add(&scene, events[i], 200 + (uint32_t)i), FOLD_TAKEN);
    }
    finish(&scene);
    CU_ASSERT_EQUAL_FATAL(scene.batch.row_count, 7);
    for (size_t i = 0; i < 7; i++)
        cell(&scene, i, "K", sorted[i]);
    /* Each event knows its row. */
    static const uint32_t rows[] = {3, 0, 2, 6, 1, 5, 4};
    size_t count;
    const struct fold_event *events_taken = fold_events(scene.fold, &count);
    CU_ASSERT_EQUAL_FATAL(count, 14);
    for (uint32_t i = 0; i < 14; i++) {
        CU_ASSERT_EQUAL(events_taken[i].event, i % 2 ? 200 + i / 2 : 100 - i / 2);
        CU_ASSERT_EQUAL(events_taken[i].row, rows[i / 2]);
    }
    /* A fold that starts again is empty. */
    fold_start(scene.fold);
    finish(&scene);
    CU_ASSERT_EQUAL(scene.batch.row_count, 0);
    scene_close(&scene);
}

static void identity(const struct scene *scene, const char *event, const char *order, const char *key)
{
    struct fold_identity found;
    fold_identify(scene->table.plan, sp_slice_of(event), scene->table.arena, &found);
    CU_ASSERT_STRING_EQUAL(found.order ? found.order : "-", order);
    CU_ASSERT_STRING_EQUAL(found.key ? found.key : "-", key);
}

static void test_identity(void)
{
    struct scene scene = scene_open("name: T\norder: /Id\ncolumns:\n  A: {from: /A, type: int, key: true}\n"
                                    "  B: {from: /B, type: text, key: true}\n",
                                    7);
    identity(&scene, "{\"Id\":5,\"A\":7,\"B\":\"x\"}", "5", "7,x");
    identity(&scene, "{\"Id\":\"5\\n\",\"A\":1.5,\"B\":\"\\u00e9\"}", "5?", "1.5,\xc3\xa9");
    identity(&scene, "{\"Id\":{},\"A\":7}", "-", "-");
    identity(&scene, "{\"Id\":5,\"A\":7,\"B\":\"x\",\"C\":", "5", "7,x");
    identity(&scene, "{\"Id\":5,\"A\":7", "5", "-");
    identity(&scene, "", "-", "-");
    identity(&scene, "[]", "-", "-");
    scene_close(&scene);
}

static void test_equal_order_is_the_same_event(void)
{
    struct scene scene = scene_open(PARCEL_SUMMARY, 7);
    takes(&scene, SCAN(20, 1, "PICKUP", "2021-05-11T00:00:00Z", ""));
    finish(&scene);
    struct sp_value row[10], again[10];
    memcpy(row, scene.batch.values, sizeof row);
    memcpy(again, scene.batch.values, sizeof again);
    CU_ASSERT(!fold_join(scene.table.table, row, again));
    /* A row that has nothing to say for a group changes nothing of it ... */
    size_t picked = table_fixture_column(&scene.table, "PickedUpEventId");
    again[picked].present = false;
    CU_ASSERT(!fold_join(scene.table.table, row, again));
    /* ... and an order of NULL takes what comes. */
    again[picked] = row[picked];
    row[picked].present = false;
    row[table_fixture_column(&scene.table, "PickedUpAtUtc")].present = false;
    CU_ASSERT(fold_join(scene.table.table, row, again));
    CU_ASSERT(row[picked].present);
    scene_close(&scene);
}

static void test_orders_of_what_was_taken(void)
{
    struct scene scene = scene_open("name: T\norder: /o\nwhere: {/keep: true}\ncolumns:\n"
                                    "  id: {from: /id, type: int, key: true}\n"
                                    "  a: {from: /a, type: int, keep: first}\n",
                                    7);
    int64_t least, most;
    CU_ASSERT(!fold_orders(scene.fold, &least, &most));
    takes(&scene, "{\"o\":5,\"id\":1,\"a\":1,\"keep\":true}");
    takes(&scene, "{\"o\":9,\"id\":1,\"a\":1,\"keep\":true}");
    takes(&scene, "{\"o\":-3,\"id\":2,\"a\":1,\"keep\":true}");
    CU_ASSERT_EQUAL(add(&scene, "{\"o\":11,\"id\":1,\"a\":1}", 0), FOLD_UNWANTED);
    CU_ASSERT_EQUAL(add(&scene, "{\"o\":12,\"id\":1,\"a\":\"x\",\"keep\":true}", 0), FOLD_REJECTED);
    CU_ASSERT(fold_orders(scene.fold, &least, &most) && least == -3 && most == 9);
    fold_start(scene.fold);
    CU_ASSERT(!fold_orders(scene.fold, &least, &most));
    scene_close(&scene);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"the scan events become ParcelSummary", test_parcel_summary},
        {"rejections say which column, which pointer and why", test_scan_rejections},
        {"integers and booleans", test_integers_and_booleans},
        {"decimals", test_decimals},
        {"texts", test_texts},
        {"times and JSON", test_times_and_json},
        {"when and where", test_conditions},
        {"a group takes its values from one event", test_groups_take_one_event},
        {"appended rows are never changed", test_append},
        {"rows are sorted by key", test_sorted_by_key},
        {"rows are sorted by one number, and know their events", test_sorted_numbers},
        {"order and key are told of broken events", test_identity},
        {"the least and the greatest order of what was taken", test_orders_of_what_was_taken},
        {"equal order is the same event", test_equal_order_is_the_same_event},
    };
    return tap_run("fold", tests, sizeof tests / sizeof *tests);
}
