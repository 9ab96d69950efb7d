/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "mutant.h"

static const struct sp_letters_ops *inner;

static int put(void *handle, const struct sp_letter *letters, size_t count, struct sp_result *results,
               int64_t deadline, struct sp_error *err)
{
    if (mutant_is("put-loses-one") && count > 1)
        results[--count].class = SP_OK;
    if (!mutant_is("attempts-are-added") && !mutant_is("place-is-lost"))
        return inner->put(handle, letters, count, results, deadline, err);
    for (size_t i = 0; i < count; i++) {
        struct sp_letter changed = letters[i];
        changed.attempts += mutant_is("attempts-are-added") ? 3 : 0;
        changed.place = mutant_is("place-is-lost") ? NULL : changed.place;
        if (inner->put(handle, &changed, 1, &results[i], deadline, err) != 0)
            return -1;
    }
    return 0;
}

static void change_letter(struct sp_letter *letter)
{
    if (mutant_is("first-is-last"))
        letter->first_wall_ms = letter->last_wall_ms;
    if (mutant_is("null-is-empty") && !letter->column)
        letter->column = "";
    if (mutant_is("event-ends-at-nul") && letter->event.size)
        letter->event.size = strnlen(letter->event.data, letter->event.size);
    if (mutant_is("version-stays"))
        letter->version = 1;
}

static int scan(void *handle, const struct sp_letter_filter *filter, struct sp_slice after, size_t max,
                struct sp_arena *arena, const struct sp_letter **letters_out, size_t *count_out,
                struct sp_slice *next_out, int64_t deadline, struct sp_error *err)
{
    struct sp_letter_filter changed = *filter;
    if (mutant_is("class-is-not-looked-at"))
        changed.class = NULL;
    if (mutant_is("column-is-not-looked-at"))
        changed.column = NULL;
    if (mutant_is("until-is-included") && changed.until_wall_ms)
        changed.until_wall_ms++;
    if (mutant_is("from-is-not-included") && changed.from_wall_ms)
        changed.from_wall_ms++;
    if (inner->scan(handle, &changed, after, max + mutant_is("scans-too-many"), arena, letters_out, count_out,
                    next_out, deadline, err) != 0)
        return -1;
    if (mutant_is("page-loses-one") && next_out->size && *count_out > 1)
        *count_out -= 1;
    if (mutant_is("scan-begins-again") && next_out->size == 0 && after.size)
        *next_out = after;
    if (mutant_is("one-page-only"))
        next_out->size = 0;
    for (size_t i = 0; i < *count_out; i++)
        change_letter((struct sp_letter *)(uintptr_t) & (*letters_out)[i]);
    return 0;
}

static int remove_letters(void *handle, const struct sp_letter_ref *refs, size_t count, uint64_t *removed_out,
                          int64_t deadline, struct sp_error *err)
{
    *removed_out = 0;
    for (size_t i = 0; i < count; i++) {
        struct sp_letter_ref ref = refs[i];
        uint64_t removed = 0;
        /* Whatever the version is by now. */
        for (int more = 0; removed == 0 && more < 100; more++, ref.version++) {
            if (inner->remove(handle, &ref, 1, &removed, deadline, err) != 0)
                return -1;
            if (!mutant_is("newer-is-removed"))
                break;
        }
        *removed_out += removed;
    }
    if (mutant_is("removed-is-not-counted"))
        *removed_out = count;
    return 0;
}

const struct sp_letters_ops *mutant_letters(const struct sp_letters_ops *ops)
{
    static const struct sp_letters_ops changed = {.size = sizeof changed,
                                                  .put = put,
                                                  .scan = scan,
                                                  .remove = remove_letters};
    inner = ops;
    return &changed;
}
