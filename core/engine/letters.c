/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "engine/work.h"

/* At most so many in one call, so that a page of rejects does not need one long transaction. */
enum { LETTERS_AT_ONCE = 500, TOLD_AT_ONCE = 3 };

/* Moves the letters that are not stored yet to the front; returns how many there are. */
static size_t keep_unstored(struct sp_letter *letters, size_t count, const struct sp_result *results,
                            struct sp_error *err)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (results[i].class != SP_OK) {
            sp_fail(err, results[i].class, "%s",
                    results[i].text ? results[i].text : "a dead letter was not stored");
            letters[left++] = letters[i];
        }
    return left;
}

static bool store_some(struct seat *seat, struct sp_letter *letters, size_t count)
{
    const struct sp_letters_ops *ops = seat->crew->stage->plugin->about.letters;
    struct sp_result results[LETTERS_AT_ONCE];
    struct sp_error err = {0};
    for (;;) {
        memset(results, 0, count * sizeof *results);
        int64_t deadline = call_begin(seat, 0);
        int rc = ops->put(seat->handle, letters, count, results, deadline, &err);
        if (rc == 0) {
            count = keep_unstored(letters, count, results, &err);
            rc = count == 0 ? 0 : -1;
        }
        if (!call_end(seat, rc, &err))
            return true;
        if (!call_again(seat, &err))
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
    for (size_t at = 0; at < count; at += LETTERS_AT_ONCE) {
        size_t some = count - at < LETTERS_AT_ONCE ? count - at : LETTERS_AT_ONCE;
        struct sp_letter copy[LETTERS_AT_ONCE]; /* store_some() drops from it what is stored */
        memcpy(copy, letters + at, some * sizeof *copy);
        if (!store_some(seat, copy, some))
            return false;
        for (size_t i = at; i < at + some; i++) {
            count_add(&work->counters.letters[letter_class_index(letters[i].class)], 1);
            tell(&letters[i], i, count);
        }
    }
    return true;
}
