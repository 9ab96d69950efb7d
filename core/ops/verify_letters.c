/* SPDX-License-Identifier: Apache-2.0 */
/* What is among the dead letters, and what should be. */
#include <config.h>

#include "ops/verify_inside.h"

#include "engine/letter.h"
#include "engine/oversize.h"

enum { LETTERS_AT_ONCE = 100, REJECTS_AT_ONCE = 100, REJECT_CELLS = 7 };

static const bool reject_is_text[REJECT_CELLS] = {true, true, true, true, true, true, true};

static struct sp_slice id_of(const struct sp_letter *letter)
{
    return (struct sp_slice){(const char *)letter->id, sizeof letter->id};
}

/* A letter whose event the table takes by now may have been sent again meanwhile, or not.  What is a file has
 * only a head in the letter; where the file cannot be read, that is told. */
static int join_event(struct verify *verify, const struct sp_letter *letter, struct sp_arena *arena,
                      struct sp_error *err)
{
    struct sp_batch batch;
    struct fold_reject why;
    struct sp_letter whole = *letter;
    struct sp_error unread;
    bool made;
    if (oversize_read(verify->pipeline->letters_options.oversize, &whole, 0, arena, &unread) != 0) {
        verify_say(verify, "a dead letter's event is not known: %s; %s", unread.text, unread.cure);
        return 0;
    }
    fold_start(verify->single);
    if (fold_add(verify->single, whole.event, 0, &why) != FOLD_TAKEN)
        return 0;
    fold_finish(verify->single, &batch);
    return verify_join(verify, SHELF_BURIED, batch.values, NULL, &made, err);
}

static int take_letter(struct verify *verify, const struct sp_letter *letter, struct sp_arena *arena,
                       struct sp_error *err)
{
    bool known, rejected;
    struct sp_slice id = id_of(letter);
    if (spill_get(verify->spill, SHELF_LETTERS, id, NULL, &known, NULL, err) != 0)
        return -1;
    if (known)
        return 0;
    verify->letter_count++;
    if (spill_put(verify->spill, SHELF_LETTERS, id, (struct sp_slice){NULL, 0}, err) != 0 ||
        spill_get(verify->spill, SHELF_REJECTS, id, NULL, &rejected, NULL, err) != 0)
        return -1;
    if (!rejected)
        return join_event(verify, letter, arena, err);
    verify->reject_count--;
    verify->report->buried++;
    return spill_remove(verify->spill, SHELF_REJECTS, id, err);
}

static int scan(struct verify *verify, struct sp_slice after, struct sp_arena *arena,
                const struct sp_letter **letters_out, size_t *count_out, struct sp_slice *next_out,
                struct sp_error *err)
{
    struct hand *hand = &verify->letters;
    const struct sp_letters_ops *ops = hand->stage->plugin->about.letters;
    struct sp_letter_filter filter = {.size = sizeof filter, .pipeline = verify->pipeline->name};
    bool failed;
    do {
        *next_out = (struct sp_slice){NULL, 0};
        failed = ops->scan(hand->handle, &filter, after, LETTERS_AT_ONCE, arena, letters_out, count_out,
                           next_out, hand_begin(hand), err) != 0;
    } while (failed && hand_again(hand, err));
    if (!failed)
        hand_well(hand);
    return failed ? -1 : 0;
}

int verify_scan_letters(struct verify *verify, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    SP_AUTO(buffer_fini) struct buffer after = {0};
    do {
        const struct sp_letter *letters;
        size_t count;
        struct sp_slice next;
        if (scan(verify, (struct sp_slice){after.data, after.size}, arena, &letters, &count, &next, err) != 0)
            return -1;
        for (size_t i = 0; i < count; i++)
            if (take_letter(verify, &letters[i], arena, err) != 0)
                return -1;
        buffer_clear(&after);
        buffer_add(&after, next.data, next.size);
        arena_reset(arena, (size_t)1 << 20);
        verify_progress(verify);
    } while (after.size > 0);
    return 0;
}

int verify_find_letter(struct verify *verify, struct sp_slice bytes, bool *found_out, struct sp_error *err)
{
    struct sp_letter letter = {.pipeline = verify->pipeline->name, .event = bytes};
    if (verify->letter_count == 0) {
        *found_out = false;
        return 0;
    }
    letter_identify(&letter);
    return spill_get(verify->spill, SHELF_LETTERS, id_of(&letter), NULL, found_out, NULL, err);
}

static struct sp_value cell_of(const char *text)
{
    return (
        struct sp_value){.text = text, .length = text ? (uint32_t)strlen(text) : 0, .present = text != NULL};
}

int verify_note_reject(struct verify *verify, struct sp_slice bytes, const struct verify_reject *reject,
                       struct sp_error *err)
{
    struct sp_letter letter = {.pipeline = verify->pipeline->name, .event = bytes};
    const struct sp_value cells[REJECT_CELLS] = {
        cell_of(reject->class),
        cell_of(reject->column),
        cell_of(reject->pointer),
        cell_of(reject->reason),
        cell_of(reject->event_id),
        cell_of(reject->event_key),
        cell_of(reject->perhaps_after ? "" : NULL),
    };
    SP_AUTO(buffer_fini) struct buffer value = {0};
    bool known;
    letter_identify(&letter);
    if (spill_get(verify->spill, SHELF_REJECTS, id_of(&letter), NULL, &known, NULL, err) != 0)
        return -1;
    if (known)
        return 0;
    verify->reject_count++;
    cells_add(&value, cells, reject_is_text, REJECT_CELLS);
    return spill_put(verify->spill, SHELF_REJECTS, id_of(&letter), (struct sp_slice){value.data, value.size},
                     err);
}

static const char *text_of(const struct sp_value *cell, struct sp_arena *arena)
{
    return cell->present ? sp_arena_text(arena, cell->text, cell->length) : NULL;
}

static int tell_reject(struct verify *verify, struct sp_slice bytes, struct sp_arena *arena,
                       struct sp_error *err)
{
    struct sp_value cells[REJECT_CELLS];
    cells_take(bytes, reject_is_text, REJECT_CELLS, cells);
    struct verify_reject reject = {
        .class = text_of(&cells[0], arena),
        .column = text_of(&cells[1], arena),
        .pointer = text_of(&cells[2], arena),
        .reason = text_of(&cells[3], arena),
        .event_id = text_of(&cells[4], arena),
        .event_key = text_of(&cells[5], arena),
        .perhaps_after = cells[6].present,
    };
    if (reject.perhaps_after)
        verify->report->perhaps_after++;
    else
        verify->report->unaccounted++;
    if (verify->listener->reject(verify->listener->context, &reject))
        return 0;
    return sp_fail(err, SP_STOPPED, "not all that was found could be told");
}

int verify_tell_rejects(struct verify *verify, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(65536);
    SP_AUTO(buffer_fini) struct buffer after = {0};
    size_t count = REJECTS_AT_ONCE;
    while (count == REJECTS_AT_ONCE) {
        const struct spill_entry *entries;
        if (spill_scan(verify->spill, SHELF_REJECTS, (struct sp_slice){after.data, after.size},
                       REJECTS_AT_ONCE, arena, &entries, &count, err) != 0)
            return -1;
        for (size_t i = 0; i < count; i++) {
            if (tell_reject(verify, entries[i].value, arena, err) != 0)
                return -1;
            buffer_clear(&after);
            buffer_add(&after, entries[i].key.data, entries[i].key.size);
        }
        arena_reset(arena, 65536);
    }
    return 0;
}
