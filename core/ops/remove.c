/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ops/remove.h"

#include "base/clock.h"
#include "engine/oversize.h"

enum { REMOVED_AT_ONCE = 500 };

static const int64_t lock_patience_ns = 5 * SP_SECOND;

static int remove_refs(struct hand *hand, const struct sp_letter_ref *refs, size_t count,
                       uint64_t *removed_out, struct sp_error *err)
{
    const struct sp_letters_ops *ops = hand->stage->plugin->about.letters;
    uint64_t removed;
    bool failed;
    if (count == 0)
        return 0;
    do {
        removed = 0;
        failed = ops->remove(hand->handle, refs, count, &removed, hand_begin(hand), err) != 0;
    } while (failed && hand_again(hand, err));
    if (failed)
        return -1;
    hand_well(hand);
    *removed_out += removed;
    return 0;
}

/* Others have the folder's lock for as long as it takes to store a letter. */
static bool lock_folder(const char *folder, struct oversize_lock *lock)
{
    struct sp_error err = {0};
    for (int64_t until = sp_clock_now() + lock_patience_ns; sp_clock_now() < until;) {
        if (oversize_enter(folder, OVERSIZE_TO_REMOVE, lock, &err) == 0)
            return true;
        if (err.class != SP_CONTENDED)
            return false;
        clock_sleep(20 * SP_MILLISECOND);
    }
    return false;
}

/* A file goes with its letter: nobody can store a newer version in between.  Where the lock is not to be had,
 * the file stays, which does no harm. */
static int remove_with_file(struct hand *hand, const char *folder, const struct sp_letter_ref *ref,
                            uint64_t *removed_out, struct sp_error *err)
{
    SP_AUTO(oversize_leave) struct oversize_lock lock = {-1};
    bool locked = folder && lock_folder(folder, &lock);
    uint64_t removed = 0;
    if (remove_refs(hand, ref, 1, &removed, err) != 0)
        return -1;
    if (locked && removed > 0)
        oversize_drop(folder, ref->id);
    *removed_out += removed;
    return 0;
}

int remove_letters(struct hand *hand, const char *folder, const struct seen_letter *letters, size_t count,
                   uint64_t *removed_out, struct sp_error *err)
{
    struct sp_letter_ref refs[REMOVED_AT_ONCE];
    size_t some = 0;
    for (size_t i = 0; i < count; i++) {
        if (letters[i].has_file) {
            if (remove_with_file(hand, folder, &letters[i].ref, removed_out, err) != 0)
                return -1;
            continue;
        }
        refs[some++] = letters[i].ref;
        if (some == REMOVED_AT_ONCE) {
            if (remove_refs(hand, refs, some, removed_out, err) != 0)
                return -1;
            some = 0;
        }
    }
    return remove_refs(hand, refs, some, removed_out, err);
}
