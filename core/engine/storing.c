/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/storing.h"

#include "base/arena.h"
#include "config/options.h"
#include "engine/letter.h"
#include "engine/oversize.h"

void storing_init(struct storing *storing, const struct pipeline *pipeline)
{
    const struct plugin *plugin = pipeline->letters.plugin;
    const int64_t most = plugin->capabilities.batch_messages;
    storing->ops = plugin->about.letters;
    storing->folder = pipeline->letters_options.oversize;
    storing->limit = plugin->capabilities.message_bytes;
    storing->most = most > 0 && most < STORING_MOST ? (size_t)most : STORING_MOST;
    storing->count = 0;
}

void storing_complete(const struct pipeline *pipeline, struct sp_letter *letters, size_t count)
{
    int64_t now = sp_clock_wall_ms();
    for (size_t i = 0; i < count; i++) {
        letters[i].pipeline = pipeline->name;
        if (letters[i].attempts == 0)
            letters[i].attempts = 1;
        if (letters[i].first_wall_ms == 0)
            letters[i].first_wall_ms = now;
        letters[i].last_wall_ms = now;
        letter_identify(&letters[i]);
    }
}

size_t storing_take(struct storing *storing, const struct sp_letter *letters, size_t count)
{
    storing->count = count < storing->most ? count : storing->most;
    memcpy(storing->letters, letters, storing->count * sizeof *letters);
    for (size_t i = 0; i < storing->count; i++)
        storing->large[i] = oversize_is(&letters[i], storing->limit);
    return storing->count;
}

/* `said` is what the store says of it, or NULL. */
static int fail_large(const struct storing *storing, const struct sp_letter *letter, const char *said,
                      struct sp_error *err)
{
    char limit[32];
    option_format_size(storing->limit, limit);
    if (oversize_is(letter, storing->limit))
        sp_fail(err, SP_REFUSED, "a dead letter of %zu bytes is larger than its store can hold, which is %s",
                letter->event.size, limit);
    else
        sp_fail(err, SP_REFUSED, "a dead letter of %zu bytes is larger than its store can hold%s%s",
                letter->event.size, said ? ": " : "", said ? said : "");
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
        return fail_large(storing, ready, NULL, err);
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
        fail_large(storing, &storing->letters[i], result->text, err);
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

int storing_put(struct storing *storing, void *handle, int64_t deadline, bool *again, struct sp_error *err)
{
    SP_AUTO(arena_free_at) struct sp_arena *arena = arena_new(4096);
    SP_AUTO(oversize_leave) struct oversize_lock lock = {-1};
    struct sp_letter ready[STORING_MOST];
    struct sp_result results[STORING_MOST];
    size_t from[STORING_MOST], count = 0;
    bool stored[STORING_MOST] = {false};
    for (size_t i = 0; i < storing->count; i++)
        if (make_ready(storing, i, &lock, arena, &ready[count], err) == 0)
            from[count++] = i;
    *again = false;
    memset(results, 0, count * sizeof *results);
    if (count > 0 && storing->ops->put(handle, ready, count, results, deadline, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        stored[from[i]] = take_result(storing, from[i], &results[i], again, err);
    drop_stored(storing, stored);
    return storing->count == 0 ? 0 : -1;
}
