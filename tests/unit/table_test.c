/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "table_fixture.h"

#include <scanpipe/host.h>

/* One block with one mistake: at `place` it is told with these words, with a hint that has these. */
static void refuses(const char *block, const char *place, const char *words, const char *hint)
{
    struct table_fixture fixture = table_fixture_open(block, 7);
    char head[160];
    snprintf(head, sizeof head, "t.yaml:%s: error: %s\n", place, words);
    bool told = strstr(buffer_text(&fixture.told), head) != NULL;
    bool hinted = !hint || strstr(buffer_text(&fixture.told), hint) != NULL;
    CU_ASSERT_PTR_NULL(fixture.plan);
    CU_ASSERT(told);
    CU_ASSERT(hinted);
    CU_ASSERT_EQUAL(diag_errors(fixture.diag), 1);
    if (!told || !hinted || diag_errors(fixture.diag) != 1)
        printf("# expected %s# with '%s', but found\n%s\n", head, hint ? hint : "",
               buffer_text(&fixture.told));
    table_fixture_close(&fixture);
}

#define HEAD  "name: T\norder: /Id\ncolumns:\n  Key: {from: /Key, type: int, key: true}\n"
#define TYPES "types are int, bigint, decimal(p,s), boolean, text, text(n), timestamp, json"

static void test_block_errors(void)
{
#define COLUMNS "columns:\n  Key: {from: /Key, type: int, key: true}\n"
    refuses("order: /Id\n" COLUMNS, "1:1", "the table has no 'name'", "add 'name:");
    refuses("name: a-b\norder: /Id\n" COLUMNS, "1:7", "'a-b' cannot be the name of a table",
            "letters, digits");
    refuses("name: a.b.c\norder: /Id\n" COLUMNS, "1:7", "'a.b.c' cannot be the name of a table", "dbo.");
    refuses("name: [x]\norder: /Id\n" COLUMNS, "1:7", "expected the name of a table, but found a list", NULL);
    refuses("name: T\n" COLUMNS, "1:1", "the table has no 'order'", "add 'order: /EventId'");
    refuses("name: T\norder: Id\n" COLUMNS, "2:8", "'Id' is not a JSON Pointer", "write '/Id'");
    refuses("name: T\norder: {type: bigint}\n" COLUMNS, "2:1", "the table has no 'order'", NULL);
    refuses("name: T\norder: {from: /Id, type: int}\n" COLUMNS, "2:26",
            "expected bigint or timestamp, but found 'int'", NULL);
    refuses("name: T\norder: {from: /Id, tpye: bigint}\n" COLUMNS, "2:20", "unknown key 'tpye'",
            "did you mean 'type'?");
    refuses("name: T\norder: /Id\n", "1:1", "the table has no 'columns'", "add 'columns:");
    refuses("name: T\norder: /Id\ncolumns: {}\n", "3:1", "the table has no 'columns'", NULL);
    refuses("name: T\norder: /Id\ncolumns:\n  A: {from: /A, type: int}\n", "3:1",
            "no column of the table is a key", "add 'key: true'");
    refuses("name: T\norder: /Id\nappned: true\n" COLUMNS, "3:1", "unknown key 'appned'",
            "did you mean 'append'?");
    refuses("name: T\norder: /Id\nappend: yes\n" COLUMNS, "3:9", "expected true or false, but found text",
            "write true");
    refuses("name: T\norder: /Id\nwhere: /Type\n" COLUMNS, "3:8",
            "'where' needs a JSON Pointer and what to compare with, but has text", NULL);
    refuses("table: [1]\n", "1:8", "expected a mapping, but found a list", NULL);
}

static void test_column_errors(void)
{
    refuses(HEAD "  A: {type: int}\n", "5:3", "column 'A' has no 'from'", "add 'from: /A'");
    refuses(HEAD "  A: {from: /A}\n", "5:3", "column 'A' has no 'type'", "add a type");
    refuses(HEAD "  A: {from: A, type: int}\n", "5:13", "'A' is not a JSON Pointer", "write '/A'");
    refuses(HEAD "  A: {from: /A~, type: int}\n", "5:13", "'/A~' is not a JSON Pointer", "'~0'");
    refuses(HEAD "  A: {from: [], type: int}\n", "5:13", "expected a JSON Pointer, but found a list", NULL);
    refuses(HEAD "  A: [x]\n", "5:6", "expected a mapping, but found a list",
            "write 'A: {from: /A, type: text}'");
    refuses(HEAD "  A: {from: /A, type: int, requierd: true}\n", "5:28", "unknown key 'requierd'",
            "did you mean 'required'?");
    refuses(HEAD "  A: {from: /A, type: int, required: no}\n", "5:38",
            "expected true or false, but found text", "write false");
    refuses(HEAD "  A: {from: /A, type: int, keep: frist}\n", "5:34",
            "expected last, first, min or max, but found 'frist'", "did you mean 'first'?");
    refuses(HEAD "  A-1: {from: /A, type: int}\n", "5:3", "'A-1' cannot be the name of a column", NULL);
    refuses(HEAD "  9: {from: /A, type: int}\n", "5:3", "'9' cannot be the name of a column", NULL);
    refuses(HEAD "  key: {from: /A, type: int}\n", "5:3", "column 'key' is there already, as 'Key' in line 4",
            "upper from lower");
}

static void test_type_errors(void)
{
    refuses(HEAD "  A: {from: /A, type: bigimt}\n", "5:23", "unknown type 'bigimt'",
            "did you mean 'bigint'?");
    refuses(HEAD "  A: {from: /A, type: varchar(9)}\n", "5:23", "unknown type 'varchar(9)'", TYPES);
    refuses(HEAD "  A: {from: /A, type: }\n", "5:23", "expected a type, but found nothing", TYPES);
    refuses(HEAD "  A: {from: /A, type: text(0)}\n", "5:23", "'text(0)' is not a type", "1 to 1000000");
    refuses(HEAD "  A: {from: /A, type: text(x)}\n", "5:23", "'text(x)' is not a type", NULL);
    refuses(HEAD "  A: {from: /A, type: text(5}\n", "5:23", "'text(5' is not a type", NULL);
    refuses(HEAD "  A: {from: /A, type: text(1000001)}\n", "5:23", "'text(1000001)' is not a type", NULL);
    refuses(HEAD "  A: {from: /A, type: text 5}\n", "5:23", "'text 5' is not a type", NULL);
    refuses(HEAD "  A: {from: /A, type: int(4)}\n", "5:23", "'int(4)' is not a type", "write 'int'");
    refuses(HEAD "  A: {from: /A, type: decimal}\n", "5:23", "'decimal' is not a type",
            "after the point): decimal(10,2)");
    refuses(HEAD "  A: {from: /A, type: \"decimal(39,2)\"}\n", "5:23", "'decimal(39,2)' is not a type", NULL);
    refuses(HEAD "  A: {from: /A, type: \"decimal(2,3)\"}\n", "5:23", "'decimal(2,3)' is not a type", NULL);
    refuses(HEAD "  A:\n    from: /A\n    type: decimal(0,0)\n", "7:11", "'decimal(0,0)' is not a type",
            NULL);
}

static void test_value_errors(void)
{
    refuses(HEAD "  A: {from: /A, type: int, default: abc}\n", "5:37",
            "'default' is not an integer, but text", NULL);
    refuses(HEAD "  A: {from: /A, type: int, default: \"5\"}\n", "5:37",
            "'default' is not an integer, but text", NULL);
    refuses(HEAD "  A: {from: /A, type: int, default: 2147483648}\n", "5:37",
            "'default' is 2147483648, which does not fit the type int", NULL);
    refuses(HEAD "  A: {from: /A, type: bigint, default: 1.5}\n", "5:40",
            "'default' is not an integer, but the number 1.5", NULL);
    refuses(HEAD "  A: {from: /A, type: boolean, default: 1}\n", "5:41",
            "'default' is not true or false, but a number", NULL);
    refuses(HEAD "  A: {from: /A, type: \"decimal(3,1)\", default: 1.25}\n", "5:48",
            "'default' has more than 1 digit after the point", NULL);
    refuses(HEAD "  A: {from: /A, type: text(2), default: abc}\n", "5:41",
            "'default' has 3 characters where 2 fit", NULL);
    refuses(HEAD "  A: {from: /A, type: text, default: }\n", "5:38",
            "'default' needs a value, but has nothing", "write \"\"");
    refuses(HEAD "  A: {from: /A, type: timestamp, default: 2018-01-01}\n", "5:43",
            "'default' is no RFC 3339 time such as 2018-01-01T00:00:00Z", NULL);
    refuses(HEAD "  A: {from: /A, type: json, default: {}}\n", "5:38",
            "'default' needs a value, but has a mapping", "write the JSON in quotes");
    refuses(HEAD "  A: {from: /A, type: json, default: \"{\"}\n", "5:38",
            "'default' is not JSON: it ends too early", NULL);
    refuses(HEAD "  A: {from: /A, type: int, default: 1, required: true}\n", "5:37",
            "what is 'required' never takes its 'default'", "leave one");
    refuses(HEAD "  A: {from: /A, type: int, min: 2, max: 1}\n", "5:41", "'max' is less than 'min'", NULL);
    refuses(HEAD "  A: {from: /A, type: int, min: x}\n", "5:33", "'min' is not an integer, but text", NULL);
    refuses(HEAD "  A: {from: /A, type: text, min: 2}\n", "5:34",
            "'min' is for numbers and timestamps, not for text", NULL);
    refuses(HEAD "  A: {from: /A, type: boolean, max: 2}\n", "5:37",
            "'max' is for numbers and timestamps, not for boolean", NULL);
    refuses(HEAD "  A: {from: /A, type: int, case: upper}\n", "5:34", "'case' is for text, not for int",
            NULL);
    refuses(HEAD "  A: {from: /A, type: text, case: title}\n", "5:35",
            "expected upper or lower, but found 'title'", NULL);
}

static void test_key_errors(void)
{
    refuses(HEAD "  A: {from: /A, type: int, key: true, keep: first}\n", "5:39",
            "a key has no 'keep': it is the same in every event of its row", NULL);
    refuses(HEAD "  A: {from: /A, type: int, key: true, when: {/a: b}}\n", "5:39",
            "a key has no 'when': it is the same in every event of its row", NULL);
    refuses(HEAD "  A: {from: /A, type: int, key: true, order_column: B}\n", "5:39",
            "a key has no 'order_column': it is the same in every event of its row", NULL);
    refuses(HEAD "  A: {from: /A, type: int, key: true, default: 1}\n", "5:39",
            "a key has no 'default': it is always required", NULL);
    refuses(HEAD "  A: {from: /A, type: int, key: true, required: false}\n", "5:49",
            "a key is always required", NULL);
    refuses(HEAD "  A: {from: /A, type: json, key: true}\n", "5:23", "json cannot be a key", "keys are int");
}

static void test_group_errors(void)
{
    refuses(HEAD "  A: {from: /A, type: text, keep: min}\n", "5:35",
            "'keep: min' is for numbers and timestamps, not for text", NULL);
    refuses(HEAD "  A: {from: /A, type: boolean, keep: max}\n", "5:38",
            "'keep: max' is for numbers and timestamps, not for boolean", NULL);
    refuses(HEAD "  A: {from: /A, type: int, keep: max, order_column: X}\n", "5:39",
            "there is no 'order_column' with min and max: they need no order", NULL);
    refuses(HEAD "  A: {from: /A, type: int, order_column: X}\n  B: {from: /B, type: int, order_column: Y}\n",
            "6:42", "'Y' is not the order column of the group: column 'A' has 'X'", "share one order");
    refuses(HEAD "  A: {from: /A, type: int, order_column: B}\n  B: {from: /B, type: int, keep: first}\n",
            "5:42", "column 'B' does not hold the order of this group", "name a column");
    refuses(HEAD "  A: {from: /A, type: int, order_column: KEY}\n", "5:42",
            "column 'Key' does not hold the order of this group", NULL);
    refuses(HEAD "  A: {from: /A, type: int, order_column: B}\n  B: {from: /Id, type: bigint, keep: first}\n",
            "5:42", "column 'B' does not hold the order of this group", NULL);
    refuses(HEAD "  A: {from: /A, type: int, order_column: X}\n"
                 "  B: {from: /B, type: int, keep: first, order_column: x}\n",
            "6:55", "'x' is the order column of another group", "of its own");
    refuses(HEAD "  A: {from: /A, type: int, order_column: 1}\n", "5:42",
            "'1' cannot be the name of a column", NULL);
    refuses(HEAD "  A: {from: /A, type: int, when: {}}\n", "5:34",
            "'when' needs a JSON Pointer and what to compare with, but has nothing", "write 'when:");
    refuses(HEAD "  A: {from: /A, type: int, when: {/T: []}}\n", "5:39",
            "'when' needs something to compare with", NULL);
    refuses(HEAD "  A: {from: /A, type: int, when: {T: x}}\n", "5:35", "'T' is not a JSON Pointer",
            "write '/T'");
    refuses(HEAD "  A: {from: /A, type: int, when: {/T: [[x]]}}\n", "5:40",
            "expected text, a number, true or false, but found a list", NULL);
    refuses("append: true\n" HEAD "  A: {from: /A, type: int, keep: first}\n", "6:28",
            "there is no 'keep' with 'append': each event has a row of its own", NULL);
    refuses("append: true\n" HEAD "  A: {from: /A, type: int, when: {/T: x}}\n", "6:28",
            "there is no 'when' with 'append': each event has a row of its own", NULL);
}

static void test_all_errors_at_once(void)
{
    struct table_fixture fixture = table_fixture_open(
        "name: 1\nordre: /Id\ncolumns:\n  A: {from: A, type: itn, keep: lst}\n  a: {form: /a, type: int}\n",
        7);
    CU_ASSERT_EQUAL(diag_errors(fixture.diag), 10);
    CU_ASSERT_PTR_NULL(fixture.plan);
    if (diag_errors(fixture.diag) != 10)
        printf("%s\n", buffer_text(&fixture.told));
    table_fixture_close(&fixture);
}

static void column(const struct table_fixture *fixture, size_t at, const char *name, enum sp_type type,
                   enum sp_role role, int group, bool nullable, bool hidden)
{
    const struct sp_column *found = &fixture->table->columns[at];
    CU_ASSERT_STRING_EQUAL(found->name, name);
    CU_ASSERT_EQUAL(found->type, type);
    CU_ASSERT_EQUAL(found->role, role);
    CU_ASSERT_EQUAL(found->group, group);
    CU_ASSERT_EQUAL(found->nullable, nullable);
    CU_ASSERT_EQUAL(found->hidden, hidden);
}

static void test_parcel_summary(void)
{
    struct table_fixture fixture = table_fixture_good(PARCEL_SUMMARY, 7);
    const struct sp_table *table = fixture.table;
    CU_ASSERT_STRING_EQUAL(table->name, "ParcelSummary");
    CU_ASSERT_EQUAL(table->size, sizeof *table);
    CU_ASSERT_EQUAL(table->column_count, 10);
    CU_ASSERT_EQUAL(table->key_count, 1);
    CU_ASSERT_EQUAL(table->group_count, 3);
    CU_ASSERT(!table->append);
    column(&fixture, 0, "ParcelId", SP_TYPE_INT, SP_ROLE_KEY, -1, false, false);
    column(&fixture, 1, "LatestEventId", SP_TYPE_BIGINT, SP_ROLE_ORDER, 0, false, false);
    column(&fixture, 2, "LatestType", SP_TYPE_TEXT, SP_ROLE_VALUE, 0, false, false);
    column(&fixture, 3, "LatestCreatedDateTimeUtc", SP_TYPE_TIMESTAMP, SP_ROLE_VALUE, 0, false, false);
    column(&fixture, 4, "LatestStatusCode", SP_TYPE_TEXT, SP_ROLE_VALUE, 0, false, false);
    column(&fixture, 5, "LatestRunId", SP_TYPE_TEXT, SP_ROLE_VALUE, 0, false, false);
    column(&fixture, 6, "PickedUpAtUtc", SP_TYPE_TIMESTAMP, SP_ROLE_VALUE, 1, true, false);
    column(&fixture, 7, "DeliveredAtUtc", SP_TYPE_TIMESTAMP, SP_ROLE_VALUE, 2, true, false);
    column(&fixture, 8, "PickedUpEventId", SP_TYPE_BIGINT, SP_ROLE_ORDER, 1, false, true);
    column(&fixture, 9, "DeliveredEventId", SP_TYPE_BIGINT, SP_ROLE_ORDER, 2, false, true);
    static const enum sp_keep keeps[] = {SP_KEEP_LAST, SP_KEEP_FIRST, SP_KEEP_FIRST};
    static const int orders[] = {1, 8, 9};
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(table->groups[i].keep, keeps[i]);
        CU_ASSERT_EQUAL(table->groups[i].order_column, orders[i]);
    }
    CU_ASSERT_EQUAL(table->columns[2].length, 50);
    table_fixture_close(&fixture);
}

static void test_groups(void)
{
    /* Given columns of several rules, in any order, when the block is compiled ... */
    struct table_fixture fixture =
        table_fixture_good("name: dbo.T\norder: /Id\ncolumns:\n"
                           "  Max: {from: /N, type: int, keep: max}\n"
                           "  A: {from: /A, type: int, when: {/T: [b, A, a], /S: x}}\n"
                           "  K2: {from: /K2, type: text(9), key: true}\n"
                           "  B: {from: /B, type: int, when: {/S: X, /T: [B, a]}}\n"
                           "  Max2: {from: /N, type: bigint, keep: max}\n"
                           "  First: {from: /A, type: int, keep: first}\n"
                           "  K1: {from: /K1, type: boolean, key: true}\n"
                           "  FirstOrder: {from: /Id, type: int, keep: first}\n",
                           7);
    const struct sp_table *table = fixture.table;
    /* ... then keys come first, equal rules are one group however they are written, min and max stand alone.
     */
    column(&fixture, 0, "K2", SP_TYPE_TEXT, SP_ROLE_KEY, -1, false, false);
    column(&fixture, 1, "K1", SP_TYPE_BOOLEAN, SP_ROLE_KEY, -1, false, false);
    column(&fixture, 2, "Max", SP_TYPE_INT, SP_ROLE_VALUE, 0, true, false);
    column(&fixture, 3, "A", SP_TYPE_INT, SP_ROLE_VALUE, 1, true, false);
    column(&fixture, 4, "B", SP_TYPE_INT, SP_ROLE_VALUE, 1, true, false);
    column(&fixture, 5, "Max2", SP_TYPE_BIGINT, SP_ROLE_VALUE, 2, true, false);
    column(&fixture, 6, "First", SP_TYPE_INT, SP_ROLE_VALUE, 3, true, false);
    column(&fixture, 7, "FirstOrder", SP_TYPE_INT, SP_ROLE_ORDER, 3, false, false);
    CU_ASSERT_EQUAL(table->group_count, 4);
    CU_ASSERT_EQUAL(table->groups[0].order_column, -1);
    CU_ASSERT_EQUAL(table->groups[1].order_column, 8);
    CU_ASSERT_EQUAL(table->groups[3].order_column, 7);
    CU_ASSERT_EQUAL(table->column_count, 9);

    /* The hidden name is the digest of keep and when, and nothing else. */
    const char *rule = "{\"keep\":\"last\",\"when\":{\"/S\":[\"x\"],\"/T\":[\"a\",\"b\"]}}";
    unsigned char digest[SP_SHA256_SIZE];
    char name[32];
    sp_sha256(rule, strlen(rule), digest);
    snprintf(name, sizeof name, "Order_%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
    column(&fixture, 8, name, SP_TYPE_BIGINT, SP_ROLE_ORDER, 1, false, true);
    table_fixture_close(&fixture);
}

static void test_hidden_name_taken(void)
{
    struct table_fixture fixture = table_fixture_good(HEAD "  A: {from: /A, type: int}\n", 7);
    char block[512];
    const char *hidden = fixture.table->columns[2].name;
    CU_ASSERT(fixture.table->columns[2].hidden);
    snprintf(block, sizeof block, HEAD "  A: {from: /A, type: int}\n  %s: {from: /B, type: int}\n", hidden);
    char words[128];
    snprintf(words, sizeof words, "'%s' is the name of the hidden column that holds a group's order", hidden);
    refuses(block, "6:3", words, "choose another name");
    table_fixture_close(&fixture);
}

static void test_named_order_column(void)
{
    /* A column that reads the order under the same rule is used where order_column names it. */
    struct table_fixture fixture =
        table_fixture_good(HEAD
                           "  A: {from: /A, type: int, order_column: B}\n  B: {from: /Id, type: bigint}\n",
                           7);
    CU_ASSERT_EQUAL(fixture.table->column_count, 3);
    CU_ASSERT_EQUAL(fixture.table->groups[0].order_column, 2);
    CU_ASSERT_EQUAL(fixture.table->columns[2].role, SP_ROLE_ORDER);
    table_fixture_close(&fixture);
}

static void test_timestamp_order(void)
{
    const char *block = "name: T\norder: /At\ncolumns:\n  K: {from: /K, type: int, key: true}\n"
                        "  At: {from: /At, type: timestamp}\n";
    struct table_fixture fixture = table_fixture_good(block, 7);
    CU_ASSERT_EQUAL(fixture.table->column_count, 2);
    CU_ASSERT_EQUAL(fixture.table->groups[0].order_column, 1);
    table_fixture_close(&fixture);
    /* A sink that cuts times cannot hold the order in one: two events would become one. */
    fixture = table_fixture_good(block, 6);
    CU_ASSERT_EQUAL(fixture.table->column_count, 3);
    CU_ASSERT_EQUAL(fixture.table->groups[0].order_column, 2);
    CU_ASSERT_EQUAL(fixture.table->columns[1].role, SP_ROLE_VALUE);
    CU_ASSERT_EQUAL(fixture.table->columns[2].type, SP_TYPE_BIGINT);
    CU_ASSERT(fixture.table->columns[2].hidden);
    table_fixture_close(&fixture);
}

static void test_append(void)
{
    struct table_fixture fixture =
        table_fixture_good("name: T\norder: /Id\nappend: true\ncolumns:\n  T: {from: /T, type: text}\n"
                           "  Id: {from: /Id, type: bigint}\n  K: {from: /K, type: int, key: true}\n",
                           7);
    CU_ASSERT(fixture.table->append);
    CU_ASSERT_EQUAL(fixture.table->key_count, 2);
    column(&fixture, 0, "K", SP_TYPE_INT, SP_ROLE_KEY, -1, false, false);
    column(&fixture, 1, "Id", SP_TYPE_BIGINT, SP_ROLE_KEY, -1, false, false);
    column(&fixture, 2, "T", SP_TYPE_TEXT, SP_ROLE_VALUE, 0, true, false);
    table_fixture_close(&fixture);

    fixture = table_fixture_good("name: T\norder: /Id\nappend: true\ncolumns:\n"
                                 "  T: {from: /T, type: text, order_column: Nr}\n"
                                 "  K: {from: /K, type: int, key: true}\n",
                                 7);
    CU_ASSERT_EQUAL(fixture.table->key_count, 2);
    CU_ASSERT_EQUAL(fixture.table->column_count, 3);
    column(&fixture, 1, "Nr", SP_TYPE_BIGINT, SP_ROLE_KEY, -1, false, true);
    table_fixture_close(&fixture);

    /* Where the file calls the order a key, it stays where the file has it. */
    fixture = table_fixture_good("name: T\norder: /Id\nappend: true\ncolumns:\n"
                                 "  Id: {from: /Id, type: bigint, key: true}\n"
                                 "  K: {from: /K, type: int, key: true}\n",
                                 7);
    CU_ASSERT_EQUAL(fixture.table->key_count, 2);
    CU_ASSERT_EQUAL(fixture.table->column_count, 2);
    CU_ASSERT_STRING_EQUAL(fixture.table->columns[0].name, "Id");
    table_fixture_close(&fixture);
}

/* What bounds the order of a first group is known where all events have gone into another one. */
static void test_order_bound(void)
{
    struct table_fixture fixture =
        table_fixture_good("name: T\norder: /Id\ncolumns:\n  K: {from: /K, type: int, key: true}\n"
                           "  Latest: {from: /Id, type: bigint}\n"
                           "  A: {from: /A, type: int, keep: first, when: {/T: x}, order_column: AId}\n"
                           "  B: {from: /A, type: int, when: {/T: x}, order_column: BId}\n",
                           7);
    bool there[] = {true, true, true, true, false, false};
    CU_ASSERT_EQUAL(fixture.table->newest_column, 1);
    CU_ASSERT_STRING_EQUAL(fixture.table->columns[4].name, "AId");
    CU_ASSERT_EQUAL(sp_table_order_bound(fixture.table, 4, there), 1);
    CU_ASSERT_EQUAL(sp_table_order_bound(fixture.table, 5, there), 0); /* of a last group */
    CU_ASSERT_EQUAL(sp_table_order_bound(fixture.table, 2, there), 0); /* no order */
    there[2] = false;
    CU_ASSERT_EQUAL(sp_table_order_bound(fixture.table, 4, there), 0); /* no row has a value yet */
    there[1] = false, there[2] = true;
    CU_ASSERT_EQUAL(sp_table_order_bound(fixture.table, 4, there), 0);
    table_fixture_close(&fixture);

    /* Where only some events go into the last group, an event of another may be newer. */
    fixture = table_fixture_good("name: T\norder: /Id\ncolumns:\n  K: {from: /K, type: int, key: true}\n"
                                 "  Latest: {from: /Id, type: bigint, when: {/T: y}}\n"
                                 "  A: {from: /A, type: int, keep: first, when: {/T: x}}\n",
                                 7);
    CU_ASSERT_EQUAL(fixture.table->newest_column, 0);
    table_fixture_close(&fixture);

    /* A time as the order is hidden as a number, which is no bound for a time that is shown, nor it for that.
     */
    fixture =
        table_fixture_good("name: T\norder: {from: /At, type: timestamp}\ncolumns:\n"
                           "  K: {from: /K, type: int, key: true}\n"
                           "  Latest: {from: /At, type: timestamp}\n"
                           "  A: {from: /A, type: int, keep: first, when: {/T: x}, order_column: AAt}\n",
                           7);
    const bool all[] = {true, true, true, false};
    CU_ASSERT_EQUAL(fixture.table->newest_column, 1);
    CU_ASSERT_EQUAL(sp_table_order_bound(fixture.table, 3, all), 0);
    table_fixture_close(&fixture);
}

static void test_fingerprint(void)
{
    struct table_fixture one =
        table_fixture_good("name: T\norder: /Id\ncolumns:\n  K: {from: /K, type: int, key: true}\n"
                           "  A: {from: /A, type: text(5), when: {/T: [x, y]}}\n"
                           "  B: {from: /B, type: \"decimal(4,1)\", keep: max}\n",
                           7);
    CU_ASSERT_STRING_EQUAL(
        table_fingerprint(one.plan, one.arena),
        "{\"name\":\"T\",\"append\":false,\"key\":[{\"name\":\"K\",\"type\":\"int\",\"from\":\"/K\"}],"
        "\"order\":{\"from\":\"/Id\",\"type\":\"bigint\"},\"columns\":["
        "{\"name\":\"A\",\"type\":\"text(5)\",\"group\":{\"keep\":\"last\",\"when\":{\"/T\":[\"x\",\"y\"]},"
        "\"order_column\":\"Order_ba91a544\"}},"
        "{\"name\":\"B\",\"type\":\"decimal(4,1)\",\"group\":{\"keep\":\"max\",\"when\":{}}}]}");
    /* The order of the file and `where` are no part of it. */
    struct table_fixture two = table_fixture_good("where: {/T: x}\norder: {from: /Id}\nname: T\ncolumns:\n"
                                                  "  B: {from: /B, type: \"decimal(4,1)\", keep: max}\n"
                                                  "  A: {from: /A, type: text(5), when: {/T: [Y, X]}}\n"
                                                  "  K: {from: /K, type: int, key: true}\n",
                                                  7);
    CU_ASSERT_STRING_EQUAL(table_fingerprint(one.plan, one.arena), table_fingerprint(two.plan, two.arena));
    table_fixture_close(&one);
    table_fixture_close(&two);
}

static void changes(const char *before, const char *after, enum table_change wanted, const char *words)
{
    struct table_fixture old = table_fixture_good(before, 7), new = table_fixture_good(after, 7);
    const char *what = NULL;
    enum table_change change =
        table_compare(new.plan, table_fingerprint(old.plan, old.arena), new.arena, &what);
    CU_ASSERT_EQUAL(change, wanted);
    CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(what, words));
    if (change != wanted)
        printf("# %s\n", what);
    table_fixture_close(&old);
    table_fixture_close(&new);
}

static void test_changes(void)
{
#define A "  A: {from: /A, type: int}\n"
    changes(HEAD A, HEAD A, TABLE_SAME, "");
    changes(HEAD A, "where: {/x: y}\n" HEAD A, TABLE_SAME, "");
    changes(HEAD A, HEAD A "  B: {from: /B, type: int}\n", TABLE_NEW_COLUMNS, "column 'B' is new");
    changes(HEAD A "  B: {from: /B, type: int}\n", HEAD A, TABLE_NEW_COLUMNS,
            "column 'B' is no longer written");
    changes(HEAD A, HEAD "  A: {from: /A, type: bigint}\n", TABLE_REFUSED,
            "column 'A' was of the type int and is of the type bigint");
    changes(HEAD A, HEAD "  A: {from: /A, type: int, keep: first}\n", TABLE_REFUSED,
            "column 'A' was kept by");
    changes(HEAD A, HEAD "  A: {from: /A, type: int, when: {/T: x}}\n", TABLE_REFUSED,
            "column 'A' was kept by");
    changes(HEAD A, HEAD "  A: {from: /A, type: int, order_column: X}\n", TABLE_REFUSED,
            "column 'A' was kept by");
    changes(HEAD A, HEAD A "  K2: {from: /K2, type: int, key: true}\n", TABLE_REFUSED, "the key was");
    changes(HEAD A, "append: true\n" HEAD A, TABLE_REFUSED, "'append' was false and is true");
    changes("name: T\norder: /Other\ncolumns:\n  Key: {from: /Key, type: int, key: true}\n", HEAD A,
            TABLE_REFUSED, "the order was");
    changes("name: U\norder: /Id\ncolumns:\n  Key: {from: /Key, type: int, key: true}\n" A, HEAD A,
            TABLE_NEW_COLUMNS, "the table was 'U' and is 'T'");
}

static void test_broken_fingerprints(void)
{
    static const char *const broken[] = {
        "",
        "{",
        "null",
        "{}",
        "[]",
        "{\"name\":1,\"append\":2,\"key\":3}",
        "{\"name\":\"T\",\"append\":false,\"key\":[],\"order\":{},\"columns\":{}}"};
    struct table_fixture fixture = table_fixture_good(HEAD, 7);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const char *what = NULL;
        CU_ASSERT_EQUAL(table_compare(fixture.plan, broken[i], fixture.arena, &what), TABLE_REFUSED);
        CU_ASSERT_PTR_NOT_NULL(what);
    }
    table_fixture_close(&fixture);
}

static void test_many_columns(void)
{
    struct buffer block = {0};
    for (unsigned count = 996; count <= 1000; count += 4) {
        buffer_clear(&block);
        buffer_add_text(&block, HEAD);
        for (unsigned i = 0; i < count; i++)
            buffer_printf(&block, "  C%u: {from: /c/%u, type: int}\n", i, i);
        struct table_fixture fixture = table_fixture_open(buffer_text(&block), 7);
        CU_ASSERT_EQUAL(fixture.plan != NULL, count == 996);
        table_fixture_close(&fixture);
    }
    buffer_fini(&block);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"mistakes of the block are told with their place", test_block_errors},
        {"mistakes of a column", test_column_errors},
        {"mistakes of a type", test_type_errors},
        {"mistakes of defaults and bounds", test_value_errors},
        {"mistakes of keys", test_key_errors},
        {"mistakes of groups", test_group_errors},
        {"all mistakes are told at once", test_all_errors_at_once},
        {"ParcelSummary is laid out for sinks", test_parcel_summary},
        {"columns of equal rules are groups", test_groups},
        {"the hidden name can be taken", test_hidden_name_taken},
        {"order_column may name a column that reads the order", test_named_order_column},
        {"a time can be the order", test_timestamp_order},
        {"appended rows are keyed by key and order", test_append},
        {"an order that is added has a bound where all events are in another group", test_order_bound},
        {"the fingerprint does not depend on the order of the file", test_fingerprint},
        {"changes are told apart", test_changes},
        {"a fingerprint that cannot be read is refused", test_broken_fingerprints},
        {"columns have a bound", test_many_columns},
    };
    return tap_run("table", tests, sizeof tests / sizeof *tests);
}
