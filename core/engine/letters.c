/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "engine/storing.h"
#include "engine/work.h"

enum { TOLD_AT_ONCE = 3 };

static bool store_some(struct storing *storing, struct seat *seat)
{
    struct sp_error err = {0};
    for (;;) {
        bool again;
        int64_t deadline = call_begin(seat, 0);
        int rc = storing_put(storing, seat->handle, deadline, &again, &err);
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
    struct storing storing;
    storing_init(&storing, work->pipeline);
    storing_complete(work->pipeline, letters, count);
    for (size_t at = 0, some; at < count; at += some) {
        some = storing_take(&storing, letters + at, count - at);
        if (!store_some(&storing, seat))
            return false;
        for (size_t i = at; i < at + some; i++) {
            count_add(&work->counters.letters[letter_class_index(letters[i].class)], 1);
            tell(&letters[i], i, count);
        }
    }
    return true;
}
