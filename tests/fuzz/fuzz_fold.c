/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/*
 * The fold on any lines: forwards, and backwards in two halves that are joined, must give the same
 * rows where no two of the lines that were taken have one order.
 */

#include "base/arena.h"
#include "config/diag.h"
#include "table/fold.h"

#include <assert.h>
#include <scanpipe/json.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char block[] = "name: T\n"
                            "order: /o\n"
                            "where: {/w: [~, a, 1, true]}\n"
                            "columns:\n"
                            "  I: {from: /i, type: int, min: -5, max: 100, default: 3}\n"
                            "  K: {from: /k, type: text(5), key: true, case: upper}\n"
                            "  B: {from: /b, type: bigint, keep: first}\n"
                            "  D: {from: /d, type: \"decimal(9,3)\", keep: max}\n"
                            "  DMin: {from: /d, type: \"decimal(9,3)\", keep: min, when: {/t: [x, y]}}\n"
                            "  Flag: {from: /f, type: boolean, when: {/t: x}}\n"
                            "  T: {from: /t, type: text(20), case: lower, default: none}\n"
                            "  TFirst: {from: /t, type: text, keep: first, when: {/w: ~}}\n"
                            "  At: {from: /a, type: timestamp}\n"
                            "  AtMin: {from: /a, type: timestamp, keep: min}\n"
                            "  J: {from: /j, type: json, keep: first}\n"
                            "  Deep: {from: /j/0/x, type: json, when: {/f: true}}\n";

#define MAX_LINES 64
#define MAX_ROWS  MAX_LINES

struct lines {
    struct sp_slice items[MAX_LINES];
    size_t count;
    bool unique; /* no two have one order */
};

static const struct table_plan *compile(void)
{
    static const struct table_plan *plan;
    static struct sp_arena *arena;
    if (!plan) {
        arena = arena_new(16384);
        struct diag *diag = diag_new("fuzz", sp_slice_of(block));
        const struct yaml_node *node = yaml_parse(sp_slice_of(block), diag, arena);
        plan = node ? table_compile(node, 6, diag, arena) : NULL;
        diag_free(diag);
        if (!plan)
            abort();
    }
    return plan;
}

static void split(const char *data, size_t size, struct lines *out)
{
    const char *end = data + size;
    while (data < end && out->count < MAX_LINES) {
        const char *stop = memchr(data, '\n', (size_t)(end - data));
        stop = stop ? stop : end;
        out->items[out->count++] = (struct sp_slice){data, (size_t)(stop - data)};
        data = stop < end ? stop + 1 : end;
    }
}

static void look_for_twins(struct lines *lines, struct sp_arena *arena)
{
    const struct table_plan *plan = compile();
    struct fold_identity seen[MAX_LINES];
    lines->unique = true;
    for (size_t i = 0; i < lines->count; i++) {
        fold_identify(plan, lines->items[i], arena, &seen[i]);
        for (size_t j = 0; j < i; j++)
            if (seen[i].order && seen[j].order &&
                strtoll(seen[i].order, NULL, 10) == strtoll(seen[j].order, NULL, 10))
                lines->unique = false;
    }
}

/* Folds lines first, first + step, ... (`count` of them). */
static void fold_some(struct fold *fold, const struct lines *lines, size_t first, size_t count, int step,
                      struct sp_batch *out)
{
    fold_start(fold);
    for (size_t i = 0; i < count; i++, first += (size_t)(ptrdiff_t)step) {
        struct fold_reject why = {0};
        enum fold_verdict verdict = fold_add(fold, lines->items[first], (uint32_t)first, &why);
        assert(verdict != FOLD_REJECTED || (why.reason && why.reason_class));
    }
    fold_finish(fold, out);
}

static int compare_keys(const struct sp_table *table, const struct sp_value *a, const struct sp_value *b)
{
    return fold_compare(&table->columns[0], &a[0], &b[0]);
}

static bool is_number(enum sp_type type)
{
    return type == SP_TYPE_INT || type == SP_TYPE_BIGINT || type == SP_TYPE_BOOLEAN ||
           type == SP_TYPE_TIMESTAMP;
}

static bool row_equal(const struct sp_table *table, const struct sp_value *a, const struct sp_value *b)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (a[i].present != b[i].present)
            return false;
        if (!a[i].present)
            continue;
        if (is_number(table->columns[i].type)
                ? a[i].number != b[i].number
                : a[i].length != b[i].length || memcmp(a[i].text, b[i].text, a[i].length) != 0)
            return false;
    }
    return true;
}

/* Both are sorted: goes through them side by side, and joins what stands in both. */
static size_t join(const struct sp_batch *a, const struct sp_batch *b, struct sp_value *out)
{
    const struct sp_table *table = a->table;
    size_t width = table->column_count, bytes = width * sizeof *out, i = 0, j = 0, count = 0;
    while (i < a->row_count || j < b->row_count) {
        const struct sp_value *left = a->values + i * width, *right = b->values + j * width;
        int order = i == a->row_count ? 1 : j == b->row_count ? -1 : compare_keys(table, left, right);
        memcpy(out + count * width, order <= 0 ? left : right, bytes);
        if (order == 0)
            fold_join(table, out + count * width, right);
        i += order <= 0;
        j += order >= 0;
        count++;
    }
    return count;
}

static void check(const struct lines *lines)
{
    static struct fold *folds[3];
    static struct sp_value *joined;
    const struct table_plan *plan = compile();
    for (size_t i = 0; i < 3; i++)
        if (!folds[i])
            folds[i] = fold_new(plan);
    size_t width = table_of(plan)->column_count, half = lines->count / 2;
    if (!joined)
        joined = calloc(MAX_ROWS * width, sizeof *joined);
    struct sp_batch whole, late, early;
    fold_some(folds[0], lines, 0, lines->count, 1, &whole);
    fold_some(folds[1], lines, lines->count - 1, lines->count - half, -1, &late);
    fold_some(folds[2], lines, half ? half - 1 : 0, half, -1, &early);
    for (size_t i = 1; i < whole.row_count; i++)
        assert(compare_keys(whole.table, whole.values + (i - 1) * width, whole.values + i * width) < 0);
    size_t rows = join(&late, &early, joined);
    assert(rows == whole.row_count);
    for (size_t i = 0; i < rows && lines->unique; i++)
        assert(row_equal(whole.table, joined + i * width, whole.values + i * width));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_arena *arena;
    struct lines lines = {.count = 0};
    arena = arena ? arena : arena_new(16384);
    arena_reset(arena, 1 << 20);
    char *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    split(copy, size, &lines);
    look_for_twins(&lines, arena);
    if (lines.count)
        check(&lines);
    free(copy);
    return 0;
}
