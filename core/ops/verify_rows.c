/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the table beside what the source says. */
#include <config.h>

#include "ops/verify_inside.h"

#include "base/mem.h"
#include "table/value.h"
#include <scanpipe/time.h>

#include <inttypes.h>

enum { ROWS_AT_ONCE = 500 };

enum purpose { FIRST_LOOK, LOOK_AGAIN, TELL };

/* Some rows, in the order of their keys. */
struct lot {
    struct sp_arena *arena;
    size_t count;
    struct sp_slice keys[ROWS_AT_ONCE];
    const struct sp_value *feed[ROWS_AT_ONCE];   /* with notes */
    const struct sp_value *buried[ROWS_AT_ONCE]; /* NULL: none */
    struct sp_value *stored;                     /* table->column_count values a row */
    bool found[ROWS_AT_ONCE];
    const char *unreadable[ROWS_AT_ONCE]; /* why, or NULL */
};

static const struct sp_value *stored_row(const struct verify *verify, const struct lot *lot, size_t row)
{
    return lot->stored + row * verify->table->column_count;
}

static int read_stored(struct verify *verify, struct lot *lot, struct sp_value *keys, size_t at, size_t count,
                       struct sp_error *err)
{
    struct hand *hand = &verify->sink;
    const struct sp_sink_ops *ops = hand->stage->plugin->about.sink;
    size_t width = verify->table->column_count;
    struct sp_batch batch = {.size = sizeof batch,
                             .table = verify->table,
                             .values = keys + at * width,
                             .row_count = count};
    bool failed;
    do {
        failed = ops->read(hand->handle, &batch, lot->arena, lot->stored + at * width, lot->found + at,
                           hand_begin(hand), err) != 0;
    } while (failed && err->class != SP_REJECTED && hand_again(hand, err));
    if (!failed) {
        hand_well(hand);
        return 0;
    }
    if (err->class != SP_REJECTED)
        return -1;
    /* One of them holds what is no value of its column. */
    if (count == 1) {
        lot->found[at] = true;
        lot->unreadable[at] = sp_arena_text(lot->arena, err->text, strlen(err->text));
        return 0;
    }
    return read_stored(verify, lot, keys, at, count / 2, err) != 0
               ? -1
               : read_stored(verify, lot, keys, at + count / 2, count - count / 2, err);
}

static int fill(struct verify *verify, struct lot *lot, struct sp_error *err)
{
    size_t width = verify->table->column_count;
    struct sp_value *keys = sp_arena_zalloc(lot->arena, lot->count * width * sizeof *keys);
    lot->stored = sp_arena_zalloc(lot->arena, lot->count * width * sizeof *lot->stored);
    for (size_t i = 0; i < lot->count; i++) {
        lot->buried[i] = NULL;
        lot->unreadable[i] = NULL;
        if (verify_load(verify, SHELF_ROWS, lot->keys[i], lot->arena, &lot->feed[i], err) != 0 ||
            (verify->letter_count &&
             verify_load(verify, SHELF_BURIED, lot->keys[i], lot->arena, &lot->buried[i], err) != 0))
            return -1;
        memcpy(keys + i * width, lot->feed[i], verify->table->key_count * sizeof *keys);
    }
    return lot->count ? read_stored(verify, lot, keys, 0, lot->count, err) : 0;
}

static int next_lot(struct verify *verify, enum verify_shelf shelf, const struct buffer *after,
                    struct lot *lot, struct sp_error *err)
{
    const struct spill_entry *entries;
    arena_reset(lot->arena, (size_t)4 << 20);
    if (spill_scan(verify->spill, shelf, (struct sp_slice){after->data, after->size}, ROWS_AT_ONCE,
                   lot->arena, &entries, &lot->count, err) != 0)
        return -1;
    for (size_t i = 0; i < lot->count; i++)
        lot->keys[i] = entries[i].key;
    return fill(verify, lot, err);
}

/* The verdict of each group, and the worst of them. */
static enum verify_verdict judge(const struct verify *verify, const struct lot *lot, size_t row,
                                 enum verify_verdict *of_group)
{
    enum verify_verdict worst = VERIFY_SAME;
    if (lot->unreadable[row])
        return VERIFY_WRONG;
    if (!lot->found[row])
        return verify_missing(verify->table, lot->feed[row], lot->buried[row]);
    for (size_t i = 0; i < verify->table->group_count; i++) {
        of_group[i] = verify_group(verify->table, i, stored_row(verify, lot, row), lot->feed[row],
                                   lot->buried[row], &verify->span);
        worst = of_group[i] > worst ? of_group[i] : worst;
    }
    return worst;
}

static void count(struct verify_report *report, enum verify_verdict verdict)
{
    report->ahead += verdict == VERIFY_AHEAD;
    report->before += verdict == VERIFY_BEFORE;
    report->excused += verdict == VERIFY_BURIED;
    report->unexplained += verdict == VERIFY_UNEXPLAINED;
}

/* ---- Telling */

static const char *text_of_order(const struct verify *verify, int64_t order, struct sp_arena *arena)
{
    char time[SP_TIME_TEXT_SIZE];
    if (table_order_type(verify->pipeline->table) != SP_TYPE_TIMESTAMP)
        return sp_arena_printf(arena, "%" PRId64, order);
    return sp_arena_text(arena, time, sp_time_format(order, 7, time));
}

/* The event that the source's row has the group from; NULL: from none, or it is not known. */
static const char *event_of(const struct verify *verify, size_t group, const struct sp_value *feed,
                            struct sp_arena *arena)
{
    int32_t order = verify->table->groups[group].order_column;
    size_t note = verify->layout.note_of[group];
    if (order >= 0)
        return feed[order].present ? text_of_order(verify, feed[order].number, arena) : NULL;
    return feed[note].present ? sp_arena_text(arena, feed[note].text, feed[note].length) : NULL;
}

static const char *last_event(const struct verify *verify, const struct sp_value *feed,
                              struct sp_arena *arena)
{
    const struct sp_value *last = NULL;
    const char *noted = NULL;
    for (size_t i = 0; i < verify->table->group_count; i++) {
        int32_t order = verify->table->groups[i].order_column;
        if (order < 0)
            noted = event_of(verify, i, feed, arena);
        else if (feed[order].present && (!last || feed[order].number > last->number))
            last = &feed[order];
    }
    return last ? text_of_order(verify, last->number, arena) : noted;
}

static struct verify_column *differing_columns(const struct verify *verify, const struct lot *lot, size_t row,
                                               const enum verify_verdict *of_group, size_t *count_out)
{
    const struct sp_table *table = verify->table;
    const struct sp_value *stored = stored_row(verify, lot, row), *feed = lot->feed[row];
    struct verify_column *columns = sp_arena_alloc(lot->arena, table->column_count * sizeof *columns);
    size_t found = 0;
    for (size_t i = table->key_count; i < table->column_count; i++) {
        size_t group = (size_t)table->columns[i].group;
        if (!verify_differs(of_group[group]) || value_equal(table->columns[i].type, &stored[i], &feed[i]))
            continue;
        columns[found++] = (struct verify_column){
            .column = &table->columns[i],
            .table = &stored[i],
            .feed = &feed[i],
            .event = event_of(verify, group, feed, lot->arena),
        };
    }
    *count_out = found;
    return columns;
}

static int tell(struct verify *verify, const struct lot *lot, size_t row, const enum verify_verdict *of_group,
                struct sp_error *err)
{
    struct verify_difference difference = {
        .kind = VERIFY_ROW_DIFFERS,
        .table = verify->table,
        .row = lot->feed[row],
        .event = last_event(verify, lot->feed[row], lot->arena),
        .why = lot->unreadable[row],
    };
    if (lot->unreadable[row])
        difference.kind = VERIFY_ROW_UNREADABLE;
    else if (!lot->found[row])
        difference.kind = VERIFY_ROW_MISSING;
    else
        difference.columns = differing_columns(verify, lot, row, of_group, &difference.column_count);
    verify->report->different++;
    if (verify->listener->difference(verify->listener->context, &difference))
        return 0;
    return sp_fail(err, SP_STOPPED, "not all that was found could be told");
}

/* ---- Looking */

static int look_at_row(struct verify *verify, const struct lot *lot, size_t row, enum purpose purpose,
                       enum verify_verdict *of_group, struct sp_error *err)
{
    enum verify_verdict verdict = judge(verify, lot, row, of_group);
    bool differs = verify_differs(verdict);
    verify->further += verdict == VERIFY_WRONG;
    if (purpose == FIRST_LOOK)
        verify->report->compared++;
    if (!differs)
        count(verify->report, verdict);
    if (differs && purpose == TELL)
        return tell(verify, lot, row, of_group, err);
    if (differs && purpose == FIRST_LOOK) {
        verify->suspect_count++;
        return spill_put(verify->spill, SHELF_SUSPECTS, lot->keys[row], (struct sp_slice){NULL, 0}, err);
    }
    if (differs || purpose == FIRST_LOOK)
        return 0;
    verify->suspect_count--;
    verify->report->late++;
    return spill_remove(verify->spill, SHELF_SUSPECTS, lot->keys[row], err);
}

static int look(struct verify *verify, enum verify_shelf shelf, enum purpose purpose, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new((size_t)256 << 10);
    SP_AUTO(buffer_fini) struct buffer after = {0};
    SP_AUTO(mem_free_at) struct lot *lot = mem_zalloc(sizeof *lot);
    SP_AUTO(mem_free_at)
    enum verify_verdict *of_group = mem_zalloc(verify->table->group_count * sizeof *of_group);
    lot->arena = arena;
    verify->further = 0;
    do {
        if (next_lot(verify, shelf, &after, lot, err) != 0)
            return -1;
        for (size_t i = 0; i < lot->count; i++)
            if (look_at_row(verify, lot, i, purpose, of_group, err) != 0)
                return -1;
        buffer_clear(&after);
        if (lot->count)
            buffer_add(&after, lot->keys[lot->count - 1].data, lot->keys[lot->count - 1].size);
        verify_progress(verify);
    } while (lot->count == ROWS_AT_ONCE);
    return 0;
}

int verify_compare_all(struct verify *verify, struct sp_error *err)
{
    return look(verify, SHELF_ROWS, FIRST_LOOK, err);
}

int verify_compare_suspects(struct verify *verify, struct sp_error *err)
{
    return look(verify, SHELF_SUSPECTS, LOOK_AGAIN, err);
}

int verify_tell_suspects(struct verify *verify, struct sp_error *err)
{
    return look(verify, SHELF_SUSPECTS, TELL, err);
}
