/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "config/options.h"
#include "engine/oversize.h"
#include "engine/work.h"

/* At most so many in one call, so that a page of rejects does not need one long transaction. */
enum { LETTERS_AT_ONCE = 500, TOLD_AT_ONCE = 3 };

/* Letters on their way into the store. */
struct storing {
    struct seat *seat;
    const char *folder; /* NULL: no folder is named */
    int64_t limit;      /* of the store; 0: none */
    size_t count;       /* that are not stored yet; those are at the front */
    struct sp_letter letters[LETTERS_AT_ONCE];
    bool large[LETTERS_AT_ONCE]; /* the store cannot hold it, or has said so */
};

static int fail_large(const struct storing *storing, const struct sp_letter *letter, struct sp_error *err)
{
    char limit[32];
    option_format_size(storing->limit, limit);
    sp_fail(err, SP_REFUSED, "a dead letter of %zu bytes is larger than its store can hold%s%s",
            letter->event.size, storing->limit > 0 ? ", which is " : "", storing->limit > 0 ? limit : "");
    return sp_fail_cure(err, "name a folder for such events with dead_letters.oversize");
}

/* The letter as the store gets it: of a large one the bytes go to the folder first. */
static int make_ready(struct storing *storing, size_t i, struct oversize_lock *lock, struct sp_arena *arena,
                      struct sp_letter *ready, struct sp_error *err)
{
    *ready = storing->letters[i];
    if (!storing->large[i])
        return 0;
    if (!storing->folder)
        return fail_large(storing, ready, err);
    if (lock->fd < 0 && oversize_enter(storing->folder, OVERSIZE_TO_STORE, lock, err) != 0)
        return -1;
    return oversize_put(storing->folder, ready, arena, err);
}

/* Takes note of one result.  True where the letter is stored; `again` is set where another way is left. */
static bool take_result(struct storing *storing, size_t i, const struct sp_result *result, bool *again,
                        struct sp_error *err)
{
    if (result->class == SP_OK)
        return true;
    if (result->class == SP_REJECTED && !storing->large[i]) {
        storing->large[i] = true;
        if (storing->folder) {
            *again = true;
            return false;
        }
        fail_large(storing, &storing->letters[i], err);
        return false;
    }
    sp_fail(err, result->class, "%s", result->text ? result->text : "a dead letter was not stored");
    return false;
}

static void drop_stored(struct storing *storing, const bool *stored)
{
    size_t left = 0;
    for (size_t i = 0; i < storing->count; i++)
        if (!stored[i]) {
            storing->letters[left] = storing->letters[i];
            storing->large[left++] = storing->large[i];
        }
    storing->count = left;
}

/* Stores what can be stored now.  0: all of it; -1: err says what is in the way of the rest, or *again is
 * set. */
static int store_once(struct storing *storing, int64_t deadline, bool *again, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    SP_AUTO(oversize_leave) struct oversize_lock lock = {-1};
    const struct sp_letters_ops *ops = storing->seat->crew->stage->plugin->about.letters;
    struct sp_letter ready[LETTERS_AT_ONCE];
    struct sp_result results[LETTERS_AT_ONCE];
    size_t from[LETTERS_AT_ONCE], count = 0;
    bool stored[LETTERS_AT_ONCE] = {false};
    for (size_t i = 0; i < storing->count; i++)
        if (make_ready(storing, i, &lock, arena, &ready[count], err) == 0)
            from[count++] = i;
    memset(results, 0, count * sizeof *results);
    if (count > 0 && ops->put(storing->seat->handle, ready, count, results, deadline, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        stored[from[i]] = take_result(storing, from[i], &results[i], again, err);
    drop_stored(storing, stored);
    return storing->count == 0 ? 0 : -1;
}

static bool store_some(struct storing *storing)
{
    struct seat *seat = storing->seat;
    struct sp_error err = {0};
    for (size_t i = 0; i < storing->count; i++)
        storing->large[i] = oversize_is(&storing->letters[i], storing->limit);
    for (;;) {
        bool again = false;
        int64_t deadline = call_begin(seat, 0);
        int rc = store_once(storing, deadline, &again, &err);
        if (!call_end(seat, again ? 0 : rc, &err) && !again)
            return true;
        if (!again && !call_again(seat, &err))
            return false;
    }
}

/* A flood of bad events must not become a flood of lines: the store has them all. */
static void tell(const struct sp_letter *letter, size_t number, size_t count)
{
    if (number == TOLD_AT_ONCE)
        sp_log(SP_WARN, "and %zu more dead letters", count - number);
    if (number >= TOLD_AT_ONCE)
        return;
    sp_log(SP_WARN, "dead letter: %s%s%s%s%s: %s", letter->class, letter->event_id ? ", event " : "",
           letter->event_id ? letter->event_id : "", letter->column ? ", column " : "",
           letter->column ? letter->column : "", letter->reason);
}

bool letters_store(struct work *work, struct seat *seat, struct sp_letter *letters, size_t count)
{
    int64_t now = sp_clock_wall_ms();
    for (size_t i = 0; i < count; i++) {
        letters[i].pipeline = work->pipeline->name;
        if (letters[i].attempts == 0)
            letters[i].attempts = 1;
        if (letters[i].first_wall_ms == 0)
            letters[i].first_wall_ms = now;
        letters[i].last_wall_ms = now;
        letter_identify(&letters[i]);
    }
    struct storing storing = {.seat = seat,
                              .folder = work->pipeline->letters_options.oversize,
                              .limit = seat->crew->stage->plugin->capabilities.message_bytes};
    for (size_t at = 0; at < count; at += LETTERS_AT_ONCE) {
        size_t some = count - at < LETTERS_AT_ONCE ? count - at : LETTERS_AT_ONCE;
        memcpy(storing.letters, letters + at, some * sizeof *letters);
        storing.count = some;
        if (!store_some(&storing))
            return false;
        for (size_t i = at; i < at + some; i++) {
            count_add(&work->counters.letters[letter_class_index(letters[i].class)], 1);
            tell(&letters[i], i, count);
        }
    }
    return true;
}
