/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "rows.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "table/fold.h"
#include "table/table.h"
#include "table/value.h"

#include <scanpipe/time.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const struct sp_table *rows_table_named(struct kit *kit, const char *block, const char *name)
{
    SP_AUTO(buffer_fini) struct buffer told = {0};
    const char *at = strstr(block, "%s");
    const char *text =
        sp_arena_printf(kit->arena, "%.*s%s%s", (int)(at - block), block, name, at + strlen("%s"));
    struct diag *diag = diag_new("table", sp_slice_of(text));
    const struct yaml_node *node = yaml_parse(sp_slice_of(text), diag, kit->arena);
    const struct table_plan *plan =
        node ? table_compile(node, kit->plugin->capabilities.time_digits, diag, kit->arena) : NULL;
    diag_print(diag, &told);
    diag_free(diag);
    REQUIRE(plan, "%s", buffer_text(&told));
    return table_of(plan);
}

const struct sp_table *rows_table(struct kit *kit, const char *block)
{
    return rows_table_named(kit, block, kit_unique(kit));
}

size_t rows_column(const struct sp_table *table, const char *name)
{
    size_t at = 0;
    while (at < table->column_count && strcmp(table->columns[at].name, name) != 0)
        at++;
    REQUIRE(at < table->column_count, "there is no column %s", name);
    return at;
}

const struct sp_table *rows_word_table(struct kit *kit)
{
    return rows_table(kit, "name: %s\n"
                           "order: /n\n"
                           "columns:\n"
                           "  Id: {from: /id, type: int, key: true}\n"
                           "  Number: {from: /n, type: bigint}\n"
                           "  Word: {from: /w, type: text(50)}\n");
}

struct sp_value *rows_words(struct sp_arena *arena, const struct sp_table *table, int64_t first_id,
                            size_t count, int64_t order, const char *word)
{
    struct sp_value *rows = sp_arena_zalloc(arena, count * table->column_count * sizeof *rows);
    size_t id = rows_column(table, "Id"), number = rows_column(table, "Number");
    size_t text = rows_column(table, "Word");
    for (size_t i = 0; i < count; i++) {
        struct sp_value *row = rows + i * table->column_count;
        row[id] = (struct sp_value){.number = first_id + (int64_t)i, .present = true};
        row[number] = (struct sp_value){.number = order, .present = true};
        if (word)
            row[text] = (struct sp_value){.text = word, .length = (uint32_t)strlen(word), .present = true};
    }
    return rows;
}

/* Every type and every kind of group, under keys and orders of each kind; names that a dialect must quote. */
#define VALUE_COLUMNS                                                                                        \
    "  LastInt: {from: /a, type: int}\n"                                                                     \
    "  LastBig: {from: /a, type: bigint, required: true}\n"                                                  \
    "  LastText: {from: /a, type: text(20)}\n"                                                               \
    "  Select: {from: /a, type: \"decimal(18,4)\"}\n"                                                        \
    "  LastTime: {from: /a, type: timestamp}\n"                                                              \
    "  LastFlag: {from: /a, type: boolean}\n"                                                                \
    "  LastJson: {from: /a, type: json}\n"                                                                   \
    "  FirstText: {from: /a, type: text, keep: first, when: {/k: a}, order_column: FirstOrder}\n"            \
    "  FirstTime: {from: /a, type: timestamp, keep: first, when: {/k: a}, order_column: FirstOrder}\n"       \
    "  FirstLong: {from: /a, type: \"decimal(38,0)\", keep: first, when: {/k: b}}\n"                         \
    "  Group: {from: /a, type: text(4000), when: {/k: [b, c]}}\n"                                            \
    "  MinInt: {from: /a, type: int, keep: min}\n"                                                           \
    "  MinTime: {from: /a, type: timestamp, keep: min, when: {/k: a}}\n"                                     \
    "  MaxBig: {from: /a, type: bigint, keep: max}\n"                                                        \
    "  MaxLong: {from: /a, type: \"decimal(20,10)\", keep: max}\n"

#define APPENDED_COLUMNS                                                                                     \
    "  Id: {from: /i, type: int, key: true}\n"                                                               \
    "  N: {from: /n, type: bigint}\n"                                                                        \
    "  Text: {from: /a, type: text(20)}\n"                                                                   \
    "  At: {from: /a, type: timestamp}\n"

static const char *const shapes[ROWS_SHAPES] = {
    "name: %s\norder: /n\ncolumns:\n  Id: {from: /i, type: int, key: true}\n" VALUE_COLUMNS,
    "name: %s\norder: /n\ncolumns:\n  Name: {from: /i, type: text(30), key: true}\n" VALUE_COLUMNS,
    "name: %s\norder: {from: /n, type: timestamp}\ncolumns:\n  Big: {from: /i, type: bigint, key: true}\n"
    "  Name: {from: /i, type: text(20), key: true}\n" VALUE_COLUMNS,
    "name: %s\norder: /n\ncolumns:\n  At: {from: /i, type: timestamp, key: true}\n"
    "  Id: {from: /i, type: int, key: true}\n  LastOrder: {from: /n, type: bigint}\n" VALUE_COLUMNS,
    "name: %s\norder: {from: /n, type: timestamp}\ncolumns:\n  Flag: {from: /i, type: boolean, key: true}\n"
    "  Price: {from: /i, type: \"decimal(10,2)\", key: true}\n" VALUE_COLUMNS,
    "name: %s\norder: /n\ncolumns:\n  Id: {from: /i, type: int, key: true}\n",
    "name: %s\norder: /n\nappend: true\ncolumns:\n" APPENDED_COLUMNS,
};

const struct sp_table *rows_shape(struct kit *kit, size_t shape)
{
    return rows_table(kit, shapes[shape]);
}

/* ---- Values */

/* As many characters as text(20) has room for, four bytes each. */
#define FIVE_CLEFS "\xf0\x9d\x84\x9e\xf0\x9d\x84\x9e\xf0\x9d\x84\x9e\xf0\x9d\x84\x9e\xf0\x9d\x84\x9e"

static const char *const texts[] = {
    "",
    "a",
    "A",
    "a ",
    " a",
    "''",
    "\"\"",
    "it's",
    "\\",
    "%s%n",
    "a\tb",
    "a\nb",
    "; DROP TABLE x",
    "--",
    "/*",
    "$1",
    "?",
    ":a",
    "@a",
    "NULL",
    "0",
    "1e3",
    "\xc3\xa1",
    "a\xcc\x81",
    "\xc3\x9f",
    "ss",
    "\xe4\xb8\xad\xe6\x96\x87",
    "\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
    "\xe2\x80\xae"
    "abc",
    "\xef\xbb\xbf"
    "a",
    "\xef\xbf\xbd",
    "\xef\xbf\xbf",
    "\xf4\x8f\xbf\xbf",
    "\x01\x1f\x7f",
    "{}",
    FIVE_CLEFS FIVE_CLEFS FIVE_CLEFS FIVE_CLEFS,
};

static const char *const jsons[] = {
    "null",
    "true",
    "0",
    "-1.50e+3",
    "\"\"",
    "\"a'\\\"\\u0000\"",
    "{}",
    "[ 1, {\"a\" : \"\xc3\xa9\"} ]",
    "{\"a\":1,\"a\":2}",
    "123456789012345678901234567890",
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static struct sp_value text_value(const char *text)
{
    return (struct sp_value){.text = text, .length = (uint32_t)strlen(text), .present = true};
}

static struct sp_value number_value(int64_t number)
{
    return (struct sp_value){.number = number, .present = true};
}

static int64_t some_integer(uint64_t hash, int64_t least, int64_t most)
{
    const int64_t some[] = {0, 1, -1, least, most, least + 1, most - 1, 42};
    hash %= ROWS_VALUES;
    return hash < COUNT_OF(some) ? some[hash] : (int64_t)hash * 997 - 30000;
}

static int64_t some_ticks(uint64_t hash, unsigned time_digits)
{
    static const int64_t years[] = {
        0,                            /* 0001-01-01 */
        INT64_C(3155378975999999999), /* 9999-12-31T23:59:59.9999999 */
        INT64_C(621355968000000000),  /* 1970-01-01 */
        INT64_C(552877919999999999),  /* the last tick of a year before 1753 */
        INT64_C(636503616001234567),  /* 2018-01-01T00:00:00.1234567 */
    };
    int64_t step = 1;
    for (unsigned digits = time_digits; digits < 7; digits++)
        step *= 10;
    hash %= ROWS_VALUES;
    int64_t ticks = hash < COUNT_OF(years) ? years[hash] : years[4] + (int64_t)hash * 1234567;
    return ticks - ticks % step;
}

static struct sp_value some_decimal(struct kit *kit, const struct sp_column *column, uint64_t hash)
{
    char digits[48] = "";
    uint32_t whole = column->precision - column->scale;
    hash %= ROWS_VALUES;
    uint32_t wide = (uint32_t)(hash % 8 == 1 ? whole : hash % (whole < 6 ? whole + 1 : 6));
    uint64_t dice = hash;
    for (uint32_t i = 0; i < wide + column->scale; i++)
        digits[i] = (char)('0' + (i == 0 && wide ? 1 + kit_below(&dice, 9) : kit_below(&dice, 10)));
    bool zero = strspn(digits, "0") == strlen(digits);
    return text_value(sp_arena_printf(kit->arena, "%s%.*s%s%s", hash % 2 && !zero ? "-" : "",
                                      wide ? (int)wide : 1, wide ? digits : "0", column->scale ? "." : "",
                                      digits + wide));
}

/* As many characters of a text as the column has room for. */
static struct sp_value some_text(const struct sp_column *column, uint64_t hash)
{
    const char *text = texts[hash % COUNT_OF(texts)];
    size_t size = 0;
    for (uint32_t length = 0; text[size] && (!column->length || length < column->length); length++)
        size += utf8_length(text + size, strlen(text + size));
    return (struct sp_value){.text = text, .length = (uint32_t)size, .present = true};
}

struct sp_value rows_value(struct kit *kit, const struct sp_column *column, uint64_t hash)
{
    switch (column->type) {
    case SP_TYPE_INT:
        return number_value(some_integer(hash, INT32_MIN, INT32_MAX));
    case SP_TYPE_BIGINT:
        return number_value(some_integer(hash, INT64_MIN, INT64_MAX));
    case SP_TYPE_BOOLEAN:
        return number_value((int64_t)(hash % 2));
    case SP_TYPE_DECIMAL:
        return some_decimal(kit, column, hash);
    case SP_TYPE_TIMESTAMP:
        return number_value(some_ticks(hash, kit->plugin->capabilities.time_digits));
    case SP_TYPE_JSON:
        return text_value(jsons[hash % COUNT_OF(jsons)]);
    case SP_TYPE_TEXT:
        return some_text(column, hash);
    }
    return (struct sp_value){0};
}

/* ---- Rows */

static int64_t some_order(const struct sp_column *column, unsigned time_digits, uint64_t rank)
{
    if (column->type == SP_TYPE_TIMESTAMP)
        return some_ticks(ROWS_VALUES - 1 - rank % 40, time_digits);
    return rank == 1 ? INT64_MIN : rank == 30 ? INT64_MAX : (int64_t)rank * 7 - 50;
}

static void random_group(struct kit *kit, const struct sp_table *table, size_t group, uint64_t key,
                         uint64_t *dice, struct sp_value *row)
{
    int32_t order = table->groups[group].order_column;
    uint64_t rank = 1 + kit_below(dice, 30);
    uint64_t event = order < 0 ? kit_random(dice) : key * 31 + rank * 1009 + group;
    for (size_t i = table->key_count; i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        if (column->group != (int32_t)group)
            continue;
        event = event * 6364136223846793005 + i;
        if ((int32_t)i == order)
            row[i] = number_value(some_order(column, kit->plugin->capabilities.time_digits, rank));
        else if (!column->nullable || (event >> 33) % 4)
            row[i] = rows_value(kit, column, event >> 40);
    }
}

void rows_random(struct kit *kit, const struct sp_table *table, struct sp_value *row)
{
    uint64_t *dice = &kit->dice, key = kit_below(dice, 9);
    memset(row, 0, table->column_count * sizeof *row);
    for (size_t i = 0; i < table->key_count; i++)
        row[i] = rows_value(kit, &table->columns[i], key * (i + 1) + i);
    if (table->append) /* the order is part of the key, and all else follows from it */
        row[table->key_count - 1] = number_value((int64_t)(1 + kit_below(dice, 30)));
    if (table->append)
        key = key * 100 + (uint64_t)row[table->key_count - 1].number;
    for (size_t i = 0; i < table->group_count; i++) {
        uint64_t always = key + i, *chance = table->append ? &always : dice;
        if (table->append || kit_below(dice, 3))
            random_group(kit, table, i, key, chance, row);
    }
}

int rows_compare_keys(const struct sp_table *table, const struct sp_value *a, const struct sp_value *b)
{
    for (size_t i = 0; i < table->key_count; i++) {
        int order = value_compare(table->columns[i].type, &a[i], &b[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

void rows_sort(const struct sp_table *table, struct sp_value *rows, size_t count)
{
    size_t width = table->column_count;
    struct sp_value *one = mem_alloc(width * sizeof *one);
    for (size_t i = 1; i < count; i++) {
        size_t at = i;
        memcpy(one, rows + i * width, width * sizeof *one);
        for (; at > 0 && rows_compare_keys(table, rows + (at - 1) * width, one) > 0; at--)
            memcpy(rows + at * width, rows + (at - 1) * width, width * sizeof *one);
        memcpy(rows + at * width, one, width * sizeof *one);
    }
    free(one);
}

static const char *show(struct kit *kit, const struct sp_column *column, const struct sp_value *value)
{
    char time[SP_TIME_TEXT_SIZE];
    if (!value->present)
        return "NULL";
    if (column->type == SP_TYPE_TIMESTAMP) {
        sp_time_format(value->number, 7, time);
        return sp_arena_printf(kit->arena, "%s", time);
    }
    if (!value_is_text(column->type))
        return sp_arena_printf(kit->arena, "%" PRId64, value->number);
    return sp_arena_printf(kit->arena, "'%s'", kit_shown(kit, (struct sp_slice){value->text, value->length}));
}

const char *rows_difference(struct kit *kit, const struct sp_table *table, const struct sp_value *got,
                            const struct sp_value *expected)
{
    for (size_t i = 0; i < table->column_count; i++) {
        const struct sp_column *column = &table->columns[i];
        if (!value_equal(column->type, &got[i], &expected[i]))
            return sp_arena_printf(kit->arena, "column %s (%s) is %s, not %s, of the key %s", column->name,
                                   sp_type_name(column->type), show(kit, column, &got[i]),
                                   show(kit, column, &expected[i]),
                                   show(kit, &table->columns[0], &expected[0]));
    }
    return NULL;
}

void model_init(struct model *model, const struct sp_table *table)
{
    *model = (struct model){.table = table};
}

void model_fini(struct model *model)
{
    free(model->rows);
}

void model_join(struct model *model, const struct sp_value *row)
{
    size_t width = model->table->column_count;
    for (size_t i = 0; i < model->count; i++)
        if (rows_compare_keys(model->table, model->rows + i * width, row) == 0) {
            fold_join(model->table, model->rows + i * width, row);
            return;
        }
    if (model->count == model->room) {
        model->room = model->room ? model->room * 2 : 64;
        model->rows = mem_realloc(model->rows, model->room * width * sizeof *model->rows);
    }
    memcpy(model->rows + model->count++ * width, row, width * sizeof *row);
}
