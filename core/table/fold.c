/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/mem.h"
#include "table/fold.h"
#include "table/join.h"
#include "table/plan.h"
#include "table/sort.h"

#include <assert.h>
#include <stdlib.h>

#define TEXT_BLOCK    (64 * 1024)
#define TEXT_KEEP     (1024 * 1024)
#define FIRST_ROWS    64
#define SLOTS_PER_ROW 2
#define LARGEST_EVENT ((size_t)INT32_MAX)

struct slot {
    uint32_t hash;
    uint32_t row; /* + 1; 0: free */
};

struct fold {
    const struct table_plan *plan;
    struct sp_arena *texts;

    /* The event at hand. */
    struct sp_json_value *found;
    struct sp_value *event;
    bool *concerned; /* groups whose `when` holds */

    /* The batch.  Kept from one to the next: memory that is given back and fetched again costs more
     * than the events do. */
    struct sp_value *rows, *sorted;
    struct slot *slots;
    struct sort_entry *sorting;
    const struct sort_entry *order; /* the rows by key, once finished */
    struct fold_event *events;
    size_t row_count, row_room, sorted_room, slot_count, event_count, event_room;
    int64_t least_order, most_order; /* of the events taken; meaningless while there is none */
};

static size_t row_bytes(const struct fold *fold)
{
    return fold->plan->table.column_count * sizeof(struct sp_value);
}

static struct sp_value *row_at(const struct fold *fold, size_t row)
{
    return fold->rows + row * fold->plan->table.column_count;
}

struct fold *fold_new(const struct table_plan *plan)
{
    struct fold *fold = mem_zalloc(sizeof *fold);
    fold->plan = plan;
    fold->texts = arena_new(TEXT_BLOCK);
    fold->found = mem_zalloc(sp_json_paths_count(plan->paths) * sizeof *fold->found);
    fold->event = mem_zalloc(row_bytes(fold));
    fold->concerned = mem_zalloc(plan->table.group_count * sizeof *fold->concerned);
    fold->row_room = FIRST_ROWS;
    fold->rows = mem_alloc(FIRST_ROWS * row_bytes(fold));
    fold->slot_count = FIRST_ROWS * SLOTS_PER_ROW;
    fold->slots = mem_zalloc(fold->slot_count * sizeof *fold->slots);
    return fold;
}

void fold_free(struct fold *fold)
{
    if (!fold)
        return;
    arena_free(fold->texts);
    free(fold->found);
    free(fold->event);
    free(fold->concerned);
    free(fold->rows);
    free(fold->sorted);
    free(fold->slots);
    free(fold->sorting);
    free(fold->events);
    free(fold);
}

void fold_start(struct fold *fold)
{
    arena_reset(fold->texts, TEXT_KEEP);
    if (fold->row_count)
        memset(fold->slots, 0, fold->slot_count * sizeof *fold->slots);
    fold->row_count = fold->event_count = 0;
    fold->order = NULL;
}

static enum fold_verdict reject(struct fold_reject *why, const char *class, const char *reason,
                                const char *column, const char *pointer)
{
    *why = (struct fold_reject){class, reason, column, pointer};
    return FOLD_REJECTED;
}

static enum fold_verdict scan_event(struct fold *fold, struct sp_slice bytes, struct fold_reject *why)
{
    struct sp_json_fault fault;
    if (bytes.size > LARGEST_EVENT)
        return reject(why, "malformed", "is larger than 2 GiB", NULL, NULL);
    if (sp_json_scan_whole(fold->plan->paths, bytes, fold->found, &fault) != 0)
        return reject(why, "malformed",
                      sp_arena_printf(fold->texts, "is not JSON: %s (at byte %zu)", fault.reason,
                                      fault.offset),
                      NULL, NULL);
    size_t first = 0;
    while (bytes.data[first] == ' ' || (bytes.data[first] >= '\t' && bytes.data[first] <= '\r'))
        first++;
    if (bytes.data[first] != '{')
        return reject(why, "malformed", "is JSON, but not an object", NULL, NULL);
    return conditions_hold(&fold->plan->where, fold->found, fold->texts) ? FOLD_TAKEN : FOLD_UNWANTED;
}

static inline const char *read_column(struct fold *fold, size_t column, const struct sp_value *order)
{
    const struct plan_field *field = &fold->plan->fields[column];
    if (field->path != PLAN_THE_ORDER)
        return value_read(&field->rule, &fold->found[field->path], fold->texts, &fold->event[column]);
    fold->event[column] = *order;
    return NULL;
}

static enum fold_verdict reject_column(const struct fold *fold, size_t column, const char *wrong,
                                       struct fold_reject *why)
{
    return reject(why, "value", wrong, fold->plan->table.columns[column].name,
                  fold->plan->fields[column].pointer);
}

static enum fold_verdict read_group(struct fold *fold, size_t at, const struct sp_value *order,
                                    struct fold_reject *why)
{
    const struct plan_group *group = &fold->plan->groups[at];
    fold->concerned[at] = conditions_hold(&group->when, fold->found, fold->texts);
    if (!fold->concerned[at])
        return FOLD_TAKEN;
    for (size_t i = 0; i < group->column_count; i++) {
        const char *wrong = read_column(fold, group->columns[i], order);
        if (wrong)
            return reject_column(fold, group->columns[i], wrong, why);
    }
    return FOLD_TAKEN;
}

/* Everything is read before anything is joined: a rejected event leaves no trace. */
static enum fold_verdict read_event(struct fold *fold, struct sp_slice bytes, struct sp_value *order,
                                    struct fold_reject *why)
{
    const struct table_plan *plan = fold->plan;
    enum fold_verdict verdict = scan_event(fold, bytes, why);
    if (verdict != FOLD_TAKEN)
        return verdict;
    const char *wrong = value_read(&plan->order.rule, &fold->found[plan->order.path], fold->texts, order);
    if (wrong)
        return reject(why, "value", wrong, plan->order_name, plan->order.pointer);
    for (size_t i = 0; i < plan->table.key_count; i++)
        if ((wrong = read_column(fold, i, order)))
            return reject_column(fold, i, wrong, why);
    for (size_t i = 0; i < plan->table.group_count && verdict == FOLD_TAKEN; i++)
        verdict = read_group(fold, i, order, why);
    return verdict;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

static uint64_t mix_text(uint64_t hash, const char *text, size_t size)
{
    uint64_t word = 0;
    hash = mix(hash, size);
    for (; size >= sizeof word; text += sizeof word, size -= sizeof word) {
        memcpy(&word, text, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    if (size)
        memcpy(&word, text, size);
    return mix(hash, word);
}

static uint32_t key_hash(const struct sp_table *table, const struct sp_value *row)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < table->key_count; i++) {
        if (value_is_text(table->columns[i].type))
            hash = mix_text(hash, row[i].text, row[i].length);
        else
            hash = mix(hash, (uint64_t)row[i].number);
    }
    return (uint32_t)mix(hash, 0);
}

static bool key_equal(const struct sp_table *table, const struct sp_value *a, const struct sp_value *b)
{
    for (size_t i = 0; i < table->key_count; i++)
        if (value_compare(table->columns[i].type, &a[i], &b[i]) != 0)
            return false;
    return true;
}

static void slots_grow(struct fold *fold)
{
    size_t count = fold->slot_count * 2;
    struct slot *slots = mem_zalloc(count * sizeof *slots);
    for (size_t i = 0; i < fold->slot_count; i++) {
        if (!fold->slots[i].row)
            continue;
        size_t at = fold->slots[i].hash & (count - 1);
        while (slots[at].row)
            at = (at + 1) & (count - 1);
        slots[at] = fold->slots[i];
    }
    free(fold->slots);
    fold->slots = slots;
    fold->slot_count = count;
}

static struct sp_value *row_add(struct fold *fold)
{
    if (fold->row_count == fold->row_room) {
        fold->row_room *= 2;
        fold->rows = mem_realloc(fold->rows, fold->row_room * row_bytes(fold));
    }
    struct sp_value *row = row_at(fold, fold->row_count++);
    memset(row, 0, row_bytes(fold));
    memcpy(row, fold->event, fold->plan->table.key_count * sizeof *row);
    return row;
}

/* The number of the row with the event's key, which is made where there was none. */
static uint32_t find_row(struct fold *fold, bool *made)
{
    const struct sp_table *table = &fold->plan->table;
    if ((fold->row_count + 1) * SLOTS_PER_ROW > fold->slot_count)
        slots_grow(fold);
    uint32_t hash = key_hash(table, fold->event);
    size_t at = hash & (fold->slot_count - 1);
    for (; fold->slots[at].row; at = (at + 1) & (fold->slot_count - 1)) {
        uint32_t row = fold->slots[at].row - 1;
        if (fold->slots[at].hash == hash && key_equal(table, row_at(fold, row), fold->event)) {
            *made = false;
            return row;
        }
    }
    row_add(fold);
    fold->slots[at] = (struct slot){hash, (uint32_t)fold->row_count};
    *made = true;
    return (uint32_t)(fold->row_count - 1);
}

static void join_group(const struct fold *fold, const struct plan_group *group, struct sp_value *row)
{
    const struct sp_value *event = fold->event;
    if (group->order_column < 0) {
        uint32_t column = group->columns[0];
        if (join_value_wins(group->keep, fold->plan->table.columns[column].type, &row[column],
                            &event[column]))
            row[column] = event[column];
    } else if (join_order_wins(group->keep, &row[group->order_column], &event[group->order_column])) {
        for (size_t i = 0; i < group->column_count; i++)
            row[group->columns[i]] = event[group->columns[i]];
    }
}

static void note_order(struct fold *fold, int64_t order)
{
    if (fold->event_count == 0 || order < fold->least_order)
        fold->least_order = order;
    if (fold->event_count == 0 || order > fold->most_order)
        fold->most_order = order;
}

static void note_event(struct fold *fold, uint32_t event, uint32_t row)
{
    if (fold->event_count == fold->event_room) {
        fold->event_room = fold->event_room ? fold->event_room * 2 : FIRST_ROWS;
        fold->events = mem_realloc(fold->events, fold->event_room * sizeof *fold->events);
    }
    fold->events[fold->event_count++] = (struct fold_event){event, row};
}

enum fold_verdict fold_add(struct fold *fold, struct sp_slice bytes, uint32_t event, struct fold_reject *why)
{
    assert(!fold->order);
    struct sp_value order;
    enum fold_verdict verdict = read_event(fold, bytes, &order, why);
    if (verdict != FOLD_TAKEN)
        return verdict;
    note_order(fold, order.number);
    bool made;
    uint32_t at = find_row(fold, &made);
    struct sp_value *row = row_at(fold, at);
    const struct sp_table *table = &fold->plan->table;
    for (size_t i = 0; i < table->group_count && (made || !table->append); i++)
        if (fold->concerned[i])
            join_group(fold, &fold->plan->groups[i], row);
    note_event(fold, event, at);
    return FOLD_TAKEN;
}

void fold_finish(struct fold *fold, struct sp_batch *batch_out)
{
    if (fold->sorted_room < fold->row_count) {
        fold->sorted_room = fold->row_room;
        free(fold->sorted);
        free(fold->sorting);
        fold->sorted = mem_alloc(fold->sorted_room * row_bytes(fold));
        fold->sorting = mem_alloc(fold->sorted_room * 2 * sizeof *fold->sorting);
    }
    if (fold->row_count)
        fold->order = sort_rows(&fold->plan->table, fold->rows, fold->row_count, fold->sorting);
    struct sp_value *to = fold->sorted;
    for (size_t i = 0; i < fold->row_count; i++, to += fold->plan->table.column_count)
        memcpy(to, row_at(fold, fold->order[i].row), row_bytes(fold));
    *batch_out = (struct sp_batch){
        .size = sizeof *batch_out,
        .table = &fold->plan->table,
        .values = fold->sorted,
        .row_count = fold->row_count,
    };
}

const struct fold_event *fold_events(struct fold *fold, size_t *count_out)
{
    assert(fold->order || fold->row_count == 0);
    uint32_t *place = sp_arena_alloc(fold->texts, fold->row_count * sizeof *place);
    struct fold_event *events = sp_arena_alloc(fold->texts, fold->event_count * sizeof *events);
    for (uint32_t i = 0; i < fold->row_count; i++)
        place[fold->order[i].row] = i;
    for (size_t i = 0; i < fold->event_count; i++)
        events[i] = (struct fold_event){fold->events[i].event, place[fold->events[i].row]};
    *count_out = fold->event_count;
    return events;
}

bool fold_orders(const struct fold *fold, int64_t *least_out, int64_t *most_out)
{
    *least_out = fold->least_order;
    *most_out = fold->most_order;
    return fold->event_count > 0;
}

size_t fold_footprint(const struct fold *fold)
{
    return sp_arena_footprint(fold->texts) + (fold->row_room + fold->sorted_room) * row_bytes(fold) +
           fold->sorted_room * 2 * sizeof *fold->sorting + fold->slot_count * sizeof *fold->slots +
           fold->event_room * sizeof *fold->events;
}
